/* Ending goroutines from outside: what lg_exit does to those that still run. */
#ifndef LGI_SCHED_STOP_H
#define LGI_SCHED_STOP_H

#include <stdbool.h>
#include <stdint.h>

/* Once, before the first goroutine: connects this room with the ends of stacks. */
void lgi_stop_begin(void);

/* lg_exit is ending all goroutines: new ones are dropped. Atomic. */
extern uint32_t lgi_exiting;
static inline bool lgi_is_exiting(void)
{
    return __atomic_load_n(&lgi_exiting, __ATOMIC_RELAXED) != 0;
}

#endif
