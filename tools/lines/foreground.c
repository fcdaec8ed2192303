#define _GNU_SOURCE
#include "foreground.h"

#include "await.h"
#include "background.h"
#include "ending.h"

#include <signal.h>

static void attend(void *data)
{
    struct run *run = data;
    const struct foreground *now = run->now;
    bool stopping = run->stopping;
    run_check_backgrounds(run);
    if (now->line && run->stopping && !stopping) { /* not a cleanup */
        print_message("a background line has failed: ending %s, then the cleanups run",
                      now->line->place);
        run_end_line(now, SIGTERM);
    }
}

static void tell_timeout(void *data)
{
    const struct run *run = data;
    const struct line *place = run->now->place;
    print_message("%s: not ended within its time limit: SIGTERM: %s", place->place, place->shown);
}

static void leave(struct run *run)
{
    run->now = NULL;
}

void run_await(struct run *run, const struct foreground *now)
{
    const struct job_watch watch = {
        .news = &run->news, .attend = attend, .tell_timeout = tell_timeout, .data = run};
    run->now = now;
    lg_defer(leave, run);
    job_await(now->job, &watch);
}

void run_end_rest_of_line(struct run *run, const struct job *job)
{
    struct ending ending = {.whose = "a line"};
    bool asked = job->step == JOB_ASKED;
    if (asked)
        ending.group = job->pid;
    leftovers_end(&run->news, &ending, asked ? job->asked : SIGTERM, job->grace, run->grace);
}

void run_end_everything(struct run *run)
{
    struct ending ending = {.whose = "a line", .everything = true};
    if (!run->keep)
        leftovers_end(&run->news, &ending, SIGTERM, run->grace, run->grace);
    ending_release();
}
