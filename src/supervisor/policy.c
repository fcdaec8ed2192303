#include "supervisor/policy.h"

#include <lifoguard/impl/time.h>

static void forget_first(struct lgi_restarts *restarts)
{
    /* NOLINTNEXTLINE(clang-analyzer-core.DivideZero): there is room for one restart at least */
    restarts->first = (restarts->first + 1) % restarts->size;
    restarts->count--;
}

static void forget_old(struct lgi_restarts *restarts, lg_time now, lg_duration within)
{
    while (restarts->count > 0 && lgi_time_sub(now, restarts->times[restarts->first]) >= within)
        forget_first(restarts);
}

int lgi_restarts_count(struct lgi_restarts *restarts, lg_time now, lg_duration within, bool limited)
{
    forget_old(restarts, now, within);
    if (restarts->count == restarts->size) {
        if (limited)
            return -1;
        forget_first(restarts);
    }
    restarts->times[(restarts->first + restarts->count) % restarts->size] = now;
    return (int)restarts->count++;
}

/* `backoff`, doubled `times` times, at most `most`. */
static lg_duration doubled(lg_duration backoff, lg_duration most, unsigned times)
{
    while (times-- > 0 && backoff < most)
        backoff = backoff > most / 2 ? most : backoff * 2;
    return backoff < most ? backoff : most;
}

lg_duration lgi_restart_delay(lg_duration backoff, lg_duration most, unsigned before,
                              uint64_t random)
{
    if (backoff <= 0)
        return 0;
    lg_duration longest = doubled(backoff, most, before);
    lg_duration half = longest / 2;
    return longest - (lg_duration)(random % ((uint64_t)half + 1));
}
