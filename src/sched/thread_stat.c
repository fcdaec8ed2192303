#define _GNU_SOURCE
#include "sched/thread_stat.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "closers/own_fd.h"
#include "error/keep_errno.h"

/* 0: it cannot be read. */
static size_t read_text(const char *path, char *text, size_t size)
{
    LGI_KEEP_ERRNO;
    int fd = lgi_own_fd(open(path, O_RDONLY | O_CLOEXEC));
    if (fd < 0)
        return 0;
    // NOLINTNEXTLINE(clang-analyzer-unix.BlockInCriticalSection): /proc answers at once
    ssize_t length = read(fd, text, size - 1);
    close(fd);
    text[length > 0 ? length : 0] = '\0';
    return length > 0 ? (size_t)length : 0;
}

struct lgi_thread_stat lgi_thread_stat(pid_t thread)
{
    char path[64], text[512];
    struct lgi_thread_stat stat = {.state = '?'};
    unsigned long user, system;

    snprintf(path, sizeof(path), "/proc/self/task/%d/stat", (int)thread);
    if (read_text(path, text, sizeof(text)) == 0)
        return stat;
    const char *rest = strrchr(text, ')'); /* the end of its name */
    // NOLINTNEXTLINE(bugprone-unchecked-string-to-number-conversion,cert-err34-c): the kernel's numbers
    if (rest && sscanf(rest, ") %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &stat.state,
                       &user, &system) == 3)
        stat.ticks = user + system;
    return stat;
}
