/* What the tests of this room share. */
#ifndef LGI_TESTING_TIMER_H
#define LGI_TESTING_TIMER_H

#include "testing/test.h"

#include <stdatomic.h>

#include <lifoguard/chan.h>
#include <lifoguard/timer.h>

#define US LG_MICROSECOND
#define MS LG_MILLISECOND

/* How long to wait for what must come: only a timer that is lost takes so long. */
#define PATIENCE (300 * LG_SECOND)

/* Far off. */
#define LONG (10000 * LG_SECOND)

/* Not one of Check's own: they may not be called by two threads at once. */
#define hold(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #condition);          \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* Runs a test's work on main, on a thread of the program's, and in a goroutine, on 1, 2 and 8 workers. */
static lg_chan(int) finished;

static inline void run_and_finish(void (*work)(void))
{
    work();
    lg_chan_send(finished, 1);
}

static inline void call_work(void *work)
{
    (*(void (**)(void))work)();
}

static inline void everywhere(void (*work)(void))
{
    work();
    ck_assert(on_thread(call_work, &work));
    finished = lg_chan_make(int, 0);
    for (unsigned workers = 1; workers <= 8; workers = workers == 1 ? 2 : workers * 4) {
        ck_assert_ptr_null(lg_set_workers(workers));
        lg_go(run_and_finish, work);
        ck_assert(lg_chan_recv(finished, NULL));
    }
    lg_chan_unref(finished);
}

/* The same at once in `count` goroutines, and on a thread. */
static inline void all_at_once(unsigned workers, int count, void (*work)(void))
{
    ck_assert_ptr_null(lg_set_workers(workers));
    finished = lg_chan_make(int, 0);
    for (int i = 0; i < count; i++)
        lg_go(run_and_finish, work);
    ck_assert(on_thread(call_work, &work));
    for (int i = 0; i < count; i++)
        ck_assert(lg_chan_recv(finished, NULL));
    lg_chan_unref(finished);
}

/* Nothing is in the channel, nor comes soon. */
#define hold_nothing_comes(channel, span)                                                          \
    hold(lg_error_is(lg_chan_recv_until(channel, NULL, lg_until_timeout(span)),                    \
                     &lg_error_deadline_exceeded))

/* Does not wait for what it waits for, so that nothing in the program waits. */
static inline void spin_until(lg_time time)
{
    while (lg_now() < time)
        ;
}

#endif
