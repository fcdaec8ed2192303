/* When a failed cleanup is tried again (R6), for cleanups of `exec`, of lines and of graphs. */
#ifndef LIFOGUARD_COMMON_TRIES_H
#define LIFOGUARD_COMMON_TRIES_H

#include <lifoguard/time.h>
#include <stdbool.h>
#include <stdint.h>

struct tries {
    int64_t retries; /* as asked for */
    lg_duration backoff;
    bool plain; /* to be started without the variables that leave no room */
    int starts, lost;
    int64_t failures;
};

enum tried {
    TRIED_GOOD,
    TRIED_FAILED,
    TRIED_ENDED, /* by somebody's wish: there is no sense in trying again */
    TRIED_LOST,  /* its attempt was killed */
    TRIED_NOT_STARTED
};

enum again {
    AGAIN_NOT,
    AGAIN_AT_ONCE, /* its attempt was killed */
    AGAIN_PLAIN,   /* at once, as `plain` says by now */
    AGAIN_LATER,   /* it could not be started for the moment */
    AGAIN_RETRY    /* it has failed */
};

/* After an attempt; `number` is the errno value of TRIED_NOT_STARTED, *pause how long to wait before the next one. */
enum again tries_again(struct tries *tries, enum tried tried, int number, lg_duration *pause);

#endif
