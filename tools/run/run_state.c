#define _GNU_SOURCE
#include "run_state.h"

#include "buffer.h"

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

void run_set_status(struct run *run, int status)
{
    if (run->status == RUN_OK)
        run->status = status;
}

void run_fail(struct run *run, const struct line *line, lg_error *why)
{
    run_set_status(run, RUN_FAILED);
    run->failures = lg_error_join(run->failures,
                                  lg_error_wrap(why, "%s:%u", run->file->path, line->number));
}

lg_error *job_error(const struct job *job, const char *command)
{
    char text[JOB_TEXT_SIZE];
    return lg_error_newf("%s: %s", job_result(job, text), command);
}

void say_job_end(const char *tag, const char *event, const char *command, const struct job *job)
{
    char result[JOB_TEXT_SIZE], took[SAY_DURATION_SIZE],
        details[JOB_TEXT_SIZE + SAY_DURATION_SIZE + 2];
    snprintf(details, sizeof details, "%s, %s", job_result(job, result),
             say_duration(job->took, took));
    say_event(tag, event, command, details);
}

const char *run_value(const char *name, size_t length, void *data)
{
    const struct run *run = data;
    if (length == 1 && *name == '!')
        return run->last_pid[0] ? run->last_pid : NULL;
    if (*name == '$')
        return run->last_shell[0] ? run->last_shell : NULL;
    if (strchr("0123456789@*", *name))
        return job_argument(name, length);
    char *copy = need_copy(name, length);
    const char *value = getenv(copy);
    free(copy);
    return value;
}
