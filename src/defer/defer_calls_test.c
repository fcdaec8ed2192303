/* Tests of what a deferred call may do, and of NULL for a function (D8, D9). Rules are those of docs/rules.md. */
#include "testing/test.h"

/* ---- D2, D3 ---- */

enum colour { RED = -3, BLUE = 7 };

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

/* As one wrote before C had prototypes: what a pointer points to is a function. */
#define the_hook (*none)
static void defers_pointed_to(void (*none)(void), void (**pair)(const char *, int), bool panics)
{
    lg_func_recovers_void {
        lg_defer_recover(stop);
        lg_defer(*none);
        lg_defer((*none));
        lg_defer(the_hook);
        lg_defer(**pair, "pair", 2);
        none = noting_nothing; /* not what was deferred */
        if (panics)
            lg_panic("first");
    }
}

START_TEST(D9_what_a_pointer_points_to_is_evaluated_at_the_defer)
{
    void (*pair)(const char *, int) = note_pair;
    defers_pointed_to(note_alone, &pair, false);
    expect_trace("pair2 alone alone alone");
    defers_pointed_to(note_alone, &pair, true);
    expect_trace("pair2 alone alone alone stopped: first");
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

RUN_TESTS("defer_calls", D_any_scalar_result_is_dropped, D8_a_deferred_call_may_defer,
          D8_a_deferred_call_may_panic_and_recover, D8_a_deferred_call_may_block,
          D9_the_function_is_evaluated_at_the_defer, D9_null_panics_when_run_not_when_deferred,
          D1_a_pointer_to_a_function_of_none_or_two_arguments,
          D9_what_a_pointer_points_to_is_evaluated_at_the_defer, D9_null_that_recovers_panics_too)
