/* Scopes and groups that outlive a block: what they are given must live as long (inner-address), and what a loop gives
 * them must not run out (defer-loop). */
#include "check.h"
#include "names.h"
#include "walk.h"

#include <string.h>

/* lg_defer_in(&scope, fn, args…), lg_group_go(&group, fn, args…), lg_waitgroup_go(&group, fn, args…) */
struct giving {
    const struct expr *owner; /* the scope or the group */
    const char *owner_name;
    const char *how;
    const struct expr *call; /* whose arguments are given */
    int first;               /* of the arguments that are passed on */
    int line, column;
};

static bool read_giving(const struct stmt *stmt, struct giving *giving)
{
    *giving = (struct giving){.line = stmt->line, .column = stmt->column};
    if (stmt->kind == S_DEFER && stmt->name && strcmp(stmt->name, "lg_defer_in") == 0) {
        giving->owner = stmt->step;
        giving->call = stmt->then ? stmt->then->value : NULL;
        giving->how = "scope";
    } else {
        const struct expr *call = call_of(stmt);
        if (!call || !call->name || call->args.count < 2)
            return false;
        bool with = strcmp(call->name, "lg_group_go_with") == 0;
        if (!with && strcmp(call->name, "lg_group_go") != 0 &&
            strcmp(call->name, "lg_waitgroup_go") != 0)
            return false;
        giving->owner = call->args.at[0];
        giving->call = call;
        giving->first = with ? 3 : 2;
        giving->how = "group";
    }
    giving->owner_name = expr_name(giving->owner);
    return giving->owner && giving->call && giving->call->kind == E_CALL;
}

/* ---- inner-address -------------------------------------------------------------------------------- */

/* The variable of this function whose address the argument is. */
static const struct live *object_of(const struct walk *walk, const struct expr *argument)
{
    while (argument->kind == E_CAST)
        argument = argument->a;
    bool address = expr_is_address(argument);
    const char *name = expr_root(address ? argument->a : argument);
    const struct live *live = name ? live_find(&walk->live, name) : NULL;
    if (!live || !live->decl || live->decl->type.is_static || live->decl->type.is_extern)
        return NULL;
    const struct expr *whole = address ? argument->a : argument;
    if (live->decl->type.stars > 0 && whole->kind != E_NAME)
        return NULL; /* p[0] */
    return address || (live->decl->type.is_array && argument->kind == E_NAME) ? live : NULL;
}

struct settled {
    const char *owner;
    int from;
    bool found;
};

static void ask_settled(void *data, const struct expr *expr)
{
    static const char *const names[] = {
        "lg_scope_run",  "lg_scope_dismiss",    "lg_group_wait",           "lg_waitgroup_wait",
        "lg_group_free", "lg_group_wait_until", "lg_waitgroup_wait_until", NULL};
    struct settled *settled = data;
    if (expr->kind == E_CALL && expr->name && word_in(expr->name, names) && expr->args.count > 0 &&
        expr_name(expr->args.at[0]) == settled->owner && expr->line >= settled->from)
        settled->found = true;
}

/* Is the scope run, or the group waited for, before the block of the object is left? */
static bool settled_inside(const struct walk *walk, const struct giving *giving,
                           const struct live *object)
{
    struct settled settled = {.owner = giving->owner_name, .from = giving->line};
    for (int i = 0; i < walk->around.count; i++) {
        const struct stmt *around = walk->around.at[i];
        for (int k = 0; k < around->list.count; k++)
            if (around->list.at[k] == object->stmt)
                each_expression(around, ask_settled, &settled);
    }
    return settled.found;
}

/* Ends the object before its owner? `owner`: NULL for a parameter, which outlives all variables. */
static bool ends_first(const struct walk *walk, const struct live *object, const struct live *owner)
{
    return !owner || object > owner || walk->live.count == 0;
}

static bool known_owner(const struct walk *walk, const struct giving *giving,
                        const struct live **owner)
{
    *owner = giving->owner_name ? live_find(&walk->live, giving->owner_name) : NULL;
    if (*owner)
        return !(*owner)->decl || (*owner)->decl->type.stars == 0;
    EACH (parameter, &walk->ir->function->parameters)
        if (parameter->name && parameter->name == giving->owner_name)
            return true;
    return false;
}

/* Of a group or a wait group that is a plain variable: only an inner block ends first. */
static bool same_block(const struct walk *walk, const struct live *object, const struct live *owner)
{
    if (!owner || !owner->decl)
        return false;
    for (int i = 0; i < walk->around.count; i++) {
        bool has_object = false, has_owner = false;
        for (int k = 0; k < walk->around.at[i]->list.count; k++) {
            has_object |= walk->around.at[i]->list.at[k] == object->stmt;
            has_owner |= walk->around.at[i]->list.at[k] == owner->stmt;
        }
        if (has_object && has_owner)
            return true;
    }
    return false;
}

static void check_address(struct walk *walk, const struct giving *giving)
{
    const struct live *owner;
    if (!known_owner(walk, giving, &owner))
        return;
    for (int i = giving->first; i < giving->call->args.count; i++) {
        const struct live *object = object_of(walk, giving->call->args.at[i]);
        if (!object || !ends_first(walk, object, owner) || same_block(walk, object, owner) ||
            settled_inside(walk, giving, object))
            continue;
        struct finding *finding = walk_report(walk, "inner-address", giving->line, giving->column);
        finding->message = arena_format(
            walk->arena, "the address of '%s' is given to the %s '%s', which ends after '%s' does",
            object->name, giving->how, giving->owner_name ? giving->owner_name : "", object->name);
        finding_note(walk->arena, finding, object->line, object->column, "declared here");
        finding->advice = arena_format(walk->arena, "declare '%s' above the %s", object->name,
                                       giving->how);
        return;
    }
}

/* ---- defer-loop ----------------------------------------------------------------------------------- */

static const char *what_runs_out(const char *release)
{
    static const char *const descriptors[] = {"close", "fclose", "closedir", "pclose", NULL};
    if (word_in(release, descriptors))
        return "descriptors can run out";
    return name_unlocks(release) ? "all locks stay held until the scope ends" : NULL;
}

/* for (int i = 0; i < 4; i++) */
static bool few_rounds(const struct stmt *loop)
{
    const struct expr *test = loop->kind == S_FOR ? loop->value : NULL;
    if (!test || test->kind != E_BINARY ||
        (test->sign != '<' && test->sign != S2('<', '=') && test->sign != S2('!', '=')))
        return false;
    const struct expr *bound = test->b;
    return (bound->kind == E_NUMBER && bound->number <= 64) ||
           (bound->kind == E_CALL && bound->name && name_is_constant(bound->name)) ||
           (bound->kind == E_NAME && name_is_constant(bound->name)) || bound->kind == E_SIZEOF;
}

static bool declared_inside(const struct walk *walk, const struct live *owner,
                            const struct stmt *loop)
{
    bool inside = false;
    for (int i = 0; i < walk->around.count; i++) {
        inside |= walk->around.at[i] == loop;
        for (int k = 0; inside && k < walk->around.at[i]->list.count; k++)
            if (walk->around.at[i]->list.at[k] == owner->stmt)
                return true;
    }
    return false;
}

static void check_loop(struct walk *walk, const struct giving *giving)
{
    const struct stmt *loop = walk_loop(walk);
    const char *release = giving->call->name, *harm = release ? what_runs_out(release) : NULL;
    if (!loop || !harm || giving->first != 0)
        return;
    const struct live *owner;
    struct settled settled = {.owner = giving->owner_name};
    each_expression(loop->then, ask_settled, &settled);
    if (settled.found || few_rounds(loop) ||
        (known_owner(walk, giving, &owner) && owner && declared_inside(walk, owner, loop)))
        return;
    struct finding *finding = walk_report(walk, "defer-loop", giving->line, giving->column);
    finding->message = arena_format(
        walk->arena, "%s is deferred to the end of an outer scope in each round of a loop: %s",
        release, harm);
    finding->advice =
        "defer it in the loop's body with lg_defer, or release it at the end of each round";
}

static void visit(struct walk *walk, const struct stmt *stmt)
{
    struct giving giving;
    if (!read_giving(stmt, &giving))
        return;
    check_address(walk, &giving);
    check_loop(walk, &giving);
}

void check_scopes(struct ir *ir, struct arena *arena, finding_vec *findings)
{
    struct walk walk = {.ir = ir, .arena = arena, .findings = findings, .statement = visit};
    walk_function(&walk);
}
