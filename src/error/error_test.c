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
          E2_wrap_of_null_is_null, E2_wrap_of_static, E6_a_later_failure_does_not_mask_the_earlier)
