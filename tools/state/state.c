#define _GNU_SOURCE
#include "state.h"

#include "statements.h"
#include "wire.h"

#include <lifoguard/defer.h>
#include <stdlib.h>
#include <string.h>

LG_ERROR_DEFINE(state_lost, "another process has taken this run over");

const char *cleanup_state_name(enum cleanup_state state)
{
    static const char *const names[] = {"intended", "held",   "releasing",
                                        "released", "failed", "abandoned"};
    return names[state];
}

/* A record that is signed, as bytes. */
typedef void put_record(struct buffer *bytes, const void *record, const char *run);

static int64_t signature(struct state *state, put_record *put, const void *record, const char *run)
{
    struct buffer bytes = {0};
    lg_defer(buffer_free, &bytes);
    put(&bytes, record, run);
    return (int64_t)sign(statements_key(state), bytes.text, bytes.length);
}

/* ---- runs ---- */

/* What never changes. */
static void put_run(struct buffer *bytes, const void *record, const char *id)
{
    const struct state_run *run = record;
    wire_put_text(bytes, "run");
    wire_put_text(bytes, id);
    wire_put_number(bytes, run->uid);
    wire_put_number(bytes, run->began);
    wire_put_number(bytes, run->command.pid);
    wire_put_number(bytes, (int64_t)run->command.started);
    wire_put_text(bytes, run->title);
    wire_put_list(bytes, run->environment);
}

/* What does. */
static void put_run_mark(struct buffer *bytes, const void *record, const char *id)
{
    const struct state_run *run = record;
    wire_put_text(bytes, "run mark");
    wire_put_text(bytes, id);
    wire_put_number(bytes, run->epoch);
    wire_put_number(bytes, run->phase);
    wire_put_text(bytes, run->boot);
    wire_put_number(bytes, run->owner.pid);
    wire_put_number(bytes, (int64_t)run->owner.started);
    wire_put_number(bytes, run->runner.pid);
    wire_put_number(bytes, (int64_t)run->runner.started);
}

static int64_t run_mark(struct state *state, const struct state_run *run)
{
    return signature(state, put_run_mark, run, run->id);
}

static void bind_owner(struct statement *s, const struct state_run *run)
{
    statement_text(s, run->boot);
    statement_number(s, run->owner.pid);
    statement_number(s, (int64_t)run->owner.started);
    statement_number(s, run->runner.pid);
    statement_number(s, (int64_t)run->runner.started);
}

lg_error *state_begin_run(struct state *state, const struct state_run *run)
{
    struct buffer environment = {0};
    lg_defer(buffer_free, &environment);
    wire_put_list(&environment, run->environment);
    struct statement s = statement_begin(state, STATEMENT_BEGIN_RUN);
    statement_text(&s, run->id);
    statement_number(&s, run->epoch);
    statement_number(&s, run->phase);
    bind_owner(&s, run);
    statement_number(&s, run->uid);
    statement_number(&s, run->began);
    statement_number(&s, run->command.pid);
    statement_number(&s, (int64_t)run->command.started);
    statement_text(&s, run->title);
    statement_blob(&s, environment.text, environment.length);
    statement_number(&s, signature(state, put_run, run, run->id));
    statement_number(&s, run_mark(state, run));
    return lg_error_wrap(statement_change_soon(&s), "recording the run");
}

/* Binds the epoch that the writer believes in; as it is the last condition, it stands last. */
static lg_error *change_run(struct statement *s, const struct state_run *run, int64_t epoch)
{
    statement_text(s, run->id);
    statement_number(s, epoch);
    return statement_change(s);
}

lg_error *state_take_run(struct state *state, struct state_run *run)
{
    struct state_run taken = *run;
    taken.epoch++;
    taken.phase = RUN_ACTIVE;
    struct statement s = statement_begin(state, STATEMENT_TAKE_RUN);
    statement_number(&s, taken.epoch);
    statement_number(&s, taken.phase);
    bind_owner(&s, &taken);
    statement_number(&s, run_mark(state, &taken));
    lg_error *err = change_run(&s, run, run->epoch);
    if (!err)
        *run = taken;
    return lg_error_wrap(err, "taking the run over");
}

lg_error *state_set_phase(struct state *state, const struct state_run *run, enum run_phase phase)
{
    struct state_run changed = *run;
    changed.phase = phase;
    struct statement s = statement_begin(state, STATEMENT_SET_PHASE);
    statement_number(&s, phase);
    statement_number(&s, run_mark(state, &changed));
    return lg_error_wrap(change_run(&s, run, run->epoch), "recording the run's end");
}

lg_error *state_forget_empty_run(struct state *state, const struct state_run *run)
{
    struct statement s = statement_begin(state, STATEMENT_FORGET_RUN);
    statement_text(&s, run->id);
    statement_number(&s, run->epoch);
    return lg_error_wrap(statement_change_soon(&s), "recording the run's end");
}

lg_error *state_forget_run(struct state *state, const struct state_run *run)
{
    struct statement s = statement_begin(state, STATEMENT_FORGET_RUN);
    return lg_error_wrap(change_run(&s, run, run->epoch), "recording the run's end");
}

static void take_run(struct statement *s, struct state_run *run)
{
    statement_take_text(s, run->id, sizeof(run->id));
    run->epoch = statement_take_number(s);
    run->phase = (enum run_phase)statement_take_number(s);
    statement_take_text(s, run->boot, sizeof(run->boot));
    run->owner.pid = (pid_t)statement_take_number(s);
    run->owner.started = (uint64_t)statement_take_number(s);
    run->runner.pid = (pid_t)statement_take_number(s);
    run->runner.started = (uint64_t)statement_take_number(s);
    run->uid = statement_take_number(s);
    run->began = statement_take_number(s);
    run->command.pid = (pid_t)statement_take_number(s);
    run->command.started = (uint64_t)statement_take_number(s);
    run->title = statement_take_pointer(s);
}

static lg_error *see_run(struct state *state, struct statement *s, state_see_run *see, void *data)
{
    struct state_run run = {0};
    take_run(s, &run);
    size_t size;
    const char *bytes = statement_take_blob(s, &size);
    struct wire_reader reader = wire_read(bytes, size);
    const char **environment = wire_take_list(&reader);
    lg_defer(free, environment);
    run.environment = environment;
    int64_t signed_as = statement_take_number(s);
    int64_t marked_as = statement_take_number(s);
    if (!wire_is_done(&reader) || signed_as != signature(state, put_run, &run, run.id) ||
        marked_as != run_mark(state, &run))
        return statements_tampered(state, "a run's record was changed by another program");
    return see ? see(&run, data) : NULL;
}

lg_error *state_runs(struct state *state, state_see_run *see, void *data)
{
    struct statement s = statement_begin(state, STATEMENT_RUNS);
    lg_error *err = NULL;
    bool row = false;
    while (!(err = statement_row(&s, &row)) && row) {
        err = see_run(state, &s, see, data);
        if (err)
            break;
    }
    statement_end(&s);
    return err;
}

/* ---- cleanups ---- */

static void put_cleanup(struct buffer *bytes, const void *record, const char *run)
{
    const struct state_cleanup *cleanup = record;
    wire_put_text(bytes, "cleanup");
    wire_put_text(bytes, run);
    wire_put_number(bytes, cleanup->sequence);
    wire_put_number(bytes, (int64_t)cleanup->moment.tick);
    wire_put_number(bytes, cleanup->moment.last_pid);
    buffer_add(bytes, cleanup->spec, cleanup->spec_size);
}

static void put_cleanup_mark(struct buffer *bytes, const void *record, const char *run)
{
    const struct state_cleanup *cleanup = record;
    wire_put_text(bytes, "cleanup mark");
    wire_put_text(bytes, run);
    wire_put_number(bytes, cleanup->sequence);
    wire_put_number(bytes, cleanup->state);
    wire_put_number(bytes, cleanup->attempt);
    wire_put_number(bytes, cleanup->attempt_by.pid);
    wire_put_number(bytes, (int64_t)cleanup->attempt_by.started);
    wire_put_text(bytes, cleanup->detail);
}

static void bind_mutable(struct statement *s, struct state *state, const struct state_run *run,
                         const struct state_cleanup *cleanup)
{
    statement_number(s, cleanup->state);
    statement_number(s, cleanup->attempt);
    statement_number(s, cleanup->attempt_by.pid);
    statement_number(s, (int64_t)cleanup->attempt_by.started);
    statement_text(s, cleanup->detail);
    statement_number(s, signature(state, put_cleanup_mark, cleanup, run->id));
}

lg_error *state_add_cleanup(struct state *state, const struct state_run *run,
                            const struct state_cleanup *cleanup)
{
    struct statement s = statement_begin(state, STATEMENT_ADD_CLEANUP);
    statement_text(&s, run->id);
    statement_number(&s, cleanup->sequence);
    bind_mutable(&s, state, run, cleanup);
    statement_number(&s, (int64_t)cleanup->moment.tick);
    statement_number(&s, cleanup->moment.last_pid);
    statement_blob(&s, cleanup->spec, cleanup->spec_size);
    statement_number(&s, signature(state, put_cleanup, cleanup, run->id));
    return change_run(&s, run, run->epoch);
}

lg_error *state_move_cleanup(struct state *state, const struct state_run *run,
                             const struct state_cleanup *cleanup)
{
    bool gone = cleanup->state == CLEANUP_RELEASED;
    struct statement s = statement_begin(state,
                                         gone ? STATEMENT_DELETE_CLEANUP : STATEMENT_MOVE_CLEANUP);
    if (!gone)
        bind_mutable(&s, state, run, cleanup);
    statement_number(&s, cleanup->sequence);
    statement_text(&s, run->id);
    statement_number(&s, run->epoch);
    /* After a power cut, nobody knows how its run ended, be it confirmed or not. */
    lg_error *err = cleanup->state == CLEANUP_HELD ? statement_change_soon(&s)
                                                   : statement_change(&s);
    return lg_error_wrap(err, "recording what became of a cleanup");
}

static lg_error *see_cleanup(struct state *state, struct statement *s, const char *run,
                             state_see_cleanup *see, void *data)
{
    struct state_cleanup cleanup = {.sequence = statement_take_number(s)};
    int64_t number = statement_take_number(s);
    cleanup.state = (enum cleanup_state)number;
    cleanup.attempt = statement_take_number(s);
    cleanup.attempt_by.pid = (pid_t)statement_take_number(s);
    cleanup.attempt_by.started = (uint64_t)statement_take_number(s);
    cleanup.detail = statement_take_pointer(s);
    int64_t marked_as = statement_take_number(s);
    cleanup.moment.tick = (uint64_t)statement_take_number(s);
    cleanup.moment.last_pid = statement_take_number(s);
    cleanup.spec = statement_take_blob(s, &cleanup.spec_size);
    int64_t signed_as = statement_take_number(s);
    if (number < CLEANUP_INTENDED || number > CLEANUP_ABANDONED ||
        signed_as != signature(state, put_cleanup, &cleanup, run) ||
        marked_as != signature(state, put_cleanup_mark, &cleanup, run))
        return statements_tampered(state, "a cleanup's record was changed by another program");
    return see ? see(&cleanup, data) : NULL;
}

lg_error *state_cleanups(struct state *state, const char *run, state_see_cleanup *see, void *data)
{
    struct statement s = statement_begin(state, STATEMENT_CLEANUPS);
    statement_text(&s, run);
    lg_error *err = NULL;
    bool row = false;
    while (!(err = statement_row(&s, &row)) && row) {
        err = see_cleanup(state, &s, run, see, data);
        if (err)
            break;
    }
    statement_end(&s);
    return err;
}

/* ---- variables ---- */

struct variable {
    const char *name, *value;
};

static void put_variable(struct buffer *bytes, const void *record, const char *run)
{
    const struct variable *variable = record;
    wire_put_text(bytes, "variable");
    wire_put_text(bytes, run);
    wire_put_text(bytes, variable->name);
    wire_put_text(bytes, variable->value);
}

lg_error *state_set_variable(struct state *state, const struct state_run *run, const char *name,
                             const char *value)
{
    struct variable variable = {name, value};
    struct statement s = statement_begin(state, STATEMENT_SET_VARIABLE);
    statement_text(&s, run->id);
    statement_text(&s, name);
    statement_text(&s, value);
    statement_number(&s, signature(state, put_variable, &variable, run->id));
    return lg_error_wrap(change_run(&s, run, run->epoch), "recording %s", name);
}

lg_error *state_variables(struct state *state, const char *run, state_see_variable *see, void *data)
{
    struct statement s = statement_begin(state, STATEMENT_VARIABLES);
    statement_text(&s, run);
    lg_error *err = NULL;
    bool row = false;
    while (!(err = statement_row(&s, &row)) && row) {
        struct variable variable;
        variable.name = statement_take_pointer(&s);
        variable.value = statement_take_pointer(&s);
        if (statement_take_number(&s) != signature(state, put_variable, &variable, run))
            err = statements_tampered(state, "a variable was changed by another program");
        else if (see)
            err = see(variable.name, variable.value, data);
        if (err)
            break;
    }
    statement_end(&s);
    return err;
}

/* ---- a glance at everything ---- */

static lg_error *glance_at_run(const struct state_run *run, void *data)
{
    struct state *state = data;
    lg_error *err = state_cleanups(state, run->id, NULL, NULL);
    return err ? err : state_variables(state, run->id, NULL, NULL);
}

/* Whether every signature is right: a state is refused whole. */
static lg_error *check_signatures(struct state *state)
{
    return state_runs(state, glance_at_run, state);
}

lg_error *state_open(const char *place, struct state **state)
{
    lg_error *err = statements_open(place, state);
    if (err)
        return err;
    err = check_signatures(*state);
    if (err) {
        state_close(*state);
        *state = NULL;
    }
    return err;
}
