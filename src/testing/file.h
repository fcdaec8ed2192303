/* What the tests of lg_file share: a folder for the file, and what its calls must answer. */
#ifndef LGI_TESTING_FILE_H
#define LGI_TESTING_FILE_H

#include <check.h>
#include <fcntl.h>
#include <lifoguard/close.h>
#include <lifoguard/file.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[] = "/tmp/lifoguard-file-XXXXXX";
static char path[sizeof(directory) + 16];

static inline void make_directory(void)
{
    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(path, sizeof(path), "%s/file", directory);
}

static inline void remove_directory(void)
{
    unlink(path);
    rmdir(directory);
}

/* Succeeded, or the test fails with what the error says. */
static inline void ok(lg_error *err)
{
    if (err) {
        char *text = lg_error_text(err);
        ck_abort_msg("%s", text);
    }
}

static inline void fails_with(lg_error *err, const char *operation, const char *reason)
{
    char expected[256];
    snprintf(expected, sizeof(expected), "%s %s: %s", operation, path, reason);
    char *text = lg_error_text(err);
    ck_assert_str_eq(text, expected);
    free(text);
    lg_error_free(err);
}

static inline void is_closed(lg_error *err, const char *operation)
{
    ck_assert(lg_error_is(err, &lg_error_closed));
    fails_with(err, operation, "already closed");
}

/* The lowest free descriptor: the same as before if nothing leaked. */
static inline int lowest_free(void)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    close(fd);
    return fd;
}

static inline lg_file *create(void)
{
    lg_file *file;
    ok(lg_file_open(path, O_RDWR | O_CREAT | O_TRUNC, 0600, &file));
    return file;
}

#endif
