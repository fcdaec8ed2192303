// The subjects of sync_bench.c in Go. A semaphore is a channel; a group is a wait group, an error and, for a limit, a channel,
// as in golang.org/x/sync/errgroup, which is not in Go's own library.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

func crew(n int, work func()) {
	var group sync.WaitGroup
	group.Add(n)
	for i := 0; i < n; i++ {
		go func() {
			work()
			group.Done()
		}()
	}
	group.Wait()
}

const times = 100

var semaphore = make(chan struct{}, 4)

func acquireRelease(n int) {
	semaphore <- struct{}{}
	counter++
	<-semaphore
}

func semaphoreContended(n int) {
	crew(n, func() {
		for i := 0; i < times; i++ {
			semaphore <- struct{}{}
			<-semaphore
		}
	})
}

var rwmutex sync.RWMutex

func readLock(n int) {
	rwmutex.RLock()
	counter++
	rwmutex.RUnlock()
}

func writeLock(n int) {
	rwmutex.Lock()
	counter++
	rwmutex.Unlock()
}

func readers(n int) {
	crew(n, func() {
		for i := 0; i < times; i++ {
			rwmutex.RLock()
			rwmutex.RUnlock()
		}
	})
}

func readersAndWriters(n int) {
	crew(n, func() {
		for i := 0; i < times; i++ {
			if i%10 == 0 {
				rwmutex.Lock()
				count()
				rwmutex.Unlock()
			} else {
				rwmutex.RLock()
				rwmutex.RUnlock()
			}
		}
	})
}

var turnMutex sync.Mutex
var turned = sync.NewCond(&turnMutex)
var turn int

func takeTurns(me, n int) {
	turnMutex.Lock()
	for i := 0; i < n; i++ {
		for turn != me {
			turned.Wait()
		}
		turn = 1 - me
		turned.Signal()
	}
	turnMutex.Unlock()
}

func condTurns(n int) {
	var group sync.WaitGroup
	group.Add(1)
	go func() {
		takeTurns(1, n)
		group.Done()
	}()
	takeTurns(0, n)
	group.Wait()
}

var once sync.Once

func onceDone(n int) { once.Do(count) }

type group struct {
	all    sync.WaitGroup
	places chan struct{}
	first  sync.Once
	err    error
	cancel context.CancelFunc
}

func (g *group) run(f func() error) {
	if g.places != nil {
		g.places <- struct{}{}
	}
	g.all.Add(1)
	go func() {
		defer g.all.Done()
		if g.places != nil {
			defer func() { <-g.places }()
		}
		if err := f(); err != nil {
			g.first.Do(func() { g.err = err; g.cancel() })
		}
	}()
}

func runGroup(n, limit int) {
	_, cancel := context.WithCancel(context.Background())
	g := group{cancel: cancel}
	if limit > 0 {
		g.places = make(chan struct{}, limit)
	}
	for i := 0; i < n; i++ {
		g.run(func() error { count(); return nil })
	}
	g.all.Wait()
	cancel()
}

var notFound = errors.New("not found")
var wrapped = fmt.Errorf("c: %w", fmt.Errorf("b: %w", fmt.Errorf("a: %w", notFound)))
var sink error

func errorMake(n int) { sink = errors.New("disk full") }
func errorWrap(n int) { sink = fmt.Errorf("read %s: %w", "config", notFound) }
func errorJoin(n int) { sink = errors.Join(errors.New("disk full"), errors.New("no such host")) }
func errorIs(n int) {
	if !errors.Is(wrapped, notFound) {
		os.Exit(1)
	}
}

func timersPending() {
	const many = 1000000
	timer := make([]*time.Timer, many)
	start := time.Now()
	for i := range timer {
		timer[i] = time.AfterFunc(time.Hour+time.Duration(i)*time.Millisecond, count)
	}
	print("timers_start_million", float64(time.Since(start).Nanoseconds())/many)
	start = time.Now()
	for i := 0; i < times; i++ {
		time.AfterFunc(time.Hour, count).Stop()
	}
	print("timer_beside_million", float64(time.Since(start).Nanoseconds())/times)
	start = time.Now()
	for i := range timer {
		timer[i].Stop()
	}
	print("timers_stop_million", float64(time.Since(start).Nanoseconds())/many)
}

func timersDue() {
	const many = 100000
	var group sync.WaitGroup
	var ran atomic.Int64
	group.Add(many)
	at := time.Now().Add(500 * time.Millisecond)
	for i := 0; i < many; i++ {
		time.AfterFunc(time.Until(at), func() {
			ran.Add(1)
			group.Done()
		})
	}
	group.Wait()
	print("timers_due", float64(time.Since(at).Nanoseconds())/many)
}

func grow(parent context.Context, levels int, all *[]context.CancelFunc) {
	ctx, cancel := context.WithCancel(parent)
	*all = append(*all, cancel)
	for i := 0; i < 10 && levels > 0; i++ {
		grow(ctx, levels-1, all)
	}
}

func contextTree() {
	const many = 1111111
	all := make([]context.CancelFunc, 0, many)
	start := time.Now()
	top, _ := context.WithCancel(context.Background())
	grow(top, 6, &all)
	print("context_tree_make", float64(time.Since(start).Nanoseconds())/many)
	start = time.Now()
	all[0]()
	print("context_tree_cancel", float64(time.Since(start).Nanoseconds())/many)
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "many" {
		timersPending()
		timersDue()
		contextTree()
		return
	}
	printCompiler()
	timeAll([]subject{
		&plain{"semaphore", acquireRelease, 1, 1},
		&plain{"semaphore_contended", semaphoreContended, 10, 10 * times},
		&plain{"rwmutex_read", readLock, 1, 1},
		&plain{"rwmutex_write", writeLock, 1, 1},
		&plain{"rwmutex_readers", readers, 10, 10 * times},
		&plain{"rwmutex_mixed", readersAndWriters, 10, 10 * times},
		&plain{"cond_turns", condTurns, 1000, 2000},
		&plain{"once", onceDone, 1, 1},
		&plain{"group_8", func(n int) { runGroup(n, 0) }, 8, 8},
		&plain{"group_limited", func(n int) { runGroup(n, 100) }, 10000, 10000},
		&plain{"error_make", errorMake, 1, 1},
		&plain{"error_wrap", errorWrap, 1, 1},
		&plain{"error_join", errorJoin, 1, 1},
		&plain{"error_is", errorIs, 1, 1},
	})
}
