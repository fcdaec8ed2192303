/* Tests of printing errors. Rules are those of docs/rules.md. */
#define _GNU_SOURCE
#include "testing/error.h"
#include <lifoguard/time.h>
#include <pthread.h>
#include <stddef.h>

/* ---- E5 ---- */

START_TEST(E5_format_is_as_snprintf)
{
    lg_error *err = lg_error_wrap(lg_error_join(lg_error_new("b"), lg_error_new("cde")), "a");
    const char *whole = "a: b; cde";
    size_t length = strlen(whole);
    ck_assert_uint_eq(lg_error_format(err, NULL, 0), length);
    for (size_t size = 1; size < length + 4; size++) {
        char buffer[32], expected[32];
        memset(buffer, '#', sizeof(buffer));
        ck_assert_uint_eq(lg_error_format(err, buffer, size), length);
        snprintf(expected, size, "%s", whole);
        ck_assert_str_eq(buffer, expected);
        for (size_t i = size; i < sizeof(buffer); i++)
            ck_assert_int_eq(buffer[i], '#');
    }
    lg_error_free(err);
}
END_TEST

START_TEST(E5_one_line_is_one_line)
{
    lg_error *err = lg_error_wrap(lg_error_new("a\nb\tc\x1b[31m\x7f \xc3\xa9"), "w");
    assert_text(err, "w: a\nb\tc\x1b[31m\x7f \xc3\xa9");
    char *line = printed(err, lg_error_print);
    ck_assert_str_eq(line, "w: a\\nb\\tc\\x1b[31m\\x7f \xc3\xa9\n");
    free(line);
    lg_error_free(err);
}
END_TEST

/* C1 controls as UTF-8 and as bytes, U+2028, forms that are too long, the controls of the order of writing; and what is none
 * of these. */
START_TEST(E8_no_message_drives_a_terminal)
{
    static const struct {
        const char *message, *line;
    } cases[] = {
        {"\xc2\x9b[31m", "\\xc2\\x9b[31m\n"},
        {"\x9b[31m", "\\x9b[31m\n"},
        {"\xc2\xa0", "\xc2\xa0\n"},
        {"\xe2\x80\xa8x", "\\xe2\\x80\\xa8x\n"},
        {"\xc0\x9b", "\\xc0\\x9b\n"},
        {"\xf0\x9f\x9a\x91", "\xf0\x9f\x9a\x91\n"},
        {"cut \xe2\x82", "cut \\xe2\\x82\n"},
        {"\r\b", "\\x0d\\x08\n"},
        {"\xe2\x80\xaeo", "\\xe2\\x80\\xaeo\n"},
        {"\xe2\x81\xa6", "\\xe2\\x81\\xa6\n"},
        {"\xe2\x80\xaf", "\xe2\x80\xaf\n"},
        {"\xe2\x81\xaa", "\xe2\x81\xaa\n"},
        {"\xe2\x80\x8f\xd7\xa9", "\xe2\x80\x8f\xd7\xa9\n"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        lg_error *err = lg_error_new(cases[i].message);
        char *line = printed(err, lg_error_print);
        ck_assert_str_eq(line, cases[i].line);
        free(line);
        lg_error_free(err);
    }
}
END_TEST

/* Where in the library an error was made means nothing to the program. */
START_TEST(E8_no_place_in_the_library_is_shown)
{
    lg_duration duration;
    lg_error *err = lg_duration_parse("x", &duration);
    ck_assert_str_eq(lg_error_file(err), "lifoguard");
    ck_assert_int_eq(lg_error_line(err), 0);
    char *tree = printed(err, lg_error_print_tree);
    ck_assert_str_eq(tree, "invalid duration \"x\" (lifoguard)\n");
    free(tree);
    lg_error_free(err);
    ck_assert_str_eq(lg_error_file(&lg_error_out_of_memory), "lifoguard");
    ck_assert_int_eq(lg_error_line(&lg_error_out_of_memory), 0);
}
END_TEST

START_TEST(E5_tree_is_indented)
{
    const int line = __LINE__;
    lg_error *err = lg_error_new_code(ENOENT, "open x");
    lg_error *odd = lg_error_new_kind(&number_kind, number(3), "odd");
    err = lg_error_join(err, lg_error_wrap(odd, "parse"));
    err = lg_error_wrap(err, "load");
    err = lg_error_join(err, lg_error_new_code(EIO, "then\n"));
    err = lg_error_join(err, lg_error_new_code(123456, "%s", ""));
    char expected[2000];
    int length = snprintf(expected, sizeof(expected),
                          "3 errors\n"
                          "  load (%s:%d)\n"
                          "    2 errors\n"
                          "      open x: No such file or directory (%s:%d, ENOENT)\n"
                          "      parse (%s:%d)\n"
                          "        odd (%s:%d, number)\n"
                          "  then\\n: Input/output error (%s:%d, EIO)\n"
                          "  Unknown error 123456 (%s:%d, errno 123456)\n",
                          __FILE__, line + 4, __FILE__, line + 1, __FILE__, line + 3, __FILE__,
                          line + 2, __FILE__, line + 5, __FILE__, line + 6);
    ck_assert_int_lt(length, (int)sizeof(expected));
    char *tree = printed(err, lg_error_print_tree);
    ck_assert_str_eq(tree, expected);
    free(tree);

    /* From inside: only what is below. */
    lg_error_cursor cursor = lg_error_children(err);
    const lg_error *load = lg_error_next(&cursor);
    cursor = lg_error_children(lg_error_cause(load));
    lg_error_next(&cursor);
    tree = printed(lg_error_next(&cursor), lg_error_print_tree);
    snprintf(expected, sizeof(expected), "parse (%s:%d)\n  odd (%s:%d, number)\n", __FILE__,
             line + 3, __FILE__, line + 2);
    ck_assert_str_eq(tree, expected);
    free(tree);
    lg_error_free(err);
}
END_TEST

/* The indentation must not grow with the depth for ever: 100,000 lines of it would be gigabytes. */
static void print_number(const void *payload, FILE *file, int indent)
{
    for (int i = *(const int *)payload; i > 0; i--)
        fprintf(file, "%*s%d\n", indent, "", i);
}

START_TEST(E5_a_kind_may_print_more)
{
    static const lg_error_kind kind = {.name = "number", .print = print_number};
    int two = 2;
    lg_error *err =
        lg_error_join(lg_error_wrap(lgi_error_new_kind("a.c", 1, &kind, &two, "first"), "outer"),
                      lgi_error_new_kind("a.c", 2, &kind, NULL, "second"));
    char expected[256];
    snprintf(expected, sizeof(expected),
             "2 errors\n"
             "  outer (%s:%d)\n"
             "    first (a.c:1, number)\n"
             "        2\n"
             "        1\n"
             "  second (a.c:2, number)\n",
             __FILE__, lg_error_line(err));
    char *tree = printed(err, lg_error_print_tree);
    ck_assert_str_eq(tree, expected);
    free(tree);
    lg_error_free(err);
}
END_TEST

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
START_TEST(E1_a_missing_message_is_said_to_be_missing)
{
    const char *volatile none = NULL;
    lg_error *err = lgi_error_format("a.c", 1, none);
    ck_assert_str_eq(lg_error_message(err), "no message");
    lg_error_free(err);
}
END_TEST

#pragma GCC diagnostic pop

START_TEST(E5_the_indentation_of_what_a_kind_prints_is_bounded)
{
    static const lg_error_kind kind = {.name = "number", .print = print_number};
    int once = 1;
    lg_error *err = lgi_error_new_kind("a.c", 1, &kind, &once, "bottom");
    for (int i = 0; i < 1000; i++)
        err = lg_error_wrap(err, "w");
    char *tree = printed(err, lg_error_print_tree);
    const char *number = strstr(tree, "number)\n");
    ck_assert_ptr_nonnull(number);
    number += strlen("number)\n");
    ck_assert_uint_eq(strspn(number, " "), 64 + 4);
    free(tree);
    lg_error_free(err);
}
END_TEST

START_TEST(E5_tree_indentation_is_bounded)
{
    lg_error *err = lg_error_new("bottom");
    for (int i = 0; i < 1000; i++)
        err = lg_error_wrap(err, "w");
    char *tree = printed(err, lg_error_print_tree);
    char *last = strstr(tree, "bottom");
    ck_assert_ptr_nonnull(last);
    const char *line = last;
    while (line > tree && line[-1] != '\n')
        line--;
    ck_assert_int_eq(last - line, 64);
    free(tree);
    lg_error_free(err);
}
END_TEST

RUN_TESTS("print", E5_format_is_as_snprintf, E5_one_line_is_one_line,
          E8_no_message_drives_a_terminal, E8_no_place_in_the_library_is_shown, E5_tree_is_indented,
          E5_a_kind_may_print_more, E1_a_missing_message_is_said_to_be_missing,
          E5_the_indentation_of_what_a_kind_prints_is_bounded, E5_tree_indentation_is_bounded)
