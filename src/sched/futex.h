/* The kernel's wait and wake for one word, and what is made of them. errno stays as it was, and none is a cancellation point: who
 * waits or wakes may hold locks, and have more to wake. */
#ifndef LGI_SCHED_FUTEX_H
#define LGI_SCHED_FUTEX_H

#include <stdint.h>

#include <lifoguard/time.h>

/* Waits while *word is `value`, until `until` on lg_now's clock at the most; may return early. */
void lgi_futex_wait(void *word, uint32_t value, lg_time until);
void lgi_futex_wake(void *word, int count);

/* The thread sleeps for about that long. */
void lgi_nap(lg_duration duration);

/* Makes an event (own_fd.h) readable, by its second end. */
void lgi_event_signal(int event);

#endif
