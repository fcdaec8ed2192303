/* Deferred calls: D1 to D3, D8, D9, D11, D15. Ways out are in exits_test.c, scopes in scope_test.c, named results
 * in func_test.c. */
#include "testing/test.h"

/* ---- D1 ---- */

START_TEST(D1_last_registered_first_run)
{
    {
        lg_defer(note_number, 1);
        lg_defer(note_number, 2);
        lg_defer(note_number, 3);
        note("body");
    }
    expect_trace("body 3 2 1");
}
END_TEST

START_TEST(D1_all_forms_in_one_order)
{
    {
        lg_defer(note, "call");
        lg_defer_block {
            note("block");
        }
        lg_defer_as(named, note, "named");
        lg_scope(s);
        lg_defer_in(&s, note, "scope1");
        lg_defer(note, "call2");
        lg_defer_in(&s, note, "scope2");
        lg_defer_block {
            note("block2");
        }
    }
    expect_trace("block2 call2 scope2 scope1 named block call");
}
END_TEST

/* ---- D2, D3 ---- */

static void note_target(const int *number)
{
    note_number(*number);
}

START_TEST(D2_arguments_are_evaluated_at_the_defer)
{
    int n = 1;
    {
        lg_defer(note_number, n);
        lg_defer_as(named, note_number, n + 10);
        lg_scope(s);
        lg_defer_in(&s, note_number, n + 100);
        n = 2;
        lg_defer_in(&s, note_number, n + 100);
    }
    expect_trace("102 101 11 1");
}
END_TEST

START_TEST(D2_a_block_sees_variables_as_they_are_then)
{
    {
        int n = 1;
        lg_defer_block {
            note_number(n);
        }
        n = 2;
        ck_assert_int_eq(n, 2);
    }
    expect_trace("2");
}
END_TEST

static int evaluated(const char *word, int value)
{
    note(word);
    return value;
}

typedef void four_ints(int, int, int, int);

static void note_four(int a, int b, int c, int d)
{
    note_number(a * 1000 + b * 100 + c * 10 + d);
}

static four_ints *evaluated_function(void)
{
    note("f");
    return note_four;
}

START_TEST(D2_D9_function_and_arguments_are_evaluated_once_in_order)
{
    {
        lg_defer(evaluated_function(), evaluated("a", 1), evaluated("b", 2), evaluated("c", 3),
                 evaluated("d", 4));
        note("body");
    }
    expect_trace("f a b c d body 1234");
    {
        lg_scope(s);
        lg_defer_in(&s, evaluated_function(), evaluated("a", 1), evaluated("b", 2),
                    evaluated("c", 3), evaluated("d", 4));
        note("body");
    }
    expect_trace("f a b c d body 1234");
}
END_TEST

static void note_wide(long a, unsigned long b, const void *c, long long d)
{
    char text[128];
    snprintf(text, sizeof(text), "%ld %lu %s %lld", a, b, (const char *)c, d);
    note(text);
}

static void defer_wide(bool panics)
{
    lg_func_recovers_void {
        lg_defer_recover(stop);
        lg_defer(note_wide, -5L, ~0UL, "text", -4611686018427387904LL);
        if (panics)
            lg_panic("wide");
    }
}

enum colour { RED = -3, BLUE = 7 };

static void note_mixed(int a, unsigned b, enum colour c, const int *d)
{
    char text[64];
    snprintf(text, sizeof(text), "%d %u %d %d", a, b, (int)c, *d);
    note(text);
}

static void defer_mixed(bool panics)
{
    static const int last = 4;
    enum colour colour = RED;
    lg_func_recovers_void {
        lg_defer_recover(stop);
        lg_defer(note_mixed, -1, 0xffffffffU, colour, &last);
        if (panics)
            lg_panic("mixed");
    }
}

/* Under a panic the library makes the call, from words: every type of argument must survive that. */
START_TEST(D2_arguments_arrive_whole_on_return_and_on_panic)
{
    defer_wide(false);
    expect_trace("-5 18446744073709551615 text -4611686018427387904");
    defer_wide(true);
    expect_trace("-5 18446744073709551615 text -4611686018427387904 stopped: wide");
    defer_mixed(false);
    expect_trace("-1 4294967295 -3 4");
    defer_mixed(true);
    expect_trace("-1 4294967295 -3 4 stopped: mixed");
}
END_TEST

START_TEST(D3_a_pointer_argument_is_read_when_the_call_runs)
{
    int n = 1;
    {
        lg_defer(note_target, &n);
        lg_scope(s);
        lg_defer_in(&s, note_target, &n);
        n = 2;
    }
    expect_trace("2 2");
}
END_TEST

static void set_number(int *number, int value)
{
    *number = value;
}

START_TEST(D3_a_pointer_argument_can_be_written_through)
{
    int n = 1;
    {
        lg_defer(note_target, &n);
        lg_defer(set_number, &n, 5);
        n = 2;
    }
    expect_trace("5");
    ck_assert_int_eq(n, 5);
}
END_TEST

/* ---- D15 ---- */

static int panics_as_argument(void)
{
    lg_panic("argument");
}

static four_ints *panics_as_function(void)
{
    lg_panic("function");
}

static void argument_panics(int which)
{
    lg_func_recovers_void {
        lg_defer_recover(stop);
        lg_defer(note, "before");
        lg_scope(s);
        lg_defer_in(&s, note, "scope");
        if (which == 0) {
            lg_defer(note_four, 1, 2, evaluated("c", 3), panics_as_argument());
            note("not reached");
        } else if (which == 1) {
            lg_defer(panics_as_function(), 1, 2, 3, 4);
            note("not reached");
        } else if (which == 2) {
            lg_defer_in(&s, note_pair, "x", panics_as_argument());
            note("not reached");
        } else if (which == 3) {
            lg_defer_as(named, note_number, panics_as_argument());
            note("not reached");
        } else {
            lg_defer_recover(note_only, panics_as_argument() ? "x" : "y");
            note("not reached");
        }
        lg_return_void();
    }
}

START_TEST(D15_an_argument_that_panics_registers_nothing)
{
    argument_panics(0);
    expect_trace("c scope before stopped: argument");
    argument_panics(1);
    expect_trace("scope before stopped: function");
    for (int which = 2; which < 5; which++) {
        argument_panics(which);
        expect_trace("scope before stopped: argument");
    }
}
END_TEST

/* ---- anywhere ---- */

static void recovers_silently(lg_panic_info *panic)
{
    lg_recover(panic);
}

static int uses_everything(void)
{
    lg_func_recovers (int, result) {
        lg_defer_recover(recovers_silently);
        lg_defer(set_number, &result, 7);
        lg_scope(s);
        for (int i = 0; i < 20; i++)
            lg_defer_in(&s, set_number, &result, i);
        lg_panic("in %s", "between");
    }
}

static int in_constructor;

__attribute__((constructor)) static void constructs(void)
{
    in_constructor = uses_everything();
}

START_TEST(D_usable_in_a_constructor)
{
    ck_assert_int_eq(in_constructor, 7);
}
END_TEST

static bool in_the_child;

static void tells_everything(const char *where)
{
    if (in_the_child) {
        tell(where);
        tell(uses_everything() == 7 ? "right" : "wrong");
    }
}

__attribute__((destructor)) static void destructs(void)
{
    tells_everything("destructor");
}

static void at_the_end(void)
{
    tells_everything("atexit");
}

static void ends_well(void *data)
{
    (void)data;
    in_the_child = true;
    atexit(at_the_end);
    lg_defer(tell, "deferred");
}

static void ends_by_lg_exit(void *data)
{
    ends_well(data);
    lg_exit(0);
}

START_TEST(D_usable_in_atexit_handlers_and_destructors)
{
    struct outcome *outcome = in_child(ends_well, NULL);
    expect_status(outcome, 0);
    expect_out(outcome, "deferred atexit right destructor right ");
    outcome = in_child(ends_by_lg_exit, NULL);
    expect_status(outcome, 0);
    expect_out(outcome, "deferred atexit right destructor right ");
}
END_TEST

RUN_TESTS("defer", D1_last_registered_first_run, D1_all_forms_in_one_order,
          D2_arguments_are_evaluated_at_the_defer, D2_a_block_sees_variables_as_they_are_then,
          D2_D9_function_and_arguments_are_evaluated_once_in_order,
          D2_arguments_arrive_whole_on_return_and_on_panic,
          D3_a_pointer_argument_is_read_when_the_call_runs,
          D3_a_pointer_argument_can_be_written_through,
          D15_an_argument_that_panics_registers_nothing, D_usable_in_a_constructor,
          D_usable_in_atexit_handlers_and_destructors)
