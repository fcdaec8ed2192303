#define _GNU_SOURCE
#include "holder.h"

#include "process.h"
#include "request.h"
#include "wire.h"

#include <lifoguard/lifoguard.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void holder_init(struct holder *holder, const char *directory, const struct birth *birth)
{
    struct process guardian;
    *holder = (struct holder){.directory = directory, .birth = birth, .guardian = getppid()};
    holder->run = directory ? strrchr(directory, '/') + 1 : "";
    holder->runner = process_read(holder->guardian, &guardian) ? guardian.parent : holder->guardian;
}

bool holder_is_orphan(const struct holder *holder)
{
    pid_t parent = getppid();
    return holder->directory && parent != holder->guardian && parent != holder->runner;
}

void holder_lose(struct holder *holder)
{
    bool first = !holder->lost;
    holder->lost = true;
    if (first)
        holder->on_lost(holder->data);
}

/* ---- requests ---- */

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
static lg_error *ask(struct holder *holder, struct call *call, int64_t *value)
{
    call->directory = holder->directory;
    if (holder_is_orphan(holder))
        holder_lose(holder);
    if (holder->lost)
        call->err = lg_error_new("runner and guardian were killed");
    else
        lg_blocking(send_call, call);
    lg_error *err = call->err;
    if (!err && call->answer.status != 0)
        err = lg_error_newf("%s", call->answer.text);
    if (value)
        *value = call->err ? 0 : call->answer.value;
    free(call->answer.text);
    buffer_free(&call->fields);
    return err;
}

static lg_error *ask_number(struct holder *holder, const char *request, int64_t number,
                            int64_t *value)
{
    struct call call = {0};
    request_put_number(&call.fields, request, number);
    return ask(holder, &call, value);
}

lg_error *holder_register(struct holder *holder, const char *request, const struct spec *spec,
                          int64_t *sequence)
{
    struct call call = {0};
    wire_put_text(&call.fields, request);
    spec_put(&call.fields, spec);
    return ask(holder, &call, sequence);
}

lg_error *holder_confirm(struct holder *holder, int64_t sequence)
{
    return ask_number(holder, "confirm", sequence, NULL);
}

lg_error *holder_withdraw(struct holder *holder, int64_t sequence)
{
    return ask_number(holder, "withdraw", sequence, NULL);
}

lg_error *holder_set(struct holder *holder, const char *name, const char *value)
{
    struct call call = {0};
    wire_put_text(&call.fields, "set");
    wire_put_text(&call.fields, name);
    wire_put_text(&call.fields, value);
    return ask(holder, &call, NULL);
}

int64_t holder_epoch(struct holder *holder)
{
    int64_t epoch = 0;
    lg_error_free(ask_number(holder, "epoch", 0, &epoch));
    return epoch;
}

bool holder_claim(struct holder *holder, int64_t sequence, pid_t attempt, int64_t number)
{
    struct call call = {0};
    request_put_claim(&call.fields, sequence, attempt);
    int64_t value = 0;
    lg_error *err = ask(holder, &call, &value);
    bool ours = !err && value == number;
    lg_error_free(err);
    return ours;
}

bool holder_settle(struct holder *holder, int64_t sequence, bool good, const char *detail)
{
    struct call call = {0};
    request_put_settle(&call.fields, sequence, good, detail);
    lg_error *err = ask(holder, &call, NULL);
    bool done = !err;
    lg_error_free(err);
    return done;
}
