#include "tries.h"

#include <errno.h>

/* The table of processes may be full, or memory short, for the moment only. */
static bool may_go_better(int number)
{
    return number == EAGAIN || number == ENOMEM || number == EMFILE || number == ENFILE;
}

static enum again start_again(struct tries *tries, int number, lg_duration *pause)
{
    enum { QUICK = 10, MOST = 30 };
    if (number == E2BIG && !tries->plain) {
        tries->plain = true;
        return AGAIN_PLAIN;
    }
    if (!may_go_better(number) || tries->starts == MOST)
        return AGAIN_NOT;
    *pause = tries->starts++ < QUICK ? 100 * LG_MILLISECOND : LG_SECOND;
    return AGAIN_LATER;
}

/* Doubles from time to time, up to a minute or what was asked for. */
static enum again retry(struct tries *tries, lg_duration *pause)
{
    if (tries->failures >= tries->retries)
        return AGAIN_NOT;
    *pause = tries->backoff;
    for (int64_t i = 0; i < tries->failures && *pause < LG_MINUTE; i++)
        *pause *= 2;
    tries->failures++;
    return AGAIN_RETRY;
}

/* An attempt that was killed tells nothing of the cleanup, which has then not run, or was killed with it: that is no failure, unless
 * it happens again and again. */
enum { LOST_MOST = 3 };

enum again tries_again(struct tries *tries, enum tried tried, int number, lg_duration *pause)
{
    *pause = 0;
    switch (tried) {
    case TRIED_FAILED: return retry(tries, pause);
    case TRIED_LOST: return tries->lost++ < LOST_MOST ? AGAIN_AT_ONCE : retry(tries, pause);
    case TRIED_NOT_STARTED: {
        enum again again = start_again(tries, number, pause);
        return again == AGAIN_NOT && !may_go_better(number) ? retry(tries, pause) : again;
    }
    default: return AGAIN_NOT;
    }
}
