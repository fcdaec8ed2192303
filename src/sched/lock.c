#include "sched/lock.h"

#include <errno.h>
#include <sched.h>
#include <time.h>

#include "error/keep_errno.h"

/* Spins, then lets others run; in the end sleeps, so that a holder of lower priority gets its turn. */
void lgi_lock_slow(uint32_t *lock)
{
    enum { SPINS = 100, YIELDS = 50 };
    LGI_KEEP_ERRNO;
    for (unsigned i = 0; !lgi_try_lock(lock); i++) {
        if (i < SPINS) {
            lgi_pause();
        } else if (i < SPINS + YIELDS) {
            sched_yield();
        } else {
            nanosleep(&(struct timespec){.tv_nsec = 50000}, NULL);
        }
    }
}
