/* D18: types of one's own. */
#include "testing/test.h"

struct buffer {
    const char *text;
};

static void release_word(const char *word)
{
    note(word);
}

static void release_number(int number)
{
    note_number(number);
}

static void clear_buffer(struct buffer *buffer)
{
    note(buffer->text ? buffer->text : "empty");
}

LG_DEFINE_AUTO(word, const char *, release_word)
LG_DEFINE_AUTO(number, int, release_number)
LG_DEFINE_AUTO_STRUCT(buffer, struct buffer, clear_buffer)

START_TEST(D18_a_variable_is_released_when_its_block_is_left)
{
    for (int i = 0; i < 2; i++) {
        lg_auto(word) const char *first = "first";
        const char *second lg_auto(word) = "second";
        lg_auto(buffer) struct buffer buffer = {NULL};
        buffer.text = "buffer";
        if (i == 1)
            break;
        note("pass");
        ck_assert(first && second);
    }
    expect_trace("pass buffer second first buffer second first");
}
END_TEST

START_TEST(D18_null_and_minus_one_are_not_released)
{
    {
        lg_auto(word) const char *none = NULL;
        lg_auto(number) int fd = -1;
        lg_auto(number) int zero = 0;
        ck_assert(!none && fd < zero);
    }
    expect_trace("0");
}
END_TEST

static const char *made(bool whole)
{
    lg_auto(word) const char *word = "made";
    return whole ? lg_take(word) : NULL;
}

START_TEST(D18_a_value_that_is_taken_is_not_released)
{
    ck_assert_str_eq(made(true), "made");
    expect_trace("");
    ck_assert_ptr_null(made(false));
    expect_trace("made");
}
END_TEST

static void panics(void)
{
    lg_func_recovers_void {
        lg_defer_recover(stop);
        lg_defer(note, "a");
        lg_auto(word) const char *b = "b";
        lg_defer(note, "c");
        lg_panic("%s", b);
    }
}

START_TEST(D13_variables_and_deferred_calls_run_in_one_order)
{
    panics();
    expect_trace("c b a stopped: b");
}
END_TEST

static const char *acquire(const char *word, bool succeeds)
{
    note("acquire");
    return succeeds ? word : NULL;
}

static void panic_in_place_of(const char *word)
{
    lg_panic("%s", word);
}

static const char *acquire_or_panic(const char *word)
{
    panic_in_place_of(word);
    return word;
}

LG_DEFINE_CLASS(thing, const char *, release_word, acquire(word, succeeds), const char *word,
                bool succeeds)
LG_DEFINE_CLASS(failing, const char *, release_word, acquire_or_panic("constructor"), void)

START_TEST(D18_a_class_acquires_and_releases)
{
    {
        lg_class(thing, thing)("thing", true);
        lg_class(thing, none)("none", false);
        ck_assert_str_eq(thing, "thing");
        ck_assert_ptr_null(none);
        note("body");
    }
    expect_trace("acquire acquire body thing");
}
END_TEST

static void construct_and_panic(void)
{
    lg_func_recovers_void {
        lg_defer_recover(stop);
        lg_class(thing, thing)("thing", true);
        lg_class(failing, never)();
        note(thing);
        note(never);
    }
}

START_TEST(D18_a_constructor_that_panics_has_nothing_to_release)
{
    construct_and_panic();
    expect_trace("acquire thing stopped: constructor");
}
END_TEST

RUN_TESTS("closers/auto", D18_a_variable_is_released_when_its_block_is_left,
          D18_null_and_minus_one_are_not_released, D18_a_value_that_is_taken_is_not_released,
          D13_variables_and_deferred_calls_run_in_one_order, D18_a_class_acquires_and_releases,
          D18_a_constructor_that_panics_has_nothing_to_release)
