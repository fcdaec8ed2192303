/* The guardian has the cleanups of a file on disk. This process carries them out itself, in the order that it knows, each in a process
 * that outlives it (guardian/attempt.h); if it is killed, the guardian goes on. */
#define _GNU_SOURCE
#include "keeper.h"

#include "attempt.h"
#include "buffer.h"
#include "cleanup.h"
#include "common/request.h"
#include "lines.h"
#include "place.h"
#include "process.h"
#include "run_state.h"
#include "wire.h"

#include <errno.h>
#include <lifoguard/lifoguard.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* cleanup->kept */
struct kept {
    int64_t sequence;
    int64_t attempts;
    struct attempt attempt;
};

static const struct birth *birth;
static char *run_directory;
static bool any_late;
static pid_t guardian, runner; /* one of them is our parent, as long as one of them lives */

/* How long after its time a cleanup is ended by its own attempt, if nobody else is left to do so. */
static const lg_duration too_late = 2 * LG_SECOND;

/* ---- requests ---- */

/* Sends the fields, and frees them. */
static lg_error *ask(struct buffer *fields, int64_t *value)
{
    struct answer answer;
    lg_error *err = request_send(run_directory, fields, &answer);
    if (!err && answer.status != 0)
        err = lg_error_newf("%s", answer.text);
    if (value)
        *value = err ? 0 : answer.value;
    free(answer.text);
    buffer_free(fields);
    return err;
}

static bool is_lost(void)
{
    pid_t parent = getppid();
    return parent != guardian && parent != runner;
}

/* ---- registering ---- */

static int when_flag(enum cleanup_when when)
{
    return when == WHEN_FAILURE ? SPEC_ON_FAILURE : when == WHEN_SUCCESS ? SPEC_ON_SUCCESS : 0;
}

static lg_error *register_as(struct cleanup *cleanup, const char *request)
{
    lg_func (lg_error *, err) {
        const struct run *run = cleanup->run;
        const char **words = job_words(cleanup->command);
        lg_defer(free, words);
        /* It reads variables when it runs: eval '…'. */
        bool late = strchr(cleanup->command, '$') != NULL;
        any_late |= late;
        struct spec spec = {.flags = (late ? SPEC_LATE : 0) | when_flag(cleanup->line->when),
                            .timeout = line_limit(cleanup->line, run->cleanup_limit),
                            .grace = run_grace(run, cleanup->line),
                            .backoff = CLEANUP_BACKOFF,
                            .retries = cleanup->line->retries};
        lg_defer(request_empty, &spec);
        struct buffer fields = {0};
        err = request_fill(&spec, words, NULL);
        if (err)
            lg_return(err);
        wire_put_text(&fields, request);
        spec_put(&fields, &spec);
        struct kept *kept = need_memory(NULL, sizeof *kept);
        *kept = (struct kept){0};
        err = ask(&fields, &kept->sequence);
        if (err)
            free(kept);
        else
            cleanup->kept = kept;
        lg_return(err);
    }
}

static lg_error *hold(struct cleanup *cleanup)
{
    return register_as(cleanup, "defer");
}

static lg_error *foresee(struct cleanup *cleanup)
{
    return register_as(cleanup, "foresee");
}

static lg_error *confirm(struct cleanup *cleanup)
{
    const struct kept *kept = cleanup->kept;
    struct buffer fields = {0};
    request_put_number(&fields, "confirm", kept->sequence);
    return ask(&fields, NULL);
}

static void set(const char *name, const char *value)
{
    if (!any_late)
        return;
    struct buffer fields = {0};
    wire_put_text(&fields, "set");
    wire_put_text(&fields, name);
    wire_put_text(&fields, value);
    lg_error_free(ask(&fields, NULL));
}

static void forget(struct cleanup *cleanup)
{
    free(cleanup->kept);
    cleanup->kept = NULL;
}

static void drop(const struct cleanup *cleanup)
{
    const struct kept *kept = cleanup->kept;
    struct buffer fields = {0};
    request_put_number(&fields, "withdraw", kept->sequence);
    /* The next command on this state sees to what cannot be recorded now. */
    lg_error_free(ask(&fields, NULL));
}

/* ---- attempts ---- */

static void claim(struct kept *kept)
{
    struct buffer fields = {0};
    request_put_claim(&fields, kept->sequence, kept->attempt.process.pid);
    int64_t number = 0;
    lg_error *err = is_lost() ? lg_error_new("it is not ours") : ask(&fields, &number);
    bool ours = !err && number == kept->attempt.number;
    attempt_go(&kept->attempt, ours);
    lg_error_free(err);
    if (ours)
        return;
    buffer_free(&fields);
    say("the cleanups of this run are another process's by now: this one does nothing more");
    _exit(RUN_LOST);
}

/* An attempt begins as the guardian's would: with the signals blocked that it reads from a descriptor. */
static lg_error *prepare(struct attempt *attempt)
{
    sigset_t before, taken;
    birth_taken(birth, &taken);
    sigprocmask(SIG_BLOCK, &taken, &before);
    lg_error *err = attempt_prepare(attempt);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return err;
}

static void tell(const struct cleanup *cleanup)
{
    const struct kept *kept = cleanup->kept;
    struct buffer fields = {0};
    struct cleanup_facts facts = {.run = strrchr(run_directory, '/') + 1,
                                  .sequence = kept->sequence,
                                  .attempt = kept->attempts + 1};
    request_put_number(&fields, "epoch", 0);
    lg_error_free(ask(&fields, &facts.epoch));
    cleanup_tell(cleanup, facts);
}

static lg_error *begin(struct cleanup *cleanup, pid_t *pid, pid_t *command)
{
    lg_func (lg_error *, err) {
        struct kept *kept = cleanup->kept;
        const char **words = job_words(cleanup->command);
        lg_defer(free, words);
        char *here = place_here();
        lg_defer(free, here);
        tell(cleanup);
        union {
            char **mine;
            const char *const *text;
        } environment = {.mine = cleanup->plain ? job_first_environment() : environ};
        lg_duration limit = line_limit(cleanup->line, cleanup->run->cleanup_limit);
        lg_duration grace = run_grace(cleanup->run, cleanup->line);
        mode_t mask = umask(0);
        umask(mask);
        kept->attempt = (struct attempt){.run_directory = run_directory,
                                         .sequence = kept->sequence,
                                         .number = kept->attempts + 1,
                                         .arguments = words,
                                         .environment = environment.text,
                                         .directory = here ? here : "/",
                                         .umask = mask,
                                         .birth = birth,
                                         .timeout = limit > 0 ? limit + grace + too_late : 0,
                                         .grace = grace,
                                         .output = {cleanup->output[0], cleanup->output[1]}};
        err = prepare(&kept->attempt);
        if (err)
            lg_return(err);
        kept->attempts++;
        claim(kept);
        *pid = kept->attempt.process.pid;
        *command = attempt_await_command(&kept->attempt);
        lg_return(NULL);
    }
}

static lg_error *finish(struct cleanup *cleanup, struct job *job, bool *lost)
{
    struct kept *kept = cleanup->kept;
    const struct attempt_result result = attempt_finish(&kept->attempt);
    if (result.end == ATTEMPT_NOT_STARTED)
        return lg_error_new_code(result.number, "starting its shell");
    if (result.end == ATTEMPT_NO_DIRECTORY)
        return lg_error_new_code(result.number, "entering the working directory");
    *lost = result.end == ATTEMPT_LOST;
    bool exited = result.end == ATTEMPT_EXITED;
    job->code = exited ? CLD_EXITED : CLD_KILLED;
    job->status = exited || result.end == ATTEMPT_SIGNALLED ? result.number
                  : job->step >= JOB_KILLED                 ? SIGKILL
                                                            : SIGTERM;
    return NULL;
}

static void settle(struct cleanup *cleanup, bool good, const char *detail)
{
    const struct kept *kept = cleanup->kept;
    struct buffer fields = {0};
    request_put_settle(&fields, kept->sequence, good, detail);
    lg_error *err = ask(&fields, NULL);
    /* If nobody takes it down, whoever takes the run over finds it in the attempt's file. */
    if (!err)
        attempt_forget(run_directory, kept->sequence, kept->attempts);
    lg_error_free(err);
}

const struct keeper *lines_keeper(const struct birth *how)
{
    static const struct keeper keeper = {.hold = hold,
                                         .foresee = foresee,
                                         .confirm = confirm,
                                         .set = set,
                                         .begin = begin,
                                         .finish = finish,
                                         .settle = settle,
                                         .drop = drop,
                                         .forget = forget,
                                         .is_lost = is_lost};
    birth = how;
    run_directory = request_run_directory();
    struct process parent;
    guardian = getppid();
    runner = process_look(guardian, &parent) ? parent.parent : guardian;
    return run_directory ? &keeper : NULL;
}
