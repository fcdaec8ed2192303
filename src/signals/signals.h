/* Signals, for all who wait for some of them. A handler writes their numbers and times to a pipe; a thread, which is started when the first
 * one is wanted, reads them there and tells everybody. So they arrive although every worker is busy, and in
 * programs that have none. */
#ifndef LGI_SIGNALS_SIGNALS_H
#define LGI_SIGNALS_SIGNALS_H

#include <stdint.h>

#include <lifoguard/error.h>
#include <lifoguard/time.h>

#include "sched/list.h"

struct lgi_signal_watch {
    uint64_t
        signals; /* a bit for each, 1 << (number - 1); without those that the process ignores, once it is begun */
    /* Called when one of them came, on that thread, under a lock: what is watched must be held, or only noted. `when` is the
     * time at which the signal was delivered, however late that thread runs. NULL: nothing. */
    void (*got)(struct lgi_signal_watch *watch, int number, lg_time when);
    /* Called after that, with no lock held; the watch may be ended by then, and must last. NULL: nothing. */
    void (*later)(struct lgi_signal_watch *watch, int number);
    struct lgi_link link;
    struct lgi_signal_watch *told;
};

/* In a forked child: panics, as lgi_signals_watch does there. */
void lgi_signals_refuse_after_fork(void);

/* From here on the process does nothing else for these signals. NULL; or an error, and nothing has changed. */
lg_error *lgi_signals_watch(struct lgi_signal_watch *watch) __attribute__((__warn_unused_result__));

/* `got` is not running and will not be called when this returns. Of signals that nobody watches any more the former handlers
 * come back. */
void lgi_signals_unwatch(struct lgi_signal_watch *watch);

/* A static error that tells of this signal: "signal SIGTERM". */
lg_error *lgi_signal_error(int number);

#endif
