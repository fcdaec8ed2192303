/* double-lock: a function of the file is called that takes the lock which its caller holds. */
#include "check.h"
#include "helper.h"
#include "knowledge.h"
#include "names.h"
#include "reach.h"

#include <string.h>

/* Locks that the same thread cannot take twice, unless they were made to allow that. */
static bool excludes(const char *name)
{
    static const char *const names[] = {"pthread_mutex_lock",
                                        "pthread_spin_lock",
                                        "pthread_rwlock_wrlock",
                                        "mtx_lock",
                                        "mutex_lock",
                                        "spin_lock",
                                        "spin_lock_irqsave",
                                        "down_write",
                                        "g_mutex_lock",
                                        "g_rw_lock_writer_lock",
                                        "lg_mutex_lock",
                                        "lg_rwmutex_lock",
                                        "uv_mutex_lock",
                                        NULL};
    return word_in(name, names);
}

struct held {
    const struct knowledge *knowledge;
    const char *callee;
    int place, lock;
};

static bool has_key(const struct instr *call, int place)
{
    for (int i = 0; i < call->arg_count; i++)
        if (call->args[i].place >= 0 && call->args[i].place == place)
            return true;
    return false;
}

/* if (!locked) lock(); … if (locked) helper(); Does a test that leads to the lock decide about this branch too? */
static bool decided_before(const struct ir *ir, const struct held *held, const struct instr *branch)
{
    int tested = branch->left.place;
    if (!branch->sign || tested < 0)
        return true;
    EACH (before, &ir->code)
        if (before->kind == I_BRANCH && before->left.place >= 0 &&
            (place_depends(ir, tested, before->left.place) ||
             place_depends(ir, before->left.place, tested)) &&
            reaches(ir, (int)(before - ir->code.at), held->lock))
            return true;
    return false;
}

static enum reach find_helper(const struct ir *ir, int index, void *data)
{
    const struct held *held = data;
    const struct instr *instr = at(ir, index);
    if (instr->kind == I_BRANCH && decided_before(ir, held, instr))
        return REACH_STOP;
    if (instr->dst >= 0 && place_within(ir, held->place, instr->dst))
        return REACH_STOP;
    if (instr->kind != I_CALL || !instr->callee)
        return REACH_ON;
    if (has_key(instr, held->place) || name_unlocks(instr->callee))
        return REACH_STOP;
    return helper_locks(held->knowledge, ir, instr, held->callee, held->place) ? REACH_FOUND
                                                                               : REACH_ON;
}

static bool made_to_nest(const struct ir *ir)
{
    EACH (token, &ir->unit->lexed.tokens)
        if (token_is(token, "PTHREAD_MUTEX_RECURSIVE") || token_is(token, "mtx_recursive") ||
            token_is(token, "PTHREAD_MUTEX_RECURSIVE_NP"))
            return true;
    return false;
}

void check_relocks(struct ir *ir, const struct knowledge *knowledge, struct arena *arena,
                   finding_vec *findings)
{
    for (int i = 0; i < ir->code.count; i++) {
        const struct instr *lock = at(ir, i);
        if (lock->kind != I_CALL || lock->implicit || lock->indirect || !lock->callee ||
            !excludes(lock->callee) || lock->arg_count < 1 || lock->args[0].place < 0)
            continue;
        struct held held = {knowledge, lock->callee, lock->args[0].place, i};
        int again = reach(ir, lock->next, find_helper, &held);
        if (again < 0 || made_to_nest(ir))
            continue;
        const struct instr *call = at(ir, again);
        struct finding *finding = finding_at(ir, arena, findings, "double-lock", LEVEL_SURE, call);
        finding->about = place_text(ir, held.place);
        finding->message = arena_format(arena, "'%s' takes '%s', which is held already",
                                        call->callee, place_text(ir, held.place));
        finding_note(arena, finding, lock->line, lock->column, "locked here");
        finding->advice = arena_format(
            arena, "unlock it first, or write a form of %s that expects the lock", call->callee);
    }
}
