/* C++ on the same stack: D4, D11, D13, P11. */
#include "testing/test.h"

#include "frames.h"

void frames_note(const char *word)
{
    note(word);
}

static void innermost_panics(void)
{
    lg_defer(note, "inner");
    lg_panic("p");
}

static void innermost_goexits(void)
{
    lg_defer(note, "inner");
    lg_goexit();
}

static void innermost_is_cancelled(void)
{
    lg_defer(note, "inner");
    pthread_cancel(pthread_self());
    pthread_testcancel();
}

static void innermost_throws(void)
{
    FOREIGN(foreign, "foreign");
    lg_defer(note, "inner");
    lg_defer_as(named, note, "named");
    lg_defer_block {
        note("block");
    }
    lg_scope(s);
    lg_defer_in(&s, note, "scope1");
    lg_defer_in(&s, note, "scope2");
    frames_throw();
}

static void (*in_the_middle)(void);

static void outermost(void *data)
{
    (void)data;
    lg_func_recovers_void {
        lg_defer(note, "outer");
        lg_defer_recover(stop);
        lg_scope(s);
        lg_defer_in(&s, note, "scope");
        frames_call(in_the_middle);
    }
}

START_TEST(D13_a_cxx_frame_between_two_c_frames)
{
    in_the_middle = innermost_panics;
    ck_assert(on_thread(outermost, NULL));
    expect_trace("inner ~frame scope stopped: p outer");
    in_the_middle = innermost_goexits;
    ck_assert(!on_thread(outermost, NULL));
    expect_trace("inner ~frame scope outer");
    in_the_middle = innermost_is_cancelled;
    ck_assert(!on_thread(outermost, NULL));
    expect_trace("inner ~frame scope outer");
}
END_TEST

START_TEST(D4_a_cxx_exception_through_a_c_frame_runs_its_defers)
{
    frames_catch(innermost_throws);
    expect_trace("~thrower scope2 scope1 block named inner foreign ~tried caught: thrown");
    lg_defer(note, "as before");
    ck_assert_uint_eq(lg_pending_skipped_count(), 0);
}
END_TEST

static void through_a_function_that_recovers(void)
{
    lg_func_recovers_void {
        lg_defer_recover(stop);
        lg_defer(note, "deferred");
        frames_throw();
    }
}

static void through_two(void)
{
    lg_defer(note, "outer");
    through_a_function_that_recovers();
}

START_TEST(P2_a_cxx_exception_is_no_panic)
{
    frames_catch(through_two);
    expect_trace("~thrower deferred outer ~tried caught: thrown");
    {
        lg_defer(note, "as before");
    }
    expect_trace("as before");
}
END_TEST

static int throws_in_func(void)
{
    lg_func (int, result) {
        lg_defer_on_success(note, "success");
        lg_defer_on_error(note, "error");
        frames_throw();
        lg_return(1);
    }
}

static void calls_throws_in_func(void)
{
    throws_in_func();
}

START_TEST(D11_a_cxx_exception_is_a_failure)
{
    frames_catch(calls_throws_in_func);
    expect_trace("~thrower error ~tried caught: thrown");
}
END_TEST

static void past_a_catch(void)
{
    lg_func_recovers_void {
        lg_defer_recover(stop);
        frames_catch(innermost_panics);
        note("not reached");
    }
}

START_TEST(P11_a_catch_of_a_type_does_not_see_a_panic)
{
    past_a_catch();
    expect_trace("inner ~tried stopped: p");
}
END_TEST

static void past_a_rethrow(void *data)
{
    (void)data;
    lg_func_recovers_void {
        lg_defer_recover(stop);
        lg_defer(note, "outer");
        frames_rethrow(in_the_middle);
        note("not reached");
    }
}

START_TEST(P11_a_catch_all_that_rethrows_passes_it_on)
{
    in_the_middle = innermost_panics;
    ck_assert(on_thread(past_a_rethrow, NULL));
    expect_trace("inner passed on outer stopped: p");
    in_the_middle = innermost_goexits;
    ck_assert(!on_thread(past_a_rethrow, NULL));
    expect_trace("inner passed on outer");
}
END_TEST

static void is_swallowed(void *data)
{
    (void)data;
    lg_defer(tell, "outer");
    frames_swallow(in_the_middle);
    tell("went on");
}

START_TEST(P11_a_catch_all_that_swallows_a_panic_is_noticed)
{
    in_the_middle = innermost_panics;
    struct outcome *outcome = in_child(is_swallowed, NULL);
    expect_status(outcome, 2);
    expect_in_err(outcome, "panic: p\n");
    expect_in_err(outcome, "a C++ catch (...) swallowed a panic: it must rethrow");
    expect_out(outcome, "");
    in_the_middle = innermost_goexits;
    outcome = in_child(is_swallowed, NULL);
    expect_status(outcome, 2);
    expect_in_err(outcome, "a C++ catch (...) swallowed a goexit: it must rethrow");
}
END_TEST

static void past_noexcept(void *data)
{
    (void)data;
    lg_func_recovers_void {
        lg_defer_recover(tell_stop);
        frames_noexcept(innermost_panics);
    }
}

START_TEST(P11_noexcept_ends_in_terminate)
{
    struct outcome *outcome = in_child(past_noexcept, NULL);
    expect_status(outcome, -SIGABRT);
    expect_in_err(outcome, "terminate");
    expect_out(outcome, "");
}
END_TEST

static void exceptions_in_deferred_calls(bool panics)
{
    lg_func_recovers_void {
        lg_defer_recover(stop);
        lg_defer(frames_throw_and_catch);
        lg_scope(s);
        lg_defer_in(&s, frames_throw_and_catch);
        if (panics)
            lg_panic("p");
    }
}

#define CAUGHT "~thrower ~tried caught: thrown"

START_TEST(D8_a_deferred_call_may_throw_and_catch)
{
    exceptions_in_deferred_calls(false);
    expect_trace(CAUGHT " " CAUGHT);
    exceptions_in_deferred_calls(true);
    expect_trace(CAUGHT " " CAUGHT " stopped: p");
}
END_TEST

static void recovers_its_own(void)
{
    lg_func_recovers_void {
        lg_defer_recover(stop);
        lg_panic("p");
    }
}

static void throws_past_recoveries(void)
{
    lg_defer(recovers_its_own);
    lg_defer_block {
        recovers_its_own();
    }
    frames_throw();
}

START_TEST(D8_a_deferred_call_may_panic_and_recover_during_a_cxx_exception)
{
    frames_catch(throws_past_recoveries);
    expect_trace("~thrower stopped: p stopped: p ~tried caught: thrown");
}
END_TEST

RUN_TESTS("cxx", D13_a_cxx_frame_between_two_c_frames,
          D4_a_cxx_exception_through_a_c_frame_runs_its_defers, P2_a_cxx_exception_is_no_panic,
          D11_a_cxx_exception_is_a_failure, P11_a_catch_of_a_type_does_not_see_a_panic,
          P11_a_catch_all_that_rethrows_passes_it_on,
          P11_a_catch_all_that_swallows_a_panic_is_noticed, P11_noexcept_ends_in_terminate,
          D8_a_deferred_call_may_throw_and_catch,
          D8_a_deferred_call_may_panic_and_recover_during_a_cxx_exception)
