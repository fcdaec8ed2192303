#define _GNU_SOURCE
#include "directory.h"

#include "buffer.h"
#include "error/keep_errno.h"
#include "message.h"
#include "spec.h"

#include <errno.h>
#include <fcntl.h>
#include <lifoguard/defer.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OPEN_FLAGS = O_PATH | O_DIRECTORY | O_CLOEXEC };

/* ---- as if removed ---- */

/* Cuts names off the end of `path` until what is left is there; returns how many. */
static size_t cut_to_ancestor(char *path)
{
    size_t cut = 0;
    do {
        char *slash = strrchr(path, '/');
        if (!slash)
            return 0;
        slash[slash == path] = '\0';
        cut++;
    } while (access(path, F_OK) != 0 && strcmp(path, "/") != 0);
    return cut;
}

/* A new directory in the one that is open; who may write there may not lead us elsewhere by a link. -1: there is none. */
static int make_below(int parent, const char *name)
{
    struct stat info;
    int fd = mkdirat(parent, name, 0700) == 0 ? openat(parent, name, OPEN_FLAGS | O_NOFOLLOW) : -1;
    if (fd < 0 || (fstat(fd, &info) == 0 && info.st_uid == geteuid()))
        return fd;
    close(fd);
    errno = EPERM;
    return -1;
}

/* `depth` directories, one in the other; enters the last one, and removes them all. */
static bool enter_removed(int parent, const char *name, size_t depth)
{
    int fd = make_below(parent, name);
    if (fd < 0)
        return false;
    lg_defer(close, fd);
    bool there = depth > 1 ? enter_removed(fd, "x", depth - 1) : fchdir(fd) == 0;
    LGI_KEEP_ERRNO;
    unlinkat(parent, name, AT_REMOVEDIR);
    return there;
}

/* A directory that the run itself has removed is no reason not to release the rest. A trap would run in the removed directory: that
 * is empty, and `..` leads to where it was. This makes the like of it. */
static bool enter_as_if_removed(const char *directory)
{
    char name[32];
    struct buffer path = {0};
    lg_defer(buffer_free, &path);
    buffer_add_text(&path, directory);
    size_t depth = cut_to_ancestor(path.text);
    int parent = depth > 0 ? open(path.text, OPEN_FLAGS) : -1;
    if (parent < 0)
        return false;
    lg_defer(close, parent);
    snprintf(name, sizeof(name), ".lifoguard.%ld", (long)getpid());
    return enter_removed(parent, name, depth);
}

static void report(const struct attempt *attempt, const char *what)
{
    struct buffer command = {0};
    lg_defer(buffer_free, &command);
    spec_describe(&command, attempt->arguments);
    print_message("%s, the working directory of a cleanup, was %s: %s", attempt->directory, what,
                  command.text);
}

static bool do_without(const struct attempt *attempt)
{
    LGI_KEEP_ERRNO;
    if (!enter_as_if_removed(attempt->directory))
        return false;
    report(attempt, "removed: it runs as in an empty one");
    return true;
}

/* ---- */

/* The owner of the run has not left the directory in which the run began: this one is found whatever has become of its path. */
static bool is_here(const struct attempt *attempt)
{
    struct identity here = identity_here();
    if (attempt->strict || !identity_is_same(&attempt->identity, &here))
        return false;
    struct identity there = identity_at(attempt->directory);
    if (here.removed)
        report(attempt, "removed: it runs there");
    else if (!identity_is_same(&here, &there))
        report(attempt, "moved: it runs there");
    return true;
}

static bool enter_checked(const struct attempt *attempt, int fd)
{
    struct identity there = identity_of(fd);
    if (!identity_differs(&attempt->identity, &there, attempt->strict))
        return fchdir(fd) == 0;
    errno = DIRECTORY_IS_ANOTHER;
    return false;
}

bool directory_enter(const struct attempt *attempt)
{
    if (is_here(attempt))
        return true;
    int fd = open(attempt->directory, OPEN_FLAGS);
    bool gone = attempt->identity.removed || (fd < 0 && errno == ENOENT);
    bool entered = fd >= 0 && !gone && enter_checked(attempt, fd);
    LGI_KEEP_ERRNO;
    if (fd >= 0)
        close(fd);
    return gone && !attempt->strict ? do_without(attempt) : entered;
}

const char *directory_problem(int number)
{
    return number == DIRECTORY_IS_ANOTHER
               ? "it is another one than at the registration; put that one back, or move this "
                 "one away"
               : strerror(number);
}
