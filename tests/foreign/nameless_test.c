/* Reports of a program with the shared library, where debug information cannot be read. */
#include "testing/test.h"

/* In the place of the C library's: there is no libdw. */
void *dlopen(const char *name, int flags)
{
    (void)name;
    (void)flags;
    return NULL;
}

static void wait_in_goroutine(void)
{
    lg_sleep(LG_HOUR);
}

static bool is_waiting(const lg_goroutine_info *info, void *found)
{
    *(bool *)found |= info->state == LG_GOROUTINE_WAITING;
    return true;
}

static void print_and_panic(void *unused)
{
    (void)unused;
    lg_go(wait_in_goroutine);
    for (bool found = false; !found;)
        ck_assert_ptr_null(lg_goroutine_visit(is_waiting, &found));
    lg_goroutine_print(stderr);
    lg_panic("boom");
}

START_TEST(E8_frames_of_the_library_are_left_out)
{
    struct outcome *outcome = in_child(print_and_panic, NULL);
    expect_status(outcome, 2);
    expect_in_err(outcome, ", wait_in_goroutine, waits for sleep:\n    lg_sleep\n");
    expect_in_err(outcome, "panic: boom");
    expect_not_in_err(outcome, "liblifoguard");
    /* Those of the program are shown. */
    ck_assert_int_ge(occurrences(outcome->err, "foreign_nameless_test\n"), 3);
}
END_TEST

RUN_TESTS("nameless", E8_frames_of_the_library_are_left_out)
