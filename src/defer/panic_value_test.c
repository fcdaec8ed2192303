/* Tests of what a panic carries. Rules are those of docs/rules.md. */
#include "testing/test.h"

/* ---- P7 ---- */

static struct {
    char message[600];
    const void *pointer;
    char error[100];
    const char *file;
    unsigned line;
} seen;

static void see(lg_panic_info *panic)
{
    memset(&seen, 0, sizeof(seen));
    snprintf(seen.message, sizeof(seen.message), "%s", lg_panic_message(panic));
    seen.pointer = lg_panic_pointer(panic);
    lg_error_format(lg_panic_error(panic), seen.error, sizeof(seen.error));
    seen.file = lg_panic_file(panic);
    seen.line = lg_panic_line(panic);
    lg_recover(panic);
}

static unsigned panicked_at;

static void panics_with(int kind, const char *text, void *pointer)
{
    lg_func_recovers_void {
        lg_defer_recover(see);
        panicked_at = __LINE__ + 2;
        if (kind == 0)
            lg_panic("%s %d%%", text, 5);
        if (kind == 1)
            lg_panic_with_error(lg_error_wrap(lg_error_new(text), "outer"));
        if (kind == 2)
            lg_panic_with_pointer(pointer);
        if (kind == 3)
            lg_panic_with_error(NULL);
    }
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
static void panics_without_a_message(void)
{
    const char *volatile none = NULL;
    lg_func_recovers_void {
        lg_defer_recover(see);
        lg_panic(none);
    }
}
#pragma GCC diagnostic pop

START_TEST(P7_a_message_an_error_or_a_pointer)
{
    int object;
    char expected[100];
    panics_with(0, "text", NULL);
    ck_assert_str_eq(seen.message, "text 5%");
    ck_assert_str_eq(seen.error, "no error");
    ck_assert_ptr_null(seen.pointer);
    ck_assert_str_eq(seen.file, __FILE__);
    ck_assert_uint_eq(seen.line, panicked_at);

    panics_with(1, "inner", NULL);
    ck_assert_str_eq(seen.message, "outer: inner");
    ck_assert_str_eq(seen.error, "outer: inner");

    panics_with(2, NULL, &object);
    snprintf(expected, sizeof(expected), "pointer %p", (void *)&object);
    ck_assert_str_eq(seen.message, expected);
    ck_assert_ptr_eq(seen.pointer, &object);

    panics_with(3, NULL, NULL);
    ck_assert_str_eq(seen.error, "no error");
    ck_assert_str_eq(seen.message, "panic with a NULL error");

    panics_without_a_message();
    ck_assert_str_eq(seen.message, "no message");
}
END_TEST

START_TEST(P7_a_long_message_is_cut)
{
    static char text[600];
    memset(text, 'x', sizeof(text) - 1);
    panics_with(0, text, NULL);
    ck_assert_uint_eq(strlen(seen.message), 255);
    ck_assert_int_eq(strncmp(seen.message, text, 255), 0);
    panics_with(1, text, NULL);
    ck_assert_uint_eq(strlen(seen.message), 255);
}
END_TEST

static void take(lg_panic_info *panic, lg_error **error)
{
    *error = lg_panic_take_error(panic);
    lg_recover(panic);
}

static lg_error *as_error(int kind)
{
    lg_func_recovers (lg_error *, err) {
        lg_defer_recover(take, &err);
        if (kind == 0)
            lg_panic("a %s", "message");
        lg_panic_with_error(lg_error_new("an error"));
    }
}

START_TEST(P7_a_panic_becomes_an_error)
{
    lg_error *err = as_error(0);
    ck_assert_str_eq(lg_error_message(err), "a message");
    ck_assert_str_eq(lg_error_file(err), __FILE__);
    lg_error_free(err);
    err = as_error(1);
    ck_assert_str_eq(lg_error_message(err), "an error");
    lg_error_free(err);
}
END_TEST

RUN_TESTS("panic_value", P7_a_message_an_error_or_a_pointer, P7_a_long_message_is_cut,
          P7_a_panic_becomes_an_error)
