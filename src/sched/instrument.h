/* Tells sanitizers, Valgrind and leak checkers about stacks and switches. The library need not be built with a sanitizer: the
 * sanitizer's functions are weak symbols, which are defined if the program has the sanitizer. */
#ifndef LGI_SCHED_INSTRUMENT_H
#define LGI_SCHED_INSTRUMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

extern void __sanitizer_start_switch_fiber(void **fake_stack, const void *low, size_t size)
    __attribute__((weak));
extern void __sanitizer_finish_switch_fiber(void *fake_stack, const void **low, size_t *size)
    __attribute__((weak));
extern void __asan_unpoison_memory_region(const volatile void *address, size_t size)
    __attribute__((weak));
extern void *__tsan_get_current_fiber(void) __attribute__((weak));
extern void *__tsan_create_fiber(unsigned flags) __attribute__((weak));
extern void __tsan_destroy_fiber(void *fiber) __attribute__((weak));
extern void __tsan_switch_to_fiber(void *fiber, unsigned flags) __attribute__((weak));
extern void __lsan_register_root_region(const void *address, size_t size) __attribute__((weak));

/* Does the program have redzones around its variables? */
static inline bool lgi_large_frames(void)
{
    return __asan_unpoison_memory_region != NULL || __tsan_create_fiber != NULL;
}

static inline bool lgi_leaks_are_checked(void)
{
    return __lsan_register_root_region != NULL;
}

/* Threads of the sanitizer's own. */
static inline unsigned lgi_instrument_threads(void)
{
    return __tsan_create_fiber ? 1 : 0;
}

/* Memory that stacks will be cut from: what they point to is not leaked. */
static inline void lgi_note_memory(const void *low, size_t size)
{
    if (__lsan_register_root_region)
        __lsan_register_root_region(low, size);
}

/* Valgrind's client request: a sequence of instructions that does nothing on a processor. */
static inline uintptr_t lgi_valgrind(uintptr_t request, const void *a, const void *b)
{
    uintptr_t result = 0;
#if defined(__x86_64__)
    volatile uintptr_t words[6] = {request, (uintptr_t)a, (uintptr_t)b, 0, 0, 0};
    __asm__ volatile("rolq $3, %%rdi; rolq $13, %%rdi; rolq $61, %%rdi; rolq $51, %%rdi;"
                     "xchgq %%rbx, %%rbx"
                     : "=d"(result)
                     : "a"(words), "0"(result)
                     : "cc", "memory");
#elif defined(__aarch64__)
    volatile uintptr_t words[6] = {request, (uintptr_t)a, (uintptr_t)b, 0, 0, 0};
    __asm__ volatile("mov x3, %1; mov x4, %2;"
                     "ror x12, x12, #3; ror x12, x12, #13; ror x12, x12, #51; ror x12, x12, #61;"
                     "orr x10, x10, x10; mov %0, x3"
                     : "=r"(result)
                     : "r"((uintptr_t)0), "r"(words)
                     : "cc", "memory", "x3", "x4");
#else
    (void)request;
    (void)a;
    (void)b;
#endif
    return result;
}

/* A new stack. */
static inline void lgi_note_stack(const void *low, const void *high)
{
    enum { STACK_REGISTER = 0x1501 };
    lgi_valgrind(STACK_REGISTER, low, high);
}

/* The calling thread copies what others may be writing just now, or have never written. */
static inline void lgi_hush_valgrind(bool hushed)
{
    enum { CHANGE_ERROR_DISABLEMENT = 0x1801 };
    lgi_valgrind(CHANGE_ERROR_DISABLEMENT, (void *)(intptr_t)(hushed ? 1 : -1), NULL);
}

static inline bool lgi_in_valgrind(void)
{
    enum { RUNNING_ON_VALGRIND = 0x1001 };
    return lgi_valgrind(RUNNING_ON_VALGRIND, NULL, NULL) != 0;
}

#endif
