/* The requests of processes of the run: to register a cleanup, to take it back, to carry it out. */
#define _GNU_SOURCE
#include "buffer.h"
#include "connection.h"
#include "request.h"
#include "wire.h"

#include <lifoguard/defer.h>
#include <stdlib.h>
#include <string.h>

static void answer_error(struct owner *owner, struct client *client, lg_error *err)
{
    lg_defer(lg_error_free, err);
    owner_is_lost(owner, err);
    char *text = err ? lg_error_text(err) : NULL;
    lg_defer(free, text);
    owner_answer(client, err ? 1 : 0, 0, err ? (text ? text : "out of memory") : "");
}

/* ---- requests ---- */

typedef void answer_request(struct owner *owner, struct client *client, struct wire_reader *reader);

/* The `acquire` that intends it must have ended before it is undone, or it could acquire afterwards: so for this cleanup the
 * moment of the registration is the one before that process started. */
static void set_acquirer(struct item *item, pid_t pid)
{
    struct process *acquirer = &item->acquirer;
    if (!process_read(pid, acquirer))
        return;
    item->record.moment = (struct moment){acquirer->started, acquirer->pid - 1};
    item->record.attempt_by = *acquirer;
}

static void add(struct owner *owner, struct client *client, struct wire_reader *reader,
                enum cleanup_state state, bool by_acquirer)
{
    struct item *item = owner_add(owner, reader->at, reader->left, state);
    if (!item) {
        owner_answer(
            client, 2, 0,
            "this registration cannot be read: was lifoguard upgraded while the run goes on? Start the run again");
        return;
    }
    if (by_acquirer && !item->stored)
        set_acquirer(item, client->pid);
    if (item->spec.flags & SPEC_NESTED && !item->stored) {
        process_read(client->pid, &item->nested);
        item->record.attempt_by = item->nested;
    }
    if (item->stored)
        owner_answer(client, 0, item->record.sequence, "");
    else
        item->waiting = client;
}

static void request_defer(struct owner *owner, struct client *client, struct wire_reader *reader)
{
    add(owner, client, reader, CLEANUP_HELD, false);
}

/* Intended by a command that goes on after it was acquired, and is ended before everything else if it has lost its owner. What it
 * has started before, a server that the cleanup needs, stays (R3). */
static void request_foresee(struct owner *owner, struct client *client, struct wire_reader *reader)
{
    add(owner, client, reader, CLEANUP_INTENDED, false);
}

static void request_intend(struct owner *owner, struct client *client, struct wire_reader *reader)
{
    add(owner, client, reader, CLEANUP_INTENDED, true);
}

/* NULL: there is none, and the client has its answer. */
static struct item *find_pending(struct owner *owner, struct client *client, int64_t sequence)
{
    struct item *item = owner_find_sequence(owner, sequence);
    if (item && item_is_pending(item) && item->record.state != CLEANUP_RELEASING &&
        !item->under_way)
        return item;
    if (item && item->record.state == CLEANUP_FAILED)
        owner_answer(client, 1, 0, "it failed");
    else
        owner_answer(client, ANSWER_GONE, 0, "no such cleanup is pending");
    return NULL;
}

static void request_find(struct owner *owner, struct client *client, struct wire_reader *reader)
{
    const char *name = wire_take_text(reader);
    const struct item *item = owner_find(owner, name);
    struct buffer text = {0};
    lg_defer(buffer_free, &text);
    if (!item)
        buffer_format(&text, "no cleanup with the name %s is pending: see lifoguard pending", name);
    owner_answer(client, item ? 0 : ANSWER_GONE, item ? item->record.sequence : 0,
                 item ? "" : text.text);
}

static void request_confirm(struct owner *owner, struct client *client, struct wire_reader *reader)
{
    struct item *item = find_pending(owner, client, wire_take_number(reader));
    if (!item)
        return;
    bool ours = owner_move(owner, item, CLEANUP_HELD, "");
    owner_answer(client, ours ? 0 : 1, 0, ours ? "" : lg_error_message(&state_lost));
}

/* What was not acquired, or is not to be released any more. */
static void withdraw(struct owner *owner, struct client *client, struct item *item)
{
    if (!item)
        return;
    bool ours = owner_move(owner, item, CLEANUP_RELEASED, "");
    if (ours)
        owner_drop(owner, item);
    owner_answer(client, ours ? 0 : 1, 0, ours ? "" : lg_error_message(&state_lost));
}

static void request_withdraw(struct owner *owner, struct client *client, struct wire_reader *reader)
{
    withdraw(owner, client, find_pending(owner, client, wire_take_number(reader)));
}

static void undo(struct owner *owner, struct client *client, int64_t from, int64_t to)
{
    /* It would wait for itself. */
    if (owner->cleaning ||
        (owner->attempt.pid && process_is_below(client->pid, owner->attempt.pid))) {
        owner_answer(client, 1, 0, "not in a cleanup: they are being carried out already");
        return;
    }
    client->undoes = true;
    client->undo_from = from;
    client->undo_to = to;
    client->undo_status = -1;
}

static void request_undo(struct owner *owner, struct client *client, struct wire_reader *reader)
{
    int64_t sequence = wire_take_number(reader);
    /* An owner that has taken the run over while that one was carried out settles how it ended. */
    const struct item *item = owner->settling && owner->settling->record.sequence == sequence
                                  ? owner->settling
                                  : find_pending(owner, client, sequence);
    if (item)
        undo(owner, client, item->record.sequence, item->record.sequence);
}

static void request_undo_since(struct owner *owner, struct client *client,
                               struct wire_reader *reader)
{
    int64_t mark = wire_take_number(reader);
    const char *scope = wire_take_text(reader);
    free(client->undo_scope);
    client->undo_scope = *scope ? need_copy(scope, strlen(scope)) : NULL;
    undo(owner, client, mark + 1, INT64_MAX);
    if (reader->left > 0)
        client->undo_status = (int)wire_take_number(reader);
}

static void request_mark(struct owner *owner, struct client *client, struct wire_reader *reader)
{
    (void)reader;
    owner_answer(client, 0, owner->sequence, "");
}

static void request_keep(struct owner *owner, struct client *client, struct wire_reader *reader)
{
    answer_error(owner, client, owner_keep(owner, wire_take_number(reader) != 0));
}

static void request_set(struct owner *owner, struct client *client, struct wire_reader *reader)
{
    const char *name = wire_take_text(reader);
    const char *value = wire_take_text(reader);
    if (*name == '\0' || *name == '.')
        owner_answer(client, 2, 0, "not a variable's name");
    else
        answer_error(owner, client, state_set_variable(owner->state, &owner->run, name, value));
}

/* ---- a command that carries its cleanups out itself ---- */

static struct item *find_own(struct owner *owner, struct client *client, int64_t sequence)
{
    struct item *item = owner_find_sequence(owner, sequence);
    if (item && item_is_pending(item))
        return item;
    owner_answer(client, 1, 0, "no such cleanup is pending");
    return NULL;
}

/* The answer is the number of the attempt. */
static void request_claim(struct owner *owner, struct client *client, struct wire_reader *reader)
{
    struct item *item = find_own(owner, client, wire_take_number(reader));
    struct process attempt;
    if (!item)
        return;
    if (!process_read((pid_t)wire_take_number(reader), &attempt) ||
        !owner_claim(owner, item, &attempt))
        owner_answer(client, 1, 0, "it is not to be had any more");
    else
        owner_answer(client, 0, item->record.attempt, "");
}

static void request_settle(struct owner *owner, struct client *client, struct wire_reader *reader)
{
    struct item *item = find_own(owner, client, wire_take_number(reader));
    if (!item)
        return;
    bool good = wire_take_number(reader) != 0;
    bool ours = owner_settle(owner, item, good, wire_take_text(reader));
    owner_answer(client, ours ? 0 : 1, 0, ours ? "" : lg_error_message(&state_lost));
}

static void request_epoch(struct owner *owner, struct client *client, struct wire_reader *reader)
{
    (void)reader;
    owner_answer(client, 0, owner->run.epoch, "");
}

static const struct {
    const char *name;
    answer_request *answer;
} requests[] = {{"defer", request_defer},
                {"intend", request_intend},
                {"foresee", request_foresee},
                {"confirm", request_confirm},
                {"withdraw", request_withdraw},
                {"undo", request_undo},
                {"undo-since", request_undo_since},
                {"find", request_find},
                {"mark", request_mark},
                {"keep", request_keep},
                {"set", request_set},
                {"claim", request_claim},
                {"settle", request_settle},
                {"epoch", request_epoch}};

void owner_handle(struct owner *owner, struct client *client, const char *data, size_t size)
{
    struct wire_reader reader = wire_read(data, size);
    const char *name = wire_take_text(&reader);
    client->waits = true;
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        if (strcmp(requests[i].name, name) == 0) {
            requests[i].answer(owner, client, &reader);
            return;
        }
    }
    owner_answer(client, 2, 0, "this request is not known here");
}
