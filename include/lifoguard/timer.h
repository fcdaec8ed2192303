/* Timers and tickers, on the clock that is never set (lg_now).
 *
 *     lg_timer *timer = lg_timer_new(2 * LG_SECOND);
 *     lg_defer(lg_timer_free, timer);
 *     lg_chan_recv(lg_timer_channel(timer), NULL);                // in two seconds
 *
 *     lg_timer *patience = lg_timer_new_func(LG_MINUTE, give_up, job);
 *     lg_defer(lg_timer_free, patience);                          // give_up(job), in a minute, unless this is left before
 *
 *     lg_ticker *ticker = lg_ticker_new(50 * LG_MILLISECOND);
 *     lg_defer(lg_ticker_free, ticker);
 *     lg_chan_each (lg_ticker_channel(ticker), lg_time, time)
 *         …                                                       // every 50 ms, until lg_ticker_stop(ticker)
 *
 * A timer is never early. It is late by what the system needs, and by a few milliseconds more if all workers are busy with
 * goroutines that never wait (S8); what then runs in a goroutine, as the function of lg_timer_new_func, waits for a worker.
 *
 * Channels: what is received is the time, on lg_now's clock, when the timer fired. A timer's channel is for receiving
 * only. It has room for one time, so nobody need be there to take it. After a stop or a reset has returned, a time from
 * before is never received: nothing has to be drained (Go 1.23).
 *
 * Ownership: lg_timer_free and lg_ticker_free end what the other functions have made; it does not fire any more, and
 * must not be used any more. Its channel is closed then, and goes with it: who receives while another may free the timer
 * has to hold a reference of its own (lg_chan_ref). NULL does nothing in stop and free, and panics elsewhere.
 *
 * Failure: what makes or resets a timer panics when there is no memory, or no thread to be had; nothing has been changed
 * then.
 *
 * Threads: any, goroutines and others, for everything; also several at once for one timer.
 */
#ifndef LIFOGUARD_TIMER_H
#define LIFOGUARD_TIMER_H

#include <stdbool.h>

#include <lifoguard/chan.h>
#include <lifoguard/go.h>

LG_BEGIN_DECLS

typedef struct lg_timer lg_timer;
typedef struct lg_ticker lg_ticker;

/* It is an lg_chan(lg_time). */
typedef lg_duration (*lgi_chan_of_times)[];

/* ---- timers -------------------------------------------------------------------------------------- */

/* Sends the time on its channel, once, when `duration` has passed; at once, if it is 0 or less. */
LG_API lg_timer *lg_timer_new(lg_duration duration) __attribute__((__warn_unused_result__));

/* Its channel. NULL for a timer of lg_timer_new_func. */
LG_API lgi_chan_of_times lg_timer_channel(const lg_timer *timer);

/* True if that keeps the timer from being noticed: it was pending, or it has sent and nobody has received, nor will.
 * False: the time was received, or the function's goroutine begun, or it was stopped before. Does not wait for the
 * function, which may still be running. */
LG_API bool lg_timer_stop(lg_timer *timer);

/* Lets it fire, or fire again, when `duration` has passed from now. Returns what lg_timer_stop would have: for a function,
 * false says that this is one call more, which may run at the same time as the one before. */
LG_API bool lg_timer_reset(lg_timer *timer, lg_duration duration);

/* Stops it. A function that has begun goes on. */
LG_API void lg_timer_free(lg_timer *timer);

/* The channel of a timer that nobody else has. The reference is the caller's, to be given back by lg_chan_unref, when it
 * has received or before: then the timer is gone at once. */
LG_API lgi_chan_of_times lg_chan_after(lg_duration duration)
    __attribute__((__warn_unused_result__));

/* ---- tickers ------------------------------------------------------------------------------------- */

/* Sends the time on its channel when each `period` has passed. If the one before has not been received by then, this one
 * is dropped: a slow receiver does not find old ones waiting, and the ones after are where they would have been. A
 * period of 0 or less panics. */
LG_API lg_ticker *lg_ticker_new(lg_duration period) __attribute__((__warn_unused_result__));

LG_API lgi_chan_of_times lg_ticker_channel(const lg_ticker *ticker);

/* No more ticks: from here on receivers are told that the channel is closed, so that a loop over it ends. (In Go it
 * would wait for ever.) A second time: does nothing. */
LG_API void lg_ticker_stop(lg_ticker *ticker);

/* From now on ticks with another period, the first one after a whole period. One that was stopped starts again, and its
 * channel is open again. A period of 0 or less panics. */
LG_API void lg_ticker_reset(lg_ticker *ticker, lg_duration period);

/* Stops it. */
LG_API void lg_ticker_free(lg_ticker *ticker);

LG_API lg_timer *lgi_after_func(const struct lgi_site *site, lgi_function function,
                                const uintptr_t *words, lg_duration duration)
    __attribute__((__warn_unused_result__));

LG_END_DECLS

#ifndef __cplusplus
#if !defined(                                                                                      \
    __clang__) /* gcc then shows an error in a macro where the macro is used, without its insides */
#pragma GCC system_header
#endif

/* lg_timer_new_func(duration, fn, args…): an lg_timer that calls fn(args…), in a goroutine of its own, when `duration`
 * has passed. Function and arguments are evaluated now, and obey the rules of lg_defer; they must last until the
 * function has run or the timer was stopped, for sure: lg_timer_stop returned true. */
#define lg_timer_new_func(duration, ...)                                                           \
    LGI_NUMBER(LGI_AFTER, LGI_COUNT(__VA_ARGS__), duration, #__VA_ARGS__, __VA_ARGS__)

#define LGI_AFTER(id, n, duration, text, ...) LGI_AFTER_(id, n, duration, text, __VA_ARGS__)
#define LGI_AFTER_(id, n, duration, text, ...)                                                     \
    __extension__({                                                                                \
        const lg_duration lgi_duration_##id = (duration);                                          \
        LGI_HANDED(id, n, text, __VA_ARGS__)                                                       \
        lgi_after_func(LGI_HANDED_ARGS(id), lgi_duration_##id);                                    \
    })

#endif
#endif
