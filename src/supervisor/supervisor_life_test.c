/* Tests of the life of a supervisor: back-off, its context, readiness, its tables, its end. Rules are those of docs/rules.md. */
#include "testing/supervised.h"

/* ---- U4: back-off ---- */

START_TEST(u4_a_restart_waits)
{
    lg_supervisor *s =
        make_alone((lg_supervisor_options){.backoff = LG_HOUR, .backoff_max = LG_HOUR});
    expect_none(lg_supervisor_go(s, fail_at_once));
    wait_for_state(s, 0, LG_MEMBER_WAITING);
    ck_assert_int_ge(restart_of(s, 0).delay, LG_HOUR / 2);
    ck_assert_int_le(restart_of(s, 0).delay, LG_HOUR);
    ck_assert_uint_eq(member_of(s, 0).starts, 1);
    lg_supervisor_close(s, NULL); /* and need not be waited for */
}
END_TEST

START_TEST(u4_with_a_negative_maximum_no_restart_waits)
{
    lg_supervisor *s = make_alone((lg_supervisor_options){
        .restarts = 3, .within = 1000 * LG_HOUR, .backoff = LG_HOUR, .backoff_max = -1});
    expect_none(lg_supervisor_go(s, fail_at_once));
    lg_error *err = lg_supervisor_wait_until(s, lg_until_timeout(10 * LG_MINUTE));
    ck_assert(lg_error_is(err, &one_error)); /* has given up, and no limit has come */
    lg_error_free(err);
    for (size_t i = 0; i < 3; i++)
        ck_assert_int_eq(restart_of(s, i).delay, 0);
    lg_supervisor_close(s, NULL);
}
END_TEST

START_TEST(u4_all_for_one_waits_once)
{
    lg_supervisor *s = make_alone(
        (lg_supervisor_options){.all_for_one = true, .backoff = LG_HOUR, .backoff_max = LG_HOUR});
    expect_none(lg_supervisor_go(s, until_cancelled));
    expect_none(lg_supervisor_go(s, fail_at_once));
    wait_for_state(s, 0, LG_MEMBER_WAITING);
    wait_for_state(s, 1, LG_MEMBER_WAITING);
    expect_none(lg_supervisor_go(s, until_cancelled)); /* starts with the others */
    ck_assert_int_eq(member_of(s, 2).state, LG_MEMBER_WAITING);
    ck_assert_uint_eq(lg_supervisor_restart_count(s), 1);
    lg_supervisor_close(s, NULL);
}
END_TEST

/* ---- U5: the context, and the shutdown ---- */

static lg_error *fail_when_cancelled(const lg_context *ctx)
{
    lg_context_wait(ctx);
    return lg_error_new("cannot flush");
}

static lg_error *wrap_when_cancelled(const lg_context *ctx)
{
    return lg_error_wrap(lg_sleep_until(LG_HOUR, lg_until_context(ctx)), "accept");
}

static void context_done(void)
{
    lg_auto_context lg_context *caller = lg_context_with_cancel(lg_context_background());
    lg_supervisor *s = make(caller, at_once(3));
    expect_none(lg_supervisor_go(s, until_cancelled));
    expect_none(lg_supervisor_go(s, wrap_when_cancelled));
    lg_context_cancel(caller);
    ck_assert_ptr_null(lg_supervisor_wait(s));
    expect_same(lg_supervisor_go(s, until_cancelled), &lg_error_supervisor_ended);
    for (size_t i = 0; i < 2; i++) {
        ck_assert_int_eq(member_of(s, i).state, LG_MEMBER_STOPPED);
        ck_assert_uint_eq(member_of(s, i).starts, 1);
    }
    lg_supervisor_close(s, NULL);

    s = make_alone(at_once(3));
    expect_none(lg_supervisor_go(s, fail_when_cancelled));
    lg_error *err = NULL;
    lg_supervisor_close(s, &err);
    expect_text(err, "test: fail_when_cancelled: cannot flush");
}

START_TEST(u5_a_context_that_is_done_ends_it_and_is_no_error)
{
    everywhere(context_done);
}
END_TEST

/* The member waits with the parent, which is done a moment before its last child, the supervisor's context. */
static lg_error *wait_for_parent(const lg_context *ctx, const lg_context *parent)
{
    (void)ctx;
    return lg_sleep_until(LG_HOUR, lg_until_context(parent));
}

START_TEST(u5_a_member_that_sees_the_end_first_has_not_failed)
{
    enum { COUNT = 20000 };
    static lg_context *earlier[COUNT];
    lg_context *parent = lg_context_with_cancel(lg_context_background());
    for (int i = 0; i < COUNT; i++)
        earlier[i] = lg_context_with_cancel(parent);
    lg_supervisor *s = make(parent, (lg_supervisor_options){.restarts = 0});
    for (int i = 0; i < 10; i++)
        expect_none(lg_supervisor_go_with(s, ((lg_member_options){.restart = LG_RESTART_NEVER}),
                                          wait_for_parent, parent));
    lg_go_thread(lg_context_cancel, parent);
    expect_none(lg_supervisor_wait(s));
    for (size_t i = 0; i < 10; i++)
        ck_assert_int_eq(member_of(s, i).state, LG_MEMBER_STOPPED);
    lg_supervisor_close(s, NULL);
    for (int i = 0; i < COUNT; i++)
        lg_context_free(earlier[i]);
    lg_context_free(parent);
}
END_TEST

START_TEST(u5_it_ends_with_the_shutdown)
{
    lg_shutdown *down;
    ck_assert_ptr_null(lg_shutdown_new(&down, &(lg_shutdown_options){.no_signals = true}));
    lg_supervisor *s = make(lg_shutdown_context(down), at_once(3));
    expect_none(lg_supervisor_go(s, until_cancelled));
    lg_shutdown_request(down, "enough");
    ck_assert_ptr_null(lg_supervisor_wait(s));
    ck_assert_int_eq(member_of(s, 0).state, LG_MEMBER_STOPPED);
    lg_supervisor_close(s, NULL);
    lg_shutdown_close(down, NULL);
}
END_TEST

static lg_error *close_as_stop(void *argument, const lg_context *ctx)
{
    (void)ctx;
    lg_error *err = NULL;
    lg_supervisor_close(argument, &err);
    return err;
}

START_TEST(u5_it_can_be_a_stage)
{
    lg_shutdown *down;
    ck_assert_ptr_null(lg_shutdown_new(&down, &(lg_shutdown_options){.no_signals = true}));
    lg_supervisor *s = make_alone(at_once(3));
    ck_assert_ptr_null(lg_shutdown_add(
        down, &(lg_stage){.name = "members", .stop = close_as_stop, .argument = s}));
    expect_none(lg_supervisor_go(s, fail_when_cancelled));
    lg_error *err = NULL;
    lg_shutdown_close(down, &err);
    expect_text(err, "stop members: test: fail_when_cancelled: cannot flush");
}
END_TEST

START_TEST(u5_a_wait_has_a_limit)
{
    lg_supervisor *s = make_alone(at_once(3));
    expect_none(lg_supervisor_go(s, until_cancelled));
    ck_assert_ptr_eq(lg_supervisor_wait_until(s, lg_until_timeout(LG_MILLISECOND)),
                     &lg_error_deadline_exceeded);
    ck_assert_int_eq(member_of(s, 0).state, LG_MEMBER_RUNNING);
    expect_none(lg_supervisor_go(s, until_cancelled)); /* it has not ended */
    lg_supervisor_close(s, NULL);
    lg_supervisor_close(NULL, NULL);
}
END_TEST

/* ---- starting until ready ---- */

static lg_error *ready_then_fail_until(const lg_context *ctx, atomic_int *starts, int times)
{
    if (!lg_member_ready())
        return NULL;
    return fail_until(ctx, starts, times);
}

static void starts_until_ready(void)
{
    lg_supervisor *s = make_alone(at_once(5));
    const lg_until forever = lg_until_forever(), soon = lg_until_timeout(LG_MILLISECOND);
    atomic_int starts = 0;
    expect_none(lg_supervisor_start(s, forever, ready_then_fail_until, &starts, 3));
    wait_for_starts(s, 0, 4);
    expect_same(lg_supervisor_start(s, forever, fail_at_once), &one_error);
    expect_same(lg_supervisor_start(s, forever, end_quietly), &lg_error_member_not_ready);
    expect_same(lg_supervisor_start(s, soon, until_cancelled), &lg_error_deadline_exceeded);
    expect_text(lg_supervisor_start(s, soon, fail_when_cancelled),
                "deadline exceeded; cannot flush");
    const lg_member_options options = {.name = "named", .until = &forever};
    expect_none(lg_supervisor_start_with(s, options, ready_then_fail_until, &starts, 0));

    /* Who did not become ready is no member. */
    lg_member_report report;
    ck_assert(lg_supervisor_member(s, 1, &report));
    ck_assert_str_eq(report.name, "named");
    ck_assert(!lg_supervisor_member(s, 2, &report));
    lg_supervisor_close(s, NULL);
}

START_TEST(u1_a_member_is_started_until_it_is_ready)
{
    everywhere(starts_until_ready);
}
END_TEST

static void stop_soon(lg_context *ctx, lg_supervisor *s)
{
    lg_member_report report;
    while (!lg_supervisor_member(s, 0, &report))
        lg_sleep(50 * LG_MICROSECOND);
    lg_context_cancel(ctx);
}

START_TEST(u5_a_start_ends_with_the_supervisor)
{
    lg_auto_context lg_context *caller = lg_context_with_cancel(lg_context_background());
    lg_supervisor *s = make(caller, at_once(5));
    lg_group group = {0};
    lg_group_go(&group, stop_soon, caller, s);
    lg_error *error = lg_supervisor_start(s, lg_until_forever(), until_cancelled);
    ck_assert(lg_error_is(error, &lg_error_cancelled));
    lg_error_free(error);
    lg_group_free(&group);
    expect_same(lg_supervisor_start(s, lg_until_forever(), until_cancelled),
                &lg_error_supervisor_ended);
    ck_assert_ptr_null(lg_supervisor_wait(s));
    lg_supervisor_close(s, NULL);
}
END_TEST

/* ---- U6: the tables ---- */

static lg_error *fail_strangely(const lg_context *ctx)
{
    (void)ctx;
    return lg_error_new("bell \a and\nline");
}

START_TEST(u6_the_tables_tell_who_was_restarted_and_why)
{
    lg_supervisor *s = make_alone(at_once(1));
    const lg_member_options odd = {.name = "odd\nname"};
    expect_none(lg_supervisor_go_with(s, odd, fail_strangely));
    lg_error_free(lg_supervisor_wait(s));

    lg_restart_report restart = restart_of(s, 0);
    ck_assert_str_eq(restart.member, "odd\nname");
    ck_assert_int_eq(restart.cause, LG_RESTART_FAILED);
    ck_assert_uint_eq(restart.count, 1);
    ck_assert_str_eq(restart.error, "bell \\x07 and\\nline");
    ck_assert_uint_eq(lg_supervisor_restart_count(s), 1);

    char text[1024];
    size_t length = lg_supervisor_report_text(s, text, sizeof(text));
    ck_assert_uint_eq(length, strlen(text));
    ck_assert_ptr_nonnull(strstr(text,
                                 "test: one for one, at most 1 restart in 1000h0m0s\n"
                                 "  odd\\nname  gave up  started 2 times: bell \\x07 and\\nline\n"
                                 "  after "));
    ck_assert_ptr_nonnull(strstr(
        text, ": odd\\nname failed, started again after another 0s: bell \\x07 and\\nline\n"));
    char little[10];
    ck_assert_uint_eq(lg_supervisor_report_text(s, little, sizeof(little)), length);
    ck_assert_str_eq(little, "test: one");
    ck_assert_uint_eq(lg_supervisor_report_text(s, NULL, 0), length);
    lg_supervisor_close(s, NULL);
}
END_TEST

START_TEST(u6_without_a_limit_the_text_says_so)
{
    char text[1024], expected[1024], name[200], shown[200];
    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    const lg_member_options cut = {.name = name}, brief = {.name = "short"};
    lg_supervisor *s = make_alone(at_once(-1));
    expect_none(lg_supervisor_go_with(s, cut, until_cancelled));
    expect_none(lg_supervisor_go_with(s, brief, until_cancelled));
    snprintf(shown, sizeof(shown), "%s", member_of(s, 0).name);
    lg_supervisor_report_text(s, text, sizeof(text));
    int width = (int)strlen(shown);
    ck_assert_int_gt(width, 5); /* cut, but not to nothing */
    snprintf(expected, sizeof(expected),
             "test: one for one, any number of restarts\n"
             "  %s  running  started 1 time\n"
             "  %-*s  running  started 1 time\n",
             shown, width, "short");
    ck_assert_str_eq(text, expected);
    lg_supervisor_close(s, NULL);
}
END_TEST

static void ask_for_a_huge_stack(void *data)
{
    const lg_member_options huge = {.stack_size = (size_t)2 << 30};
    (void)data;
    (void)!lg_supervisor_go_with(make_alone(at_once(1)), huge, until_cancelled);
}

START_TEST(misuse_of_a_member_panics_where_it_is_added)
{
    struct outcome *outcome = in_child(ask_for_a_huge_stack, NULL);
    expect_status(outcome, 2);
    expect_in_err(outcome, "a goroutine's stack of more than 1 GB\n        at ");
    expect_in_err(outcome, "supervisor_life_test.c:");
}
END_TEST

START_TEST(u6_states_and_causes_have_names)
{
    ck_assert_str_eq(lg_member_state_name(LG_MEMBER_RUNNING), "running");
    ck_assert_str_eq(lg_member_state_name(LG_MEMBER_WAITING), "waiting");
    ck_assert_str_eq(lg_member_state_name(LG_MEMBER_ENDED), "ended");
    ck_assert_str_eq(lg_member_state_name(LG_MEMBER_FAILED), "failed");
    ck_assert_str_eq(lg_member_state_name(LG_MEMBER_GAVE_UP), "gave up");
    ck_assert_str_eq(lg_member_state_name(LG_MEMBER_STOPPED), "stopped");
    /* NOLINTBEGIN(clang-analyzer-optin.core.EnumCastOutOfRange): as a newer version of the library may have */
    ck_assert_str_eq(lg_member_state_name((lg_member_state)99), "unknown");
    ck_assert_str_eq(lg_restart_cause_name(LG_RESTART_FAILED), "failed");
    ck_assert_str_eq(lg_restart_cause_name(LG_RESTART_PANICKED), "panicked");
    ck_assert_str_eq(lg_restart_cause_name(LG_RESTART_ENDED), "ended");
    ck_assert_str_eq(lg_restart_cause_name((lg_restart_cause)99), "unknown");
    /* NOLINTEND(clang-analyzer-optin.core.EnumCastOutOfRange) */
}
END_TEST

/* ---- the end of the process, and who waits for itself ---- */

static void exit_in_member(const lg_context *ctx)
{
    (void)ctx;
    lg_exit(5);
}

static void supervise_exit(void *data)
{
    (void)data;
    lg_supervisor *s = make_alone(at_once(3));
    expect_none(lg_supervisor_go(s, until_cancelled));
    expect_none(lg_supervisor_go(s, exit_in_member));
    lg_error_free(lg_supervisor_wait(s));
    tell("went-on");
}

START_TEST(an_exit_in_a_member_ends_the_process)
{
    struct outcome *outcome = in_child(supervise_exit, NULL);
    expect_status(outcome, 5);
    ck_assert_ptr_null(strstr(outcome->out, "went-on"));
}
END_TEST

/* ---- where members start ---- */

static atomic_int computing, may_end;
static lg_supervisor *spread_over;
static size_t goroutines_of[2];

/* Keeps a worker busy, without a wait. */
static void compute(void)
{
    computing = 1;
    while (!may_end)
        ;
}

static void until_the_end(const lg_context *ctx)
{
    lg_context_wait(ctx);
}

/* Of two workers one runs this, and the other computes: so no member that is added meanwhile starts. */
static void add_ten(void)
{
    lg_go_with(((lg_go_options){.spread = true}), compute);
    while (!computing)
        usleep(50); /* this goroutine's worker must not take it */
    for (int i = 0; i < 10; i++)
        expect_none(lg_supervisor_go_with(spread_over, ((lg_member_options){.spread = true}),
                                          until_the_end));
    for (int i = 0; i < 2; i++)
        goroutines_of[i] = __atomic_load_n(&lgi_workers[i]->alive, __ATOMIC_RELAXED) +
                           lgi_run_queue_count(&lgi_workers[i]->starts);
    may_end = 1;
}

START_TEST(g5_members_are_spread_over_the_workers)
{
    ck_assert_ptr_null(lg_set_workers(2));
    spread_over = make_alone(at_once(0));
    lg_waitgroup added = LG_WAITGROUP_INIT;
    lg_waitgroup_go(&added, add_ten);
    lg_waitgroup_wait(&added);
    size_t one = goroutines_of[0], other = goroutines_of[1];
    ck_assert_uint_ge(one + other, 12); /* the ten, and two that run */
    ck_assert_uint_le(one > other ? one - other : other - one, 1);
    lg_supervisor_close(spread_over, NULL);
}
END_TEST

static void wait_for_itself(const lg_context *ctx, lg_supervisor *s)
{
    (void)ctx;
    lg_error_free(lg_supervisor_wait(s));
}

START_TEST(a_member_that_waits_for_its_supervisor_panics)
{
    lg_supervisor *s = make_alone(at_once(1));
    expect_none(lg_supervisor_go(s, wait_for_itself, s));
    lg_error *error = lg_supervisor_wait(s);
    ck_assert(lg_error_is(error, &lg_error_gave_up));
    ck_assert_int_eq(restart_of(s, 0).cause, LG_RESTART_PANICKED);
    ck_assert_ptr_nonnull(strstr(restart_of(s, 0).error, "waits for"));
    lg_error_free(error);
    lg_supervisor_close(s, NULL);
}
END_TEST

RUN_TESTS("supervisor_life", u4_a_restart_waits, u4_all_for_one_waits_once,
          u4_with_a_negative_maximum_no_restart_waits,
          u5_a_context_that_is_done_ends_it_and_is_no_error,
          u5_a_member_that_sees_the_end_first_has_not_failed, u5_it_ends_with_the_shutdown,
          u5_it_can_be_a_stage, u5_a_wait_has_a_limit, u1_a_member_is_started_until_it_is_ready,
          u5_a_start_ends_with_the_supervisor, u6_the_tables_tell_who_was_restarted_and_why,
          u6_without_a_limit_the_text_says_so, misuse_of_a_member_panics_where_it_is_added,
          u6_states_and_causes_have_names, g5_members_are_spread_over_the_workers,
          an_exit_in_a_member_ends_the_process, a_member_that_waits_for_its_supervisor_panics)
