#define _GNU_SOURCE
#include "job.h"

#include "ending.h"
#include "launch.h"
#include "message.h"
#include "signals.h"
#include "status.h"
#include "terminal.h"
#include "time/clock.h"

#include <errno.h>
#include <lifoguard/lifoguard.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static int launch_in(struct launch *launch, bool terminal, pid_t *pid)
{
    launch->terminal = terminal ? terminal_to_give() : -1;
    if (terminal && launch->terminal < 0)
        return ENOTTY;
    int failed = launch_start(launch, pid);
    if (!failed && terminal)
        terminal_was_given();
    return failed;
}

static void prepare(struct job *job, const struct job_options *options)
{
    *job = (struct job){
        .background = options->background, .limit = options->limit, .grace = options->grace};
    ending_reserve();
    job->started = lg_now();
    if (options->limit > 0)
        job->deadline = job->started + options->limit;
}

lg_error *job_start(struct job *job, struct launch *launch, const struct job_options *options)
{
    prepare(job, options);
    int failed = launch_in(launch, options->terminal, &job->pid);
    /* No terminal, or one that has just gone. */
    if (options->terminal && (failed == ENOTTY || failed == EIO || failed == EPERM))
        failed = launch_in(launch, false, &job->pid);
    if (failed) {
        job->pid = 0;
        return lg_error_new_code(failed, "starting %s", launch->words[1][0]);
    }
    ending_own(job->pid);
    return NULL;
}

static void ended(struct job *job, const siginfo_t *info)
{
    job->ended = true;
    job->collected = true;
    ending_disown(job->pid);
    ending_reap(); /* which has stood behind this one */
    job->code = info->si_code;
    job->status = info->si_status;
    job->took = lg_since(job->started);
    if (!job->background)
        job->had_terminal = terminal_take_back(info->si_code != CLD_EXITED);
}

/* False: nothing has happened to it. */
static bool has_news(const struct job *job, siginfo_t *info)
{
    int options = WEXITED | WNOHANG | (job->background ? 0 : WSTOPPED);
    *info = (siginfo_t){0};
    int failed;
    do
        failed = waitid(P_PID, (id_t)job->pid, info, options);
    while (failed != 0 && errno == EINTR);
    return failed == 0 && info->si_pid != 0;
}

void job_update(struct job *job)
{
    while (job->pid && !job->ended) {
        siginfo_t info;
        if (!has_news(job, &info))
            return;
        if (info.si_code != CLD_STOPPED) {
            ended(job, &info);
        } else if (!terminal_stopped(job->pid, info.si_status)) {
            fprintf(stderr, "lifoguard: the command needs a terminal, and has none: ended\n");
            job_begin(job, JOB_KILLED, 0, SIGNALS_KILL_TAKES);
        }
    }
}

/* As lifoguard is the subreaper, what loses its parent becomes its child: as long as the group has
 * members, it has a child of ours, and its number cannot be given to another. */
bool job_group_left(struct job *job)
{
    while (job->pid && !job->group_gone) {
        siginfo_t info = {0};
        if (waitid(P_PGID, (id_t)job->pid, &info, WEXITED | WNOHANG) != 0)
            job->group_gone = errno != EINTR;
        else if (info.si_pid == 0)
            return true;
    }
    return false;
}

void job_signal(struct job *job, int number)
{
    if (!job->pid || (job->collected && !job_group_left(job)))
        return;
    ending_signal_group(job->pid, number);
}

void job_begin(struct job *job, enum job_step step, int number, lg_duration limit)
{
    job->step = step;
    job->deadline = lgi_time_in(limit);
    job->asked = number;
    if (step == JOB_ASKED)
        job_signal(job, number);
    if (step == JOB_KILLED)
        job_signal(job, SIGKILL);
}

void job_press(struct job *job, int number)
{
    switch (job->step) {
    case JOB_RUNS:
    case JOB_MAY_FINISH: job_begin(job, JOB_ASKED, number, job->grace); break;
    case JOB_ASKED:
        if (job->asked != SIGTERM)
            job_begin(job, JOB_ASKED, SIGTERM, job->grace);
        else
            job_begin(job, JOB_KILLED, 0, SIGNALS_KILL_TAKES);
        print_message("process group %ld has not ended yet: %s", (long)job->pid,
                      job->step == JOB_KILLED ? "SIGKILL" : "SIGTERM");
        break;
    case JOB_KILLED: job->step = JOB_GIVEN_UP; break;
    case JOB_GIVEN_UP: break;
    }
}

bool job_is_over(struct job *job)
{
    job_update(job);
    if (!job->ended)
        return job->step == JOB_GIVEN_UP;
    if (job->step == JOB_RUNS || job->step == JOB_GIVEN_UP || !job_group_left(job))
        return true;
    /* `&` makes the shell ignore SIGINT for a command: waiting for what it does would be in vain. */
    if (job->step == JOB_ASKED && job->asked != SIGTERM &&
        ending_group_ignores(job->pid, job->asked))
        job_begin(job, JOB_ASKED, SIGTERM, job->grace);
    if (job->step == JOB_MAY_FINISH && !job_succeeded(job))
        job_begin(job, JOB_ASKED, SIGTERM, job->grace);
    /* What finished well has left these running on purpose; those of a background job are ended. */
    return job->step == JOB_MAY_FINISH && !job->background;
}

void job_abandon(struct job *job)
{
    if (!job->pid || job->ended || job->step == JOB_GIVEN_UP)
        return;
    job_signal(job, SIGKILL);
    siginfo_t info;
    waitid(P_PID, (id_t)job->pid, &info, WEXITED);
    ending_disown(job->pid);
    job->ended = job->collected = true;
    terminal_take_back(true);
}

bool job_succeeded(const struct job *job)
{
    return job->ended && job->code == CLD_EXITED && job->status == 0 && !job->timed_out;
}

bool job_times_out(struct job *job)
{
    if (job->step != JOB_RUNS || job->limit <= 0 || lg_now() < job->deadline)
        return false;
    job->timed_out = true;
    job_begin(job, JOB_ASKED, SIGTERM, job->grace);
    return true;
}

bool job_was_asked_to_end(const struct job *job)
{
    int number = job->code == CLD_EXITED ? job->status - EXIT_SIGNAL : job->status;
    return number == SIGINT || number == SIGTERM || number == SIGHUP;
}

int job_ended_by_terminal(const struct job *job)
{
    int number = job->code == CLD_EXITED ? job->status - EXIT_SIGNAL : job->status;
    return number == SIGINT || number == SIGQUIT || number == SIGHUP ? number : 0;
}

int job_exit_status(const struct job *job)
{
    if (job->timed_out)
        return EXIT_TIMEOUT;
    return job->code == CLD_EXITED ? job->status : EXIT_SIGNAL + job->status;
}

const char *job_result(const struct job *job, char text[JOB_TEXT_SIZE])
{
    size_t at = 0;
    if (job->timed_out) {
        char limit[LG_DURATION_TEXT_SIZE];
        lg_duration_format(job->limit, limit, sizeof(limit));
        at = (size_t)snprintf(text, JOB_TEXT_SIZE, "timed out after %s, ", limit);
    }
    char *end = text + at;
    size_t room = JOB_TEXT_SIZE - at;
    if (!job->ended)
        snprintf(end, room, "not ended");
    else if (job->code == CLD_EXITED)
        snprintf(end, room, "exit status %d", job->status);
    else
        snprintf(end, room, "killed by %s%s", signals_name(job->status),
                 job->code == CLD_DUMPED ? ", core dumped" : "");
    return text;
}
