/* plain-return: a plain return in an lg_func. */
#include "check.h"
#include "edit.h"
#include "ir.h"

#include <string.h>

struct search {
    struct ir *ir;
    struct arena *arena;
    finding_vec *findings;
    int inside; /* lg_func blocks around */
};

static struct finding *found(struct search *search, const char *check, int line, int column)
{
    return finding_add(search->arena, search->findings, check, LEVEL_SURE, search->ir->unit->path,
                       search->ir->function->name, line, column);
}

/* return x; becomes lg_return(x); */
static void use_lg_return(struct unit *unit, struct finding *finding, const struct stmt *stmt)
{
    const struct token *token = edit_token(unit, stmt->line, stmt->column), *end = token;
    if (!token || !token_is(token, "return"))
        return;
    for (int depth = 0; end->kind != TOKEN_END && !(end->sign == ';' && depth == 0); end++)
        depth += (end->sign == '(' || end->sign == '{') - (end->sign == ')' || end->sign == '}');
    if (end->kind == TOKEN_END || end->expanded)
        return;
    if (!stmt->value) {
        edit_replace(unit, finding, token, "lg_return_void()");
        return;
    }
    edit_join(unit, finding, token, "lg_return(");
    edit_before(unit, finding, end, ")");
}

static void check_return(struct search *search, const struct stmt *stmt)
{
    if (search->inside == 0 || stmt->expanded)
        return;
    struct finding *finding = found(search, "plain-return", stmt->line, stmt->column);
    finding->message =
        "a plain return in an lg_func fixes the result before the deferred calls run, and counts as a failure";
    use_lg_return(search->ir->unit, finding, stmt);
    finding->advice = stmt->value ? "write lg_return(…)" : "write lg_return_void()";
}

static void walk(struct search *search, const struct stmt *stmt)
{
    if (!stmt)
        return;
    if (stmt->kind == S_RETURN)
        check_return(search, stmt);
    if (stmt->kind == S_DEFER)
        return;
    bool body = stmt->kind == S_BLOCK && stmt->name && strncmp(stmt->name, "lg_func", 7) == 0;
    search->inside += body;
    walk(search, stmt->then);
    walk(search, stmt->otherwise);
    for (int i = 0; i < stmt->list.count; i++)
        walk(search, stmt->list.at[i]);
    search->inside -= body;
}

void check_syntax(struct ir *ir, struct arena *arena, finding_vec *findings)
{
    struct search search = {ir, arena, findings, 0};
    walk(&search, ir->function->body);
}
