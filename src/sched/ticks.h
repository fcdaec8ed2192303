/* The processor's clock: cheap to read. Its rate is measured once, and need not be exact. */
#ifndef LGI_SCHED_TICKS_H
#define LGI_SCHED_TICKS_H

#include <stdint.h>

#include "time/clock.h"

extern uint64_t lgi_ticks_a_us;

static inline uint64_t lgi_ticks(void)
{
#if defined(__x86_64__)
    return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
    uint64_t value;
    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(value));
    return value;
#else
    return (uint64_t)lgi_real_now();
#endif
}

/* Have `us` microseconds passed since `start`? */
static inline bool lgi_ticks_passed(uint64_t start, unsigned us)
{
    return lgi_ticks() - start > us * lgi_ticks_a_us;
}

/* Measures the rate. Called once, before the first worker is made. */
void lgi_measure_ticks(void);

#endif
