/* The report as text and JSON, and what the log says. JSON is read by a strict parser of the test's own. */
#include "testing/shutdown_report.h"

/* ---- */

static lg_shutdown *mixed(struct act *acts)
{
    lg_shutdown *s = new_shutdown(quiet);
    add_act(s, &acts[0], 0);
    add_act(s, &acts[1], 5 * LG_SECOND);
    add_act(s, &acts[2], 0);
    add_act(s, &acts[3], 10 * MS);
    return s;
}

START_TEST(S2_each_stage_how_long_and_how_it_ended)
{
    struct act acts[] = {{.name = "db"},
                         {.name = "log", .behaviour = FAILS},
                         {.name = "pool", .behaviour = PANICS},
                         {.name = "http", .behaviour = OBEYS}};
    lg_shutdown *s = mixed(acts);
    const char *text = text_of(s);
    expect_text(text, "shutdown: not yet: 4 stages, 0s of 25s\n");
    expect_text(text, "  db    not stopped\n");
    expect_text(json(s), "\"reason\":\"\",\"signal\":0,\"budget_seconds\":25.000000000");
    lg_shutdown_request(s, "test \"over\"");
    lg_shutdown_wait(s);
    lg_error_free(lg_shutdown_stop(s));
    text = text_of(s);
    expect_text(text, "shutdown: test \"over\": 4 stages, ");
    const char *http = strstr(text, "  http  timed out  "),
               *pool = strstr(text, "  pool  panicked "), *log = strstr(text, "  log   failed "),
               *db = strstr(text, "  db    done ");
    ck_assert_msg(http && pool && log && db && http < pool && pool < log && log < db, "%s", text);
    expect_text(text, " of 5s  log failed\n");
    expect_text(text, "panic: pool panicked\n");
    text = json(s);
    expect_text(text, "{\"reason\":\"test \\\"over\\\"\"");
    expect_text(text,
                "\"stages\":[{\"name\":\"http\",\"outcome\":\"timed out\",\"began_seconds\":0.");
    expect_text(text, "{\"name\":\"pool\",\"outcome\":\"panicked\"");
    expect_text(text, "{\"name\":\"db\",\"outcome\":\"done\"");
    expect_text(text, "\"error\":\"log failed\"");
    lg_stage_report report;
    ck_assert(lg_shutdown_stage(s, 3, &report));
    ck_assert_str_eq(report.name, "db");
    ck_assert(!lg_shutdown_stage(s, 4, &report));
    lg_shutdown_close(s, NULL);
}
END_TEST

START_TEST(S2_a_report_may_be_cut_at_any_length)
{
    struct act acts[] = {{.name = "db"},
                         {.name = "log", .behaviour = FAILS},
                         {.name = "pool", .behaviour = PANICS},
                         {.name = "http", .behaviour = OBEYS}};
    char whole[4096], part[4096];
    lg_shutdown *s = mixed(acts);
    lg_error_free(lg_shutdown_stop(s));
    size_t length = lg_shutdown_report_json(s, whole, sizeof(whole));
    ck_assert_uint_eq(lg_shutdown_report_json(s, NULL, 0), length);
    for (size_t size = 1; size <= length + 1; size++) {
        memset(part, 'x', sizeof(part));
        ck_assert_uint_eq(lg_shutdown_report_json(s, part, size), length);
        ck_assert_uint_eq(strlen(part), size - 1);
        ck_assert_int_eq(strncmp(part, whole, size - 1), 0);
        ck_assert_int_eq(part[size], 'x');
    }
    lg_shutdown_close(s, NULL);
}
END_TEST

/* Names, reasons and errors of any bytes. */
START_TEST(S2_json_is_valid_whatever_the_names)
{
    for (unsigned round = 0; round < 300; round++) {
        char name[40] = "", error[64] = "";
        random_seed(round);
        for (size_t i = 0; i < sizeof(name) - 1; i++)
            name[i] = (char)(random_below(255) + 1);
        for (size_t i = 0; i < sizeof(error) - 1; i++)
            error[i] = (char)(random_below(2) ? random_below(255) + 1
                                              : "\"\\\n\t\x7f"[random_below(5)]);
        struct act act = {.name = error, .behaviour = FAILS};
        lg_shutdown *s = new_shutdown(quiet);
        ok(lg_shutdown_add(s, &(lg_stage){.name = name, .stop = act_stop, .argument = &act}));
        lg_shutdown_request(s, error);
        lg_error_free(lg_shutdown_stop(s));
        (void)json(s);
        const char *text = text_of(s);
        ck_assert_int_eq(occurrences(text, "\n"), 2);
        lg_shutdown_close(s, NULL);
    }
}
END_TEST

START_TEST(E8_names_and_errors_of_stages_are_escaped)
{
    static char error[] = "a\nstack:\xff\xc2\x9b"
                          "c\x7f";
    struct act act = {.name = error, .behaviour = FAILS};
    lg_shutdown *s = new_shutdown(quiet);
    ok(lg_shutdown_add(s, &(lg_stage){.name = "b\x1b[2J", .stop = act_stop, .argument = &act}));
    lg_shutdown_request(s, "why\nnot");
    lg_error_free(lg_shutdown_stop(s));
    const char *text = text_of(s);
    expect_text(text, "shutdown: why\\nnot: 1 stage,");
    expect_text(text, "  b\\x1b[2J  failed ");
    expect_text(text, "  a\\nstack:\\xff\\xc2\\x9bc\\x7f failed\n");
    lg_shutdown_close(s, NULL);
}
END_TEST

/* What orders letters otherwise would show a report as another one; in JSON every character is what was given. */
START_TEST(E8_json_escapes_reasons_and_names_once)
{
    // NOLINTBEGIN(misc-misleading-bidirectional): they are what is to be escaped
    struct act act = {.name = "plain", .behaviour = FAILS};
    lg_shutdown *s = new_shutdown(quiet);
    ok(lg_shutdown_add(s, &(lg_stage){.name = "b\u202e\u2066\u2028\xc2\x85\u200f",
                                      .stop = act_stop,
                                      .argument = &act}));
    lg_shutdown_request(s, "why\n\x1b\u202e\\ not");
    lg_error_free(lg_shutdown_stop(s));
    expect_text(json(s), "{\"reason\":\"why\\u000a\\u001b\\u202e\\\\ not\"");
    expect_text(json(s), "{\"name\":\"b\\u202e\\u2066\\u2028\\u0085\u200f\"");
    expect_text(text_of(s), "shutdown: why\\n\\x1b\\xe2\\x80\\xae\\ not: 1 stage,");
    lg_shutdown_close(s, NULL);
    // NOLINTEND(misc-misleading-bidirectional)
}
END_TEST

START_TEST(E8_a_reason_is_cut_between_characters)
{
    char reason[400] = "", whole[LGI_REASON_SIZE + 32];
    for (int i = 0; i < 60; i++)
        strcat(reason, "\u20ac");
    lg_shutdown *s = new_shutdown(quiet);
    lg_shutdown_request(s, reason);
    lg_shutdown_wait(s);
    snprintf(whole, sizeof(whole), "{\"reason\":\"%.*s\",", (LGI_REASON_SIZE - 1) / 3 * 3, reason);
    expect_text(json(s), whole);
    lg_shutdown_close(s, NULL);
}
END_TEST

/* ---- while it is under way ---- */

static lg_error *looks_at_report(void *argument, const lg_context *context)
{
    lg_shutdown *s = *(lg_shutdown **)argument;
    lg_stage_report report;
    (void)context;
    nap(2 * MS);
    ck_assert(lg_shutdown_stage(s, 0, &report));
    ck_assert_int_eq(report.outcome, LG_STAGE_STOPPING);
    ck_assert_int_gt(report.took, 0);
    expect_text(text_of(s), "  x     stopping  ");
    expect_text(json(s), "\"outcome\":\"stopping\"");
    return NULL;
}

START_TEST(S2_at_any_time)
{
    struct act last = {.name = "last"};
    lg_shutdown *s = new_shutdown(quiet);
    add_act(s, &last, 0);
    ok(lg_shutdown_add(s, &(lg_stage){.name = "x", .stop = looks_at_report, .argument = &s}));
    ck_assert_str_eq(stop_text(s), "no error");
    lg_shutdown_close(s, NULL);
}
END_TEST

START_TEST(outcomes_have_names)
{
    ck_assert_str_eq(lg_stage_outcome_name(LG_STAGE_NOT_STOPPED), "not stopped");
    ck_assert_str_eq(lg_stage_outcome_name(LG_STAGE_PANICKED), "panicked");
    // NOLINTNEXTLINE(clang-analyzer-optin.core.EnumCastOutOfRange): of a newer library, perhaps
    ck_assert_str_eq(lg_stage_outcome_name((lg_stage_outcome)99), "unknown");
}
END_TEST

/* ---- the log ---- */

START_TEST(S2_the_plan_and_every_step_are_logged_where_asked)
{
    int ends[2];
    struct act db = {.name = "db"}, http = {.name = "http", .behaviour = FAILS};
    lg_shutdown *s = new_shutdown((lg_shutdown_options){.no_signals = true,
                                                        .budget = 10 * LG_SECOND,
                                                        .drain_delay = 10 * MS,
                                                        .grace_period = LG_MINUTE,
                                                        .log = open_log(ends)});
    ok(lg_shutdown_add(s, &(lg_stage){.name = "db",
                                      .stop = act_stop,
                                      .argument = &db,
                                      .limit = 4 * LG_SECOND,
                                      .needs = LG_NEEDS_NONE}));
    ok(lg_shutdown_add(
        s,
        &(lg_stage){.name = "http", .stop = act_stop, .argument = &http, .needs = LG_NEEDS("db")}));
    ok(lg_shutdown_ready(s));
    nap(20 * MS);
    lg_shutdown_request(s, "that is all");
    lg_shutdown_wait(s);
    lg_shutdown_close(s, NULL);
    const char *text = read_log(ends);
    expect_text(text,
                "shutdown: ready: 2 stages, with limits that come to 4s, of a budget of 10s\n");
    expect_text(text, "shutdown:   http  at most what is left, before db\n");
    expect_text(text, "shutdown:   db    at most 4s\n");
    expect_text(text, "shutdown: requested: that is all\nshutdown: draining for 10ms\n"
                      "shutdown: http: stopping, at most ");
    expect_text(text, "shutdown: http: failed after ");
    expect_text(text,
                ": http failed\nshutdown: db: stopping, at most 4s\nshutdown: db: done after ");
    expect_text(text, "shutdown: that is all: 2 stages in ");
    ck_assert_int_eq(occurrences(text, "warning"), 0);
}
END_TEST

START_TEST(S2_a_budget_that_does_not_fit_is_warned_of)
{
    int ends[2];
    struct act db = {.name = "db"}, http = {.name = "http"};
    lg_shutdown *s = new_shutdown((lg_shutdown_options){.no_signals = true,
                                                        .budget = 28 * LG_SECOND,
                                                        .drain_delay = 5 * LG_SECOND,
                                                        .grace_period = 30 * LG_SECOND,
                                                        .log = open_log(ends)});
    add_act(s, &db, 20 * LG_SECOND);
    ok(lg_shutdown_add(s, &(lg_stage){.name = "http",
                                      .stop = act_stop,
                                      .argument = &http,
                                      .limit = 20 * LG_SECOND,
                                      .needs = LG_NEEDS("db", "databse")}));
    ok(lg_shutdown_ready(s));
    nap(20 * MS);
    lg_shutdown_close(s, NULL);
    const char *text = read_log(ends);
    expect_text(text, "warning: the limits come to 40s, more than the budget of 28s");
    expect_text(
        text,
        "warning: the budget of 28s and the drain delay of 5s exceed the grace period of 30s");
    expect_text(text, "warning: http needs databse, but no stage has that name");
}
END_TEST

START_TEST(S2_nothing_is_written_unasked)
{
    int ends[2];
    struct act a = {.name = "a", .behaviour = FAILS};
    int log = open_log(ends);
    dup2(log, STDERR_FILENO);
    dup2(log, STDOUT_FILENO);
    lg_shutdown *s = new_shutdown(quiet);
    add_act(s, &a, 0);
    ok(lg_shutdown_ready(s));
    lg_shutdown_close(s, NULL);
    close(STDERR_FILENO);
    close(STDOUT_FILENO);
    ck_assert_str_eq(read_log(ends), "");
}
END_TEST

RUN_TESTS("report", S2_each_stage_how_long_and_how_it_ended, S2_a_report_may_be_cut_at_any_length,
          S2_json_is_valid_whatever_the_names, E8_names_and_errors_of_stages_are_escaped,
          E8_json_escapes_reasons_and_names_once, E8_a_reason_is_cut_between_characters,
          S2_at_any_time, outcomes_have_names, S2_the_plan_and_every_step_are_logged_where_asked,
          S2_a_budget_that_does_not_fit_is_warned_of, S2_nothing_is_written_unasked)
