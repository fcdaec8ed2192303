// uneven_bench.c in Go, where any thread may go on with a goroutine.
package main

import (
	"runtime"
	"sync"
	"time"
)

const (
	eachWorker = 16
	steps      = 10
	step       = time.Millisecond
)

func compute() {
	end := time.Now().Add(step)
	for time.Now().Before(end) {
	}
}

func turnsHeavy(number int) bool {
	return (uint32(number)*2654435769>>16)%2 != 0
}

func measure(what string) {
	n := eachWorker * runtime.GOMAXPROCS(0)
	var waiting, ended sync.WaitGroup
	open := make(chan int)
	waiting.Add(n)
	ended.Add(n)
	for i := 0; i < n; i++ {
		go func(heavy bool) {
			waiting.Done()
			<-open
			for k := 0; heavy && k < steps; k++ {
				compute()
				runtime.Gosched()
			}
			ended.Done()
		}(turnsHeavy(i))
	}
	waiting.Wait()
	start := time.Now()
	close(open)
	ended.Wait()
	print(what, float64(time.Since(start).Nanoseconds()))
}

func main() {
	measure("uneven")
	measure("uneven_spread")
}
