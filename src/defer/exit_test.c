/* Tests of lg_exit (D10). Rules are those of docs/rules.md. */
#include "testing/test.h"

/* ---- D10: lg_exit ---- */

static void at_exit(void)
{
    tell("atexit");
}

static void inner_exit(int status)
{
    lg_defer(tell, "inner");
    lg_exit(status);
}

static void exits(void *data)
{
    atexit(at_exit);
    lg_defer(tell, "a");
    lg_scope(s);
    lg_defer_in(&s, tell, "scope");
    lg_defer_block {
        tell("block");
    }
    inner_exit(*(int *)data);
    tell("not reached");
}

START_TEST(D10_lg_exit_unwinds_first)
{
    for (int status = 0; status < 6; status += 5) {
        struct outcome *outcome = in_child(exits, &status);
        expect_status(outcome, status);
        expect_out(outcome, "inner block scope a atexit ");
    }
}
END_TEST

static void exits_on_thread(void *data)
{
    lg_defer(tell, "not of this goroutine");
    on_thread(exits, data);
    tell("not reached");
}

START_TEST(D10_lg_exit_unwinds_only_the_calling_goroutine)
{
    int status = 4;
    struct outcome *outcome = in_child(exits_on_thread, &status);
    expect_status(outcome, 4);
    expect_out(outcome, "inner block scope a atexit ");
}
END_TEST

static void stop_quietly(lg_panic_info *panic)
{
    tell(panic ? "panic" : "none");
    lg_recover(panic);
}

static void exit_is_not_recovered(void *data)
{
    (void)data;
    lg_func_recovers_void {
        lg_defer_recover(stop_quietly);
        lg_defer(panic_with, "stopped");
        lg_defer_recover(stop_quietly);
        lg_exit(6);
    }
    tell("not reached");
}

START_TEST(D10_recovering_a_panic_of_a_deferred_call_does_not_stop_lg_exit)
{
    struct outcome *outcome = in_child(exit_is_not_recovered, NULL);
    expect_status(outcome, 6);
    expect_out(outcome, "none panic ");
}
END_TEST

static void exit_in_panic(void *data)
{
    (void)data;
    atexit(at_exit);
    lg_defer(tell, "a");
    lg_defer(lg_exit, 9);
    lg_panic("aborted");
}

START_TEST(D10_P9_lg_exit_in_a_deferred_call_aborts_the_panic)
{
    struct outcome *outcome = in_child(exit_in_panic, NULL);
    expect_status(outcome, 9);
    expect_out(outcome, "a atexit ");
    ck_assert_str_eq(outcome->err, "");
}
END_TEST

static void panics_in_exit(void *data)
{
    (void)data;
    atexit(at_exit);
    lg_defer(tell, "a");
    lg_defer(panic_with, "during exit");
    lg_exit(9);
}

START_TEST(D10_P8_an_unrecovered_panic_during_lg_exit_is_reported)
{
    struct outcome *outcome = in_child(panics_in_exit, NULL);
    expect_status(outcome, 2);
    expect_out(outcome, "a ");
    expect_in_err(outcome, "panic: during exit");
}
END_TEST

static void later_exit_wins(void *data)
{
    (void)data;
    lg_defer(tell, "a");
    lg_defer(lg_exit, 8);
    lg_exit(7);
}

static void exit_then_goexit(void *data)
{
    (void)data;
    lg_defer(tell, "a");
    lg_defer(lg_goexit);
    lg_exit(7);
}

START_TEST(D10_P9_lg_exit_twice_and_with_goexit)
{
    struct outcome *outcome = in_child(later_exit_wins, NULL);
    expect_status(outcome, 8);
    expect_out(outcome, "a ");
#if defined(HAS_TSAN)
    (void)exit_then_goexit;
#else
    outcome = in_child(exit_then_goexit, NULL); /* on the only thread: the process ends with 0 */
    expect_status(outcome, 0);
    expect_out(outcome, "a ");
#endif
}
END_TEST

RUN_TESTS("exit", D10_lg_exit_unwinds_first, D10_lg_exit_unwinds_only_the_calling_goroutine,
          D10_recovering_a_panic_of_a_deferred_call_does_not_stop_lg_exit,
          D10_P9_lg_exit_in_a_deferred_call_aborts_the_panic,
          D10_P8_an_unrecovered_panic_during_lg_exit_is_reported,
          D10_P9_lg_exit_twice_and_with_goexit)
