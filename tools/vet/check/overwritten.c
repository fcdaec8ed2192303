/* ignored-close-error: the failure of a close or flush is stored, and overwritten before anybody has read it; or the function
 * leaves because of it, with a status that still says success. */
#include "check.h"
#include "ir.h"
#include "names.h"
#include "reach.h"

#include <string.h>

/* Does the name say that something that was written is closed, flushed or committed? */
static bool closes(const char *name)
{
    static const char *const words[] = {"close", "fclose", "flush",  "fflush",
                                        "fsync", "sync",   "commit", NULL};
    return name_has_any(name, words);
}

/* The call whose status the variable has here, by the last assignment before it in the text; -1: it is no such call. */
static int close_of(const struct ir *ir, int place, int before)
{
    for (int i = before - 1; i >= 0; i--)
        if (at(ir, i)->dst == place)
            return at(ir, i)->kind == I_CALL && at(ir, i)->callee && closes(at(ir, i)->callee) ? i
                                                                                               : -1;
    return -1;
}

static bool reads(const struct ir *ir, const struct instr *instr, int place)
{
    const struct operand *sides[] = {&instr->left, &instr->right};
    for (int i = 0; i < 2; i++)
        if (sides[i]->place >= 0 && place_within(ir, sides[i]->place, place))
            return true;
    for (int i = 0; i < instr->arg_count; i++)
        if (instr->args[i].place >= 0 && place_within(ir, instr->args[i].place, place))
            return true;
    return false;
}

/* Straight on from here: where is the variable given another value, unread? -1: nowhere. */
static int overwritten(const struct ir *ir, int index, int place)
{
    int next = at(ir, index)->next;
    for (int steps = 0; next > index && steps < 40; steps++) {
        const struct instr *instr = at(ir, next);
        if (instr->kind == I_RETURN || instr->kind == I_BRANCH || instr->kind == I_STOP ||
            reads(ir, instr, place))
            return -1;
        if (instr->dst == place)
            return instr->kind == I_CALL ? next : -1;
        next = instr->next;
    }
    return -1;
}

/* ---- if (close(fd) < 0) goto out; with a status that is still 0 ---------------------------------------- */

struct status {
    int place, branch;
};

static enum reach find_return(const struct ir *ir, int index, void *data)
{
    const struct status *status = data;
    const struct instr *instr = at(ir, index);
    if (instr->dst == status->place)
        return REACH_STOP;
    return instr->kind == I_RETURN && instr->left.kind == O_PLACE &&
                   instr->left.place == status->place
               ? REACH_FOUND
               : REACH_ON;
}

static enum reach find_branch(const struct ir *ir, int index, void *data)
{
    const struct status *status = data;
    if (index == status->branch)
        return REACH_FOUND;
    return at(ir, index)->dst == status->place ? REACH_STOP : REACH_ON;
}

/* Is the status 0, whichever way the branch is reached? */
static bool is_zero_at(const struct ir *ir, struct status status)
{
    bool zero = false;
    for (int i = 0; i < ir->code.count; i++) {
        const struct instr *set = at(ir, i);
        if (set->dst != status.place || set->kind == I_DECLARE ||
            reach_nonzero(ir, set->next, status.place, find_branch, &status) < 0)
            continue;
        if (set->kind != I_ASSIGN || set->left.kind != O_NUMBER || set->left.number != 0)
            return false;
        zero = true;
    }
    return zero;
}

/* if (!set_no_flush(task)) log_warn("…"); is no work. */
static bool is_message(const struct instr *call)
{
    static const char *const words[] = {"log",   "warn",   "warning", "error",  "err",     "debug",
                                        "print", "printf", "perror",  "report", "message", NULL};
    return call->callee && name_has_any(call->callee, words);
}

/* Does the other edge do something that the failing one leaves out? */
static bool skips_work(const struct ir *ir, int fails, int goes_on)
{
    for (int i = 0; i < ir->code.count; i++) {
        const struct instr *call = at(ir, i);
        if (call->kind == I_CALL && !call->implicit && !call->deferred && !is_message(call) &&
            (i == goes_on || reaches(ir, goes_on, i)) && i != fails && !reaches(ir, fails, i))
            return true;
    }
    return false;
}

/* The edge that is taken when the close has failed; -1: it is not clear. */
static int failing_edge(const struct instr *branch, int *goes_on)
{
    bool zero = branch->right.kind == O_NUMBER && branch->right.number == 0;
    bool error = (branch->right.kind == O_NUMBER && branch->right.number == -1) ||
                 (branch->right.kind == O_SYMBOL && strcmp(branch->right.text, "EOF") == 0);
    bool yes = (zero && (branch->sign == S2('!', '=') || branch->sign == '<')) ||
               (error && branch->sign == S2('=', '='));
    bool no = (zero && (branch->sign == S2('=', '=') || branch->sign == S2('>', '='))) ||
              (error && branch->sign == S2('!', '='));
    *goes_on = yes ? branch->other : branch->next;
    return yes ? branch->next : no ? branch->other : -1;
}

/* if (!CloseHandle(h)) { …; status = -1; } This is the edge of the failure. */
static bool fails_instead(const struct ir *ir, int edge, int place)
{
    for (int steps = 0; edge >= 0 && steps < 12; steps++) {
        const struct instr *instr = at(ir, edge);
        if (instr->kind == I_BRANCH || instr->kind == I_RETURN || instr->kind == I_STOP)
            return false;
        if (instr->kind == I_ASSIGN && instr->dst == place)
            return instr->left.kind != O_NUMBER || instr->left.number != 0;
        edge = instr->next;
    }
    return false;
}

static bool counts_from_zero(const struct ir *ir)
{
    const struct type *type = &ir->function->type;
    return type->stars == 0 && type->count > 0 && strcmp(type->words[type->count - 1], "int") == 0;
}

/* r = 0; … r = 1; out: return r; says by 1 that all went well. */
static bool succeeds_by_one(const struct ir *ir, int place)
{
    EACH (set, &ir->code)
        if (set->kind == I_ASSIGN && set->dst == place && set->left.kind == O_NUMBER &&
            set->left.number == 1 && set->next >= 0 && at(ir, set->next)->kind == I_JOIN)
            return true;
    return false;
}

static void check_status(struct ir *ir, struct arena *arena, finding_vec *findings, int index)
{
    const struct instr *branch = at(ir, index);
    int goes_on, fails = failing_edge(branch, &goes_on);
    if (fails < 0 || goes_on < 0 || branch->left.kind != O_PLACE ||
        ir->places.at[branch->left.place].kind != P_TEMPORARY)
        return;
    int close = close_of(ir, branch->left.place, index);
    if (close < 0 || !skips_work(ir, fails, goes_on))
        return;
    for (int place = 0; place < ir->places.count; place++) {
        struct status status = {place, index};
        if (ir->places.at[place].kind != P_LOCAL || succeeds_by_one(ir, place) ||
            fails_instead(ir, goes_on, place) || !is_zero_at(ir, status) ||
            reach(ir, fails, find_return, &status) < 0)
            continue;
        struct finding *finding = finding_at(ir, arena, findings, "ignored-close-error",
                                             LEVEL_LIKELY, branch);
        finding->message =
            arena_format(arena, "when %s fails the function leaves, but '%s' still says success",
                         at(ir, close)->callee, place_text(ir, place));
        finding->advice = arena_format(arena, "set '%s' first", place_text(ir, place));
        return;
    }
}

void check_overwritten(struct ir *ir, struct arena *arena, finding_vec *findings)
{
    for (int i = 0; i < ir->code.count; i++) {
        const struct instr *instr = at(ir, i);
        if (instr->kind == I_BRANCH && counts_from_zero(ir))
            check_status(ir, arena, findings, i);
        if (instr->kind != I_ASSIGN || instr->left.kind != O_PLACE || instr->dst < 0 ||
            ir->places.at[instr->dst].kind != P_LOCAL ||
            ir->places.at[instr->left.place].kind != P_LOCAL)
            continue;
        int close = close_of(ir, instr->left.place, i);
        int again = close < 0 ? -1 : overwritten(ir, i, instr->dst);
        if (again < 0)
            continue;
        struct finding *finding = finding_at(ir, arena, findings, "ignored-close-error",
                                             LEVEL_LIKELY, instr);
        finding->message = arena_format(
            arena, "the failure of %s is stored in '%s', which is overwritten before it is read",
            at(ir, close)->callee, place_text(ir, instr->dst));
        finding_note(arena, finding, at(ir, again)->line, at(ir, again)->column,
                     "overwritten here");
        finding->advice = "keep the first failure";
    }
}
