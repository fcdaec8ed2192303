/* Panic and recover: P1 to P3, P7. */
#include "testing/test.h"

/* ---- P1 ---- */

static void innermost(void)
{
    lg_defer(note, "c1");
    FOREIGN(foreign, "c2");
    lg_defer_block {
        note("c3");
    }
    lg_panic("deep");
}

static void middle(void)
{
    lg_scope(s);
    lg_defer_in(&s, note, "b1");
    for (int i = 0; i < 2; i++) {
        lg_defer(note_pair, "b2.", i);
        if (i == 1)
            innermost();
    }
    note("not reached");
}

static void outermost(void)
{
    lg_func_recovers_void {
        lg_defer(note, "a1");
        lg_defer_recover(stop);
        lg_defer(note, "a2");
        middle();
        note("not reached");
    }
}

START_TEST(P1_a_panic_runs_what_is_deferred_from_the_inside_out)
{
    outermost();
    expect_trace("b2.0 c3 c2 c1 b2.1 b1 a2 stopped: deep a1");
}
END_TEST

/* ---- P2 ---- */

static void log_panic(lg_panic_info *panic, const char *who)
{
    note(who);
    note(panic ? lg_panic_message(panic) : "nothing");
}

static void look_and_stop(lg_panic_info *panic, const char *who)
{
    log_panic(panic, who);
    lg_recover(panic);
}

static void looks(bool panics)
{
    lg_func_recovers_void {
        lg_defer_recover(log_panic, "d:");
        lg_defer_recover(look_and_stop, "c:");
        lg_defer_recover(log_panic, "b:");
        lg_defer_recover(log_panic, "a:");
        if (panics)
            lg_panic("p");
    }
}

START_TEST(P2_only_who_asked_is_given_the_panic_and_only_while_it_lasts)
{
    looks(false);
    expect_trace("a: nothing b: nothing c: nothing d: nothing");
    looks(true);
    expect_trace("a: p b: p c: p d: nothing");
}
END_TEST

START_TEST(P2_recover_of_no_panic_does_nothing)
{
    ck_assert(!lg_recover(NULL));
    ck_assert_str_eq(lg_panic_message(NULL), "no panic");
    ck_assert_ptr_null(lg_panic_error(NULL));
    ck_assert_ptr_null(lg_panic_pointer(NULL));
    ck_assert_ptr_null(lg_panic_take_error(NULL));
    ck_assert_ptr_null(lg_panic_previous(NULL));
    ck_assert_str_eq(lg_panic_file(NULL), "");
    ck_assert_uint_eq(lg_panic_line(NULL), 0);
}
END_TEST

static void looks_on_the_way(void)
{
    looks(false);
}

static void not_given_to_others(void)
{
    lg_func_recovers_void {
        lg_defer_recover(stop);
        lg_defer(looks_on_the_way);
        lg_panic("p");
    }
}

START_TEST(P2_a_function_called_by_a_deferred_call_has_no_panic_of_its_own)
{
    not_given_to_others();
    expect_trace("a: nothing b: nothing c: nothing d: nothing stopped: p");
}
END_TEST

static void delegate(lg_panic_info *panic)
{
    look_and_stop(panic, "delegate:");
}

static void five_words(lg_panic_info *panic, int a, const char *b, unsigned long c, void *d)
{
    char text[100];
    snprintf(text, sizeof(text), "%s %d %s %lu %d", panic ? lg_panic_message(panic) : "-", a, b, c,
             *(int *)d);
    note(text);
    if (panic)
        delegate(panic);
}

static void with_arguments(bool panics)
{
    int last = 9;
    lg_func_recovers_void {
        lg_defer_recover(five_words, -1, "b", 3UL, &last);
        if (panics)
            lg_panic("p");
    }
}

START_TEST(P2_arguments_follow_the_panic_and_helpers_may_stop_it)
{
    with_arguments(false);
    expect_trace("- -1 b 3 9");
    with_arguments(true);
    expect_trace("p -1 b 3 9 delegate: p");
}
END_TEST

static int in_blocks(int at)
{
    lg_func_recovers (int, result) {
        for (int i = 0; i < 3; i++) {
            lg_defer_recover(look_and_stop, "pass:");
            if (i == at)
                lg_panic("p");
        }
        lg_return(1);
    }
}

START_TEST(P2_P3_in_a_block_it_ends_the_function_all_the_same)
{
    ck_assert_int_eq(in_blocks(1), 0);
    expect_trace("pass: nothing pass: p");
    ck_assert_int_eq(in_blocks(5), 1);
    expect_trace("pass: nothing pass: nothing pass: nothing");
}
END_TEST

/* ---- P3 ---- */

static void set(int *number, int value)
{
    *number = value;
}

static int recovers_with(int result_at_panic)
{
    lg_func_recovers (int, result) {
        FOREIGN(foreign, "foreign");
        lg_defer(note, "first");
        lg_scope(s);
        lg_defer_in(&s, note, "scope");
        lg_defer_recover(log_panic, "later:");
        lg_defer_recover(stop);
        lg_defer(note, "earlier");
        result = result_at_panic;
        lg_panic("p");
    }
}

START_TEST(P3_the_function_returns_normally_with_its_named_result)
{
    ck_assert_int_eq(recovers_with(5), 5);
    expect_trace("earlier stopped: p later: nothing scope first foreign");
}
END_TEST

static int changed_after_recovery(void)
{
    lg_func_recovers (int, result) {
        lg_defer(set, &result, 3);
        lg_defer_recover(stop);
        lg_defer(set, &result, 2);
        result = 1;
        lg_panic("p");
    }
}

static int lg_returned_then_panicked(void)
{
    lg_func_recovers (int, result) {
        lg_defer_recover(stop);
        lg_defer(panic_with, "late");
        lg_return(7);
    }
}

START_TEST(P3_what_was_returned_or_set_after_is_the_result)
{
    ck_assert_int_eq(changed_after_recovery(), 3);
    expect_trace("stopped: p");
    ck_assert_int_eq(lg_returned_then_panicked(), 7);
    expect_trace("stopped: late");
}
END_TEST

static int through(int depth)
{
    lg_defer(note_number, depth);
    if (depth == 0)
        lg_panic("bottom");
    return through(depth - 1) + 1;
}

static int catches_at(int depth)
{
    lg_func_recovers (int, result) {
        lg_defer_recover(stop);
        result = -1;
        lg_return(through(depth));
    }
}

START_TEST(P3_the_caller_goes_on)
{
    int sum = 0;
    for (int i = 0; i < 3; i++)
        sum += catches_at(i);
    ck_assert_int_eq(sum, -3);
    expect_trace("0 stopped: bottom 0 1 stopped: bottom 0 1 2 stopped: bottom");
}
END_TEST

/* Registers that a call preserves must be the caller's own again after a recovery. */
static int kept_in_registers(int n)
{
    long a = n, b = a * 3, c = a * 5, d = a * 7, e = a * 11, f = a * 13;
    for (int i = 0; i < 10; i++) {
        a += catches_at(1) + i;
        b ^= a;
        c += b & 15;
        d -= c;
        e += d ^ f;
        f += e & 7;
    }
    return (int)(a + b + c + d + e + f);
}

static int computed(int n)
{
    long a = n, b = a * 3, c = a * 5, d = a * 7, e = a * 11, f = a * 13;
    for (int i = 0; i < 10; i++) {
        a += i - 1;
        b ^= a;
        c += b & 15;
        d -= c;
        e += d ^ f;
        f += e & 7;
    }
    return (int)(a + b + c + d + e + f);
}

START_TEST(P3_the_caller_s_variables_are_as_they_were)
{
    for (int n = 0; n < 20; n++) {
        ck_assert_int_eq(kept_in_registers(n), computed(n));
        trace_text[0] = '\0';
    }
}
END_TEST

/* Where a call preserves registers for floating-point numbers too (aarch64, riscv64), each frame on the way has its own there. The
 * loop makes it worth keeping the numbers in registers across calls: clang then reads them there in the deferred block. */
static double seen;

static __attribute__((noinline)) void look_at(int number)
{
    __asm__ volatile("" ::"r"(number));
}

static __attribute__((noinline)) void keeps_doubles(double x, int depth)
{
    double y = x * 10, z = x * 100;
    lg_defer_block {
        seen += y + z;
    }
    for (int i = 0; i < 10; i++) {
        look_at(i);
        seen += y * z - z * y;
    }
    if (depth == 0)
        lg_panic("bottom");
    keeps_doubles(x + 1, depth - 1);
    seen = z - y;
}

static double recovers_beside_doubles(double x)
{
    lg_func_recovers (double, result) {
        lg_defer_recover(stop);
        result = x;
        keeps_doubles(x, 2);
    }
}

START_TEST(P3_floating_point_numbers_are_as_they_were)
{
    double x = 1, y = 2;
    for (int i = 0; i < 3; i++) {
        seen = 0;
        x += recovers_beside_doubles(y);
        int expected = 110 * (int)(3 * y + 3);
        ck_assert_int_eq((int)seen, expected);
        y += x;
    }
    ck_assert_int_eq((int)x, 21);
    ck_assert_int_eq((int)y, 34);
}
END_TEST

static int recursive(int depth)
{
    lg_func_recovers (int, result) {
        lg_defer_recover(stop);
        result = depth == 0 ? 0 : recursive(depth - 1) + 1;
        lg_panic("%d", depth);
    }
}

START_TEST(P3_each_of_nested_functions_recovers_its_own)
{
    ck_assert_int_eq(recursive(4), 4);
    expect_trace("stopped: 0 stopped: 1 stopped: 2 stopped: 3 stopped: 4");
}
END_TEST

RUN_TESTS("panic", P1_a_panic_runs_what_is_deferred_from_the_inside_out,
          P2_only_who_asked_is_given_the_panic_and_only_while_it_lasts,
          P2_recover_of_no_panic_does_nothing,
          P2_a_function_called_by_a_deferred_call_has_no_panic_of_its_own,
          P2_arguments_follow_the_panic_and_helpers_may_stop_it,
          P2_P3_in_a_block_it_ends_the_function_all_the_same,
          P3_the_function_returns_normally_with_its_named_result,
          P3_what_was_returned_or_set_after_is_the_result, P3_the_caller_goes_on,
          P3_the_caller_s_variables_are_as_they_were, P3_floating_point_numbers_are_as_they_were,
          P3_each_of_nested_functions_recovers_its_own)
