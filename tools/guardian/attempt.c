#define _GNU_SOURCE
#include "attempt.h"

#include "attempt_process.h"
#include "buffer.h"
#include "closers/own_fd.h"
#include "directory.h"
#include "message.h"
#include "signals.h"

#include <errno.h>
#include <fcntl.h>
#include <lifoguard/defer.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *result_path(const char *run_directory, int64_t sequence, int64_t number)
{
    struct buffer path = {0};
    buffer_format(&path, "%s/%lld.%lld", run_directory, (long long)sequence, (long long)number);
    return path.text;
}

struct attempt_result attempt_result(const char *run_directory, int64_t sequence, int64_t number)
{
    struct attempt_result result = {.end = ATTEMPT_LOST};
    if (!run_directory)
        return result;
    char *path = result_path(run_directory, sequence, number);
    lg_defer(free, path);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return result;
    lg_defer(close, fd);
    struct attempt_result read_result;
    if (read(fd, &read_result, sizeof(read_result)) == sizeof(read_result))
        result = read_result;
    return result;
}

void attempt_note_end(const char *run_directory, int64_t sequence, int64_t number,
                      const siginfo_t *end)
{
    if (!run_directory)
        return;
    char *path = result_path(run_directory, sequence, number);
    lg_defer(free, path);
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return;
    lg_defer(close, fd);
    struct attempt_result result;
    if (read(fd, &result, sizeof(result)) != sizeof(result) || result.end != ATTEMPT_LOST)
        return;
    result = (struct attempt_result){.end = end->si_code == CLD_EXITED ? ATTEMPT_EXITED
                                                                       : ATTEMPT_SIGNALLED,
                                     .number = end->si_status,
                                     .command = end->si_pid};
    ssize_t written = pwrite(fd, &result, sizeof(result), 0); /* its space is there already */
    (void)written;
}

pid_t attempt_command(struct attempt *attempt)
{
    /* What it says first is which process the command is. */
    struct attempt_result first;
    if (!attempt->command && attempt->report >= 0 &&
        read(attempt->report, &first, sizeof(first)) == sizeof(first))
        attempt->command = first.command;
    return attempt->command;
}

static int poll_report(const struct attempt *attempt, int milliseconds, bool *over)
{
    struct pollfd fd = {.fd = attempt->report, .events = POLLIN};
    int ready = poll(&fd, 1, milliseconds);
    *over = ready > 0 && fd.revents & POLLHUP && !(fd.revents & POLLIN);
    return ready;
}

bool attempt_is_over(const struct attempt *attempt)
{
    bool over;
    poll_report(attempt, 0, &over);
    return over;
}

pid_t attempt_await_command(struct attempt *attempt)
{
    bool over = false;
    for (int ready = 1; !attempt_command(attempt) && ready != 0 && !over;)
        ready = poll_report(attempt, ATTEMPT_PATIENCE / LG_MILLISECOND, &over);
    return attempt_command(attempt);
}

struct attempt_result attempt_finish(struct attempt *attempt)
{
    /* Killed just after it has forked: the child has still to say who it is, or to end. Then it closes the pipe. */
    attempt_await_command(attempt);
    struct attempt_result result = {.end = ATTEMPT_LOST};
    struct attempt_result next;
    while (read(attempt->report, &next, sizeof(next)) == sizeof(next))
        result = next;
    close(attempt->report);
    attempt->report = -1;
    /* Each of the two ways may have failed. */
    if (result.end == ATTEMPT_LOST)
        result = attempt_result(attempt->run_directory, attempt->sequence, attempt->number);
    if (!attempt->command)
        attempt->command = result.command;
    return result;
}

void attempt_forget(const char *run_directory, int64_t sequence, int64_t number)
{
    char *path = result_path(run_directory, sequence, number);
    lg_defer(free, path);
    unlink(path);
}

/* The file has its space before the command runs: later the disk may be full. */
static int make_result(const struct attempt *attempt)
{
    if (!attempt->run_directory)
        return -1;
    char *path = result_path(attempt->run_directory, attempt->sequence, attempt->number);
    lg_defer(free, path);
    unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    const struct attempt_result none = {.end = ATTEMPT_LOST};
    if (fd >= 0 && pwrite(fd, &none, sizeof(none), 0) < 0) {
        unlink(path);
        close(fd);
        fd = -1;
    }
    return fd;
}

lg_error *attempt_prepare(struct attempt *attempt)
{
    int go[2];
    int report[2];
    if (lgi_own_pipe(go, 0) != 0)
        return lg_error_new_errno("pipe");
    if (lgi_own_pipe(report, O_NONBLOCK) != 0) {
        lg_error *error = lg_error_new_errno("pipe");
        close(go[0]);
        close(go[1]);
        return error;
    }
    /* If the disk has no room for it, the result reaches its owner only. */
    int result = make_result(attempt);
    attempt->in_file = result >= 0;
    pid_t pid = fork();
    lg_error *error = pid < 0 ? lg_error_new_errno("fork") : NULL;
    if (pid == 0) {
        close(go[1]);
        attempt_be(attempt, go[0], result, report[1]);
    }
    close(go[0]);
    close(report[1]);
    if (result >= 0)
        close(result);
    attempt->go = go[1];
    attempt->report = report[0];
    if (pid < 0) {
        close(go[1]);
        close(report[0]);
        return error;
    }
    process_read(pid, &attempt->process);
    return NULL;
}

void attempt_go(struct attempt *attempt, bool go)
{
    ssize_t written = go ? write(attempt->go, "", 1) : 0;
    (void)written;
    close(attempt->go);
    attempt->go = -1;
}

bool attempt_is_good(const struct attempt_result *result)
{
    return result->end == ATTEMPT_EXITED && result->number == 0;
}

enum tried attempt_tried(const struct attempt_result *result)
{
    switch (result->end) {
    case ATTEMPT_LOST: return TRIED_LOST;
    case ATTEMPT_ENDED: return TRIED_ENDED;
    case ATTEMPT_NOT_STARTED: return TRIED_NOT_STARTED;
    default: return attempt_is_good(result) ? TRIED_GOOD : TRIED_FAILED;
    }
}

const char *attempt_describe(const struct attempt_result *result, lg_duration timeout,
                             const char *directory, char text[ATTEMPT_TEXT_SIZE])
{
    char duration[DURATION_SHORT_SIZE];
    switch (result->end) {
    case ATTEMPT_EXITED:
        snprintf(text, ATTEMPT_TEXT_SIZE, "exit status %d", (int)result->number);
        break;
    case ATTEMPT_SIGNALLED:
        snprintf(text, ATTEMPT_TEXT_SIZE, "killed by %s", signals_name(result->number));
        break;
    case ATTEMPT_TIMEOUT:
        snprintf(text, ATTEMPT_TEXT_SIZE, "not done within %s", duration_short(timeout, duration));
        break;
    case ATTEMPT_ENDED: snprintf(text, ATTEMPT_TEXT_SIZE, "ended by a signal to lifoguard"); break;
    case ATTEMPT_NOT_STARTED:
        snprintf(text, ATTEMPT_TEXT_SIZE, "could not be started: %s", strerror(result->number));
        break;
    case ATTEMPT_NO_DIRECTORY:
        snprintf(text, ATTEMPT_TEXT_SIZE,
                 "not started: its working directory %.*s cannot be entered: %s",
                 ATTEMPT_TEXT_SIZE / 2,
                 *directory ? directory : "was deleted before, and an empty one",
                 directory_problem(result->number));
        break;
    default: snprintf(text, ATTEMPT_TEXT_SIZE, "its attempt was killed"); break;
    }
    return text;
}
