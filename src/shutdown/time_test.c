/* S2: nothing waits for ever, and what overran is named. In virtual time, so that the times are exact (V1), where
 * nothing else is said. */
#include "testing/shutdown.h"
#include "testing/virtual.h"

static const lg_shutdown_options quiet = {.no_signals = true};

static lg_semaphore gate;

static void open_gate(size_t stages)
{
    lg_semaphore_release(&gate, stages);
}

/* What overran uses the test's stack: it must be gone before that is. */
static void wait_for_stragglers(lg_shutdown *s)
{
    while (lg_shutdown_overrun_count(s) > 0)
        nap(2 * MS);
}

static void expect_named(const char *text, const char *before, lg_duration limit, const char *after)
{
    char expected[256], duration[LG_DURATION_TEXT_SIZE];
    lg_duration_format(limit, duration, sizeof(duration));
    snprintf(expected, sizeof(expected), "%s%s%s", before, duration, after);
    expect_text(text, expected);
}

START_VIRTUAL_TEST(S2_a_stage_that_obeys_is_cancelled_at_its_limit)
{
    struct act a = {.name = "a"}, b = {.name = "b", .behaviour = OBEYS};
    lg_duration limit = 60 * MS;
    lg_shutdown *s = new_shutdown(quiet);
    add_act(s, &a, 0);
    add_act(s, &b, limit);
    lg_time start = lg_now();
    lg_error *err = lg_shutdown_stop(s);
    ck_assert_int_eq(lg_since(start), limit);
    char text[256];
    lg_error_format(err, text, sizeof(text));
    ck_assert(lg_error_is(err, &lg_error_deadline_exceeded));
    lg_error_free(err);
    expect_text(text, "stop b: ");
    expect_named(text, "its limit of ", limit, "");
    expect_acts("b a");
    expect_outcome(s, "b", "timed out");
    expect_outcome(s, "a", "done");
    wait_for_stragglers(s);
    lg_shutdown_close(s, NULL);
}

/* A time that is over already, as a remaining time may be, is no longer limit than a short one. */
START_VIRTUAL_TEST(S2_a_negative_limit_or_budget_is_over_at_once)
{
    for (int which = 0; which < 2; which++) {
        struct act a = {.name = "a", .behaviour = OBEYS};
        lg_shutdown *s = new_shutdown(
            (lg_shutdown_options){.no_signals = true, .budget = which ? LG_DURATION_MIN : 0});
        add_act(s, &a, which ? 0 : -LG_HOUR);
        lg_time start = lg_now();
        lg_error *err = lg_shutdown_stop(s);
        ck_assert(lg_error_is(err, &lg_error_deadline_exceeded));
        lg_error_free(err);
        ck_assert_int_lt(lg_since(start), LG_MICROSECOND);
        expect_acts("a");
        wait_for_stragglers(s);
        lg_shutdown_close(s, NULL);
    }
}

START_VIRTUAL_TEST(S1_S2_a_stage_that_does_not_is_left_and_the_next_one_starts)
{
    struct act a = {.name = "a"}, b = {.name = "b", .behaviour = DEAF, .gate = &gate};
    lg_shutdown *s = new_shutdown(quiet);
    lg_duration limit = 60 * MS;
    add_act(s, &a, 0);
    add_act(s, &b, limit);
    expect_named(stop_text(s), "stop b: still running after its limit of ", limit,
                 ": deadline exceeded");
    expect_acts("b a");
    ck_assert_uint_eq(lg_shutdown_overrun_count(s), 1);
    lg_stage_report report = report_of(s, "b");
    ck_assert_int_eq(report.outcome, LG_STAGE_TIMED_OUT);
    ck_assert_int_eq(report.limit, limit);
    ck_assert_int_eq(report.took, limit + limit / 10); /* it is given that much more to end */
    open_gate(1);
    wait_for_stragglers(s);
    ck_assert_int_eq(report_of(s, "b").took, report.took);
    lg_shutdown_close(s, NULL);
}

static lg_error *fails_at_the_gate(void *argument, const lg_context *context)
{
    (void)argument;
    (void)context;
    lg_semaphore_acquire(&gate, 1);
    lg_panic("late");
}

START_VIRTUAL_TEST(S4_what_comes_late_is_dropped)
{
    lg_shutdown *s = new_shutdown(quiet);
    ok(lg_shutdown_add(s, &(lg_stage){.name = "x", .stop = fails_at_the_gate, .limit = 10 * MS}));
    expect_text(stop_text(s), "still running");
    open_gate(1);
    wait_for_stragglers(s);
    ck_assert_str_eq(stop_text(s), "no error");
    expect_outcome(s, "x", "timed out");
    lg_shutdown_close(s, NULL);
}

/* It may be freed with a stop still running. */
START_VIRTUAL_TEST(S2_it_ends_before_what_overran)
{
    static struct act a = {.name = "a", .behaviour = DEAF, .gate = &gate};
    lg_error *err = NULL;
    lg_shutdown *s = new_shutdown(quiet);
    add_act(s, &a, 10 * MS);
    lg_shutdown_close(s, &err);
    ck_assert(lg_error_is(err, &lg_error_deadline_exceeded));
    lg_error_free(err);
    open_gate(1);
    lg_test_wait(); /* a sanitizer would say so, if it used what is freed */
}

START_VIRTUAL_TEST(S2_every_stage_in_turn_overruns)
{
    static char names[5][4];
    for (size_t bad = 0; bad < 5; bad++) {
        struct act acts[5] = {0};
        lg_shutdown *s = new_shutdown(quiet);
        for (size_t i = 0; i < 5; i++) {
            snprintf(names[i], sizeof(names[i]), "s%zu", i);
            acts[i] = (struct act){names[i], i == bad ? DEAF : QUICK, 0, &gate};
            add_act(s, &acts[i], i == bad ? 50 * MS : 0);
        }
        const char *text = stop_text(s);
        expect_text(text, names[bad]);
        ck_assert_int_eq(occurrences(text, "stop "), 1);
        expect_acts("s4 s3 s2 s1 s0");
        for (size_t i = 0; i < 5; i++)
            expect_outcome(s, names[i], i == bad ? "timed out" : "done");
        open_gate(1);
        wait_for_stragglers(s);
        lg_shutdown_close(s, NULL);
    }
}

/* All of them hang: the budget is divided, everybody's turn comes, and it holds. */
START_VIRTUAL_TEST(S2_the_budget_holds_when_all_overrun)
{
    static char names[5][4];
    struct act acts[5] = {0};
    lg_duration budget = 1500 * MS;
    lg_shutdown *s = new_shutdown((lg_shutdown_options){.no_signals = true, .budget = budget});
    for (size_t i = 0; i < 5; i++) {
        snprintf(names[i], sizeof(names[i]), "s%zu", i);
        acts[i] = (struct act){names[i], DEAF, 0, &gate};
        add_act(s, &acts[i], i % 2 ? LG_MINUTE : 0);
    }
    lg_time start = lg_now();
    const char *text = stop_text(s);
    lg_duration took = lg_since(start);
    ck_assert_msg(occurrences(text, "still running") == 5, "%s", text);
    expect_acts("s4 s3 s2 s1 s0");
    ck_assert_int_gt(took, budget - budget / 1000);
    ck_assert_int_le(took, budget);
    lg_duration given = 0;
    for (size_t i = 0; i < 5; i++) {
        expect_outcome(s, names[i], "timed out");
        given += report_of(s, names[i]).limit;
    }
    ck_assert_int_le(given, budget);
    open_gate(5);
    wait_for_stragglers(s);
    lg_shutdown_close(s, NULL);
}

/* In real time, of which a nanosecond passes by itself. */
START_TEST(S2_what_was_not_stopped_is_named)
{
    struct act a = {.name = "a"}, b = {.name = "b"};
    lg_shutdown *s = new_shutdown((lg_shutdown_options){.no_signals = true, .budget = 1});
    add_act(s, &a, 0);
    add_act(s, &b, LG_SECOND);
    lg_error *err = lg_shutdown_stop(s);
    char text[512];
    lg_error_format(err, text, sizeof(text));
    ck_assert(lg_error_is(err, &lg_error_stage_not_stopped));
    lg_error_free(err);
    ck_assert_str_eq(text, "stop b: not stopped, as no time was left; "
                           "stop a: not stopped, as no time was left");
    expect_acts("");
    expect_outcome(s, "a", "not stopped");
    ck_assert_str_eq(report_of(s, "a").error, "no time was left");
    lg_shutdown_close(s, NULL);
}
END_TEST

START_VIRTUAL_TEST(S2_the_grace_period_cuts_the_budget)
{
    struct act a = {.name = "a", .behaviour = OBEYS};
    lg_shutdown *s = new_shutdown((lg_shutdown_options){
        .no_signals = true, .budget = LG_HOUR, .grace_period = 2 * LG_SECOND});
    add_act(s, &a, LG_HOUR);
    lg_shutdown_request(s, "now");
    lg_shutdown_wait(s);
    nap(50 * MS);
    lg_time start = lg_now();
    expect_text(stop_text(s), "deadline exceeded");
    ck_assert_int_eq(lg_since(start), 2 * LG_SECOND - 50 * MS);
    ck_assert_int_eq(report_of(s, "a").limit, 2 * LG_SECOND - 50 * MS);
    wait_for_stragglers(s);
    lg_shutdown_close(s, NULL);
}

/* C7: the context of a stop lives although the program's is cancelled, and has the stage's deadline and name. */
static lg_error *looks_at_context(void *argument, const lg_context *context)
{
    lg_time when = 0;
    char *text = argument;
    ck_assert_ptr_null(lg_context_error(context));
    ck_assert(lg_context_deadline(context, &when));
    ck_assert_int_eq(when - lg_now(), 50 * MS);
    lg_context_wait(context);
    lg_error_format(lg_context_cause(context), text, 256);
    return NULL;
}

START_VIRTUAL_TEST(S2_C7_a_stop_has_a_context_of_its_own)
{
    lg_duration limit = 50 * MS;
    char text[256] = "";
    lg_shutdown *s = new_shutdown(quiet);
    ok(lg_shutdown_add(
        s, &(lg_stage){.name = "web", .stop = looks_at_context, .argument = text, .limit = limit}));
    lg_shutdown_request(s, "now");
    lg_shutdown_wait(s);
    expect_named(stop_text(s), " its limit of ", limit, ": deadline exceeded");
    wait_for_stragglers(s);
    ck_assert_str_eq(text, "web: deadline exceeded");
    lg_shutdown_close(s, NULL);
}

/* S6: after a request the program goes on serving; without one, or if it was not ready, there is nobody to drain. */
static lg_duration time_to_request(bool ready, lg_readiness *readiness)
{
    lg_shutdown *s = new_shutdown(
        (lg_shutdown_options){.no_signals = true, .drain_delay = 80 * MS, .readiness = readiness});
    if (ready)
        ok(lg_shutdown_ready(s));
    ck_assert(lg_readiness_is_on(readiness) == ready);
    lg_time start = lg_now();
    lg_shutdown_request(s, "now");
    while (lg_readiness_is_on(readiness))
        nap(MS);
    bool requested = lg_shutdown_is_requested(s);
    if (lg_since(start) < 80 * MS && ready)
        ck_assert(!requested);
    lg_shutdown_wait(s);
    lg_duration took = lg_since(start);
    lg_shutdown_close(s, NULL);
    return took;
}

START_VIRTUAL_TEST(S6_readiness_goes_first_and_the_drain_delay_passes)
{
    lg_readiness readiness = LG_READINESS_INIT(NULL);
    lg_duration took = time_to_request(true, &readiness);
    ck_assert_int_eq(took, 80 * MS);
    ck_assert_int_eq(time_to_request(false, &readiness), 0);
}

START_VIRTUAL_TEST(S6_a_stop_during_the_drain_delay_cuts_it)
{
    struct act a = {.name = "a"};
    lg_shutdown *s =
        new_shutdown((lg_shutdown_options){.no_signals = true, .drain_delay = LG_HOUR});
    add_act(s, &a, 0);
    ok(lg_shutdown_ready(s));
    lg_shutdown_request(s, "now");
    nap(5 * MS);
    ck_assert(!lg_shutdown_is_requested(s));
    ok(lg_shutdown_stop(s));
    ck_assert(lg_shutdown_is_requested(s));
    expect_acts("a");
    lg_shutdown_close(s, NULL);
}

/* ---- while every worker computes ---- */

static bool may_end; /* atomic */

static void compute(sem_t *computing)
{
    sem_post(computing);
    while (!__atomic_load_n(&may_end, __ATOMIC_ACQUIRE))
        ;
}

START_TEST(S8_a_limit_holds_while_every_worker_computes)
{
    struct act a = {.name = "a"}, b = {.name = "b", .behaviour = OBEYS};
    sem_t computing;
    sem_init(&computing, 0, 0);
    ok(lg_set_workers(2));
    for (int i = 0; i < 2; i++)
        lg_go(compute, &computing);
    for (int i = 0; i < 2; i++)
        sem_wait(&computing);
    lg_shutdown *s = new_shutdown(quiet);
    add_act(s, &a, 0);
    add_act(s, &b, 300 * MS);
    lg_error *err = lg_shutdown_stop(s);
    ck_assert(lg_error_is(err, &lg_error_deadline_exceeded));
    lg_error_free(err);
    expect_acts("b a");
    wait_for_stragglers(s);
    lg_shutdown_close(s, NULL);
    __atomic_store_n(&may_end, true, __ATOMIC_RELEASE);
}
END_TEST

RUN_TESTS("time", S2_a_stage_that_obeys_is_cancelled_at_its_limit,
          S2_a_negative_limit_or_budget_is_over_at_once,
          S1_S2_a_stage_that_does_not_is_left_and_the_next_one_starts,
          S4_what_comes_late_is_dropped, S2_it_ends_before_what_overran,
          S2_every_stage_in_turn_overruns, S2_the_budget_holds_when_all_overrun,
          S2_what_was_not_stopped_is_named, S2_the_grace_period_cuts_the_budget,
          S2_C7_a_stop_has_a_context_of_its_own, S6_readiness_goes_first_and_the_drain_delay_passes,
          S6_a_stop_during_the_drain_delay_cuts_it, S8_a_limit_holds_while_every_worker_computes)
