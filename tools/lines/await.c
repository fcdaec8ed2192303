#define _GNU_SOURCE
#include "await.h"

#include "background.h"
#include "run/ending.h"
#include "signals.h"

#include <signal.h>

void run_await(struct run *run, const struct foreground *now)
{
    struct job *job = now->job;
    for (;;) {
        run_take_signals(run, now);
        if (job_is_over(job))
            return;
        ending_reap();
        bool stopping = run->stopping;
        run_look_at_backgrounds(run);
        if (now->line && run->stopping && !stopping) { /* not a cleanup */
            say("a background line has failed: ending %s, then on to the cleanups",
                now->line->place);
            run_end_line(now, SIGTERM);
        }
        if (job_times_out(job))
            say("%s: not ended within its time limit: SIGTERM: %s", now->place->place,
                now->place->shown);
        else if (job->deadline != 0 && lg_now() >= job->deadline)
            job_press(job, SIGTERM);
        else
            signals_wait(job->deadline);
    }
}

/* Ends what is left of an ended line, or at last of all lines; a further signal does so sooner. */
static void end_leftovers(struct run *run, struct ending *ending, int number, lg_duration limit)
{
    ending_step(ending, number, limit);
    while (ending_look(ending) > 0) {
        for (int came; (came = signals_next()) != 0;)
            if (is_request(came)) {
                run_on_request(run, NULL, came);
                ending->until = 0;
            }
        if (lg_now() >= ending->until) {
            if (!ending_press(ending, run->grace)) {
                say("processes are left that outlive SIGKILL");
                break;
            }
            continue;
        }
        /* One that is adopted later comes without a signal: so look again now and then. */
        lg_time next = lg_now() + 100 * LG_MILLISECOND;
        signals_wait(next < ending->until ? next : ending->until);
    }
    ending_free(ending);
}

void run_end_rest_of_line(struct run *run, const struct job *job)
{
    struct ending ending = {0};
    bool asked = job->step == JOB_ASKED;
    if (asked)
        ending.group = job->pid;
    end_leftovers(run, &ending, asked ? job->asked : SIGTERM, job->grace);
}

void run_end_everything(struct run *run)
{
    struct ending ending = {.everything = true};
    if (!run->keep)
        end_leftovers(run, &ending, SIGTERM, run->grace);
    ending_release();
}
