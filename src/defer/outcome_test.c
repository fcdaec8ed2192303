/* Success, failure, and calls whose panic is contained: D11. */
#include "testing/test.h"

/* ---- D11: success and error ---- */

enum way {
    RETURN_NULL,
    RETURN_ERROR,
    RETURN_NULL_SPOILT, /* a deferred call that runs before sets the result */
    RETURN_ERROR_MENDED,
    PLAIN_RETURN_NULL,
    FALL_OFF,
    MARKED_FALL_OFF,
    MARKED_PLAIN_RETURN,
    MARKED_AND_UNMARKED,
    UNMARKED_RETURN_NULL,
    PANIC,
    MARKED_PANIC,
    GOEXIT,
    PANIC_IN_DEFERRED_AFTER_RETURN,
    CANCEL,
    MARKED_THEN_BREAK,
    WAYS
};

static LG_ERROR_DEFINE(spoilt, "spoilt");

static void spoil(lg_error **err)
{
    *err = &spoilt;
}

static void mend(lg_error **err)
{
    *err = NULL;
}

static bool waits; /* atomic */

static void wait_for_ever(void)
{
    for (;;)
        pause();
}

static lg_error *ways(enum way way)
{
    lg_func_recovers (lg_error *, err) {
        lg_defer_on_success(note, "success");
        lg_defer_on_error(note, "error");
        lg_scope(s);
        switch (way) {
        case RETURN_NULL: lg_return(NULL);
        case RETURN_ERROR: lg_return(&spoilt);
        case RETURN_NULL_SPOILT: lg_defer_in(&s, spoil, &err); lg_return(NULL);
        case RETURN_ERROR_MENDED: lg_defer_in(&s, mend, &err); lg_return(&spoilt);
        case PLAIN_RETURN_NULL: return NULL;
        case FALL_OFF: break;
        case MARKED_FALL_OFF: lg_mark_success(); break;
        case MARKED_PLAIN_RETURN: lg_mark_success(); return NULL;
        case MARKED_AND_UNMARKED:
            lg_mark_success();
            lg_mark_failure();
            break;
        case UNMARKED_RETURN_NULL: lg_mark_failure(); lg_return(NULL);
        case PANIC: lg_panic("way");
        case MARKED_PANIC: lg_mark_success(); lg_panic("way");
        case GOEXIT: lg_mark_success(); lg_goexit();
        case PANIC_IN_DEFERRED_AFTER_RETURN: lg_defer_in(&s, panic_with, "late"); lg_return(NULL);
        case CANCEL:
            __atomic_store_n(&waits, true, __ATOMIC_SEQ_CST);
            wait_for_ever();
            break;
        case MARKED_THEN_BREAK:
            for (;;) {
                lg_mark_success();
                break;
            }
            break;
        case WAYS: break;
        }
    }
}

static void takes_way(void *data)
{
    lg_func_recovers_void {
        lg_defer_recover(stop);
        lg_error *err = ways(*(enum way *)data);
        if (err)
            note(lg_error_message(err));
    }
}

static void *takes_way_as_thread(void *data)
{
    takes_way(data);
    return NULL;
}

START_TEST(D11_success_is_lg_return_without_error_or_a_mark)
{
    static const char *const expected[WAYS] = {
        [RETURN_NULL] = "success",
        [RETURN_ERROR] = "error spoilt",
        [RETURN_NULL_SPOILT] = "error spoilt",
        [RETURN_ERROR_MENDED] = "success",
        [PLAIN_RETURN_NULL] = "error",
        [FALL_OFF] = "error",
        [MARKED_FALL_OFF] = "success",
        [MARKED_PLAIN_RETURN] = "success",
        [MARKED_AND_UNMARKED] = "error",
        [UNMARKED_RETURN_NULL] = "success",
        [PANIC] = "error stopped: way",
        [MARKED_PANIC] = "error stopped: way",
        [GOEXIT] = "error",
        [PANIC_IN_DEFERRED_AFTER_RETURN] = "error stopped: late",
        [MARKED_THEN_BREAK] = "success",
    };
    for (int i = 0; i < WAYS; i++) {
        enum way way = (enum way)i;
        if (way == CANCEL)
            continue;
        ck_assert_int_eq(on_thread(takes_way, &way), way != GOEXIT);
        expect_trace(expected[i]);
    }
}
END_TEST

START_TEST(D11_cancellation_is_a_failure)
{
    enum way way = CANCEL;
    pthread_t thread;
    void *result;
    ck_assert_int_eq(pthread_create(&thread, NULL, takes_way_as_thread, &way), 0);
    while (!__atomic_load_n(&waits, __ATOMIC_SEQ_CST))
        usleep(1000);
    ck_assert_int_eq(pthread_cancel(thread), 0);
    ck_assert_int_eq(pthread_join(thread, &result), 0);
    ck_assert_ptr_eq(result, PTHREAD_CANCELED);
    expect_trace("error");
}
END_TEST

static int not_an_error(bool ok)
{
    lg_func (int, result) {
        lg_defer_on_success(note, "success");
        lg_defer_on_error(note, "error");
        if (ok)
            lg_return(-1);
        result = 0;
    }
}

START_TEST(D11_a_result_that_is_no_error_does_not_matter)
{
    ck_assert_int_eq(not_an_error(true), -1);
    expect_trace("success");
    ck_assert_int_eq(not_an_error(false), 0);
    expect_trace("error");
}
END_TEST

static void commit(bool *fails, lg_error **err)
{
    if (*fails)
        *err = &spoilt;
}

static lg_error *commits(bool fails)
{
    lg_func (lg_error *, err) {
        lg_defer_on_error(note, "rollback");
        lg_defer_on_success(commit, &fails, &err);
        lg_return(NULL);
    }
}

static lg_error *gives_spoilt(void)
{
    return &spoilt;
}

static lg_error *drops_the_result(void)
{
    lg_func (lg_error *, err) {
        lg_defer_on_error(note, "rollback");
        lg_defer_on_success(gives_spoilt);
        lg_return(NULL);
    }
}

START_TEST(D11_a_commit_that_sets_the_result_is_undone)
{
    ck_assert_ptr_null(commits(false));
    expect_trace("");
    ck_assert_ptr_eq(commits(true), &spoilt);
    expect_trace("rollback");
}
END_TEST

START_TEST(D9_the_result_of_a_commit_is_discarded)
{
    ck_assert_ptr_null(drops_the_result());
    expect_trace("");
}
END_TEST

static void recovered_is_no_success(void)
{
    lg_func_recovers_void {
        lg_defer_on_success(note, "success");
        lg_defer_on_error(note, "error");
        lg_defer_recover(stop);
        lg_panic("way");
    }
}

START_TEST(D11_a_recovered_panic_is_a_failure)
{
    recovered_is_no_success();
    expect_trace("stopped: way error");
}
END_TEST

static void success_in_a_deferred_call(void)
{
    lg_func_void {
        lg_defer_on_success(note, "success");
        lg_defer_on_error(note, "error");
        lg_return_void();
    }
}

static void succeeds_while_unwinding(void)
{
    lg_func_recovers_void {
        lg_defer_recover(stop);
        lg_defer(success_in_a_deferred_call);
        lg_panic("outer");
    }
}

START_TEST(D11_a_function_may_succeed_inside_a_deferred_call_of_a_panic)
{
    succeeds_while_unwinding();
    expect_trace("success stopped: outer");
}
END_TEST

/* ---- contained calls ---- */

static lg_error *contains(int how)
{
    lg_func (lg_error *, err) {
        lg_defer(note, "outer");
        lg_defer_contained(panic_with, "second");
        lg_defer_contained(note, "between");
        lg_defer_contained(panic_with, "first");
        if (how == 0)
            lg_return(lg_error_new("body"));
        if (how == 1)
            lg_panic("body");
        lg_return(NULL);
    }
}

static void expect_error(lg_error *err, const char *expected)
{
    char text[512];
    lg_error_format(err, text, sizeof(text));
    ck_assert_str_eq(text, expected);
    lg_error_free(err);
}

START_TEST(P4_a_contained_panic_is_joined_to_the_result)
{
    expect_error(contains(0), "body; first; second");
    expect_trace("between outer");
    expect_error(contains(2), "first; second");
    expect_trace("between outer");
}
END_TEST

static void contains_in_panic(void)
{
    lg_func_recovers_void {
        lg_defer_recover(stop);
        lg_error_free(contains(1));
    }
}

START_TEST(P4_a_contained_panic_does_not_replace_the_one_in_flight)
{
    contains_in_panic();
    expect_trace("between outer stopped: body");
}
END_TEST

static void panic_with_error(const char *message)
{
    lg_panic_with_error(lg_error_new(message));
}

static lg_error *contains_error(void)
{
    lg_func (lg_error *, err) {
        lg_defer_contained(panic_with_error, "an error");
        lg_return(NULL);
    }
}

START_TEST(P7_a_contained_panic_gives_up_its_error)
{
    expect_error(contains_error(), "an error");
}
END_TEST

static lg_error *contains_goexit(void)
{
    lg_func (lg_error *, err) {
        lg_defer(note, "outer");
        lg_defer_contained(lg_goexit);
        lg_return(lg_error_new("lost"));
    }
}

static void contains_goexit_on_thread(void *data)
{
    (void)data;
    lg_error_free(contains_goexit());
}

START_TEST(P6_a_goexit_is_not_contained)
{
    ck_assert(!on_thread(contains_goexit_on_thread, NULL));
    expect_trace("outer");
}
END_TEST

static void (*const volatile nothing)(void);

static lg_error *contains_null(void)
{
    lg_func (lg_error *, err) {
        lg_defer_contained(nothing);
        lg_return(NULL);
    }
}

START_TEST(D9_a_contained_null_is_an_error)
{
    expect_error(contains_null(), "deferred call of a NULL function: nothing()");
}
END_TEST

RUN_TESTS("outcome", D11_success_is_lg_return_without_error_or_a_mark,
          D11_cancellation_is_a_failure, D11_a_result_that_is_no_error_does_not_matter,
          D11_a_commit_that_sets_the_result_is_undone, D9_the_result_of_a_commit_is_discarded,
          D11_a_recovered_panic_is_a_failure,
          D11_a_function_may_succeed_inside_a_deferred_call_of_a_panic,
          P4_a_contained_panic_is_joined_to_the_result,
          P4_a_contained_panic_does_not_replace_the_one_in_flight,
          P7_a_contained_panic_gives_up_its_error, P6_a_goexit_is_not_contained,
          D9_a_contained_null_is_an_error)
