/* What goroutines synchronise with besides channels and mutexes, groups, errors, and many timers and contexts: the
 * subjects, which run in a goroutine. sync_bench.go has the same ones. */
#include <lifoguard/lifoguard.h>

#include "bench.h"

static long counter;

static void __attribute__((noinline)) count(void)
{
    counter++;
}

/* Runs so many goroutines, and waits for all. */
static void crew(int n, void (*work)(lg_waitgroup *))
{
    lg_waitgroup group = {0};
    lg_waitgroup_add(&group, n);
    for (int i = 0; i < n; i++)
        lg_go(work, &group);
    lg_waitgroup_wait(&group);
}

enum { TIMES = 100 };

/* ---- semaphore ---- */

static lg_semaphore semaphore = LG_SEMAPHORE_INIT(4);

static KERNEL int acquire_release(struct resource *r, int n)
{
    (void)r;
    (void)n;
    lg_semaphore_acquire(&semaphore, 1);
    counter++;
    lg_semaphore_release(&semaphore, 1);
    return 0;
}

static void acquire_often(lg_waitgroup *group)
{
    for (int i = 0; i < TIMES; i++) {
        lg_semaphore_acquire(&semaphore, 1);
        lg_semaphore_release(&semaphore, 1);
    }
    lg_waitgroup_done(group);
}

static KERNEL int semaphore_contended(struct resource *r, int n)
{
    (void)r;
    crew(n, acquire_often);
    return 0;
}

/* ---- rwmutex ---- */

static lg_rwmutex rwmutex;

static KERNEL int read_lock(struct resource *r, int n)
{
    (void)r;
    (void)n;
    lg_rwmutex_rlock(&rwmutex);
    counter++;
    lg_rwmutex_runlock(&rwmutex);
    return 0;
}

static KERNEL int write_lock(struct resource *r, int n)
{
    (void)r;
    (void)n;
    lg_rwmutex_lock(&rwmutex);
    counter++;
    lg_rwmutex_unlock(&rwmutex);
    return 0;
}

static void read_often(lg_waitgroup *group)
{
    for (int i = 0; i < TIMES; i++) {
        lg_rwmutex_rlock(&rwmutex);
        lg_rwmutex_runlock(&rwmutex);
    }
    lg_waitgroup_done(group);
}

static KERNEL int readers(struct resource *r, int n)
{
    (void)r;
    crew(n, read_often);
    return 0;
}

/* Of ten locks, one is a writer's. */
static void mix_often(lg_waitgroup *group)
{
    for (int i = 0; i < TIMES; i++) {
        if (i % 10 == 0) {
            lg_rwmutex_lock(&rwmutex);
            count();
            lg_rwmutex_unlock(&rwmutex);
        } else {
            lg_rwmutex_rlock(&rwmutex);
            lg_rwmutex_runlock(&rwmutex);
        }
    }
    lg_waitgroup_done(group);
}

static KERNEL int readers_and_writers(struct resource *r, int n)
{
    (void)r;
    crew(n, mix_often);
    return 0;
}

/* ---- condition: two goroutines take turns ---- */

static lg_mutex turn_mutex;
static lg_cond turned;
static int turn;

static void take_turns(int me, int n)
{
    lg_mutex_lock(&turn_mutex);
    for (int i = 0; i < n; i++) {
        while (turn != me)
            lg_cond_wait(&turned, &turn_mutex);
        turn = 1 - me;
        lg_cond_signal(&turned);
    }
    lg_mutex_unlock(&turn_mutex);
}

static void answer_turns(int n, lg_waitgroup *group)
{
    take_turns(1, n);
    lg_waitgroup_done(group);
}

static KERNEL int cond_turns(struct resource *r, int n)
{
    lg_waitgroup group = {0};
    (void)r;
    lg_waitgroup_add(&group, 1);
    lg_go(answer_turns, n, &group);
    take_turns(0, n);
    lg_waitgroup_wait(&group);
    return 0;
}

/* ---- once ---- */

static lg_once once;

static KERNEL int once_done(struct resource *r, int n)
{
    (void)r;
    (void)n;
    lg_once_do(&once, count);
    return 0;
}

/* ---- group ---- */

static lg_error *member(void)
{
    count();
    return NULL;
}

static lg_error *run_group(int n, int limit)
{
    lg_func (lg_error *, err) {
        lg_group_scope(group, &err);
        if (limit > 0)
            lg_group_set_limit(&group, (size_t)limit);
        for (int i = 0; i < n; i++)
            lg_group_go(&group, member);
        lg_return(NULL);
    }
}

static KERNEL int group_wait(struct resource *r, int n)
{
    (void)r;
    return run_group(n, 0) ? -1 : 0;
}

static KERNEL int group_limited(struct resource *r, int n)
{
    (void)r;
    return run_group(n, 100) ? -1 : 0;
}

/* ---- errors ---- */

LG_ERROR_DEFINE(not_found, "not found");

static KERNEL int error_make(struct resource *r, int n)
{
    (void)r;
    (void)n;
    lg_error_free(lg_error_new("disk full"));
    return 0;
}

static KERNEL int error_wrap(struct resource *r, int n)
{
    (void)r;
    (void)n;
    lg_error_free(lg_error_wrap(&not_found, "read %s", "config"));
    return 0;
}

static KERNEL int error_join(struct resource *r, int n)
{
    (void)r;
    (void)n;
    lg_error_free(lg_error_join(lg_error_new("disk full"), lg_error_new("no such host")));
    return 0;
}

static lg_error *wrapped;

static KERNEL int error_is(struct resource *r, int n)
{
    (void)r;
    (void)n;
    return lg_error_is(wrapped, &not_found) ? 0 : -1;
}

/* ---- many timers and contexts ---- */

static void print(const char *what, double ns)
{
    printf("{\"what\": \"%s\", \"ns\": %.4f}\n", what, ns);
}

static void timers_pending(void)
{
    enum { MANY = 1000000 };
    lg_timer **timer = (lg_timer **)malloc(MANY * sizeof(lg_timer *));
    if (!timer)
        abort();
    double start = bench_now();
    for (int i = 0; i < MANY; i++)
        timer[i] = lg_timer_new_func(LG_HOUR + i * LG_MILLISECOND, count);
    print("timers_start_million", (bench_now() - start) / MANY);
    start = bench_now();
    for (int i = 0; i < TIMES; i++) {
        lg_timer *one = lg_timer_new_func(LG_HOUR, count);
        lg_timer_stop(one);
        lg_timer_free(one);
    }
    print("timer_beside_million", (bench_now() - start) / TIMES);
    start = bench_now();
    for (int i = 0; i < MANY; i++) {
        lg_timer_stop(timer[i]);
        lg_timer_free(timer[i]);
    }
    print("timers_stop_million", (bench_now() - start) / MANY);
    free(timer);
}

static void due(lg_waitgroup *group)
{
    count();
    lg_waitgroup_done(group);
}

/* From when the first is due until the last has run. */
static void timers_due(void)
{
    enum { MANY = 100000 };
    lg_waitgroup group = {0};
    lg_timer **timer = (lg_timer **)malloc(MANY * sizeof(lg_timer *));
    if (!timer)
        abort();
    lg_waitgroup_add(&group, MANY);
    double at = bench_now() + 5e8;
    for (int i = 0; i < MANY; i++)
        timer[i] = lg_timer_new_func((lg_duration)(at - bench_now()), due, &group);
    lg_waitgroup_wait(&group);
    print("timers_due", (bench_now() - at) / MANY);
    for (int i = 0; i < MANY; i++)
        lg_timer_free(timer[i]);
    free(timer);
}

/* A tree of ten children each, six levels below its root. */
static lg_context *grow(lg_context *parent, int levels, lg_context ***at)
{
    lg_context *ctx = lg_context_with_cancel(parent);
    *(*at)++ = ctx;
    for (int i = 0; i < 10 && levels > 0; i++)
        grow(ctx, levels - 1, at);
    return ctx;
}

static void context_tree(void)
{
    enum { MANY = 1111111 };
    lg_context **all = (lg_context **)malloc(MANY * sizeof(lg_context *)), **at = all;
    if (!all)
        abort();
    double start = bench_now();
    lg_context *top = grow(lg_context_with_cancel(lg_context_background()), 6, &at);
    print("context_tree_make", (bench_now() - start) / MANY);
    start = bench_now();
    lg_context_cancel(top);
    print("context_tree_cancel", (bench_now() - start) / MANY);
    for (int i = MANY; i-- > 0;)
        lg_context_free(all[i]);
    free(all);
}

/* ---- the whole ---- */

static const struct subject subjects[] = {
    {"semaphore", acquire_release, 1, 1},
    {"semaphore_contended", semaphore_contended, 10, 10 * TIMES},
    {"rwmutex_read", read_lock, 1, 1},
    {"rwmutex_write", write_lock, 1, 1},
    {"rwmutex_readers", readers, 10, 10 * TIMES},
    {"rwmutex_mixed", readers_and_writers, 10, 10 * TIMES},
    {"cond_turns", cond_turns, 1000, 2000},
    {"once", once_done, 1, 1},
    {"group_8", group_wait, 8, 8},
    {"group_limited", group_limited, 10000, 10000},
    {"error_make", error_make, 1, 1},
    {"error_wrap", error_wrap, 1, 1},
    {"error_join", error_join, 1, 1},
    {"error_is", error_is, 1, 1},
};

static void run(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "many") == 0) {
        timers_pending();
        timers_due();
        context_tree();
        return;
    }
    wrapped = lg_error_wrap(lg_error_wrap(lg_error_wrap(&not_found, "a"), "b"), "c");
    bench_main(subjects, sizeof(subjects) / sizeof(subjects[0]), argc, argv);
    lg_error_free(wrapped);
}

int main(int argc, char **argv)
{
    lg_waitgroup finished = LG_WAITGROUP_INIT;
    lg_waitgroup_go(&finished, run, argc, argv);
    lg_waitgroup_wait(&finished);
    return 0;
}
