/* For LD_PRELOAD: the time of day steps a year forth or back with every look at it, as it may when it is set, or corrected by NTP.
 * Other clocks are as they are. */
#define _GNU_SOURCE
#include <stdatomic.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { YEAR = 365 * 24 * 3600 };

static _Atomic unsigned looks;

int clock_gettime(clockid_t clock, struct timespec *now)
{
    if (syscall(SYS_clock_gettime, clock, now) != 0)
        return -1;
    if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)
        now->tv_sec += atomic_fetch_add(&looks, 1) % 2 ? YEAR : -YEAR;
    return 0;
}

time_t time(time_t *also)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (also)
        *also = now.tv_sec;
    return now.tv_sec;
}

int gettimeofday(struct timeval *restrict of_day, void *restrict zone)
{
    (void)zone;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    *of_day = (struct timeval){now.tv_sec, now.tv_nsec / 1000};
    return 0;
}
