/* Tests of wait groups; names begin with the rule of docs/rules.md that they hold. */
#include "testing/sync.h"

#include <limits.h>
#include <stdatomic.h>

/* ---- counting ---- */

static void counts(void *data)
{
    (void)data;
    lg_waitgroup group;
    memset(&group, 0, sizeof(group)); /* all zero is an initialised one */
    lg_waitgroup_wait(&group);        /* for nothing */
    ck_assert_ptr_null(lg_waitgroup_wait_until(&group, lg_until_deadline(0)));
    lg_waitgroup_add(&group, 3);
    lg_waitgroup_done(&group);
    lg_waitgroup_add(&group, -1);
    lg_waitgroup_add(&group, 0);
    errno = 4711;
    ck_assert_ptr_eq(lg_waitgroup_wait_until(&group, lg_until_deadline(0)),
                     &lg_error_deadline_exceeded);
    ck_assert_ptr_eq(lg_waitgroup_wait_until(&group, lg_until_timeout(5 * LG_MILLISECOND)),
                     &lg_error_deadline_exceeded);
    struct lgi_done done = {.happened = 1};
    ck_assert_ptr_eq(lg_waitgroup_wait_until(&group, (lg_until){LG_DURATION_MAX, &done}),
                     &lg_error_cancelled);
    ck_assert_int_eq(errno, 4711);
    lg_waitgroup_done(&group);
    lg_waitgroup_wait(&group);
    ck_assert_int_eq(group.lgi_state, 0);
    lg_waitgroup_add(&group, INT_MAX); /* and there is room for more */
    lg_waitgroup_add(&group, INT_MAX);
    lg_waitgroup_add(&group, -INT_MAX);
    lg_waitgroup_add(&group, -INT_MAX);
    lg_waitgroup_wait(&group);
}

START_TEST(C9_a_wait_group_counts_on_any_thread_and_goroutine)
{
    counts(NULL);
    ck_assert(on_thread(counts, NULL));
    on_goroutine(counts, NULL);
}
END_TEST

static lg_waitgroup wrong;

static void done_too_often(void *data)
{
    (void)data;
    lg_waitgroup_add(&wrong, 1);
    lg_waitgroup_done(&wrong);
    lg_waitgroup_done(&wrong);
}

static void negative_add(void *data)
{
    (void)data;
    lg_waitgroup_add(&wrong, 1);
    lg_waitgroup_add(&wrong, -2);
}

static void goes_to_null(void *data)
{
    (void)data;
    void (*nothing)(void *) = NULL;
    lg_waitgroup_go(&wrong, nothing, data);
}

START_TEST(a_negative_counter_panics)
{
    expect_panic(done_too_often, NULL, "negative counter of a wait group");
    expect_panic(negative_add, NULL, "negative counter of a wait group");
    expect_panic(goes_to_null, NULL, "goroutine of a NULL function");
}
END_TEST

static void recovers_and_waits(void *data)
{
    lg_func_recovers_void {
        lg_defer_recover(stop);
        negative_add(data);
    }
}

START_TEST(D15_a_refused_add_changes_nothing)
{
    recovers_and_waits(NULL);
    expect_trace("stopped: negative counter of a wait group: more done than was added");
    lg_waitgroup_done(&wrong);
    lg_waitgroup_wait(&wrong);
}
END_TEST

/* ---- waiting ---- */

static _Atomic int ended;

static void ends(lg_waitgroup *group)
{
    lg_defer(lg_waitgroup_done, group);
    lg_sleep(LG_MILLISECOND);
    ended++;
}

static void starts_and_waits(void *data)
{
    (void)data;
    lg_waitgroup group = LG_WAITGROUP_INIT;
    for (int round = 1; round <= 3; round++) {
        lg_waitgroup_add(&group, 10);
        for (int i = 0; i < 10; i++)
            lg_go(ends, &group);
        lg_waitgroup_wait(&group);
        ck_assert_int_eq(ended / 10, round);
    }
    ended = 0;
}

START_TEST(G2_a_wait_ends_when_all_are_done_and_the_group_is_used_again)
{
    starts_and_waits(NULL);
    ck_assert(on_thread(starts_and_waits, NULL));
    on_goroutine(starts_and_waits, NULL);
}
END_TEST

struct latch {
    lg_waitgroup group;
    _Atomic int through;
};

static void waits(void *data, unsigned number)
{
    struct latch *latch = data;
    if (number == 0) {
        lg_sleep(10 * LG_MILLISECOND);
        ck_assert_int_eq(latch->through, 0);
        lg_waitgroup_done(&latch->group);
        return;
    }
    if (number % 3 == 0)
        lg_waitgroup_wait(&latch->group);
    else if (number % 3 == 1)
        ck_assert_ptr_null(lg_waitgroup_wait_until(&latch->group, lg_until_timeout(LG_MINUTE)));
    else if (lg_waitgroup_wait_until(&latch->group, lg_until_timeout(number * LG_MICROSECOND)))
        return;
    latch->through++;
}

START_TEST(any_number_may_wait_for_one_group)
{
    for (unsigned i = 0; i < 3; i++) {
        struct latch latch = {LG_WAITGROUP_INIT, 0};
        lg_waitgroup_add(&latch.group, 1);
        run_crew(worker_counts[i], 30, 9, waits, &latch);
        ck_assert_int_ge(latch.through, 20);
        ck_assert_ptr_null(latch.group.lgi_waiters.first);
        ck_assert_int_eq(latch.group.lgi_state, 0);
    }
}
END_TEST

/* ---- lg_waitgroup_go ---- */

static void adds_late(_Atomic int *sum)
{
    lg_yield();
    (*sum)++;
}

static void adds(_Atomic int *sum, int number, const char *how)
{
    lg_defer(adds_late, sum);
    *sum += number;
    if (strcmp(how, "goexit") == 0)
        lg_goexit();
}

static void adds_nothing(void) {}

START_TEST(G2_what_a_group_started_is_done_when_it_has_run_all_it_deferred)
{
    _Atomic int sum = 0;
    lg_waitgroup group = LG_WAITGROUP_INIT;
    for (int i = 0; i < 100; i++) {
        lg_waitgroup_go(&group, adds, &sum, 2, "return");
        lg_waitgroup_go(&group, adds, &sum, 3, "goexit");
        lg_waitgroup_go(&group, adds_nothing);
    }
    lg_waitgroup_wait(&group);
    ck_assert_int_eq(sum, 700);
}
END_TEST

static void panics(void)
{
    lg_panic("nobody stops it");
}

static void starts_one_that_panics(void *data)
{
    (void)data;
    static lg_waitgroup group;
    large_stacks();
    lg_waitgroup_go(&group, panics);
    lg_waitgroup_wait(&group);
    tell("went on");
    lg_sleep(LG_HOUR);
}

START_TEST(P8_a_panic_in_what_a_group_started_ends_the_process)
{
    struct outcome *outcome = in_child(starts_one_that_panics, NULL);
    expect_status(outcome, 2);
    expect_in_err(outcome, "nobody stops it");
    expect_out(outcome, ""); /* who waited was not let go */
}
END_TEST

/* ---- freed by who waited ---- */

static void on_its_stack(void *data, unsigned number)
{
    uint64_t random = number;
    unsigned rounds = *(unsigned *)data;
    for (unsigned i = 0; i < rounds; i++) {
        lg_waitgroup *group = calloc(1, sizeof(*group));
        ck_assert_ptr_nonnull(group);
        lg_waitgroup_add(group, 2);
        lg_go(lg_waitgroup_done, group);
        yield_at_random(&random);
        lg_go(lg_waitgroup_done, group);
        yield_at_random(&random);
        lg_error *err = lg_waitgroup_wait_until(group,
                                                lg_until_timeout(random_below(&random, 5000)));
        if (err)
            lg_waitgroup_wait(group);
        free(group);
    }
}

START_TEST(G2_a_group_may_be_freed_once_the_wait_is_over)
{
    unsigned rounds = stress(2000);
    for (unsigned i = 0; i < 3; i++)
        run_crew(worker_counts[i], 6, 2, on_its_stack, &rounds);
}
END_TEST

/* ---- the end of the process ---- */

static void waits_and_is_stopped(lg_waitgroup *group)
{
    lg_defer(tell, "unwound");
    lg_waitgroup_wait(group);
    tell("went on");
}

static void exits_with_one_waiting(void *data)
{
    static lg_waitgroup group;
    (void)data;
    lg_waitgroup_add(&group, 1);
    lg_go(waits_and_is_stopped, &group);
    while (!(__atomic_load_n(&group.lgi_state, __ATOMIC_RELAXED) & 1))
        lg_sleep(100 * LG_MICROSECOND);
    lg_exit(3);
}

START_TEST(D10_lg_exit_ends_a_wait_for_a_group)
{
    struct outcome *outcome = in_child(exits_with_one_waiting, NULL);
    expect_status(outcome, 3);
    expect_out(outcome, "unwound ");
}
END_TEST

RUN_TESTS("waitgroup", C9_a_wait_group_counts_on_any_thread_and_goroutine,
          a_negative_counter_panics, D15_a_refused_add_changes_nothing,
          G2_a_wait_ends_when_all_are_done_and_the_group_is_used_again,
          any_number_may_wait_for_one_group,
          G2_what_a_group_started_is_done_when_it_has_run_all_it_deferred,
          P8_a_panic_in_what_a_group_started_ends_the_process,
          G2_a_group_may_be_freed_once_the_wait_is_over, D10_lg_exit_ends_a_wait_for_a_group)
