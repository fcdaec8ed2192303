/* Ending goroutines from outside: what lg_exit does to those that still run. */
#ifndef LGI_SCHED_STOP_H
#define LGI_SCHED_STOP_H

/* Once, before the first goroutine: connects this room with the ends of stacks. */
void lgi_stop_begin(void);

#endif
