/* The queue of a worker's goroutines that have not started, whose lock is biased to the worker, in all interleavings with a
 * worker that steals; and what testing/interleave.h itself finds. */
#include "testing/interleave.h"

/* ---- what is found at all ---- */

static int x, y, seen_x, seen_y;
static int store_order, load_order;
static bool both_old, old_data;

static void begin_litmus(void)
{
    x = y = seen_x = seen_y = 0;
}

static void store_x_load_y(void)
{
    __atomic_store_n(&x, 1, store_order);
    seen_y = __atomic_load_n(&y, load_order);
}

static void store_y_load_x(void)
{
    __atomic_store_n(&y, 1, store_order);
    seen_x = __atomic_load_n(&x, load_order);
}

static void store_y_barrier_load_x(void)
{
    __atomic_store_n(&y, 1, store_order);
    il_barrier_everywhere();
    seen_x = __atomic_load_n(&x, load_order);
}

static void store_both(void)
{
    __atomic_store_n(&x, 1, __ATOMIC_RELAXED);
    __atomic_store_n(&y, 1, store_order);
}

static void load_both(void)
{
    seen_y = __atomic_load_n(&y, load_order);
    seen_x = __atomic_load_n(&x, __ATOMIC_RELAXED);
}

static void note_both_old(void)
{
    both_old |= !seen_x && !seen_y;
    old_data |= seen_y && !seen_x;
}

static void litmus(void (*one)(void), void (*other)(void), int store, int load)
{
    both_old = old_data = false;
    store_order = store;
    load_order = load;
    il_run_all(&(struct il_plan){begin_litmus, {one, other}, note_both_old, NULL, 9, 9});
}

START_TEST(the_memory_is_that_of_c)
{
    if (!il_is_possible())
        return;
    litmus(store_x_load_y, store_y_load_x, __ATOMIC_RELEASE, __ATOMIC_ACQUIRE);
    ck_assert(both_old);
    litmus(store_x_load_y, store_y_load_x, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    ck_assert(!both_old);
    litmus(store_x_load_y, store_y_barrier_load_x, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
    ck_assert(!both_old);
    litmus(store_both, load_both, __ATOMIC_RELAXED, __ATOMIC_ACQUIRE);
    ck_assert(old_data);
    litmus(store_both, load_both, __ATOMIC_RELEASE, __ATOMIC_ACQUIRE);
    ck_assert(!old_data);
}
END_TEST

/* ---- the code under test ---- */

#include "sched/futex.h"
#include "sched/lock.h"
#define lgi_pause il_spin
#define sched_yield() il_spin()
#define lgi_nap(duration) il_spin()
// NOLINTNEXTLINE(bugprone-suspicious-include): it is under test
#include "../sched/lock.c"

#include "sched/bias.h"
#define syscall(...) (il_barrier_everywhere(), 0L)
// NOLINTNEXTLINE(bugprone-suspicious-include): it is under test
#include "../sched/bias.c"
#include "sched/run_queue.h"

/* ---- one queue, its worker, and another ---- */

enum { TASKS = 4 };

static struct lgi_worker own_worker = {.number = 0}, other_worker = {.number = 1};
static uint32_t *inside[2];
static struct lgi_run_queue queue, stolen;
static struct lgi_task task[TASKS];
static unsigned times_taken[TASKS];

static void *of_thread(const void *address)
{
    return address == &lgi_inside ? (void *)&inside[il.now] : (void *)(uintptr_t)address;
}

static void enter_thread(unsigned thread)
{
    lgi_worker = thread == 0 ? &own_worker : &other_worker;
    lgi_my_tag = thread == 0 ? 2 : LGI_NO_TAG;
}

static void begin_queue(void)
{
    memset(&queue, 0, sizeof(queue));
    memset(&stolen, 0, sizeof(stolen));
    memset(times_taken, 0, sizeof(times_taken));
    queue.lock = 2;                              /* biased */
    queue.streak = LGI_RUN_QUEUE_BIAS_AFTER - 2; /* and soon again */
    inside[0] = inside[1] = NULL;
    own_worker.inside = &inside[0];
    lgi_workers[0] = &own_worker;
    il.translate = of_thread;
    il.enter = enter_thread;
    il.thread[0].view = il.thread[1].view = (struct il_view){{0}};
}

static void note_taken(struct lgi_task *start)
{
    if (start)
        times_taken[start - task]++;
}

static void put_and_take(void)
{
    for (int i = 0; i < TASKS - 1; i++) {
        lgi_run_queue_put_own(&queue, &task[i]);
        if (i > 0)
            note_taken(lgi_run_queue_take_own(&queue));
    }
}

static void put_take_and_put_back(void)
{
    lgi_run_queue_put_own(&queue, &task[0]);
    struct lgi_task *first = lgi_run_queue_take_own(&queue);
    if (first)
        lgi_run_queue_put_back(&queue, first);
    lgi_run_queue_put_own(&queue, &task[1]);
}

static void steal(void)
{
    lgi_run_queue_steal(&queue, &stolen);
    note_taken(lgi_run_queue_take(&queue));
}

static void put_from_outside(void)
{
    lgi_run_queue_put(&queue, &task[TASKS - 1]);
    note_taken(lgi_run_queue_take(&queue));
}

static void count_rest(struct lgi_run_queue *from)
{
    unsigned count = 0;
    for (struct lgi_task *start = from->first; start; start = start->next, count++)
        note_taken(start);
    ck_assert_uint_eq(count, from->count);
}

static unsigned made;

/* Each goroutine is there once. */
static void check_queue(void)
{
    count_rest(&queue);
    count_rest(&stolen);
    unsigned sum = 0;
    for (int i = 0; i < TASKS; i++) {
        ck_assert_uint_le(times_taken[i], 1);
        sum += times_taken[i];
    }
    ck_assert_uint_eq(sum, made);
}

START_TEST(g3_a_biased_queue_loses_and_doubles_nothing)
{
    void (*const own[])(void) = {put_and_take, put_take_and_put_back};
    void (*const other[])(void) = {steal, put_from_outside};
    for (int i = 0; i < 2; i++) {
        for (int k = 0; k < 2; k++) {
            made = (i == 0 ? TASKS - 1 : 2) + (unsigned)k;
            il_run_all(&(struct il_plan){begin_queue, {own[i], other[k]}, check_queue, NULL, 3, 2});
        }
    }
}
END_TEST

/* ---- workers that go to sleep, and those who have work for them ---- */

#include "sched/fiber.h"
#include "sched/hooks.h"
#include "sched/idle.h"
#include "sched/ready.h"
#include "sched/shortage.h"
#include "sched/ticks.h"

static void no_poll(struct lgi_worker *w, lg_time until)
{
    (void)w;
    (void)until;
}

static void no_poll_wake(struct lgi_worker *w)
{
    (void)w;
}

static void no_deadlock(lg_time *until)
{
    (void)until;
}

static const struct {
    void (*poll)(struct lgi_worker *w, lg_time until);
    void (*poll_wake)(struct lgi_worker *w);
    void (*last_asleep)(lg_time *until);
} hooks_of_model = {no_poll, no_poll_wake, no_deadlock};

#define lgi_sched_hooks hooks_of_model
#define lgi_futex_wait(word, value, until) il_futex_wait(word, value, (until) != LG_DURATION_MAX)
#define lgi_futex_wake(word, count) il_futex_wake(word)
#define lgi_worker_count() 2U
#define lgi_worker_add() ((void)0)
#define lgi_may_spin() true
#define lgi_ticks() ((uint64_t)0)
#define lgi_ticks_passed(start, us) ((void)(start), (void)(us), true) /* looks once */
#define lgi_real_now() ((lg_time)0)
#define lgi_timers_run(timers, now) ((void)(now))
#define lgi_timers_next(timers) LG_DURATION_MAX
#define lgi_timers_next_before_sleep(timers) LG_DURATION_MAX
#define lgi_is_short(w) ((void)(w), false)
#define lgi_shortage_is_over(w) ((void)(w), false)
#define lgi_fibers_give_back(w) ((void)(w), false)
// NOLINTNEXTLINE(bugprone-suspicious-include): it is under test
#include "../sched/ready.c"
// NOLINTNEXTLINE(bugprone-suspicious-include): it is under test
#include "../sched/idle.c"

static struct lgi_worker worker[2];
static struct lgi_seen seen[2][LGI_WORKERS_MOST];
static struct lgi_g parked[2]; /* of the first worker */
static unsigned woken, begun, wanted_woken, wanted_begun;
static bool
    starts_another; /* the first goroutine that goes on, which then waits until that has begun */

static void enter_worker(unsigned thread)
{
    lgi_worker = thread < 2 ? &worker[thread] : NULL;
    lgi_my_tag = LGI_NO_TAG;
}

static void begin_workers(void)
{
    for (unsigned i = 0; i < 2; i++) {
        memset(&worker[i], 0, sizeof(worker[i]));
        worker[i].number = i;
        worker[i].ready_end = &worker[i].ready;
        worker[i].seen = seen[i];
        lgi_workers[i] = &worker[i];
        parked[i] = (struct lgi_g){.worker = &worker[0]};
    }
    memset(&lgi_injected, 0, sizeof(lgi_injected));
    lgi_wanted = 2;
    woken = begun = 0;
    /* As before the first worker. */
    awake = 0;
    watcher = NULL;
    spinner = NULL;
    kick = true;
    il.translate = NULL;
    il.enter = enter_worker;
}

static bool all_is_done(void)
{
    return woken == wanted_woken && begun == wanted_begun;
}

static void go_on_with(struct lgi_g *g)
{
    woken++;
    if (!starts_another || g != &parked[0])
        return;
    unsigned before = begun;
    lgi_run_queue_put_own(&lgi_worker->starts, &task[0]);
    lgi_task_enqueued(true);
    /* It needs another worker: this one is busy. */
    while (begun == before)
        il_futex_wait(&begun, before, false);
}

static void begin_task(void)
{
    begun++;
    il_futex_wake(&begun);
}

/* As lgi_worker_main. */
static void work(void)
{
    struct lgi_worker *w = lgi_worker;
    lgi_idle_thread_begin(w);
    for (;;) {
        if (!lgi_inbox_is_empty(w))
            lgi_inbox_empty(w);
        struct lgi_g *g = lgi_ready_pop(w);
        struct lgi_task *start = g ? NULL : lgi_next_task(w);
        if (g)
            go_on_with(g);
        else if (start)
            begin_task();
        else
            lgi_worker_idle(w);
    }
}

static void wake_one_goroutine(void)
{
    lgi_worker_ready(&parked[0]);
}

static void wake_two_goroutines(void)
{
    lgi_worker_ready(&parked[0]);
    lgi_worker_ready(&parked[1]);
}

static void start_one(void)
{
    lgi_run_queue_put(&lgi_injected, &task[TASKS - 1]);
    lgi_task_enqueued(false);
}

static void wake_and_start(void)
{
    wake_one_goroutine();
    start_one();
}

static void check_nothing(void) {}

static void run_workers(void (*by_others)(void), unsigned goroutines, unsigned starts, bool another,
                        unsigned stale)
{
    wanted_woken = goroutines;
    wanted_begun = starts;
    starts_another = another;
    il_run_all(&(struct il_plan){
        begin_workers, {work, work, by_others}, check_nothing, all_is_done, 2, stale});
}

/* Whenever a worker goes to sleep, and whenever the watcher looks. */
START_TEST(g3_no_worker_sleeps_while_there_is_work)
{
    run_workers(wake_one_goroutine, 1, 0, false, 1);
    run_workers(wake_two_goroutines, 2, 0, false, 1);
    run_workers(start_one, 0, 1, false, 2);
    run_workers(wake_and_start, 1, 1, false, 0);
    run_workers(wake_one_goroutine, 1, 1, true, 1);
}
END_TEST

RUN_TESTS("interleave", the_memory_is_that_of_c, g3_a_biased_queue_loses_and_doubles_nothing,
          g3_no_worker_sleeps_while_there_is_work)
