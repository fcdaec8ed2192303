/* What the test programs of room `error` share. */
#ifndef LGI_TESTING_ERROR_H
#define LGI_TESTING_ERROR_H

#include <check.h>
#include <errno.h>
#include <lifoguard/error.h>
#include <stdlib.h>
#include <string.h>

#include "testing/suite.h"

#define UNUSED __attribute__((__unused__))

UNUSED static LG_ERROR_DEFINE(not_found, "not found");
UNUSED static LG_ERROR_DEFINE(closed, "already closed");
UNUSED static LG_ERROR_DEFINE(third, "third");
UNUSED static LG_ERROR_DEFINE_ERRNO(no_room, ENOSPC, "no room");

UNUSED static int payloads_destroyed;

static void destroy_number(void *payload)
{
    payloads_destroyed++;
    errno = EBADMSG; /* must not be seen outside */
    free(payload);
}

UNUSED static const lg_error_kind number_kind = {.name = "number", .free = destroy_number};
UNUSED static const lg_error_kind plain_kind = {.name = "plain"};

UNUSED static int *number(int value)
{
    int *result = malloc(sizeof(*result));
    ck_assert_ptr_nonnull(result);
    *result = value;
    return result;
}

#define assert_text(error, expected)                                                               \
    do {                                                                                           \
        char *text_ = lg_error_text(error);                                                        \
        ck_assert_str_eq(text_, expected);                                                         \
        free(text_);                                                                               \
    } while (0)

typedef void printer(const lg_error *error, FILE *file);

UNUSED static char *printed(const lg_error *error, printer *print)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    ck_assert_ptr_nonnull(file);
    print(error, file);
    ck_assert_int_eq(fclose(file), 0);
    return text;
}

UNUSED static size_t count_children(const lg_error *error)
{
    size_t count = 0;
    lg_error_cursor cursor = lg_error_children(error);
    while (lg_error_next(&cursor))
        count++;
    return count;
}

#endif
