/* What neco's coroutines take for what goroutines do in sched_bench.c. All of them share one thread. */
#include <neco.h>

#include "bench.h"

static long counter;

static void __attribute__((noinline)) count(void)
{
    counter++;
}

static void work(int argc, void *argv[])
{
    (void)argc;
    count();
    neco_waitgroup_done(argv[0]);
}

static KERNEL int go_wait(struct resource *r, int n)
{
    neco_waitgroup group;
    (void)r;
    neco_waitgroup_init(&group);
    neco_waitgroup_add(&group, n);
    for (int i = 0; i < n; i++)
        neco_start(work, 1, &group);
    return neco_waitgroup_wait(&group) == NECO_OK ? 0 : -1;
}

static void yield_often(int argc, void *argv[])
{
    (void)argc;
    for (int i = *(int *)argv[0]; i > 0; i--)
        neco_yield();
    neco_waitgroup_done(argv[1]);
}

static KERNEL int yield_to_another(struct resource *r, int n)
{
    neco_waitgroup group;
    (void)r;
    neco_waitgroup_init(&group);
    neco_waitgroup_add(&group, 1);
    neco_start(yield_often, 2, &n, &group);
    for (int i = 0; i < n; i++)
        neco_yield();
    return neco_waitgroup_wait(&group) == NECO_OK ? 0 : -1;
}

static neco_chan *ping, *pong, *buffered, *ready, *never;

static void answer(int argc, void *argv[])
{
    int x;
    (void)argc, (void)argv;
    while (neco_chan_recv(ping, &x) == NECO_OK)
        neco_chan_send(pong, &x);
}

static KERNEL int ping_pong(struct resource *r, int n)
{
    int x = -1;
    (void)r;
    neco_chan_send(ping, &n);
    return neco_chan_recv(pong, &x) == NECO_OK && x == n ? 0 : -1;
}

static void produce(int argc, void *argv[])
{
    int n = *(int *)argv[0];
    (void)argc;
    for (int i = 0; i < n; i++)
        neco_chan_send(buffered, &i);
}

static KERNEL int throughput(struct resource *r, int n)
{
    int x = 0;
    (void)r;
    neco_start(produce, 1, &n);
    for (int i = 0; i < n; i++) {
        neco_chan_recv(buffered, &x);
        counter += x;
    }
    return 0;
}

static KERNEL int select_ready(struct resource *r, int n)
{
    int x = 0;
    (void)r;
    neco_chan_send(ready, &n);
    if (neco_chan_select(2, ready, never) != 0)
        return -1;
    neco_chan_case(ready, &x);
    counter += x;
    return 0;
}

static neco_mutex mutex = NECO_MUTEX_INITIALIZER;

static KERNEL int lock_unlock(struct resource *r, int n)
{
    (void)r;
    (void)n;
    neco_mutex_lock(&mutex);
    counter++;
    neco_mutex_unlock(&mutex);
    return 0;
}

static const struct subject subjects[] = {
    {"go_wait", go_wait, 1, 1},
    {"go_wait_batch", go_wait, 1000, 1000},
    {"yield", yield_to_another, 1000, 1000},
    {"ping_pong", ping_pong, 1, 1},
    {"throughput", throughput, 1000, 1000},
    {"select_ready", select_ready, 1, 1},
    {"mutex", lock_unlock, 1, 1},
};

int neco_main(int argc, char **argv)
{
    neco_chan_make(&ping, sizeof(int), 0);
    neco_chan_make(&pong, sizeof(int), 0);
    neco_chan_make(&buffered, sizeof(int), 128);
    neco_chan_make(&ready, sizeof(int), 1);
    neco_chan_make(&never, sizeof(int), 0);
    neco_start(answer, 0);
    int status = bench_main(subjects, sizeof(subjects) / sizeof(subjects[0]), argc, argv);
    fflush(stdout);
    exit(status);
}
