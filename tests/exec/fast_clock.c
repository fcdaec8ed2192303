/* For LD_PRELOAD: the clock of time limits runs a thousand times as fast, in all processes alike, so that a limit of ten minutes comes
 * within a second. */
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { FASTER = 1000, SECOND = 1000000000 };

int clock_gettime(clockid_t clock, struct timespec *now)
{
    if (syscall(SYS_clock_gettime, clock, now) != 0)
        return -1;
    if (clock == CLOCK_MONOTONIC || clock == CLOCK_BOOTTIME) {
        long long fraction = (long long)now->tv_nsec * FASTER;
        now->tv_sec = now->tv_sec * FASTER + fraction / SECOND;
        now->tv_nsec = fraction % SECOND;
    }
    return 0;
}
