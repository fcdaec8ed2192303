/* Tests of values that are made once, and of panics that all see. Rules are those of docs/rules.md. */
#include "testing/sync.h"
#include <stdatomic.h>

static _Atomic int calls;

/* ---- lg_once_value ---- */

struct thing {
    int number;
};

static struct thing *makes(int number)
{
    static struct thing things[2];
    calls++;
    things[number].number = number;
    return &things[number];
}

static const char *name_of(void)
{
    calls++;
    return "name";
}

static void gets_often(void *data)
{
    (void)data;
    lg_once_value value = LG_ONCE_VALUE_INIT, name;
    struct thing *first = NULL, *again = NULL;
    memset(&name, 0, sizeof(name));
    calls = 0;
    for (int i = 0; i < 3; i++) {
        struct thing *thing = lg_once_get(&value, makes, 1);
        ck_assert_int_eq(thing->number, 1);
        ck_assert(!first || first == thing);
        first = thing;
    }
    ck_assert_ptr_eq(lg_once_get(&value, makes, 0), first);
    ck_assert_ptr_null(lg_once_get_until(&value, lg_until_deadline(0), &again, makes, 0));
    ck_assert_ptr_eq(again, first);
    ck_assert_int_eq(calls, 1);
    const char *text = NULL;
    ck_assert_ptr_null(lg_once_get_until(&name, lg_until_deadline(0), &text, name_of));
    ck_assert_str_eq(text, "name");
    ck_assert_str_eq(lg_once_get(&name, name_of), "name");
    ck_assert_int_eq(calls, 2);
}

static void *second_of(const char *a, void *b)
{
    return *a == 'a' ? b : NULL;
}

static void *third_of(const char *a, long b, void *c)
{
    return *a == 'a' && b == 2 ? c : NULL;
}

static void *fourth_of(const char *a, long b, const char *c, void *d)
{
    return *a == 'a' && b == 2 && *c == 'c' ? d : NULL;
}

START_TEST(G1_a_value_is_made_of_up_to_four_arguments)
{
    lg_once_value values[3];
    int object = 0;
    memset(values, 0, sizeof(values));
    ck_assert_ptr_eq(lg_once_get(&values[0], second_of, "a", &object), &object);
    ck_assert_ptr_eq(lg_once_get(&values[1], third_of, "a", 2L, &object), &object);
    ck_assert_ptr_eq(lg_once_get(&values[2], fourth_of, "a", 2L, "c", &object), &object);
}
END_TEST

START_TEST(G1_a_value_is_made_once_on_any_thread_and_goroutine)
{
    gets_often(NULL);
    ck_assert(on_thread(gets_often, NULL));
    on_goroutine(gets_often, NULL);
}
END_TEST

/* ---- a panic is seen by all ---- */

static LG_ERROR_DEFINE(sentinel, "sentinel");
static int pointed_at;

static void *panics_somehow(char how)
{
    calls++;
    if (how == 'm')
        lg_panic("message");
    if (how == 's')
        lg_panic_with_error(&sentinel);
    if (how == 'e')
        lg_panic_with_error(lg_error_wrap(&sentinel, "wrapped"));
    if (how == 'p')
        lg_panic_with_pointer(&pointed_at);
    lg_goexit();
}

static void note_panic(lg_panic_info *panic)
{
    if (lg_recover(panic)) {
        note(lg_panic_error(panic) == &sentinel       ? "the-sentinel"
             : lg_panic_error(panic)                  ? "an-error"
             : lg_panic_pointer(panic) == &pointed_at ? "the-pointer"
                                                      : "message");
        if (!lg_panic_pointer(panic))
            note(lg_panic_message(panic));
    }
}

struct asked {
    lg_once_value value;
    int how;
};

static void *wanted(int how)
{
    return panics_somehow((char)how);
}

static void wants_value(struct asked *asked)
{
    lg_func_recovers_void {
        lg_defer_recover(note_panic);
        lg_once_get(&asked->value, wanted, asked->how);
        note("returned");
    }
}

static void gets_on_thread(void *data)
{
    wants_value(data);
}

START_TEST(P7_a_panic_of_the_function_is_seen_by_all_who_want_its_value)
{
    const struct {
        char how;
        const char *first, *later;
    } cases[] = {
        {'m', "message message", "message message"},
        {'s', "the-sentinel sentinel", "the-sentinel sentinel"},
        {'e', "an-error wrapped: sentinel", "message wrapped: sentinel"},
        {'p', "the-pointer", "the-pointer"},
        {'x', "", "message no value: the function of the once has ended its goroutine"},
    };
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct asked asked = {LG_ONCE_VALUE_INIT, cases[i].how};
        calls = 0;
        ck_assert(on_thread(gets_on_thread, &asked) == (cases[i].how != 'x'));
        expect_trace(cases[i].first);
        wants_value(&asked);
        expect_trace(cases[i].later);
        on_goroutine(gets_on_thread, &asked);
        expect_trace(cases[i].later);
        ck_assert_int_eq(calls, 1);
    }
}
END_TEST

static void *panics_at_length(void)
{
    char text[400];
    memset(text, 'x', sizeof(text));
    lg_panic("%.*s", (int)sizeof(text), text);
}

static void note_length(lg_panic_info *panic)
{
    if (lg_recover(panic))
        note_number((int)strlen(lg_panic_message(panic)));
}

static void gets_long(lg_once_value *value)
{
    lg_func_recovers_void {
        lg_defer_recover(note_length);
        lg_once_get(value, panics_at_length);
    }
}

START_TEST(P10_the_message_is_kept_without_memory)
{
    lg_once_value value = LG_ONCE_VALUE_INIT;
    gets_long(&value);
    gets_long(&value);
    expect_trace("255 255");
}
END_TEST

RUN_TESTS("once_value", G1_a_value_is_made_once_on_any_thread_and_goroutine,
          G1_a_value_is_made_of_up_to_four_arguments,
          P7_a_panic_of_the_function_is_seen_by_all_who_want_its_value,
          P10_the_message_is_kept_without_memory)
