/* Tests of mutexes that are biased to the worker that uses them nearly always: nobody can tell. */
#include "testing/sched.h"

#include <lifoguard/mutex.h>

#include "sync/abandoned.h"
#include "sync/mutex_bias.h"
#include "testing/sync.h"

enum { OFTEN = 1000 };

static bool is_biased(const lg_mutex *mutex)
{
    return (mutex->lgi_word & LGI_BIASED) != 0;
}

static void use(lg_mutex *mutex, int times)
{
    for (int i = 0; i < times; i++) {
        lg_mutex_lock(mutex);
        ck_assert(lg_mutex_is_owned(mutex));
        lg_mutex_unlock(mutex);
        ck_assert(!lg_mutex_is_owned(mutex));
    }
}

/* Alone on its worker, so often that the mutex becomes biased to that. */
static void use_alone(void *data)
{
    lg_mutex *mutex = data;
    use(mutex, OFTEN);
    ck_assert(is_biased(mutex) || lgi_my_tag == LGI_NO_TAG);
}

START_TEST(another_thread_ends_the_bias)
{
    lg_mutex mutex = LG_MUTEX_INIT;
    on_goroutine(use_alone, &mutex);
    lg_mutex_lock(&mutex);
    ck_assert(!is_biased(&mutex));
    ck_assert(lg_mutex_is_owned(&mutex));
    lg_mutex_unlock(&mutex);
    ck_assert(is_free(&mutex));
}
END_TEST

static void try_to_lock(void *data)
{
    lg_mutex *mutex = data;
    ck_assert(lg_mutex_try_lock(mutex));
    lg_mutex_unlock(mutex);
    ck_assert_ptr_null(lg_mutex_lock_until(mutex, lg_until_timeout(-1)));
    lg_mutex_unlock(mutex);
}

START_TEST(a_free_mutex_can_be_taken_at_once_though_it_is_biased)
{
    lg_mutex mutex = LG_MUTEX_INIT;
    on_goroutine(use_alone, &mutex);
    on_goroutine(try_to_lock, &mutex);
    try_to_lock(&mutex);
}
END_TEST

/* In the end the inline functions do all. */
START_TEST(a_bias_that_ends_often_does_not_come_back)
{
    lg_mutex mutex = LG_MUTEX_INIT;
    for (int i = 0; i <= LGI_BIAS_OTHERS_MOST; i++) {
        on_goroutine(use_alone, &mutex);
        use(&mutex, 1);
        if (mutex.lgi_bias == LGI_MUTEX_SETTLED)
            return;
    }
    ck_abort_msg("it comes back again and again");
}
END_TEST

static void use_often(void *data)
{
    use(data, OFTEN);
}

START_TEST(a_mutex_of_threads_is_never_biased)
{
    lg_mutex mutex = LG_MUTEX_INIT;
    use_often(&mutex);
    ck_assert(on_thread(use_often, &mutex));
    ck_assert_uint_eq(mutex.lgi_bias, LGI_MUTEX_SETTLED);
    ck_assert_uint_eq(mutex.lgi_word, 0);
}
END_TEST

/* ---- while it is held ---- */

static lg_mutex held;
static atomic_int has_begun;
static uint64_t is_in; /* guarded by `held` */

static void hold_for_another(void)
{
    use_alone(&held);
    lg_mutex_lock(&held);
    is_in++;
    add_one(&has_begun);
    while (lgi_waiters_empty(&held.lgi_waiters))
        lg_yield();
    is_in--;
    lg_mutex_unlock(&held);
}

static void wait_for_it(void)
{
    lg_mutex_lock(&held);
    ck_assert_uint_eq(is_in, 0);
    lg_mutex_unlock(&held);
    add_one(&has_begun);
}

START_TEST(a_biased_mutex_that_is_held_is_waited_for)
{
    lg_go(hold_for_another);
    wait_for_value(&has_begun, 1);
    wait_for_it();
    ck_assert(is_free(&held));
}
END_TEST

static void begin_one_that_waits(void)
{
    use_alone(&held);
    lg_go(wait_for_it);
    lg_mutex_lock(&held);
    is_in++;
    while (lgi_waiters_empty(&held.lgi_waiters))
        lg_yield();
    is_in--;
    lg_mutex_unlock(&held);
}

START_TEST(a_goroutine_of_the_same_worker_waits_for_it_too)
{
    ck_assert_ptr_null(lg_set_workers(1));
    lg_go(begin_one_that_waits);
    wait_for_value(&has_begun, 1);
    ck_assert(is_free(&held));
}
END_TEST

static void end_while_holding(void *data)
{
    (void)data;
    use_alone(&held);
    lg_mutex_lock(&held);
}

START_TEST(a_biased_mutex_whose_owner_has_ended_is_abandoned)
{
    on_goroutine(end_while_holding, NULL);
    while (!lgi_mutex_is_abandoned(&held)) /* the goroutine may be about to end */
        usleep(50);
    ck_assert(!lg_mutex_try_lock(&held));
    ck_assert_ptr_eq(lg_mutex_lock_until(&held, lg_until_timeout(LG_HOUR)), &lg_error_abandoned);
}
END_TEST

/* ---- misuse ---- */

static void lock_twice(void *data)
{
    (void)data;
    use_alone(&held);
    lg_mutex_lock(&held);
    lg_mutex_lock(&held);
}

static void unlock_free(void *data)
{
    (void)data;
    use_alone(&held);
    lg_mutex_unlock(&held);
}

START_TEST(misuse_of_a_biased_mutex_panics)
{
    expect_panic(lock_twice, NULL, "lock of a mutex that the caller holds already");
    expect_panic(unlock_free, NULL, "unlock of a mutex that is not locked");
}
END_TEST

/* ---- many ---- */

static struct {
    lg_mutex mutex;
    long once, twice; /* guarded by the mutex: the same number */
    int rounds;
} counted;

/* Now the one thread comes often, now the other. */
static void count(void *unused, unsigned number)
{
    (void)unused;
    for (int i = 0; i < counted.rounds; i++) {
        lg_mutex_lock(&counted.mutex);
        ck_assert_int_eq(counted.once, counted.twice);
        counted.once++;
        if (i % 512 == (int)number)
            lg_yield();
        counted.twice++;
        lg_mutex_unlock(&counted.mutex);
    }
}

START_TEST(one_at_a_time_is_in_while_biases_come_and_go)
{
    for (int i = 0; i < 30; i++) {
        counted.mutex = (lg_mutex)LG_MUTEX_INIT;
        counted.once = counted.twice = 0;
        counted.rounds = 1000;
        run_crew(2, 2, 1, count, NULL);
        ck_assert_int_eq(counted.once, 3L * counted.rounds);
        ck_assert(is_free(&counted.mutex));
    }
}
END_TEST

RUN_TESTS("mutex_bias", another_thread_ends_the_bias,
          a_free_mutex_can_be_taken_at_once_though_it_is_biased,
          a_bias_that_ends_often_does_not_come_back, a_mutex_of_threads_is_never_biased,
          a_biased_mutex_that_is_held_is_waited_for,
          a_goroutine_of_the_same_worker_waits_for_it_too,
          a_biased_mutex_whose_owner_has_ended_is_abandoned, misuse_of_a_biased_mutex_panics,
          one_at_a_time_is_in_while_biases_come_and_go)
