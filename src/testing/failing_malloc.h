/*
 * For test programs: allocations that fail on demand. Include it in one source file of the program,
 * whose malloc then takes the place of the C library's, in the shared library under test too. A
 * sanitizer has its own there; what is allocated is then checked by it, and failing is left to the
 * plain builds.
 */
#ifndef LGI_TESTING_FAILING_MALLOC_H
#define LGI_TESTING_FAILING_MALLOC_H

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||                         \
    __has_feature(memory_sanitizer)
#define HAS_SANITIZER 1
#endif
#endif
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define HAS_SANITIZER 1
#endif
#if defined __GLIBC__ && !defined HAS_SANITIZER
#define CAN_FAIL_ALLOCATIONS 1
#endif

/* On while a test counts, in its thread alone. */
static _Thread_local struct {
    bool on;
    long until_failure; /* the number of the allocation that fails; 0: none */
    bool and_all_after;
    long made, failed, live;
} memory __attribute__((__unused__));

#ifdef CAN_FAIL_ALLOCATIONS
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void __libc_free(void *block);

static bool must_fail(void)
{
    if (!memory.on)
        return false;
    memory.made++;
    bool fails = memory.until_failure &&
                 (memory.made == memory.until_failure ||
                  (memory.and_all_after && memory.made > memory.until_failure));
    if (fails) {
        memory.failed++;
        errno = ENOMEM;
    } else {
        memory.live++;
    }
    return fails;
}

/* Not inlined: in Valgrind, which replaces it, the program must see what the library sees. */
__attribute__((noinline)) void *malloc(size_t size)
{
    return must_fail() ? NULL : __libc_malloc(size);
}

__attribute__((noinline)) void *calloc(size_t count, size_t size)
{
    return must_fail() ? NULL : __libc_calloc(count, size);
}

void free(void *block)
{
    if (memory.on && block)
        memory.live--;
    __libc_free(block);
}
#endif

/* The compilers believe that malloc and free read no variable of the program's. */
static inline void memory_barrier(void)
{
    __asm__ volatile("" ::: "memory");
}

/* Counts from here; allocation number `failing` fails, or none if it is 0. */
static inline void memory_watch(long failing, bool and_all_after)
{
    memory.made = memory.failed = memory.live = 0;
    memory.until_failure = failing;
    memory.and_all_after = and_all_after;
    memory.on = true;
    memory_barrier();
}

static inline void memory_ignore(void)
{
    memory_barrier();
    memory.on = false;
}

#ifdef LG_COVERAGE_H
void lg_coverage_begins(void)
{
    memory_ignore();
}
#endif

/* An assertion that may stand where allocations are watched: Check's own allocates. */
#define require(condition)                                                                         \
    do {                                                                                           \
        bool holds_ = (condition), was_on_ = memory.on;                                            \
        memory.on = false;                                                                         \
        ck_assert_msg(holds_, "%s", #condition);                                                   \
        memory.on = was_on_;                                                                       \
    } while (0)

/*
 * Whether allocations fail on demand in this program. A plain build in which they do not would
 * prove nothing, so it ends here; but Valgrind replaces every malloc it finds, the one above too.
 */
static inline bool can_fail_allocations(void)
{
#ifdef CAN_FAIL_ALLOCATIONS
    memory_watch(1, true);
    void *volatile block = malloc(1);
    memory_ignore();
    if (!block)
        return true;
    free(block);
    const char *preloaded = getenv("LD_PRELOAD");
    if (!preloaded || !strstr(preloaded, "vgpreload")) {
        fputs("malloc could not be replaced in this program\n", stderr);
        abort();
    }
#endif
    return false;
}

#endif
