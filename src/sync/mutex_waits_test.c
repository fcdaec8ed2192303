/* Tests of mutexes that several goroutines want; names begin with the rule of docs/rules.md that they hold. */
#include "testing/sync.h"

#include <stdatomic.h>

#include "sched/park.h"
#include "sync/mutex_bias.h"

/* ---- exclusion ---- */

struct counted {
    lg_mutex mutex;
    struct stint stint;
    unsigned long inside, total;
    uint64_t seed;
    _Atomic unsigned timeouts;
};

static void enter(struct counted *counted, uint64_t *random)
{
    ck_assert_uint_eq(counted->inside, 0);
    counted->inside++;
    yield_at_random(random);
    ck_assert_uint_eq(counted->inside, 1);
    counted->inside--;
    counted->total++;
}

static void count_up(void *data, unsigned number)
{
    struct counted *counted = data;
    uint64_t random = counted->seed + number;
    for (unsigned i = 0; another_round(&counted->stint, i); i++) {
        lg_mutex_lock(&counted->mutex);
        enter(counted, &random);
        lg_mutex_unlock(&counted->mutex);
        yield_at_random(&random);
    }
}

START_TEST(one_at_a_time_is_in_a_mutex)
{
    for (unsigned i = 0; i < 3; i++) {
        struct counted counted = {.stint = stint(4000), .seed = i};
        run_crew(worker_counts[i], 20, 3, count_up, &counted);
        ck_assert_uint_eq(counted.total, counted.stint.begun);
        ck_assert_ptr_null(counted.mutex.lgi_waiters.first);
        ck_assert(is_free(&counted.mutex));
    }
}
END_TEST

/* ---- panics, goexit, deadlines in the middle ---- */

static void panic_inside(struct counted *counted, uint64_t *random)
{
    lg_func_recovers_void {
        lg_defer_recover(stop_quietly);
        lg_mutex_lock(&counted->mutex);
        lg_defer(lg_mutex_unlock, &counted->mutex);
        enter(counted, random);
        lg_panic("in the middle");
    }
}

static void stretch_inside(struct counted *counted, uint64_t *random, bool panics)
{
    lg_func_recovers_void {
        lg_defer_recover(stop_quietly);
        lg_mutex_lock(&counted->mutex);
        lg_defer(lg_mutex_unlock, &counted->mutex);
        {
            lg_mutex_scoped_unlock(&counted->mutex);
            yield_at_random(random);
            if (panics)
                lg_panic("in the stretch");
        }
        enter(counted, random);
    }
}

static void any_way(struct counted *counted, uint64_t *random)
{
    lg_error *err;
    switch (random_below(random, 8)) {
    case 0: panic_inside(counted, random); break;
    case 1: stretch_inside(counted, random, false); break;
    case 2:
        stretch_inside(counted, random, true);
        atomic_fetch_add(&counted->timeouts, 1);
        break;
    case 3:
        err = lg_mutex_lock_until(&counted->mutex, lg_until_timeout(random_below(random, 20000)));
        if (err) {
            ck_assert_ptr_eq(err, &lg_error_deadline_exceeded);
            atomic_fetch_add(&counted->timeouts, 1);
            break;
        }
        enter(counted, random);
        lg_mutex_unlock(&counted->mutex);
        break;
    case 4:
        if (!lg_mutex_try_lock(&counted->mutex)) {
            atomic_fetch_add(&counted->timeouts, 1);
            break;
        }
        enter(counted, random);
        lg_mutex_unlock(&counted->mutex);
        break;
    default:
        lg_mutex_lock(&counted->mutex);
        enter(counted, random);
        lg_mutex_unlock(&counted->mutex);
    }
}

static void count_any_way(void *data, unsigned number)
{
    struct counted *counted = data;
    uint64_t random = counted->seed * 1000 + number;
    for (unsigned i = 0; another_round(&counted->stint, i); i++)
        any_way(counted, &random);
    lg_mutex_lock(&counted->mutex);
    lg_defer(lg_mutex_unlock, &counted->mutex);
    if (number < 20 && number % 2)
        lg_goexit();
}

START_TEST(D13_whatever_happens_inside_one_at_a_time_is_in_and_all_come_through)
{
    for (unsigned i = 0; i < 3; i++) {
        struct counted counted = {.stint = stint(3000), .seed = i};
        run_crew(worker_counts[i], 20, 3, count_any_way, &counted);
        ck_assert_uint_eq(counted.total + counted.timeouts, counted.stint.begun);
        ck_assert_ptr_null(counted.mutex.lgi_waiters.first);
        ck_assert(is_free(&counted.mutex));
    }
}
END_TEST

/* A goroutine holds it, others wait, and then it panics. */
static lg_mutex shared;
static _Atomic int passed;

static void panics_with_waiters(struct signal *go_on)
{
    lg_func_recovers_void {
        lg_defer_recover(stop);
        lg_mutex_lock(&shared);
        lg_defer(lg_mutex_unlock, &shared);
        signal_add(go_on);
        lg_sleep(20 * LG_MILLISECOND);
        lg_panic("while others wait");
    }
}

static void passes(void *data, unsigned number)
{
    (void)data;
    (void)number;
    lg_mutex_lock(&shared);
    lg_defer(lg_mutex_unlock, &shared);
    passed++;
}

START_TEST(D13_a_deferred_unlock_frees_the_waiters_when_the_holder_panics)
{
    struct signal go_on = SIGNAL_INIT;
    ck_assert_ptr_null(lg_set_workers(2));
    lg_go(panics_with_waiters, &go_on);
    signal_wait(&go_on, 1);
    run_crew(2, 10, 5, passes, NULL);
    ck_assert_int_eq(passed, 15);
    expect_trace("stopped: while others wait");
}
END_TEST

/* ---- deadlines ---- */

static void waits_in_vain(void *data)
{
    lg_mutex *mutex = data;
    errno = 4711;
    lg_time start = lg_now();
    ck_assert_ptr_eq(lg_mutex_lock_until(mutex, lg_until_timeout(10 * LG_MILLISECOND)),
                     &lg_error_deadline_exceeded);
    ck_assert_int_ge(lg_now() - start, 10 * LG_MILLISECOND);
    ck_assert_int_eq(errno, 4711);
    ck_assert(!lg_mutex_is_owned(mutex));
    ck_assert_ptr_eq(lg_mutex_lock_until(mutex, lg_until_deadline(0)), &lg_error_deadline_exceeded);
    struct lgi_done done = {.happened = 1};
    lg_until cancelled = {LG_DURATION_MAX, &done};
    ck_assert_ptr_eq(lg_mutex_lock_until(mutex, cancelled), &lg_error_cancelled);
}

START_TEST(C9_a_lock_with_a_deadline_gives_up_and_leaves_no_trace)
{
    lg_mutex mutex = LG_MUTEX_INIT;
    lg_mutex_lock(&mutex);
    on_thread(waits_in_vain, &mutex);
    on_goroutine(waits_in_vain, &mutex);
    ck_assert_ptr_null(mutex.lgi_waiters.first);
    ck_assert(lg_mutex_is_owned(&mutex));
    lg_mutex_unlock(&mutex);
    ck_assert(is_free(&mutex));
}
END_TEST

/* ---- order ---- */

static void passes_in_turn(lg_mutex *mutex, int number)
{
    lg_mutex_lock(mutex);
    lg_defer(lg_mutex_unlock, mutex);
    note_number(number);
}

static int waiting_for(lg_mutex *mutex)
{
    int waiting = 0;
    lgi_mutex_lock_list(mutex);
    for (const struct lgi_waiter *w = mutex->lgi_waiters.first; w; w = w->next)
        waiting++;
    lgi_mutex_unlock_list(mutex);
    return waiting;
}

/* With a wait that is long, and one that is not: handed over, and woken to try. */
static void lets_all_pass(void *data)
{
    lg_mutex mutex = LG_MUTEX_INIT;
    lg_duration pause = *(lg_duration *)data;
    lg_waitgroup all = LG_WAITGROUP_INIT;
    lg_mutex_lock(&mutex);
    for (int i = 0; i < 6; i++) {
        lg_waitgroup_go(&all, passes_in_turn, &mutex, i);
        while (waiting_for(&mutex) != i + 1)
            lg_yield();
    }
    if (pause > 0)
        lg_sleep(pause);
    lg_mutex_unlock(&mutex);
    lg_waitgroup_wait(&all);
    expect_trace("0 1 2 3 4 5");
    ck_assert(is_free(&mutex));
}

START_TEST(waiters_come_in_order_of_arrival)
{
    lg_duration pauses[] = {0, 5 * LG_MILLISECOND};
    ck_assert_ptr_null(lg_set_workers(1));
    for (int i = 0; i < 2; i++) {
        on_goroutine(lets_all_pass, &pauses[i]);
        ck_assert(on_thread(lets_all_pass, &pauses[i]));
    }
}
END_TEST

/* ---- fairness ---- */

struct hog {
    lg_mutex mutex;
    _Atomic bool enough;
};

/* Releases the mutex only to take it again at once. */
static void hog(struct hog *hog)
{
    while (!hog->enough) {
        lg_mutex_lock(&hog->mutex);
        lg_sleep(100 * LG_MICROSECOND);
        lg_mutex_unlock(&hog->mutex);
    }
}

static void gets_its_turns(void *data)
{
    struct hog *other = data;
    for (int i = 0; i < 10; i++) {
        lg_mutex_lock(&other->mutex);
        lg_sleep(100 * LG_MICROSECOND);
        lg_mutex_unlock(&other->mutex);
    }
}

START_TEST(who_waits_for_long_is_handed_the_mutex)
{
    static struct hog one;
    ck_assert_ptr_null(lg_set_workers(2));
    lg_go(hog, &one);
    lg_go(hog, &one);
    on_goroutine(gets_its_turns, &one);
    ck_assert(on_thread(gets_its_turns, &one));
    one.enough = true;
}
END_TEST

/* ---- the stretch without ---- */

static void checks_held(lg_mutex *mutex, const char *word)
{
    note(lg_mutex_is_owned(mutex) ? word : "not-held");
}

static int leaves_by(lg_mutex *mutex, char way)
{
    lg_func_recovers (int, result) {
        lg_defer_recover(stop);
        lg_mutex_lock(mutex);
        lg_defer(lg_mutex_unlock, mutex);
        lg_defer(checks_held, mutex, "held");
        for (int i = 0; i < 2; i++) {
            lg_mutex_scoped_unlock(mutex);
            note(lg_mutex_is_owned(mutex) ? "wrong" : "free");
            if (way == 'b')
                break;
            if (way == 'c')
                continue;
            if (way == 'r')
                return 1;
            if (way == 'R')
                lg_return(2);
            if (way == 'g')
                goto out;
            if (way == 'p')
                lg_panic("p");
            if (way == 'x')
                lg_goexit();
        }
        checks_held(mutex, "again");
    out:
        checks_held(mutex, "out");
    }
}

static void leaves_by_goexit(void *data)
{
    leaves_by(data, 'x');
}

START_TEST(D4_a_stretch_without_the_mutex_retakes_it_on_every_exit)
{
    lg_mutex mutex = LG_MUTEX_INIT;
    leaves_by(&mutex, 'f');
    expect_trace("free free again out held");
    leaves_by(&mutex, 'b');
    expect_trace("free again out held");
    leaves_by(&mutex, 'c');
    expect_trace("free free again out held");
    ck_assert_int_eq(leaves_by(&mutex, 'r'), 1);
    expect_trace("free held");
    ck_assert_int_eq(leaves_by(&mutex, 'R'), 2);
    expect_trace("free held");
    leaves_by(&mutex, 'g');
    expect_trace("free out held");
    leaves_by(&mutex, 'p');
    expect_trace("free held stopped: p");
    ck_assert(!on_thread(leaves_by_goexit, &mutex));
    expect_trace("free held");
    on_goroutine(leaves_by_goexit, &mutex);
    expect_trace("free held");
    ck_assert(is_free(&mutex));
}
END_TEST

static void once_or_more(lg_mutex *mutex)
{
    lg_mutex *const all[] = {mutex};
    int i = 0;
    lg_mutex_scoped_unlock(all[i++]);
    ck_assert_int_eq(i, 1);
}

START_TEST(D2_the_argument_of_a_stretch_is_evaluated_once)
{
    lg_mutex mutex = LG_MUTEX_INIT;
    lg_mutex_lock(&mutex);
    once_or_more(&mutex);
    lg_mutex_unlock(&mutex);
}
END_TEST

/* ---- freed by the next one ---- */

static void let_go(struct held *object, unsigned number)
{
    (void)number;
    lg_mutex_lock(&object->mutex);
    bool last = --object->holders == 0;
    lg_mutex_unlock(&object->mutex);
    if (last)
        free(object);
}

START_TEST(a_mutex_may_be_freed_by_the_last_who_unlocked_it)
{
    let_go_of_many(let_go);
}
END_TEST

/* ---- the end of the process ---- */

static void waits_and_is_stopped(void *data)
{
    lg_mutex *mutex = data;
    lg_defer(tell, "unwound");
    lg_mutex_lock(mutex);
    tell("locked");
}

static void exits_with_one_waiting(void *data)
{
    static lg_mutex mutex;
    (void)data;
    lg_mutex_lock(&mutex);
    lg_go(waits_and_is_stopped, &mutex);
    while (waiting_for(&mutex) == 0)
        lg_sleep(100 * LG_MICROSECOND);
    lg_exit(3);
}

START_TEST(D10_lg_exit_ends_a_wait_for_a_mutex)
{
    struct outcome *outcome = in_child(exits_with_one_waiting, NULL);
    expect_status(outcome, 3);
    expect_out(outcome, "unwound ");
}
END_TEST

RUN_TESTS("mutex that is waited for", one_at_a_time_is_in_a_mutex,
          D13_whatever_happens_inside_one_at_a_time_is_in_and_all_come_through,
          D13_a_deferred_unlock_frees_the_waiters_when_the_holder_panics,
          C9_a_lock_with_a_deadline_gives_up_and_leaves_no_trace,
          who_waits_for_long_is_handed_the_mutex, waiters_come_in_order_of_arrival,
          D4_a_stretch_without_the_mutex_retakes_it_on_every_exit,
          D2_the_argument_of_a_stretch_is_evaluated_once,
          a_mutex_may_be_freed_by_the_last_who_unlocked_it, D10_lg_exit_ends_a_wait_for_a_mutex)
