/* A mutex that is biased to a worker, in all interleavings of the worker's goroutine and other threads. */
#include "testing/interleave.h"

#include "sched/futex.h"
#include "sched/goroutine.h"
#include "sched/identity.h"
#include "sched/lock.h"
#include "sched/runtime.h"
#include "time/clock.h"

#define lgi_pause il_spin
#define sched_yield() il_spin()
#define lgi_nap(duration) il_spin()
#define take take_lock
// NOLINTNEXTLINE(bugprone-suspicious-include): it is under test
#include "../sched/lock.c"
#undef take

#define syscall(...) (il_barrier_everywhere(), 0L)
// NOLINTNEXTLINE(bugprone-suspicious-include): it is under test
#include "../sched/bias.c"

#include "testing/interleave_wait.h"

static const struct lgi_g *model_find(uint64_t identity)
{
    for (int i = 0; i < IL_THREADS; i++)
        if (goroutine[i].identity == identity)
            return &goroutine[i];
    return NULL;
}

static bool may_spin;

#define lgi_unpark model_unpark
#define lgi_park_through(g) park(g, lg_until_forever())
#define lgi_identity_find model_find
#define lgi_may_spin() may_spin
#define lgi_real_now() 0
// NOLINTNEXTLINE(bugprone-suspicious-include): it is under test
#include "../sync/mutex.c"

/* ---- those who take part ---- */

enum { WORKER_TAG = 2 };

static struct lgi_worker worker = {.number = 0};
static uint32_t *inside[IL_THREADS];
static struct {
    lg_mutex mutex;
    uint32_t count; /* guarded by the mutex */
} all;
static unsigned added[IL_THREADS];
static bool is_gone;

static void *meant(const void *address)
{
    const char *at = address;
    if (is_gone && at >= (const char *)&all && at < (const char *)(&all + 1))
        ck_abort_msg("the mutex is used after its end");
    return address == &lgi_inside ? (void *)&inside[il.now] : (void *)(uintptr_t)address;
}

/* The first two are goroutines of the worker, which take turns only where a plan has both. */
static void enter_thread(unsigned thread)
{
    lgi_worker = thread == 0 ? &worker : NULL;
    lgi_my_tag = thread == 0 ? WORKER_TAG : LGI_NO_TAG;
    lgi_identity = goroutine[thread].identity;
}

static void begin_with(uint64_t word, uint32_t bias)
{
    memset(&all, 0, sizeof(all));
    memset(goroutine, 0, sizeof(goroutine));
    memset(inside, 0, sizeof(inside));
    memset(added, 0, sizeof(added));
    for (unsigned i = 0; i < IL_THREADS; i++) {
        goroutine[i].claim = LGI_READY;
        goroutine[i].identity = lgi_identity_next(lgi_identity_none(i + 1));
    }
    all.mutex.lgi_word = word;
    all.mutex.lgi_bias = bias;
    is_gone = false;
    worker.inside = &inside[0];
    lgi_workers[0] = &worker;
    il.translate = meant;
    il.enter = enter_thread;
}

static void begin_biased(void)
{
    begin_with(LGI_BIASED, WORKER_TAG | 1);
}

/* The next unlock of the worker begins a bias. */
static void begin_nearly_biased(void)
{
    begin_with(0, WORKER_TAG | LGI_BIAS_AFTER);
}

static void add(void)
{
    uint32_t count = __atomic_load_n(&all.count, __ATOMIC_RELAXED);
    __atomic_store_n(&all.count, count + 1, __ATOMIC_RELAXED);
    added[il.now]++;
}

static void lock_once(void)
{
    lg_mutex_lock(&all.mutex);
    add();
    lg_mutex_unlock(&all.mutex);
}

static void lock_twice(void)
{
    lock_once();
    lock_once();
}

static void try_to_lock(void)
{
    if (!lg_mutex_try_lock(&all.mutex))
        return;
    add();
    lg_mutex_unlock(&all.mutex);
}

static void lock_with_limit(void)
{
    if (lg_mutex_lock_until(&all.mutex, lg_until_timeout(LG_HOUR)))
        return;
    add();
    lg_mutex_unlock(&all.mutex);
}

/* The last one to use the mutex ends it, though another's unlock need not have returned. */
static void lock_and_end(void)
{
    lg_mutex_lock(&all.mutex);
    uint32_t count = __atomic_load_n(&all.count, __ATOMIC_RELAXED);
    lg_mutex_unlock(&all.mutex);
    is_gone = count == 1;
}

static void check(void)
{
    unsigned sum = 0;
    is_gone = false;
    for (int i = 0; i < IL_THREADS; i++)
        sum += added[i];
    ck_assert_uint_eq(all.count, sum);
    ck_assert_uint_eq(all.mutex.lgi_word & LGI_MUTEX_OWNER, 0);
    ck_assert_ptr_null(all.mutex.lgi_waiters.first);
}

START_TEST(one_at_a_time_is_in_a_mutex_whose_bias_begins_and_ends)
{
    void (*const begin[])(void) = {begin_biased, begin_nearly_biased};
    void (*const other[])(void) = {lock_once, lock_twice, try_to_lock, lock_with_limit};
    for (unsigned i = 0; i < 2 * 4 * 2; i++) {
        may_spin = i / 8;
        il_run_all(
            &(struct il_plan){begin[i % 2], {lock_twice, other[i / 2 % 4]}, check, NULL, 2, 1});
    }
}
END_TEST

START_TEST(two_threads_end_a_bias_at_once)
{
    may_spin = false;
    il_run_all(
        &(struct il_plan){begin_biased, {lock_twice, lock_once, lock_once}, check, NULL, 2, 0});
    il_run_all(&(struct il_plan){
        begin_nearly_biased, {lock_once, lock_once, try_to_lock}, check, NULL, 2, 1});
}
END_TEST

START_TEST(a_mutex_is_not_touched_after_its_last_use)
{
    may_spin = false;
    il_run_all(&(struct il_plan){begin_biased, {lock_once, lock_and_end}, check, NULL, 3, 1});
    il_run_all(
        &(struct il_plan){begin_nearly_biased, {lock_once, lock_and_end}, check, NULL, 3, 1});
}
END_TEST

RUN_TESTS("mutex_interleave", one_at_a_time_is_in_a_mutex_whose_bias_begins_and_ends,
          two_threads_end_a_bias_at_once, a_mutex_is_not_touched_after_its_last_use)
