/* Requests to the guardian, which has the cleanups on disk. They wait for the disk, so helper threads make them; those of several
 * jobs share one wait. */
#define _GNU_SOURCE
#include "common/request.h"
#include "spec.h"
#include "wire.h"
#include "work.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

struct call {
    const char *directory;
    struct buffer fields;
    struct answer answer;
    lg_error *err;
};

static void send_call(struct call *call)
{
    call->err = request_send(call->directory, &call->fields, &call->answer);
}

/* Sends it, and frees it. */
static lg_error *ask(struct engine *engine, struct call *call, int64_t *value)
{
    call->directory = engine->run_directory;
    if (engine_is_orphan(engine))
        engine_stop(engine, STOP_LOST, 0);
    if (engine->cause == STOP_LOST)
        call->err = lg_error_new("runner and guardian were killed");
    else
        lg_blocking(send_call, call);
    lg_error *err = call->err;
    if (!err && call->answer.status != 0)
        err = lg_error_newf("%s", call->answer.text);
    if (value)
        *value = err && call->err ? 0 : call->answer.value;
    free(call->answer.text);
    buffer_free(&call->fields);
    return err;
}

static lg_error *ask_number(struct engine *engine, const char *request, int64_t number,
                            int64_t *value)
{
    struct call call = {0};
    request_put_number(&call.fields, request, number);
    return ask(engine, &call, value);
}

/* What it is to do, with its environment and directory as they are now (D2). */
static lg_error *registration(struct release *release, const char *request, int64_t *sequence)
{
    const struct deferred *deferred = release->deferred;
    struct words arguments = {0};
    const char *const *items = work_arguments(release->work, deferred->text, true);
    for (; *items; items++)
        words_add(release->work->engine->arena, &arguments, *items);
    struct spec spec = {.flags = (deferred->when == WHEN_FAILURE ? SPEC_ON_FAILURE : 0) |
                                 (deferred->when == WHEN_SUCCESS ? SPEC_ON_SUCCESS : 0),
                        .timeout = deferred->timeout,
                        .grace = deferred->grace,
                        .backoff = CLEANUP_BACKOFF,
                        .retries = deferred->retries,
                        .name = release->work->name,
                        .directory = release->directory,
                        .umask = release->work->engine->umask,
                        .arguments = arguments.items,
                        .environment = spec_select(release->environment.items, false, NULL),
                        .secrets = spec_select(release->environment.items, true, NULL)};
    lg_error *err = NULL;
    if (getrandom(&spec.nonce, sizeof spec.nonce, 0) != sizeof spec.nonce)
        err = lg_error_new_errno("getrandom");
    struct call call = {0};
    wire_put_text(&call.fields, request);
    spec_put(&call.fields, &spec);
    free(spec.environment);
    free(spec.secrets);
    if (err)
        buffer_free(&call.fields);
    return err ? err : ask(release->work->engine, &call, sequence);
}

lg_error *durable_intend(struct release *release, int64_t *sequence)
{
    return registration(release, "foresee", sequence);
}

lg_error *durable_hold(struct release *release, int64_t *sequence)
{
    return registration(release, "defer", sequence);
}

lg_error *durable_confirm(struct engine *engine, int64_t sequence)
{
    return ask_number(engine, "confirm", sequence, NULL);
}

lg_error *durable_withdraw(struct engine *engine, int64_t sequence)
{
    return ask_number(engine, "withdraw", sequence, NULL);
}

int64_t durable_epoch(struct engine *engine)
{
    int64_t epoch = 0;
    lg_error_free(ask_number(engine, "epoch", 0, &epoch));
    return epoch;
}

bool durable_claim(struct engine *engine, int64_t sequence, pid_t attempt, int64_t number)
{
    struct call call = {0};
    request_put_claim(&call.fields, sequence, attempt);
    int64_t value = 0;
    lg_error *err = ask(engine, &call, &value);
    bool ours = !err && value == number;
    lg_error_free(err);
    return ours;
}

bool durable_settle(struct engine *engine, int64_t sequence, bool good, const char *detail)
{
    struct call call = {0};
    request_put_settle(&call.fields, sequence, good, detail);
    lg_error *err = ask(engine, &call, NULL);
    bool done = !err;
    lg_error_free(err);
    return done;
}
