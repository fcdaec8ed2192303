#define _GNU_SOURCE
#include "run.h"

#include "buffer.h"
#include "cleanup.h"
#include "ending.h"
#include "expand.h"
#include "foreground.h"
#include "interpreter.h"
#include "line.h"
#include "message.h"
#include "parse.h"
#include "place.h"
#include "scratch.h"
#include "shell.h"
#include "signals.h"
#include "stop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void print_errors(const lg_error *errors, const char *prefix)
{
    bool several = errors && !lg_error_cause(errors) &&
                   strcmp(lg_error_message(errors), "several errors") == 0;
    if (!several) {
        fputs(prefix, stderr);
        lg_error_print(errors, stderr);
        return;
    }
    lg_error_cursor cursor = lg_error_children(errors);
    for (const lg_error *one; (one = lg_error_next(&cursor)) != NULL;)
        print_errors(one, prefix);
}

/* One shell reads all lines at once, each in parentheses of its own, out of which no line can come that the
 * scanner has accepted. Lines that any shell can read are not read. */
static bool all_can_be_read(const struct job_file *file)
{
    struct buffer script = {0};
    lg_defer(buffer_free, &script);
    for (size_t i = 0; i < file->count; i++) {
        const char *command = file->lines[i].command;
        if (interpreter_is_readable(command))
            continue;
        buffer_add_text(&script, "(\n");
        buffer_add_text(&script, command);
        buffer_add_text(&script, "\n)\n");
    }
    return script.length == 0 || interpreter_can_read(script.text, script.length);
}

/* Only a file with a bad line is read line by line, to tell which. */
static lg_error *check_syntax(const struct job_file *file)
{
    if (all_can_be_read(file))
        return NULL;
    lg_error *errors = NULL;
    for (size_t i = 0; i < file->count; i++) {
        const struct line *line = &file->lines[i];
        lg_error *err = interpreter_check(line->command);
        errors = lg_error_join(errors, lg_error_wrap(err, "%s", line->place));
    }
    return errors;
}

static void run_free(struct run *run)
{
    while (run->foreseen) {
        struct cleanup *cleanup = run->foreseen;
        run->foreseen = cleanup->next;
        cleanup_free(cleanup);
    }
    while (run->cleanups) {
        struct cleanup *cleanup = run->cleanups;
        run->cleanups = cleanup->next;
        cleanup_free(cleanup);
    }
    while (run->backgrounds) {
        struct background *background = run->backgrounds;
        run->backgrounds = background->next;
        free(background);
    }
    lg_error_free(run->failures);
    free(run->first_environment);
    free(run->environment);
}

static void keep_environment(struct run *run)
{
    size_t count = 0;
    while (environ[count])
        count++;
    run->first_environment = need_memory(NULL, (count + 1) * sizeof(*run->first_environment));
    memcpy(run->first_environment, environ, (count + 1) * sizeof(*run->first_environment));
}

/* What this process would still do, another one does by now, or `lifoguard recover` will. */
static void give_way(void *data)
{
    (void)data;
    print_message(
        "the cleanups of this run are another process's by now: this one does nothing more");
    _exit(RUN_LOST);
}

static void hold_cleanups(struct run *run, const struct run_options *options)
{
    holder_init(&run->holder, options->directory, options->birth);
    run->holder.on_lost = give_way;
    keep_environment(run);
}

static const char *verdict_of(const struct run *run)
{
    return run->status == RUN_OK       ? "ok"
           : run->status == RUN_FAILED ? "failed"
                                       : signals_name(run->status - RUN_SIGNAL);
}

static void report_result(const struct run *run, lg_duration took)
{
    if (run->failures)
        print_errors(run->failures, "lifoguard: ");
    char text[DURATION_SHORT_SIZE];
    duration_short(took, text);
    size_t jobs = run->file->jobs;
    print_message("%s: %zu of %zu line%s, %zu cleanup%s, %s", verdict_of(run), run->done, jobs,
                  jobs == 1 ? "" : "s", run->cleanups_run, run->cleanups_run == 1 ? "" : "s", text);
}

static void run_and_clean(struct run *run)
{
    lg_defer(memory_give_back);
    ending_adopt();
    lg_defer(run_end_everything, run);
    run_lines(run);
}

static struct event whole_event(const struct run *run, enum event_kind kind, const char *text)
{
    return (struct event){.kind = kind,
                          .job = "",
                          .text = text,
                          .length = strlen(text),
                          .took = kind == EVENT_END ? lg_since(run->began) : -1,
                          .status = run->status};
}

static int exit_status(const struct run *run, const struct run_options *options)
{
    bool first = options->first_failure && run->status == RUN_FAILED && run->first_failure;
    return first ? run->first_failure : run->status;
}

int run_read(const char *path, const struct run_options *options, struct job_file *file)
{
    lg_func (int, status) {
        interpreter_use(options->shell, options->trace, options->arguments);
        interpreter_name_file(path);
        lg_error *bad = job_file_read(path, file);
        if (!bad)
            bad = check_syntax(file);
        lg_defer(lg_error_free, bad);
        if (bad)
            print_errors(bad, "");
        lg_return(bad ? RUN_BAD_FILE : RUN_OK);
    }
}

int run_file(const struct job_file *file, const struct run_options *options)
{
    lg_func (int, status) {
        message_set_quiet(options->quiet);
        struct run run = {.file = file,
                          .grace = options->grace,
                          .cleanup_limit = options->cleanup_limit,
                          .began = options->began,
                          .keep = options->keep,
                          .umask = place_umask(),
                          .recorder = options->recorder};
        hold_cleanups(&run, options);
        lg_defer(run_free, &run);
        lg_error *err = news_open(&run.news, options->birth, run_on_signal, &run);
        lg_defer(lg_error_free, err);
        if (err) {
            print_errors(err, "lifoguard: ");
            lg_return(RUN_FAILED);
        }
        lg_defer(news_close, &run.news);
        run_record(&run, whole_event(&run, EVENT_BEGIN, file->path));
        run_and_clean(&run);
        run_await_readers(&run);
        run_record(&run, whole_event(&run, EVENT_END, verdict_of(&run)));
        report_result(&run, lg_since(options->began));
        lg_return(exit_status(&run, options));
    }
}

int run_job_file(const char *path, const struct run_options *options)
{
    lg_func (int, status) {
        struct job_file file = {0};
        lg_defer(job_file_free, &file);
        lg_defer(secret_forget);
        status = run_read(path, options, &file);
        if (status == RUN_OK)
            status = run_file(&file, options);
        lg_return(status);
    }
}
