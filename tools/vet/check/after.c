/* What follows a release at once: another release, or a use. The engine (verdict.c) follows what a function acquires; this
 * looks at everything that is released, along code without branches. */
#include "check.h"
#include "model.h"
#include "names.h"
#include "reach.h"
#include "use.h"
#include "walk.h"

#include <string.h>

/* ---- which calls release -------------------------------------------------------------------------- */

static bool plain_release(const struct ir *ir, const char *name)
{
    static const char *const names[] = {"free",   "g_free", "kfree",    "fclose", "close", "vfree",
                                        "kvfree", "pclose", "closedir", "xfree",  NULL};
    const struct macro *macro = macros_find(&ir->unit->macros, name);
    return word_in(name, names) && !(macro && macros_reset(&ir->unit->macros, macro));
}

/* A function of this file whose body's last statements free its parameter, whatever happens. */
static bool helper_releases(const struct ir *ir, const char *name)
{
    const struct function *function = function_of(ir, name);
    if (!function || function->parameters.count != 1 || !function->parameters.at[0].name)
        return false;
    const struct stmt *body = function->body;
    for (int i = 0; body && i < body->list.count; i++) {
        const struct expr *call = call_of(body->list.at[i]);
        if (body->list.at[i]->kind != S_EXPR)
            return false; /* perhaps it does not come so far */
        if (call && call->name && call->args.count == 1 && plain_release(ir, call->name) &&
            expr_name(call->args.at[0]) == function->parameters.at[0].name &&
            call->args.at[0]->kind == E_NAME)
            return true;
    }
    return false;
}

/* node_free(node); node = node->next; A function of another file that by its name leaves nothing, of a variable that walks. */
static bool destroys_node(const struct ir *ir, const struct instr *call)
{
    int place = call->args[0].place;
    int after = after_joins(ir, call->next);
    const struct instr *next = after >= 0 ? at(ir, after) : NULL;
    const struct place *from = next && next->kind == I_ASSIGN && next->left.kind == O_PLACE
                                   ? &ir->places.at[next->left.place]
                                   : NULL;
    return from && from->kind == P_PART && from->through && from->parent == place &&
           next->dst == place && name_destroys(call->callee) && !name_counts(call->callee) &&
           !function_of(ir, call->callee) && !name_is_constant(call->callee) &&
           ir->places.at[place].kind == P_LOCAL;
}

/* foreach(map, value, free(value)): a macro makes the call, who knows when. */
static bool is_argument(const struct ir *ir, const struct instr *call)
{
    EACH (other, &ir->code)
        for (int i = 0; other->kind == I_CALL && call->dst >= 0 && i < other->arg_count; i++)
            if (other->args[i].place == call->dst)
                return true;
    return false;
}

/* p->name and p.name of a variable of this function, not of an array */
static bool is_member(const struct ir *ir, int place)
{
    const struct place *at = &ir->places.at[place];
    enum place_kind root = ir->places.at[at->root].kind;
    return at->kind == P_PART && (root == P_LOCAL || root == P_PARAMETER) &&
           !strchr(at->text, '[') && at->text[0] != '*';
}

static int released_place(const struct ir *ir, const struct instr *call)
{
    if (call->kind != I_CALL || call->implicit || !call->callee || call->arg_count != 1 ||
        call->args[0].kind != O_PLACE)
        return -1;
    bool named = call->expr && call->expr->a && call->expr->a->kind == E_NAME;
    if (!named || is_argument(ir, call) ||
        (!plain_release(ir, call->callee) && !helper_releases(ir, call->callee) &&
         !destroys_node(ir, call)))
        return -1;
    const struct place *place = &ir->places.at[call->args[0].place];
    if (is_member(ir, call->args[0].place))
        return call->args[0].place;
    bool variable = place->kind == P_LOCAL || place->kind == P_PARAMETER;
    bool element = place->kind == P_PART && !place->through && strchr(place->text, '[') &&
                   ir->places.at[place->root].kind == P_LOCAL;
    return variable || element ? call->args[0].place : -1;
}

/* ---- what follows --------------------------------------------------------------------------------- */

static bool sets(const struct ir *ir, const struct instr *instr, int place)
{
    if (instr->dst >= 0 && place_within(ir, place, instr->dst))
        return true;
    for (int i = 0; instr->kind == I_CALL && i < instr->arg_count; i++)
        if (instr->args[i].kind == O_ADDRESS && place_within(ir, place, instr->args[i].place))
            return true;
    return false;
}

static bool operand_is_behind(const struct ir *ir, const struct operand *operand, int place)
{
    if (operand->kind != O_PLACE || operand->place < 0)
        return false;
    const struct place *at = &ir->places.at[operand->place];
    bool compared = at->kind == P_VALUE &&
                    (strncmp(at->text, "str", 3) == 0 || strncmp(at->text, "mem", 3) == 0);
    return place_is_behind(ir, operand->place, place) ||
           (compared && place_within(ir, operand->place, place));
}

/* A call that may give the member another value. */
static bool may_renew(const struct ir *ir, const struct instr *instr, int place)
{
    return instr->kind == I_CALL && is_member(ir, place) &&
           !(instr->callee &&
             (model_known_harmless(instr->callee) || model_frees_memory(instr->callee)));
}

/* Is the pointer passed on, to a function that is not only told its value? */
static bool passed(const struct ir *ir, const struct instr *instr, int place)
{
    if (instr->kind != I_CALL || !instr->callee ||
        (ir->places.at[place].kind == P_PART && !is_member(ir, place)))
        return false;
    const struct place *variable = &ir->places.at[place];
    bool pointer = is_member(ir, place) ||
                   (variable->decl ? variable->decl->type.stars > 0
                                   : variable->parameter && variable->parameter->type.stars > 0);
    for (int i = 0; pointer && i < instr->arg_count; i++)
        if (instr->args[i].kind == O_PLACE && instr->args[i].place == place)
            return strncmp(instr->callee, "str", 3) == 0 || strncmp(instr->callee, "mem", 3) == 0 ||
                   strcmp(instr->callee, "puts") == 0 || name_ends_with(instr->callee, "printf");
    return false;
}

static bool uses(const struct ir *ir, const struct instr *instr, int place)
{
    struct operand target = {.kind = O_PLACE, .place = instr->dst};
    bool used = operand_is_behind(ir, &instr->left, place) ||
                operand_is_behind(ir, &instr->right, place) ||
                (instr->kind == I_ASSIGN && operand_is_behind(ir, &target, place));
    for (int i = 0; instr->kind == I_CALL && i < instr->arg_count; i++)
        used |= operand_is_behind(ir, &instr->args[i], place) ||
                (instr->args[i].kind == O_ADDRESS && /* &p->timer */
                 place_is_behind(ir, instr->args[i].place, place));
    return used || passed(ir, instr, place);
}

static bool known(const struct ir *ir, const finding_vec *findings, const char *check, int line)
{
    EACH (finding, findings)
        if (finding->line == line && finding->function == ir->function->name &&
            strcmp(finding->check, check) == 0)
            return true;
    return false;
}

static void report(struct ir *ir, struct arena *arena, finding_vec *findings, const char *check,
                   const struct instr *release, const struct instr *next, int place)
{
    if (known(ir, findings, check, next->line))
        return;
    struct finding *finding = finding_at(ir, arena, findings, check, LEVEL_SURE, next);
    bool again = strcmp(check, "double-release") == 0;
    finding->about = place_text(ir, place);
    finding->message = arena_format(arena, "'%s' is %s", finding->about,
                                    again ? "released a second time"
                                          : "used after it was released");
    finding_note(arena, finding, release->line, release->column, "released here");
}

/* Does another path come here too? */
static bool joined(const struct ir *ir, int index)
{
    int from = 0;
    EACH (instr, &ir->code)
        from += (instr->next == index) + (instr->other == index);
    return from > 1;
}

static void follow(struct ir *ir, struct arena *arena, finding_vec *findings, int index, int place)
{
    const struct instr *release = at(ir, index);
    int next = release->next;
    for (int steps = 0; next >= 0 && next != index && steps < 60; steps++) {
        const struct instr *instr = at(ir, next);
        if (instr->kind == I_STOP || joined(ir, next))
            return;
        if (uses(ir, instr, place)) {
            if (use_counts(ir, instr, release, place))
                report(ir, arena, findings, "use-after-release", release, instr, place);
            return;
        }
        if (instr->kind == I_BRANCH || instr->kind == I_RETURN)
            return;
        if (released_place(ir, instr) == place) {
            report(ir, arena, findings, "double-release", release, instr, place);
            return;
        }
        if (sets(ir, instr, place) || may_renew(ir, instr, place))
            return;
        next = instr->next;
    }
}

/* ---- after realloc ---------------------------------------------------------------------------------- */

/* The edge on which `new = realloc(old, …)` has succeeded; -1: it is not tested at once. */
static int success_of(const struct ir *ir, const struct instr *call)
{
    int next = after_joins(ir, call->next);
    const struct instr *branch = next >= 0 ? at(ir, next) : NULL;
    if (!branch || branch->kind != I_BRANCH || branch->left.place != call->dst ||
        branch->right.kind != O_NUMBER || branch->right.number != 0)
        return -1;
    return branch->sign == S2('!', '=')   ? branch->next
           : branch->sign == S2('=', '=') ? branch->other
                                          : -1;
}

static bool mentions(const struct ir *ir, const struct instr *instr, int place)
{
    const struct operand *sides[] = {&instr->left, &instr->right};
    for (int i = 0; i < 2; i++)
        if (sides[i]->kind == O_PLACE && sides[i]->place >= 0 &&
            place_within(ir, sides[i]->place, place))
            return true;
    return uses(ir, instr, place);
}

static void check_realloc(struct ir *ir, struct arena *arena, finding_vec *findings, int index)
{
    const struct instr *call = at(ir, index);
    if (call->kind != I_CALL || !call->callee || strcmp(call->callee, "realloc") != 0 ||
        call->arg_count != 2 || call->args[0].kind != O_PLACE || call->dst < 0 ||
        call->dst == call->args[0].place)
        return;
    int old = call->args[0].place, next = success_of(ir, call);
    if (ir->places.at[old].kind != P_LOCAL && ir->places.at[old].kind != P_PARAMETER)
        return;
    for (int steps = 0; next >= 0 && steps < 40; steps++) {
        const struct instr *instr = at(ir, next);
        if (instr->kind == I_BRANCH || instr->kind == I_RETURN || instr->kind == I_STOP ||
            (steps > 3 && joined(ir, next)) || sets(ir, instr, old))
            return;
        const struct instr *then = instr->next >= 0 ? at(ir, instr->next) : NULL;
        if (instr->kind == I_ASSIGN && instr->left.place == old && then && then->kind == I_ASSIGN &&
            then->dst == old)
            return; /* TAKE_PTR(old): it is only forgotten */
        bool again = released_place(ir, instr) == old;
        if (again || mentions(ir, instr, old)) {
            report(ir, arena, findings, again ? "double-release" : "use-after-release", call, instr,
                   old);
            return;
        }
        next = instr->next;
    }
}

/* ---- released in each round of a loop --------------------------------------------------------------- */

struct sets {
    const char *name;
    int sets, resets;
};

static void ask_set(void *data, const struct expr *expr)
{
    struct sets *settings = data;
    bool sets = expr->kind == E_ASSIGN && expr_name(expr->a) == settings->name;
    settings->sets += sets;
    settings->resets += (sets && expr_is_null(expr->b)) ||
                        (expr_is_address(expr) && expr_name(expr) == settings->name);
}

static bool jumps(const struct stmt *stmt)
{
    if (!stmt)
        return false;
    if (stmt->kind == S_CONTINUE || stmt->kind == S_BREAK || stmt->kind == S_GOTO ||
        stmt->kind == S_RETURN)
        return true;
    for (int i = 0; i < stmt->list.count; i++)
        if (jumps(stmt->list.at[i]))
            return true;
    return jumps(stmt->then) || jumps(stmt->otherwise);
}

/* for (…) { if (…) text = …; free(text); }: in a round without a new value the old one is released again. */
static void check_rounds(struct walk *walk, const struct stmt *loop)
{
    const struct stmt *body = loop->then;
    if (!body || body->kind != S_BLOCK || body->list.count < 2)
        return;
    const struct stmt *last = body->list.at[body->list.count - 1];
    const struct expr *call = last->kind == S_EXPR && last->value->kind == E_CALL ? last->value
                                                                                  : NULL;
    if (!call || !call->name || call->args.count != 1 || call->args.at[0]->kind != E_NAME ||
        !plain_release(walk->ir, call->name))
        return;
    struct sets settings = {.name = call->args.at[0]->name};
    const struct live *live = live_find(&walk->live, settings.name);
    if (!live || !live->decl)
        return;
    for (int i = 0; i < body->list.count - 1; i++) {
        const struct stmt *stmt = body->list.at[i];
        if (stmt->kind == S_IF && !stmt->otherwise && !jumps(stmt->then)) {
            each_expression(stmt->then, ask_set, &settings);
            struct sets test = {.name = settings.name};
            each_within(stmt->value, ask_set, &test);
            settings.resets += test.sets;
            continue;
        }
        struct sets always = {.name = settings.name};
        each_expression(stmt, ask_set, &always);
        if (always.sets || always.resets || jumps(stmt))
            return;
    }
    if (settings.sets == 0 || settings.resets)
        return;
    struct finding *finding = walk_report(walk, "double-release", call->line, call->column);
    finding->about = settings.name;
    finding->message = arena_format(
        walk->arena, "'%s' is released again in a round of the loop that gives it no new value",
        settings.name);
    finding->advice = arena_format(walk->arena, "set %s = NULL after its release", settings.name);
}

static void visit(struct walk *walk, const struct stmt *stmt)
{
    if (stmt->kind == S_FOR || stmt->kind == S_WHILE || stmt->kind == S_EACH)
        check_rounds(walk, stmt);
}

void check_after(struct ir *ir, struct arena *arena, finding_vec *findings)
{
    for (int i = 0; i < ir->code.count; i++) {
        int place = released_place(ir, at(ir, i));
        if (place >= 0)
            follow(ir, arena, findings, i, place);
        check_realloc(ir, arena, findings, i);
    }
    struct walk walk = {.ir = ir, .arena = arena, .findings = findings, .statement = visit};
    walk_function(&walk);
}
