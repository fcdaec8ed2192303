/* What wakes all that wait in a run: a signal has come, the end of a child among them, or somebody tells of a change.
 *
 * The goroutines of a run are on one worker thread, so nothing is missed between a look at the state and news_wait, as long as the caller
 * waits for nothing else in between.
 *
 * SIGCHLD has adopted processes reaped that have ended (process/ending.h). Every other signal is a request, which `on_signal` is told:
 * SIGINT, SIGTERM, SIGHUP, SIGQUIT, each once in half a second (S7); and SIGWINCH. */
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
    lg_mutex mutex;
    lg_cond changed;
};

/* Takes from a descriptor the signals that birth_take has blocked, and SIGWINCH, where the caller has blocked it. */
lg_error *news_open(struct news *news, const struct birth *birth,
                    void (*on_signal)(void *data, int number), void *data)
    __attribute__((__warn_unused_result__));

/* For lg_defer. */
void news_close(struct news *news);

/* From here on a goroutine takes the signals as they come: for runs in which several goroutines wait. */
void news_listen(struct news *news);

/* Takes the signals that have come by now. True: a request is among them. */
bool news_take(struct news *news);

/* Wakes all that wait: something has changed that no signal tells. Only where somebody listens. */
void news_tell(struct news *news);

/* Waits for news, until `deadline` (of lg_now; 0: none). It may return sooner. */
void news_wait(struct news *news, lg_time deadline);

#endif
