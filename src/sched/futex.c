#define _GNU_SOURCE
#include "sched/futex.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "error/keep_errno.h"
#include "time/clock.h"

void lgi_futex_wait(void *word, uint32_t value, lg_time until)
{
    LGI_KEEP_ERRNO;
    const struct timespec time = lgi_timespec(until);
    /* BITSET: the time is absolute, on the monotonic clock. */
    syscall(SYS_futex, word, FUTEX_WAIT_BITSET_PRIVATE, value,
            until == LG_DURATION_MAX ? NULL : &time, NULL, FUTEX_BITSET_MATCH_ANY);
}

void lgi_futex_wake(void *word, int count)
{
    LGI_KEEP_ERRNO;
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0);
}

void lgi_nap(lg_duration duration)
{
    uint32_t word = 0;
    lgi_futex_wait(&word, 0, lgi_time_in(duration));
}

void lgi_event_signal(int event)
{
    LGI_KEEP_ERRNO;
    uint64_t one = 1;
    while (syscall(SYS_write, event, &one, sizeof(one)) < 0 && errno == EINTR)
        ;
}
