/* Tests of mutexes; names begin with the rule of docs/rules.md that they hold. */
#include "testing/sync.h"

#include <lifoguard/rwmutex.h>

#include "sched/park.h"

/* ---- alone ---- */

static void locks_and_unlocks(void *data)
{
    (void)data;
    lg_mutex mutex;
    memset(&mutex, 0, sizeof(mutex)); /* all zero is an initialised one */
    ck_assert(!lg_mutex_is_owned(&mutex));
    for (int i = 0; i < 3; i++) {
        lg_mutex_lock(&mutex);
        ck_assert(lg_mutex_is_owned(&mutex));
        ck_assert(!lg_mutex_try_lock(&mutex)); /* as in Go: no panic */
        lg_mutex_unlock(&mutex);
        ck_assert(!lg_mutex_is_owned(&mutex));
        ck_assert(lg_mutex_try_lock(&mutex));
        lg_mutex_unlock(&mutex);
        ck_assert_ptr_null(lg_mutex_lock_until(&mutex, lg_until_timeout(-1)));
        lg_mutex_unlock(&mutex);
        lg_mutex_relock(&mutex);
        lg_mutex_unlock(&mutex);
    }
    ck_assert(is_free(&mutex));
}

START_TEST(G1_a_mutex_locks_on_any_thread_and_goroutine)
{
    locks_and_unlocks(NULL);
    ck_assert(on_thread(locks_and_unlocks, NULL));
    on_goroutine(locks_and_unlocks, NULL);
}
END_TEST

/* ---- misuse ---- */

static lg_mutex held;

static void locks_twice(void *data)
{
    (void)data;
    lg_mutex_lock(&held);
    lg_mutex_lock(&held);
}

static void locks_twice_until(void *data)
{
    (void)data;
    lg_mutex_lock(&held);
    lg_error *err = lg_mutex_lock_until(&held, lg_until_timeout(LG_SECOND));
    tell(err ? "error" : "locked");
}

static void unlocks_unlocked(void *data)
{
    (void)data;
    lg_mutex_unlock(&held);
}

static void unlocks_twice(void *data)
{
    (void)data;
    lg_mutex_lock(&held);
    lg_mutex_unlock(&held);
    lg_mutex_unlock(&held);
}

static void lock_held(void *data)
{
    (void)data;
    lg_mutex_lock(&held);
}

static void unlocks_anothers(void *data)
{
    (void)data;
    on_thread(lock_held, NULL);
    lg_mutex_unlock(&held);
}

static void unlocks_a_goroutines(void *data)
{
    (void)data;
    lg_mutex_lock(&held);
    child_goroutine(&(struct thread_work){unlocks_unlocked, NULL});
}

static void unlocks_within_the_stretch(void *data)
{
    (void)data;
    lg_mutex_lock(&held);
    lg_mutex_scoped_unlock(&held);
    lg_mutex_unlock(&held);
}

static void stretch_without_lock(void *data)
{
    (void)data;
    lg_mutex_scoped_unlock(&held);
    tell("in");
}

START_TEST(misuse_of_a_mutex_panics)
{
    expect_panic(locks_twice, NULL, "lock of a mutex that the caller holds already");
    expect_panic(locks_twice_until, NULL, "lock of a mutex that the caller holds already");
    expect_panic(unlocks_unlocked, NULL, "unlock of a mutex that is not locked");
    expect_panic(unlocks_twice, NULL, "unlock of a mutex that is not locked");
    expect_panic(unlocks_anothers, NULL,
                 "unlock of a mutex that another goroutine or thread holds");
    expect_panic(unlocks_within_the_stretch, NULL, "unlock of a mutex that is not locked");
    expect_panic(stretch_without_lock, NULL, "unlock of a mutex that is not locked");
    struct outcome *outcome = in_child(unlocks_a_goroutines, NULL);
    expect_status(outcome, 2);
    expect_in_err(outcome, "unlock of a mutex that another goroutine or thread holds");
}
END_TEST

/* ---- left locked by one that has ended ---- */

static void lock_and_end(lg_rwmutex *also)
{
    lg_mutex_lock(&held);
    lg_rwmutex_lock(also);
}

static void lock_and_end_in_thread(void *also)
{
    lock_and_end(also);
}

static lg_rwmutex also_held;

static void find_abandoned(void)
{
    lg_until soon = lg_until_timeout(LG_MINUTE);
    tell(lg_mutex_is_owned(&held) ? "mine" : "not mine");
    tell(lg_mutex_try_lock(&held) ? "locked" : "not locked");
    lg_error *errors[] = {lg_mutex_lock_until(&held, soon), lg_rwmutex_lock_until(&also_held, soon),
                          lg_rwmutex_rlock_until(&also_held, soon)};
    for (int i = 0; i < 3; i++)
        tell(lg_error_is(errors[i], &lg_error_abandoned) ? "abandoned" : "other");
}

static void run_in_goroutine(void (*function)(void))
{
    lg_waitgroup group = {0};
    lg_waitgroup_go(&group, function);
    lg_waitgroup_wait(&group);
}

static void in_thread(void *function)
{
    ((void (*)(void))(uintptr_t)function)();
}

static void abandon(bool by_thread)
{
    lg_waitgroup group = {0};
    lg_error_free(lg_set_workers(1));
    if (by_thread)
        on_thread(lock_and_end_in_thread, &also_held);
    else
        lg_waitgroup_go(&group, lock_and_end, &also_held);
    lg_waitgroup_wait(&group);
    /* It is done with its work, but may be about to end. */
    while (!lg_error_is(lg_mutex_lock_until(&held, lg_until_timeout(LG_MILLISECOND)),
                        &lg_error_abandoned))
        ;
}

/* The next ones run on the same stack, or have the same record. */
static void abandoned_is_nobody_elses(void *by_thread)
{
    abandon(by_thread != NULL);
    for (int i = 0; i < 2; i++)
        run_in_goroutine(find_abandoned);
    for (int i = 0; i < 2; i++)
        on_thread(in_thread, (void *)(uintptr_t)find_abandoned);
}

START_TEST(one_that_has_ended_does_not_lend_its_locks)
{
    for (int by_thread = 0; by_thread < 2; by_thread++) {
        struct outcome *outcome = in_child(abandoned_is_nobody_elses, by_thread ? &held : NULL);
        expect_status(outcome, 0);
        const char *once = "not mine not locked abandoned abandoned abandoned ";
        char expected[400] = "";
        for (int i = 0; i < 4; i++)
            strcat(expected, once);
        expect_out(outcome, expected);
    }
}
END_TEST

static void lock_abandoned(void *unused)
{
    (void)unused;
    abandon(false);
    lg_mutex_lock(&held);
}

static void wait_for_held(void)
{
    lg_mutex_lock(&held);
}

static void lock_until_others_wait(lg_waitgroup *done)
{
    lg_mutex_lock(&held);
    lg_go(wait_for_held);
    while (lgi_waiters_empty(&held.lgi_waiters))
        lg_yield();
    lg_waitgroup_done(done);
}

static void leave_waiting(void *unused)
{
    (void)unused;
    lg_waitgroup group = {0};
    lg_error_free(lg_set_workers(1));
    lg_waitgroup_add(&group, 1);
    lg_go(lock_until_others_wait, &group);
    lg_waitgroup_wait(&group);
    lg_waitgroup_add(&group, 1);
    lg_waitgroup_wait(&group);
}

START_TEST(what_was_left_locked_is_said)
{
    expect_panic(lock_abandoned, NULL, "lock of a mutex whose owner has ended without unlocking");
    if (!deadlocks_are_found())
        return;
    struct outcome *outcome = in_child(leave_waiting, NULL);
    expect_status(outcome, 2);
    expect_in_err(outcome, "all goroutines are asleep - deadlock!");
    expect_in_err(outcome, "waits for what one that has ended still holds");
}
END_TEST
static lg_mutex held_by_goroutine, held_by_main;
static lg_rwmutex held_for_writing;

static void hold_and_wait(lg_mutex *own, lg_mutex *other)
{
    lg_mutex_lock(own);
    lg_mutex_lock(other);
}

static void wait_to_read(void)
{
    lg_rwmutex_rlock(&held_for_writing);
}

static void wait_for_each_other(void *unused)
{
    (void)unused;
    lg_rwmutex_lock(&held_for_writing);
    lg_mutex_lock(&held_by_main);
    lg_go(hold_and_wait, &held_by_goroutine, &held_by_main);
    lg_go_with(((lg_go_options){.name = "reader"}), wait_to_read);
    while (!held_by_main.lgi_waiters.first)
        lg_sleep(LG_MILLISECOND);
    lg_mutex_lock(&held_by_goroutine);
}

START_TEST(who_holds_a_mutex_is_said)
{
    if (!deadlocks_are_found())
        return;
    struct outcome *outcome = in_child(wait_for_each_other, NULL);
    expect_status(outcome, 2);
    expect_in_err(outcome, "main, waits for mutex, held by goroutine 1, hold_and_wait:\n");
    expect_in_err(outcome, "goroutine 1, hold_and_wait, waits for mutex, held by main:\n");
    expect_in_err(outcome, "goroutine 2, reader, waits for read lock, held by main:\n");
}
END_TEST

RUN_TESTS("mutex", G1_a_mutex_locks_on_any_thread_and_goroutine, misuse_of_a_mutex_panics,
          one_that_has_ended_does_not_lend_its_locks, what_was_left_locked_is_said,
          who_holds_a_mutex_is_said)
