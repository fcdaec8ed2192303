/* For this room's tests: allocations and system calls that fail on demand. The test program's
 * functions take the place of the C library's. A sanitizer has an allocator of its own there;
 * failing allocations are then left to the plain builds. */
#ifndef LGI_TESTING_FAILING_CALLS_H
#define LGI_TESTING_FAILING_CALLS_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

#if defined __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||                         \
    __has_feature(memory_sanitizer)
#define HAS_SANITIZER 1
#endif
#endif
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define HAS_SANITIZER 1
#endif

#ifdef FAILING_ALLOCATIONS
#include <stdlib.h>

/* On while a test counts, in its thread alone. */
static _Thread_local struct {
    bool on;
    long fails_at; /* the number of the allocation that fails; 0: none */
    bool and_all_after;
    long made, live;
} memory;

#if defined __GLIBC__ && !defined HAS_SANITIZER
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void __libc_free(void *block);

static bool allocation_fails(void)
{
    if (!memory.on)
        return false;
    memory.made++;
    if (memory.fails_at && (memory.made == memory.fails_at ||
                            (memory.and_all_after && memory.made > memory.fails_at))) {
        errno = ENOMEM;
        return true;
    }
    return false;
}

void *malloc(size_t size)
{
    void *block = allocation_fails() ? NULL : __libc_malloc(size);
    memory.live += memory.on && block;
    return block;
}

void *calloc(size_t count, size_t size)
{
    void *block = allocation_fails() ? NULL : __libc_calloc(count, size);
    memory.live += memory.on && block;
    return block;
}

void *realloc(void *block, size_t size)
{
    void *moved = allocation_fails() ? NULL : __libc_realloc(block, size);
    memory.live += memory.on && moved && !block;
    return moved;
}

void free(void *block)
{
    memory.live -= memory.on && block;
    __libc_free(block);
}
#endif

static void memory_watch(long fails_at, bool and_all_after)
{
    memory.made = memory.live = 0;
    memory.fails_at = fails_at;
    memory.and_all_after = and_all_after;
    memory.on = true;
}

static void memory_ignore(void)
{
    memory.on = false;
}

#ifdef LG_COVERAGE_H
void lg_coverage_begins(void)
{
    memory_ignore();
}
#endif

/* Valgrind replaces every malloc it finds, the one above too. */
static bool can_fail_allocations(void)
{
    /* Not by its name: compilers know that malloc looks at nothing of ours. */
    void *(*volatile allocate)(size_t size) = malloc;
    memory_watch(1, true);
    void *block = allocate(1);
    memory_ignore();
    free(block);
    return block == NULL;
}
#endif

#ifdef FAILING_CALLS
#include <stdatomic.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* What the next calls of each kind do: fail `times` times with `error`, which close does after
 * closing (as Linux does); or transfer no more than `most` bytes. */
static struct failing_call {
    int times;
    int error;
    size_t most;
    atomic_int made; /* calls of it until now */
} failing_close, failing_read, failing_write, failing_fsync;

static bool call_fails(struct failing_call *call)
{
    atomic_fetch_add(&call->made, 1);
    if (call->times == 0)
        return false;
    call->times--;
    errno = call->error;
    return true;
}

static size_t no_more_than(const struct failing_call *call, size_t size)
{
    return call->most && size > call->most ? call->most : size;
}

int close(int fd)
{
    long result = syscall(SYS_close, fd);
    return call_fails(&failing_close) ? -1 : (int)result;
}

ssize_t read(int fd, void *buffer, size_t size)
{
    if (call_fails(&failing_read))
        return -1;
    /* A cancellation point, unlike syscall. */
    struct iovec part = {.iov_base = buffer, .iov_len = no_more_than(&failing_read, size)};
    return readv(fd, &part, 1);
}

ssize_t write(int fd, const void *data, size_t size)
{
    if (call_fails(&failing_write))
        return -1;
    return syscall(SYS_write, fd, data, no_more_than(&failing_write, size));
}

int fsync(int fd)
{
    return call_fails(&failing_fsync) ? -1 : (int)syscall(SYS_fsync, fd);
}
#endif

#endif
