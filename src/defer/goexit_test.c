/* lg_goexit and lg_exit: P6, P14, D10, and what P9 says of them. */
#include "testing/test.h"

static void leaf(void)
{
    lg_defer(note, "c");
    lg_defer_block {
        note("block");
    }
    lg_goexit();
}

static void through(void *data)
{
    (void)data;
    FOREIGN(foreign, "foreign");
    lg_defer(note, "a");
    lg_scope(s);
    lg_defer_in(&s, note, "b");
    leaf();
    note("not reached");
}

START_TEST(P6_goexit_runs_all_defers_and_ends_the_goroutine)
{
    ck_assert(!on_thread(through, NULL));
    expect_trace("block c b a foreign");
}
END_TEST

static void log_panic(lg_panic_info *panic, const char *who)
{
    note(who);
    note(panic ? lg_panic_message(panic) : "nothing");
    lg_recover(panic);
}

static void goexit_cannot_be_stopped(void *data)
{
    (void)data;
    lg_func_recovers_void {
        lg_defer_recover(log_panic, "outer:");
        lg_defer_recover(log_panic, "inner:");
        lg_goexit();
    }
}

START_TEST(P2_P6_goexit_is_no_panic)
{
    ck_assert(!on_thread(goexit_cannot_be_stopped, NULL));
    expect_trace("inner: nothing outer: nothing");
}
END_TEST

static void panic_during_goexit(void *data)
{
    (void)data;
    lg_defer(note, "end");
    lg_func_recovers_void {
        lg_defer(note, "a");
        lg_defer_recover(log_panic, "stopper:");
        lg_defer(panic_with, "p");
        lg_goexit();
    }
}

static void goes_on_afterwards(void *data)
{
    panic_during_goexit(data);
    note("not reached");
}

START_TEST(P6_recovering_a_panic_of_a_deferred_call_does_not_stop_the_goexit)
{
    ck_assert(!on_thread(goes_on_afterwards, NULL));
    expect_trace("stopper: p a end");
}
END_TEST

static void panics_and_recovers(void)
{
    lg_func_recovers_void {
        lg_defer_recover(log_panic, "inside:");
        lg_panic("p");
    }
}

static void recovered_within_a_deferred_call(void *data)
{
    (void)data;
    lg_defer(note, "a");
    lg_defer(panics_and_recovers);
    lg_defer_block {
        panics_and_recovers();
    }
    lg_goexit();
}

START_TEST(P6_panics_recovered_within_deferred_calls_of_a_goexit)
{
    ck_assert(!on_thread(recovered_within_a_deferred_call, NULL));
    expect_trace("inside: p inside: p a");
}
END_TEST

static void goexit_during_panic(void *data)
{
    (void)data;
    lg_func_recovers_void {
        lg_defer_recover(log_panic, "outer:");
        lg_defer(note, "a");
        lg_defer(lg_goexit);
        lg_defer(note, "b");
        lg_panic("aborted");
    }
    note("not reached");
}

START_TEST(P9_a_goexit_in_a_deferred_call_aborts_the_panic)
{
    ck_assert(!on_thread(goexit_during_panic, NULL));
    expect_trace("b a outer: nothing");
}
END_TEST

static void goexit_on_return(void *data)
{
    (void)data;
    lg_defer(note, "a");
    lg_defer(lg_goexit);
    lg_defer(note, "b");
}

START_TEST(P9_a_goexit_in_a_deferred_call_on_return)
{
    ck_assert(!on_thread(goexit_on_return, NULL));
    expect_trace("b a");
}
END_TEST

static void goexits_twice(void *data)
{
    (void)data;
    lg_defer(note, "a");
    lg_defer(lg_goexit);
    lg_defer(note, "b");
    lg_goexit();
}

START_TEST(P9_a_goexit_during_a_goexit)
{
    ck_assert(!on_thread(goexits_twice, NULL));
    expect_trace("b a");
}
END_TEST

static void mixes(void *data)
{
    (void)data;
    lg_func_recovers_void {
        lg_defer_recover(log_panic, "d:");
        lg_defer(panic_with, "3");
        lg_defer_recover(log_panic, "c:");
        lg_defer(panic_with, "2");
        lg_defer(lg_goexit);
        lg_defer_recover(log_panic, "b:");
        lg_panic("1");
    }
}

static void mixes_on(void *data)
{
    mixes(data);
    note("returned");
    lg_goexit();
}

/* b stops 1, so no more panics; then the goexit; 2 is stopped by c, 3 by d, and the goexit goes on. */
START_TEST(P9_panics_and_goexits_mixed)
{
    ck_assert(!on_thread(mixes_on, NULL));
    expect_trace("b: 1 c: 2 d: 3");
}
END_TEST

static void recovers_then_goexits(lg_panic_info *panic)
{
    lg_recover(panic);
    lg_goexit();
}

static void recovering_call_goexits(void *data)
{
    (void)data;
    lg_func_recovers_void {
        lg_defer_recover(log_panic, "outer:");
        lg_defer_recover(recovers_then_goexits);
        lg_panic("p");
    }
    note("not reached");
}

START_TEST(P9_a_recovering_call_may_goexit)
{
    ck_assert(!on_thread(recovering_call_goexits, NULL));
    expect_trace("outer: nothing");
}
END_TEST

static void unrecovered(void *data)
{
    (void)data;
    lg_defer(tell, "a");
    lg_defer(panic_with, "after goexit");
    lg_goexit();
}

static void unrecovered_on_thread(void *data)
{
    on_thread(unrecovered, data);
    tell("not reached");
}

START_TEST(P8_P9_an_unrecovered_panic_during_goexit_ends_the_process)
{
    struct outcome *outcome = in_child(unrecovered_on_thread, NULL);
    expect_status(outcome, 2);
    expect_in_err(outcome, "panic: after goexit");
    expect_out(outcome, "a ");
}
END_TEST

RUN_TESTS("goexit", P6_goexit_runs_all_defers_and_ends_the_goroutine, P2_P6_goexit_is_no_panic,
          P6_recovering_a_panic_of_a_deferred_call_does_not_stop_the_goexit,
          P6_panics_recovered_within_deferred_calls_of_a_goexit,
          P9_a_goexit_in_a_deferred_call_aborts_the_panic, P9_a_goexit_in_a_deferred_call_on_return,
          P9_a_goexit_during_a_goexit, P9_panics_and_goexits_mixed, P9_a_recovering_call_may_goexit,
          P8_P9_an_unrecovered_panic_during_goexit_ends_the_process)
