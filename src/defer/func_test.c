/* Functions with a named result (D7), and what becomes of one that a panic abandons. */
#include "testing/test.h"

/* ---- D7 ---- */

struct large {
    long word[12];
};
struct small {
    char letter;
    short number;
};

static void add(int *number, int by)
{
    *number += by;
}

static int changed(int start)
{
    lg_func (int, result) {
        lg_defer(add, &result, 1);
        lg_defer_block {
            result *= 10;
        }
        lg_return(start);
    }
}

START_TEST(D7_deferred_calls_read_and_change_the_named_result)
{
    ck_assert_int_eq(changed(4), 41);
}
END_TEST

static void change_large(struct large *large)
{
    for (int i = 0; i < 12; i++)
        large->word[i] += i;
}

static struct large large_result(long start)
{
    lg_func (struct large, result) {
        lg_defer(change_large, &result);
        struct large local = {{0}};
        for (int i = 0; i < 12; i++)
            local.word[i] = start;
        lg_return(local);
    }
}

static void change_small(struct small *small)
{
    small->letter++;
    small->number--;
}

static struct small small_result(void)
{
    lg_func (struct small, result) {
        lg_defer(change_small, &result);
        lg_return(((struct small){'a', 10}));
    }
}

static void half(double *number)
{
    *number /= 2;
}

static double double_result(void)
{
    lg_func (double, result) {
        lg_defer(half, &result);
        lg_return(5);
    }
}

static void negate(bool *truth)
{
    *truth = !*truth;
}

static bool bool_result(void)
{
    lg_func (bool, result) {
        lg_defer(negate, &result);
        lg_return(true);
    }
}

static void next_char(const char **text)
{
    ++*text;
}

static const char *pointer_result(void)
{
    lg_func (const char *, result) {
        lg_defer(next_char, &result);
        lg_return("text");
    }
}

START_TEST(D7_whatever_its_type)
{
    struct large large = large_result(100);
    for (int i = 0; i < 12; i++)
        ck_assert_int_eq(large.word[i], 100 + i);
    struct small small = small_result();
    ck_assert_int_eq(small.letter, 'b');
    ck_assert_int_eq(small.number, 9);
    ck_assert(double_result() == 2.5);
    ck_assert(!bool_result());
    ck_assert_str_eq(pointer_result(), "ext");
}
END_TEST

static void change_large_on_panic(lg_panic_info *panic, struct large *large)
{
    if (lg_recover(panic))
        change_large(large);
}

static struct large large_recovered(void)
{
    lg_func_recovers (struct large, result) {
        lg_defer_recover(change_large_on_panic, &result);
        result.word[11] = 1;
        lg_panic("large");
    }
}

START_TEST(D7_P3_a_struct_survives_recovery)
{
    struct large large = large_recovered();
    for (int i = 0; i < 11; i++)
        ck_assert_int_eq(large.word[i], i);
    ck_assert_int_eq(large.word[11], 12);
}
END_TEST

static int unnamed(void)
{
    int n = 1;
    lg_defer(add, &n, 10);
    lg_defer_block {
        n += 100;
    }
    return n;
}

static int returned_plainly(void)
{
    lg_func (int, result) {
        lg_defer(add, &result, 10);
        result = 1;
        return result;
    }
}

START_TEST(D7_an_unnamed_result_is_fixed_before_they_run)
{
    ck_assert_int_eq(unnamed(), 1);
    ck_assert_int_eq(returned_plainly(), 1);
}
END_TEST

static int zero_at_first(void)
{
    lg_func (int, result) {
        lg_defer_block {
            note_number(result);
        }
    }
}

static int ends_without_return(void)
{
    lg_func (int, result) {
        lg_defer(add, &result, 1);
        result = 5;
    }
}

START_TEST(D7_zero_at_first_and_returned_at_the_end_of_the_block)
{
    ck_assert_int_eq(zero_at_first(), 0);
    expect_trace("0");
    ck_assert_int_eq(ends_without_return(), 6);
}
END_TEST

static int from_within(int how)
{
    lg_func (int, result) {
        lg_defer(add, &result, 1000);
        for (int i = 0;; i++) {
            lg_defer(note_pair, "pass", i);
            switch (how) {
            case 0:
                if (i == 2)
                    lg_return(i);
                break;
            default: {
                lg_scope(s);
                lg_defer_in(&s, note, "scope");
                while (true) {
                    lg_defer(note, "inner");
                    lg_return(50 + i);
                }
            }
            }
        }
    }
}

START_TEST(D7_lg_return_leaves_loops_switches_and_scopes)
{
    ck_assert_int_eq(from_within(0), 1002);
    expect_trace("pass0 pass1 pass2");
    ck_assert_int_eq(from_within(1), 1050);
    expect_trace("inner scope pass0");
}
END_TEST

static int breaks_out(void)
{
    lg_func (int, result) {
        lg_defer(add, &result, 1);
        note("body");
        result = 3;
        if (result)
            break;
        result = 4;
    }
}

static int continues_out(void)
{
    lg_func (int, result) {
        lg_defer(add, &result, 1);
        note("body");
        result = 3;
        if (result)
            continue;
        result = 4;
    }
}

static int breaks_out_recovering(int how)
{
    lg_func_recovers (int, result) {
        lg_defer(add, &result, 1);
        note("body");
        result = 3;
        if (how == 0)
            break;
        if (how == 1)
            continue;
        result = 4;
    }
}

static void breaks_out_void(int how)
{
    lg_func_void {
        lg_defer(note, "void");
        if (how == 0)
            break;
        if (how == 1)
            continue;
        note("end");
    }
}

static void breaks_out_recovering_void(int how)
{
    lg_func_recovers_void {
        lg_defer(note, "void");
        if (how == 0)
            break;
        if (how == 1)
            continue;
        note("end");
    }
}

static void breaks(void *data)
{
    (void)data;
    alarm(5);
    ck_assert_int_eq(breaks_out(), 4);
}

START_TEST(D7_break_and_continue_leave_the_block)
{
    ck_assert_int_eq(continues_out(), 4);
    ck_assert_int_eq(breaks_out_recovering(0), 4);
    ck_assert_int_eq(breaks_out_recovering(1), 4);
    ck_assert_int_eq(breaks_out_recovering(2), 5);
    expect_trace("body body body body");
    for (int how = 0; how < 3; how++) {
        breaks_out_void(how);
        breaks_out_recovering_void(how);
    }
    expect_trace("void void void void end void end void");
    expect_status(in_child(breaks, NULL), 0);
}
END_TEST

static void returns_void(int how)
{
    lg_func_void {
        lg_defer_on_success(note, "success");
        lg_defer_on_error(note, "error");
        lg_defer(note, "always");
        if (how == 0)
            lg_return_void();
        if (how == 1)
            return;
        if (how == 2)
            lg_mark_success();
        note("end");
    }
}

START_TEST(D7_D11_a_function_that_returns_nothing)
{
    returns_void(0);
    expect_trace("always success");
    returns_void(1);
    expect_trace("always error");
    returns_void(2);
    expect_trace("end always success");
    returns_void(3);
    expect_trace("end always error");
}
END_TEST

static int factorial(int n)
{
    lg_func (int, result) {
        lg_defer(note_number, n);
        lg_return(n < 2 ? 1 : n * factorial(n - 1));
    }
}

START_TEST(D7_recursion)
{
    ck_assert_int_eq(factorial(5), 120);
    expect_trace("1 2 3 4 5");
}
END_TEST

RUN_TESTS("func", D7_deferred_calls_read_and_change_the_named_result, D7_whatever_its_type,
          D7_P3_a_struct_survives_recovery, D7_an_unnamed_result_is_fixed_before_they_run,
          D7_zero_at_first_and_returned_at_the_end_of_the_block,
          D7_lg_return_leaves_loops_switches_and_scopes, D7_break_and_continue_leave_the_block,
          D7_D11_a_function_that_returns_nothing, D7_recursion)
