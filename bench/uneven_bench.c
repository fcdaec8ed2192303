/* Uneven loads: a goroutine stays on its thread (G5), so it matters on which one it has started. Goroutines start, each waits,
 * and then some turn heavy: those compute a millisecond at a time. The time until all have ended is printed, beside the time
 * that the same work would take if it were spread evenly over the processors. uneven_bench.go does the same. */
#include <lifoguard/lifoguard.h>

#include "bench.h"

enum { EACH_WORKER = 16, STEPS = 10, STEP = 1000 * 1000 /* ns */ };

struct gate {
    lg_chan(int) open;
    lg_waitgroup waiting, ended;
};

static void compute(void)
{
    double end = bench_now() + STEP;
    while (bench_now() < end)
        ;
}

static void wait_and_compute(struct gate *gate, int heavy)
{
    int x;
    lg_waitgroup_done(&gate->waiting);
    lg_chan_recv(gate->open, &x);
    for (int i = 0; heavy && i < STEPS; i++) {
        compute();
        lg_yield();
    }
    lg_waitgroup_done(&gate->ended);
}

/* Half of them, in no order that a scheduler could have known. */
static int turns_heavy(int number)
{
    return ((unsigned)number * 2654435769u >> 16) % 2 != 0;
}

static void measure(const char *what, const lg_go_options *how)
{
    int count = EACH_WORKER * (int)lg_workers(), heavy = 0;
    struct gate gate = {.open = lg_chan_make(int, 0)};
    lg_waitgroup_add(&gate.waiting, count);
    lg_waitgroup_add(&gate.ended, count);
    for (int i = 0; i < count; i++) {
        heavy += turns_heavy(i);
        lg_go_with(*how, wait_and_compute, &gate, turns_heavy(i));
    }
    lg_waitgroup_wait(&gate.waiting);
    double start = bench_now();
    lg_chan_close(gate.open);
    lg_waitgroup_wait(&gate.ended);
    printf("{\"what\": \"%s\", \"ns\": %.1f}\n", what, bench_now() - start);
    printf("{\"what\": \"%s_evenly\", \"ns\": %.1f}\n", what,
           (double)heavy * STEPS * STEP / lg_workers());
    lg_chan_unref(gate.open);
}

static void all(void)
{
    measure("uneven", &(lg_go_options){0});
    measure("uneven_spread", &(lg_go_options){.spread = true});
}

int main(void)
{
    lg_waitgroup finished = LG_WAITGROUP_INIT;
    lg_waitgroup_go(&finished, all);
    lg_waitgroup_wait(&finished);
    return 0;
}
