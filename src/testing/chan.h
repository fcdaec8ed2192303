/* What the tests of channels share. */
#ifndef LGI_TESTING_CHAN_H
#define LGI_TESTING_CHAN_H

#include "testing/test.h"

#include <lifoguard/chan.h>

/* Runs a test's work on main, in a goroutine, and on a thread of the program's. */
static lg_chan(int) finished;

static void run_and_finish(void (*work)(void))
{
    work();
    lg_chan_send(finished, 1);
}

static void call(void *work)
{
    (*(void (**)(void))work)();
}

__attribute__((unused)) static void everywhere(void (*work)(void))
{
    work();
    ck_assert(on_thread(call, &work));
    for (unsigned workers = 1; workers <= 8; workers = workers == 1 ? 2 : workers * 4) {
        ck_assert_ptr_null(lg_set_workers(workers));
        finished = lg_chan_make(int, 0);
        lg_go(run_and_finish, work);
        ck_assert(lg_chan_recv(finished, NULL));
        lg_go_thread(run_and_finish, work);
        ck_assert(lg_chan_recv(finished, NULL));
        lg_chan_unref(finished);
    }
}

#endif
