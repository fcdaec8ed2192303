#define _GNU_SOURCE
#include "stop.h"

#include "carry.h"
#include "signals.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

void run_end_line(const struct foreground *now, int number)
{
    if (now->line->acquires)
        job_begin(now->job, JOB_MAY_FINISH, 0, now->job->grace);
    else
        job_begin(now->job, JOB_ASKED, number, now->job->grace);
}

static void report_pending(const struct run *run)
{
    for (const struct cleanup *cleanup = run->cleanups; cleanup; cleanup = cleanup->next) {
        char tag[TAG_SIZE];
        snprintf(tag, sizeof(tag), "[cleanup %zu]", cleanup->number);
        if (!cleanup->begun)
            message_event(tag, "pending", cleanup->line->shown, NULL);
    }
}

static void on_signal_while_cleaning(struct run *run, const struct foreground *now, int number)
{
    if (!run->warned) {
        run->warned = lg_now();
        print_message(
            "%s: the cleanups are running; the next signal ends the one that runs, SIGQUIT all",
            signals_name(number));
        report_pending(run);
        return;
    }
    if (lg_since(run->warned) < SIGNALS_TIME_TO_READ)
        return;
    print_message("%s: ending the cleanup that runs", signals_name(number));
    holder_end_running(&run->holder);
    if (now)
        job_press(now->job, number);
}

/* What this process would still do, another one does by now, or `lifoguard recover` will. */
void run_give_way(const struct run *run)
{
    if (!holder_is_orphan(&run->holder))
        return;
    print_message("runner and guardian were killed: the cleanups are left to lifoguard recover");
    _exit(RUN_LOST);
}

static void on_request(struct run *run, const struct foreground *now, int number)
{
    run_give_way(run);
    const struct line *line = now ? now->line : NULL;
    bool first = !run->stopping;
    run->stopping = true;
    run_set_status(run, RUN_SIGNAL + number);
    if (number == SIGQUIT) {
        print_message("SIGQUIT: the cleanups that have not run yet are left out");
        run->forced = true;
        holder_kill_running(&run->holder);
        if (now)
            job_begin(now->job, JOB_KILLED, 0, LG_SECOND);
    } else if (run->cleaning || (now && !line)) {
        on_signal_while_cleaning(run, now, number);
    } else if (!line) {
        print_message("%s: now the cleanups run", signals_name(number));
    } else if (first || now->job->step == JOB_RUNS) {
        run_end_line(now, number);
        char limit[DURATION_SHORT_SIZE];
        if (line->acquires)
            print_message("%s: %s has a cleanup to come, so it may finish, in %s at most",
                          signals_name(number), line->place,
                          duration_short(now->job->grace, limit));
        else
            print_message("%s: ending %s, then the cleanups run", signals_name(number),
                          line->place);
    } else {
        job_press(now->job, number);
    }
}

/* In the background it does not hear of it. */
static void tell_size(const struct run *run)
{
    if (run->now)
        job_signal(run->now->job, SIGWINCH);
    holder_tell_size(&run->holder);
}

void run_on_signal(void *data, int number)
{
    struct run *run = data;
    if (run->over)
        return;
    if (number == SIGWINCH)
        tell_size(run);
    else
        on_request(run, run->now, number);
}
