/* inner-address: the address of a variable is stored where it is used after the variable's block has been left. */
#include "check.h"
#include "names.h"
#include "walk.h"

#include <string.h>

/* The variable of this function whose address the value is: &x, &x.part, an array. */
static const struct live *object_of(const struct walk *walk, const struct expr *value)
{
    while (value->kind == E_CAST)
        value = value->a;
    bool address = expr_is_address(value);
    const char *name = address ? expr_root(value->a) : value->kind == E_NAME ? value->name : NULL;
    const struct live *live = name ? live_find(&walk->live, name) : NULL;
    if (!live || !live->decl || live->decl->type.is_static || live->decl->type.is_extern)
        return NULL;
    if (address && live->decl->type.stars > 0 && value->a->kind != E_NAME)
        return NULL; /* &p[1] */
    return address || live->decl->type.is_array ? live : NULL;
}

/* The variable that has a cleanup, and that the value is, or that it is made from: p, MAKE(p, n). */
static const struct live *cleaned_of(const struct walk *walk, const struct expr *value)
{
    while (value->kind == E_CAST)
        value = value->a;
    const char *name = value->kind == E_NAME ? value->name : NULL;
    if (value->kind == E_CALL && value->name && name_is_constant(value->name) &&
        value->args.count > 0 && value->args.at[0]->kind == E_NAME &&
        strncmp(value->name, "TAKE_", 5) != 0)
        name = value->args.at[0]->name;
    const struct live *live = name ? live_find(&walk->live, name) : NULL;
    const struct decl *decl = live ? live->decl : NULL;
    const char *cleanup = decl && decl->attribute
                              ? (decl->cleanup ? decl->cleanup : decl->attribute)
                              : NULL;
    bool frees = cleanup && (strstr(cleanup, "free") || strncmp(cleanup, "g_autofree", 10) == 0);
    return frees && decl->type.stars > 0 && !decl->type.is_static ? live : NULL;
}

/* The block that declares the variable. */
static const struct stmt *block_of(const struct walk *walk, const struct live *live)
{
    for (int i = walk->around.count - 1; i >= 0; i--) {
        const struct stmt *around = walk->around.at[i];
        for (int k = 0; k < around->list.count; k++)
            if (around->list.at[k] == live->stmt)
                return around;
        if (around->first == live->stmt)
            return around;
    }
    return NULL;
}

struct uses {
    const char *name;
    int after;                 /* only what comes after this line */
    int first, set;            /* the first line on which it is read, or set; 0: none */
    int calls;                 /* calls after the line */
    const struct expr *target; /* of the assignment that is being looked at */
};

static void ask_use(void *data, const struct expr *expr)
{
    struct uses *uses = data;
    if (expr->line <= uses->after)
        return;
    uses->calls += expr->kind == E_CALL;
    if (expr->kind == E_ASSIGN && expr->sign == '=' && expr->a->kind == E_NAME &&
        expr->a->name == uses->name) {
        uses->set = uses->set ? uses->set : expr->line;
        uses->target = expr->a;
    } else if (expr->kind == E_NAME && expr->name == uses->name && expr != uses->target) {
        uses->first = uses->first ? uses->first : expr->line;
    }
}

static void report(struct walk *walk, const struct expr *assign, const struct live *object,
                   const char *target, int line, const char *note)
{
    struct finding *finding = walk_report(walk, "inner-address", assign->line, assign->column);
    finding->message = arena_format(walk->arena,
                                    "the address of '%s' is stored in '%s', which lives longer",
                                    object->name, target);
    finding_note(walk->arena, finding, object->line, object->column, "declared here");
    finding_note(walk->arena, finding, line, 1, "%s", note);
    finding->advice = arena_format(walk->arena, "declare '%s' in the outer block, or copy it",
                                   object->name);
}

/* pointer = &inner, in a block; pointer is read after the block. */
static void check_local(struct walk *walk, const struct expr *assign, const struct live *object,
                        const struct live *target)
{
    const struct stmt *block = block_of(walk, object);
    bool array = assign->a->kind == E_INDEX && target->decl && target->decl->type.is_array;
    if (!block || !target->decl ||
        (!array && (target->decl->type.stars == 0 || target->decl->type.is_array)) ||
        walk_inside(walk, block) == false || block_of(walk, target) == block ||
        block == walk->ir->function->body)
        return;
    struct uses inside = {.name = target->name, .after = assign->line};
    each_expression(block, ask_use, &inside);
    struct uses uses = {.name = target->name, .after = block->end_line};
    each_expression(walk->ir->function->body, ask_use, &uses);
    if (inside.set || !uses.first || (uses.set && uses.set <= uses.first))
        return;
    report(walk, assign, object, target->name, uses.first, "used after the block here");
}

/* head = &node, a global variable, at the end of the function */
static void check_global(struct walk *walk, const struct expr *assign, const struct live *object,
                         const char *target)
{
    const struct stmt *body = walk->ir->function->body;
    struct uses uses = {.name = target, .after = assign->line};
    each_expression(body, ask_use, &uses);
    if (uses.set || uses.calls || uses.first || walk_loop(walk) ||
        strcmp(walk->ir->function->name, "main") == 0)
        return;
    EACH (parameter, &walk->ir->function->parameters)
        if (parameter->name == target)
            return;
    report(walk, assign, object, target, body->end_line, "the function is left here");
}

static void visit(struct walk *walk, const struct expr *expr)
{
    const struct expr *to = expr->kind == E_ASSIGN && expr->sign == '=' ? expr->a : NULL;
    bool element = to && to->kind == E_INDEX && to->a->kind == E_NAME;
    if (!to || (to->kind != E_NAME && !element))
        return;
    const char *name = element ? to->a->name : to->name;
    const struct live *target = live_find(&walk->live, name);
    const struct live *object = element ? NULL : object_of(walk, expr->b);
    if (!object && target)
        object = cleaned_of(walk, expr->b);
    if (!object)
        return;
    if (target && target->decl && !target->decl->type.is_static && !target->decl->type.is_extern)
        check_local(walk, expr, object, target);
    else
        check_global(walk, expr, object, name);
}

void check_lifetimes(struct ir *ir, struct arena *arena, finding_vec *findings)
{
    struct walk walk = {.ir = ir, .arena = arena, .findings = findings, .expression = visit};
    walk_function(&walk);
}
