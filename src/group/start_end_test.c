/* Tests of lg_group_start: readiness where nobody waits, places, arguments, memory, the end of the process. Rules are those of docs/rules.md. */
#include "testing/starting.h"

/* ---- readiness where nobody waits for it ---- */

static lg_error *ready_twice(void)
{
    ck_assert(lg_member_ready());
    ck_assert(lg_member_ready());
    return NULL;
}

static void ready_anywhere(void)
{
    lg_group group = {0};
    ck_assert(lg_member_ready());
    lg_group_go(&group, ready_twice);
    expect_none(lg_group_start(&group, lg_until_forever(), ready_twice));
    ck_assert_ptr_null(lg_group_wait(&group));
    lg_group_free(&group);
}

START_TEST(g10_being_ready_is_nothing_elsewhere)
{
    everywhere(ready_anywhere);
}
END_TEST

/* ---- places, arguments, memory ---- */

static atomic_int dropped;

static void count_dropped(void *argument)
{
    (void)argument;
    add_one(&dropped);
}

static lg_error *take_argument(void *argument)
{
    (void)argument;
    return &one_error;
}

START_TEST(g10_an_owned_argument_is_released_in_every_case)
{
    lg_group group = {0};
    const lg_until forever = lg_until_forever(), now = lg_until_now();
    const lg_go_options owned = {.free = count_dropped, .until = &forever};
    expect_same(lg_group_start_with(&group, owned, take_argument, NULL), &one_error);
    ck_assert_int_eq(dropped, 0);

    lg_group_set_limit(&group, 1); /* no place, within the limit */
    lg_group_go(&group, wait_silently, &group);
    expect_same(lg_group_start_with(&group, ((lg_go_options){.free = count_dropped, .until = &now}),
                                    take_argument, NULL),
                &lg_error_deadline_exceeded);
    ck_assert_int_eq(dropped, 1);

    lg_group_cancel(&group, NULL);
    expect_same(lg_group_start_with(&group, owned, take_argument, NULL), &lg_error_cancelled);
    ck_assert_int_eq(dropped, 2);
    lg_group_free(&group);
}
END_TEST

START_TEST(g10_on_a_thread_of_its_own)
{
    lg_group group = {0};
    atomic_int cell = 0;
    const lg_go_options thread = {.thread = true};
    expect_none(lg_group_start_with(&group, thread, ready_then_wait, &group, &cell));
    const lg_until until = soon();
    expect_same(lg_group_start_with(&group, ((lg_go_options){.thread = true, .until = &until}),
                                    never_ready, &group),
                &lg_error_deadline_exceeded);
    lg_group_free(&group);
    ck_assert_int_eq(cell, 2);
}
END_TEST

START_TEST(g10_every_allocation_fails_once)
{
    if (!can_fail_allocations())
        return;
    lg_group group = {0};
    long failing = 0;
    lg_error *error;
    do {
        memory_watch(++failing, true);
        error = lg_group_start(&group, lg_until_forever(), ready_twice);
        memory_ignore();
        ck_assert(!error || error == &lg_error_out_of_memory);
        ck_assert_ptr_null(lg_group_wait(&group));
        ck_assert(!lg_group_is_cancelled(&group));
    } while (error);
    ck_assert_int_gt(failing, 1);
    lg_group_free(&group);
}
END_TEST

/* ---- the end of the process ---- */

static void exit_early(void)
{
    lg_exit(3);
}

static void start_what_exits(void *data)
{
    (void)data;
    lg_group group = {0};
    lg_defer(tell, "unwound");
    lg_error_free(lg_group_start(&group, lg_until_forever(), exit_early));
    tell("went-on");
}

START_TEST(g10_the_starter_does_not_go_on_after_an_exit)
{
    struct outcome *outcome = in_child(start_what_exits, NULL);
    expect_status(outcome, 3);
    ck_assert_ptr_null(strstr(outcome->out, "went-on"));
}
END_TEST

static void start_for_ever(lg_group *group, atomic_int *cell)
{
    lg_defer(tell, "starter-unwound");
    *cell = 1;
    lg_error_free(lg_group_start(group, lg_until_forever(), never_ready, group));
    tell("went-on");
}

static void exit_while_starting(void *data)
{
    (void)data;
    static lg_group group;
    static atomic_int cell;
    lg_go(start_for_ever, &group, &cell);
    while (lg_group_count(&group) == 0)
        lg_sleep(50 * LG_MICROSECOND);
    lg_exit(4);
}

START_TEST(g10_an_exit_ends_the_starter_and_the_member)
{
    struct outcome *outcome = in_child(exit_while_starting, NULL);
    expect_status(outcome, 4);
    expect_out(outcome, "starter-unwound ");
}
END_TEST

static void panic_that_exits(void *data)
{
    (void)data;
    lg_group group = {0};
    lg_group_set_panic_policy(&group, LG_GROUP_PANIC_EXITS);
    lg_error_free(lg_group_start(&group, lg_until_forever(), panic_early));
    tell("went-on");
}

START_TEST(g10_the_policy_for_panics_holds)
{
    struct outcome *outcome = in_child(panic_that_exits, NULL);
    expect_status(outcome, 2);
    expect_in_err(outcome, "no configuration");
    expect_out(outcome, "");
}
END_TEST

/* ---- many at once ---- */

static lg_error *be_one_of_many(lg_group *group, unsigned seed)
{
    yield_some(seed);
    if (seed % 5 == 0)
        return &one_error;
    if (seed % 5 == 1)
        return never_ready(group);
    lg_member_ready();
    yield_some(seed + 1);
    return NULL;
}

static lg_error *expected_of(unsigned seed)
{
    return seed % 5 == 0 ? &one_error : seed % 5 == 1 ? &lg_error_deadline_exceeded : NULL;
}

static void start_one_of_many(lg_group *group, unsigned seed)
{
    const lg_until until = seed % 5 == 1 ? soon() : lg_until_forever();
    lg_error *error = lg_group_start(group, until, be_one_of_many, group, seed);
    if (error != expected_of(seed))
        lg_panic("start %u", seed);
}

static void many_at_once(void)
{
    lg_group group = {0};
    for (unsigned seed = 0; seed < 100; seed++)
        lg_group_go(&group, start_one_of_many, &group, seed);
    ck_assert_ptr_null(lg_group_wait(&group));
    lg_group_free(&group);
}

START_TEST(g10_many_starts_at_once)
{
    everywhere(many_at_once);
}
END_TEST

RUN_TESTS("start_end", g10_being_ready_is_nothing_elsewhere,
          g10_an_owned_argument_is_released_in_every_case, g10_on_a_thread_of_its_own,
          g10_every_allocation_fails_once, g10_the_starter_does_not_go_on_after_an_exit,
          g10_an_exit_ends_the_starter_and_the_member, g10_the_policy_for_panics_holds,
          g10_many_starts_at_once)
