/* Tests of semaphores; names begin with the rule of docs/rules.md that they hold. */
#include "testing/sync.h"

#include <stdatomic.h>

#include "sched/park.h"

static size_t free_units(const lg_semaphore *semaphore)
{
    return __atomic_load_n(&semaphore->lgi_state, __ATOMIC_RELAXED) / 2;
}

static bool waited_for(const lg_semaphore *semaphore)
{
    return __atomic_load_n(&semaphore->lgi_state, __ATOMIC_RELAXED) & 1;
}

/* ---- alone ---- */

static void acquires_and_releases(void *data)
{
    (void)data;
    lg_semaphore semaphore = LG_SEMAPHORE_INIT(5);
    struct lgi_done done = {.happened = 1};
    const lg_until cancelled = {LG_DURATION_MAX, &done};
    errno = 4711;
    lg_semaphore_acquire(&semaphore, 2);
    ck_assert(lg_semaphore_try_acquire(&semaphore, 2));
    ck_assert(!lg_semaphore_try_acquire(&semaphore, 2));
    ck_assert_ptr_null(lg_semaphore_acquire_until(&semaphore, 1, lg_until_deadline(0)));
    ck_assert_ptr_eq(lg_semaphore_acquire_until(&semaphore, 1, lg_until_deadline(0)),
                     &lg_error_deadline_exceeded);
    ck_assert_ptr_eq(lg_semaphore_acquire_until(&semaphore, 5, lg_until_timeout(LG_MILLISECOND)),
                     &lg_error_deadline_exceeded);
    ck_assert_ptr_eq(lg_semaphore_acquire_until(&semaphore, 1, cancelled), &lg_error_cancelled);
    ck_assert(lg_semaphore_try_acquire(&semaphore, 0));
    lg_semaphore_acquire(&semaphore, 0);
    lg_semaphore_release(&semaphore, 0);
    ck_assert_uint_eq(free_units(&semaphore), 0);
    lg_semaphore_release(&semaphore, 5);
    lg_semaphore_acquire(&semaphore, 5);
    lg_semaphore_release(&semaphore, 3);
    lg_semaphore_release(&semaphore, 2);
    ck_assert(!lg_semaphore_try_acquire(&semaphore, 6)); /* nor ever */
    ck_assert_int_eq(errno, 4711);
    ck_assert_uint_eq(free_units(&semaphore), 5);
    ck_assert(!waited_for(&semaphore));
}

static void counts(void *data)
{
    (void)data;
    lg_semaphore semaphore = {0};
    ck_assert(!lg_semaphore_try_acquire(&semaphore, 1));
    lg_semaphore_release(&semaphore, 3);
    lg_semaphore_release(&semaphore, SIZE_MAX / 8);
    lg_semaphore_acquire(&semaphore, 3);
    lg_semaphore_acquire(&semaphore, SIZE_MAX / 8);
    ck_assert(!lg_semaphore_try_acquire(&semaphore, 1));
    const lg_semaphore none = LG_SEMAPHORE_INIT(0); /* the same */
    ck_assert_uint_eq(semaphore.lgi_state, none.lgi_state);
    ck_assert_uint_eq(semaphore.lgi_size, none.lgi_size);
}

START_TEST(C9_a_semaphore_works_on_any_thread_and_goroutine)
{
    void (*const works[])(void *) = {acquires_and_releases, counts};
    for (int i = 0; i < 2; i++) {
        works[i](NULL);
        ck_assert(on_thread(works[i], NULL));
        on_goroutine(works[i], NULL);
    }
}
END_TEST

/* ---- misuse ---- */

static void releases_too_many(void *data)
{
    (void)data;
    static lg_semaphore semaphore = LG_SEMAPHORE_INIT(3);
    lg_semaphore_acquire(&semaphore, 2);
    lg_semaphore_release(&semaphore, 3);
}

static void wants_too_many(void *data)
{
    (void)data;
    static lg_semaphore semaphore = LG_SEMAPHORE_INIT(3);
    lg_semaphore_acquire(&semaphore, 4);
}

static void wants_too_many_until(void *data)
{
    (void)data;
    static lg_semaphore semaphore = LG_SEMAPHORE_INIT(3);
    lg_error *err = lg_semaphore_acquire_until(&semaphore, 4, lg_until_deadline(0));
    tell(err ? "error" : "got them");
}

static void releases_beyond_numbers(void *data)
{
    (void)data;
    static lg_semaphore semaphore;
    lg_semaphore_release(&semaphore, SIZE_MAX / 4);
    lg_semaphore_release(&semaphore, SIZE_MAX / 4);
}

START_TEST(misuse_of_a_semaphore_panics)
{
    expect_panic(releases_too_many, NULL, "more units released than were acquired");
    expect_panic(wants_too_many, NULL, "4 units wanted of a semaphore that has 3");
    expect_panic(wants_too_many_until, NULL, "4 units wanted of a semaphore that has 3");
    expect_panic(releases_beyond_numbers, NULL, "more units released than were acquired");
}
END_TEST

/* ---- order ---- */

struct wanted {
    lg_semaphore *semaphore;
    lg_until until;
    _Atomic int served;
};

static void wants(struct wanted *wanted, size_t units, const char *word)
{
    lg_error *err = lg_semaphore_acquire_until(wanted->semaphore, units, wanted->until);
    if (err)
        return;
    note(word);
    wanted->served++;
}

static void wait_for_list(lg_semaphore *semaphore, int count)
{
    for (;;) {
        int waiting = 0;
        (void)lgi_lock_lists(&semaphore->lgi_lock);
        for (const struct lgi_waiter *w = semaphore->lgi_waiters.first; w; w = w->next)
            waiting++;
        lgi_unlock_lists(&semaphore->lgi_lock);
        if (waiting == count)
            return;
        lg_sleep(100 * LG_MICROSECOND);
    }
}

static void waits_in_order(void *data)
{
    (void)data;
    lg_semaphore semaphore = LG_SEMAPHORE_INIT(4);
    struct wanted wanted = {&semaphore, lg_until_forever(), 0};
    lg_waitgroup all = LG_WAITGROUP_INIT;
    lg_semaphore_acquire(&semaphore, 4);
    lg_waitgroup_go(&all, wants, &wanted, (size_t)3, "three");
    wait_for_list(&semaphore, 1);
    lg_waitgroup_go(&all, wants, &wanted, (size_t)1, "one");
    wait_for_list(&semaphore, 2);
    lg_semaphore_release(&semaphore, 2);
    ck_assert(!lg_semaphore_try_acquire(&semaphore, 1)); /* the first wants three */
    lg_sleep(2 * LG_MILLISECOND);
    ck_assert_ptr_eq(lg_semaphore_acquire_until(&semaphore, 1, lg_until_deadline(0)),
                     &lg_error_deadline_exceeded);
    ck_assert_int_eq(wanted.served, 0);
    ck_assert_uint_eq(free_units(&semaphore), 2);
    lg_semaphore_release(&semaphore, 1);
    wait_for_list(&semaphore, 1);
    while (wanted.served == 0)
        lg_sleep(100 * LG_MICROSECOND);
    expect_trace("three");
    lg_semaphore_release(&semaphore, 1);
    lg_waitgroup_wait(&all);
    expect_trace("one");
    ck_assert(!waited_for(&semaphore));
}

START_TEST(first_come_first_served)
{
    ck_assert(on_thread(waits_in_order, NULL));
    on_goroutine(waits_in_order, NULL);
}
END_TEST

static void one_gives_up(void *data)
{
    (void)data;
    lg_semaphore semaphore = LG_SEMAPHORE_INIT(4);
    struct lgi_done done = {0};
    struct wanted some_time = {&semaphore, {LG_DURATION_MAX, &done}, 0};
    struct wanted always = {&semaphore, lg_until_forever(), 0};
    lg_waitgroup all = LG_WAITGROUP_INIT;
    lg_semaphore_acquire(&semaphore, 2);
    lg_waitgroup_go(&all, wants, &some_time, (size_t)4, "four");
    wait_for_list(&semaphore, 1);
    lg_waitgroup_go(&all, wants, &always, (size_t)1, "one");
    lg_waitgroup_go(&all, wants, &always, (size_t)1, "one");
    wait_for_list(&semaphore, 3);
    lgi_done_set(&done, NULL);
    lg_waitgroup_wait(&all);
    expect_trace("one one");
    ck_assert_uint_eq(free_units(&semaphore), 0);
}

START_TEST(C9_who_gives_up_lets_those_behind_go_on)
{
    ck_assert(on_thread(one_gives_up, NULL));
    on_goroutine(one_gives_up, NULL);
}
END_TEST

/* ---- many ---- */

enum { SIZE = 7 };

struct pool {
    lg_semaphore semaphore;
    struct stint stint;
    _Atomic int used;
    _Atomic unsigned long got, gave_up;
};

static void use(struct pool *pool, int units, uint64_t *random)
{
    lg_func_recovers_void {
        lg_defer_recover(stop_quietly);
        lg_defer(lg_semaphore_release, &pool->semaphore, (size_t)units);
        ck_assert_int_le(pool->used += units, SIZE);
        yield_at_random(random);
        ck_assert_int_ge(pool->used -= units, 0);
        pool->got++;
        if (random_below(random, 4) == 0)
            lg_panic("with units");
    }
}

static void use_often(void *data, unsigned number)
{
    struct pool *pool = data;
    uint64_t random = number;
    for (unsigned i = 0; another_round(&pool->stint, i); i++) {
        unsigned units = random_below(&random, SIZE + 1);
        lg_error *err = NULL;
        bool got = true;
        switch (random_below(&random, 4)) {
        case 0: got = lg_semaphore_try_acquire(&pool->semaphore, units); break;
        case 1:
            err = lg_semaphore_acquire_until(&pool->semaphore, units,
                                             lg_until_timeout(random_below(&random, 20000)));
            break;
        default: lg_semaphore_acquire(&pool->semaphore, units);
        }
        if (err || !got)
            pool->gave_up++;
        else
            use(pool, (int)units, &random);
        yield_at_random(&random);
    }
}

START_TEST(D13_never_more_than_there_are_and_none_are_lost)
{
    for (unsigned i = 0; i < 3; i++) {
        struct pool pool = {.semaphore = LG_SEMAPHORE_INIT(SIZE), .stint = stint(2000)};
        run_crew(worker_counts[i], 20, 4, use_often, &pool);
        ck_assert_uint_eq(pool.got + pool.gave_up, pool.stint.begun);
        ck_assert_uint_eq(free_units(&pool.semaphore), SIZE);
        ck_assert(!waited_for(&pool.semaphore));
    }
}
END_TEST

/* ---- freed by who acquired ---- */

static void signals(lg_semaphore *semaphore)
{
    lg_semaphore_release(semaphore, 1);
}

static void waits_for_signals(void *data, unsigned number)
{
    uint64_t random = number;
    unsigned rounds = *(unsigned *)data;
    for (unsigned i = 0; i < rounds; i++) {
        lg_semaphore *semaphore = calloc(1, sizeof(*semaphore));
        ck_assert_ptr_nonnull(semaphore);
        lg_go(signals, semaphore);
        lg_go(signals, semaphore);
        yield_at_random(&random);
        lg_error *err = lg_semaphore_acquire_until(semaphore, 2,
                                                   lg_until_timeout(random_below(&random, 5000)));
        if (err)
            lg_semaphore_acquire(semaphore, 2);
        free(semaphore);
    }
}

START_TEST(a_semaphore_may_be_freed_when_all_that_was_released_is_acquired)
{
    unsigned rounds = stress(1000);
    for (unsigned i = 0; i < 3; i++)
        run_crew(worker_counts[i], 6, 2, waits_for_signals, &rounds);
}
END_TEST

RUN_TESTS("semaphore", C9_a_semaphore_works_on_any_thread_and_goroutine,
          misuse_of_a_semaphore_panics, first_come_first_served,
          C9_who_gives_up_lets_those_behind_go_on, D13_never_more_than_there_are_and_none_are_lost,
          a_semaphore_may_be_freed_when_all_that_was_released_is_acquired)
