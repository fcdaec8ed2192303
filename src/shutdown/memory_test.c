/* Out of memory, threads or descriptors: nothing that was started is lost (S3), and nothing waits for ever (S2). */
#include "testing/shutdown.h"

#include "testing/failing_malloc.h"

static const lg_shutdown_options quiet = {.no_signals = true};

/* Every allocation of lg_shutdown_new fails once. */
START_TEST(S3_making_one_fails_cleanly)
{
    if (!can_fail_allocations())
        return;
    lg_shutdown *s = NULL;
    for (long failing = 1;; failing++) {
        ck_assert_int_lt(failing, 100);
        memory_watch(failing, true);
        lg_error *err = lg_shutdown_new(&s, &quiet);
        memory_ignore();
        if (memory.failed == 0) {
            ck_assert_int_gt(failing, 2);
            ok(err);
            break;
        }
        ck_assert_ptr_nonnull(err);
        ck_assert_ptr_null(s);
        lg_error_free(err);
    }
    lg_shutdown_close(s, NULL);
}
END_TEST

static lg_error *note_start(void *argument, const lg_context *context)
{
    (void)context;
    note_pair(argument, 1);
    return NULL;
}

static lg_error *note_stop(void *argument, const lg_context *context)
{
    (void)context;
    note_pair(argument, 0);
    return NULL;
}

static char name[] = "x";

/* What cannot be added is stopped at once: it is stopped exactly once, whichever allocation fails. */
START_TEST(S3_what_cannot_be_added_is_stopped)
{
    if (!can_fail_allocations())
        return;
    const lg_stage stage = {.name = name,
                            .start = note_start,
                            .stop = note_stop,
                            .argument = name,
                            .needs = LG_NEEDS("a", "b")};
    for (int and_all_after = 0; and_all_after < 2; and_all_after++) {
        for (long failing = 1;; failing++) {
            ck_assert_int_lt(failing, 100);
            lg_shutdown *s = new_shutdown(quiet);
            memory_watch(failing, and_all_after);
            lg_error *err = lg_shutdown_add(s, &stage);
            memory_ignore();
            bool failed = memory.failed > 0;
            if (err) {
                ck_assert(lg_error_is(err, &lg_error_out_of_memory));
                expect_trace("x0");
            } else {
                expect_trace("");
            }
            ck_assert_ptr_null(lg_shutdown_stop(s));
            expect_trace(err ? "" : "x0");
            ck_assert(failed || !err);
            lg_error_free(err);
            lg_shutdown_close(s, NULL);
            if (!failed)
                break;
        }
    }
}
END_TEST

START_TEST(S3_what_cannot_be_started_is_not)
{
    if (!can_fail_allocations())
        return;
    const lg_stage stage = {.name = name, .start = note_start, .stop = note_stop, .argument = name};
    for (long failing = 1;; failing++) {
        ck_assert_int_lt(failing, 100);
        lg_shutdown *s = new_shutdown(quiet);
        memory_watch(failing, true);
        lg_error *err = lg_shutdown_start(s, &stage);
        memory_ignore();
        bool failed = memory.failed > 0;
        if (err) {
            ck_assert(failed && lg_error_is(err, &lg_error_out_of_memory));
            expect_trace("");
            lg_error_free(err);
        } else {
            expect_trace("x1");
        }
        ck_assert_ptr_null(lg_shutdown_stop(s));
        expect_trace(err ? "" : "x0");
        lg_shutdown_close(s, NULL);
        if (!failed)
            break;
    }
}
END_TEST

/* ---- in a child, whose memory, threads or descriptors are at an end ---- */

static lg_error *tell_stop_of(void *argument, const lg_context *context)
{
    (void)context;
    tell(argument);
    return NULL;
}

static lg_error *tell_and_end(void *argument, const lg_context *context)
{
    (void)context;
    tell(argument);
    lg_goexit();
}

static char a[] = "a", b[] = "b", c[] = "c";

static void without_threads(void *data)
{
    const struct rlimit none = {0, 0};
    (void)data;
    lg_shutdown *s = new_shutdown(
        (lg_shutdown_options){.no_signals = true, .budget = while_quick(300 * MS), .at_once = 2});
    ok(lg_shutdown_add(
        s, &(lg_stage){.name = a, .stop = tell_stop_of, .argument = a, .needs = LG_NEEDS_NONE}));
    ok(lg_shutdown_add(
        s, &(lg_stage){.name = b, .stop = tell_stop_of, .argument = b, .needs = LG_NEEDS_NONE}));
    ok(lg_shutdown_add(s, &(lg_stage){.name = c,
                                      .stop = data ? tell_and_end : tell_stop_of,
                                      .argument = c,
                                      .needs = LG_NEEDS(a, b)}));
    if (getuid() == 0 && setuid(65534) != 0)
        _exit(89);
    setrlimit(RLIMIT_NPROC, &none);
    lg_error *err = lg_shutdown_stop(s);
    char text[512];
    lg_error_format(err, text, sizeof(text));
    tell(text);
    lg_error_free(err);
    lg_shutdown_close(s, NULL);
    _exit(0);
}

START_TEST(S2_without_threads_stages_are_stopped_all_the_same)
{
    struct outcome *outcome = in_child(without_threads, NULL);
    expect_status(outcome, 0);
    expect_out(outcome, "c b a no error ");
}
END_TEST

/* The one thread that there is ends: the others cannot be stopped, and are named in the end. */
START_TEST(S2_without_any_thread_they_are_named)
{
    struct outcome *outcome = in_child(without_threads, a);
    expect_status(outcome, 0);
    expect_out(outcome,
               "c stop c: the function ended its thread; stop b: not stopped, as no time was left; "
               "stop a: not stopped, as no time was left ");
}
END_TEST

START_TEST(S3_without_descriptors_none_is_made)
{
    struct rlimit limit, before;
    lg_shutdown *s;
    getrlimit(RLIMIT_NOFILE, &before);
    for (rlim_t left = 0; left < 2; left++) {
        int lowest = dup(0);
        close(lowest);
        limit = before;
        limit.rlim_cur = (rlim_t)lowest + left;
        setrlimit(RLIMIT_NOFILE, &limit);
        lg_error *err = lg_shutdown_new(&s, &quiet);
        setrlimit(RLIMIT_NOFILE, &before);
        ck_assert(lg_error_is_errno(err, EMFILE));
        ck_assert_ptr_null(s);
        lg_error_free(err);
        int after = dup(0);
        close(after);
        ck_assert_int_eq(after, lowest);
    }
}
END_TEST

START_TEST(S3_no_descriptor_or_thread_stays)
{
    int lowest = dup(0);
    close(lowest);
    for (int i = 0; i < 300; i++) {
        struct act act = {.name = "x", .behaviour = i % 2 ? PANICS : QUICK};
        lg_shutdown *s = new_shutdown(quiet);
        add_act(s, &act, 0);
        lg_shutdown_close(s, NULL);
    }
    for (int tries = 0;; tries++) {
        int after = dup(0);
        close(after);
        if (after == lowest)
            break;
        ck_assert_int_lt(tries, 5000); /* the last runner closes them */
        nap(2 * MS);
    }
}
END_TEST

RUN_TESTS("memory", S3_making_one_fails_cleanly, S3_what_cannot_be_added_is_stopped,
          S3_what_cannot_be_started_is_not, S2_without_threads_stages_are_stopped_all_the_same,
          S2_without_any_thread_they_are_named, S3_without_descriptors_none_is_made,
          S3_no_descriptor_or_thread_stays)
