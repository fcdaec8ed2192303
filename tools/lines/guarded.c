#define _GNU_SOURCE
#include "child.h"
#include "exec.h"
#include "guardian.h"
#include "lines.h"
#include "parse.h"
#include "place.h"
#include "run.h"
#include "say.h"
#include "secret.h"
#include "spec.h"

#include <lifoguard/lifoguard.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>

struct request {
    const struct job_file *file;
    const struct run_options *options;
};

/* As this program was started: the commands are to begin so. The signals stay blocked until they are caught. */
static void give_dispositions(const struct birth *birth)
{
    struct sigaction action = {.sa_flags = 0};
    action.sa_handler = SIG_DFL;
    sigset_t set;
    birth_defaults(birth, &set);
    for (int number = 1; number < SIGRTMIN; number++)
        if (sigismember(&set, number) == 1)
            sigaction(number, &action, NULL);
}

/* The guardian's command: a process of its own. */
static int run_guarded(const struct birth *birth, void *data)
{
    const struct request *request = data;
    prctl(PR_SET_NAME, "lifoguard-run");
    give_dispositions(birth);
    struct run_options options = *request->options;
    options.keeper = lines_keeper(birth);
    options.mask = &birth->mask;
    return run_file(request->file, &options);
}

/* False, and said: there is no place for them. */
static bool can_be_kept(void)
{
    char *place = NULL;
    lg_error *err = place_open(NULL, &place);
    lg_defer(lg_error_free, err);
    lg_defer(free, place);
    if (!err)
        return true;
    char *text = lg_error_text(err);
    lg_defer(free, text);
    say("%s: the cleanups are not on disk, and kill -9 of lifoguard would lose them",
        text ? text : "out of memory");
    return false;
}

int lines_run(const struct job_file *file, const struct run_options *options, const char *wanted)
{
    if (!wanted && !can_be_kept())
        return run_file(file, options);
    spec_keep_secret(secret_is);
    struct request request = {file, options};
    const char *title[] = {"lifoguard", "run", file->path, NULL};
    struct guardian_start start = {.arguments = title,
                                   .call = run_guarded,
                                   .data = &request,
                                   .options = {.grace = options->grace, .patient = true}};
    return exec_guarded(&start, wanted);
}
