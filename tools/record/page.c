#define _GNU_SOURCE
#include "page.h"

#include "message.h"

#include <errno.h>
#include <lifoguard/defer.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- before the run ---- */

/* Whether a file is empty or is markup with one of these texts in its beginning. What cannot be read is found out when it is written. */
static bool holds(const char *path, const char *const *signs)
{
    char beginning[4096] = ""; /* the zeros after what is read end it as a text */
    FILE *file = fopen(path, "re");
    if (!file)
        return true;
    size_t length = fread(beginning, 1, sizeof(beginning) - 1, file);
    fclose(file);
    const char *text = beginning;
    while (*text && strchr("\xEF\xBB\xBF \t\r\n", *text))
        text++;
    for (; *text == '<' && *signs; signs++)
        if (strcasestr(beginning, *signs))
            return true;
    return length == 0;
}

/* /dev/stdout may lead to a file that holds something else, which the user has opened himself. */
static bool is_stream(const char *path)
{
    return strncmp(path, "/dev/", strlen("/dev/")) == 0 ||
           strncmp(path, "/proc/", strlen("/proc/")) == 0;
}

static lg_error *check(const char *path, const char *const *signs, const char *option)
{
    struct stat info;
    if (!path || is_stream(path) || stat(path, &info) != 0)
        return NULL;
    if (S_ISDIR(info.st_mode))
        return lg_error_newf("%s %s is a directory: name a file in it", option, path);
    if (!S_ISREG(info.st_mode) || holds(path, signs))
        return NULL;
    return lg_error_newf("%s would replace %s, which holds something else: name another file, or "
                         "remove that one",
                         option, path);
}

static bool is_same(const char *a, const char *b)
{
    struct stat first, second;
    if (strcmp(a, b) == 0)
        return true;
    return stat(a, &first) == 0 && stat(b, &second) == 0 && S_ISREG(first.st_mode) &&
           first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

lg_error *page_check(const char *report, const char *junit)
{
    static const char *const page[] = {"<!doctype html", "<html", NULL};
    static const char *const cases[] = {"<testsuite", NULL};
    if (report && junit && is_same(report, junit))
        return lg_error_newf("--report and --junit name the same file: %s", report);
    lg_error *err = check(report, page, "--report");
    return err ? err : check(junit, cases, "--junit");
}

/* ---- behind it ---- */

/* A device, a pipe or a link (/dev/stdout) is written to: it must not be replaced by a file. */
static bool can_be_replaced(const char *path)
{
    struct stat status;
    return lstat(path, &status) != 0 || S_ISREG(status.st_mode);
}

/* 0, or the errno value of what failed. A stream may lead to a file that others add to. */
static int write_text(const char *path, const char *mode, const struct buffer *text)
{
    FILE *file = fopen(path, mode);
    if (!file)
        return errno;
    int failed = fwrite(text->text, 1, text->length, file) == text->length ? 0 : errno;
    return fclose(file) != 0 && !failed ? errno : failed;
}

static int replace(const char *path, const struct buffer *text)
{
    struct buffer new = {0};
    lg_defer(buffer_free, &new);
    buffer_format(&new, "%s.%ld.new", path, (long)getpid());
    int failed = write_text(new.text, "wxe", text);
    if (!failed && rename(new.text, path) != 0)
        failed = errno;
    if (failed && failed != EEXIST)
        unlink(new.text);
    return failed;
}

bool page_write(const char *path, const struct buffer *text)
{
    int failed = can_be_replaced(path) ? replace(path, text)
                                       : write_text(path, is_stream(path) ? "ae" : "we", text);
    if (failed)
        print_message("%s: %s", path, strerror(failed));
    return !failed;
}
