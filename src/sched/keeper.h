/* The timekeeper: a thread that runs overdue timers while all workers compute (S8). While a worker is idle, that worker runs
 * them, and the timekeeper sleeps. The thread is made when the first timer is started. */
#ifndef LGI_SCHED_KEEPER_H
#define LGI_SCHED_KEEPER_H

#include <lifoguard/time.h>

/* A timer has been started that is due before all others of its worker. */
void lgi_keeper_note(lg_time when);

#endif
