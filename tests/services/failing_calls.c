/* A C library whose FAIL_AT-th call (of those below, counted in the program only) fails with EIO; or, with FAIL_BY=kill,
 * that is killed there, before the call (odd) or after it (even). FAIL_COUNT names a file to which the number of calls
 * is written at the end. */
#undef _FILE_OFFSET_BITS /* it makes one of open and open64 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

static int made, fail_at;
static bool by_kill;

__attribute__((constructor)) static void read_plan(void)
{
    const char *at = getenv("FAIL_AT"), *by = getenv("FAIL_BY");
    fail_at = at ? (int)strtol(at, NULL, 10) : 0;
    by_kill = by && strcmp(by, "kill") == 0;
}

__attribute__((destructor)) static void tell(void)
{
    const char *path = getenv("FAIL_COUNT");
    FILE *file = path ? fopen(path, "w") : NULL;
    fail_at = 0;
    if (file) {
        fprintf(file, "%d\n", made);
        fclose(file);
    }
}

/* Before the call: fails it, or kills. */
static bool fails(void)
{
    if (fail_at == 0)
        return made++, false;
    made++;
    if (by_kill) {
        if (fail_at % 2 == 1 && made == (fail_at + 1) / 2)
            raise(SIGKILL);
        return false;
    }
    if (made == fail_at)
        errno = EIO;
    return made == fail_at;
}

static void after(void)
{
    if (by_kill && fail_at > 0 && fail_at % 2 == 0 && made == fail_at / 2)
        raise(SIGKILL);
}

#define REAL(name) ((__typeof__(&name))(uintptr_t)dlsym(RTLD_NEXT, #name))

#define FAILING(result_type, name, parameters, arguments)                                          \
    result_type name parameters                                                                    \
    {                                                                                              \
        if (fails())                                                                               \
            return -1;                                                                             \
        result_type result = REAL(name) arguments;                                                 \
        after();                                                                                   \
        return result;                                                                             \
    }

FAILING(ssize_t, write, (int fd, const void *data, size_t size), (fd, data, size))
FAILING(ssize_t, read, (int fd, void *data, size_t size), (fd, data, size))
FAILING(int, fsync, (int fd), (fd))
FAILING(int, rename, (const char *from, const char *to), (from, to))
FAILING(int, unlink, (const char *path), (path))
FAILING(int, dup, (int fd), (fd))
FAILING(int, flock, (int fd, int operation), (fd, operation))
FAILING(int, unlinkat, (int folder, const char *path, int flags), (folder, path, flags))
FAILING(int, linkat, (int a, const char *from, int b, const char *to, int flags),
        (a, from, b, to, flags))
FAILING(int, renameat, (int a, const char *from, int b, const char *to), (a, from, b, to))
FAILING(int, renameat2, (int a, const char *from, int b, const char *to, unsigned flags),
        (a, from, b, to, flags))

/* The descriptor is gone all the same. */
int close(int fd)
{
    bool failed = fails();
    int result = REAL(close)(fd);
    after();
    return failed ? -1 : result;
}

#define FAILING_OPEN(name)                                                                         \
    int name(const char *path, int flags, ...)                                                     \
    {                                                                                              \
        mode_t mode = 0;                                                                           \
        va_list rest;                                                                              \
        va_start(rest, flags);                                                                     \
        if (flags & O_CREAT)                                                                       \
            mode = va_arg(rest, mode_t);                                                           \
        va_end(rest);                                                                              \
        if (fails())                                                                               \
            return -1;                                                                             \
        int result = REAL(name)(path, flags, mode);                                                \
        after();                                                                                   \
        return result;                                                                             \
    }
FAILING_OPEN(open)
FAILING_OPEN(open64)

#define FAILING_OPENAT(name)                                                                       \
    int name(int folder, const char *path, int flags, ...)                                         \
    {                                                                                              \
        va_list rest;                                                                              \
        va_start(rest, flags);                                                                     \
        bool creates = (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE;                      \
        mode_t mode = creates ? va_arg(rest, mode_t) : 0;                                          \
        va_end(rest);                                                                              \
        if (fails())                                                                               \
            return -1;                                                                             \
        int result = REAL(name)(folder, path, flags, mode);                                        \
        after();                                                                                   \
        return result;                                                                             \
    }
FAILING_OPENAT(openat)
FAILING_OPENAT(openat64)
