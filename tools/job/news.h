/* Waiting in a run: for a signal, for the end of a child, which SIGCHLD tells, or for a change of which another goroutine tells.
 *
 * All goroutines of a run are on one worker thread. So a goroutine that finds nothing changed, and then calls news_wait without waiting in
 * between, misses nothing.
 *
 * When SIGCHLD comes, adopted processes that have ended are reaped (process/ending.h). `on_signal` is called for SIGWINCH, and for the
 * requests SIGINT, SIGTERM, SIGHUP and SIGQUIT; the same request within half a second is left out (S7). */
#ifndef LIFOGUARD_JOB_NEWS_H
#define LIFOGUARD_JOB_NEWS_H

#include "child.h"

#include <lifoguard/error.h>
#include <lifoguard/mutex.h>
#include <lifoguard/time.h>
#include <stdbool.h>
#include <stddef.h>

struct news {
    void (*on_signal)(void *data, int number);
    void *data;
    size_t requests; /* that have come; SIGWINCH is none */
    /* The rest is news.c's. */
    int signals;
    bool listens;
    int last;
    lg_time last_at;
    size_t changes; /* that were told */
    lg_mutex mutex;
    lg_cond changed;
};

/* Opens a descriptor for the signals that birth_take has blocked, and for SIGWINCH, which comes only if the caller has blocked it. */
lg_error *news_open(struct news *news, const struct birth *birth,
                    void (*on_signal)(void *data, int number), void *data)
    __attribute__((__warn_unused_result__));

/* For lg_defer. */
void news_close(struct news *news);

/* Starts a goroutine that takes the signals as they come. Needed where several goroutines wait. */
void news_listen(struct news *news);

/* Takes the signals that have come by now. True: a request was among them. */
bool news_take(struct news *news);

/* Wakes all goroutines that wait, if a goroutine listens: for a change of which no signal tells. */
void news_tell(struct news *news);

/* Waits for a signal or for news_tell, until `deadline` (of lg_now; 0: none). It may return sooner. */
void news_wait(struct news *news, lg_time deadline);

#endif
