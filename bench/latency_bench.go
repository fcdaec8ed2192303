// latency_bench.c in Go.
package main

import (
	"fmt"
	"runtime"
	"sort"
	"sync"
	"sync/atomic"
	"time"
)

const (
	eachWorker = 1000
	most       = 20000
	mostBusy   = 500
	pause      = 20 * time.Microsecond
)

var taken [most]float64
var woken atomic.Int64
var over atomic.Bool

func waitForMail(box chan time.Time, group *sync.WaitGroup) {
	for sent := range box {
		took := time.Since(sent)
		taken[woken.Add(1)-1] = float64(took.Nanoseconds())
	}
	group.Done()
}

func compute(group *sync.WaitGroup) {
	for !over.Load() {
		end := time.Now().Add(time.Millisecond)
		for time.Now().Before(end) {
		}
		runtime.Gosched()
	}
	group.Done()
}

func printQuantiles(what string) {
	all := taken[:woken.Load()]
	sort.Float64s(all)
	for _, q := range []struct {
		name string
		at   float64
	}{{"50", 0.5}, {"99", 0.99}, {"999", 0.999}} {
		fmt.Printf("{\"what\": \"%s_%s\", \"ns\": %.4f}\n", what, q.name, all[int(q.at*float64(len(all)))])
	}
}

func pauseFor(d time.Duration) {
	end := time.Now().Add(d)
	for time.Now().Before(end) {
		runtime.Gosched()
	}
}

func measure(what string, wakes, computing int) {
	count := eachWorker * runtime.GOMAXPROCS(0)
	var group sync.WaitGroup
	box := make([]chan time.Time, count)
	woken.Store(0)
	over.Store(false)
	group.Add(count + computing)
	for i := range box {
		box[i] = make(chan time.Time, 1)
		go waitForMail(box[i], &group)
	}
	for i := 0; i < computing; i++ {
		go compute(&group)
	}
	time.Sleep(100 * time.Millisecond)
	for i := 0; i < wakes; i++ {
		box[i*7%count] <- time.Now()
		pauseFor(pause)
	}
	for i := range box {
		close(box[i])
	}
	over.Store(true)
	group.Wait()
	printQuantiles(what)
}

func main() {
	measure("wake", most, 0)
	measure("wake_busy", mostBusy, runtime.GOMAXPROCS(0))
}
