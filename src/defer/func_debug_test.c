/* D11: with LG_DEBUG, an lg_func that is left by a plain return panics, and no other exit does. */
#define LG_DEBUG

#include "testing/test.h"

#include <string.h>

static int plain(void)
{
    lg_func (int, result) {
        lg_defer(note, "deferred");
        for (;;)
            return 1;
    }
}

static lg_error *plain_error(void)
{
    lg_func (lg_error *, err) {
        err = lg_error_new("abandoned");
        return NULL;
    }
}

static void plain_void(void)
{
    lg_func_void {
        return;
    }
}

static void plain_recovering(void)
{
    lg_func_recovers_void {
        return;
    }
}

static char message[200];

static void keep(lg_panic_info *panic)
{
    if (panic) {
        snprintf(message, sizeof(message), "%s", lg_panic_message(panic));
        lg_recover(panic);
    }
}

static const char *panic_of(void (*function)(void))
{
    message[0] = '\0';
    lg_func_recovers (const char *, result) {
        lg_defer_recover(keep);
        result = message;
        function();
    }
}

static void call_plain(void)
{
    (void)plain();
}

static void call_plain_error(void)
{
    lg_error_free(plain_error());
}

START_TEST(D11_a_plain_return_is_named)
{
    ck_assert_ptr_nonnull(strstr(panic_of(call_plain), "plain was left by a plain return"));
    ck_assert_ptr_nonnull(strstr(message, "func_debug_test.c:"));
    expect_trace("deferred");
    ck_assert_ptr_nonnull(strstr(panic_of(call_plain_error), "plain_error was left"));
    ck_assert_ptr_nonnull(strstr(panic_of(plain_void), "plain_void was left"));
    ck_assert_ptr_nonnull(strstr(panic_of(plain_recovering), "plain_recovering was left"));
}
END_TEST

static int returns(void)
{
    lg_func (int, result) {
        for (;;)
            lg_return(2);
    }
}

static int ends(void)
{
    lg_func (int, result) {
        result = 3;
    }
}

static int breaks(void)
{
    lg_func (int, result) {
        result = 4;
        break;
    }
}

static int continues(void)
{
    lg_func (int, result) {
        result = 5;
        continue;
    }
}

static int marks(void)
{
    lg_func (int, result) {
        lg_mark_success();
        return 6;
    }
}

static void every_other_exit(void)
{
    ck_assert_int_eq(returns(), 2);
    ck_assert_int_eq(ends(), 3);
    ck_assert_int_eq(breaks(), 4);
    ck_assert_int_eq(continues(), 5);
    ck_assert_int_eq(marks(), 6);
}

static void panicking(void)
{
    lg_func_void {
        lg_panic("own");
    }
}

static void recovering(void)
{
    lg_func_recovers_void {
        lg_defer_recover(keep);
        panicking();
    }
}

START_TEST(D11_no_other_exit_is_named)
{
    ck_assert_str_eq(panic_of(every_other_exit), "");
    ck_assert_str_eq(panic_of(panicking), "own");
    recovering();
    ck_assert_str_eq(message, "own");
}
END_TEST

RUN_TESTS("func debug", D11_a_plain_return_is_named, D11_no_other_exit_is_named)
