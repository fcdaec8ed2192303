// The subjects of sched_bench.c in Go. Timed as bench.h does, printed as it prints.
package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"sync"
	"time"
)

func goWait(n int) {
	var group sync.WaitGroup
	group.Add(n)
	for i := 0; i < n; i++ {
		go func() {
			count()
			group.Done()
		}()
	}
	group.Wait()
}

func yieldOften(n int) {
	for i := 0; i < n; i++ {
		runtime.Gosched()
	}
}

func yieldToAnother(n int) {
	go yieldOften(n)
	yieldOften(n)
}

// A member that says when it is ready, and then ends by itself.
func groupStart(n int) {
	var group sync.WaitGroup
	for i := 0; i < n; i++ {
		ready := make(chan struct{})
		group.Add(1)
		go func() {
			count()
			close(ready)
			group.Done()
		}()
		<-ready
	}
	group.Wait()
}

// A function that is called again by its own goroutine, n times in all, each call in a goroutine that is waited for.
func supervise(n int) {
	ended := make(chan error)
	for ; n > 0; n-- {
		go func() {
			count()
			ended <- nil
		}()
		<-ended
	}
}

// Go's virtual time (testing/synctest) runs only in its tests, so the shortest sleeps stand for it.
func shortestSleeps(n int) {
	for i := 0; i < n; i++ {
		time.Sleep(1)
	}
}

var ping, pong = make(chan int), make(chan int)

func answer() {
	for x := range ping {
		pong <- x
	}
}

func pingPong(n int) {
	ping <- n
	<-pong
}

var buffered = make(chan int, 128)

func produce(n int) {
	for i := 0; i < n; i++ {
		buffered <- i
	}
}

func throughput(n int) {
	go produce(n)
	for i := 0; i < n; i++ {
		counter += <-buffered
	}
}

var ready, never = make(chan int, 1), make(chan int)

func selectReady(n int) {
	ready <- n
	select {
	case x := <-ready:
		counter += x
	case x := <-never:
		counter -= x
	}
}

var mutex sync.Mutex

func lockUnlock(n int) {
	mutex.Lock()
	counter++
	mutex.Unlock()
}

func contend(n int) {
	const times = 100
	var group sync.WaitGroup
	group.Add(n)
	for i := 0; i < n; i++ {
		go func() {
			for k := 0; k < times; k++ {
				mutex.Lock()
				count()
				mutex.Unlock()
			}
			group.Done()
		}()
	}
	group.Wait()
}

func timerStop(n int) {
	time.AfterFunc(time.Hour, count).Stop()
}

var root, rootCancel = context.WithCancel(context.Background())

func withCancel(n int) {
	_, cancel := context.WithCancel(root)
	cancel()
}

func withCancelRoot(n int) {
	_, cancel := context.WithCancel(context.Background())
	cancel()
}

func withTimeout(n int) {
	_, cancel := context.WithTimeout(root, time.Hour)
	cancel()
}

func afterFuncStop(n int) {
	context.AfterFunc(root, count)()
}

func errCheck(n int) {
	if root.Err() != nil {
		os.Exit(1)
	}
}

type key int

var deep = func() context.Context {
	ctx := context.WithValue(root, key(0), 1)
	for i := 1; i <= 9; i++ {
		ctx = context.WithValue(ctx, key(i), i)
	}
	return ctx
}()

func value(n int) {
	counter += deep.Value(key(0)).(int)
}

// Only the cancelling is timed.
func cancelTree(children int) float64 {
	top, cancel := context.WithCancel(context.Background())
	for i := 0; i < children; i++ {
		_, stop := context.WithCancel(top)
		_ = stop
	}
	start := time.Now()
	cancel()
	return float64(time.Since(start).Nanoseconds())
}

func cancelChain(length int) float64 {
	top, cancel := context.WithCancel(context.Background())
	ctx := top
	for i := 0; i < length; i++ {
		next, stop := context.WithCancel(ctx)
		_ = stop
		ctx = next
	}
	start := time.Now()
	cancel()
	return float64(time.Since(start).Nanoseconds())
}

func resident() float64 {
	var pages, resident int
	file, err := os.Open("/proc/self/statm")
	if err != nil {
		return 0
	}
	defer file.Close()
	fmt.Fscan(file, &pages, &resident)
	return float64(resident * os.Getpagesize())
}

// A million goroutines that wait for one channel to be closed.
func million() {
	const n = 1000000
	var parked, ended sync.WaitGroup
	gate := make(chan int)
	runtime.GC()
	before := resident()
	parked.Add(n)
	ended.Add(n)
	start := time.Now()
	for i := 0; i < n; i++ {
		go func() {
			parked.Done()
			<-gate
			ended.Done()
		}()
	}
	parked.Wait()
	print("million_spawn", float64(time.Since(start).Nanoseconds())/n)
	print("million_bytes", (resident()-before)/n)
	start = time.Now()
	close(gate)
	ended.Wait()
	print("million_wake", float64(time.Since(start).Nanoseconds())/n)
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "million" {
		million()
		return
	}
	printCompiler()
	go answer()
	timeAll([]subject{
		&plain{"go_wait", goWait, 1, 1},
		&plain{"go_wait_batch", goWait, 1000, 1000},
		&plain{"yield", yieldToAnother, 1000, 1000},
		&plain{"group_wait", goWait, 1, 1},
		&plain{"group_start", groupStart, 1, 1},
		&plain{"at_once_8", goWait, 8, 1},
		&plain{"supervise_restart", supervise, 1000, 1000},
		&plain{"virtual_sleep", shortestSleeps, 1000, 1000},
		&plain{"ping_pong", pingPong, 1, 1},
		&plain{"throughput", throughput, 1000, 1000},
		&plain{"select_ready", selectReady, 1, 1},
		&plain{"mutex", lockUnlock, 1, 1},
		&plain{"mutex_contended", contend, 10, 1000},
		&plain{"timer_stop", timerStop, 1, 1},
		&plain{"with_cancel_root", withCancelRoot, 1, 1},
		&plain{"with_cancel", withCancel, 1, 1},
		&plain{"with_timeout", withTimeout, 1, 1},
		&plain{"after_func_stop", afterFuncStop, 1, 1},
		&plain{"err_check", errCheck, 1, 1},
		&plain{"value_10", value, 1, 1},
	})
	print("cancel_tree", least(5, func() float64 { return cancelTree(100000) }))
	print("cancel_chain", least(25, func() float64 { return cancelChain(1000) }))
	_ = rootCancel
}
