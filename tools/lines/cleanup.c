#define _GNU_SOURCE
#include "cleanup.h"

#include "background.h"
#include "buffer.h"
#include "carry.h"
#include "expand.h"
#include "interpreter.h"
#include "place.h"
#include "request.h"
#include "signals.h"
#include "stop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- an attempt ---- */

static void set_variable(void *data, const char *name, const char *value)
{
    (void)data;
    setenv(name, value, 1);
}

/* In this process's environment, with which the attempt begins. */
static void tell_outcome(const struct cleanup *cleanup, struct cleanup_facts facts)
{
    const struct run *run = cleanup->run;
    bool signalled = run->status > RUN_SIGNAL;
    facts.status = cleanup->unknown        ? "unknown"
                   : signalled             ? "cancelled"
                   : run->status == RUN_OK ? "success"
                                           : "failure";
    facts.exit_code = run->status;
    facts.signal = signalled ? run->status - RUN_SIGNAL : 0;
    facts.cause = signalled       ? signals_name(facts.signal)
                  : run->cause[0] ? run->cause
                                  : facts.status;
    cleanup_facts_tell(&facts, set_variable, NULL);
}

static bool is_told(const char *assignment)
{
    return strncmp(assignment, "LIFOGUARD_", strlen("LIFOGUARD_")) == 0;
}

static const char *const *environment_of(void *data, struct cleanup_facts facts, bool plain)
{
    const struct cleanup *cleanup = data;
    struct run *run = cleanup->run;
    tell_outcome(cleanup, facts);
    size_t count = 0;
    while (environ[count])
        count++;
    run->environment = need_memory(run->environment, (count + 1) * sizeof(*run->environment));
    count = 0;
    for (char **at = environ; *at; at++)
        if (!plain || is_told(*at) || carry_mentions(cleanup->command, *at, run->first_environment))
            run->environment[count++] = *at;
    run->environment[count] = NULL;
    return run->environment;
}

static void wait_for(void *data, lg_time deadline)
{
    const struct cleanup *cleanup = data;
    news_wait(&cleanup->run->news, deadline);
    run_check_backgrounds(cleanup->run);
}

static void tell_retry(void *data, const struct carry *carry, enum again again, lg_duration pause)
{
    const struct cleanup *cleanup = data;
    char duration[DURATION_SHORT_SIZE];
    if (again == AGAIN_PLAIN)
        print_message(
            "the variables of the file are too large for a command: this cleanup runs without them");
    else if (again == AGAIN_LATER)
        print_message("a cleanup cannot be started yet (%s): trying again",
                      strerrorname_np(carry->result.number));
    else if (again == AGAIN_RETRY)
        print_message("cleanup %zu: %s; tried again in %s", cleanup->number, carry->text,
                      duration_short(pause, duration));
    if (again == AGAIN_LATER)
        memory_give_back();
}

static void carry_out_here(struct cleanup *cleanup, struct carry *carry)
{
    static const struct carry_hooks hooks = {environment_of, wait_for, tell_retry};
    struct run *run = cleanup->run;
    const char **words = interpreter_words(cleanup->command, cleanup->line->place);
    lg_defer(free, words);
    char *here = place_here();
    lg_defer(free, here);
    *carry = (struct carry){.holder = &run->holder,
                            .sequence = cleanup->sequence,
                            .arguments = words,
                            .directory = here ? here : "/",
                            .identity = identity_here(),
                            .umask = run->umask,
                            .timeout = line_limit(cleanup->line, run->cleanup_limit),
                            .grace = run_grace(run, cleanup->line),
                            .retries = cleanup->line->retries,
                            .output = {cleanup->output[0], cleanup->output[1]},
                            .hooks = &hooks,
                            .data = cleanup};
    secret_values_set(&cleanup->secrets);
    carry_out(carry);
    secret_values_unset(&cleanup->secrets);
}

/* ---- carrying out ---- */

static void tell(const struct cleanup *cleanup, const char *tag, enum event_kind kind,
                 const char *result, lg_duration took)
{
    struct event event = line_event(cleanup->line, kind);
    event.cleanup = cleanup->number;
    event.result = result;
    event.took = took;
    run_tell(cleanup->run, tag, event);
}

static void run_it(struct cleanup *cleanup, const char *tag)
{
    struct run *run = cleanup->run;
    run->cleanups_run++;
    if (cleanup->guarded)
        cleanup->guarded->releasing = true;
    tell(cleanup, tag, EVENT_CLEANUP_START, NULL, -1);
    struct capture *capture = run_capture(run, cleanup->line->job, CAPTURE_CLEANUP,
                                          cleanup->output);
    lg_time began = lg_now();
    struct carry carry;
    carry_out_here(cleanup, &carry);
    lg_duration took = lg_since(began);
    run_captured(cleanup->output);
    run_leave_capture(run, capture);
    bool good = attempt_is_good(&carry.result);
    tell(cleanup, tag, good ? EVENT_CLEANUP_OK : EVENT_CLEANUP_FAILED, carry.text, took);
    if (good)
        return;
    run_note_cause(run, carry.text);
    run_fail(run, cleanup->line,
             lg_error_newf("cleanup failed: %s: %s", carry.text, cleanup->line->shown));
}

/* Whether it is meant for this outcome. */
static bool is_wanted(const struct cleanup *cleanup)
{
    bool good = cleanup->run->status == RUN_OK && !cleanup->unknown;
    return cleanup_is_wanted(cleanup->line->when, good);
}

static void drop(const struct cleanup *cleanup)
{
    /* The next command on this state sees to what cannot be recorded now. */
    if (cleanup->sequence)
        lg_error_free(holder_withdraw(&cleanup->run->holder, cleanup->sequence));
}

static void skip(const struct cleanup *cleanup, const char *tag)
{
    message_event(tag, "skipped", cleanup->line->shown, NULL);
    drop(cleanup);
}

static void run_cleanup(struct cleanup *cleanup)
{
    struct run *run = cleanup->run;
    if (run->keep)
        return;
    run->cleaning = true;
    cleanup->begun = true;
    char tag[TAG_SIZE];
    snprintf(tag, sizeof(tag), "[cleanup %zu]", cleanup->number);
    news_take(&run->news);
    run_check_backgrounds(run);
    if (!is_wanted(cleanup))
        drop(cleanup);
    else if (run->forced)
        skip(cleanup, tag);
    else
        run_it(cleanup, tag);
    cleanup->over = true;
    run_record_finished(run, cleanup->line);
}

void cleanup_free(struct cleanup *cleanup)
{
    secret_values_free(&cleanup->secrets);
    free(cleanup->command);
    free(cleanup);
}

static const char *value_of_cleanup(const char *name, size_t length, void *data)
{
    const struct cleanup *cleanup = data;
    return run_value(name, length, cleanup->run);
}

static bool is_set_by(const struct line *line, const char *name, size_t length)
{
    return line->name && strlen(line->name) == length && strncmp(line->name, name, length) == 0;
}

/* What the line that is to run will change has no value yet: $!, $$ and the variable that it sets. */
static const char *value_foreseen(const char *name, size_t length, void *data)
{
    const struct cleanup *cleanup = data;
    bool changes = *name == '!' || *name == '$' || is_set_by(cleanup->run->acquiring, name, length);
    return changes ? NULL : value_of_cleanup(name, length, data);
}

/* The value as it is now is kept for the cleanup's environment (D2). */
static const char *secret_reference(const char *name, size_t length, const char *value, void *data)
{
    struct cleanup *cleanup = data;
    return secret_is(name, length) ? secret_keep(&cleanup->secrets, value) : NULL;
}

static lg_error *make(struct run *run, const struct line *line, variable_lookup *lookup,
                      struct cleanup **made)
{
    struct cleanup *cleanup = need_memory(NULL, sizeof(*cleanup));
    *cleanup = (struct cleanup){.run = run, .line = line};
    const struct variables variables = {
        .lookup = lookup, .reference = secret_reference, .data = cleanup};
    lg_error *err = expand(line->command, EXPAND_ALL, &variables, &cleanup->command);
    *made = err ? NULL : cleanup;
    if (err)
        cleanup_free(cleanup);
    return err;
}

/* ---- before its line is run ---- */

static int when_flag(enum cleanup_when when)
{
    return when == WHEN_FAILURE ? SPEC_ON_FAILURE : when == WHEN_SUCCESS ? SPEC_ON_SUCCESS : 0;
}

static lg_error *put_on_disk(struct cleanup *cleanup, const char *request)
{
    lg_func (lg_error *, err) {
        struct run *run = cleanup->run;
        const char **words = interpreter_words(cleanup->command, cleanup->line->place);
        lg_defer(free, words);
        /* It reads variables when it runs: eval '…'. */
        bool late = strchr(cleanup->command, '$') != NULL;
        run->any_late |= late;
        struct spec spec = {.flags = (late ? SPEC_LATE : 0) | when_flag(cleanup->line->when),
                            .timeout = line_limit(cleanup->line, run->cleanup_limit),
                            .grace = run_grace(run, cleanup->line),
                            .backoff = CLEANUP_BACKOFF,
                            .retries = cleanup->line->retries};
        lg_defer(request_empty, &spec);
        secret_values_set(&cleanup->secrets);
        err = lg_error_wrap(request_fill(&spec, words, NULL), "the cleanup is not on disk");
        secret_values_unset(&cleanup->secrets);
        if (!err)
            err = holder_register(&run->holder, request, &spec, &cleanup->sequence);
        lg_return(err);
    }
}

lg_error *cleanups_foresee(struct run *run, const struct line *line)
{
    run->acquiring = line;
    const struct line *end = run->file->lines + run->file->count;
    struct cleanup **place = &run->foreseen;
    for (const struct line *next = line + 1; next < end && next->kind == LINE_DEFER; next++) {
        struct cleanup *cleanup;
        lg_error *err = make(run, next, value_foreseen, &cleanup);
        bool later = err != NULL; /* and those below it, or the order would be another */
        lg_error_free(err);
        if (later)
            return NULL;
        *place = cleanup;
        place = &cleanup->next;
        err = run->holder.directory ? put_on_disk(cleanup, "foresee") : NULL;
        if (err)
            return err;
    }
    return NULL;
}

static struct cleanup *take_foreseen(struct run *run)
{
    struct cleanup *cleanup = run->foreseen;
    run->foreseen = cleanup->next;
    cleanup->next = NULL;
    return cleanup;
}

void cleanups_forget_foreseen(struct run *run)
{
    while (run->foreseen) {
        struct cleanup *cleanup = take_foreseen(run);
        drop(cleanup);
        cleanup_free(cleanup);
    }
}

/* ---- registering ---- */

static void add(struct run *run, lg_scope *cleanups, struct cleanup *cleanup)
{
    cleanup->next = run->cleanups;
    cleanup->number = run->cleanups ? run->cleanups->number + 1 : 1;
    run->cleanups = cleanup;
    lg_defer_in(cleanups, run_cleanup, cleanup);
    cleanup->guarded = run->guarded;
    run->batch++;
    if (run->guarded)
        run->guarded->has_cleanup = true;
    char tag[TAG_SIZE];
    snprintf(tag, sizeof(tag), "[cleanup %zu]", cleanup->number);
    tell(cleanup, tag, EVENT_DEFER, NULL, -1);
}

/* It is carried out, by this process, also if it cannot be kept; then no further line is run. */
static lg_error *hold(struct cleanup *cleanup)
{
    struct holder *holder = &cleanup->run->holder;
    if (!holder->directory)
        return NULL;
    if (!cleanup->sequence)
        return put_on_disk(cleanup, "defer");
    return lg_error_wrap(holder_confirm(holder, cleanup->sequence), "the cleanup is not on disk");
}

static void stop(struct run *run, const struct line *line, lg_error *err)
{
    if (!err)
        return;
    run_fail(run, line, err);
    run->stopping = true;
}

void cleanup_register(struct run *run, lg_scope *cleanups, const struct line *line)
{
    struct cleanup *cleanup = NULL;
    if (run->foreseen && run->foreseen->line == line)
        cleanup = take_foreseen(run);
    lg_error *err = cleanup ? NULL : make(run, line, value_of_cleanup, &cleanup);
    if (!err) {
        add(run, cleanups, cleanup);
        err = hold(cleanup);
    }
    stop(run, line, err);
}

void cleanups_register_foreseen(struct run *run, lg_scope *cleanups)
{
    while (run->foreseen) {
        struct cleanup *cleanup = take_foreseen(run);
        cleanup->unknown = true;
        add(run, cleanups, cleanup);
    }
}
