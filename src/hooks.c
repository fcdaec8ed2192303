/* Which functions of higher rooms the engine calls (sched/hooks.h). */
#include "sched/hooks.h"

#include "inspect/deadlock.h"
#include "inspect/exit.h"
#include "inspect/overflow.h"
#include "poll/poll.h"

static void begin(void)
{
    lgi_overflow_begin();
    lgi_exit_connect();
}

const struct lgi_sched_hooks lgi_sched_hooks = {
    .poll = lgi_poll,
    .poll_wake = lgi_poll_wake,
    .begin = begin,
    .thread_begins = lgi_overflow_thread_begin,
    .thread_ends = lgi_overflow_thread_end,
    .first_wait = lgi_deadlock_watch_end,
    .last_asleep = lgi_deadlock_check,
};
