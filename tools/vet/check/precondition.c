/* uninit-cleanup: g_return_if_fail leaves the function while a variable with a cleanup has no value yet. */
#include "check.h"
#include "names.h"
#include "walk.h"

#include <string.h>

/* g_return_if_fail(x), g_return_val_if_fail(x, result): they return. */
static const struct expr *leaves(const struct stmt *stmt)
{
    const struct expr *call = stmt->kind == S_EXPR ? call_of(stmt) : NULL;
    bool precondition = call && call->name && strstr(call->name, "return_") &&
                        (name_ends_with(call->name, "if_fail") ||
                         name_ends_with(call->name, "if_reached"));
    return precondition ? call : NULL;
}

/* Releases the cleanup what the variable holds, when it holds nothing yet? */
static bool needs_value(const struct decl *decl)
{
    return decl->attribute && !decl->value && !decl->type.is_static && !decl->type.is_array &&
           decl->type.stars <= 1 &&
           (strncmp(decl->attribute, "g_auto", 6) == 0 || decl->type.stars == 1);
}

static void check_declaration(struct walk *walk, const struct stmt *block, int index,
                              const struct decl *decl)
{
    struct mention mention = {.name = decl->name};
    for (int i = index + 1; i < block->list.count && !mention.found; i++) {
        const struct expr *call = leaves(block->list.at[i]);
        each_expression(block->list.at[i], ask_mention, &mention);
        if (!call || mention.found)
            continue;
        struct finding *finding = walk_report(walk, "uninit-cleanup", decl->line, decl->column);
        finding->message = arena_format(
            walk->arena, "'%s' can be left before it is set: its cleanup would release garbage",
            decl->name);
        finding_note(walk->arena, finding, call->line, call->column, "left here");
        finding->advice = arena_format(walk->arena, "initialise it: %s = NULL", decl->name);
        return;
    }
}

static bool reported(const struct walk *walk, const struct decl *decl)
{
    EACH (finding, walk->findings)
        if (finding->line == decl->line && strcmp(finding->check, "uninit-cleanup") == 0)
            return true;
    return false;
}

static void visit(struct walk *walk, const struct stmt *stmt)
{
    for (int i = 0; stmt->kind == S_BLOCK && i < stmt->list.count; i++)
        EACH (decl, &stmt->list.at[i]->decls)
            if (needs_value(decl) && !reported(walk, decl))
                check_declaration(walk, stmt, i, decl);
}

void check_preconditions(struct ir *ir, struct arena *arena, finding_vec *findings)
{
    struct walk walk = {.ir = ir, .arena = arena, .findings = findings, .statement = visit};
    walk_function(&walk);
}
