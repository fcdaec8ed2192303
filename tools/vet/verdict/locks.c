/* Locks that are taken twice, and unlocked by who does not hold them. */
#include "harness.h"
#include "names.h"
#include "site_parts.h"
#include "verdict_parts.h"

#include <string.h>
#include <strings.h>

static bool ends_as_lock(const char *name)
{
    static const char *const ends[] = {"lock",    "lock_irqsave", "lock_irq",   "lock_bh",
                                       "wr_lock", "write_lock",   "down_write", NULL};
    size_t length = strlen(name);
    for (const char *const *end = ends; *end; end++)
        if (length >= strlen(*end) && strcasecmp(name + length - strlen(*end), *end) == 0)
            return true;
    return strstr(name, "mutex") || strstr(name, "LOCK");
}

/* Locks that the same thread may take more than once. */
static bool may_nest(const struct judge *judge, const struct instr *lock)
{
    return judge->site->resource != R_LOCK || name_nests(lock->callee) ||
           name_trylocks(lock->callee) || name_tries_lock(lock->callee) ||
           name_has(lock->callee, "until") || name_has(lock->callee, "timedlock") ||
           !ends_as_lock(lock->callee);
}

/* mutex_init_recursive(&lock) */
static bool made_to_nest(const struct judge *judge)
{
    EACH (instr, &judge->ir->code)
        if (instr->kind == I_CALL && instr->callee && strstr(instr->callee, "recursive"))
            return true;
    return false;
}

static bool excludes_threads(const char *name)
{
    return strstr(name, "mutex") || strstr(name, "spin") || strstr(name, "rwlock") ||
           name_has(name, "mtx") || strstr(name, "rw_lock_writer") || strstr(name, "down");
}

static bool reached_while(const struct judge *judge, int instr, enum event_kind kind)
{
    EACH (event, &judge->simulation->events)
        if (event->kind == kind && event->instr == instr)
            return true;
    return false;
}

/* message_lock(message), file_lock(file): what such a lock means, only its project knows. */
bool judge_is_mutex(const struct judge *judge, const struct instr *lock)
{
    const char *text = judge_site_text(judge);
    return excludes_threads(lock->callee) || strstr(text, "lock") || strstr(text, "LOCK") ||
           strstr(text, "Lock") || strstr(text, "mutex") || strstr(text, "Mutex") ||
           strstr(text, "mtx");
}

void judge_relock(struct judge *judge, const struct event *event)
{
    const struct instr *again = instr_at(judge, event->instr),
                       *first = instr_at(judge, event->state->acquired);
    if (!judge_is_mutex(judge, again) || may_nest(judge, again) || again->callee != first->callee ||
        made_to_nest(judge))
        return;
    if (again == first && (!excludes_threads(again->callee) || judge_site_text(judge)[0] == '$' ||
                           strchr(judge_site_text(judge), '[')))
        return; /* each round may have a lock of its own */
    judge_report(judge, event, "double-lock", LEVEL_SURE, "is locked again while it is held",
                 event->state->acquired, "locked here");
}

/* unlock(); callback(); lock(); in a function that is called with the lock held. */
static bool locks_again(const struct judge *judge, int at)
{
    for (int steps = 0; at >= 0 && steps < 400; steps++, at = instr_at(judge, at)->next) {
        const struct instr *instr = instr_at(judge, at);
        if (instr->kind == I_RETURN || instr->kind == I_STOP)
            return false;
        EACH (acquisition, &judge->site->acquisitions)
            if (acquisition->instr == at)
                return true;
    }
    return false;
}

bool judge_locked_otherwise(const struct judge *judge)
{
    if (judge->site->place < 0 && judge->site->argument && *judge->site->argument)
        return true; /* unlock(NULL), in a test */
    EACH (instr, &judge->ir->code) {
        if (instr->kind != I_CALL || !instr->callee || name_unlocks(instr->callee) ||
            name_locks(instr->callee) || name_trylocks(instr->callee))
            continue;
        bool same = false;
        for (int i = 0; i < instr->arg_count; i++)
            same |= judge->site->place >= 0 && instr->args[i].place == judge->site->place;
        if (same && (strstr(instr->callee, "lock") || strstr(instr->callee, "LOCK")))
            return true;
    }
    return false;
}

/* Does a branch just before this statement ask this place? */
static bool asked_before(const struct judge *judge, int instr, int place)
{
    for (int i = instr - 1; i >= 0 && i >= instr - 6; i--) {
        const struct instr *before = instr_at(judge, i);
        if (before->kind == I_BRANCH && before->left.place == place)
            return true;
    }
    return false;
}

/* if (!caller_has_lock && object) lock(object); … if (!caller_has_lock && object) unlock(object); */
static bool locked_on_same_condition(const struct judge *judge, int unlock)
{
    for (int i = unlock - 1; i >= 0 && i >= unlock - 6; i--) {
        const struct instr *branch = instr_at(judge, i);
        if (branch->kind != I_BRANCH || branch->left.place < 0)
            continue;
        EACH (acquisition, &judge->site->acquisitions)
            if (asked_before(judge, acquisition->instr, branch->left.place))
                return true;
    }
    return false;
}

/* if (!x->ready) goto out; lock(x); … out: unlock(x); does nothing in between. */
static bool goes_straight(const struct judge *judge, int at, int unlock)
{
    for (int steps = 0; at >= 0 && steps < 10; steps++, at = instr_at(judge, at)->next) {
        if (at == unlock)
            return true;
        if (instr_at(judge, at)->kind != I_JOIN && instr_at(judge, at)->kind != I_ASSIGN)
            return false;
    }
    return false;
}

static bool is_lock(const struct judge *judge, int at)
{
    const struct instr *call = instr_at(judge, at);
    return call->kind == I_CALL && call->callee && name_locks(call->callee);
}

/* if (!handed_over) lock(x): the parameter says that the caller has the lock. */
static bool locks_if_zero(const struct judge *judge, const struct instr *branch, int at, int lock)
{
    int zero = branch->sign == S2('=', '=') ? branch->next : branch->other;
    return judge->ir->places.at[branch->left.place].kind == P_PARAMETER &&
           branch->right.kind == O_NUMBER && branch->right.number == 0 && zero > at && zero <= lock;
}

/* if (server->started) lock(server), if (!handed_over) { lock(a); lock(b); } Else the caller has the lock already. */
static bool locked_on_condition(const struct judge *judge, int unlock)
{
    EACH (acquisition, &judge->site->acquisitions) {
        int before = acquisition->instr - 1;
        while (before >= 0 && (instr_at(judge, before)->kind == I_JOIN || is_lock(judge, before)))
            before--;
        const struct instr *branch = before >= 0 ? instr_at(judge, before) : NULL;
        if (branch && branch->kind == I_BRANCH && branch->left.place >= 0 &&
            (judge->ir->places.at[branch->left.place].kind == P_PART ||
             locks_if_zero(judge, branch, before, acquisition->instr)) &&
            !goes_straight(judge, branch->next, unlock) &&
            !goes_straight(judge, branch->other, unlock))
            return true;
    }
    return false;
}

/* entry = table_find(table, key); … unlock(&entry->lock): what finds an entry may well return it locked. */
static bool comes_locked(const struct judge *judge)
{
    const struct place *lock = judge->site->place >= 0 ? &judge->ir->places.at[judge->site->place]
                                                       : NULL;
    for (int i = 0; lock && lock->kind == P_PART && lock->through && i < judge->ir->code.count;
         i++) {
        const struct instr *call = instr_at(judge, i);
        if (call->kind == I_CALL && call->callee && call->dst >= 0 &&
            place_variable(judge->ir, i, call->dst) == lock->root && !model_allocates(call->callee))
            return true;
    }
    return false;
}

void judge_unheld(struct judge *judge, const struct event *event)
{
    /* Only if the same unlock is also reached with the lock held, and the lock was not the caller's. */
    if (judge->site->resource != R_LOCK || !reached_while(judge, event->instr, EV_RELEASE))
        return;
    if (!judge_is_mutex(judge, instr_at(judge, event->instr)))
        return; /* node_lock(node), node_unlock(node) may well count */
    EACH (other, &judge->simulation->events)
        if (other->kind == EV_UNHELD && (!reached_while(judge, other->instr, EV_RELEASE) ||
                                         locks_again(judge, instr_at(judge, other->instr)->next)))
            return;
    if (judge_locked_otherwise(judge) || is_of_test(judge->ir) || comes_locked(judge) ||
        locked_on_condition(judge, event->instr) || locked_on_same_condition(judge, event->instr))
        return;
    judge_report(judge, event, "unlock-without-lock", LEVEL_SURE,
                 "is unlocked here on a path that has not locked it", -1, "");
}

/* connection_lock(c); if (closing) return close_it(c); What is returned is the result of a function that is passed what is
 * locked, and may well unlock it. */
bool judge_passes_locked(const struct judge *judge, const struct event *exit)
{
    const struct instr *returns = instr_at(judge, exit->instr);
    int result = returns->kind == I_RETURN ? returns->left.place : -1;
    if (result < 0 || judge->ir->places.at[result].kind != P_TEMPORARY)
        return false;
    for (const struct state *at = exit->state->from; at && at->instr != exit->state->acquired;
         at = at->from) {
        const struct instr *call = instr_at(judge, at->instr);
        if (call->kind != I_CALL || call->dst != result)
            continue;
        for (int i = 0; i < call->arg_count; i++)
            if (call->args[i].kind == O_PLACE && call->args[i].place == judge->site->place)
                return true;
        return false;
    }
    return false;
}

/* sep_lock(sep); id = resume(sep); if (id == 0) { sep_unlock(sep); return 0; } … return id; What such a lock means, only its
 * project knows: it may stay at the end of the function. */
bool judge_may_stay_locked(const struct judge *judge, const struct event *exit)
{
    if (judge->releases > 1 || exit->state->failing ||
        judge_is_mutex(judge, instr_at(judge, exit->state->acquired)))
        return false;
    EACH (event, &judge->simulation->events)
        if (event->kind == EV_RELEASED_EXIT && event->instr >= exit->instr)
            return false;
    return true;
}

/* if (check(x) < 0) { unlock(x); return -1; } … return 0; Where all goes well, is the lock held at the end of the function, and
 * unlocked only at exits before it? Then the caller unlocks. */
bool judge_hands_lock_out(const struct judge *judge, const struct event *exit)
{
    if (classify_exit(judge->ir, exit->state) == CLASS_FAILURE || exit->state->failing)
        return false;
    EACH (event, &judge->simulation->events)
        if (event->kind == EV_RELEASED_EXIT &&
            (event->instr >= exit->instr ||
             classify_exit(judge->ir, event->state) == CLASS_SUCCESS))
            return false;
    return true;
}
