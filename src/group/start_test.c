/* G10: starting members until they are ready. */
#include "testing/starting.h"

#include "sched/runtime.h"

/* ---- members ---- */

static lg_error *ready_then_fail(lg_error *error)
{
    lg_member_ready();
    return error;
}

static void end_quietly(void) {}

static void leave_by_goexit(void)
{
    lg_goexit();
}

static lg_error *never_ready_silently(lg_group *group)
{
    lg_error_free(never_ready(group));
    ck_assert(!lg_member_ready()); /* too late */
    return NULL;
}

static lg_error *never_ready_and_fails(lg_group *group)
{
    lg_error_free(never_ready(group));
    return &one_error;
}

static lg_error *never_ready_by_select(lg_group *group)
{
    lg_select(lg_case_group(group));
    return &lg_error_cancelled;
}

/* ---- */

static void expect_text(lg_error *error, const char *text)
{
    char buffer[128];
    lg_error_format(error, buffer, sizeof(buffer));
    ck_assert_str_eq(buffer, text);
    lg_error_free(error);
}

static void becomes_ready(void)
{
    lg_group group = {0};
    atomic_int cell = 0;
    expect_none(lg_group_start(&group, lg_until_forever(), ready_then_wait, &group, &cell));
    ck_assert_int_eq(cell, 1);
    ck_assert_uint_eq(lg_group_count(&group), 1);
    ck_assert(!lg_group_is_cancelled(&group));
    lg_group_cancel(&group, NULL);
    ck_assert_ptr_null(lg_group_wait(&group));
    ck_assert_int_eq(cell, 2);
    lg_group_free(&group);
}

START_TEST(g10_it_returns_when_the_member_is_ready)
{
    everywhere(becomes_ready);
}
END_TEST

static void ends_before(void)
{
    lg_group group = {0};
    const lg_until until = lg_until_forever();
    expect_same(lg_group_start(&group, until, fail_with, &one_error), &one_error);
    expect_same(lg_group_start(&group, until, end_quietly), &lg_error_member_not_ready);
    expect_same(lg_group_start(&group, until, leave_by_goexit), &lg_error_member_not_ready);
    expect_same(lg_group_start(&group, until, fail_with, (lg_error *)NULL),
                &lg_error_member_not_ready);
    lg_error *error = lg_group_start(&group, until, panic_early);
    ck_assert_ptr_nonnull(lg_error_find(error, &lg_panic_kind));
    expect_text(error, "panic: no configuration");
    expect_text(lg_group_start(&group, until, fail_with, &lg_error_deadline_exceeded),
                "a member of the group: deadline exceeded");

    /* The group knows nothing of it. */
    ck_assert_uint_eq(lg_group_count(&group), 0);
    ck_assert(!lg_group_is_cancelled(&group));
    ck_assert_ptr_null(lg_group_wait(&group));
    lg_group_free(&group);
}

START_TEST(g10_the_error_of_a_member_that_ends_before_is_the_result)
{
    everywhere(ends_before);
}
END_TEST

static void limit_comes(void)
{
    lg_group group = {0};
    atomic_int cell = 0;
    expect_none(lg_group_start(&group, lg_until_forever(), ready_then_wait, &group, &cell));
    expect_same(lg_group_start(&group, soon(), never_ready, &group), &lg_error_deadline_exceeded);
    expect_same(lg_group_start(&group, soon(), never_ready_silently, &group),
                &lg_error_deadline_exceeded);
    expect_same(lg_group_start(&group, lg_until_now(), never_ready_by_select, &group),
                &lg_error_deadline_exceeded);
    expect_text(lg_group_start(&group, soon(), never_ready_and_fails, &group),
                "deadline exceeded; one");

    lg_auto_context lg_context *ctx = lg_context_with_cancel(lg_context_background());
    lg_context_cancel(ctx);
    expect_same(lg_group_start(&group, lg_until_context(ctx), never_ready, &group),
                &lg_error_cancelled);

    /* Only the one that was not ready was cancelled, and it has ended. */
    ck_assert_int_eq(cell, 1);
    ck_assert_uint_eq(lg_group_count(&group), 1);
    ck_assert(!lg_group_is_cancelled(&group));
    lg_group_free(&group);
}

START_TEST(g10_the_limit_cancels_only_the_member)
{
    everywhere(limit_comes);
}
END_TEST

static void fails_later(void)
{
    lg_group group = {0};
    expect_none(lg_group_start(&group, lg_until_forever(), ready_then_fail, &one_error));
    ck_assert_ptr_eq(lg_group_wait(&group), &one_error);
    ck_assert(lg_group_is_cancelled(&group));
    lg_group_free(&group);
}

START_TEST(g10_a_ready_member_fails_as_any_other)
{
    everywhere(fails_later);
}
END_TEST

/* ---- the group is cancelled meanwhile ---- */

static lg_error *start_and_pass_on(lg_group *group)
{
    return lg_group_start(group, lg_until_forever(), never_ready, group);
}

static lg_error *fail_when_two(lg_group *group)
{
    while (lg_group_count(group) < 3)
        lg_yield();
    return &one_error;
}

static void group_is_cancelled(void)
{
    lg_group group = {0};
    lg_group_go(&group, start_and_pass_on, &group); /* a member may start another */
    lg_group_go(&group, fail_when_two, &group);
    ck_assert_ptr_eq(lg_group_wait(&group), &one_error); /* G9 */

    /* Too late: it is cancelled from the beginning. */
    expect_same(lg_group_start(&group, lg_until_forever(), never_ready, &group),
                &lg_error_cancelled);
    lg_group_free(&group);
}

START_TEST(g10_the_group_cancels_it_too)
{
    everywhere(group_is_cancelled);
}
END_TEST

static void context_is_cancelled(void)
{
    lg_auto_context lg_context *caller = lg_context_with_cancel(lg_context_background());
    lg_group group = {0};
    atomic_int cell = 0;
    const lg_context *ctx = lg_group_context(&group, caller);
    expect_none(lg_group_start(&group, lg_until_forever(), ready_then_wait, &group, &cell));
    expect_same(lg_group_start(&group, soon(), never_ready, &group), &lg_error_deadline_exceeded);
    ck_assert_ptr_null(lg_context_error(ctx));
    lg_context_cancel(caller);
    lg_error *errors = lg_group_wait(&group);
    ck_assert(lg_error_is(errors, &lg_error_cancelled));
    ck_assert_int_eq(cell, 2);
    lg_error_free(errors);
    lg_group_free(&group);
}

START_TEST(g10_a_groups_context_cancels_it_too)
{
    everywhere(context_is_cancelled);
}
END_TEST

/* A limit that was taken before the member was ready still ends waits afterwards. */
static lg_error *keep_the_limit(lg_group *group)
{
    const lg_until until = lg_until_group(group);
    lg_member_ready();
    return lg_sleep_until(LG_HOUR, until);
}

static void old_limit(void)
{
    lg_group group = {0};
    expect_none(lg_group_start(&group, lg_until_forever(), keep_the_limit, &group));
    lg_group_cancel(&group, lg_error_new("enough"));
    expect_text(lg_group_wait(&group), "enough");
    lg_group_free(&group);
}

START_TEST(g10_a_limit_from_before_the_member_was_ready_holds)
{
    everywhere(old_limit);
}
END_TEST

/* What the member waits for in a group of its own. */
static lg_error *nest(lg_group *outer)
{
    lg_func (lg_error *, err) {
        lg_group_scope(inner, &err);
        lg_group_go(&inner, never_ready_by_select, outer);
        lg_return(NULL);
    }
}

START_TEST(g10_members_of_a_nested_group_notice_it)
{
    lg_group group = {0};
    expect_text(lg_group_start(&group, soon(), nest, &group), "deadline exceeded");
    lg_group_free(&group);
}
END_TEST

/* ---- every worker computes ---- */

static atomic_int computing, enough;

static void compute(void)
{
    computing++;
    while (!enough)
        ;
}

static void keep_workers_busy(unsigned count)
{
    lg_error *error = lg_set_workers(count);
    ck_assert_ptr_null(error);
    for (unsigned i = 0; i < count; i++) {
        lg_go_with(((lg_go_options){.spread = true}), compute);
        while (computing <= (int)i)
            usleep(100);
    }
}

static lg_error *ends_when_cancelled(lg_group *group)
{
    ck_assert(lg_group_is_cancelled(group));
    ck_assert(!lg_member_ready());
    return never_ready(group);
}

static void starts_while_all_compute(void *unused)
{
    (void)unused;
    lg_group group = {0};
    keep_workers_busy(2);
    lg_go(end_quietly); /* before it in the queue, and behind it */
    lg_error *error = lg_group_start(&group, lg_until_timeout(LG_MILLISECOND), ends_when_cancelled,
                                     &group);
    lg_go(end_quietly);
    tell(lg_error_message(error));
    lg_error_free(error);
    tell(lg_group_is_cancelled(&group) ? "cancelled" : "goes on");
    enough = 1;
    lg_group_free(&group);
    error = lg_goroutine_check_leaks(LG_MINUTE);
    tell(lg_error_message(error));
    lg_error_free(error);
}

START_TEST(S8_G10_its_limit_holds_while_every_worker_computes)
{
    struct outcome *outcome = in_child(starts_while_all_compute, NULL);
    expect_status(outcome, 0);
    expect_out(outcome, "deadline exceeded goes on no error ");
}
END_TEST

/* The starter changes it meanwhile. */
#if defined(__clang__)
__attribute__((disable_sanitizer_instrumentation))
#endif
static bool looks_elsewhere(void)
{
    const char *what = __atomic_load_n(&lgi_main->waits_for, __ATOMIC_RELAXED);
    return what && what[0] == 'm' && what[sizeof("member t") - 1] == 'h'; /* "that was not ready" */
}

/* As a worker does that steals: takes the goroutine from one queue, and puts it into another. In between the starter looks. */
static void *move_while_starter_looks(void *limit)
{
    struct lgi_task *task;
    while (!(task = lgi_run_queue_take(&lgi_injected)))
        usleep(100);
    lgi_done_set(limit, &lg_error_cancelled);
    while (!looks_elsewhere())
        usleep(100);
    lgi_run_queue_put(&lgi_workers[0]->starts, task);
    return NULL;
}

static void starts_while_moved(void *unused)
{
    pthread_t thread;
    lg_group group = {0};
    struct lgi_done limit = {0};
    lg_until until = lg_until_forever();
    (void)unused;
    until.lgi_done = &limit;
    keep_workers_busy(2);
    if (pthread_create(&thread, NULL, move_while_starter_looks, &limit) != 0)
        _exit(9);
    lg_error *error = lg_group_start(&group, until, never_ready, &group);
    tell(lg_error_message(error));
    lg_error_free(error);
    enough = 1;
    lg_group_free(&group);
    pthread_join(thread, NULL);
}

START_TEST(S8_G10_its_limit_holds_for_a_member_that_is_just_moved)
{
    struct outcome *outcome = in_child(starts_while_moved, NULL);
    expect_status(outcome, 0);
    expect_out(outcome, "cancelled ");
}
END_TEST

RUN_TESTS("start", S8_G10_its_limit_holds_for_a_member_that_is_just_moved,
          g10_it_returns_when_the_member_is_ready,
          g10_the_error_of_a_member_that_ends_before_is_the_result,
          g10_the_limit_cancels_only_the_member, g10_a_ready_member_fails_as_any_other,
          g10_the_group_cancels_it_too, g10_a_groups_context_cancels_it_too,
          g10_a_limit_from_before_the_member_was_ready_holds,
          g10_members_of_a_nested_group_notice_it,
          S8_G10_its_limit_holds_while_every_worker_computes)
