// What the programs written by emit_go.c rest on; the counterpart of support.c.
package main

import (
	"bufio"
	"fmt"
	"os"
)

const wrap = 1000

// How a block was left.
const (
	cReturn = iota + 1
	cBreak
	cContinue
	cLabel
)

type failure struct{ text string }

type run struct {
	trace              []byte
	counter            int
	acquired, released int
}

type frame struct {
	run    *run
	index  int
	x, ret int
	number *int
	err    **failure
	parent *frame
	seen   string
}

func (r *run) say(format string, values ...any) {
	r.trace = fmt.Appendf(r.trace, format, values...)
}

func enter(r *run, at string, index int, parent *frame, argument int) *frame {
	if at != "" {
		r.released++
		r.say("%s:%d ", at, argument)
	}
	r.say("f%d(%d ", index, argument)
	return &frame{run: r, index: index, x: argument, parent: parent}
}

func leaf(r *run, at string, _ *frame, x int) {
	r.released++
	r.say("%s:%d ", at, x)
}

func note(fr *frame, site int) {
	fr.run.acquired++
	fr.run.say("+%d.%d ", fr.index, site)
}

type handle struct{ f func() }

func named(f func(x int), x int) *handle {
	return &handle{func() { f(x) }}
}

func (h *handle) run() {
	if f := h.f; f != nil {
		h.f = nil
		f()
	}
}

func contained(fr *frame, f func(x int), x int) {
	defer func() {
		if p := recover(); p != nil {
			text := textOf(p)
			if *fr.err != nil {
				text = (*fr.err).text + "; " + text
			}
			*fr.err = &failure{text}
		}
	}()
	f(x)
}

func newError(n int) *failure {
	if n%3 == 0 {
		return nil
	}
	return &failure{fmt.Sprintf("e%d", n)}
}

func addToResult(fr *frame, amount, n int) {
	if fr.number != nil {
		*fr.number = (*fr.number + amount) % wrap
	} else if fr.err != nil {
		*fr.err = newError(n)
	}
}

func sayVoid(r *run, index int, f func()) int {
	f()
	r.say("f%d. ", index)
	return 0
}

func sayNumber(r *run, index, number int) int {
	r.say("f%d=%d ", index, number)
	return number
}

func sayError(r *run, index int, err *failure) int {
	passError(r, index, err)
	return 0
}

func passError(r *run, index int, err *failure) *failure {
	if err == nil {
		r.say("f%d=nil ", index)
	} else {
		r.say("f%d=%.80s ", index, err.text)
	}
	return err
}

func arg(fr *frame, n int) int {
	return (fr.x + n) % wrap
}

func add(fr *frame, number int) {
	fr.x = (fr.x + number) % wrap
}

func doEvent(fr *frame, n int) {
	fr.run.say("e%d:%d ", n, fr.x)
}

func doSet(fr *frame, n int) {
	fr.x = (fr.x*3 + n) % wrap
}

func doSetResult(fr *frame, n int) {
	addToResult(fr, n+fr.x, n)
}

func doSetOuter(fr *frame, n int) {
	if fr.parent != nil {
		fr.parent.x = (fr.parent.x + n) % wrap
		addToResult(fr.parent, n, n)
	}
}

// A runtime error is the call of a nil function: there is no other here.
func textOf(p any) string {
	if text, ok := p.(string); ok {
		return text
	}
	return "nil"
}

func doRecover(fr *frame, p any) {
	if p == nil {
		fr.run.say("R- ")
		return
	}
	fr.seen = textOf(p)
	fr.run.say("R[%s] ", fr.seen)
}

func flip(r *run, n int) bool {
	c := r.counter
	r.counter++
	return (c*7+n)>>1&1 != 0
}

func pick(r *run, cases int) int {
	c := r.counter
	r.counter++
	return c % cases
}

func protected(r *run, f func(r *run)) {
	defer func() {
		if p := recover(); p != nil {
			r.say("U[%s] ", textOf(p))
		}
	}()
	f(r)
}

// Takes much stack once, so that it is not moved later: Go 1.23.5 loses its place when the stack of a
// goroutine is moved during a Goexit and a deferred call then panics and recovers ("bad recovery").
//
//go:noinline
func takeStack() byte {
	var large [1 << 18]byte
	return large[os.Getpid()&0xff]
}

func execute(f func(r *run)) *run {
	r := &run{}
	done := make(chan bool)
	go func() {
		takeStack()
		ended := false
		defer func() { done <- ended }()
		protected(r, f)
		ended = true
	}()
	if !<-done {
		r.say("goexit ")
	}
	r.say("%d/%d", r.released, r.acquired)
	return r
}

func main() {
	out := bufio.NewWriter(os.Stdout)
	for i, f := range programs {
		fmt.Fprintf(out, "%d %s\n", i, execute(f).trace)
	}
	out.Flush()
}
