#define _GNU_SOURCE
#include "run_state.h"

#include "buffer.h"
#include "interpreter.h"
#include "launch.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

lg_duration run_grace(const struct run *run, const struct line *line)
{
    return line->grace >= 0 ? line->grace : run->grace;
}

lg_duration line_limit(const struct line *line, lg_duration otherwise)
{
    return line->limit >= 0 ? line->limit : otherwise;
}

lg_error *run_start(const struct run *run, const struct line *line, struct job *job,
                    const char *command, struct launch *launch, const struct job_options *options)
{
    lg_func (lg_error *, err) {
        union {
            char **mine;
            const char *const *text;
        } direct = {.mine = interpreter_words_without(command)};
        lg_defer(free, direct.mine);
        const char **words = interpreter_words(command, line->place);
        lg_defer(free, words);
        launch->words[0] = direct.text;
        launch->words[1] = words;
        launch_as_born(launch, run->holder.birth);
        lg_return(job_start(job, launch, options));
    }
}

void run_set_status(struct run *run, int status)
{
    if (run->status == RUN_OK)
        run->status = status;
}

void run_note_cause(struct run *run, const char *result)
{
    if (run->status == RUN_OK)
        snprintf(run->cause, sizeof(run->cause), "%s", result);
}

void run_note_failure(struct run *run, int exit_status)
{
    if (run->first_failure == 0)
        run->first_failure = exit_status;
}

void run_fail(struct run *run, const struct line *line, lg_error *why)
{
    run_set_status(run, RUN_FAILED);
    run->failures = lg_error_join(run->failures, lg_error_wrap(why, "%s", line->place));
}

lg_error *job_error(const struct job *job, const char *command)
{
    char text[JOB_TEXT_SIZE];
    return lg_error_newf("%s: %s", job_result(job, text), command);
}

const char *run_value(const char *name, size_t length, void *data)
{
    const struct run *run = data;
    if (length == 1 && *name == '!')
        return run->last_pid[0] ? run->last_pid : NULL;
    if (*name == '$')
        return run->last_shell[0] ? run->last_shell : NULL;
    if (strchr("0123456789@*", *name))
        return interpreter_argument(name, length);
    char *copy = need_copy(name, length);
    const char *value = getenv(copy);
    free(copy);
    return value;
}
