#define _GNU_SOURCE
#include "owner.h"

#include "attempt.h"
#include "done.h"
#include "message.h"
#include "origin.h"
#include "place.h"
#include "status.h"

#include <errno.h>
#include <lifoguard/defer.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

const char *outcome_name(enum outcome outcome)
{
    static const char *const names[] = {"success", "failure", "cancelled", "timeout", "unknown"};
    return names[outcome];
}

void owner_init(struct owner *owner, const char *place, const struct owner_options *options,
                const struct birth *birth)
{
    *owner = (struct owner){.place = place,
                            .options = *options,
                            .birth = birth,
                            .signals = birth_signals(birth),
                            .front = -1,
                            .listener = -1,
                            .done = -1,
                            .outcome = OUTCOME_UNKNOWN,
                            .scope_status = -1};
}

void owner_free(struct owner *owner)
{
    owner_free_clients(owner);
    while (owner->newest)
        owner_remove(owner, owner->newest);
    state_close(owner->state);
    free(owner->environment);
    buffer_free(&owner->environment_text);
    free(owner->directory);
    free(owner->title);
    free(owner->mark);
    const int fds[] = {owner->signals, owner->listener, owner->front, owner->done};
    for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
        if (fds[i] >= 0)
            close(fds[i]);
}

/* Memory of its own for what the run begins with. */
static void keep_environment(struct owner *owner, const char *const *environment)
{
    size_t count = 0;
    for (; environment[count]; count++)
        buffer_add(&owner->environment_text, environment[count], strlen(environment[count]) + 1);
    owner->environment = need_memory(NULL, (count + 1) * sizeof(*owner->environment));
    const char *text = owner->environment_text.text;
    for (size_t i = 0; i < count; i++, text += strlen(text) + 1)
        owner->environment[i] = text;
    owner->environment[count] = NULL;
    owner->run.environment = owner->environment;
}

static void sign_on(struct owner *owner)
{
    snprintf(owner->run.boot, sizeof(owner->run.boot), "%s", boot_id());
    owner->run.owner = process_self();
}

/* Only once the run is recorded as ours: the socket of its owner is replaced, and a directory without a run is nobody's. */
static lg_error *open_run(struct owner *owner)
{
    owner->directory = place_of_run(owner->place, owner->run.id);
    lg_error *err = place_make_directory(owner->directory);
    if (!err && owner->listener < 0)
        err = place_listen(owner->directory, &owner->listener);
    if (!err)
        err = done_open(owner->directory, &owner->done);
    if (!err)
        origin_note(owner->directory);
    return err;
}

lg_error *owner_begin(struct owner *owner, const char *id, const char *title,
                      const struct process *runner, const struct process *command)
{
    owner->command = *command;
    owner->title = need_copy(title, strlen(title));
    struct state_run *run = &owner->run;
    *run = (struct state_run){
        .epoch = 1, .uid = geteuid(), .began = time(NULL), .title = owner->title};
    snprintf(run->id, sizeof(run->id), "%s", id);
    run->runner = *runner;
    run->command = *command;
    union {
        char **mine;
        const char *const *text;
    } here = {.mine = environ};
    const char **public = spec_select(here.text, false, NULL);
    keep_environment(owner, public);
    free(public);
    sign_on(owner);
    lg_error *err = state_begin_run(owner->state, run);
    if (err)
        return err;
    err = open_run(owner);
    if (!err && owner->options.keep)
        err = owner_keep(owner, true);
    if (err)
        lg_error_free(state_forget_run(owner->state, run));
    return err;
}

lg_error *owner_keep(struct owner *owner, bool keep)
{
    owner->options.keep = keep;
    return state_set_variable(owner->state, &owner->run, ".keep", keep ? "1" : "0");
}

/* As clean.c records it: three numbers and the cause. */
static void take_outcome(struct owner *owner, const char *value)
{
    int numbers[3];
    char *rest;
    for (int i = 0; i < 3; i++, value = rest)
        numbers[i] = (int)strtol(value, &rest, 10);
    if (numbers[0] < OUTCOME_SUCCESS || numbers[0] > OUTCOME_UNKNOWN)
        return;
    owner->outcome = (enum outcome)numbers[0];
    owner->exit_code = numbers[1];
    owner->exit_signal = numbers[2];
    snprintf(owner->cause, sizeof(owner->cause), "%s", value + (*value == ' '));
}

static lg_error *see_variable(const char *name, const char *value, void *data)
{
    struct owner *owner = data;
    if (strcmp(name, ".outcome") == 0)
        take_outcome(owner, value);
    else if (strcmp(name, ".keep") == 0)
        owner->options.keep = strcmp(value, "1") == 0;
    return NULL;
}

LG_ERROR_DEFINE(owner_unknown_run, "there is no such run");

struct search {
    struct owner *owner;
    const char *id;
    bool found;
};

static lg_error *find_run(const struct state_run *run, void *data)
{
    struct search *search = data;
    struct owner *owner = search->owner;
    if (strcmp(run->id, search->id) != 0)
        return NULL;
    search->found = true;
    owner->run = *run;
    owner->run.title = owner->title = need_copy(run->title, strlen(run->title));
    keep_environment(owner, run->environment);
    return NULL;
}

lg_error *owner_find_run(struct owner *owner, const char *id)
{
    struct search search = {.owner = owner, .id = id};
    lg_error *err = state_runs(owner->state, find_run, &search);
    if (!err && !search.found)
        err = lg_error_wrap(&owner_unknown_run, "run %s", id);
    return err;
}

lg_error *owner_take(struct owner *owner)
{
    owner->rebooted = strcmp(owner->run.boot, boot_id()) != 0;
    sign_on(owner);
    lg_error *err = state_take_run(owner->state, &owner->run);
    if (!err)
        err = open_run(owner);
    if (!err)
        err = owner_load(owner);
    if (!err)
        err = state_variables(owner->state, owner->run.id, see_variable, owner);
    for (struct item *item = owner->newest; item; item = item->older) {
        /* Process numbers of another boot are nobody's. */
        if (owner->rebooted)
            item->nested = item->acquirer = item->record.attempt_by = (struct process){0};
        else if (item->record.state == CLEANUP_RELEASING)
            owner->settling = item;
    }
    return err;
}

bool owner_is_lost(struct owner *owner, const lg_error *err)
{
    if (!lg_error_is(err, &state_lost))
        return false;
    if (!owner->lost)
        print_message("another process has taken run %s over: this one does nothing more",
                      owner->run.id);
    owner->lost = true;
    return true;
}

static bool all_released(const struct owner *owner)
{
    const struct item *item = owner->newest;
    while (item && item->record.state == CLEANUP_RELEASED)
        item = item->older;
    return !item;
}

/* What is not pending any more has failed: it stays, for `lifoguard pending` to show. A run of which the disk does not have
 * all stays active, so that the next command on this state recovers it. */
void owner_finish(struct owner *owner)
{
    /* Of a run that is forgotten as a whole, nothing else need be written. */
    bool on_disk = all_released(owner) || (!owner->lost && owner_bring_to_disk(owner));
    if (owner->lost)
        return;
    lg_error *err = NULL;
    if (!owner->newest)
        err = state_forget_empty_run(owner->state, &owner->run);
    else if (all_released(owner))
        err = state_forget_run(owner->state, &owner->run);
    else if (!on_disk)
        err = lg_error_newf(
            "what became of the cleanups of run %s could not be recorded: the next command "
            "on this state tries again what failed",
            owner->run.id);
    else
        err = state_set_phase(owner->state, &owner->run,
                              owner->options.keep ? RUN_KEPT : RUN_ENDED);
    lg_defer(lg_error_free, err);
    char *text = err ? lg_error_text(err) : NULL;
    lg_defer(free, text);
    if (err && !owner_is_lost(owner, err))
        print_message("%s", text ? text : "out of memory");
    if (err)
        return;
    place_remove_run(owner->directory);
    if (!all_released(owner) && !owner->options.keep)
        owner_explain_recovery(owner,
                               "what failed is not forgotten: lifoguard pending; to try again");
}
