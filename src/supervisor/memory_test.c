/* Supervisors where each allocation fails in turn: nothing is lost, and a restart without memory is a failure as any other. */
#include "testing/failing_malloc.h"

#include "testing/supervisor.h"

/* Everything that a program asks for itself. */
static lg_error *make_and_start(lg_supervisor **s)
{
    lg_supervisor_options options = at_once(3);
    lg_error *error = lg_supervisor_new(s, lg_context_background(), &options);
    if (!error)
        error = lg_supervisor_go(*s, until_cancelled);
    if (!error)
        error = lg_supervisor_go(*s, end_quietly);
    return error;
}

START_TEST(what_cannot_be_made_or_added_is_an_error)
{
    if (!can_fail_allocations())
        return;
    ck_assert_ptr_null(lg_set_workers(1));
    long failing = 0;
    lg_error *error;
    do {
        lg_supervisor *s = NULL;
        memory_watch(++failing, true);
        error = make_and_start(&s);
        memory_ignore();
        ck_assert(!error || error == &lg_error_out_of_memory);
        lg_supervisor_close(s, NULL);
    } while (error);
    ck_assert_int_gt(failing, 6);
}
END_TEST

static lg_error *ready_and_wait(const lg_context *ctx)
{
    lg_member_ready();
    return until_cancelled(ctx);
}

START_TEST(who_cannot_be_started_until_ready_is_no_member)
{
    if (!can_fail_allocations())
        return;
    lg_supervisor *s = make_alone(at_once(3));
    lg_member_report report;
    long failing = 0;
    lg_error *error;
    do {
        memory_watch(++failing, true);
        error = lg_supervisor_start(s, lg_until_forever(), ready_and_wait);
        memory_ignore();
        ck_assert(!error || error == &lg_error_out_of_memory);
        ck_assert(lg_supervisor_member(s, 0, &report) == !error);
    } while (error);
    ck_assert_int_gt(failing, 2);
    lg_supervisor_close(s, NULL);
}
END_TEST

/* On the one worker, allocation number `failing` from here on fails: that of a restart, or of a context, or of the error. */
struct plan {
    atomic_int starts;
    atomic_int failing;
};

static lg_error *fail_and_watch(const lg_context *ctx, struct plan *plan)
{
    (void)ctx;
    memory_ignore();
    switch (atomic_fetch_add(&plan->starts, 1)) {
    case 0:
        lg_yield();
        memory_watch(plan->failing, false);
        return &one_error;
    default: return NULL;
    }
}

static bool restart_without_memory(int failing)
{
    lg_supervisor *s = make_alone(at_once(3));
    struct plan plan = {.failing = failing};
    expect_none(lg_supervisor_go(s, fail_and_watch, &plan));
    ck_assert_ptr_null(lg_supervisor_wait(s));
    ck_assert_int_eq(plan.starts, 2);
    bool failed = lg_supervisor_restart_count(s) > 1;
    if (failed) /* the start that failed was one, too */
        ck_assert_ptr_nonnull(strstr(restart_of(s, 1).error, "memory"));
    lg_supervisor_close(s, NULL);
    return failed;
}

START_TEST(u1_a_restart_without_memory_is_a_failure)
{
    if (!can_fail_allocations())
        return;
    ck_assert_ptr_null(lg_set_workers(1));
    int failures = 0;
    for (int failing = 1; failing <= 12; failing++)
        failures += restart_without_memory(failing);
    ck_assert_int_gt(failures, 0);
}
END_TEST

/* Without any memory it gives up, and can still say so. */
static lg_error *fail_without_memory(const lg_context *ctx)
{
    (void)ctx;
    memory_watch(1, true);
    return &one_error;
}

static lg_error *recover_memory(const lg_context *ctx)
{
    lg_context_wait(ctx);
    memory_ignore();
    return NULL;
}

START_TEST(u3_without_memory_it_gives_up)
{
    if (!can_fail_allocations())
        return;
    ck_assert_ptr_null(lg_set_workers(1));
    lg_supervisor *s = make_alone(at_once(2));
    expect_none(lg_supervisor_go(s, recover_memory));
    expect_none(lg_supervisor_go(s, fail_without_memory));
    lg_error *error = lg_supervisor_wait(s);
    ck_assert_ptr_nonnull(error);
    ck_assert_int_eq(member_of(s, 1).state, LG_MEMBER_GAVE_UP);
    lg_error_free(error);
    lg_supervisor_close(s, NULL);
}
END_TEST

RUN_TESTS("supervisor-memory", what_cannot_be_made_or_added_is_an_error,
          who_cannot_be_started_until_ready_is_no_member, u1_a_restart_without_memory_is_a_failure,
          u3_without_memory_it_gives_up)
