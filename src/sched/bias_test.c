/* Tests of locks that are biased to a worker: a worker and threads take one lock, and what it guards stays whole. */
#include "testing/sched.h"

#include "sched/bias.h"

#ifdef HAS_SANITIZER
enum { TIMES = 2000 };
#else
enum { TIMES = 100000 };
#endif
enum { THREADS = 3, LEAST_BY_BIAS = TIMES / 10 };

static uint32_t lock;
static atomic_uint tag;          /* of the worker */
static long once, twice;         /* guarded by the lock: the same number */
static long by_lock, by_threads; /* likewise */
static atomic_int by_bias, threads_ended, ended;

static void change(void)
{
    ck_assert_int_eq(once, twice);
    once++;
    ck_assert_int_eq(once, twice + 1);
    twice++;
}

/* Leaves the lock biased to the worker, whoever has held it. */
static void unlock_with_bias(void)
{
    __atomic_store_n(&lock, tag, __ATOMIC_RELEASE);
}

static bool is_possible(void)
{
    return tag != LGI_NO_TAG;
}

static void take_as_worker(void)
{
    while (threads_ended < THREADS) {
        if (lgi_bias_enter(&lock)) {
            ck_assert(lgi_bias_is_inside(&lock));
            change();
            add_one(&by_bias);
            lgi_bias_leave();
        } else {
            lgi_lock(&lock);
            change();
            by_lock++;
            unlock_with_bias();
        }
    }
    add_one(&ended);
}

static void *take_as_thread(void *unused)
{
    for (int i = 0; i < TIMES || by_bias < LEAST_BY_BIAS; i++) {
        ck_assert(!lgi_bias_enter(&lock));
        lgi_lock(&lock);
        change();
        by_threads++;
        unlock_with_bias();
    }
    atomic_fetch_add(&threads_ended, 1);
    return unused;
}

static void note_tag(void)
{
    tag = lgi_my_tag;
    add_one(&ended);
}

static void find_tag(void)
{
    ck_assert_ptr_null(lg_set_workers(1));
    lg_go(note_tag);
    wait_for_value(&ended, 1);
    ended = 0;
}

START_TEST(a_worker_and_threads_exclude_each_other)
{
    pthread_t threads[THREADS];
    find_tag();
    if (!is_possible())
        return;
    lg_go(take_as_worker);
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, take_as_thread, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    wait_for_value(&ended, 1);
    ck_assert_int_eq(once, twice);
    ck_assert_int_eq(once, by_bias + by_lock + by_threads);
    ck_assert_int_ge(by_bias, LEAST_BY_BIAS);
}
END_TEST

static void take_own_lock_as_others_do(void)
{
    lock = lgi_my_tag;
    lgi_lock(&lock);
    ck_assert_uint_eq(lock, LGI_LOCK_HELD);
    ck_assert(!lgi_bias_enter(&lock));
    ck_assert(!lgi_bias_is_inside(&lock));
    lgi_unlock(&lock);
    ck_assert_uint_eq(lock, LGI_LOCK_FREE);
    ck_assert(!lgi_bias_enter(&lock));
    add_one(&ended);
}

START_TEST(code_that_knows_nothing_of_bias_takes_the_lock)
{
    find_tag();
    if (!is_possible())
        return;
    lg_go(take_own_lock_as_others_do);
    wait_for_value(&ended, 1);
}
END_TEST

/* ---- a thread that is to be cancelled ---- */

static void *back_off_when_cancelled(void *end)
{
    int before;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
    pthread_cancel(pthread_self());
    pthread_setcancelstate(before, NULL);
    for (unsigned attempt = 0; attempt < 200; attempt++)
        lgi_back_off(attempt);
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
    return end;
}

/* (The thread may hold another lock.) */
START_TEST(the_wait_for_a_lock_is_not_cancelled)
{
    pthread_t thread;
    void *end;
    ck_assert_int_eq(pthread_create(&thread, NULL, back_off_when_cancelled, &end), 0);
    ck_assert_int_eq(pthread_join(thread, &end), 0);
    ck_assert_ptr_eq(end, &end);
}
END_TEST

RUN_TESTS("bias", a_worker_and_threads_exclude_each_other,
          code_that_knows_nothing_of_bias_takes_the_lock, the_wait_for_a_lock_is_not_cancelled)
