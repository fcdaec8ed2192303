/* Changes that wait for the next one, so that both are one wait for the disk. */
#define _GNU_SOURCE
#include "attempt.h"
#include "buffer.h"
#include "done.h"
#include "message.h"
#include "owner.h"

#include <lifoguard/defer.h>
#include <stdlib.h>

static bool any_due(const struct owner *owner)
{
    return owner->outcome_due || owner->released;
}

/* Told again if the owner changes in between. */
static lg_error *write_outcome(const struct owner *owner)
{
    struct buffer text = {0};
    lg_defer(buffer_free, &text);
    buffer_format(&text, "%d %d %d %s", (int)owner->outcome, owner->exit_code, owner->exit_signal,
                  owner->cause);
    return state_set_variable(owner->state, &owner->run, ".outcome", text.text);
}

static lg_error *write_together(const struct owner *owner, const struct item *item)
{
    lg_error *err = state_start(owner->state);
    if (err)
        return err;
    if (owner->outcome_due)
        err = write_outcome(owner);
    if (!err && owner->released)
        err = state_move_cleanup(owner->state, &owner->run, &owner->released->record);
    if (!err && item)
        err = state_move_cleanup(owner->state, &owner->run, &item->record);
    return lg_error_join(err, state_commit(owner->state));
}

/* The disk is full, say: what is to be released is released nevertheless, which often makes room. */
static void not_written(struct owner *owner, const lg_error *err)
{
    char *why = lg_error_text(err);
    lg_defer(free, why);
    if (!owner->said_why)
        print_message("%s; the cleanups go on all the same", why ? why : "out of memory");
    owner->said_why = true;
}

static void released_is_written(struct owner *owner, bool good)
{
    struct item *item = owner->released;
    owner->released = NULL;
    if (!item)
        return;
    item->stale = !good;
    if (!good) {
        done_set(owner->done, item->record.sequence);
        return;
    }
    attempt_forget(owner->directory, item->record.sequence, item->record.attempt);
    owner_remove(owner, item);
}

bool owner_write(struct owner *owner, struct item *item)
{
    lg_error *err = item && !any_due(owner)
                        ? state_move_cleanup(owner->state, &owner->run, &item->record)
                        : write_together(owner, item);
    lg_defer(lg_error_free, err);
    if (item)
        item->stale = err != NULL;
    if (owner_is_lost(owner, err))
        return false;
    owner->outcome_due = false;
    released_is_written(owner, !err);
    if (err && item && item->record.state == CLEANUP_RELEASED)
        done_set(owner->done, item->record.sequence);
    if (err)
        not_written(owner, err);
    return true;
}

void owner_write_due(struct owner *owner)
{
    if (any_due(owner) && !owner->lost)
        owner_write(owner, NULL);
}

void owner_release_later(struct owner *owner, struct item *item)
{
    owner_write_due(owner);
    item->record.state = CLEANUP_RELEASED;
    item->stale = true;
    owner->released = item;
}
