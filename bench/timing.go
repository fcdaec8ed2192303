// Timing, for the subjects in Go: as bench.h does, printed as it prints.
package main

import (
	"fmt"
	"time"
)

type subject struct {
	what   string
	kernel func(n int)
	n      int
	each   int // operations in a call
}

const (
	rounds = 25
	slice  = 150 * time.Microsecond
)

func timeSlice(s *subject, calls int) time.Duration {
	start := time.Now()
	for i := 0; i < calls; i++ {
		s.kernel(s.n)
	}
	return time.Since(start)
}

func timeAll(subjects []subject) {
	best := make([]float64, len(subjects))
	calls := make([]int, len(subjects))
	for i := range subjects {
		calls[i] = 1
		for timeSlice(&subjects[i], calls[i]) < slice/2 {
			calls[i] *= 2
		}
		best[i] = 1e300
	}
	for round := 0; round < rounds; round++ {
		for i := range subjects {
			took := timeSlice(&subjects[i], calls[i])
			each := float64(took.Nanoseconds()) / float64(calls[i]) / float64(subjects[i].each)
			best[i] = min(best[i], each)
		}
	}
	for i := range subjects {
		fmt.Printf("{\"what\": \"%s\", \"ns\": %.4f}\n", subjects[i].what, best[i])
	}
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
