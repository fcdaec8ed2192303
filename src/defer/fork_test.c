/* In a forked child, what the parent has pending must not be run by an unwinding. */
#include "testing/test.h"

#include <lifoguard/panic.h>

/* The child of the test's own fork, so that what is pending is pending at the fork. */
static void after_fork(int how, int *out)
{
    fflush(NULL);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        int null = STDERR_FILENO;
        dup2(out[1], null);
        if (how == 0)
            lg_panic("in the child");
        if (how == 1)
            lg_goexit();
        if (how == 2)
            lg_exit(0);
        if (how == 4) { /* a child of the child */
            pid_t own = fork();
            if (own == 0)
                lg_panic("in the child's child");
            int status = 0;
            waitpid(own, &status, 0);
            _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 9);
        }
        if (how == 3) {
            lg_func_recovers_void {
                lg_defer_recover(stop);
                lg_panic("to be recovered in the child");
            }
        }
        _exit(0);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 2, "%d: %#x", how, (unsigned)status);
}

static size_t read_report(int *out, char *text, size_t size)
{
    close(out[1]);
    size_t length = 0;
    while (drain(out[0], text, size, &length))
        ;
    close(out[0]);
    return length;
}

static void forks_with_calls_pending(int how)
{
    static char text[32768];
    int out[2];
    ck_assert_int_eq(pipe(out), 0);
    {
        lg_defer(note, "of the parent");
        after_fork(how, out);
    }
    expect_trace("of the parent");
    memset(text, 0, sizeof(text));
    read_report(out, text, sizeof(text));
    ck_assert_msg(strstr(text, "in a child after fork, with deferred calls of the parent pending"),
                  "%s", text);
    ck_assert_msg(strstr(text, "must call exec or _exit"), "%s", text);
}

START_TEST(G1_a_child_with_its_parents_calls_pending_refuses)
{
    for (int how = 0; how < 5; how++)
        forks_with_calls_pending(how);
}
END_TEST

static void scope_pending(int how)
{
    static char text[32768];
    int out[2];
    ck_assert_int_eq(pipe(out), 0);
    {
        lg_scope(s);
        lg_defer_in(&s, note, "of the parent");
        after_fork(how, out);
    }
    expect_trace("of the parent");
    memset(text, 0, sizeof(text));
    read_report(out, text, sizeof(text));
    ck_assert_ptr_nonnull(strstr(text, "in a child after fork"));
}

START_TEST(G1_a_scope_is_pending_too)
{
    scope_pending(0);
}
END_TEST

static void panics_and_recovers(void)
{
    lg_func_recovers_void {
        lg_defer_recover(tell_stop);
        lg_defer(tell, "deferred");
        lg_panic("in the child");
    }
}

static void all_of_it(void *data)
{
    (void)data;
    panics_and_recovers();
    lg_defer(tell, "last");
    lg_exit(5);
}

START_TEST(G1_a_child_with_nothing_pending_may_use_all)
{
    struct outcome *outcome = in_child(all_of_it, NULL);
    expect_status(outcome, 5);
    expect_out(outcome, "deferred in the child last ");
}
END_TEST

static void uncaught(void *data)
{
    (void)data;
    lg_defer(tell, "a");
    lg_panic("in the child");
}

START_TEST(G1_P5_an_uncaught_panic_there_is_reported)
{
    struct outcome *outcome = in_child(uncaught, NULL);
    expect_status(outcome, 2);
    expect_in_err(outcome, "panic: in the child\n");
    expect_out(outcome, "a ");
}
END_TEST

static void calls_made_in_the_child(void)
{
    lg_defer(tell, "own");
    lg_scope(s);
    lg_defer_in(&s, tell, "scoped");
}

static void forks_again(void *data)
{
    (void)data;
    lg_defer(tell, "first child");
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        calls_made_in_the_child(); /* deferring needs no leave */
        _exit(0);
    }
    waitpid(child, NULL, 0);
}

START_TEST(G1_deferring_works_in_every_child)
{
    struct outcome *outcome = in_child(forks_again, NULL);
    expect_status(outcome, 0);
    expect_out(outcome, "scoped own first child ");
}
END_TEST

static void child_of_a_thread(void *data)
{
    int *status = data;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        panics_and_recovers();
        _exit(0);
    }
    waitpid(child, status, 0);
}

static void with_another_thread_pending(void *data)
{
    int status = -1;
    (void)data;
    lg_defer(tell, "main");
    on_thread(child_of_a_thread, &status);
    tell(status == 0 ? "good" : "bad");
}

START_TEST(G1_what_other_threads_had_pending_does_not_matter)
{
    struct outcome *outcome = in_child(with_another_thread_pending, NULL);
    expect_status(outcome, 0);
    expect_out(outcome, "deferred in the child good main ");
}
END_TEST

static void tell_whether_refused(pid_t child)
{
    int status = 0;
    waitpid(child, &status, 0);
    tell(WIFEXITED(status) && WEXITSTATUS(status) == 2 ? "refused" : "allowed");
}

static pid_t forks_within(void)
{
    lg_defer(tell, "inner");
    fflush(NULL);
    return fork();
}

static void leaves_some_of_what_was_pending(void *data)
{
    (void)data;
    lg_defer(tell, "outer");
    pid_t child = forks_within();
    if (child == 0)
        lg_panic("in the child");
    tell_whether_refused(child);
}

START_TEST(G1_what_is_still_pending_in_the_child_is_still_the_parents)
{
    struct outcome *outcome = in_child(leaves_some_of_what_was_pending, NULL);
    expect_status(outcome, 0);
    expect_out(outcome, "inner inner refused outer ");
    expect_in_err(outcome, "in a child after fork, with deferred calls of the parent pending");
}
END_TEST

static void panics_within(void)
{
    lg_defer(tell, "own");
    lg_panic("in the child");
}

static void contains_its_panic(void *data)
{
    (void)data;
    int status = 0;
    lg_defer(tell, "outer");
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        lg_error *err = lg_call_contained(panics_within);
        tell(lg_error_message(err));
        fflush(NULL);
        _exit(0);
    }
    waitpid(child, &status, 0);
    tell(WIFEXITED(status) && WEXITSTATUS(status) == 0 ? "contained" : "refused");
}

START_TEST(G1_a_panic_that_a_call_of_the_child_contains_stops_there)
{
    struct outcome *outcome = in_child(contains_its_panic, NULL);
    expect_status(outcome, 0);
    expect_out(outcome, "own panic: in the child contained outer ");
}
END_TEST

static void goes_on_after_containing(void *data)
{
    (void)data;
    lg_defer(tell, "outer");
    lg_error_free(lg_call_contained(panics_within));
    lg_panic("not contained");
}

static void contains_one_panic_only(void *data)
{
    lg_defer(tell, "pending");
    fflush(NULL);
    pid_t child = fork();
    if (child == 0)
        goes_on_after_containing(data);
    tell_whether_refused(child);
}

START_TEST(G1_a_panic_outside_that_call_is_refused)
{
    struct outcome *outcome = in_child(contains_one_panic_only, NULL);
    expect_status(outcome, 0);
    expect_out(outcome, "own refused pending ");
    expect_in_err(outcome, "in a child after fork, with deferred calls of the parent pending");
}
END_TEST

RUN_TESTS("fork", G1_a_panic_that_a_call_of_the_child_contains_stops_there,
          G1_a_panic_outside_that_call_is_refused,
          G1_what_is_still_pending_in_the_child_is_still_the_parents,
          G1_a_child_with_its_parents_calls_pending_refuses, G1_a_scope_is_pending_too,
          G1_a_child_with_nothing_pending_may_use_all, G1_P5_an_uncaught_panic_there_is_reported,
          G1_deferring_works_in_every_child, G1_what_other_threads_had_pending_does_not_matter)
