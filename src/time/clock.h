/* Points in time, as the kernel wants them. LG_DURATION_MAX, as a point in time, is never. */
#ifndef LGI_TIME_CLOCK_H
#define LGI_TIME_CLOCK_H

#include <time.h>

#include <lifoguard/impl/time.h>
#include <lifoguard/time.h>

/* When it will be `duration` from now; a time that has passed, if that is negative. */
static inline lg_duration lgi_time_in(lg_duration duration)
{
    return lgi_time_add(lg_now(), duration);
}

/* How long it is until then: 0 if the time has come, LG_DURATION_MAX if it never comes. */
static inline lg_duration lgi_time_left(lg_time until)
{
    if (until == LG_DURATION_MAX)
        return LG_DURATION_MAX;
    lg_time now = lg_now();
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
