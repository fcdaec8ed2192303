/* P15: a call whose panic becomes an error. */
#include "testing/memory.h"
#include "testing/test.h"

static int four(int a, const char *b, long c, const char *d)
{
    note(b);
    note(d);
    return a + (int)c;
}

static lg_error *reports(const char *message)
{
    return message ? lg_error_new(message) : NULL;
}

static lg_error *reports_nothing(void)
{
    lg_defer(note, "deferred");
    lg_panic("in the middle");
}

static void panics_with_error(lg_error *error)
{
    lg_panic_with_error(error);
}

START_TEST(P15_what_returns_has_no_error)
{
    lg_error *err = lg_call_contained(note, "called");
    ck_assert_ptr_null(err);
    err = lg_call_contained(four, 1, "b", 2L, "d");
    ck_assert_ptr_null(err);
    expect_trace("called b d");
}
END_TEST

START_TEST(P15_the_error_that_the_function_returns_is_returned)
{
    lg_error *err = lg_call_contained(reports, NULL);
    ck_assert_ptr_null(err);
    err = lg_call_contained(reports, "failed");
    ck_assert_str_eq(lg_error_message(err), "failed");
    ck_assert_ptr_null(lg_error_find(err, &lg_panic_kind));
    lg_error_free(err);
}
END_TEST

START_TEST(P15_a_panic_becomes_an_error_after_what_was_deferred)
{
    lg_error *err = lg_call_contained(reports_nothing);
    ck_assert_str_eq(lg_error_message(err), "panic: in the middle");
    ck_assert_ptr_nonnull(lg_error_find(err, &lg_panic_kind));
    ck_assert_str_eq(lg_error_file(err), __FILE__);
    lg_error_free(err);
    expect_trace("deferred");
}
END_TEST

static LG_ERROR_DEFINE(the_cause, "the cause");

START_TEST(P15_the_error_of_the_panic_is_the_cause)
{
    lg_error *err = lg_call_contained(panics_with_error, &the_cause);
    ck_assert(lg_error_is(err, &the_cause));
    lg_error_free(err);
}
END_TEST

START_TEST(P15_a_null_function_is_a_panic)
{
    void (*volatile function)(void) = NULL;
    lg_error *err = lg_call_contained(function);
    ck_assert_ptr_nonnull(strstr(lg_error_message(err), "NULL function"));
    lg_error_free(err);
}
END_TEST

static lg_error *tries(const char *message)
{
    lg_func (lg_error *, err) {
        lg_try(lg_call_contained(panic_with, message), "plugin");
        note("never");
    }
}

START_TEST(P15_it_stands_in_lg_try)
{
    char text[64];
    lg_error *err = tries("p");
    lg_error_format(err, text, sizeof(text));
    ck_assert_str_eq(text, "plugin: panic: p");
    lg_error_free(err);
    expect_trace("");
}
END_TEST

static void contains_while_unwinding(void)
{
    lg_error *err = lg_call_contained(panic_with, "inner");
    note(lg_error_message(err));
    lg_error_free(err);
}

static void outer(void)
{
    lg_func_recovers_void {
        lg_defer_recover(stop);
        lg_defer(contains_while_unwinding);
        lg_panic("outer");
    }
}

START_TEST(P15_a_panic_around_it_goes_on)
{
    outer();
    expect_trace("panic: inner stopped: outer");
}
END_TEST

static void exits(void)
{
    lg_defer(panic_with, "while it ends");
    lg_goexit();
}

static void calls_exits(void *unused)
{
    (void)unused;
    lg_defer(note, "left");
    lg_error_free(lg_call_contained(exits));
    note("never");
}

START_TEST(P15_goexit_goes_on)
{
    ck_assert(!on_thread(calls_exits, NULL));
    expect_trace("left");
}
END_TEST

START_TEST(E7_without_memory_there_is_still_an_error)
{
    if (!memory_can_fail())
        return;
    memory_watch(1);
    lg_error *err = lg_call_contained(panic_with, "p");
    memory_ignore();
    ck_assert_ptr_eq(err, &lg_error_out_of_memory);
}
END_TEST

RUN_TESTS("defer/contained", P15_what_returns_has_no_error,
          P15_the_error_that_the_function_returns_is_returned,
          P15_a_panic_becomes_an_error_after_what_was_deferred,
          P15_the_error_of_the_panic_is_the_cause, P15_a_null_function_is_a_panic,
          P15_it_stands_in_lg_try, P15_a_panic_around_it_goes_on, P15_goexit_goes_on,
          E7_without_memory_there_is_still_an_error)
