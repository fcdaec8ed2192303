#define _GNU_SOURCE
#include "lock.h"

#include "buffer.h"
#include "command.h"
#include "helpers.h"
#include "message.h"
#include "options.h"
#include "place.h"
#include "process.h"
#include "status.h"

#include <errno.h>
#include <fcntl.h>
#include <lifoguard/defer.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

static const char help[] =
    "usage: lifoguard lock [--timeout DURATION] [--state DIRECTORY] NAME [--] COMMAND [ARG…]\n"
    "\n"
    "Waits until the lock NAME is free, and runs COMMAND while no other `lifoguard lock` holds NAME. The lock\n"
    "is free again as soon as COMMAND, and everything that COMMAND has started, has ended, in whatever way;\n"
    "so no lock is left behind. A lock holds among the processes of one user on one machine.\n"
    "\n"
    "  --timeout DURATION   gives up after that time, with exit status 124 (0s: no limit)\n"
    "\n"
    "Exit status: COMMAND's own; 124 as above; 125 lifoguard itself failed; 126 COMMAND cannot be executed;\n"
    "127 it was not found.\n";

lg_error *lock_open(const char *place, const char *name, int *fd)
{
    struct buffer path = {0};
    lg_defer(buffer_free, &path);
    buffer_format(&path, "%s/locks", place);
    lg_error *err = place_make_directory(path.text);
    if (err)
        return err;
    buffer_format(&path, "/%s", name);
    /* Not closed by exec: the lock is COMMAND's. */
    *fd = open(path.text, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
    return *fd < 0 ? lg_error_new_errno("%s", path.text) : NULL;
}

bool lock_try(int fd, lg_error **err)
{
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        return true;
    if (errno != EINTR && errno != EWOULDBLOCK)
        *err = lg_error_new_errno("flock");
    return false;
}

/* The process that has taken it, as /proc/locks shows it; 0: unknown, or in another container. */
static pid_t holder_of(int fd)
{
    struct stat info;
    FILE *file = fopen("/proc/locks", "re");
    if (!file)
        return 0;
    lg_defer(fclose, file);
    char line[256];
    long pid;
    unsigned long inode;
    unsigned major, minor;
    if (fstat(fd, &info) != 0)
        return 0;
    while (fgets(line, sizeof(line), file))
        // NOLINTNEXTLINE(bugprone-unchecked-string-to-number-conversion,cert-err34-c): the kernel writes numbers
        if (sscanf(line, "%*s FLOCK %*s WRITE %ld %x:%x:%lu", &pid, &major, &minor, &inode) == 4 &&
            inode == info.st_ino && makedev(major, minor) == info.st_dev)
            return (pid_t)pid;
    return 0;
}

static void report_held(const char *name, int fd, const char *then)
{
    struct process holder;
    if (process_read(holder_of(fd), &holder))
        print_message("lock: %s is held by process %ld (%s)%s", name, (long)holder.pid, holder.name,
                      then);
    else
        print_message("lock: %s is held by another command%s", name, then);
}

/* In short pauses, for at most `limit`. */
static lg_error *try_for(int fd, lg_duration limit, bool *taken)
{
    lg_time began = lg_now();
    lg_duration pause = LG_MILLISECOND;
    lg_error *err = NULL;
    while (!(*taken = lock_try(fd, &err)) && !err && lg_since(began) < limit) {
        nanosleep(&(struct timespec){.tv_nsec = pause}, NULL);
        pause = pause < 16 * LG_MILLISECOND ? 2 * pause : pause;
    }
    return err;
}

/* Without a limit, never silently for ever. */
static lg_error *take_lock(const char *name, int fd, lg_duration timeout, bool *taken)
{
    lg_error *err = try_for(fd, timeout > 0 ? timeout : 10 * LG_SECOND, taken);
    if (err || *taken || timeout > 0)
        return err;
    report_held(name, fd, ": waiting for its end");
    while (flock(fd, LOCK_EX) != 0)
        if (errno != EINTR)
            return lg_error_new_errno("flock");
    *taken = true;
    return NULL;
}

static lg_error *check_name(const char *name)
{
    if (!name)
        return lg_error_new("which NAME?");
    if (*name == '\0' || *name == '.' || strchr(name, '/') || strlen(name) > 200)
        return lg_error_newf("not a name for a lock: %s", name);
    return NULL;
}

/* Gives up at the timeout, and says so. */
static lg_error *lock(const char *wanted, const char *name, lg_duration timeout, bool *taken)
{
    char *place;
    lg_error *err = place_open(wanted, &place);
    if (err)
        return err;
    lg_defer(free, place);
    int fd = -1;
    err = lock_open(place, name, &fd);
    if (!err)
        err = take_lock(name, fd, timeout, taken);
    if (!err && !*taken)
        report_held(name, fd, ": given up");
    /* lifoguard-vet: allow leak: the process holds the lock until it ends */
    return err;
}

static int failed(lg_error *err)
{
    lg_defer(lg_error_free, err);
    char *text = lg_error_text(err);
    lg_defer(free, text);
    print_message("lock: %s", text ? text : "out of memory");
    return EXIT_OURS;
}

int lock_command(char **arguments)
{
    const char *wanted = NULL;
    bool show_help = false;
    lg_duration timeout = 0;
    const struct option table[] = {{"timeout", OPTION_DURATION, &timeout},
                                   {"state", OPTION_TEXT, &wanted},
                                   {"help", OPTION_FLAG, &show_help},
                                   {0}};
    lg_error *err = options_take(table, &arguments);
    if (!err && show_help)
        return print_text(help);
    const char *name = err ? NULL : *arguments;
    if (!err)
        err = check_name(name);
    char **command = name ? arguments + 1 : arguments;
    if (!err && *command && strcmp(*command, "--") == 0)
        command++;
    if (!err)
        err = command_check(command);
    if (err)
        return wrong_usage("lock", err);
    bool taken = false;
    err = lock(wanted, name, timeout, &taken);
    if (err)
        return failed(err);
    if (!taken)
        return EXIT_TIMEOUT;
    execvp(command[0], command);
    return command_not_started("lock", command[0], errno);
}
