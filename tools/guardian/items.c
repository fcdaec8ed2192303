#define _GNU_SOURCE
#include "assignments.h"
#include "done.h"
#include "facts.h"
#include "message.h"
#include "owner.h"
#include "request.h"

#include <lifoguard/defer.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- the stored form ---- */

static void put_stored(struct buffer *text, const struct owner *owner, const struct spec *sent)
{
    char **environment = assignments_changes(owner->environment, sent->environment);
    lg_defer(assignments_free, environment);
    char **secrets = assignments_names(sent->secrets);
    lg_defer(assignments_free, secrets);
    struct spec stored = *sent;
    union {
        char **mine;
        const char **text;
    } a = {.mine = environment}, b = {.mine = secrets};
    stored.environment = a.text;
    stored.secrets = b.text;
    spec_put(text, &stored);
}

static struct item *new_item(struct owner *owner)
{
    struct item *item = need_memory(NULL, sizeof(*item));
    *item = (struct item){.older = owner->newest};
    item->record.detail = need_copy("", 0);
    owner->newest = item;
    return item;
}

static void free_item(struct item *item)
{
    union {
        const char *text;
        char *mine;
    } spec = {.text = item->record.spec}, detail = {.text = item->record.detail};
    spec_free(&item->spec);
    free(spec.mine);
    free(detail.mine);
    assignments_free(item->secrets);
    free(item);
}

/* A client whose connection broke before it had its answer sends its request again, at once. */
static struct item *find_nonce(const struct owner *owner, int64_t nonce)
{
    enum { RECENT = 256 };
    struct item *item = owner->newest;
    for (int i = 0; item && i < RECENT; i++, item = item->older)
        if (item->spec.nonce == nonce)
            return item;
    return NULL;
}

struct item *owner_add(struct owner *owner, const char *spec, size_t size, enum cleanup_state state)
{
    struct spec sent = {0};
    lg_defer(spec_free, &sent);
    if (!spec_take(spec, size, &sent))
        return NULL;
    struct item *same = find_nonce(owner, sent.nonce);
    if (same)
        return same;
    struct buffer stored = {0};
    put_stored(&stored, owner, &sent);
    struct item *item = new_item(owner);
    item->record.sequence = ++owner->sequence;
    item->record.state = state;
    item->record.moment = moment_now();
    item->record.spec = stored.text;
    item->record.spec_size = stored.length;
    item->secrets = assignments_copy(sent.secrets);
    spec_take(stored.text, stored.length, &item->spec);
    owner->unstored++;
    owner->to_store = true;
    return item;
}

/* ---- storing ---- */

static void stored(struct owner *owner, struct item *item)
{
    item->stored = true;
    owner->unstored--;
    if (item->waiting)
        owner_answer(item->waiting, 0, item->record.sequence, "");
    item->waiting = NULL;
}

static void not_stored(struct owner *owner, struct item *item, const lg_error *err)
{
    owner_is_lost(owner, err);
    if (!item->waiting)
        return;
    struct buffer text = {0};
    lg_defer(buffer_free, &text);
    char *why = lg_error_text(err);
    lg_defer(free, why);
    /* What is intended is acquired only if this succeeds. */
    bool is_held = item->record.state == CLEANUP_HELD;
    buffer_format(&text, "the cleanup is not on disk: %s%s", why ? why : "out of memory",
                  is_held ? ". It runs all the same, unless lifoguard is killed" : "");
    owner_answer(item->waiting, 1, item->record.sequence, text.text);
    item->waiting = NULL;
}

/* All as one: one wait for the disk. */
static bool store_together(struct owner *owner, bool *busy)
{
    lg_error *err = state_start(owner->state);
    size_t left = owner->unstored;
    for (struct item *item = owner->newest; left > 0 && !err; item = item->older) {
        if (item->stored)
            continue;
        left--;
        err = state_add_cleanup(owner->state, &owner->run, &item->record);
    }
    *busy = lg_error_is(err, &state_busy);
    if (!*busy)
        err = lg_error_join(err, state_commit(owner->state));
    bool done = !err;
    lg_error_free(err);
    for (struct item *item = owner->newest; owner->unstored > 0 && done; item = item->older)
        if (!item->stored)
            stored(owner, item);
    return done;
}

/* Once one has waited for a lock in vain, the others do not. */
static void store_item(struct owner *owner, struct item *item, bool *busy)
{
    lg_error *err = *busy ? &state_busy
                          : state_add_cleanup(owner->state, &owner->run, &item->record);
    lg_defer(lg_error_free, err);
    *busy = lg_error_is(err, &state_busy);
    if (err)
        not_stored(owner, item, err);
    else
        stored(owner, item);
}

void owner_store(struct owner *owner)
{
    if (!owner->to_store || owner->lost)
        return;
    owner->to_store = false;
    bool busy = false;
    if (owner->unstored > 1 && store_together(owner, &busy))
        return;
    size_t left = owner->unstored;
    for (struct item *item = owner->newest; left > 0 && !owner->lost; item = item->older) {
        if (item->stored)
            continue;
        left--;
        store_item(owner, item, &busy);
    }
}

bool owner_move(struct owner *owner, struct item *item, enum cleanup_state state,
                const char *detail)
{
    union {
        const char *text;
        char *mine;
    } old = {.text = item->record.detail};
    item->record.detail = need_copy(detail, strlen(detail));
    free(old.mine);
    item->record.state = state;
    if (!item->stored)
        owner_store(owner);
    /* What the disk did not take is in memory only. */
    if (!item->stored && !owner->lost)
        return true;
    return owner_write(owner, item);
}

/* ---- the list ---- */

void owner_remove(struct owner *owner, struct item *item)
{
    struct item **place = &owner->newest;
    while (*place && *place != item)
        place = &(*place)->older;
    if (*place)
        *place = item->older;
    owner->unstored -= !item->stored;
    free_item(item);
}

void owner_drop(struct owner *owner, struct item *item)
{
    if (!item->stale)
        owner_remove(owner, item);
}

bool owner_bring_to_disk(struct owner *owner)
{
    bool all = true;
    owner_write_due(owner);
    owner->to_store = true;
    owner_store(owner);
    for (struct item *item = owner->newest, *older; item && !owner->lost; item = older) {
        older = item->older;
        if (item->stale)
            owner_move(owner, item, item->record.state, item->record.detail);
        bool over = item->record.state == CLEANUP_RELEASED;
        all &= !item->stale && (item->stored || over);
        if (over)
            owner_drop(owner, item);
    }
    return all && !owner->lost;
}

struct item *owner_find(const struct owner *owner, const char *name)
{
    for (struct item *item = owner->newest; item; item = item->older)
        if (item_is_pending(item) && strcmp(item->spec.name, name) == 0)
            return item;
    return NULL;
}

struct item *owner_find_sequence(const struct owner *owner, int64_t sequence)
{
    for (struct item *item = owner->newest; item; item = item->older)
        if (item->record.sequence == sequence)
            return item;
    return NULL;
}

bool item_is_pending(const struct item *item)
{
    return item->record.state == CLEANUP_INTENDED || item->record.state == CLEANUP_HELD ||
           item->record.state == CLEANUP_RELEASING;
}

void item_describe(const struct item *item, struct buffer *text)
{
    if (item->spec.name[0])
        buffer_format(text, "%s: ", item->spec.name);
    spec_describe(text, item->spec.arguments);
}

static lg_error *forget_done(struct owner *owner, const struct state_cleanup *record)
{
    struct state_cleanup done = *record;
    done.state = CLEANUP_RELEASED;
    return state_move_cleanup(owner->state, &owner->run, &done);
}

static lg_error *load_item(const struct state_cleanup *record, void *data)
{
    struct owner *owner = data;
    if (done_has(owner->done, record->sequence))
        return forget_done(owner, record);
    struct item *item = new_item(owner);
    union {
        const char *text;
        char *mine;
    } empty = {.text = item->record.detail};
    free(empty.mine);
    item->record = *record;
    item->record.detail = need_copy(record->detail, strlen(record->detail));
    item->record.spec = need_copy(record->spec, record->spec_size);
    item->stored = true;
    if (record->sequence > owner->sequence)
        owner->sequence = record->sequence;
    if (!spec_take(item->record.spec, item->record.spec_size, &item->spec))
        return lg_error_newf("cleanup %lld: its record cannot be read",
                             (long long)record->sequence);
    if (record->state >= CLEANUP_RELEASING)
        return NULL;
    if (item->spec.flags & SPEC_NESTED)
        item->nested = record->attempt_by;
    else
        item->acquirer = record->attempt_by;
    return NULL;
}

lg_error *owner_load(struct owner *owner)
{
    return state_cleanups(owner->state, owner->run.id, load_item, owner);
}

/* ---- what a cleanup is started with ---- */

static void add_secrets(char ***list, const struct item *item)
{
    for (size_t i = 0; item->spec.secrets[i]; i++) {
        const char *name = item->spec.secrets[i];
        union {
            char **mine;
            const char *const *text;
        } kept = {.mine = item->secrets};
        const char *found = assignments_find(kept.text, name);
        const char *mine = getenv(name);
        if (found)
            assignments_set(list, found);
        else if (mine)
            assignments_set_value(list, name, mine);
        else
            print_message("%s is missing in a cleanup: it was not stored (defer --store)", name);
    }
}

static lg_error *add_variable(const char *name, const char *value, void *data)
{
    if (name[0] != '.')
        assignments_set_value(data, name, value);
    return NULL;
}

static void assign_fact(void *list, const char *name, const char *value)
{
    assignments_set_value(list, name, value);
}

static void add_outcome(char ***list, const struct owner *owner, const struct item *item)
{
    /* Whether an unconfirmed one has anything to release is not known. */
    const struct result result = owner_result(owner);
    const struct cleanup_facts facts = {
        .status = outcome_name(item->unconfirmed ? OUTCOME_UNKNOWN : result.outcome),
        .cause = result.cause,
        .exit_code = result.exit_code,
        .signal = result.exit_signal,
        .run = owner->run.id,
        .sequence = item->record.sequence,
        .attempt = item->record.attempt,
        .epoch = owner->run.epoch};
    cleanup_facts_tell(&facts, assign_fact, list);
}

char **owner_environment(struct owner *owner, const struct item *item)
{
    char **list = assignments_copy(owner->environment);
    if (!item->plain && item->spec.flags & SPEC_LATE)
        lg_error_free(state_variables(owner->state, owner->run.id, add_variable, &list));
    else
        for (size_t i = 0; !item->plain && item->spec.environment[i]; i++)
            assignments_set(&list, item->spec.environment[i]);
    add_secrets(&list, item);
    add_outcome(&list, owner, item);
    assignments_set(&list, REQUEST_ACQUIRE); /* unset */
    assignments_set_value(&list, "LIFOGUARD_RUN", owner->run.id);
    assignments_set_value(&list, "LIFOGUARD_STATE", owner->place);
    return list;
}
