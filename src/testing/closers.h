/* What the tests of closers share. */
#ifndef LGI_TESTING_CLOSERS_H
#define LGI_TESTING_CLOSERS_H

#define _GNU_SOURCE
#define FAILING_CALLS
#include "testing/failing_calls.h"
#include "testing/test.h"
#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <lifoguard/close.h>
#include <lifoguard/panic.h>
#include <limits.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>

__attribute__((unused)) static LG_ERROR_DEFINE(earlier, "earlier");

__attribute__((unused)) static bool is_open(int fd)
{
    return fcntl(fd, F_GETFD) != -1;
}

__attribute__((unused)) static void check_text(const lg_error *error, const char *expected)
{
    char *text = lg_error_text(error);
    ck_assert_ptr_nonnull(text);
    ck_assert_str_eq(text, expected);
    free(text);
}

#endif
