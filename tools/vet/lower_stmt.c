/* Statements become edges; cleanups and deferred calls are placed where their scopes are left. */
#include "lower.h"
#include "names.h"

#include <stdio.h>
#include <string.h>

/* The blocks around a label, innermost first. */
struct label_path {
    const struct stmt *blocks[64];
    int count;
};

static void push_scope(struct lowering *lowering, struct scope *scope, const struct stmt *block)
{
    *scope =
        (struct scope){.outer = lowering->scope, .block = block, .break_to = -1, .continue_to = -1};
    lowering->scope = scope;
}

void run_pending(struct lowering *lowering, const struct pending *pending)
{
    bool implicit = lowering->implicit, deferred = lowering->deferred;
    int line = lowering->line;
    lowering->implicit = lowering->deferred = true;
    if (pending->deferred) {
        /* What it defers itself, or jumps to, stays inside. */
        lowering->implicit = false;
        lower_stmt(lowering, pending->deferred);
    } else if (pending->guard) {
        release_guard(lowering, pending);
    } else {
        struct operand *args = NEW(lowering->arena, struct operand);
        *args = (struct operand){.kind = O_ADDRESS, .place = pending->place};
        struct instr *call = emit(lowering, I_CALL, NULL);
        call->callee = pending->decl->cleanup ? pending->decl->cleanup : pending->decl->attribute;
        call->args = args;
        call->arg_count = 1;
    }
    lowering->implicit = implicit;
    lowering->deferred = deferred;
    lowering->line = line;
}

void leave_scopes(struct lowering *lowering, const struct scope *until)
{
    struct scope *current = lowering->scope;
    if (lowering->closed)
        return;
    for (struct scope *scope = current; scope && scope != until; scope = scope->outer)
        for (int i = scope->pending.count - 1; i >= 0; i--) {
            struct scope inner = *scope;
            inner.pending.count = i; /* a deferred statement that jumps does not run itself again */
            lowering->scope = &inner;
            run_if_pending(lowering, &scope->pending.at[i]);
        }
    lowering->scope = current;
}

static void pop_scope(struct lowering *lowering)
{
    struct scope *scope = lowering->scope;
    if (!lowering->closed)
        leave_scopes(lowering, scope->outer);
    lowering->scope = scope->outer;
}

static int declare(struct lowering *lowering, const char *name, enum place_kind kind)
{
    struct ir *ir = lowering->ir;
    char text[256];
    snprintf(text, sizeof(text), "%s", name);
    for (int i = 2; map_get(&ir->place_by_text, intern_string(text)) && i < 1000; i++)
        snprintf(text, sizeof(text), "%.200s#%d", name, i);
    const char *unique = intern_string(text);
    int place = place_new(ir, kind, unique);
    map_set(&ir->place_by_text, unique, (void *)(intptr_t)(place + 1));
    struct binding *binding = ADD(lowering->arena, &lowering->scope->names);
    binding->name = name;
    binding->place = place;
    return place;
}

static struct expr *where(struct lowering *lowering, int line, int column, bool expanded)
{
    struct expr *expr = NEW(lowering->arena, struct expr);
    *expr =
        (struct expr){.kind = E_NONE, .line = line, .column = (short)column, .expanded = expanded};
    return expr;
}

static bool has_cleanup(const struct decl *decl)
{
    return decl->cleanup || decl->attribute;
}

/* _suppress_warning_ p = strdup(name); is an assignment to a variable of this block with a remark, and no declaration. */
static int annotated_variable(const struct lowering *lowering, const struct decl *decl)
{
    const char *word = decl->type.count == 1 ? decl->type.words[0] : "";
    if (decl->type.stars > 0 || *word != '_' || word[strlen(word) - 1] != '_' || !decl->value)
        return -1;
    EACH (binding, &lowering->scope->names)
        if (binding->name == decl->name)
            return binding->place;
    return -1;
}

static void lower_decl(struct lowering *lowering, const struct decl *decl)
{
    int annotated = annotated_variable(lowering, decl);
    if (annotated >= 0) {
        lower_into(lowering, annotated, decl->value);
        return;
    }
    bool outlives = decl->type.is_static || (decl->type.is_extern && !decl->value);
    int place = declare(lowering, decl->name, outlives ? P_GLOBAL : P_LOCAL);
    lowering->ir->places.at[place].decl = decl;
    if (decl->type.is_static || decl->type.is_extern)
        return;
    if (decl->value)
        lower_into(lowering, place, decl->value);
    else
        emit(lowering, I_DECLARE, where(lowering, decl->line, decl->column, false))->dst = place;
    if (has_cleanup(decl))
        *ADD(lowering->arena, &lowering->scope->pending) =
            (struct pending){.decl = decl, .place = place, .flag = -1};
}

static void lower_if(struct lowering *lowering, const struct stmt *stmt)
{
    int yes = label_new(lowering), no = label_new(lowering), end = label_new(lowering);
    lower_condition(lowering, stmt->value, yes, no);
    label_here(lowering, yes);
    lower_stmt(lowering, stmt->then);
    emit_jump(lowering, end);
    label_here(lowering, no);
    if (stmt->otherwise)
        lower_stmt(lowering, stmt->otherwise);
    label_here(lowering, end);
}

static void lower_body(struct lowering *lowering, const struct stmt *body, int break_to,
                       int continue_to)
{
    struct scope scope;
    push_scope(lowering, &scope, NULL);
    scope.break_to = break_to;
    scope.continue_to = continue_to;
    lower_stmt(lowering, body);
    pop_scope(lowering);
}

static void lower_while(struct lowering *lowering, const struct stmt *stmt)
{
    int head = label_new(lowering), body = label_new(lowering), end = label_new(lowering);
    label_here(lowering, head);
    lower_condition(lowering, stmt->value, body, end);
    label_here(lowering, body);
    lower_body(lowering, stmt->then, end, head);
    emit_jump(lowering, head);
    label_here(lowering, end);
}

static void lower_do(struct lowering *lowering, const struct stmt *stmt)
{
    int head = label_new(lowering), test = label_new(lowering), end = label_new(lowering);
    label_here(lowering, head);
    lower_body(lowering, stmt->then, end, test);
    label_here(lowering, test);
    lower_condition(lowering, stmt->value, head, end);
    label_here(lowering, end);
}

static void lower_for(struct lowering *lowering, const struct stmt *stmt)
{
    int head = label_new(lowering), body = label_new(lowering), step = label_new(lowering);
    int end = label_new(lowering);
    struct scope scope;
    push_scope(lowering, &scope, stmt);
    if (stmt->first)
        lower_stmt(lowering, stmt->first);
    label_here(lowering, head);
    if (stmt->value)
        lower_condition(lowering, stmt->value, body, end);
    else
        emit_jump(lowering, body);
    label_here(lowering, body);
    lower_body(lowering, stmt->then, end, step);
    label_here(lowering, step);
    if (stmt->step)
        lower_expr(lowering, stmt->step);
    emit_jump(lowering, head);
    label_here(lowering, end);
    pop_scope(lowering);
}

static bool has_value(const struct lowering *lowering, int place)
{
    const struct ir *ir = lowering->ir;
    EACH (instr, &ir->code) {
        if (instr->dst == place && (instr->kind == I_ASSIGN || instr->kind == I_CALL))
            return true;
        for (int i = 0; instr->kind == I_CALL && !instr->implicit && i < instr->arg_count; i++)
            if (instr->args[i].kind == O_ADDRESS && instr->args[i].place == place)
                return true;
    }
    return false;
}

/* Does a loop macro set this argument? Its definition says so; else the first one is the loop's variable, and others are
 * only if they have no value yet. GLNX_HASH_TABLE_FOREACH begins with the table. */
static bool each_sets(struct lowering *lowering, const struct expr *call, int index, int place)
{
    const struct macro *macro = call->name ? macros_find(&lowering->ir->unit->macros, call->name)
                                           : NULL;
    for (int i = 0; macro && macro->function_like && i < macro->parameters.count; i++)
        if (macro_assigns(macro, i) && index < macro->parameters.count)
            return macro_assigns(macro, index);
    if (call->args.count == 1)
        return false; /* FOREACH(journal) goes on with the next entry of it */
    if (index == 0 && call->name && strstr(call->name, "HASH_TABLE_FOREACH"))
        return false;
    if (call->name && strcmp(call->name, "lg_chan_each") == 0)
        return index == 2; /* lg_chan_each (channel, type, name) declares the name */
    bool container_first = call->args.at[0]->kind == E_PREFIX; /* foreach(&list, i, element) */
    return index == 0 || (index < 3 && !has_value(lowering, place)) ||
           (container_first && index == call->args.count - 1);
}

/* A loop macro: its plain arguments may be set in each round. */
static void lower_each(struct lowering *lowering, const struct stmt *stmt)
{
    int head = label_new(lowering), body = label_new(lowering), end = label_new(lowering);
    struct operand unknown = {.kind = O_UNKNOWN, .place = -1};
    label_here(lowering, head);
    emit_branch(lowering, unknown, 0, unknown, body, end, stmt->value);
    label_here(lowering, body);
    for (int i = 0; i < stmt->value->args.count; i++) {
        const struct expr *arg = stmt->value->args.at[i];
        if (arg->kind == E_JUMP)
            lower_expr(lowering, arg);
        else if (arg->kind == E_NAME && !name_is_constant(arg->name) &&
                 place_is_local(lowering->ir, variable(lowering, arg->name)) &&
                 each_sets(lowering, stmt->value, i, variable(lowering, arg->name)))
            emit_assign(lowering, variable(lowering, arg->name), unknown, stmt->value);
    }
    lower_body(lowering, stmt->then, end, head);
    emit_jump(lowering, head);
    label_here(lowering, end);
}

static void lower_once(struct lowering *lowering, const struct stmt *stmt)
{
    int end = label_new(lowering);
    struct scope scope;
    push_scope(lowering, &scope, NULL);
    if (!lower_scoped_guard(lowering, stmt->value))
        for (int i = 0; i < stmt->value->args.count; i++)
            lower_expr(lowering, stmt->value->args.at[i]);
    lower_body(lowering, stmt->then, end, end);
    pop_scope(lowering);
    label_here(lowering, end);
}

/* ---- switch ------------------------------------------------------------------------------------- */

struct switch_cases {
    VEC(const struct stmt *) stmts;
    VEC(int) labels;
};

static void find_cases(struct lowering *lowering, const struct stmt *stmt,
                       struct switch_cases *cases)
{
    if (!stmt || stmt->kind == S_SWITCH)
        return;
    if (stmt->kind == S_CASE) {
        *ADD(lowering->arena, &cases->stmts) = stmt;
        *ADD(lowering->arena, &cases->labels) = label_new(lowering);
    }
    find_cases(lowering, stmt->then, cases);
    find_cases(lowering, stmt->otherwise, cases);
    for (int i = 0; i < stmt->list.count; i++)
        find_cases(lowering, stmt->list.at[i], cases);
}

static void lower_switch(struct lowering *lowering, const struct stmt *stmt)
{
    struct operand value = lower_expr(lowering, stmt->value);
    struct switch_cases cases = {0};
    const struct switch_cases *outer = lowering->cases;
    find_cases(lowering, stmt->then, &cases);
    int end = label_new(lowering), otherwise = end;
    for (int i = 0; i < cases.stmts.count; i++) {
        if (!cases.stmts.at[i]->value) {
            otherwise = cases.labels.at[i];
            continue;
        }
        int next = label_new(lowering);
        struct operand constant = lower_expr(lowering, cases.stmts.at[i]->value);
        emit_branch(lowering, value, S2('=', '='), constant, cases.labels.at[i], next,
                    cases.stmts.at[i]->value);
        label_here(lowering, next);
    }
    emit_jump(lowering, otherwise);
    lowering->cases = &cases;
    lower_body(lowering, stmt->then, end, -1);
    lowering->cases = outer;
    label_here(lowering, end);
}

static void lower_case(struct lowering *lowering, const struct stmt *stmt)
{
    if (!lowering->cases)
        return;
    for (int i = 0; i < lowering->cases->stmts.count; i++)
        if (lowering->cases->stmts.at[i] == stmt)
            label_here(lowering, lowering->cases->labels.at[i]);
}

/* ---- jumps -------------------------------------------------------------------------------------- */

static void find_labels(struct lowering *lowering, const struct stmt *stmt, struct label_path *path)
{
    if (!stmt)
        return;
    if (stmt->kind == S_LABEL) {
        struct label_path *copy = NEW(lowering->arena, struct label_path);
        *copy = *path;
        map_set(&lowering->gotos, stmt->name, (void *)(intptr_t)(label_new(lowering) + 1));
        map_set(&lowering->blocks, stmt->name, copy);
        map_set(&lowering->ir->labels, stmt->name, copy);
    }
    bool block = (stmt->kind == S_BLOCK || stmt->kind == S_FOR) && path->count < 64;
    if (block)
        path->blocks[path->count++] = stmt;
    find_labels(lowering, stmt->first, path);
    find_labels(lowering, stmt->then, path);
    find_labels(lowering, stmt->otherwise, path);
    for (int i = 0; i < stmt->list.count; i++)
        find_labels(lowering, stmt->list.at[i], path);
    path->count -= block;
}

static bool in_path(const struct label_path *path, const struct stmt *block)
{
    for (int i = 0; i < path->count; i++)
        if (path->blocks[i] == block)
            return true;
    return false;
}

void lower_goto(struct lowering *lowering, const char *name, const struct expr *at)
{
    const struct label_path *path = name ? map_get(&lowering->blocks, name) : NULL;
    if (!path) {
        emit(lowering, I_STOP, at);
        return;
    }
    const struct scope *until = lowering->scope;
    while (until && !(until->block && in_path(path, until->block)) && !until->is_function)
        until = until->outer;
    if (!lowering->closed)
        emit(lowering, I_JOIN, at)->label = name;
    leave_scopes(lowering, until);
    emit_jump(lowering, (int)(intptr_t)map_get(&lowering->gotos, name) - 1);
}

static void lower_break(struct lowering *lowering, bool is_continue)
{
    const struct scope *scope = lowering->scope;
    int label = -1;
    for (; scope; scope = scope->outer) {
        label = is_continue ? scope->continue_to : scope->break_to;
        if (label >= 0)
            break;
    }
    if (label < 0) {
        if (!lowering->closed)
            emit(lowering, I_STOP, NULL);
        return;
    }
    if (!lowering->closed)
        emit(lowering, I_JOIN, NULL)->label = is_continue ? "continue" : "break";
    leave_scopes(lowering, scope->outer);
    emit_jump(lowering, label);
}

static void lower_block(struct lowering *lowering, const struct stmt *stmt)
{
    struct scope scope;
    push_scope(lowering, &scope, stmt);
    for (int i = 0; i < stmt->list.count; i++)
        lower_stmt(lowering, stmt->list.at[i]);
    if (!lowering->closed && stmt->end_line)
        lowering->line = stmt->end_line;
    pop_scope(lowering);
}

static void lower_any(struct lowering *lowering, const struct stmt *stmt)
{
    switch (stmt->kind) {
    case S_EXPR: lower_expr(lowering, stmt->value); break;
    case S_DECL:
        EACH (decl, &stmt->decls)
            lower_decl(lowering, decl);
        break;
    case S_BLOCK: lower_block(lowering, stmt); break;
    case S_IF: lower_if(lowering, stmt); break;
    case S_WHILE: lower_while(lowering, stmt); break;
    case S_DO: lower_do(lowering, stmt); break;
    case S_FOR: lower_for(lowering, stmt); break;
    case S_EACH: lower_each(lowering, stmt); break;
    case S_ONCE: lower_once(lowering, stmt); break;
    case S_SWITCH: lower_switch(lowering, stmt); break;
    case S_CASE: lower_case(lowering, stmt); break;
    case S_LABEL:
        label_here(lowering, (int)(intptr_t)map_get(&lowering->gotos, stmt->name) - 1);
        break;
    case S_GOTO:
        lower_goto(lowering, stmt->name, where(lowering, stmt->line, stmt->column, stmt->expanded));
        break;
    case S_BREAK: lower_break(lowering, false); break;
    case S_CONTINUE: lower_break(lowering, true); break;
    case S_RETURN:
        lower_return(lowering, stmt->value,
                     where(lowering, stmt->line, stmt->column, stmt->expanded));
        break;
    case S_DEFER: lower_defer(lowering, stmt); break;
    }
}

void lower_stmt(struct lowering *lowering, const struct stmt *stmt)
{
    if (!stmt || lowering->ir->code.count > 60000)
        return;
    if (!lowering->implicit)
        lowering->line = stmt->line;
    lower_any(lowering, stmt);
}

static void resolve(struct lowering *lowering, int *target)
{
    if (*target <= -2)
        *target = lowering->labels.at[-2 - *target];
}

static void declare_parameters(struct lowering *lowering)
{
    EACH (parameter, &lowering->ir->function->parameters)
        if (parameter->name) {
            int place = declare(lowering, parameter->name, P_PARAMETER);
            lowering->ir->places.at[place].parameter = parameter;
        }
}

void lower(struct unit *unit, struct function *function, struct arena *arena, struct ir *ir)
{
    *ir = (struct ir){.unit = unit, .function = function, .arena = arena};
    struct lowering lowering = {.ir = ir, .arena = arena, .line = function->line};
    struct label_path path = {.count = 0};
    find_labels(&lowering, function->body, &path);
    struct scope scope;
    push_scope(&lowering, &scope, NULL);
    scope.is_function = true;
    declare_parameters(&lowering);
    if (function->result)
        declare(&lowering, function->result, P_LOCAL);
    lower_stmt(&lowering, function->body);
    lowering.line = function->end_line;
    if (!lowering.closed)
        emit(&lowering, I_RETURN, NULL);
    EACH (instr, &ir->code) {
        if (instr->next >= ir->code.count)
            instr->next = -1;
        resolve(&lowering, &instr->next);
        resolve(&lowering, &instr->other);
    }
    map_free(&lowering.gotos);
    map_free(&lowering.blocks);
}
