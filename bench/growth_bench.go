// growth_bench.c in Go.
package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

func since(start time.Time) float64 { return float64(time.Since(start).Nanoseconds()) }

func goWait(n int) float64 {
	var group sync.WaitGroup
	start := time.Now()
	group.Add(n)
	for i := 0; i < n; i++ {
		go func() {
			count()
			group.Done()
		}()
	}
	group.Wait()
	return since(start)
}

func parkWake(n int) float64 {
	var waiting, ended sync.WaitGroup
	open := make(chan int)
	start := time.Now()
	waiting.Add(n)
	ended.Add(n)
	for i := 0; i < n; i++ {
		go func() {
			waiting.Done()
			<-open
			ended.Done()
		}()
	}
	waiting.Wait()
	close(open)
	ended.Wait()
	return since(start)
}

func mutexQueue(n int) float64 {
	var waiting, ended sync.WaitGroup
	var mutex sync.Mutex
	waiting.Add(n)
	ended.Add(n)
	mutex.Lock()
	for i := 0; i < n; i++ {
		go func() {
			waiting.Done()
			mutex.Lock()
			count()
			mutex.Unlock()
			ended.Done()
		}()
	}
	waiting.Wait()
	start := time.Now()
	mutex.Unlock()
	ended.Wait()
	return since(start)
}

func chanBuffer(n int) float64 {
	start := time.Now()
	buffered := make(chan int, n)
	for i := 0; i < n; i++ {
		buffered <- i
	}
	for i := 0; i < n; i++ {
		<-buffered
	}
	return since(start)
}

func timers(n int) float64 {
	all := make([]*time.Timer, n)
	start := time.Now()
	for i := range all {
		all[i] = time.AfterFunc(time.Hour+time.Duration(i)*time.Millisecond, count)
	}
	for i := n - 1; i >= 0; i-- {
		all[i].Stop()
	}
	return since(start)
}

func contexts(n int, chain bool) float64 {
	start := time.Now()
	top, cancel := context.WithCancel(context.Background())
	parent := top
	for i := 1; i < n; i++ {
		child, stop := context.WithCancel(parent)
		_ = stop
		if chain {
			parent = child
		}
	}
	cancel()
	return since(start)
}

func contextChildren(n int) float64 { return contexts(n, false) }
func contextChain(n int) float64    { return contexts(n, true) }

func defers(n int) float64 {
	start := time.Now()
	func() {
		for i := 0; i < n; i++ {
			defer count()
		}
	}()
	return since(start)
}

// Errors are joined at once: to join them one by one makes a chain.
func joins(n int) float64 {
	start := time.Now()
	all := make([]error, 0, n)
	for i := 0; i < n; i++ {
		all = append(all, errors.New("disk full"))
	}
	if errors.Join(all...) == nil {
		return 0
	}
	return since(start)
}

func main() {
	for _, row := range []struct {
		what    string
		measure func(n int) float64
	}{
		{"go", goWait}, {"park", parkWake}, {"group", goWait}, {"mutex", mutexQueue}, {"chan", chanBuffer}, {"timer", timers},
		{"child", contextChildren}, {"chain", contextChain}, {"defer", defers}, {"error", joins},
	} {
		for n, digits := 100, 2; n <= 1000000; n, digits = n*10, digits+1 {
			times := 10
			if n >= 100000 {
				times = 2
			}
			took := least(times, func() float64 { return row.measure(n) })
			print(fmt.Sprintf("grow_%s_%d", row.what, digits), took/float64(n))
		}
	}
}
