/* The one loop that waits for commands, of lines and of graphs alike.
 *
 * What the caller of job_await gets: the command, which job_start has started as the leader of a process group, has ended when it returns,
 * and was taken off the table of processes; or it outlives SIGKILL (JOB_GIVEN_UP). Meanwhile
 *
 * - signals are taken as they come, and the adopted processes that end are reaped (news.h);
 * - `attend` is called whenever something may have happened: it makes the job end (job_begin), if it is to;
 * - a command with a limit is made to end when its time is over;
 * - a command that is to end has its grace: after SIGINT or SIGHUP comes SIGTERM, and then SIGKILL (job_press). If it was made to end, the
 *   rest of its group has ended too.
 *
 * What has left the group is for leftovers_end. */
#ifndef LIFOGUARD_JOB_AWAIT_H
#define LIFOGUARD_JOB_AWAIT_H

#include "job.h"
#include "news.h"

struct ending;

struct job_watch {
    struct news *news;
    void (*attend)(void *data);
    void (*tell_timeout)(void *data); /* the limit has come, and the job is made to end */
    void *data;
};

void job_await(struct job *job, const struct job_watch *watch);

/* Ends what commands have left running, as far as `ending` finds it: `number` first, which has `limit` to work, then the further steps.
 * Every request that comes meanwhile begins the next step at once. Frees `ending`. */
void leftovers_end(struct news *news, struct ending *ending, int number, lg_duration limit,
                   lg_duration grace);

#endif
