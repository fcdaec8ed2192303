/* The one loop that waits for commands, those of lines and those of graphs.
 *
 * job_await returns when a command that job_start has started has ended and was reaped, or has outlived SIGKILL (JOB_GIVEN_UP). If the
 * command was made to end, the rest of its process group has ended too. While job_await waits,
 *
 * - signals are taken, and adopted processes that have ended are reaped (news.h);
 * - `attend` is called whenever something may have happened; a caller that wants the job to end calls job_begin there;
 * - a command with a limit is made to end when the limit is over;
 * - a command that is to end gets the next signal when its grace is over: SIGTERM after SIGINT or SIGHUP, then SIGKILL (job_press).
 *
 * leftovers_end ends processes that have left the group. */
#ifndef LIFOGUARD_JOB_AWAIT_H
#define LIFOGUARD_JOB_AWAIT_H

#include "job.h"
#include "news.h"

struct ending;

struct job_watch {
    struct news *news;
    void (*attend)(void *data);
    void (*tell_timeout)(
        void *data); /* called when the limit is over, and the job is made to end */
    void *data;
};

void job_await(struct job *job, const struct job_watch *watch);

/* Ends the processes that commands have left running and that `ending` selects. The signal `number` comes first; `limit` later the next
 * one, and so on (ending_press). A request (news.h) brings the next signal at once. Frees `ending`. */
void leftovers_end(struct news *news, struct ending *ending, int number, lg_duration limit,
                   lg_duration grace);

#endif
