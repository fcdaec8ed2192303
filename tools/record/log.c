#define _GNU_SOURCE
#include "buffer.h"
#include "deliver.h"
#include "message.h"
#include "sinks.h"

#include <errno.h>
#include <fcntl.h>
#include <lifoguard/defer.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* One file is open at a time, so that many jobs do not need many descriptors. */
struct logs {
    struct sink sink;
    char *directory, *job;
    int fd;
    struct buffer pending;
    bool failed; /* the first failure was said */
};

static void fail(struct logs *logs, const char *path)
{
    if (!logs->failed)
        print_message("%s: %s; the run goes on without this log", path, strerror(errno));
    logs->failed = true;
}

static void close_log(struct logs *logs)
{
    if (logs->fd >= 0)
        close(logs->fd);
    logs->fd = -1;
}

/* A log that could not be written ends there: a text behind a gap would mislead. */
static void flush(struct logs *logs)
{
    if (logs->fd >= 0 && !write_whole(logs->fd, logs->pending.text, logs->pending.length)) {
        fail(logs, logs->directory);
        close_log(logs);
    }
    logs->pending.length = 0;
}

static void leave(struct logs *logs)
{
    flush(logs);
    close_log(logs);
    free(logs->job);
    logs->job = NULL;
}

static void enter(struct logs *logs, const char *job)
{
    if (logs->job && strcmp(logs->job, job) == 0)
        return;
    leave(logs);
    logs->job = need_copy(job, strlen(job));
    struct buffer path = {0};
    lg_defer(buffer_free, &path);
    buffer_format(&path, "%s/%s.log", logs->directory, *job ? job : "run");
    logs->fd = open(path.text, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (logs->fd < 0)
        fail(logs, path.text);
}

static void take(struct sink *sink, const struct event *event)
{
    enum { LARGE = 32 * 1024 };
    struct logs *logs = (struct logs *)sink;
    if (event->kind != EVENT_OUTPUT) {
        flush(logs);
        return;
    }
    enter(logs, event->job);
    buffer_add(&logs->pending, event->text, event->length);
    buffer_add_char(&logs->pending, '\n');
    if (logs->pending.length > LARGE)
        flush(logs);
}

static bool end_logs(struct sink *sink)
{
    struct logs *logs = (struct logs *)sink;
    leave(logs);
    bool good = !logs->failed;
    buffer_free(&logs->pending);
    free(logs->directory);
    free(logs);
    return good;
}

static void remove_log(const char *directory, const char *job)
{
    struct buffer path = {0};
    buffer_format(&path, "%s/%s.log", directory, job);
    unlink(path.text);
    buffer_free(&path);
}

/* Logs of an earlier run in the same directory are not added to. */
static void remove_old(const char *directory, const char *const *jobs)
{
    for (; jobs && *jobs; jobs++)
        remove_log(directory, *jobs);
    if (jobs)
        remove_log(directory, "run");
}

/* False, with errno: there is no such directory, and none can be made. */
static bool have_directory(const char *directory, bool *made)
{
    struct stat status;
    *made = mkdir(directory, 0777) == 0;
    if (*made || errno != EEXIST || stat(directory, &status) != 0)
        return *made;
    errno = ENOTDIR;
    return S_ISDIR(status.st_mode);
}

struct sink *log_sink(const char *directory, const char *const *jobs)
{
    struct logs *logs = need_memory(NULL, sizeof(*logs));
    *logs = (struct logs){.sink = {.take = take, .end = end_logs},
                          .directory = need_copy(directory, strlen(directory)),
                          .fd = -1};
    bool made;
    if (!have_directory(directory, &made))
        fail(logs, directory);
    else if (!made)
        remove_old(directory, jobs);
    return &logs->sink;
}
