/* Tests of room `error`; each name begins with the rule of docs/rules.md that it holds. */
#define _GNU_SOURCE
#include "testing/error.h"

#include <lifoguard/time.h>
#include <pthread.h>
#include <stddef.h>

/* ---- E1 ---- */

START_TEST(E1_has_message_and_place)
{
    char message[] = "disk full";
    lg_error *err = lg_error_new(message);
    int line = __LINE__ - 1;
    message[0] = 'x';
    ck_assert_str_eq(lg_error_message(err), "disk full");
    ck_assert_str_eq(lg_error_file(err), __FILE__);
    ck_assert_int_eq(lg_error_line(err), line);
    ck_assert_int_eq(lg_error_errno(err), 0);
    ck_assert_ptr_null(lg_error_cause(err));
    ck_assert_uint_eq(count_children(err), 0);
    lg_error_free(err);
}
END_TEST

START_TEST(E1_message_is_formatted)
{
    lg_error *err = lg_error_newf("%s: line %d: %c", "a.conf", 12, 'x');
    ck_assert_str_eq(lg_error_message(err), "a.conf: line 12: x");
    lg_error_free(err);

    lg_error *bare = lg_error_newf("no arguments");
    ck_assert_str_eq(lg_error_message(bare), "no arguments");
    lg_error_free(bare);
}
END_TEST

/* Around the size up to which a message is formatted once. */
START_TEST(E1_message_of_any_length)
{
    for (int length = 0; length < 2000; length += (length < 250 || length > 260) ? 7 : 1) {
        char *expected = malloc((size_t)length + 3);
        memset(expected, 'm', (size_t)length);
        memcpy(expected + length, "!?", 3);
        lg_error *err = lg_error_newf("%.*s!?", length, expected);
        ck_assert_str_eq(lg_error_message(err), expected);
        lg_error_free(err);
        lg_error *with_errno = lg_error_new_code(EPERM, "%.*s!?", length, expected);
        ck_assert_uint_eq(strlen(lg_error_message(with_errno)),
                          strlen(expected) + 2 + strlen(strerror(EPERM)));
        ck_assert_int_eq(strncmp(lg_error_message(with_errno), expected, strlen(expected)), 0);
        lg_error_free(with_errno);
        free(expected);
    }
}
END_TEST

START_TEST(E1_errno_describes_itself)
{
    char expected[200];
    snprintf(expected, sizeof(expected), "open /etc/x: %s", strerror(ENOENT));
    lg_error *err = lg_error_new_code(ENOENT, "open %s", "/etc/x");
    ck_assert_str_eq(lg_error_message(err), expected);
    ck_assert_int_eq(lg_error_errno(err), ENOENT);
    lg_error_free(err);

    err = lg_error_new_code(ENOENT, "%s", "");
    ck_assert_str_eq(lg_error_message(err), strerror(ENOENT));
    lg_error_free(err);

    err = lg_error_new_code(0, "odd");
    ck_assert_str_eq(lg_error_message(err), "odd");
    ck_assert_int_eq(lg_error_errno(err), 0);
    lg_error_free(err);

    err = lg_error_new_code(123456, "odd");
    ck_assert_ptr_nonnull(strstr(lg_error_message(err), "123456"));
    lg_error_free(err);
}
END_TEST

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored                                                                     \
    "-Wformat" /* -Wpedantic does not know %m, POSIX does not either; every libc here does */
START_TEST(E1_format_may_use_errno)
{
    char expected[600], filler[401];
    memset(filler, '.', sizeof(filler) - 1);
    filler[sizeof(filler) - 1] = '\0';
    errno = EACCES;
    lg_error *err = lg_error_newf("%m");
    ck_assert_str_eq(lg_error_message(err), strerror(EACCES));
    lg_error_free(err);
    errno = EACCES;
    err = lg_error_newf("%s%m", filler);
    snprintf(expected, sizeof(expected), "%s%s", filler, strerror(EACCES));
    ck_assert_str_eq(lg_error_message(err), expected);
    lg_error_free(err);
}
END_TEST

#pragma GCC diagnostic pop

/* In the C locale this wide character has no multibyte form, so that printf fails. */
START_TEST(E1_what_cannot_be_formatted_is_kept_unformatted)
{
    const wchar_t wide[] = {0x20ac, 0};
    lg_error *err = lg_error_newf("price %ls", (const wchar_t *)wide);
    ck_assert_str_eq(lg_error_message(err), "price %ls");
    lg_error_free(err);
}
END_TEST

START_TEST(E1_nothing_changes_errno)
{
    errno = ERANGE;
    lg_error *err = lg_error_new_code(ENOENT, "x");
    err = lg_error_wrap_kind(err, &number_kind, number(1), "y");
    err = lg_error_join(err, lg_error_join(&closed, &third));
    char *text = lg_error_text(err);
    bool found = lg_error_is(err, &third) && lg_error_is_errno(err, ENOENT);
    free(text);
    lg_error_free(err);
    ck_assert_int_eq(errno, ERANGE);
    ck_assert(found);
}
END_TEST

START_TEST(E1_null_is_no_error)
{
    lg_error_free(NULL);
    ck_assert_str_eq(lg_error_message(NULL), "no error");
    ck_assert_str_eq(lg_error_file(NULL), "");
    ck_assert_int_eq(lg_error_line(NULL), 0);
    ck_assert_int_eq(lg_error_errno(NULL), 0);
    ck_assert_ptr_null(lg_error_cause(NULL));
    ck_assert_uint_eq(count_children(NULL), 0);
    ck_assert_ptr_null(lg_error_as(NULL, &number_kind));
    ck_assert_ptr_null(lg_error_find(NULL, &number_kind));
    ck_assert(!lg_error_is_errno(NULL, ENOENT));
    assert_text(NULL, "no error");
    char *line = printed(NULL, lg_error_print);
    ck_assert_str_eq(line, "no error\n");
    free(line);
    line = printed(NULL, lg_error_print_tree);
    ck_assert_str_eq(line, "no error\n");
    free(line);
    lg_error *err = lg_error_new(NULL);
    ck_assert_str_eq(lg_error_message(err), "no message");
    lg_error_free(err);
}
END_TEST

static void *read_it(void *shared)
{
    const lg_error *err = shared;
    char buffer[64];
    for (int i = 0; i < 2000; i++) {
        lg_error_format(err, buffer, sizeof(buffer));
        if (strcmp(buffer, "load: number; not found") != 0 || !lg_error_is(err, &not_found) ||
            lg_error_is(err, &closed) || *(const int *)lg_error_as(err, &number_kind) != 7)
            return shared;
    }
    return NULL;
}

START_TEST(E1_many_threads_read_one)
{
    lg_error *err = lg_error_new_kind(&number_kind, number(7), "number");
    err = lg_error_wrap(lg_error_join(err, &not_found), "load");
    pthread_t threads[8];
    for (size_t i = 0; i < 8; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, read_it, err), 0);
    for (size_t i = 0; i < 8; i++) {
        void *failed;
        ck_assert_int_eq(pthread_join(threads[i], &failed), 0);
        ck_assert_ptr_null(failed);
    }
    lg_error_free(err);
}
END_TEST

/* ---- E2 ---- */

START_TEST(E2_wrap_adds_context)
{
    lg_error *cause = lg_error_new_code(ENOENT, "open x");
    lg_error *err = lg_error_wrap(cause, "load %d", 3);
    int line = __LINE__ - 1;
    ck_assert_str_eq(lg_error_message(err), "load 3");
    ck_assert_int_eq(lg_error_line(err), line);
    ck_assert_ptr_eq(lg_error_cause(err), cause);
    ck_assert_uint_eq(count_children(err), 1);
    assert_text(err, "load 3: open x: No such file or directory");
    lg_error_free(err);
}
END_TEST

START_TEST(E2_wrap_of_null_is_null)
{
    payloads_destroyed = 0;
    ck_assert_ptr_null(lg_error_wrap(NULL, "load %d", 3));
    ck_assert_ptr_null(lg_error_wrap_kind(NULL, &number_kind, number(1), "load"));
    ck_assert_int_eq(payloads_destroyed, 1);
}
END_TEST

START_TEST(E2_wrap_of_static)
{
    lg_error *err = lg_error_wrap(&not_found, "user %d", 3);
    ck_assert_ptr_eq(lg_error_cause(err), &not_found);
    assert_text(err, "user 3: not found");
    lg_error_free(err);
    assert_text(&not_found, "not found");
}
END_TEST

/* ---- E3 ---- */

LG_ERROR_DECLARE(declared);
enum { declared_line = __LINE__ + 1 };
LG_ERROR_DEFINE(declared, "announced, then defined");

START_TEST(E3_sentinel_is_a_value)
{
    lg_error *err = &not_found;
    ck_assert(lg_error_is(err, &not_found));
    ck_assert(!lg_error_is(err, &closed));
    ck_assert_str_eq(lg_error_message(err), "not found");
    ck_assert_str_eq(lg_error_file(&declared), __FILE__);
    ck_assert_int_eq(lg_error_line(&declared), declared_line);
    lg_error_free(err);
    lg_error_free(err);
    ck_assert_str_eq(lg_error_message(err), "not found");
    ck_assert_int_eq(lg_error_errno(&no_room), ENOSPC);
    ck_assert(lg_error_is_errno(&no_room, ENOSPC));
}
END_TEST

START_TEST(E3_is_compares_as_go)
{
    lg_error *one = lg_error_new("same");
    lg_error *two = lg_error_new("same");
    ck_assert(lg_error_is(one, one));
    ck_assert(!lg_error_is(one, two));
    ck_assert(!lg_error_is(one, NULL));
    ck_assert(!lg_error_is(NULL, one));
    ck_assert(lg_error_is(NULL, NULL));
    ck_assert(!lg_error_is_errno(one, 0));
    lg_error_free(one);
    lg_error_free(two);
}
END_TEST

/* wrap(join(wrap(join(a, not_found)), b, join-of-kinds)): looked through to the last corner. */
START_TEST(E3_is_searches_the_whole_tree)
{
    lg_error *a = lg_error_new_code(EIO, "a");
    lg_error *inner = lg_error_wrap(lg_error_join(a, &not_found), "inner");
    lg_error *b = lg_error_new_code(EPIPE, "b");
    lg_error *last = lg_error_wrap(lg_error_wrap(&no_room, "z"), "y");
    lg_error *err = lg_error_join(lg_error_join(inner, b), lg_error_join(last, lg_error_new("c")));
    err = lg_error_wrap(err, "top");
    assert_text(err,
                "top: inner: a: Input/output error; not found; b: Broken pipe; y: z: no room; c");

    const lg_error *inside[] = {err, a, inner, b, last, &not_found, &no_room, lg_error_cause(err)};
    for (size_t i = 0; i < sizeof(inside) / sizeof(inside[0]); i++)
        ck_assert_msg(lg_error_is(err, inside[i]), "number %zu", i);
    ck_assert(!lg_error_is(err, &closed));
    ck_assert(lg_error_is_errno(err, EIO));
    ck_assert(lg_error_is_errno(err, EPIPE));
    ck_assert(lg_error_is_errno(err, ENOSPC));
    ck_assert(!lg_error_is_errno(err, ENOENT));
    ck_assert_int_eq(lg_error_errno(err), EIO);

    /* A search that begins inside a tree stays below where it began. */
    ck_assert(lg_error_is(inner, &not_found));
    ck_assert(!lg_error_is(inner, b));
    ck_assert(!lg_error_is(a, &not_found));
    ck_assert(!lg_error_is(last, inner));
    ck_assert_int_eq(lg_error_errno(last), ENOSPC);
    lg_error_free(err);
}
END_TEST

START_TEST(E3_as_gives_the_first_payload_in_depth_first_order)
{
    payloads_destroyed = 0;
    lg_error *deep = lg_error_new_kind(&number_kind, number(1), "deep %d", 1);
    lg_error *left = lg_error_wrap(lg_error_join(&closed, lg_error_wrap(deep, "w")), "left");
    lg_error *right = lg_error_new_kind(&number_kind, number(2), "right");
    lg_error *err = lg_error_join(left, right);

    const int *found = lg_error_as(err, &number_kind);
    ck_assert_ptr_nonnull(found);
    ck_assert_int_eq(*found, 1);
    ck_assert_ptr_eq(lg_error_find(err, &number_kind), deep);
    ck_assert_int_eq(*(const int *)lg_error_as(right, &number_kind), 2);
    ck_assert_ptr_null(lg_error_as(err, &plain_kind));
    ck_assert_ptr_null(lg_error_as(err, NULL));
    ck_assert_ptr_null(lg_error_find(err, NULL));
    ck_assert_int_eq(payloads_destroyed, 0);

    /* An error stands before its causes. */
    err = lg_error_wrap_kind(err, &number_kind, number(3), "outermost");
    ck_assert_int_eq(*(const int *)lg_error_as(err, &number_kind), 3);
    lg_error_free(err);
    ck_assert_int_eq(payloads_destroyed, 3);
}
END_TEST

START_TEST(E3_find_tells_a_kind_without_payload)
{
    payloads_destroyed = 0;
    lg_error *err = lg_error_wrap(lg_error_new_kind(&number_kind, NULL, "none"), "w");
    ck_assert_ptr_null(lg_error_as(err, &number_kind));
    ck_assert_ptr_eq(lg_error_find(err, &number_kind), lg_error_cause(err));
    lg_error_free(err);
    ck_assert_int_eq(payloads_destroyed, 0);
}
END_TEST

/* Counts as `not_found`, whatever its payload, and as `closed` if it is a closed thing's. */
static bool is_like(const void *payload, const lg_error *target)
{
    return target == &not_found || (target == &closed && strcmp(payload, "closed") == 0);
}

static const lg_error_kind like_kind = {.name = "like", .is = is_like};

START_TEST(E3_kind_may_count_as_a_sentinel)
{
    char open_thing[] = "open", closed_thing[] = "closed";
    lg_error *err = lg_error_wrap(lg_error_new_kind(&like_kind, open_thing, "x"), "w");
    ck_assert(lg_error_is(err, &not_found));
    ck_assert(!lg_error_is(err, &closed));
    err = lg_error_join(err, lg_error_new_kind(&like_kind, closed_thing, "y"));
    ck_assert(lg_error_is(err, &closed));
    ck_assert(!lg_error_is(err, &third));
    lg_error_free(err);
}
END_TEST

static int order[3];
static int order_length;

static void note(void *payload)
{
    order[order_length++] = *(const int *)payload;
}

START_TEST(E3_payloads_are_destroyed_from_the_outside_in)
{
    static const lg_error_kind kind = {.free = note};
    int numbers[] = {0, 1, 2};
    lg_error *err = lg_error_new_kind(&kind, &numbers[0], "x");
    err = lg_error_wrap_kind(err, &kind, &numbers[1], "y");
    err = lg_error_wrap_kind(lg_error_join(&third, err), &kind, &numbers[2], "z");
    order_length = 0;
    lg_error_free(err);
    ck_assert_int_eq(order_length, 3);
    ck_assert_int_eq(order[0], 2);
    ck_assert_int_eq(order[1], 1);
    ck_assert_int_eq(order[2], 0);
}
END_TEST

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

/* ---- E6: what the closers rest on ---- */

START_TEST(E6_a_later_failure_does_not_mask_the_earlier)
{
    lg_error *err = lg_error_new_code(EIO, "write");
    err = lg_error_join(err, lg_error_new_code(ENOSPC, "close"));
    ck_assert_int_eq(lg_error_errno(err), EIO);
    ck_assert(lg_error_is_errno(err, ENOSPC));
    assert_text(err, "write: Input/output error; close: No space left on device");
    lg_error_free(err);
}
END_TEST

RUN_TESTS("error", E1_has_message_and_place, E1_message_is_formatted, E1_message_of_any_length,
          E1_errno_describes_itself, E1_format_may_use_errno,
          E1_what_cannot_be_formatted_is_kept_unformatted, E1_nothing_changes_errno,
          E1_null_is_no_error, E1_many_threads_read_one, E2_wrap_adds_context,
          E2_wrap_of_null_is_null, E2_wrap_of_static, E3_sentinel_is_a_value, E3_is_compares_as_go,
          E3_is_searches_the_whole_tree, E3_as_gives_the_first_payload_in_depth_first_order,
          E3_find_tells_a_kind_without_payload, E3_kind_may_count_as_a_sentinel,
          E3_payloads_are_destroyed_from_the_outside_in, E5_format_is_as_snprintf,
          E5_one_line_is_one_line, E8_no_message_drives_a_terminal,
          E8_no_place_in_the_library_is_shown, E5_tree_is_indented, E5_a_kind_may_print_more,
          E1_a_missing_message_is_said_to_be_missing,
          E5_the_indentation_of_what_a_kind_prints_is_bounded, E5_tree_indentation_is_bounded,
          E6_a_later_failure_does_not_mask_the_earlier)
