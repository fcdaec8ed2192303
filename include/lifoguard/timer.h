/* Timers and tickers, on the clock of lg_now, which is never set.
 *
 *     lg_timer *timer = lg_timer_new(2 * LG_SECOND);
 *     lg_defer(lg_timer_free, timer);
 *     lg_chan_recv(lg_timer_channel(timer), NULL);                // returns after two seconds
 *
 *     lg_timer *patience = lg_timer_new_func(LG_MINUTE, give_up, job);
 *     lg_defer(lg_timer_free, patience);                          // give_up(job) after a minute, unless freed before
 *
 *     lg_ticker *ticker = lg_ticker_new(50 * LG_MILLISECOND);
 *     lg_defer(lg_ticker_free, ticker);
 *     lg_chan_each (lg_ticker_channel(ticker), lg_time, time)
 *         …                                                       // every 50 ms, until lg_ticker_stop(ticker)
 *
 * A timer never fires early. It fires late by the latency of the system, and by a few milliseconds more if all workers run
 * goroutines that never wait (S8); a function of lg_timer_new_func then also waits for a worker.
 *
 * Channels: a receive yields the time, on the clock of lg_now, at which the timer fired. The channel of a timer is only for
 * receiving. The channel has room for one time, so the timer does not wait for a receiver. After lg_timer_stop or
 * lg_timer_reset has returned, no time from before can be received, so nothing needs draining (as in Go 1.23).
 *
 * Ownership: the caller owns the timer or ticker, and frees it by lg_timer_free or lg_ticker_free; afterwards it does not
 * fire and must not be used. Freeing closes the channel and drops the timer's reference to the channel: a goroutine that
 * receives while another may free the timer needs a reference of its own (lg_chan_ref). The stop and free functions do
 * nothing for NULL; all others panic.
 *
 * Failure: the functions that make or reset a timer panic if no memory or thread is left; then nothing has changed.
 *
 * Threads: goroutines and all other threads may call every function here, also several for the same timer at once.
 */
#ifndef LIFOGUARD_TIMER_H
#define LIFOGUARD_TIMER_H

#include <stdbool.h>

#include <lifoguard/chan.h>
#include <lifoguard/go.h>

LG_BEGIN_DECLS

typedef struct lg_timer lg_timer;
typedef struct lg_ticker lg_ticker;

/* An lg_chan(lg_time). */
typedef lg_duration (*lgi_chan_of_times)[];

/* ---- timers -------------------------------------------------------------------------------------- */

/* Makes a timer that sends the time on its channel once, after `duration`; at once if `duration` is 0 or less. */
LG_API lg_timer *lg_timer_new(lg_duration duration) __attribute__((__warn_unused_result__));

/* The channel of the timer, an lg_chan(lg_time), borrowed: lg_timer_free closes it. NULL for a timer of lg_timer_new_func. */
LG_API lgi_chan_of_times lg_timer_channel(const lg_timer *timer);

/* Stops the timer. Returns true if the stop had an effect: the timer was pending, or the sent time had not been received and
 * now never will be. Returns false if the time was received, the goroutine of the function has begun, or the timer was
 * already stopped. Does not wait for a running function. */
LG_API bool lg_timer_stop(lg_timer *timer);

/* Makes the timer fire, or fire again, `duration` from now. Returns the value that lg_timer_stop would return: for a timer with
 * a function, false means that this is an additional call, which may overlap the previous call. */
LG_API bool lg_timer_reset(lg_timer *timer, lg_duration duration);

/* Stops and frees the timer. A function that has begun continues. */
LG_API void lg_timer_free(lg_timer *timer);

/* The channel of a new timer that only the channel's owner can reach. The caller owns the reference, and gives it back by
 * lg_chan_unref, before or after the receive; the timer is freed with the reference. */
LG_API lgi_chan_of_times lg_chan_after(lg_duration duration)
    __attribute__((__warn_unused_result__));

/* ---- tickers ------------------------------------------------------------------------------------- */

/* Makes a ticker that sends the time on its channel at each end of `period`. If the previous time has not been received, the
 * new time is dropped; so a slow receiver finds no backlog, and later ticks keep their rhythm. Panics if `period` is 0 or
 * less. */
LG_API lg_ticker *lg_ticker_new(lg_duration period) __attribute__((__warn_unused_result__));

/* The channel of the ticker, an lg_chan(lg_time), borrowed: it is closed by lg_ticker_stop and lg_ticker_free. */
LG_API lgi_chan_of_times lg_ticker_channel(const lg_ticker *ticker);

/* Stops the ticks and closes the channel, so that a loop over the channel ends. (In Go the loop would wait for ever.) Does
 * nothing the second time. */
LG_API void lg_ticker_stop(lg_ticker *ticker);

/* Changes the period; the first tick comes one whole period from now. Restarts a stopped ticker and reopens its channel. Panics
 * if `period` is 0 or less. */
LG_API void lg_ticker_reset(lg_ticker *ticker, lg_duration period);

/* Stops and frees the ticker. */
LG_API void lg_ticker_free(lg_ticker *ticker);

LG_API lg_timer *lgi_after_func(const struct lgi_site *site, lgi_function function,
                                const uintptr_t *words, lg_duration duration)
    __attribute__((__warn_unused_result__));

LG_END_DECLS

#ifndef __cplusplus
#if !defined(                                                                                      \
    __clang__) /* With system_header, gcc reports an error in a macro at the place of use, without the expansion. */
#pragma GCC system_header
#endif

/* lg_timer_new_func(duration, fn, args…): makes a timer that calls fn(args…) in a new goroutine after `duration`. The
 * function and its arguments are evaluated now, and follow the rules of lg_defer. Objects that the arguments point to must
 * live until the function has returned, or until lg_timer_stop has returned true. */
// clang-format off: the compilers show every line of a macro with an error
#define lg_timer_new_func(duration, ...)                                                           \
    LGI_EXPRESSION(LGI_AFTER, LGI_ID, LGI_COUNT(__VA_ARGS__), duration, #__VA_ARGS__, __VA_ARGS__)

#define LGI_AFTER(id, n, duration, text, ...)                                                      \
    __extension__({                                                                                \
        enum { lgi_right_##id = LGI_CLASS(duration) == LGI_INTEGER || LGI_CLASS(duration) == LGI_REAL }; \
        _Static_assert(!!lgi_right_##id, "write the duration, the function, and its arguments");     \
        const lg_duration lgi_duration_##id = __builtin_choose_expr(lgi_right_##id, duration, 0);  \
        LGI_PRELUDE_##n(id, LGI_OPEN(id), LGI_CLOSE, , LGI_ADVICE_GO, __VA_ARGS__)                 \
        LGI_HANDED(id, n, text)                                                                    \
        lgi_after_func(LGI_HANDED_ARGS(id), lgi_duration_##id);                                    \
    })
// clang-format on

#endif
#endif
