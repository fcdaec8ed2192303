/* The timekeeper: a thread that runs timers which their workers have no time for, because all of them compute (S8). While some
 * worker is idle, that one does it; the thread sleeps until a timer is overdue, which seldom happens. It is
 * made when the first timer is started. */
#ifndef LGI_SCHED_KEEPER_H
#define LGI_SCHED_KEEPER_H

#include <lifoguard/time.h>

/* A timer has been started that is due before all others of its worker. */
void lgi_keeper_note(lg_time when);

#endif
