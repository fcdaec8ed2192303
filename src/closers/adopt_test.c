/* D16: adopting, lg_take, lg_try. */
#include "testing/memory.h"
#include "testing/test.h"

#include <fcntl.h>
#include <sys/mman.h>

static const char *acquire(const char *value, const char *word)
{
    note(word);
    return value;
}

static void release(const char *value)
{
    note(value);
}

static void release_with(const char *value, const char *a, const char *b, const char *c)
{
    note(value);
    note(a);
    note(b);
    note(c);
}

static const char *evaluate(const char *word)
{
    note(word);
    return word;
}

/* ---- into a scope ---- */

START_TEST(D16_the_value_is_returned_and_released_when_the_scope_is_left)
{
    {
        lg_scope(s);
        const char *a = lg_adopt(&s, "a", release);
        lg_adopt(&s, "b", release);
        note(a);
    }
    expect_trace("a b a");
}
END_TEST

START_TEST(D16_null_and_minus_one_register_nothing)
{
    lg_scope(s);
    FILE *file = lg_adopt(&s, (FILE *)NULL, fclose);
    void *mapping = lg_adopt(&s, MAP_FAILED, munmap, 4096UL);
    int fd = lg_adopt(&s, -1, close);
    long large = lg_adopt(&s, -1L, note_number);
    unsigned all_ones = lg_adopt(&s, ~0U, note_number);
    ck_assert(!file && mapping == MAP_FAILED && fd == -1 && large == -1 && all_ones == ~0U);
    ck_assert_uint_eq(lg_scope_count(&s), 0);
}
END_TEST

START_TEST(D16_descriptor_0_is_a_resource)
{
    {
        lg_scope(s);
        int zero = lg_adopt(&s, 0, note_number), negative = lg_adopt(&s, -2, note_number);
        ck_assert(zero == 0 && negative == -2);
    }
    expect_trace("-2 0");
}
END_TEST

START_TEST(D16_further_arguments_follow_the_value)
{
    {
        lg_scope(s);
        lg_adopt(&s, "value", release_with, "1", "2", "3");
    }
    expect_trace("value 1 2 3");
}
END_TEST

START_TEST(D16_what_could_fail_is_evaluated_before_the_value)
{
    {
        lg_scope(s);
        lg_adopt(&s, acquire("v", "acquire"), release_with, evaluate("1"), evaluate("2"), "3");
        note("body");
    }
    expect_trace("1 2 acquire body v 1 2 3");
}
END_TEST

static const char *panics(void)
{
    lg_panic("argument");
}

static void adopt_with_a_panicking_argument(void)
{
    lg_func_recovers_void {
        lg_defer_recover(stop);
        lg_scope(s);
        lg_adopt(&s, acquire("v", "acquired"), release_with, "1", panics(), "3");
    }
}

START_TEST(D16_nothing_is_acquired_if_an_argument_panics)
{
    adopt_with_a_panicking_argument();
    expect_trace("stopped: argument");
}
END_TEST

static bool is_even(int number)
{
    return number % 2 == 0;
}

START_TEST(D16_a_predicate_says_what_is_a_resource)
{
    {
        lg_scope(s);
        int three = lg_adopt_if(&s, 3, is_even, note_number);
        int four = lg_adopt_if(&s, -4, is_even, note_number);
        ck_assert(three == 3 && four == -4);
        lg_adopt_as_if(five, 5, is_even, note_number);
        lg_adopt_as_if(six, 6, is_even, note_number);
        ck_assert_int_eq(five + six, 11);
    }
    expect_trace("6 -4");
}
END_TEST

static void out_of_memory(const char **adopted)
{
    lg_func_recovers_void {
        lg_defer_recover(stop);
        lg_scope(s);
        for (int i = 0; i < 8; i++)
            lg_adopt(&s, i, note_number);
        memory_watch(1);
        *adopted = lg_adopt(&s, "released at once", release);
    }
}

START_TEST(D16_without_memory_the_value_is_released_at_once)
{
    const char *adopted = NULL;
    if (!memory_can_fail())
        return;
    out_of_memory(&adopted);
    memory_ignore();
    ck_assert_ptr_null(adopted);
    expect_trace("released at once 7 6 5 4 3 2 1 0 stopped: out of memory for a deferred call, "
                 "which was made at once");
}
END_TEST

static bool first_call(const lg_pending_call *call, void *text)
{
    strcat(strcat(text, call->call), ";");
    return true;
}

START_TEST(D12_the_list_of_pending_calls_shows_the_value_as_it_was_written)
{
    char text[256] = "";
    lg_error *err = NULL;
    {
        lg_scope(s);
        lg_adopt(&s, open("/dev/null", O_RDONLY), lg_close, &err);
        lg_adopt_as(file, fopen("/dev/null", "r"), fclose);
        lg_adopt_as(nothing, (FILE *)NULL, fclose);
        lg_pending_visit(first_call, text);
        ck_assert(file && !nothing);
    }
    ck_assert_str_eq(text, "fclose(fopen(\"/dev/null\", \"r\"));"
                           "lg_close(open(\"/dev/null\", O_RDONLY), &err);");
}
END_TEST

/* ---- in a block ---- */

START_TEST(D16_a_declaration_adopts_for_its_block)
{
    for (int i = 0; i < 2; i++) {
        lg_adopt_as(number, i + 1, note_number);
        lg_adopt_as(none, i - 1, note_number);
        if (none == 0)
            continue;
        note_pair("body", number);
    }
    expect_trace("body1 1 0 2");
}
END_TEST

/* ---- errors ---- */

static lg_error *open_two(const char *first, const char *second)
{
    lg_func (lg_error *, err) {
        lg_scope(s);
        int a, b;
        FILE *stream;
        lg_try(lg_adopt_fd(&s, &a, open(first, O_RDONLY), &err, "open %s", first));
        /* NOLINTNEXTLINE(clang-analyzer-unix.StdCLibraryFunctions): lg_try has returned if a is -1 */
        lg_try(lg_adopt_errno(&s, &stream, fdopen(dup(a), "r"), fclose, "a stream"));
        lg_try(lg_adopt_fd(&s, &b, open(second, O_RDONLY), NULL, "open %s", second), "number %d",
               2);
        ck_assert_uint_eq(lg_scope_count(&s), 3);
        note("both");
    }
}

static int open_descriptors(void)
{
    int count = 0;
    for (int fd = 0; fd < 64; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

START_TEST(D16_the_error_is_made_of_errno)
{
    int before = open_descriptors();
    ck_assert_ptr_null(open_two("/dev/null", "/dev/zero"));
    expect_trace("both");
    lg_error *err = open_two("/dev/null", "/nowhere");
    char text[128];
    lg_error_format(err, text, sizeof(text));
    ck_assert_str_eq(text, "number 2: open /nowhere: No such file or directory");
    ck_assert(lg_error_is_errno(err, ENOENT));
    lg_error_free(err);
    ck_assert_int_eq(open_descriptors(), before);
}
END_TEST

static lg_error *close_early(int *fd)
{
    lg_func (lg_error *, err) {
        lg_scope(s);
        lg_try(lg_adopt_fd(&s, fd, open("/dev/null", O_RDONLY), &err, "open"));
        close(*fd);
    }
}

START_TEST(D16_a_failing_close_of_a_descriptor_lands_in_the_result)
{
    int fd;
    lg_error *err = close_early(&fd);
    ck_assert(lg_error_is_errno(err, EBADF));
    lg_error_free(err);
}
END_TEST

/* ---- out-parameters ---- */

static int make_thing(const char **thing, const char *value, int code)
{
    if (value)
        *thing = value;
    return code;
}

static void make_number(int *number, int value)
{
    *number = value;
}

START_TEST(D16_an_out_parameter_is_adopted_if_it_was_set)
{
    const char *thing = "left over";
    int number;
    {
        lg_scope(s);
        int code = lg_adopt_out(&s, &thing, make_thing(&thing, NULL, 7), release);
        ck_assert(code == 7 && !thing);
        code = lg_adopt_out(&s, &thing, make_thing(&thing, "t", 0), release);
        ck_assert_int_eq(code, 0);
        code = lg_adopt_out(&s, &thing, make_thing(&thing, "failed, but set", 9), release);
        ck_assert_int_eq(code, 9);
        lg_adopt_out(&s, &number, make_number(&number, 5), note_number);
        lg_adopt_out(&s, &number, make_number(&number, -1), note_number);
    }
    expect_trace("5 failed, but set t");
}
END_TEST

static bool is_zero(int code)
{
    return code == 0;
}

START_TEST(D16_the_outcome_of_the_call_can_say_whether_there_is_something)
{
    const char *thing;
    {
        lg_scope(s);
        lg_adopt_out_if(&s, &thing, make_thing(&thing, "failed", 7), is_zero, release);
        lg_adopt_out_if(&s, &thing, make_thing(&thing, "made", 0), is_zero, release);
    }
    expect_trace("made");
}
END_TEST

/* ---- lg_take, lg_try ---- */

static void release_at(const char **value)
{
    note(*value ? *value : "nothing");
}

static const char *constructed(bool whole)
{
    const char *value __attribute__((cleanup(release_at))) = "v";
    if (!whole)
        return NULL;
    return lg_take(value);
}

START_TEST(D16_take_gives_away_and_leaves_null)
{
    ck_assert_str_eq(constructed(true), "v");
    ck_assert_ptr_null(constructed(false));
    expect_trace("nothing v");
    int fd = 3;
    ck_assert_int_eq(lg_take_fd(fd), 3);
    ck_assert_int_eq(fd, -1);
}
END_TEST

START_TEST(D16_take_evaluates_its_variable_once)
{
    const char *values[] = {"a", "b"}, **at = values;
    /* NOLINTNEXTLINE(bugprone-macro-repeated-side-effects): all but one are in __typeof__ */
    ck_assert_str_eq(lg_take(*at++), "a");
    ck_assert_ptr_null(values[0]);
    ck_assert_str_eq(*at, "b");
}
END_TEST

static lg_error *tries(lg_error *first, lg_error *second)
{
    lg_func (lg_error *, err) {
        lg_defer_on_error(note, "failed");
        lg_defer_on_success(note, "succeeded");
        lg_try(first);
        note("between");
        for (;;)
            lg_try(second, "%s %d", evaluate("second"), 2);
    }
}

START_TEST(E2_try_returns_the_error_from_the_function)
{
    lg_error *err = lg_error_new("e");
    ck_assert_ptr_eq(tries(err, NULL), err);
    expect_trace("failed");
    lg_error *wrapped = tries(NULL, err);
    ck_assert_ptr_eq(lg_error_cause(wrapped), err);
    ck_assert_str_eq(lg_error_message(wrapped), "second 2");
    lg_error_free(wrapped);
    expect_trace("between second failed");
}
END_TEST

RUN_TESTS("closers/adopt", D16_the_value_is_returned_and_released_when_the_scope_is_left,
          D16_null_and_minus_one_register_nothing, D16_descriptor_0_is_a_resource,
          D16_further_arguments_follow_the_value, D16_what_could_fail_is_evaluated_before_the_value,
          D16_nothing_is_acquired_if_an_argument_panics, D16_a_predicate_says_what_is_a_resource,
          D16_without_memory_the_value_is_released_at_once,
          D12_the_list_of_pending_calls_shows_the_value_as_it_was_written,
          D16_a_declaration_adopts_for_its_block, D16_the_error_is_made_of_errno,
          D16_a_failing_close_of_a_descriptor_lands_in_the_result,
          D16_an_out_parameter_is_adopted_if_it_was_set,
          D16_the_outcome_of_the_call_can_say_whether_there_is_something,
          D16_take_gives_away_and_leaves_null, D16_take_evaluates_its_variable_once,
          E2_try_returns_the_error_from_the_function)
