/* For LD_PRELOAD: the command of a cleanup says only when the file `go` is there which process it is. And between two looks of the owner of
 * the run, at what is known of that command and at the processes that live, the command goes on, runs and ends. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static bool is_there(const char *name)
{
    struct stat info;
    return lstat(name, &info) == 0;
}

static void wait_a_little(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

static bool read_text(const char *path, char text[512])
{
    FILE *file = fopen(path, "re");
    size_t length = file ? fread(text, 1, 511, file) : 0;
    text[length] = '\0';
    return file && fclose(file) == 0 && length > 0;
}

static bool is_attempt(long pid)
{
    char path[64], name[512];
    snprintf(path, sizeof(path), "/proc/%ld/comm", pid);
    return read_text(path, name) && strcmp(name, "lifoguard-try\n") == 0;
}

/* Has the name of the attempt that has forked it. */
static bool is_command(long self)
{
    return is_attempt(self) && is_attempt(getppid());
}

pid_t getpid(void)
{
    pid_t self = (pid_t)syscall(SYS_getpid);
    if (is_there("go") || !is_command(self))
        return self;
    char name[64];
    snprintf(name, sizeof(name), "%ld", (long)self);
    if (symlink(name, "held") == 0)
        while (!is_there("go") && is_there("held")) /* a test that failed has removed both */
            wait_a_little();
    return self;
}

static bool has_ended(const char *pid)
{
    char path[64], text[512];
    snprintf(path, sizeof(path), "/proc/%s/stat", pid);
    const char *state = read_text(path, text) ? strrchr(text, ')') : NULL;
    return !state || state[2] == 'Z';
}

static bool asked; /* for the result of the attempt, just before */

static bool is_result(const char *path)
{
    const char *name = strrchr(path, '/');
    return name && strcmp(name, "/1.1") == 0;
}

static int open_as(const char *path, int flags, mode_t mode)
{
    asked = is_result(path) && !(flags & O_CREAT);
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

/* Under both of its names. */
int open_here(const char *path, int flags, mode_t mode) __asm__("open");
int open64_here(const char *path, int flags, mode_t mode) __asm__("open64");

int open_here(const char *path, int flags, mode_t mode)
{
    return open_as(path, flags, mode);
}

int open64_here(const char *path, int flags, mode_t mode)
{
    return open_as(path, flags, mode);
}

static void let_command_run(void)
{
    char pid[64] = "";
    if (!asked || readlink("held", pid, sizeof(pid) - 1) <= 0 || symlink("now", "go") != 0)
        return;
    while (!has_ended(pid))
        wait_a_little();
}

static void *next_of(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

DIR *opendir(const char *path)
{
    DIR *(*next)(const char *);
    *(void **)&next = next_of("opendir");
    if (strcmp(path, "/proc") == 0)
        let_command_run();
    return next(path);
}

int poll(struct pollfd *fds, nfds_t count, int timeout)
{
    int (*next)(struct pollfd *, nfds_t, int);
    *(void **)&next = next_of("poll");
    let_command_run();
    return next(fds, count, timeout);
}

/* By the name that it has in a program built with _FORTIFY_SOURCE. */
int checked_poll(struct pollfd *fds, nfds_t count, int timeout, size_t size) __asm__("__poll_chk");

int checked_poll(struct pollfd *fds, nfds_t count, int timeout, size_t size)
{
    (void)size;
    return poll(fds, count, timeout);
}

/* What is asked about a child that has ended is not meant. */
int waitid(idtype_t type, id_t id, siginfo_t *info, int options)
{
    int (*next)(idtype_t, id_t, siginfo_t *, int);
    *(void **)&next = next_of("waitid");
    asked = false;
    return next(type, id, info, options);
}
