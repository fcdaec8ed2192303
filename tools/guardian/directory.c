#define _GNU_SOURCE
#include "directory.h"

#include "buffer.h"
#include "error/keep_errno.h"
#include "message.h"
#include "spec.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <lifoguard/defer.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OPEN_FLAGS = O_PATH | O_DIRECTORY | O_CLOEXEC };

/* ---- as if removed ---- */

/* A directory that was made after one that it is to have held took the place of another. */
static bool held(const char *path, const struct identity *below)
{
    struct identity ancestor = identity_at(path);
    return access(path, F_OK) == 0 &&
           (ancestor.born == 0 || below->born == 0 || ancestor.born <= below->born);
}

/* Cuts names off the end of `path` until what is left held it; returns how many. */
static size_t cut_to_ancestor(char *path, const struct identity *below)
{
    size_t cut = 0;
    do {
        char *slash = strrchr(path, '/');
        if (!slash)
            return 0;
        slash[slash == path] = '\0';
        cut++;
    } while (strcmp(path, "/") != 0 && !held(path, below));
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
static bool enter_as_if_removed(const char *directory, const struct identity *identity)
{
    char name[32];
    struct buffer path = {0};
    lg_defer(buffer_free, &path);
    buffer_add_text(&path, directory);
    size_t depth = cut_to_ancestor(path.text, identity);
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

static bool do_without(const struct attempt *attempt, const char *what)
{
    LGI_KEEP_ERRNO;
    if (!enter_as_if_removed(attempt->directory, &attempt->identity))
        return false;
    report(attempt, what);
    return true;
}

/* ---- as if not moved ---- */

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

static bool enter_if_same(int parent, const char *name, const struct identity *wanted)
{
    /* NOLINTNEXTLINE(clang-analyzer-unix.StdCLibraryFunctions): an open folder has a descriptor */
    int fd = openat(parent, name, OPEN_FLAGS | O_NOFOLLOW);
    if (fd < 0)
        return false;
    lg_defer(close, fd);
    struct identity identity = identity_of(fd);
    return identity_is_same(wanted, &identity) && fchdir(fd) == 0;
}

static bool enter_below(DIR *parent, const struct identity *wanted)
{
    const struct dirent *entry;
    while ((entry = readdir(parent)) != NULL)
        if ((int64_t)entry->d_ino == wanted->inode &&
            enter_if_same(dirfd(parent), entry->d_name, wanted))
            return true;
    return false;
}

/* A directory that has another name now is mostly found beside the old one (`mv current previous`). */
static bool enter_moved(const struct attempt *attempt)
{
    const struct identity *identity = &attempt->identity;
    const char *slash = strrchr(attempt->directory, '/');
    if (identity->removed || identity->vague || !identity->born || !slash)
        return false;
    LGI_KEEP_ERRNO;
    char *path = need_copy(attempt->directory, (size_t)(slash - attempt->directory) + 1);
    lg_defer(free, path);
    DIR *parent = opendir(path);
    if (!parent)
        return false;
    lg_defer(closedir, parent);
    if (!enter_below(parent, identity))
        return false;
    report(attempt, "moved: it runs there");
    return true;
}

/* ---- */

/* What has the path now hides the directory, or shows that its own file system is not mounted. */
static bool is_of_a_mount(const struct attempt *attempt, int fd)
{
    struct identity there = identity_of(fd);
    struct statx info;
    return !identity_is_beside(&attempt->identity, &there) ||
           (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, 0, &info) == 0 &&
            (info.stx_attributes & STATX_ATTR_MOUNT_ROOT));
}

/* By the path. */
static bool enter_there(const struct attempt *attempt, int fd)
{
    struct identity there = identity_of(fd);
    if (!identity_differs(&attempt->identity, &there, attempt->strict))
        return fchdir(fd) == 0;
    errno = DIRECTORY_IS_ANOTHER;
    return false;
}

static bool enter_elsewhere(const struct attempt *attempt, int fd)
{
    if (attempt->instead)
        return chdir(attempt->instead) == 0;
    if (attempt->strict || (fd < 0 && errno != ENOENT))
        return false;
    if (enter_moved(attempt))
        return true;
    if (fd < 0 || attempt->identity.removed)
        return do_without(attempt, "removed: it runs as in an empty one");
    return errno == DIRECTORY_IS_ANOTHER && !is_of_a_mount(attempt, fd) &&
           do_without(attempt, "replaced by another one: it runs as in an empty one");
}

bool directory_enter(const struct attempt *attempt)
{
    if (is_here(attempt))
        return true;
    int fd = open(attempt->directory, OPEN_FLAGS);
    bool there = fd >= 0 && !attempt->identity.removed && enter_there(attempt, fd);
    bool entered = there || enter_elsewhere(attempt, fd);
    LGI_KEEP_ERRNO;
    if (fd >= 0)
        close(fd);
    return entered;
}

const char *directory_problem(int number)
{
    return number == DIRECTORY_IS_ANOTHER
               ? "it is another one than at the registration: put that one back, or name one by "
                 "`lifoguard recover --directory`"
               : strerror(number);
}
