/* What the tests of the corners of channels and of select share. */
#ifndef LGI_TESTING_CORNERS_H
#define LGI_TESTING_CORNERS_H

#include "chan/channel.h"
#include "testing/failing_malloc.h"
#include "testing/test.h"
#include <lifoguard/chan.h>
#include <lifoguard/mutex.h>
#include <lifoguard/waitgroup.h>

/* Runs work in a goroutine on 1, 2 and 8 workers. */
__attribute__((unused)) static lg_chan(int) finished;

__attribute__((unused)) static void run_and_finish(void (*work)(void))
{
    work();
    lg_chan_send(finished, 1);
}

__attribute__((unused)) static void on_workers(void (*work)(void))
{
    for (unsigned workers = 1; workers <= 8; workers = workers == 1 ? 2 : workers * 4) {
        ck_assert_ptr_null(lg_set_workers(workers));
        finished = lg_chan_make(int, 0);
        lg_go(run_and_finish, work);
        ck_assert(lg_chan_recv(finished, NULL));
        lg_chan_unref(finished);
    }
}

__attribute__((unused)) static void send_up_to(lg_chan(int) to, int last)
{
    for (int i = 2; i <= last; i++)
        lg_chan_send(to, i);
    lg_chan_close(to);
}

#endif
