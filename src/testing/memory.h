/* An allocator that counts, and fails on demand, in the thread that asks for it. Included by tests that need
 * it, once in a program. Under a sanitizer, which has an allocator of its own, it is not there. */
#ifndef LGI_TESTING_MEMORY_H
#define LGI_TESTING_MEMORY_H

#include "testing/test.h"

static _Thread_local struct {
    bool on;
    long fail_from; /* the number of the first allocation that fails; 0: none */
    long made, failed;
} memory;

#if defined(__GLIBC__) && !defined(HAS_SANITIZER)
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);

static bool must_fail(void)
{
    if (!memory.on)
        return false;
    memory.made++;
    if (memory.fail_from == 0 || memory.made < memory.fail_from)
        return false;
    memory.failed++;
    errno = ENOMEM;
    return true;
}

void *malloc(size_t size)
{
    return must_fail() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return must_fail() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *block, size_t size)
{
    return must_fail() ? NULL : __libc_realloc(block, size);
}
#endif

/* From here on allocations are counted, and those from number `fail_from` on fail (0: none does). */
static inline void memory_watch(long fail_from)
{
    memory.made = memory.failed = 0;
    memory.fail_from = fail_from;
    memory.on = true;
}

static inline void memory_ignore(void)
{
    memory.on = false;
}

#ifdef LG_COVERAGE_H
void lg_coverage_begins(void)
{
    memory_ignore();
}
#endif

/* False under a sanitizer or Valgrind. */
static inline bool memory_can_fail(void)
{
    memory_watch(1);
    void *volatile block = malloc(1);
    memory_ignore();
    free(block);
    return block == NULL;
}

#endif
