/* Signals that the program waits for. A handler writes the number and the time of a signal to a pipe; a thread, which is
 * started for the first watch, reads them and calls the watches. So signals arrive while every worker is busy, and in
 * programs without workers. */
#ifndef LGI_SIGNALS_SIGNALS_H
#define LGI_SIGNALS_SIGNALS_H

#include <stdint.h>

#include <lifoguard/error.h>
#include <lifoguard/time.h>

#include "error/list.h"

struct lgi_signal_watch {
    /* A bit for each signal, 1 << (number - 1); once the watch has begun, without those that the process ignores. */
    uint64_t signals;
    /* Called when one of the signals came, on the thread of this room, under a lock: should only hold or note something.
     * `when` is the time at which the signal was delivered, however late the thread runs. NULL: nothing. */
    void (*got)(struct lgi_signal_watch *watch, int number, lg_time when);
    /* Called after `got`, with no lock held; the watch must last until then, even if it was ended meanwhile. NULL:
     * nothing. */
    void (*later)(struct lgi_signal_watch *watch, int number);
    lg_time
        since; /* when it began: signals that came before, and are only read now, are none of its business */
    struct lgi_link link;
    struct lgi_signal_watch *told;
};

/* In a forked child: panics, as lgi_signals_watch does there. */
void lgi_signals_refuse_after_fork(void);

/* Begins the watch: the signals have no other effect from here on. Returns NULL; or an error, and nothing has changed. */
lg_error *lgi_signals_watch(struct lgi_signal_watch *watch) __attribute__((__warn_unused_result__));

/* Ends the watch: when this returns, `got` is not running and will not be called. The former handlers of signals that have
 * no other watch are restored. */
void lgi_signals_unwatch(struct lgi_signal_watch *watch);

/* A static error that names the signal: "signal SIGTERM". */
lg_error *lgi_signal_error(int number);

#endif
