/* U1 to U6: supervisors. */
#include "testing/supervised.h"

/* ---- U1: what fails is started again ---- */

static void panic_until(const lg_context *ctx, atomic_int *starts, int times)
{
    if (atomic_fetch_add(starts, 1) < times)
        lg_panic("number %d", times);
    lg_context_wait(ctx);
}

static void restarts(void)
{
    lg_supervisor *s = make_alone(at_once(10));
    atomic_int failed = 0, panicked = 0;
    expect_none(lg_supervisor_go(s, fail_until, &failed, 3));
    expect_none(lg_supervisor_go(s, panic_until, &panicked, 2));
    wait_for_starts(s, 0, 4);
    wait_for_starts(s, 1, 3);
    lg_error *err = NULL;
    lg_supervisor_close(s, &err);
    ck_assert_ptr_null(err);
    ck_assert_int_eq(failed, 4);
    ck_assert_int_eq(panicked, 3);
}

START_TEST(u1_who_fails_or_panics_is_started_again)
{
    everywhere(restarts);
}
END_TEST

static void leave_by_goexit(const lg_context *ctx)
{
    (void)ctx;
    lg_goexit();
}

static void all_end(void)
{
    lg_supervisor *s = make_alone(at_once(1));
    expect_none(lg_supervisor_go(s, end_quietly));
    expect_none(lg_supervisor_go(s, leave_by_goexit));
    ck_assert_ptr_null(lg_supervisor_wait(s));
    for (size_t i = 0; i < 2; i++) {
        ck_assert_int_eq(member_of(s, i).state, LG_MEMBER_ENDED);
        ck_assert_uint_eq(member_of(s, i).starts, 1);
    }
    expect_same(lg_supervisor_go(s, end_quietly), &lg_error_supervisor_ended);
    lg_supervisor_close(s, NULL);
}

START_TEST(u1_who_ends_without_an_error_has_ended_for_good)
{
    everywhere(all_end);
}
END_TEST

/* The last 64 are kept, beside the member that goes on. */
static void many_end(void)
{
    enum { MANY = 300, KEPT = 64 };
    lg_supervisor *s = make_alone(at_once(1));
    lg_member_report report;
    lg_error *failed = &one_error;
    expect_none(lg_supervisor_go_with(s, ((lg_member_options){.name = "first"}), until_cancelled));
    for (int i = 0; i < MANY; i++) {
        char name[16];
        snprintf(name, sizeof(name), "member %d", i);
        const lg_member_options options = {.name = name, .restart = LG_RESTART_NEVER};
        expect_none(i % 2 ? lg_supervisor_go_with(s, options, fail_at_once)
                          : lg_supervisor_go_with(s, options, end_quietly));
    }
    while (lg_supervisor_member(s, KEPT + 1, &report))
        lg_sleep(50 * LG_MICROSECOND);
    report = member_of(s, 0);
    ck_assert_str_eq(report.name, "first");
    ck_assert_int_eq(report.state, LG_MEMBER_RUNNING);
    for (size_t i = 1; i <= KEPT; i++) {
        while (member_of(s, i).state == LG_MEMBER_RUNNING)
            lg_sleep(50 * LG_MICROSECOND);
    }
    lg_supervisor_close(s, &failed);
    expect_same(failed, &one_error);
}

START_TEST(u6_those_that_have_ended_do_not_pile_up)
{
    everywhere(many_end);
}
END_TEST

START_TEST(u1_options_say_otherwise)
{
    lg_supervisor *s = make_alone(at_once(3));
    const lg_member_options never = {.name = "never", .restart = LG_RESTART_NEVER},
                            always = {.name = "always", .restart = LG_RESTART_ALWAYS};
    expect_none(lg_supervisor_go_with(s, never, fail_at_once));
    wait_for_state(s, 0, LG_MEMBER_FAILED);
    const lg_member_report failed = member_of(s, 0);
    ck_assert_str_eq(failed.error, "one");
    expect_none(lg_supervisor_go_with(s, always, end_quietly));
    expect_text(lg_supervisor_wait(s),
                "test: always gave up after 3 restarts in 1000h0m0s: ended without an error");
    ck_assert_uint_eq(member_of(s, 0).starts, 1);
    ck_assert_uint_eq(member_of(s, 1).starts, 4);
    ck_assert_int_eq(restart_of(s, 0).cause, LG_RESTART_ENDED);
    lg_supervisor_close(s, NULL);
}
END_TEST

/* The context of a start is new, and the arguments are the same. */
struct seen {
    atomic_int starts;
    int a, b, c;
};

static lg_error *look(const lg_context *ctx, struct seen *seen, int a, int b, int c)
{
    ck_assert_ptr_null(lg_context_error(ctx));
    ck_assert(a == seen->a && b == seen->b && c == seen->c);
    return atomic_fetch_add(&seen->starts, 1) < 3 ? &one_error : NULL;
}

START_TEST(u1_each_start_has_the_arguments_and_a_context_of_its_own)
{
    lg_supervisor *s = make_alone(at_once(5));
    struct seen seen = {.a = 1, .b = -2, .c = 3};
    expect_none(lg_supervisor_go(s, look, &seen, 1, -2, 3));
    ck_assert_ptr_null(lg_supervisor_wait(s));
    ck_assert_int_eq(seen.starts, 4);
    lg_supervisor_close(s, NULL);
}
END_TEST

static void on_thread_of_its_own(const lg_context *ctx, atomic_int *starts)
{
    (void)ctx;
    if (atomic_fetch_add(starts, 1) == 0)
        lg_panic("first");
}

START_TEST(u1_on_a_thread_of_its_own)
{
    lg_supervisor *s = make_alone(at_once(5));
    atomic_int starts = 0;
    const lg_member_options thread = {.thread = true};
    expect_none(lg_supervisor_go_with(s, thread, on_thread_of_its_own, &starts));
    ck_assert_ptr_null(lg_supervisor_wait(s));
    ck_assert_int_eq(starts, 2);
    lg_supervisor_close(s, NULL);
}
END_TEST

/* ---- U2: one for one, all for one ---- */

START_TEST(u2_one_for_one_leaves_the_others_alone)
{
    lg_supervisor *s = make_alone(at_once(3));
    atomic_int starts = 0;
    expect_none(lg_supervisor_go(s, until_cancelled));
    expect_none(lg_supervisor_go(s, fail_until, &starts, 2));
    wait_for_starts(s, 1, 3);
    ck_assert_uint_eq(member_of(s, 0).starts, 1);
    ck_assert_int_eq(member_of(s, 0).state, LG_MEMBER_RUNNING);
    lg_supervisor_close(s, NULL);
}
END_TEST

static atomic_int running;

static void count_down(void)
{
    atomic_fetch_sub(&running, 1);
}

static lg_error *count_running(const lg_context *ctx)
{
    atomic_fetch_add(&running, 1);
    lg_defer(count_down);
    lg_context_wait(ctx);
    lg_yield(); /* it takes a while to end */
    return NULL;
}

/* Fails when the others run; when it is called again, none of the others may run that ran before. */
static lg_error *fail_when_others_run(const lg_context *ctx, atomic_int *starts, int others)
{
    int before = atomic_fetch_add(starts, 1);
    ck_assert_int_le(running, others);
    while (running < others && !lg_context_error(ctx))
        lg_sleep(50 * LG_MICROSECOND);
    return before < 3 ? &one_error : until_cancelled(ctx);
}

static void all_for_one(void)
{
    lg_supervisor_options options = at_once(3);
    options.all_for_one = true;
    lg_supervisor *s = make_alone(options);
    atomic_int starts = 0;
    expect_none(lg_supervisor_go(s, fail_when_others_run, &starts, 2));
    expect_none(lg_supervisor_go(s, count_running));
    expect_none(lg_supervisor_go(s, count_running));
    for (size_t i = 0; i < 3; i++)
        wait_for_starts(s, i, 4);
    ck_assert(restart_of(s, 2).all);
    ck_assert_uint_eq(restart_of(s, 2).count, 3);
    lg_supervisor_close(s, NULL);
    ck_assert_int_eq(running, 0);
}

START_TEST(u2_all_for_one_ends_all_before_it_starts_all)
{
    everywhere(all_for_one);
}
END_TEST

START_TEST(u2_all_for_one_leaves_what_has_ended)
{
    lg_supervisor_options options = at_once(2);
    options.all_for_one = true;
    lg_supervisor *s = make_alone(options);
    atomic_int starts = 0;
    expect_none(lg_supervisor_go(s, end_quietly));
    wait_for_state(s, 0, LG_MEMBER_ENDED);
    const lg_member_options never = {.restart = LG_RESTART_NEVER};
    expect_none(lg_supervisor_go_with(s, never, until_cancelled));
    expect_none(lg_supervisor_go(s, fail_until, &starts, 2));
    wait_for_starts(s, 2, 3);
    ck_assert_int_eq(member_of(s, 0).state, LG_MEMBER_ENDED);
    ck_assert_int_eq(member_of(s, 1).state, LG_MEMBER_STOPPED);
    ck_assert_uint_eq(member_of(s, 0).starts, 1);
    ck_assert_uint_eq(member_of(s, 1).starts, 1);
    lg_supervisor_close(s, NULL);
}
END_TEST

/* ---- U3: what gives up is named, and ends the others ---- */

static void gives_up(void)
{
    lg_supervisor *s = make_alone(at_once(2));
    expect_none(lg_supervisor_go(s, until_cancelled));
    expect_none(lg_supervisor_go(s, fail_at_once));
    lg_error *error = lg_supervisor_wait(s);
    ck_assert(lg_error_is(error, &lg_error_gave_up));
    ck_assert(lg_error_is(error, &one_error));
    expect_text(error, "test: fail_at_once gave up after 2 restarts in 1000h0m0s: one");
    ck_assert_int_eq(member_of(s, 0).state, LG_MEMBER_STOPPED);
    ck_assert_int_eq(member_of(s, 1).state, LG_MEMBER_GAVE_UP);
    ck_assert_uint_eq(member_of(s, 1).starts, 3);
    ck_assert_ptr_eq(lg_supervisor_wait(s), &lg_error_group_failed);

    lg_error *err = NULL;
    lg_supervisor_close(s, &err); /* it was returned already */
    ck_assert_ptr_null(err);
}

START_TEST(u3_what_gives_up_is_named)
{
    everywhere(gives_up);
}
END_TEST

START_TEST(u3_who_closes_without_waiting_is_told_too)
{
    lg_supervisor *s = make_alone(at_once(1));
    expect_none(lg_supervisor_go(s, fail_at_once));
    wait_for_state(s, 0, LG_MEMBER_GAVE_UP);
    lg_error *err = lg_error_new("before");
    lg_supervisor_close(s, &err);
    expect_text(err, "before; test: fail_at_once gave up after 1 restart in 1000h0m0s: one");
}
END_TEST

START_TEST(u3_without_a_limit_it_goes_on)
{
    lg_supervisor *s = make_alone(at_once(-1));
    atomic_int starts = 0;
    expect_none(lg_supervisor_go(s, fail_until, &starts, 200));
    wait_for_starts(s, 0, 201);
    ck_assert_uint_eq(lg_supervisor_restart_count(s), 200);
    lg_restart_report report;
    ck_assert(lg_supervisor_restart(s, 63, &report));
    ck_assert(!lg_supervisor_restart(s, 64, &report));
    lg_supervisor_close(s, NULL);
}
END_TEST

/* One supervisor under another. */
static lg_error *supervise(const lg_context *ctx, atomic_int *starts)
{
    lg_func (lg_error *, err) {
        atomic_fetch_add(starts, 1);
        lg_supervisor *inner;
        lg_try(lg_supervisor_new(
            &inner, ctx, &(lg_supervisor_options){.name = "inner", .restarts = 1, .backoff = -1}));
        lg_defer(lg_supervisor_close, inner, &err);
        lg_try(lg_supervisor_go(inner, fail_at_once));
        lg_return(lg_supervisor_wait(inner));
    }
}

START_TEST(u3_supervisors_of_supervisors)
{
    lg_supervisor *s = make_alone(at_once(2));
    atomic_int starts = 0;
    expect_none(lg_supervisor_go(s, supervise, &starts));
    expect_text(lg_supervisor_wait(s), "test: supervise gave up after 2 restarts in 1000h0m0s: "
                                       "inner: fail_at_once gave up after 1 restart in 1m0s: one");
    ck_assert_int_eq(starts, 3);
    lg_supervisor_close(s, NULL);
}
END_TEST

RUN_TESTS("supervisor", u6_those_that_have_ended_do_not_pile_up,
          u1_who_fails_or_panics_is_started_again, u1_who_ends_without_an_error_has_ended_for_good,
          u1_options_say_otherwise, u1_each_start_has_the_arguments_and_a_context_of_its_own,
          u1_on_a_thread_of_its_own, u2_one_for_one_leaves_the_others_alone,
          u2_all_for_one_ends_all_before_it_starts_all, u2_all_for_one_leaves_what_has_ended,
          u3_what_gives_up_is_named, u3_who_closes_without_waiting_is_told_too,
          u3_without_a_limit_it_goes_on, u3_supervisors_of_supervisors)
