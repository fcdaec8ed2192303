#define _GNU_SOURCE
#include "child.h"
#include "exec.h"
#include "failed.h"
#include "guardian.h"
#include "lines.h"
#include "message.h"
#include "parse.h"
#include "place.h"
#include "request.h"
#include "run.h"
#include "sandbox.h"
#include "secrecy.h"
#include "secret.h"
#include "signals.h"
#include "spec.h"

#include <lifoguard/lifoguard.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>

/* Where it is in the background of the terminal, it stops itself with SIGTTIN, as its command would (job/terminal.c). */
static void let_terminal_stop(const struct birth *birth)
{
    struct sigaction action = {.sa_flags = 0};
    action.sa_handler = SIG_DFL;
    if (!birth->ignored[SIGTTIN])
        sigaction(SIGTTIN, &action, NULL);
}

/* The kernel drops a signal that is ignored by default unless the first thread blocks it, and the threads that start below have its
 * mask. */
static void block_size_changes(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGWINCH);
    sigprocmask(SIG_BLOCK, &set, NULL);
}

/* On the one worker: the readers of what lines print have their turns while this waits. */
struct recorded {
    const struct lines_request *request;
    struct run_options options;
    int status;
};

static void close_recorder(struct recorded *recorded)
{
    recorded->status = lines_recorder_close(recorded->status);
}

static void run_all(struct recorded *recorded)
{
    const struct lines_request *request = recorded->request;
    struct run_options *options = &recorded->options;
    options->recorder = lines_recorder(request, getenv("LIFOGUARD_STATE"), getenv("LIFOGUARD_RUN"));
    options->first_failure = record_wants_first_failure(&request->record);
    lg_defer(close_recorder, recorded);
    recorded->status = run_file(request->file, options);
}

FAILED_LEAVES(run_all, struct recorded *)

static int run_recorded(const struct lines_request *request, const struct run_options *options)
{
    struct recorded recorded = {.request = request, .options = *options};
    lg_error_free(lg_set_workers(1));
    lg_waitgroup whole = {0};
    lg_waitgroup_go(&whole, run_all_or_leave, &recorded);
    lg_waitgroup_wait(&whole);
    return recorded.status;
}

/* The guardian's command: a process of its own. */
static int run_guarded(const struct birth *birth, void *data)
{
    prctl(PR_SET_NAME, "lifoguard-run");
    char *directory = request_run_directory();
    lg_defer(free, directory);
    const struct lines_request *request = data;
    let_terminal_stop(birth);
    block_size_changes();
    struct run_options options = request->options;
    options.directory = directory;
    options.birth = birth;
    return run_recorded(request, &options);
}

static int run_under_guardian(const struct lines_request *request, const char *place)
{
    secrecy_add_names(secret_is);
    struct lines_request copy = *request;
    const char *title[] = {"lifoguard", "run", request->file->path, NULL};
    struct guardian_start start = {.place = place,
                                   .arguments = title,
                                   .call = run_guarded,
                                   .data = &copy,
                                   .options = {.grace = request->options.grace,
                                               .keep = request->options.keep,
                                               .patient = true}};
    return exec_guarded(&start);
}

int lines_run(const struct lines_request *request)
{
    sandbox_allow_threads();
    char *place = NULL;
    lg_error *err = place_open(request->state, &place);
    lg_defer(lg_error_free, err);
    lg_defer(free, place);
    if (!err)
        return run_under_guardian(request, place);
    char *text = lg_error_text(err);
    lg_defer(free, text);
    print_message("%s: nothing was run", text ? text : "out of memory");
    return RUN_LOST;
}
