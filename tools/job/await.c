#define _GNU_SOURCE
#include "await.h"

#include "ending.h"
#include "message.h"

#include <lifoguard/defer.h>
#include <signal.h>

/* Ctrl-C ends a command, and is also a request to this process. It is taken before the command counts as failed by itself. */
static bool is_over(struct job *job, struct news *news)
{
    return job_is_over(job) && (job->code == CLD_EXITED || !news_take(news));
}

void job_await(struct job *job, const struct job_watch *watch)
{
    for (;;) {
        news_take(watch->news);
        if (is_over(job, watch->news))
            return;
        watch->attend(watch->data);
        if (job_times_out(job))
            watch->tell_timeout(watch->data);
        else if (job->deadline != 0 && lg_now() >= job->deadline)
            job_press(job, SIGTERM);
        else if (!job_is_over(job)) /* whose end is told no more */
            news_wait(watch->news, job->deadline);
    }
}

static lg_time earlier(lg_time a, lg_time b)
{
    return a < b ? a : b;
}

/* No signal tells that a process was adopted, so /proc is read again and again: first soon, since most processes end at once. */
void leftovers_end(struct news *news, struct ending *ending, int number, lg_duration limit,
                   lg_duration grace)
{
    lg_defer(ending_free, ending);
    ending_step(ending, number, limit);
    lg_duration pause = 2 * LG_MILLISECOND;
    size_t requests = news->requests;
    while (ending_continue(ending) > 0) {
        bool sooner = news->requests != requests;
        requests = news->requests;
        if (!sooner && lg_now() < ending->until) {
            news_wait(news, earlier(lg_now() + pause, ending->until));
            pause = pause >= 50 * LG_MILLISECOND ? 100 * LG_MILLISECOND : 2 * pause;
        } else if (!ending_press(ending, grace)) {
            print_message("processes are left that outlive SIGKILL");
            return;
        }
    }
}
