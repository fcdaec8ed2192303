/* D18: guards. */
#include "testing/test.h"

struct lock {
    int held;
    bool refuses;
};

static void take(struct lock *lock)
{
    note("lock");
    if (lock->refuses)
        lg_panic("refused");
    lock->held++;
}

static bool try_take(struct lock *lock)
{
    if (!lock->refuses)
        take(lock);
    return !lock->refuses;
}

static void give(struct lock *lock)
{
    note("unlock");
    lock->held--;
}

LG_DEFINE_GUARD(lock, struct lock *, take, give)
LG_DEFINE_TRY_GUARD(try_lock, struct lock *, try_take, give)

START_TEST(D18_a_guard_holds_its_lock_until_the_block_is_left)
{
    struct lock lock = {0, false};
    for (int i = 0; i < 2; i++) {
        lg_guard(lock)(&lock);
        ck_assert_int_eq(lock.held, 1);
        lg_defer(note, "deferred");
        if (i == 0)
            continue;
        lg_guard(lock)(&lock);
        ck_assert_int_eq(lock.held, 2);
    }
    ck_assert_int_eq(lock.held, 0);
    expect_trace("lock deferred unlock lock lock unlock deferred unlock");
}
END_TEST

static void lock_and_panic(struct lock *lock)
{
    lg_func_recovers_void {
        lg_defer_recover(stop);
        lg_guard(lock)(lock);
        lg_panic("held");
    }
}

START_TEST(D18_a_panic_gives_the_lock_back)
{
    struct lock lock = {0, false};
    lock_and_panic(&lock);
    ck_assert_int_eq(lock.held, 0);
    expect_trace("lock unlock stopped: held");
}
END_TEST

START_TEST(D18_a_lock_that_panics_is_not_unlocked)
{
    struct lock lock = {0, true};
    lock_and_panic(&lock);
    ck_assert_int_eq(lock.held, 0);
    expect_trace("lock stopped: refused");
}
END_TEST

static int twice(struct lock *lock, bool early)
{
    lg_scoped_guard(lock, lock)
    {
        if (early)
            return lock->held;
    }
    lg_scoped_guard(lock, lock)
    {
        for (;;)
            break;
        note("body");
        break;
    }
    return lock->held;
}

START_TEST(D18_a_scoped_guard_holds_for_its_block)
{
    struct lock lock = {0, false};
    ck_assert_int_eq(twice(&lock, true), 1);
    ck_assert_int_eq(lock.held, 0);
    expect_trace("lock unlock");
    ck_assert_int_eq(twice(&lock, false), 0);
    expect_trace("lock unlock lock body unlock");
}
END_TEST

static const char *conditional(struct lock *lock)
{
    lg_scoped_guard(try_lock, lock)
    {
        note("first");
    }
    lg_scoped_guard_or(try_lock, note("otherwise"), lock)
    {
        note("second");
    }
    lg_scoped_guard_or(try_lock, return "busy", lock)
    {
        lg_guard_as(try_lock, guard)(lock);
        ck_assert(lg_guard_held(guard));
        return "taken";
    }
    return "skipped";
}

START_TEST(D18_a_conditional_guard_holds_nothing_if_the_lock_is_taken)
{
    struct lock lock = {0, false};
    ck_assert_str_eq(conditional(&lock), "taken");
    expect_trace("lock first unlock lock second unlock lock lock unlock unlock");
    ck_assert_int_eq(lock.held, 0);
    lock.refuses = true;
    ck_assert_str_eq(conditional(&lock), "busy");
    expect_trace("otherwise");
    {
        lg_guard_as(try_lock, guard)(&lock);
        ck_assert(!lg_guard_held(guard));
    }
    expect_trace("");
}
END_TEST

START_TEST(D18_the_librarys_own_locks_have_guards)
{
    lg_mutex mutex = LG_MUTEX_INIT;
    lg_rwmutex rw = LG_RWMUTEX_INIT;
    {
        lg_guard(lg_mutex)(&mutex);
        ck_assert(lg_mutex_is_owned(&mutex));
        lg_guard_as(lg_mutex_try, second)(&mutex);
        ck_assert(!lg_guard_held(second));
    }
    ck_assert(!lg_mutex_is_owned(&mutex));
    {
        lg_guard(lg_rwmutex_read)(&rw);
        lg_guard(lg_rwmutex_read)(&rw);
        lg_guard_as(lg_rwmutex_try, writer)(&rw);
        lg_guard_as(lg_rwmutex_read_try, reader)(&rw);
        ck_assert(!lg_guard_held(writer) && lg_guard_held(reader));
    }
    lg_scoped_guard(lg_rwmutex, &rw)
    {
        lg_guard_as(lg_rwmutex_read_try, reader)(&rw);
        ck_assert(!lg_guard_held(reader));
    }
    ck_assert(lg_rwmutex_try_lock(&rw));
    lg_rwmutex_unlock(&rw);
}
END_TEST

RUN_TESTS("sync/guard", D18_a_guard_holds_its_lock_until_the_block_is_left,
          D18_a_panic_gives_the_lock_back, D18_a_lock_that_panics_is_not_unlocked,
          D18_a_scoped_guard_holds_for_its_block,
          D18_a_conditional_guard_holds_nothing_if_the_lock_is_taken,
          D18_the_librarys_own_locks_have_guards)
