/* The kernel's wait and wake for one word. errno stays as it was. */
#ifndef LGI_SCHED_FUTEX_H
#define LGI_SCHED_FUTEX_H

#include <stdint.h>

#include <lifoguard/time.h>

/* Waits while *word is `value`, until `until` on lg_now's clock at the most; may return early. */
void lgi_futex_wait(void *word, uint32_t value, lg_time until);
void lgi_futex_wake(void *word, int count);

/* Makes an event (own_fd.h) readable, by its second end. Like the two above it is no cancellation point: who wakes others may have more to wake. */
void lgi_event_signal(int event);

#endif
