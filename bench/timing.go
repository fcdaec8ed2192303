// Timing, for the subjects in Go: as bench.h does, printed as it prints.
package main

import (
	"fmt"
	"runtime"
	"time"
)

var counter int

//go:noinline
func count() { counter++ }

type subject interface {
	name() string
	operations() int // in a call
	slice(calls int) time.Duration
}

// A subject that is a function alone.
type plain struct {
	what   string
	kernel func(n int)
	n      int
	each   int // operations in a call
}

func (s *plain) name() string    { return s.what }
func (s *plain) operations() int { return s.each }
func (s *plain) slice(calls int) time.Duration {
	start := time.Now()
	for i := 0; i < calls; i++ {
		s.kernel(s.n)
	}
	return time.Since(start)
}

const (
	rounds     = 25
	sliceTakes = 150 * time.Microsecond
)

func enoughCalls(s subject) int {
	calls := 1
	if s.operations() == 1 {
		calls = 16
	}
	for s.slice(calls) < sliceTakes/2 {
		calls *= 2
	}
	return calls
}

func timeAll(subjects []subject) {
	best := make([]float64, len(subjects))
	calls := make([]int, len(subjects))
	for i, s := range subjects {
		calls[i] = enoughCalls(s)
		best[i] = 1e300
	}
	for round := 0; round < rounds; round++ {
		for i, s := range subjects {
			took := s.slice(calls[i])
			each := float64(took.Nanoseconds()) / float64(calls[i]) / float64(s.operations())
			best[i] = min(best[i], each)
		}
	}
	for i, s := range subjects {
		print(s.name(), best[i])
	}
}

func printCompiler() {
	fmt.Printf("{\"compiler\": \"%s\"}\n", runtime.Version())
}

func least(times int, measure func() float64) float64 {
	best := measure()
	for i := 1; i < times; i++ {
		best = min(best, measure())
	}
	return best
}

func print(what string, value float64) {
	fmt.Printf("{\"what\": \"%s\", \"ns\": %.4f}\n", what, value)
}
