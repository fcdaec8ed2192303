/* What a report says is the report's own, and of the program: E8. */
#include "testing/test.h"

static void panics_with_a_forged_report(void *data)
{
    (void)data;
    lg_defer(panic_with, "then\nstack:\n");
    lg_panic("bad\n        at real.c:1\nstack:\n    innocent  real.c:1 \x1b[31m\xc2\x9b\r%s", "x");
}

START_TEST(E8_no_message_can_pass_for_a_line_of_the_report)
{
    struct outcome *outcome = in_child(panics_with_a_forged_report, NULL);
    expect_status(outcome, 2);
    expect_in_err(outcome, "panic: bad\n        |         at real.c:1\n        | stack:\n"
                           "        |     innocent  real.c:1 \\x1b[31m\\xc2\\x9b\\x0dx\n");
    expect_in_err(outcome, "    then panic: then\n        | stack:\n        at ");
    ck_assert_ptr_null(strstr(outcome->err, "\n        at real.c"));
    ck_assert_ptr_null(strpbrk(outcome->err, "\x1b\r"));
}
END_TEST

static lg_mutex unlocked;

/* Through a variable, so that link-time optimisation does not make the library's function a part of this one. */
__attribute__((noinline)) static void unlocks(void)
{
    static void (*volatile unlock)(lg_mutex *) = lgi_mutex_unlock;
    unlock(&unlocked);
    __asm__ volatile(""); /* no tail call */
}

static void panics_in_the_library(void *data)
{
    lg_once once = {0};
    if (data)
        lg_once_do(&once, unlocks);
    else
        unlocks();
}

static bool knows_static_functions(void)
{
    return dlopen("libdw.so.1", RTLD_NOW) != NULL;
}

START_TEST(E8_a_panic_of_the_library_is_where_the_program_called_it)
{
    for (uintptr_t once = 0; once < 2; once++) {
        struct outcome *outcome = in_child(panics_in_the_library, (void *)once);
        expect_status(outcome, 2);
        expect_in_err(outcome, "panic: unlock of a mutex that is not locked\n");
        ck_assert_msg(!strstr(outcome->err, "mutex.c") && !strstr(outcome->err, "once.c"), "%s",
                      outcome->err);
        ck_assert_msg(!strstr(outcome->err, "lgi_"), "%s", outcome->err);
        if (!knows_static_functions())
            continue;
        expect_in_err(outcome, "is not locked\n        at ");
        expect_in_err(outcome, "    unlocks");
    }
}
END_TEST

static void note_place(lg_panic_info *panic)
{
    if (!lg_recover(panic))
        return;
    tell(lg_panic_file(panic));
    if (lg_panic_line(panic) != 0)
        tell("line");
}

static void recovers_one_of_the_library(void *data)
{
    (void)data;
    lg_func_recovers_void {
        lg_defer_recover(note_place);
        unlocks();
    }
}

START_TEST(E8_a_recovered_panic_of_the_library_has_no_place_in_it)
{
    struct outcome *outcome = in_child(recovers_one_of_the_library, NULL);
    expect_status(outcome, 0);
    expect_out(outcome, "lifoguard ");
}
END_TEST

static void lists_pending(void)
{
    lg_defer(tell, "mine");
    lg_pending_print(stdout);
    fflush(stdout);
}

static void lists_pending_in_once(void *data)
{
    (void)data;
    lg_once once = {0};
    lg_once_do(&once, lists_pending);
}

START_TEST(E8_pending_calls_of_the_library_are_not_listed)
{
    struct outcome *outcome = in_child(lists_pending_in_once, NULL);
    expect_status(outcome, 0);
    ck_assert_msg(strstr(outcome->out, "tell(\"mine\")") != NULL, "%s", outcome->out);
    ck_assert_msg(!strstr(outcome->out, "once.c") && !strstr(outcome->out, "lgi_"), "%s",
                  outcome->out);
}
END_TEST

static void panics_as_a_goroutine(void)
{
    lg_panic("named");
}

static void names_a_goroutine(void *data)
{
    (void)data;
    lg_go_with(((lg_go_options){.name = "x\nstack:\x1b[31m"}), panics_as_a_goroutine);
    lg_chan_recv(lg_chan_make(int, 0), &(int){0});
}

START_TEST(E8_names_of_goroutines_are_escaped)
{
    struct outcome *outcome = in_child(names_a_goroutine, NULL);
    expect_status(outcome, 2);
    expect_in_err(outcome, ", x\\nstack:\\x1b[31m");
    ck_assert_ptr_null(strchr(outcome->err, '\x1b'));
}
END_TEST

RUN_TESTS("escaped", E8_no_message_can_pass_for_a_line_of_the_report,
          E8_a_panic_of_the_library_is_where_the_program_called_it,
          E8_a_recovered_panic_of_the_library_has_no_place_in_it,
          E8_pending_calls_of_the_library_are_not_listed, E8_names_of_goroutines_are_escaped)
