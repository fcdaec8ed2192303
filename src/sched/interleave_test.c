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
    il_run_all(&(struct il_plan){begin_litmus, {one, other}, note_both_old, 9, 9});
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

#include "sched/lock.h"
#define lgi_pause il_spin
#define sched_yield() il_spin()
#define nanosleep(time, rest) il_spin()
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
static unsigned taken[TASKS];

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
    memset(taken, 0, sizeof(taken));
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
        taken[start - task]++;
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
        ck_assert_uint_le(taken[i], 1);
        sum += taken[i];
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
            il_run_all(&(struct il_plan){begin_queue, {own[i], other[k]}, check_queue, 3, 2});
        }
    }
}
END_TEST

RUN_TESTS("interleave", the_memory_is_that_of_c, g3_a_biased_queue_loses_and_doubles_nothing)
