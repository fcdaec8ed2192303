/* How cost grows with size: what one of n takes, for n from 100 to a million. growth_bench.go does the same.
 *
 * A measure works on n objects and returns the nanoseconds that it took. */
#include <lifoguard/lifoguard.h>

#include "bench.h"

static long counter;

static void __attribute__((noinline)) count(void)
{
    counter++;
}

static void *make_array(int n, size_t size)
{
    void *array = calloc((size_t)n, size);
    if (!array)
        abort();
    return array;
}

/* ---- goroutines ---- */

static void work(lg_waitgroup *group)
{
    count();
    lg_waitgroup_done(group);
}

static double go_wait(int n)
{
    lg_waitgroup group = {0};
    double start = bench_now();
    lg_waitgroup_add(&group, n);
    for (int i = 0; i < n; i++)
        lg_go(work, &group);
    lg_waitgroup_wait(&group);
    return bench_now() - start;
}

struct gate {
    lg_chan(int) open;
    lg_waitgroup waiting, ended;
};

static void wait_at(struct gate *gate)
{
    int x;
    lg_waitgroup_done(&gate->waiting);
    lg_chan_recv(gate->open, &x);
    lg_waitgroup_done(&gate->ended);
}

/* All of them wait at once. */
static double park_wake(int n)
{
    struct gate gate = {.open = lg_chan_make(int, 0)};
    double start = bench_now();
    lg_waitgroup_add(&gate.waiting, n);
    lg_waitgroup_add(&gate.ended, n);
    for (int i = 0; i < n; i++)
        lg_go(wait_at, &gate);
    lg_waitgroup_wait(&gate.waiting);
    lg_chan_close(gate.open);
    lg_waitgroup_wait(&gate.ended);
    double took = bench_now() - start;
    lg_chan_unref(gate.open);
    return took;
}

static lg_error *member(void)
{
    count();
    return NULL;
}

static double group(int n)
{
    lg_error *err = NULL;
    double start = bench_now();
    {
        lg_group_scope(all, &err);
        for (int i = 0; i < n; i++)
            lg_group_go(&all, member);
    }
    return err ? 0 : bench_now() - start;
}

struct queue {
    lg_mutex mutex;
    lg_waitgroup waiting, ended;
};

static void lock_unlock(struct queue *queue)
{
    lg_waitgroup_done(&queue->waiting);
    lg_mutex_lock(&queue->mutex);
    count();
    lg_mutex_unlock(&queue->mutex);
    lg_waitgroup_done(&queue->ended);
}

/* All of them wait for the mutex; only their turns are timed. */
static double mutex_queue(int n)
{
    struct queue queue = {0};
    lg_waitgroup_add(&queue.waiting, n);
    lg_waitgroup_add(&queue.ended, n);
    lg_mutex_lock(&queue.mutex);
    for (int i = 0; i < n; i++)
        lg_go(lock_unlock, &queue);
    lg_waitgroup_wait(&queue.waiting);
    double start = bench_now();
    lg_mutex_unlock(&queue.mutex);
    lg_waitgroup_wait(&queue.ended);
    return bench_now() - start;
}

/* ---- values ---- */

/* Into a channel with room for all, and out of it. */
static double chan_buffer(int n)
{
    int x = 0;
    double start = bench_now();
    lg_chan(int) buffered = lg_chan_make(int, n);
    for (int i = 0; i < n; i++)
        lg_chan_send(buffered, i);
    for (int i = 0; i < n; i++)
        lg_chan_recv(buffered, &x);
    lg_chan_unref(buffered);
    return bench_now() - start;
}

/* n timers pending: the last is stopped first. */
static double timers(int n)
{
    lg_timer **timer = make_array(n, sizeof(*timer));
    double start = bench_now();
    for (int i = 0; i < n; i++)
        timer[i] = lg_timer_new_func(LG_HOUR + i * LG_MILLISECOND, count);
    for (int i = n; i-- > 0;) {
        lg_timer_stop(timer[i]);
        lg_timer_free(timer[i]);
    }
    double took = bench_now() - start;
    free(timer);
    return took;
}

/* Each is the parent of the next; or the first is the parent of all. Made and cancelled. */
static double contexts(int n, bool chain)
{
    lg_context **all = make_array(n, sizeof(lg_context *));
    double start = bench_now();
    all[0] = lg_context_with_cancel(lg_context_background());
    for (int i = 1; i < n; i++)
        all[i] = lg_context_with_cancel(chain ? all[i - 1] : all[0]);
    lg_context_cancel(all[0]);
    double took = bench_now() - start;
    for (int i = n; i-- > 0;)
        lg_context_free(all[i]);
    free(all);
    return took;
}

static double context_children(int n)
{
    return contexts(n, false);
}

static double context_chain(int n)
{
    return contexts(n, true);
}

static double defers(int n)
{
    double start = bench_now();
    {
        lg_scope(scope);
        for (int i = 0; i < n; i++)
            lg_defer_in(&scope, count);
    }
    return bench_now() - start;
}

/* Each is joined to what there is. */
static double errors(int n)
{
    lg_error *all = NULL;
    double start = bench_now();
    for (int i = 0; i < n; i++)
        all = lg_error_join(all, lg_error_new("disk full"));
    lg_error_free(all);
    return bench_now() - start;
}

/* ---- the whole ---- */

static double least_of(double (*measure)(int n), int n, int times)
{
    double best = measure(n);
    for (int i = 1; i < times; i++) {
        double took = measure(n);
        if (took < best)
            best = took;
    }
    return best / n;
}

static void all(void)
{
    static const struct {
        const char *what;
        double (*measure)(int n);
    } rows[] = {{"go", go_wait},
                {"park", park_wake},
                {"group", group},
                {"mutex", mutex_queue},
                {"chan", chan_buffer},
                {"timer", timers},
                {"child", context_children},
                {"chain", context_chain},
                {"defer", defers},
                {"error", errors}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (int n = 100, digits = 2; n <= 1000000; n *= 10, digits++)
            printf("{\"what\": \"grow_%s_%d\", \"ns\": %.4f}\n", rows[i].what, digits,
                   least_of(rows[i].measure, n, n < 100000 ? 10 : 2));
    }
}

int main(void)
{
    lg_waitgroup finished = LG_WAITGROUP_INIT;
    lg_waitgroup_go(&finished, all);
    lg_waitgroup_wait(&finished);
    return 0;
}
