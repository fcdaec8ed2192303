/* What libdill's coroutines take for what goroutines do in sched_bench.c. All of them share one thread. */
#include <libdill.h>

#include "bench.h"

static long counter;

static void __attribute__((noinline)) count(void)
{
    counter++;
}

static coroutine void work(void)
{
    count();
}

static KERNEL int go_wait(struct resource *r, int n)
{
    (void)r;
    int all = bundle();
    for (int i = 0; i < n; i++)
        bundle_go(all, work());
    int failed = bundle_wait(all, -1);
    return hclose(all) | failed;
}

static coroutine void yield_often(int n)
{
    for (int i = 0; i < n; i++)
        yield();
}

static KERNEL int yield_to_another(struct resource *r, int n)
{
    (void)r;
    int other = go(yield_often(n));
    for (int i = 0; i < n; i++)
        yield();
    return hclose(other);
}

static int ping[2], pong[2];

static coroutine void answer(void)
{
    int x;
    while (chrecv(ping[1], &x, sizeof(x), -1) == 0)
        chsend(pong[1], &x, sizeof(x), -1);
}

static KERNEL int ping_pong(struct resource *r, int n)
{
    int x = -1;
    (void)r;
    chsend(ping[0], &n, sizeof(n), -1);
    return chrecv(pong[0], &x, sizeof(x), -1) == 0 && x == n ? 0 : -1;
}

static const struct subject subjects[] = {
    {"go_wait", go_wait, 1, 1},
    {"go_wait_batch", go_wait, 1000, 1000},
    {"yield", yield_to_another, 1000, 1000},
    {"ping_pong", ping_pong, 1, 1},
};

int main(int argc, char **argv)
{
    if (chmake(ping) != 0 || chmake(pong) != 0 || go(answer()) < 0)
        return 1;
    return bench_main(subjects, sizeof(subjects) / sizeof(subjects[0]), argc, argv);
}
