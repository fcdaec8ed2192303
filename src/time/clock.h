/* Points in time, as the kernel wants them. LG_DURATION_MAX, as a point in time, is never.
 *
 * lg_now is the clock of the program: in a test in virtual time it is the test's own clock. What deals with the kernel, and
 * the engine itself, uses lgi_real_now. */
#ifndef LGI_TIME_CLOCK_H
#define LGI_TIME_CLOCK_H

#include <stdint.h>
#include <time.h>

#include <lifoguard/impl/time.h>
#include <lifoguard/time.h>

/* The kernel's monotonic clock. Async-signal-safe. */
lg_time lgi_real_now(void);

/* How many virtual clocks there are. Atomic. While there are none, lg_now asks nobody which clock is the caller's. */
extern uint32_t lgi_virtual_clocks;

/* The function of a higher room that lg_now calls. Set by the room sched, before there is a virtual clock. */
struct lgi_time_hooks {
    /* The time on the caller's clock. */
    lg_time (*now)(void);
};
extern struct lgi_time_hooks lgi_time_hooks; /* atomic */

/* When it will be `duration` from now; a time that has passed, if that is negative. */
static inline lg_duration lgi_time_in(lg_duration duration)
{
    return lgi_time_add(lgi_real_now(), duration);
}

/* How long it is until then: 0 if the time has come, LG_DURATION_MAX if it never comes. */
static inline lg_duration lgi_time_left(lg_time until)
{
    if (until == LG_DURATION_MAX)
        return LG_DURATION_MAX;
    lg_time now = lgi_real_now();
    return until > now ? until - now : 0;
}

/* Of a length of time or a point in time; 0 if that is negative. */
static inline struct timespec lgi_timespec(lg_time time)
{
    if (time < 0)
        time = 0;
    return (struct timespec){.tv_sec = (time_t)(time / LG_SECOND),
                             .tv_nsec = (long)(time % LG_SECOND)};
}

/* A length of time for poll(2) and its like, rounded up; -1 if it is LG_DURATION_MAX. One that is too long is cut. */
static inline int lgi_milliseconds(lg_time time)
{
    if (time == LG_DURATION_MAX)
        return -1;
    lg_duration ms = lgi_time_add(time, LG_MILLISECOND - 1) / LG_MILLISECOND;
    return (int)(ms < INT32_MAX ? ms : INT32_MAX);
}

#endif
