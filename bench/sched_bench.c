/* Goroutines, what they wait with, and contexts: the subjects. All of them run in a goroutine, as Go's do
 * (sched_bench.go has the same ones). `sched_bench million` is about a million goroutines that wait. */
#define _GNU_SOURCE
#include <lifoguard/lifoguard.h>

#include "bench.h"

#include <unistd.h>

static long counter;

static void __attribute__((noinline)) count(void)
{
    counter++;
}

/* ---- starting and waiting -------------------------------------------------------------------------- */

static void work(lg_waitgroup *group)
{
    count();
    lg_waitgroup_done(group);
}

static KERNEL int go_wait(struct resource *r, int n)
{
    lg_waitgroup group = {0};
    (void)r;
    lg_waitgroup_add(&group, n);
    for (int i = 0; i < n; i++)
        lg_go(work, &group);
    lg_waitgroup_wait(&group);
    return 0;
}

static void yield_often(int n)
{
    for (int i = 0; i < n; i++)
        lg_yield();
}

/* With one worker; with two, the other goroutine may be on the other thread. */
static KERNEL int yield_to_another(struct resource *r, int n)
{
    (void)r;
    lg_go(yield_often, n);
    yield_often(n);
    return 0;
}

static KERNEL int group_wait(struct resource *r, int n)
{
    lg_error *err = NULL;
    (void)r;
    {
        lg_group_scope(group, &err);
        for (int i = 0; i < n; i++)
            lg_group_go(&group, count);
    }
    return err ? -1 : 0;
}

/* Is ready, and then ends by itself. */
static void be_ready(void)
{
    count();
    lg_member_ready();
}

static KERNEL int group_start(struct resource *r, int n)
{
    lg_error *err = NULL, *failed = NULL;
    (void)r;
    {
        lg_group_scope(group, &err);
        for (int i = 0; i < n && !failed; i++)
            failed = lg_group_start(&group, lg_until_forever(), be_ready);
    }
    return err || failed ? -1 : 0;
}

static KERNEL int at_once(struct resource *r, int n)
{
    (void)r;
    lg_at_once(scope, NULL);
    for (int i = 0; i < n; i++)
        lg_defer_at_once(&scope, count);
    return 0;
}

static LG_ERROR_DEFINE(failure, "failure");

static lg_error *fail_often(const lg_context *ctx, int *times)
{
    (void)ctx;
    count();
    return --*times > 0 ? &failure : NULL;
}

/* A member that is started n times. */
static KERNEL int supervise(struct resource *r, int n)
{
    static const lg_supervisor_options options = {.restarts = -1, .backoff = -1};
    lg_supervisor *all;
    lg_error *err = lg_supervisor_new(&all, lg_context_background(), &options);
    (void)r;
    if (!err)
        err = lg_supervisor_go(all, fail_often, &n);
    if (!err)
        err = lg_supervisor_wait(all);
    lg_supervisor_close(all, NULL);
    return err ? -1 : 0;
}

/* ---- virtual time ----------------------------------------------------------------------------------- */

static void sleep_often(lg_test *t, void *times)
{
    (void)t;
    for (int i = 0; i < *(int *)times; i++)
        lg_sleep(LG_HOUR);
}

static KERNEL int virtual_sleep(struct resource *r, int n)
{
    (void)r;
    lg_error *err = lg_test_run_virtual("sleeps", sleep_often, &n);
    if (!err)
        return 0;
    lg_error_free(err);
    return -1;
}

/* ---- channels --------------------------------------------------------------------------------------- */

static lg_chan(int) ping;
static lg_chan(int) pong;
static lg_chan(int) buffered;
static lg_chan(int) ready;
static lg_chan(int) never;

static void answer(void)
{
    int x;
    while (lg_chan_recv(ping, &x))
        lg_chan_send(pong, x);
}

static KERNEL int ping_pong(struct resource *r, int n)
{
    int x;
    (void)r;
    lg_chan_send(ping, n);
    return lg_chan_recv(pong, &x) && x == n ? 0 : -1;
}

static void produce(int n)
{
    for (int i = 0; i < n; i++)
        lg_chan_send(buffered, i);
}

static KERNEL int throughput(struct resource *r, int n)
{
    int x = 0;
    (void)r;
    lg_go(produce, n);
    for (int i = 0; i < n; i++) {
        lg_chan_recv(buffered, &x);
        counter += x;
    }
    return 0;
}

static KERNEL int select_ready(struct resource *r, int n)
{
    int x = 0, y = 0;
    (void)r;
    lg_chan_send(ready, n);
    switch (lg_select(lg_case_recv(ready, &x, NULL), lg_case_recv(never, &y, NULL))) {
    case 0: counter += x; return 0;
    default: return -1;
    }
}

/* ---- a mutex ------------------------------------------------------------------------------------------ */

static lg_mutex mutex;

static KERNEL int lock_unlock(struct resource *r, int n)
{
    (void)r;
    (void)n;
    lg_mutex_lock(&mutex);
    counter++;
    lg_mutex_unlock(&mutex);
    return 0;
}

static void lock_often(lg_waitgroup *group)
{
    enum { TIMES = 100 };
    for (int i = 0; i < TIMES; i++) {
        lg_mutex_lock(&mutex);
        count();
        lg_mutex_unlock(&mutex);
    }
    lg_waitgroup_done(group);
}

static KERNEL int contend(struct resource *r, int n)
{
    lg_waitgroup group = {0};
    (void)r;
    lg_waitgroup_add(&group, n);
    for (int i = 0; i < n; i++)
        lg_go(lock_often, &group);
    lg_waitgroup_wait(&group);
    return 0;
}

/* ---- timers ----------------------------------------------------------------------------------------- */

static KERNEL int timer_stop(struct resource *r, int n)
{
    (void)r;
    (void)n;
    lg_timer *timer = lg_timer_new_func(LG_HOUR, count);
    lg_timer_stop(timer);
    lg_timer_free(timer);
    return 0;
}

/* ---- contexts ----------------------------------------------------------------------------------------- */

static lg_context *root;
static const lg_context *deep;
static const lg_context_key keys[10];

static KERNEL int with_cancel_root(struct resource *r, int n)
{
    (void)r;
    (void)n;
    lg_context *ctx = lg_context_with_cancel(lg_context_background());
    lg_context_free(ctx);
    return 0;
}

static KERNEL int with_cancel(struct resource *r, int n)
{
    (void)r;
    (void)n;
    lg_context *ctx = lg_context_with_cancel(root);
    lg_context_free(ctx);
    return 0;
}

static KERNEL int with_timeout(struct resource *r, int n)
{
    (void)r;
    (void)n;
    lg_context *ctx = lg_context_with_timeout(root, LG_HOUR);
    lg_context_free(ctx);
    return 0;
}

static KERNEL int after_func_stop(struct resource *r, int n)
{
    (void)r;
    (void)n;
    lg_context_func func = lg_context_on_done(root, count);
    return lg_context_func_stop(&func) ? 0 : -1;
}

static KERNEL int err_check(struct resource *r, int n)
{
    (void)r;
    (void)n;
    return lg_context_error(root) ? -1 : 0;
}

static KERNEL int value(struct resource *r, int n)
{
    (void)r;
    (void)n;
    counter += *(const int *)lg_context_value(deep, &keys[0]);
    return 0;
}

/* Only the cancelling is timed. */
static double cancel_tree(int children)
{
    lg_context **child = (lg_context **)malloc((size_t)children * sizeof(lg_context *));
    if (!child)
        abort();
    lg_context *top = lg_context_with_cancel(lg_context_background());
    for (int i = 0; i < children; i++)
        child[i] = lg_context_with_cancel(top);
    double start = bench_now();
    lg_context_cancel(top);
    double took = bench_now() - start;
    for (int i = 0; i < children; i++)
        lg_context_free(child[i]);
    lg_context_free(top);
    free(child);
    return took;
}

static double cancel_chain(int length)
{
    lg_context **link = (lg_context **)malloc((size_t)length * sizeof(lg_context *));
    if (!link)
        abort();
    lg_context *top = lg_context_with_cancel(lg_context_background());
    for (int i = 0; i < length; i++)
        link[i] = lg_context_with_cancel(i > 0 ? link[i - 1] : top);
    double start = bench_now();
    lg_context_cancel(top);
    double took = bench_now() - start;
    for (int i = length; i-- > 0;)
        lg_context_free(link[i]);
    lg_context_free(top);
    free(link);
    return took;
}

static double least(int times, double (*measure)(int), int n)
{
    double best = measure(n);
    for (int i = 1; i < times; i++) {
        double took = measure(n);
        if (took < best)
            best = took;
    }
    return best;
}

static void print(const char *what, double ns)
{
    printf("{\"what\": \"%s\", \"ns\": %.4f}\n", what, ns);
}

/* ---- a million of them --------------------------------------------------------------------------------- */

/* With the page tables, which Go's small stacks do without. */
static double resident(void)
{
    long all = 0, pages = 0, tables = 0;
    char line[128];
    FILE *statm = fopen("/proc/self/statm", "r"), *status = fopen("/proc/self/status", "r");
    if (statm && fscanf(statm, "%ld %ld", &all, &pages) != 2)
        pages = 0;
    while (status && fgets(line, sizeof(line), status))
        sscanf(line, "VmPTE: %ld", &tables);
    if (statm)
        fclose(statm);
    if (status)
        fclose(status);
    return (double)pages * (double)sysconf(_SC_PAGESIZE) + (double)tables * 1024;
}

static lg_waitgroup parked, ended;
static lg_chan(int) gate;

static void wait_at_the_gate(void)
{
    int x;
    lg_waitgroup_done(&parked);
    lg_chan_recv(gate, &x);
    lg_waitgroup_done(&ended);
}

static void million(void)
{
    enum { MANY = 1000000 };
    double before = resident();
    gate = lg_chan_make(int, 0);
    lg_waitgroup_add(&parked, MANY);
    lg_waitgroup_add(&ended, MANY);
    double start = bench_now();
    for (int i = 0; i < MANY; i++)
        lg_go(wait_at_the_gate);
    lg_waitgroup_wait(&parked);
    print("million_spawn", (bench_now() - start) / MANY);
    print("million_bytes", (resident() - before) / MANY);
    start = bench_now();
    lg_chan_close(gate);
    lg_waitgroup_wait(&ended);
    print("million_wake", (bench_now() - start) / MANY);
    lg_chan_unref(gate);
}

/* ---- the whole ------------------------------------------------------------------------------------------ */

static const struct subject subjects[] = {
    {"go_wait", go_wait, 1, 1},
    {"go_wait_batch", go_wait, 1000, 1000},
    {"yield", yield_to_another, 1000, 1000},
    {"group_wait", group_wait, 1, 1},
    {"group_start", group_start, 1, 1},
    {"at_once_8", at_once, 8, 1},
    {"supervise_once", supervise, 1, 1},
    {"supervise_restart", supervise, 1000, 1000},
    {"virtual_sleep", virtual_sleep, 1000, 1000},
    {"ping_pong", ping_pong, 1, 1},
    {"throughput", throughput, 1000, 1000},
    {"select_ready", select_ready, 1, 1},
    {"mutex", lock_unlock, 1, 1},
    {"mutex_contended", contend, 10, 1000},
    {"timer_stop", timer_stop, 1, 1},
    {"with_cancel_root", with_cancel_root, 1, 1},
    {"with_cancel", with_cancel, 1, 1},
    {"with_timeout", with_timeout, 1, 1},
    {"after_func_stop", after_func_stop, 1, 1},
    {"err_check", err_check, 1, 1},
    {"value_10", value, 1, 1},
};

static void all(int argc, char **argv)
{
    static int values[10];
    ping = lg_chan_make(int, 0);
    pong = lg_chan_make(int, 0);
    buffered = lg_chan_make(int, 128);
    ready = lg_chan_make(int, 1);
    never = lg_chan_make(int, 0);
    root = lg_context_with_cancel(lg_context_background());
    deep = root;
    for (int i = 0; i < 10; i++)
        deep = lg_context_with_value(deep, &keys[i], &values[i]);
    lg_go(answer);
    bench_main(subjects, sizeof(subjects) / sizeof(subjects[0]), argc, argv);
    if (argc == 1) {
        print("cancel_tree", least(5, cancel_tree, 100000));
        print("cancel_chain", least(25, cancel_chain, 1000));
    }
}

static void run(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "million") == 0)
        million();
    else
        all(argc, argv);
}

int main(int argc, char **argv)
{
    lg_waitgroup finished = LG_WAITGROUP_INIT;
    lg_waitgroup_go(&finished, run, argc, argv);
    lg_waitgroup_wait(&finished);
    return 0;
}
