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

/* ---- D8 ---- */

static void defers_too(int depth)
{
    lg_scope(s);
    lg_defer_in(&s, note_pair, "inner", depth);
    if (depth > 1)
        lg_defer_in(&s, defers_too, depth - 1);
    note_pair("call", depth);
}

START_TEST(D8_a_deferred_call_may_defer)
{
    {
        lg_defer(defers_too, 3);
    }
    expect_trace("call3 call2 call1 inner1 inner2 inner3");
}
END_TEST

static void panics_and_recovers(const char *message)
{
    lg_func_recovers_void {
        lg_defer_recover(stop);
        lg_defer(note, "inside");
        lg_panic("%s", message);
    }
}

static void defers_what_recovers(bool panics)
{
    lg_func_recovers_void {
        lg_defer_recover(stop);
        lg_defer(note, "last");
        lg_defer(panics_and_recovers, "small");
        lg_defer_block {
            panics_and_recovers("block");
        }
        lg_scope(s);
        lg_defer_in(&s, note, "scope");
        lg_defer_in(&s, panics_and_recovers, "scoped");
        if (panics)
            lg_panic("large");
    }
}

START_TEST(D8_a_deferred_call_may_panic_and_recover)
{
    defers_what_recovers(false);
    expect_trace("inside stopped: scoped scope inside stopped: block inside stopped: small last");
    defers_what_recovers(true);
    expect_trace("inside stopped: scoped scope inside stopped: block inside stopped: small last "
                 "stopped: large");
}
END_TEST

static void *note_and_end(void *word)
{
    note(word);
    return NULL;
}

static void waits_for_a_thread(char *word)
{
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, note_and_end, word), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    usleep(1000);
}

static void defers_what_blocks(bool panics)
{
    static char word[] = "thread";
    lg_func_recovers_void {
        lg_defer_recover(stop);
        lg_defer(note, "then");
        lg_defer(waits_for_a_thread, word);
        if (panics)
            lg_panic("blocked");
    }
}

START_TEST(D8_a_deferred_call_may_block)
{
    defers_what_blocks(false);
    expect_trace("thread then");
    defers_what_blocks(true);
    expect_trace("thread then stopped: blocked");
}
END_TEST

static bool note_bool(int number)
{
    note_number(number);
    return true;
}
static char note_char(int number)
{
    note_number(number);
    return 'c';
}
static enum colour note_colour(int number)
{
    note_number(number);
    return BLUE;
}

static void defers_scalars(bool panics)
{
    lg_func_recovers_void {
        lg_defer_recover(stop);
        lg_defer(note_bool, 1);
        lg_defer(note_char, 2);
        lg_defer(note_colour, 3);
        if (panics)
            lg_panic("4");
    }
}

START_TEST(D_any_scalar_result_is_dropped)
{
    defers_scalars(false);
    expect_trace("3 2 1");
    defers_scalars(true);
    expect_trace("3 2 1 stopped: 4");
}
END_TEST

/* ---- D9 ---- */

static void defers_pointer(bool panics)
{
    lg_func_recovers_void {
        lg_defer_recover(stop);
        void (*function)(const char *) = note;
        lg_defer(function, "kept");
        lg_defer(&note, "address");
        lg_defer(*note, "star");
        lg_defer_as(named, function, "named");
        lg_scope(s);
        lg_defer_in(&s, function, "scope");
        function = panic_with;
        ck_assert(function == panic_with);
        if (panics)
            lg_panic("end");
    }
}

START_TEST(D9_the_function_is_evaluated_at_the_defer)
{
    defers_pointer(false);
    expect_trace("scope named star address kept");
    defers_pointer(true);
    expect_trace("scope named star address kept stopped: end");
}
END_TEST

static void (*const volatile nothing)(const char *);

#define DEFERS_NULL(name, ...)                                                                     \
    static void name(bool panics)                                                                  \
    {                                                                                              \
        lg_func_recovers_void                                                                      \
        {                                                                                          \
            lg_defer_recover(stop);                                                                \
            lg_defer(note, "before");                                                              \
            __VA_ARGS__                                                                            \
            lg_defer(note, "after");                                                               \
            note("body");                                                                          \
            if (panics)                                                                            \
                lg_panic("first");                                                                 \
        }                                                                                          \
    }

DEFERS_NULL(null_call, lg_defer(nothing, "x");)
DEFERS_NULL(null_named, lg_defer_as(x, nothing, "x");)
DEFERS_NULL(null_scoped, lg_scope(s); lg_defer_in(&s, nothing, "x");)
DEFERS_NULL(null_on_error, lg_defer_on_error(nothing, "x");)
DEFERS_NULL(null_literal, lg_defer((void (*)(const char *))0, "x");)

START_TEST(D9_null_panics_when_run_not_when_deferred)
{
    void (*const forms[])(bool) = {null_call, null_named, null_scoped, null_on_error, null_literal};
    static const char *const texts[] = {"nothing(\"x\")", "nothing(\"x\")", "nothing(\"x\")",
                                        "nothing(\"x\")", "(void (*)(const char *))0(\"x\")"};
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        char expected[200];
        for (int panics = 0; panics < 2; panics++) {
            forms[i](panics);
            snprintf(expected, sizeof(expected),
                     "body after before stopped: deferred call of a NULL function: %s", texts[i]);
            expect_trace(expected);
        }
    }
}
END_TEST

static void (*const volatile noting_nothing)(void);
static void (*const volatile noting_pair)(const char *, int) = note_pair;

static void note_alone(void)
{
    note("alone");
}

static void defers_pointers(void (*none)(void), bool panics)
{
    lg_func_recovers_void {
        lg_defer_recover(stop);
        lg_defer(none);
        lg_defer(noting_pair, "pair", 2);
        if (panics)
            lg_panic("first");
    }
}

START_TEST(D1_a_pointer_to_a_function_of_none_or_two_arguments)
{
    defers_pointers(note_alone, false);
    expect_trace("pair2 alone");
    defers_pointers(note_alone, true);
    expect_trace("pair2 alone stopped: first");
    defers_pointers(noting_nothing, false);
    expect_trace("pair2 stopped: deferred call of a NULL function: none()");
}
END_TEST

static void (*const volatile nothing_recovering)(lg_panic_info *);

static void null_recovering(bool panics)
{
    lg_func_recovers_void {
        lg_defer_recover(stop);
        lg_defer_recover(nothing_recovering);
        note("body");
        if (panics)
            lg_panic("first");
    }
}

static void dismisses_null(void)
{
    lg_defer_as(x, nothing, "x");
    lg_deferred_dismiss(x);
}

START_TEST(D9_null_that_recovers_panics_too)
{
    for (int panics = 0; panics < 2; panics++) {
        null_recovering(panics);
        expect_trace("body stopped: deferred call of a NULL function: nothing_recovering()");
    }
    dismisses_null();
}
END_TEST

/* ---- D11 ---- */

START_TEST(D11_a_dismissed_call_does_not_run)
{
    {
        lg_defer_as(a, note, "a");
        lg_defer_as(b, note, "b");
        lg_defer_as(c, note, "c");
        lg_deferred_dismiss(b);
        lg_deferred_dismiss(b);
        lg_deferred_dismiss(NULL);
    }
    expect_trace("c a");
}
END_TEST

START_TEST(D11_run_now_runs_once)
{
    {
        lg_defer_as(a, note, "a");
        lg_defer_as(b, note, "b");
        lg_deferred_run(a);
        note("|");
        lg_deferred_run(a);
        lg_deferred_dismiss(a);
        lg_deferred_run(NULL);
        lg_deferred_dismiss(b);
        lg_deferred_run(b);
    }
    expect_trace("a |");
}
END_TEST

static void dismissed_then_panics(bool dismiss, bool run)
{
    lg_func_recovers_void {
        lg_defer_recover(stop);
        lg_defer(note, "z");
        lg_defer_as(a, note, "a");
        if (dismiss)
            lg_deferred_dismiss(a);
        if (run)
            lg_deferred_run(a);
        lg_panic("end");
    }
}

START_TEST(D11_dismissing_and_running_hold_under_panic)
{
    dismissed_then_panics(false, false);
    expect_trace("a z stopped: end");
    dismissed_then_panics(true, false);
    expect_trace("z stopped: end");
    dismissed_then_panics(false, true);
    expect_trace("a z stopped: end");
    dismissed_then_panics(true, true);
    expect_trace("z stopped: end");
}
END_TEST

static void run_now_panics(void)
{
    lg_func_recovers_void {
        lg_defer_recover(stop);
        lg_defer(note, "first");
        lg_defer_as(bad, panic_with, "bad");
        lg_defer(note, "second");
        lg_deferred_run(bad);
        note("not reached");
    }
}

START_TEST(D11_a_panic_of_a_call_run_now_goes_on_from_there)
{
    run_now_panics();
    expect_trace("second first stopped: bad");
}
END_TEST

static void dismiss_it(lg_deferred *deferred)
{
    lg_deferred_dismiss(deferred);
    note("dismissed");
}

static void a_deferred_call_dismisses(bool panics)
{
    lg_func_recovers_void {
        lg_defer_recover(stop);
        lg_defer_as(a, note, "a");
        lg_defer(dismiss_it, a);
        if (panics)
            lg_panic("end");
    }
}

START_TEST(D11_a_deferred_call_may_dismiss_another)
{
    a_deferred_call_dismisses(false);
    expect_trace("dismissed");
    a_deferred_call_dismisses(true);
    expect_trace("dismissed stopped: end");
}
END_TEST

static void run_it(lg_deferred *deferred)
{
    lg_deferred_run(deferred);
    note("ran");
}

static void a_deferred_call_runs(bool panics)
{
    lg_func_recovers_void {
        lg_defer_recover(stop);
        lg_defer_as(a, note, "a");
        lg_defer(note, "b");
        lg_defer(run_it, a);
        if (panics)
            lg_panic("end");
    }
}

START_TEST(D11_a_deferred_call_may_run_another_early)
{
    a_deferred_call_runs(false);
    expect_trace("a ran b");
    a_deferred_call_runs(true);
    expect_trace("a ran b stopped: end");
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

RUN_TESTS("defer", D_any_scalar_result_is_dropped, D1_last_registered_first_run,
          D1_all_forms_in_one_order, D2_arguments_are_evaluated_at_the_defer,
          D2_a_block_sees_variables_as_they_are_then,
          D2_D9_function_and_arguments_are_evaluated_once_in_order,
          D2_arguments_arrive_whole_on_return_and_on_panic,
          D3_a_pointer_argument_is_read_when_the_call_runs,
          D3_a_pointer_argument_can_be_written_through, D8_a_deferred_call_may_defer,
          D8_a_deferred_call_may_panic_and_recover, D8_a_deferred_call_may_block,
          D9_the_function_is_evaluated_at_the_defer, D9_null_panics_when_run_not_when_deferred,
          D1_a_pointer_to_a_function_of_none_or_two_arguments, D9_null_that_recovers_panics_too,
          D11_a_dismissed_call_does_not_run, D11_run_now_runs_once,
          D11_dismissing_and_running_hold_under_panic,
          D11_a_panic_of_a_call_run_now_goes_on_from_there, D11_a_deferred_call_may_dismiss_another,
          D11_a_deferred_call_may_run_another_early, D15_an_argument_that_panics_registers_nothing,
          D_usable_in_a_constructor, D_usable_in_atexit_handlers_and_destructors)
