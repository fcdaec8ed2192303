/* S1, S3, S4: stages are stopped in order, as far as they were started, whatever they do. */
#include "testing/shutdown.h"
#include <lifoguard/go.h>
#include <poll.h>

static const lg_shutdown_options quiet = {.no_signals = true};

START_TEST(S1_last_added_first_stopped)
{
    struct act a = {.name = "a"}, b = {.name = "b"}, c = {.name = "c"};
    lg_shutdown *s = new_shutdown(quiet);
    add_act(s, &a, 0);
    add_act(s, &b, 0);
    add_act(s, &c, 0);
    ck_assert_str_eq(stop_text(s), "no error");
    expect_acts("c b a");
    ck_assert_ptr_null(lg_shutdown_stop(s)); /* again: nothing */
    expect_acts("");
    expect_outcome(s, "a", "done");
    lg_shutdown_close(s, NULL);
}
END_TEST

START_TEST(S1_no_stages)
{
    lg_shutdown *s = new_shutdown(quiet);
    ok(lg_shutdown_stop(s));
    lg_shutdown_close(s, NULL);
    lg_shutdown_close(NULL, NULL);
    ok(lg_shutdown_new(&s, NULL));
    lg_error *err = NULL;
    lg_shutdown_close(s, &err);
    ok(err);
}
END_TEST

START_TEST(S1_declared_dependencies_in_turn)
{
    struct act log = {.name = "log"}, http = {.name = "http"}, cache = {.name = "cache"},
               db = {.name = "db"};
    lg_shutdown *s = new_shutdown(quiet);
    ok(lg_shutdown_add(s, &(lg_stage){.name = "log", .stop = act_stop, .argument = &log}));
    ok(lg_shutdown_add(s, &(lg_stage){.name = "http",
                                      .stop = act_stop,
                                      .argument = &http,
                                      .needs = LG_NEEDS("db", "cache")}));
    ok(lg_shutdown_add(
        s, &(lg_stage){
               .name = "cache", .stop = act_stop, .argument = &cache, .needs = LG_NEEDS("log")}));
    ok(lg_shutdown_add(
        s, &(lg_stage){.name = "db", .stop = act_stop, .argument = &db, .needs = LG_NEEDS_NONE}));
    ck_assert_str_eq(stop_text(s), "no error");
    expect_acts("http db cache log");
    lg_shutdown_close(s, NULL);
}
END_TEST

/* Each waits for the other: only together can they end. */
static sem_t here[2];

static lg_error *meet(void *argument, const lg_context *context)
{
    (void)context;
    int which = *(int *)argument;
    sem_post(&here[which]);
    while (sem_wait(&here[1 - which]) != 0)
        ;
    return NULL;
}

START_TEST(S1_independent_stages_stop_together_if_they_may)
{
    int numbers[2] = {0, 1};
    struct act last = {.name = "last"};
    lg_shutdown *s = new_shutdown((lg_shutdown_options){.no_signals = true, .at_once = 2});
    sem_init(&here[0], 0, 0);
    sem_init(&here[1], 0, 0);
    add_act(s, &last, 0);
    ok(lg_shutdown_add(
        s, &(lg_stage){
               .name = "x", .stop = meet, .argument = &numbers[0], .needs = LG_NEEDS("last")}));
    ok(lg_shutdown_add(
        s, &(lg_stage){
               .name = "y", .stop = meet, .argument = &numbers[1], .needs = LG_NEEDS("last")}));
    ck_assert_str_eq(stop_text(s), "no error");
    expect_acts("last");
    lg_shutdown_close(s, NULL);
}
END_TEST

START_TEST(S1_a_cycle_is_refused_and_named)
{
    struct act a = {.name = "a"}, b = {.name = "b"};
    lg_shutdown *s = new_shutdown(quiet);
    ok(lg_shutdown_add(
        s, &(lg_stage){.name = "a", .stop = act_stop, .argument = &a, .needs = LG_NEEDS("b")}));
    lg_stage cyclic = {.name = "b", .stop = act_stop, .argument = &b, .needs = LG_NEEDS("a")};
    lg_error *err = lg_shutdown_add(s, &cyclic);
    char text[256];
    lg_error_format(err, text, sizeof(text));
    ck_assert_str_eq(text, "stage b: a cycle: b after a after b");
    lg_error_free(err);
    expect_acts("b"); /* it had been started: so it was stopped */
    err = lg_shutdown_start(s, &cyclic);
    lg_error_format(err, text, sizeof(text));
    ck_assert_str_eq(text, "start b: a cycle: b after a after b");
    lg_error_free(err);
    expect_acts("");
    ck_assert_str_eq(stop_text(s), "no error");
    expect_acts("a");
    lg_shutdown_close(s, NULL);
}
END_TEST

/* ---- S3 ---- */

struct service {
    const char *name;
    bool fails;
    lg_shutdown *s;
};

static lg_error *service_start(void *argument, const lg_context *context)
{
    const struct service *service = argument;
    ck_assert_ptr_nonnull(context);
    ck_assert_ptr_null(lg_context_error(context));
    note_pair(service->name, 1);
    return service->fails ? lg_error_new("no port") : NULL;
}

static lg_error *service_stop(void *argument, const lg_context *context)
{
    (void)context;
    note_pair(((struct service *)argument)->name, 0);
    return NULL;
}

static lg_error *start_services(struct service *services, size_t count)
{
    lg_func (lg_error *, err) {
        lg_shutdown *s = new_shutdown(quiet);
        lg_defer(lg_shutdown_close, s, &err);
        for (size_t i = 0; i < count; i++) {
            services[i].s = s;
            err = lg_shutdown_start(s, &(lg_stage){.name = services[i].name,
                                                   .start = service_start,
                                                   .stop = service_stop,
                                                   .argument = &services[i]});
            if (err)
                lg_return(err);
        }
        note("serving");
        lg_return(NULL);
    }
}

START_TEST(S3_what_was_started_is_stopped)
{
    struct service services[] = {{.name = "a"}, {.name = "b"}, {.name = "c"}};
    ok(start_services(services, 3));
    expect_trace("a1 b1 c1 serving c0 b0 a0");
}
END_TEST

START_TEST(S3_a_partial_start_unwinds)
{
    for (size_t failing = 0; failing < 3; failing++) {
        struct service services[] = {{.name = "a"}, {.name = "b"}, {.name = "c"}};
        static const char *const expected[] = {"a1", "a1 b1 a0", "a1 b1 c1 b0 a0"};
        static const char *const texts[] = {"start a: no port", "start b: no port",
                                            "start c: no port"};
        char text[128];
        services[failing].fails = true;
        lg_error *err = start_services(services, 3);
        expect_trace(expected[failing]);
        lg_error_format(err, text, sizeof(text));
        ck_assert_str_eq(text, texts[failing]);
        lg_error_free(err);
    }
}
END_TEST

static lg_error *panicking_start(void *argument, const lg_context *context)
{
    (void)argument;
    (void)context;
    lg_panic("start");
}

static void starts_with_a_panic(void)
{
    lg_func_recovers_void {
        lg_defer_recover(stop);
        struct act a = {.name = "a"};
        lg_shutdown *s = new_shutdown(quiet);
        lg_defer(lg_shutdown_close, s, NULL);
        add_act(s, &a, 0);
        ok(lg_shutdown_start(
            s, &(lg_stage){.name = "b", .start = panicking_start, .stop = service_stop}));
    }
}

START_TEST(S3_a_start_that_panics_unwinds_too)
{
    starts_with_a_panic();
    expect_trace("stopped: start");
    expect_acts("a");
}
END_TEST

static lg_error *start_that_is_overtaken(void *argument, const lg_context *context)
{
    struct service *service = argument;
    lg_shutdown_request(service->s, "changed our mind");
    lg_context_wait(context);
    note(lg_shutdown_is_requested(service->s) ? "requested" : "not requested");
    return service->fails ? lg_context_cause_copy(context) : NULL;
}

START_TEST(S3_a_request_during_a_start_reaches_it)
{
    for (int fails = 0; fails < 2; fails++) {
        struct service service = {.name = "x", .fails = fails};
        lg_error *err = NULL;
        service.s = new_shutdown(quiet);
        lg_error *start = lg_shutdown_start(service.s, &(lg_stage){.name = "x",
                                                                   .start = start_that_is_overtaken,
                                                                   .stop = service_stop,
                                                                   .argument = &service});
        if (fails) {
            char text[256];
            lg_error_format(start, text, sizeof(text));
            expect_text(text, "shutting down: changed our mind");
            lg_error_free(start);
        } else {
            ok(start);
        }
        /* From now on nothing is started any more. */
        start = lg_shutdown_start(service.s, &(lg_stage){.name = "y",
                                                         .start = service_start,
                                                         .stop = service_stop,
                                                         .argument = &service});
        ck_assert(lg_error_is(start, &lg_error_shutting_down));
        lg_error_free(start);
        ok(lg_shutdown_ready(service.s));
        lg_shutdown_close(service.s, &err);
        ok(err);
        expect_trace(fails ? "requested" : "requested x0");
    }
}
END_TEST

START_TEST(S3_what_is_added_too_late_is_stopped_at_once)
{
    struct act a = {.name = "a"}, bad = {.name = "bad", .behaviour = PANICS};
    lg_shutdown *s = new_shutdown(quiet);
    ok(lg_shutdown_stop(s));
    lg_error *err = lg_shutdown_add(s, &(lg_stage){.name = "a", .stop = act_stop, .argument = &a});
    expect_acts("a");
    ck_assert(lg_error_is(err, &lg_error_shutting_down));
    lg_error_free(err);
    err = lg_shutdown_add(s, &(lg_stage){.name = "bad", .stop = act_stop, .argument = &bad});
    expect_acts("bad");
    char text[256];
    lg_error_format(err, text, sizeof(text));
    ck_assert_str_eq(text, "stage bad: shutting down; stop bad: bad panicked");
    lg_error_free(err);
    lg_shutdown_close(s, NULL);
}
END_TEST

/* ---- S4 ---- */

START_TEST(S4_errors_are_joined_and_panics_contained)
{
    struct act a = {.name = "a", .behaviour = FAILS}, b = {.name = "b", .behaviour = PANICS},
               c = {.name = "c"}, d = {.name = "d", .behaviour = GOES};
    lg_shutdown *s = new_shutdown(quiet);
    add_act(s, &a, 0);
    add_act(s, &b, 0);
    add_act(s, &c, 0);
    add_act(s, &d, 0);
    ck_assert_str_eq(stop_text(s),
                     "stop d: the function ended its thread; stop b: panic: b panicked; "
                     "stop a: a failed");
    expect_acts("d c b a");
    expect_outcome(s, "a", "failed");
    expect_outcome(s, "b", "panicked");
    expect_outcome(s, "c", "done");
    expect_outcome(s, "d", "panicked");
    ck_assert_str_eq(report_of(s, "a").error, "a failed");
    ck_assert_str_eq(report_of(s, "b").error, "panic: b panicked");
    ck_assert_str_eq(report_of(s, "c").error, "");
    lg_shutdown_close(s, NULL);
}
END_TEST

/* Every stage in turn does each of these; the others are not concerned. */
START_TEST(S4_every_stage_in_turn_fails_in_every_way)
{
    static const enum behaviour ways[] = {FAILS, PANICS, GOES, OBEYS};
    static const char *const outcomes[] = {"failed", "panicked", "panicked", "timed out"};
    static char names[5][4];
    for (size_t way = 0; way < sizeof(ways) / sizeof(ways[0]); way++) {
        for (size_t bad = 0; bad < 5; bad++) {
            struct act acts[5] = {0};
            lg_shutdown *s = new_shutdown(quiet);
            for (size_t i = 0; i < 5; i++) {
                snprintf(names[i], sizeof(names[i]), "s%zu", i);
                acts[i].name = names[i];
                acts[i].behaviour = i == bad ? ways[way] : QUICK;
                add_act(s, &acts[i], i == bad && ways[way] == OBEYS ? 20 * MS : 0);
            }
            const char *text = stop_text(s);
            expect_text(text, names[bad]);
            ck_assert_int_eq(occurrences(text, "stop "), 1);
            expect_acts("s4 s3 s2 s1 s0");
            for (size_t i = 0; i < 5; i++)
                expect_outcome(s, names[i], i == bad ? outcomes[way] : "done");
            lg_shutdown_close(s, NULL);
        }
    }
}
END_TEST

START_TEST(S4_errors_land_after_what_is_there)
{
    struct act a = {.name = "a", .behaviour = FAILS};
    lg_shutdown *s = new_shutdown(quiet);
    add_act(s, &a, 0);
    lg_error *err = lg_error_new("first");
    errno = 77;
    lg_shutdown_close(s, &err);
    ck_assert_int_eq(errno, 77);
    char text[128];
    lg_error_format(err, text, sizeof(text));
    ck_assert_str_eq(text, "first; stop a: a failed");
    lg_error_free(err);
    expect_acts("a");
}
END_TEST

static void panics_with_stages(void)
{
    lg_func_recovers_void {
        lg_defer_recover(stop);
        static struct act a = {.name = "a"}, b = {.name = "b", .behaviour = PANICS};
        lg_shutdown *s = new_shutdown(quiet);
        lg_defer(lg_shutdown_close, s, NULL);
        add_act(s, &a, 0);
        add_act(s, &b, 0);
        lg_panic("of the program");
    }
}

START_TEST(S3_S4_a_panic_of_the_program_stops_the_stages)
{
    panics_with_stages();
    expect_trace("stopped: of the program");
    expect_acts("b a");
}
END_TEST

RUN_TESTS("shutdown", S1_last_added_first_stopped, S1_no_stages, S1_declared_dependencies_in_turn,
          S1_independent_stages_stop_together_if_they_may, S1_a_cycle_is_refused_and_named,
          S3_what_was_started_is_stopped, S3_a_partial_start_unwinds,
          S3_a_start_that_panics_unwinds_too, S3_a_request_during_a_start_reaches_it,
          S3_what_is_added_too_late_is_stopped_at_once, S4_errors_are_joined_and_panics_contained,
          S4_every_stage_in_turn_fails_in_every_way, S4_errors_land_after_what_is_there,
          S3_S4_a_panic_of_the_program_stops_the_stages)
