/* cleanup-returned, beside what the engine finds: what a cleanup releases is stored where it lives on, or was only lent. */
#include "check.h"
#include "names.h"
#include "reach.h"
#include "type.h"
#include "walk.h"

#include <string.h>

static const char *cleanup_of(const struct ir *ir, int place)
{
    const struct decl *decl = place >= 0 && ir->places.at[place].kind == P_LOCAL
                                  ? ir->places.at[place].decl
                                  : NULL;
    if (!decl || !decl->attribute || decl->type.is_static)
        return NULL;
    return decl->cleanup ? decl->cleanup : decl->attribute;
}

/* The deferred call that releases the variable: defer { free(p); }; -1: none. */
static int deferred_release(const struct ir *ir, int place)
{
    if (place < 0 || ir->places.at[place].kind != P_LOCAL)
        return -1;
    for (int i = 0; i < ir->code.count; i++) {
        const struct instr *instr = &ir->code.at[i];
        if (instr->kind == I_CALL && instr->deferred && !instr->implicit && instr->callee &&
            instr->arg_count == 1 && instr->args[0].kind == O_PLACE &&
            instr->args[0].place == place && name_releases(instr->callee) == 2)
            return i;
    }
    return -1;
}

static bool releases(const char *cleanup)
{
    return cleanup && (name_releases(cleanup) == 2 || strncmp(cleanup, "g_auto", 6) == 0);
}

/* _cleanup_close_ int fd */
static bool closes_number(const struct decl *decl, const char *cleanup)
{
    return strstr(cleanup, "close") && decl->type.count == 1 &&
           strcmp(decl->type.words[0], "int") == 0;
}

/* Others may hold references too. */
static bool counted(const char *cleanup)
{
    return strstr(cleanup, "unref") || strstr(cleanup, "put") || strstr(cleanup, "deref");
}

/* *ret, p->field, a global: it lives on after the function. */
static bool lives_on(const struct ir *ir, int place)
{
    const struct place *at = &ir->places.at[place];
    enum place_kind root = ir->places.at[at->root].kind;
    if (at->kind == P_GLOBAL)
        return true;
    if (at->kind == P_PART && at->index >= 0 && at->parent == at->root && root == P_PARAMETER)
        return true; /* list[i] */
    return at->kind == P_PART && at->through && (root == P_PARAMETER || root == P_GLOBAL);
}

/* g_autoptr(GFile) file; whose only reference ends with the block: nothing here takes another one. */
static bool is_only_reference(const struct ir *ir, const struct decl *decl, int variable)
{
    if (!decl->attribute || strcmp(decl->attribute, "g_autoptr") != 0)
        return false;
    EACH (instr, &ir->code)
        for (int i = 0; instr->kind == I_CALL && !instr->implicit && i < instr->arg_count; i++)
            if (instr->args[i].place == variable &&
                (!instr->callee || strstr(instr->callee, "ref")))
                return false;
    return true;
}

struct fate {
    int variable, target;
};

static enum reach find_taking(const struct ir *ir, int index, void *data)
{
    struct fate *fate = data;
    const struct instr *instr = &ir->code.at[index];
    if (instr->kind == I_CALL && instr->implicit && instr->arg_count == 1 &&
        instr->args[0].place == fate->variable)
        return REACH_STOP; /* in the next round of a loop it is another one */
    return instr->dst == fate->variable ? REACH_FOUND : REACH_ON;
}

static enum reach find_cleanup(const struct ir *ir, int index, void *data)
{
    struct fate *fate = data;
    const struct instr *instr = &ir->code.at[index];
    if (instr->kind == I_CALL && instr->implicit && instr->arg_count == 1 &&
        instr->args[0].kind == O_ADDRESS && instr->args[0].place == fate->variable)
        return REACH_FOUND;
    if (instr->kind == I_CALL && instr->deferred && instr->arg_count == 1 &&
        instr->args[0].kind == O_PLACE && instr->args[0].place == fate->variable)
        return name_releases(instr->callee ? instr->callee : "") == 2 ? REACH_FOUND : REACH_STOP;
    if (instr->kind == I_BRANCH && (instr->sign == 0 || !instr->expr))
        return REACH_STOP; /* perhaps the deferred call is not due */
    if (instr->kind == I_CALL && !instr->implicit && ir->places.at[fate->target].kind == P_GLOBAL)
        return REACH_STOP;
    for (int i = 0; instr->kind == I_CALL && i < instr->arg_count; i++)
        if (instr->args[i].place == fate->variable ||
            (instr->args[i].place >= 0 &&
             ir->places.at[instr->args[i].place].root == ir->places.at[fate->target].root))
            return REACH_STOP; /* it may have been borrowed for that call */
    return REACH_ON;
}

static bool set_again(const struct ir *ir, int target, int index)
{
    for (int i = 0; i < ir->code.count; i++)
        if (i != index && ir->code.at[i].dst == target && ir->code.at[i].kind != I_DECLARE)
            return true;
    return false;
}

static void check_stored_at(struct ir *ir, struct arena *arena, finding_vec *findings, int index)
{
    const struct instr *instr = &ir->code.at[index];
    if (instr->kind != I_ASSIGN || instr->left.kind != O_PLACE || instr->dst < 0)
        return;
    int variable = instr->left.place;
    const struct decl *decl = ir->places.at[variable].decl;
    int deferred = deferred_release(ir, variable);
    const char *cleanup = deferred >= 0 ? ir->code.at[deferred].callee : cleanup_of(ir, variable);
    if (!decl || !cleanup || !lives_on(ir, instr->dst) || set_again(ir, instr->dst, index) ||
        (!is_only_reference(ir, decl, variable) &&
         (!releases(cleanup) || counted(cleanup) ||
          (decl->type.stars == 0 && !closes_number(decl, cleanup)))))
        return;
    struct fate fate = {.variable = variable, .target = instr->dst};
    if (reach(ir, instr->next, find_taking, &fate) >= 0 ||
        reach(ir, instr->next, find_cleanup, &fate) < 0)
        return;
    struct finding *finding = finding_at(ir, arena, findings, "cleanup-returned", LEVEL_SURE,
                                         instr);
    finding->message = arena_format(arena, "'%s' is stored in '%s', but %s releases it",
                                    place_text(ir, variable), place_text(ir, instr->dst),
                                    deferred >= 0 ? "a deferred call" : "its cleanup");
    finding->about = place_text(ir, variable);
    if (deferred < 0) {
        finding_note(arena, finding, decl->line, decl->column, "declared with a cleanup here");
        finding->advice = "transfer it: TAKE_PTR, g_steal_pointer, no_free_ptr";
    } else {
        finding_note(arena, finding, ir->code.at[deferred].line, ir->code.at[deferred].column,
                     "released here");
        /* Only such a result tells lg_defer_on_error that the function has failed. */
        finding->advice = type_points_to(&ir->function->type, "lg_error")
                              ? "release it only when the function fails: lg_defer_on_error"
                              : "keep it when the function succeeds: lg_defer_as, and "
                                "lg_deferred_dismiss before the return";
    }
}

/* ---- what was only lent ---------------------------------------------------------------------------- */

struct returns {
    int lent, other;
    bool counts;
};

static void ask_count(void *data, const struct expr *expr)
{
    static const char *const words[] = {"ref",  "get",    "inc", "dup", "hold",
                                        "grab", "strdup", "new", NULL};
    struct returns *returns = data;
    returns->counts |= expr->kind == E_CALL && (!expr->name || name_has_any(expr->name, words));
    returns->counts |= expr->kind == E_POSTFIX ||
                       (expr->kind == E_PREFIX && expr->sign == S2('+', '+'));
}

static void collect(const struct stmt *stmt, struct returns *returns)
{
    if (!stmt)
        return;
    if (stmt->kind == S_RETURN && stmt->value && !expr_is_null(stmt->value)) {
        bool part = stmt->value->kind == E_MEMBER || stmt->value->kind == E_INDEX;
        returns->lent += part;
        returns->other += !part;
    }
    collect(stmt->then, returns);
    collect(stmt->otherwise, returns);
    for (int i = 0; i < stmt->list.count; i++)
        collect(stmt->list.at[i], returns);
}

/* A function of this file that returns a part of what it is passed, without a reference of its own. */
static bool lends(const struct ir *ir, const char *name)
{
    const struct function *function = name ? function_of(ir, name) : NULL;
    struct returns returns = {0};
    if (!function)
        return false;
    collect(function->body, &returns);
    each_expression(function->body, ask_count, &returns);
    return returns.lent > 0 && returns.other == 0 && !returns.counts;
}

static void check_lent(struct ir *ir, struct arena *arena, finding_vec *findings, int index)
{
    const struct instr *call = &ir->code.at[index];
    if (call->kind != I_CALL || call->dst < 0 || !releases(cleanup_of(ir, call->dst)) ||
        !lends(ir, call->callee))
        return;
    const struct decl *decl = ir->places.at[call->dst].decl;
    struct finding *finding = finding_add(arena, findings, "cleanup-returned", LEVEL_SURE,
                                          ir->unit->path, ir->function->name, decl->line,
                                          decl->column);
    finding->message = arena_format(arena, "the cleanup of '%s' releases what '%s' only lends",
                                    decl->name, call->callee);
    finding_note(arena, finding, call->line, call->column, "borrowed here");
    finding->advice = "take a reference of your own, or leave the cleanup out";
}

void check_stored_cleanups(struct ir *ir, struct arena *arena, finding_vec *findings)
{
    for (int i = 0; i < ir->code.count; i++) {
        check_stored_at(ir, arena, findings, i);
        check_lent(ir, arena, findings, i);
    }
}
