/* ignored-close-error: whether a transaction was committed is not looked at, and success is reported. */
#include "check.h"
#include "ir.h"
#include "names.h"
#include "prototype.h"
#include "walk.h"

#include <string.h>

/* sqlite3_exec(db, "COMMIT", …) */
static bool executes_commit(const struct instr *call)
{
    if (strcmp(call->callee, "sqlite3_exec") != 0 && strcmp(call->callee, "mysql_query") != 0)
        return false;
    for (int i = 0; i < call->arg_count; i++)
        if (call->args[i].kind == O_STRING && (strncmp(call->args[i].text, "\"COMMIT", 7) == 0 ||
                                               strncmp(call->args[i].text, "\"commit", 7) == 0))
            return true;
    return false;
}

static bool returns_status(const struct ir *ir, const char *callee)
{
    static const char *const types[] = {"int", "bool", "gboolean", "ssize_t", NULL};
    const struct prototype *prototype = prototype_of(ir->unit, callee);
    return prototype && prototype->result.name && prototype->result.stars == 0 &&
           word_in(prototype->result.name, types);
}

static bool commits(const struct ir *ir, const struct instr *call)
{
    static const char *const known[] = {"mysql_commit", "mdb_txn_commit", "git_index_write", NULL};
    if (call->kind != I_CALL || call->implicit || call->indirect || call->deferred || !call->callee)
        return false;
    return executes_commit(call) || word_in(call->callee, known) ||
           ((name_ends_with(call->callee, "_commit") || strncmp(call->callee, "commit_", 7) == 0) &&
            returns_status(ir, call->callee));
}

static bool is_used(const struct ir *ir, int place)
{
    return place >= 0 && (ir->places.at[place].kind != P_TEMPORARY || place_is_used(ir, place));
}

/* (void)db_commit(db) */
static bool said_to_be_ignored(const struct ir *ir, const struct instr *call)
{
    const struct token *first = ir->unit->lexed.tokens.at;
    EACH (token, &ir->unit->lexed.tokens)
        if (token->line == call->line && token->column == call->column)
            return token - first >= 3 && token[-1].sign == ')' && token_is(token - 2, "void");
    return false;
}

/* From here straight to a return that says success? */
static bool ends_well(const struct ir *ir, int index)
{
    bool truth = false;
    for (int i = 0; i < ir->function->type.count; i++)
        truth |= strstr(ir->function->type.words[i], "bool") != NULL;
    int at = ir->code.at[index].next;
    for (int steps = 0; at >= 0 && steps < 20; steps++) {
        const struct instr *instr = &ir->code.at[at];
        if (instr->kind == I_RETURN)
            return (instr->left.kind == O_NUMBER && (instr->left.number == 0) != truth &&
                    instr->left.number >= 0) ||
                   (instr->left.kind == O_SYMBOL && name_means(instr->left.text) > 0);
        if (instr->kind == I_BRANCH || instr->kind == I_STOP || instr->next <= at)
            return false;
        at = instr->next;
    }
    return false;
}

void check_commits(struct ir *ir, struct arena *arena, finding_vec *findings)
{
    if (ir->function->type.stars > 0)
        return;
    for (int i = 0; i < ir->code.count; i++) {
        const struct instr *call = &ir->code.at[i];
        if (!commits(ir, call) || is_used(ir, call->dst) || !ends_well(ir, i) ||
            said_to_be_ignored(ir, call))
            continue;
        struct finding *finding = finding_at(ir, arena, findings, "ignored-close-error",
                                             LEVEL_LIKELY, call);
        finding->message = arena_format(
            arena, "the result of %s is ignored, and success is reported", call->callee);
        finding->advice = arena_format(arena, "return a failure if %s fails", call->callee);
    }
}
