// The subjects in Go: by hand, defer, panic and recover. Timed by timing.go.
package main

import (
	"fmt"
	"os"
	"time"
)

type resource struct {
	uses, open int
}

//go:noinline
func open(r *resource) { r.open++ }

//go:noinline
func release(r *resource) { r.open-- }

//go:noinline
func work(r *resource) int {
	r.uses++
	if r.uses < 0 {
		return -1
	}
	return 0
}

//go:noinline
func callsManual1(r *resource, n int) int {
	open(r)
	status := work(r)
	release(r)
	return status
}

//go:noinline
func callsManual2(r *resource, n int) int {
	open(r)
	open(r)
	status := work(r)
	release(r)
	release(r)
	return status
}

//go:noinline
func callsManual8(r *resource, n int) int {
	open(r)
	open(r)
	open(r)
	open(r)
	open(r)
	open(r)
	open(r)
	open(r)
	status := work(r)
	release(r)
	release(r)
	release(r)
	release(r)
	release(r)
	release(r)
	release(r)
	release(r)
	return status
}

//go:noinline
func callsDefer1(r *resource, n int) int {
	open(r)
	defer release(r)
	return work(r)
}

//go:noinline
func callsDefer2(r *resource, n int) int {
	open(r)
	defer release(r)
	open(r)
	defer release(r)
	return work(r)
}

//go:noinline
func callsDefer8(r *resource, n int) int {
	open(r)
	defer release(r)
	open(r)
	defer release(r)
	open(r)
	defer release(r)
	open(r)
	defer release(r)
	open(r)
	defer release(r)
	open(r)
	defer release(r)
	open(r)
	defer release(r)
	open(r)
	defer release(r)
	return work(r)
}

//go:noinline
func loopManual(r *resource, n int) int {
	var held [100]*resource
	count := 0
	for i := 0; i < n; i++ {
		open(r)
		held[count] = r
		count++
	}
	status := work(r)
	for count > 0 {
		count--
		release(held[count])
	}
	return status
}

//go:noinline
func loopDefer(r *resource, n int) int {
	for i := 0; i < n; i++ {
		open(r)
		defer release(r)
	}
	return work(r)
}

//go:noinline
func funcPlain(r *resource, n int) int {
	return work(r) + n
}

//go:noinline
func funcRecovers(r *resource, n int) (status int) {
	defer func() { recover() }()
	return work(r) + n
}

//go:noinline
func dive(r *resource, n int) int {
	if n == 0 {
		if work(r) == 0 {
			panic("out of paper")
		}
		return -1
	}
	open(r)
	defer release(r)
	return dive(r, n-1) + work(r)
}

//go:noinline
func panicMessage(r *resource, n int) (status int) {
	defer func() { recover() }()
	return dive(r, n)
}

// A subject that opens and releases.
type releasing struct {
	what   string
	kernel func(*resource, int) int
	n      int
}

func (s *releasing) name() string    { return s.what }
func (s *releasing) operations() int { return 1 }
func (s *releasing) slice(calls int) time.Duration {
	r := &resource{}
	start := time.Now()
	for i := 0; i < calls; i++ {
		if s.kernel(r, s.n) != 0 {
			panic(s.what)
		}
	}
	took := time.Since(start)
	if r.open != 0 {
		fmt.Fprintln(os.Stderr, s.what, "left open:", r.open)
		os.Exit(1)
	}
	return took
}

func main() {
	printCompiler()
	timeAll([]subject{
		&releasing{"calls_manual_1", callsManual1, 0},
		&releasing{"calls_defer_1", callsDefer1, 0},
		&releasing{"calls_manual_2", callsManual2, 0},
		&releasing{"calls_defer_2", callsDefer2, 0},
		&releasing{"calls_manual_8", callsManual8, 0},
		&releasing{"calls_defer_8", callsDefer8, 0},
		&releasing{"loop_manual_1", loopManual, 1},
		&releasing{"loop_defer_1", loopDefer, 1},
		&releasing{"loop_manual_8", loopManual, 8},
		&releasing{"loop_defer_8", loopDefer, 8},
		&releasing{"loop_manual_100", loopManual, 100},
		&releasing{"loop_defer_100", loopDefer, 100},
		&releasing{"func_plain", funcPlain, 0},
		&releasing{"func_recovers", funcRecovers, 0},
		&releasing{"panic_message_0", panicMessage, 0},
		&releasing{"panic_message_5", panicMessage, 5},
		&releasing{"panic_message_10", panicMessage, 10},
	})
}
