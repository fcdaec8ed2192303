/* Expressions become calls, assignments and branches; what is left is an operand. */
#include "config.h"
#include "harness.h"
#include "lower.h"
#include "names.h"

#include <stdio.h>
#include <string.h>

#define DEEPEST 200

static struct operand unknown(void)
{
    return (struct operand){.kind = O_UNKNOWN, .place = -1};
}

static struct operand number(long n)
{
    return (struct operand){.kind = O_NUMBER, .place = -1, .number = n};
}

static struct operand at_place(int place)
{
    return place < 0 ? unknown() : (struct operand){.kind = O_PLACE, .place = place};
}

struct instr *emit(struct lowering *lowering, enum instr_kind kind, const struct expr *where)
{
    struct ir *ir = lowering->ir;
    struct instr *instr = ADD(lowering->arena, &ir->code);
    instr->kind = kind;
    instr->dst = instr->left.place = instr->right.place = instr->other = -1;
    instr->next = kind == I_RETURN || kind == I_STOP ? -1 : ir->code.count;
    instr->implicit = lowering->implicit;
    instr->deferred = lowering->deferred;
    instr->expr = where;
    if (where && where->line > 0) {
        instr->line = where->line;
        instr->column = where->column;
        instr->expanded = where->expanded;
        if (!lowering->implicit)
            lowering->line = where->line;
    } else {
        instr->line = lowering->line;
        instr->column = 1;
    }
    lowering->closed = kind == I_RETURN || kind == I_STOP;
    return instr;
}

int label_new(struct lowering *lowering)
{
    *ADD(lowering->arena, &lowering->labels) = -1;
    return lowering->labels.count - 1;
}

void label_here(struct lowering *lowering, int label)
{
    emit(lowering, I_JOIN, NULL);
    lowering->labels.at[label] = lowering->ir->code.count - 1;
}

/* Labels stand in `next` and `other` as -2 - label until all of them have their place. */
void emit_jump(struct lowering *lowering, int label)
{
    if (lowering->closed)
        return;
    emit(lowering, I_JOIN, NULL)->next = -2 - label;
    lowering->closed = true;
}

void emit_branch(struct lowering *lowering, struct operand left, int sign, struct operand right,
                 int yes, int no, const struct expr *where)
{
    struct instr *branch = emit(lowering, I_BRANCH, where);
    branch->left = left;
    branch->right = right;
    branch->sign = sign;
    branch->next = -2 - yes;
    branch->other = -2 - no;
    lowering->closed = true;
}

void emit_assign(struct lowering *lowering, int dst, struct operand value, const struct expr *where)
{
    struct instr *assign = emit(lowering, I_ASSIGN, where);
    assign->dst = dst;
    assign->left = value;
}

int temporary(struct lowering *lowering)
{
    char name[32];
    snprintf(name, sizeof(name), "$%d", lowering->temporaries++);
    return place_new(lowering->ir, P_TEMPORARY, intern_string(name));
}

int variable(struct lowering *lowering, const char *name)
{
    for (struct scope *scope = lowering->scope; scope; scope = scope->outer)
        for (int i = scope->names.count - 1; i >= 0; i--)
            if (scope->names.at[i].name == name)
                return scope->names.at[i].place;
    struct ir *ir = lowering->ir;
    int place = (int)(intptr_t)map_get(&ir->place_by_text, name) - 1;
    if (place < 0) {
        place = place_new(ir, P_GLOBAL, name);
        map_set(&ir->place_by_text, name, (void *)(intptr_t)(place + 1));
    }
    return place;
}

static bool known_variable(const struct lowering *lowering, const char *name)
{
    for (struct scope *scope = lowering->scope; scope; scope = scope->outer)
        EACH (binding, &scope->names)
            if (binding->name == name)
                return true;
    return false;
}

static const char *index_suffix(struct lowering *lowering, const struct expr *index, int *by)
{
    char text[160];
    struct operand at = index->kind == E_NUMBER ? number(index->number)
                                                : lower_expr(lowering, index);
    *by = at.kind == O_PLACE ? at.place : -1;
    if (at.kind == O_NUMBER)
        snprintf(text, sizeof(text), "[%ld]", at.number);
    else if (at.kind == O_PLACE || at.kind == O_SYMBOL)
        snprintf(text, sizeof(text), "[%.120s]",
                 at.kind == O_PLACE ? place_text(lowering->ir, at.place) : at.text);
    else
        snprintf(text, sizeof(text), "[]");
    return intern_string(text);
}

static int part_of(struct lowering *lowering, const struct expr *base, const char *suffix,
                   bool through)
{
    /* (&x)->field is x.field */
    if (through && base->kind == E_PREFIX && base->sign == '&') {
        int inner = place_of(lowering, base->a);
        char text[160];
        snprintf(text, sizeof(text), ".%.150s", suffix + 2);
        return inner < 0 ? -1
                         : place_part(lowering->ir, inner,
                                      suffix[0] == '-' ? intern_string(text) : suffix, false);
    }
    int parent = place_of(lowering, base);
    return parent < 0 ? -1 : place_part(lowering->ir, parent, suffix, through);
}

int place_of(struct lowering *lowering, const struct expr *expr)
{
    if (!expr || ++lowering->depth > DEEPEST) {
        lowering->depth -= expr != NULL;
        return -1;
    }
    int place = -1;
    char text[160];
    switch (expr->kind) {
    case E_NAME: place = variable(lowering, expr->name); break;
    case E_CAST: place = place_of(lowering, expr->a); break;
    case E_MEMBER:
        snprintf(text, sizeof(text), "%s%.150s", expr->sign == '.' ? "." : "->", expr->name);
        place = part_of(lowering, expr->a, intern_string(text), expr->sign != '.');
        break;
    case E_INDEX: {
        int by;
        const char *suffix = index_suffix(lowering, expr->b, &by);
        place = part_of(lowering, expr->a, suffix, false);
        if (place >= 0)
            lowering->ir->places.at[place].index = by;
        break;
    }
    case E_PREFIX:
        if (expr->sign == '*' && expr->a->kind == E_PREFIX && expr->a->sign == '&')
            place = place_of(lowering, expr->a->a);
        else if (expr->sign == '*')
            place = part_of(lowering, expr->a, "*", true);
        break;
    default: {
        struct operand value = lower_expr(lowering, expr);
        place = value.kind == O_PLACE ? value.place : -1;
    }
    }
    lowering->depth--;
    return place;
}

/* ---- values ------------------------------------------------------------------------------------- */

static void describe(const struct ir *ir, const struct operand *operand, char *text, size_t room)
{
    switch (operand->kind) {
    case O_PLACE: snprintf(text, room, "%s", ir->places.at[operand->place].text); break;
    case O_ADDRESS: snprintf(text, room, "&%s", ir->places.at[operand->place].text); break;
    case O_NUMBER: snprintf(text, room, "%ld", operand->number); break;
    case O_SYMBOL:
    case O_STRING: snprintf(text, room, "%s", operand->text); break;
    default: snprintf(text, room, "?"); break;
    }
}

static struct operand value_of(struct lowering *lowering, const char *name,
                               const struct operand *parts, int count)
{
    char text[1024];
    size_t length = (size_t)snprintf(text, sizeof(text), "%.60s(", name);
    int places[16], places_count = 0;
    bool definite = true;
    for (int i = 0; i < count && length < 900; i++) {
        char one[256];
        describe(lowering->ir, &parts[i], one, sizeof(one));
        length += (size_t)snprintf(text + length, sizeof(text) - length, "%s,", one);
        definite &= parts[i].kind != O_UNKNOWN;
        if (parts[i].place >= 0 && places_count < 16)
            places[places_count++] = parts[i].place;
    }
    if (!definite || length >= 900)
        snprintf(text, sizeof(text), "%.60s#%d", name, lowering->temporaries++);
    return at_place(place_value(lowering->ir, text, places, places_count));
}

static struct operand lower_name(struct lowering *lowering, const struct expr *expr)
{
    const char *name = expr->name;
    if (known_variable(lowering, name))
        return at_place(variable(lowering, name));
    if (strcmp(name, "NULL") == 0 || strcmp(name, "false") == 0 || strcmp(name, "FALSE") == 0 ||
        strcmp(name, "nullptr") == 0 || strcmp(name, "EXIT_SUCCESS") == 0)
        return number(0);
    if (strcmp(name, "true") == 0 || strcmp(name, "TRUE") == 0 || strcmp(name, "EXIT_FAILURE") == 0)
        return number(1);
    long negative = macro_negative(macros_find(&lowering->ir->unit->macros, name));
    if (negative)
        return number(negative);
    if (name_is_constant(name))
        return (struct operand){.kind = O_SYMBOL, .place = -1, .text = name};
    return at_place(variable(lowering, name));
}

static struct operand lower_boolean(struct lowering *lowering, const struct expr *expr)
{
    int yes = label_new(lowering), no = label_new(lowering), end = label_new(lowering);
    int result = temporary(lowering);
    lower_condition(lowering, expr, yes, no);
    label_here(lowering, yes);
    emit_assign(lowering, result, number(1), expr);
    emit_jump(lowering, end);
    label_here(lowering, no);
    emit_assign(lowering, result, number(0), expr);
    label_here(lowering, end);
    return at_place(result);
}

static struct operand lower_choice(struct lowering *lowering, const struct expr *expr)
{
    int yes = label_new(lowering), no = label_new(lowering), end = label_new(lowering);
    int result = temporary(lowering);
    if (expr->a == expr->b) { /* a ?: c */
        struct operand first = lower_expr(lowering, expr->a);
        emit_assign(lowering, result, first, expr);
        emit_branch(lowering, first, S2('!', '='), number(0), end, no, expr);
    } else {
        lower_condition(lowering, expr->a, yes, no);
        label_here(lowering, yes);
        lower_into(lowering, result, expr->b);
        emit_jump(lowering, end);
    }
    label_here(lowering, no);
    lower_into(lowering, result, expr->c);
    label_here(lowering, end);
    return at_place(result);
}

static bool is_comparison(int sign)
{
    return sign == S2('=', '=') || sign == S2('!', '=') || sign == '<' || sign == '>' ||
           sign == S2('<', '=') || sign == S2('>', '=');
}

static const char *sign_name(int sign)
{
    char text[5] = {(char)sign, (char)(sign >> 8), (char)(sign >> 16)};
    return intern_string(text);
}

static struct operand lower_binary(struct lowering *lowering, const struct expr *expr)
{
    if (expr->sign == ',') {
        lower_expr(lowering, expr->a);
        return lower_expr(lowering, expr->b);
    }
    if (expr->sign == S2('&', '&') || expr->sign == S2('|', '|') || is_comparison(expr->sign))
        return lower_boolean(lowering, expr);
    struct operand sides[2] = {lower_expr(lowering, expr->a)};
    sides[1] = lower_expr(lowering, expr->b);
    return value_of(lowering, sign_name(expr->sign), sides, 2);
}

static struct operand lower_prefix(struct lowering *lowering, const struct expr *expr)
{
    int sign = expr->sign;
    if (sign == '!')
        return lower_boolean(lowering, expr);
    if (sign == '&' || sign == S2('&', '&')) {
        int place = place_of(lowering, expr->a);
        return place < 0 ? unknown() : (struct operand){.kind = O_ADDRESS, .place = place};
    }
    if (sign == '*')
        return at_place(place_of(lowering, expr));
    struct operand inner = lower_expr(lowering, expr->a);
    if (sign == '+')
        return inner;
    struct operand result = value_of(lowering, sign_name(sign), &inner, 1);
    if ((sign == S2('+', '+') || sign == S2('-', '-')) && inner.kind == O_PLACE)
        emit_assign(lowering, inner.place, result, expr);
    return result;
}

static struct operand lower_assign(struct lowering *lowering, const struct expr *expr)
{
    if (expr->sign == '=') {
        int dst = place_of(lowering, expr->a);
        if (dst < 0)
            return lower_expr(lowering, expr->b);
        lower_into(lowering, dst, expr->b);
        return at_place(dst);
    }
    struct operand sides[2] = {lower_expr(lowering, expr->b)};
    int dst = place_of(lowering, expr->a);
    sides[1] = at_place(dst);
    if (dst >= 0)
        emit_assign(lowering, dst, value_of(lowering, sign_name(expr->sign), sides, 2), expr);
    return at_place(dst);
}

/* ---- calls -------------------------------------------------------------------------------------- */

static const struct expr *argument(const struct expr *call, int index)
{
    return index < call->args.count ? call->args.at[index] : NULL;
}

static const struct expr *without_address(const struct expr *expr)
{
    return expr && expr->kind == E_PREFIX && expr->sign == '&' ? expr->a : expr;
}

/* free_and_replace(p, q), free_move_ptr(p, q): p is freed, and gets what q held. */
static bool replaces_value(const char *name)
{
    return strcmp(name, "free_and_replace") == 0 || strcmp(name, "free_move_ptr") == 0 ||
           strcmp(name, "strv_free_and_replace") == 0 || strcmp(name, "close_move_fd") == 0;
}

/* TAKE_PTR(x), TAKE_FD(x), g_steal_pointer(&x), no_free_ptr(x), steal_fd(x): x is given up, its value is the result. */
static bool takes(const char *name)
{
    if (replaces_value(name))
        return false;
    return strncmp(name, "TAKE_", 5) == 0 || strncmp(name, "lg_take", 7) == 0 ||
           strstr(name, "steal_pointer") || strstr(name, "steal_fd") || strstr(name, "steal_ptr") ||
           strcmp(name, "no_free_ptr") == 0 || strstr(name, "move_ptr") ||
           strstr(name, "move_fd") || strcmp(name, "retain_and_null_ptr") == 0 ||
           strcmp(name, "take_fd") == 0 || strcmp(name, "get_unused_and_null") == 0;
}

static struct operand lower_taking(struct lowering *lowering, const struct expr *call)
{
    int place = place_of(lowering, without_address(argument(call, 0)));
    int result = temporary(lowering);
    if (place < 0)
        return at_place(result);
    emit_assign(lowering, result, at_place(place), call);
    bool fd = strstr(call->name, "fd") || strstr(call->name, "FD");
    emit_assign(lowering, place, number(fd ? -1 : 0), call);
    return at_place(result);
}

static struct operand lower_replacing(struct lowering *lowering, const struct expr *call)
{
    int to = place_of(lowering, argument(call, 0)), from = place_of(lowering, argument(call, 1));
    if (to < 0 || from < 0)
        return unknown();
    struct instr *release = emit(lowering, I_CALL, call);
    release->callee = intern_string(strncmp(call->name, "close", 5) == 0 ? "close" : "free");
    release->args = NEW(lowering->arena, struct operand);
    *release->args = at_place(to);
    release->arg_count = 1;
    emit_assign(lowering, to, at_place(from), call);
    emit_assign(lowering, from, number(0), call);
    return at_place(to);
}

/* return_ptr(p): return no_free_ptr(p) */
static void lower_returning_taken(struct lowering *lowering, const struct expr *call)
{
    struct expr *taken = NEW(lowering->arena, struct expr);
    *taken = *call;
    taken->name = "no_free_ptr";
    lower_return(lowering, taken, call);
}

/* What holds after the assertion: its argument, or the comparison that its name says. NULL: not known. */
static const struct expr *asserted(struct lowering *lowering, const struct expr *call,
                                   bool *inverted)
{
    const char *name = call->name;
    *inverted = strcmp(name, "BUG_ON") == 0 || name_ends_with(name, "_null") ||
                name_ends_with(name, "_false") || name_ends_with(name, "_no_error") ||
                name_ends_with(name, "_no_errno");
    bool equal = name_ends_with(name, "_eq") || name_ends_with(name, "_equal");
    bool unequal = name_ends_with(name, "_ne") || name_ends_with(name, "_not_equal");
    if (!equal && !unequal)
        return call->args.count == 1 || strcmp(name, "BUG_ON") == 0 ||
                       name_ends_with(name, "_unless") || name_ends_with(name, "assert") ||
                       name_ends_with(name, "_msg") || strncmp(name, "g_return_", 9) == 0 ||
                       name_ends_with(name, "_true") || strstr(name, "ASSERT_WITH") ||
                       strstr(name, "_ARG_WITH")
                   ? argument(call, 0)
                   : NULL;
    if (call->args.count < 2 || strstr(name, "str") || strstr(name, "mem") || strstr(name, "STR") ||
        strstr(name, "MEM") || strstr(name, "NUM"))
        return NULL; /* what they hold is compared */
    struct expr *comparison = NEW(lowering->arena, struct expr);
    *comparison = *call;
    comparison->kind = E_BINARY;
    comparison->sign = equal ? S2('=', '=') : S2('!', '=');
    comparison->a = call->args.at[0];
    comparison->b = call->args.at[1];
    return comparison;
}

static struct operand finish_call(struct lowering *lowering, const struct expr *call, int dst,
                                  struct operand *args, int count);

/* assert(x): afterwards x holds. */
static struct operand lower_assertion(struct lowering *lowering, const struct expr *call)
{
    bool inverted;
    if (is_test_assertion(call->name))
        lowering->ir->asserts_as_tests = true;
    const struct expr *condition = asserted(lowering, call, &inverted);
    if (!condition) {
        struct operand *args = arena_take(lowering->arena,
                                          sizeof(*args) * (size_t)(call->args.count + 1));
        for (int i = 0; i < call->args.count; i++)
            args[i] = lower_expr(lowering, call->args.at[i]);
        if (strncmp(call->name, "g_assert_error", 14) == 0)
            finish_call(lowering, call, temporary(lowering), args, call->args.count);
        return unknown();
    }
    int yes = label_new(lowering), no = label_new(lowering);
    lower_condition(lowering, condition, inverted ? no : yes, inverted ? yes : no);
    label_here(lowering, no);
    emit(lowering, I_STOP, call);
    label_here(lowering, yes);
    return unknown();
}

/* A macro whose name says that it returns: ThrowReaderException(…), RETURN_IF_ERROR(…). */
static void lower_leaving(struct lowering *lowering, const struct expr *call)
{
    int yes = label_new(lowering), no = label_new(lowering);
    struct operand failed = {.kind = O_NUMBER, .place = -1, .number = -1};
    if (name_leaves(call->name) == 2) {
        emit(lowering, I_JOIN, call)->label = "error";
        emit(lowering, I_RETURN, call)->left = failed;
        return;
    }
    const struct expr *first = call->args.count > 0 ? call->args.at[0] : NULL;
    if (first && (strstr(call->name, "null") || strstr(call->name, "NULL")))
        lower_condition(lowering, first, no, yes);
    else if (first && (strstr(call->name, "err") || strstr(call->name, "ERR")))
        lower_condition(lowering, first, yes, no);
    else
        emit_branch(lowering, unknown(), 0, unknown(), yes, no, call);
    label_here(lowering, yes);
    emit(lowering, I_JOIN, call)->label = "error";
    emit(lowering, I_RETURN, call)->left = failed;
    label_here(lowering, no);
}

/* err(EXIT_FAILURE, …), error(1, …) */
static bool exits_by_argument(const struct expr *call)
{
    const struct expr *first = argument(call, 0);
    if (!first)
        return false;
    if (first->kind == E_NAME)
        return strcmp(first->name, "EXIT_FAILURE") == 0;
    return strcmp(call->name, "error") == 0 && first->kind == E_NUMBER && first->number != 0 &&
           call->args.count > 2;
}

/* #define errexec(name) err(EXIT_FAILURE, "cannot run %s", name) */
static bool macro_ends(const struct lowering *lowering, const char *name)
{
    const struct macro *macro = macros_find(&lowering->ir->unit->macros, name);
    return macro && macro->function_like && macro_never_returns(macro);
}

/* flock(fd, LOCK_EX | LOCK_NB) locks, flock(fd, LOCK_UN) unlocks: the name tells. */
static const char *file_lock(const struct expr *call)
{
    static const char *const wanted[][2] = {
        {"flock", "LOCK_UN"},      {"flock", "LOCK_EX"},        {"flock", "LOCK_SH"},
        {"lockf", "F_ULOCK"},      {"lockf", "F_LOCK"},         {"lockf", "F_TLOCK"},
        {"lockmgr", "LK_RELEASE"}, {"lockmgr", "LK_EXCLUSIVE"}, {"lockmgr", "LK_SHARED"},
    };
    const struct expr *asked = call->args.count > 1 ? call->args.at[1] : NULL;
    if (!call->name || !asked)
        return call->name;
    if (asked->kind == E_BINARY)
        asked = asked->a;
    if (asked->kind == E_NAME && strcmp(asked->name, "LOCK_UN") == 0 && name_locks(call->name))
        return intern_string("flock LOCK_UN"); /* of a wrapper: file_lock(fd, LOCK_UN) */
    for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++)
        if (strcmp(call->name, wanted[i][0]) == 0 && asked->kind == E_NAME &&
            strcmp(asked->name, wanted[i][1]) == 0) {
            char text[40];
            snprintf(text, sizeof(text), "%s %s", wanted[i][0], wanted[i][1]);
            return intern_string(text);
        }
    return call->name;
}

static struct operand finish_call(struct lowering *lowering, const struct expr *call, int dst,
                                  struct operand *args, int count)
{
    struct instr *instr = emit(lowering, I_CALL, call);
    bool builtin = call->name && strncmp(call->name, "__builtin_", 10) == 0;
    instr->callee = builtin ? intern_string(call->name + 10) : file_lock(call);
    instr->args = args;
    instr->arg_count = count;
    instr->dst = dst;
    bool plain = call->name && call->a && call->a->kind == E_NAME;
    instr->indirect = (call->a && !plain) || (call->name && known_variable(lowering, call->name));
    if (plain &&
        (exits_by_argument(call) || name_never_returns(call->name) ||
         config_never_returns(call->name) || macro_ends(lowering, call->name)) &&
        !known_variable(lowering, call->name)) {
        emit(lowering, I_STOP, call);
        return unknown();
    }
    if (plain && name_leaves(call->name) && !known_variable(lowering, call->name)) {
        instr->arg_count = 0; /* it asks about these, and keeps none */
        lower_leaving(lowering, call);
    }
    /* An argument that is a label: the macro may go there. */
    for (int i = 0; i < call->args.count; i++) {
        const struct expr *arg = call->args.at[i];
        if (arg->kind == E_NAME && map_get(&lowering->gotos, arg->name) &&
            !known_variable(lowering, arg->name)) {
            int yes = label_new(lowering), no = label_new(lowering);
            emit_branch(lowering, unknown(), 0, unknown(), yes, no, call);
            label_here(lowering, yes);
            lower_goto(lowering, arg->name, call);
            label_here(lowering, no);
        }
    }
    return at_place(dst);
}

/* SUCCEEDED(hr) is hr >= 0, FAILED(hr) is hr < 0. */
static const struct expr *below_zero(struct lowering *lowering, const struct expr *call)
{
    struct expr *zero = NEW(lowering->arena, struct expr),
                *comparison = NEW(lowering->arena, struct expr);
    *zero = *comparison = *call;
    zero->kind = E_NUMBER;
    zero->number = 0;
    comparison->kind = E_BINARY;
    comparison->sign = call->name[0] == 'S' ? S2('>', '=') : '<';
    comparison->a = call->args.at[0];
    comparison->b = zero;
    return comparison;
}

static struct operand lower_call(struct lowering *lowering, const struct expr *call, int dst)
{
    const char *name = call->name;
    if (name && name_is_likely(name) && call->args.count > 0)
        return lower_expr(lowering, call->args.at[0]);
    if (name && takes(name) && call->args.count >= 1)
        return lower_taking(lowering, call);
    if (name && replaces_value(name) && call->args.count == 2)
        return lower_replacing(lowering, call);
    if (name && call->args.count == 1 &&
        (strcmp(name, "SUCCEEDED") == 0 || strcmp(name, "FAILED") == 0))
        return lower_expr(lowering, below_zero(lowering, call));
    if (name && name_asserts(name) && call->args.count > 0)
        return lower_assertion(lowering, call);
    if (name && strcmp(name, "return_ptr") == 0 && call->args.count == 1) {
        lower_returning_taken(lowering, call);
        return unknown();
    }
    if (name && (strcmp(name, "lg_return") == 0 || strcmp(name, "lg_return_void") == 0)) {
        lower_return(lowering, argument(call, 0), call);
        return unknown();
    }
    if (lower_defer_call(lowering, call) || lower_guard(lowering, call))
        return unknown();
    struct operand *args = arena_take(lowering->arena,
                                      sizeof(*args) * (size_t)(call->args.count + 1));
    if (!name || call->a->kind == E_MEMBER)
        lower_expr(lowering, call->a);
    for (int i = 0; i < call->args.count; i++) {
        args[i] = lower_expr(lowering, call->args.at[i]);
        if (call->args.at[i]->kind == E_DESIGNATED) /* the new structure has it */
            emit_assign(lowering, place_new(lowering->ir, P_GLOBAL, intern_string("{}.member")),
                        args[i], call);
    }
    const struct macro *macro = name ? macros_find(&lowering->ir->unit->macros, name) : NULL;
    if (name && dst < 0 && (name_is_predicate(name) || (macro && macro_is_predicate(macro))))
        return value_of(lowering, name, args, call->args.count);
    return finish_call(lowering, call, dst >= 0 ? dst : temporary(lowering), args,
                       call->args.count);
}

static struct operand lower_list(struct lowering *lowering, const struct expr *list)
{
    struct operand parts[16];
    int count = 0;
    for (int i = 0; i < list->args.count; i++) {
        const struct expr *item = list->args.at[i];
        struct operand value = lower_expr(lowering, item->kind == E_DESIGNATED ? item->a : item);
        if (count < 16)
            parts[count++] = value;
    }
    struct operand whole = value_of(lowering, "{}", parts, count);
    lowering->ir->places.at[whole.place].holds = true;
    return whole;
}

static struct operand lower_block_value(struct lowering *lowering, const struct expr *expr)
{
    const struct stmt *block = expr->body;
    int count = block->list.count;
    const struct stmt *last = count > 0 ? block->list.at[count - 1] : NULL;
    if (!last || last->kind != S_EXPR) {
        lower_stmt(lowering, block);
        return unknown();
    }
    struct stmt front = *block;
    struct scope scope = {
        .outer = lowering->scope, .block = block, .break_to = -1, .continue_to = -1};
    lowering->scope = &scope;
    for (int i = 0; i < count - 1; i++)
        lower_stmt(lowering, front.list.at[i]);
    struct operand value = lower_expr(lowering, last->value);
    lowering->scope = scope.outer;
    return value;
}

static struct operand lower_jump(struct lowering *lowering, const struct expr *expr)
{
    int yes = label_new(lowering), no = label_new(lowering);
    emit_branch(lowering, unknown(), 0, unknown(), yes, no, expr);
    label_here(lowering, yes);
    lower_stmt(lowering, expr->body);
    label_here(lowering, no);
    return unknown();
}

static struct operand lower_any(struct lowering *lowering, const struct expr *expr)
{
    switch (expr->kind) {
    case E_NONE:
    case E_SIZEOF: return unknown();
    case E_DESIGNATED: return lower_expr(lowering, expr->a);
    case E_NAME: return lower_name(lowering, expr);
    case E_NUMBER: return number(expr->number);
    case E_STRING: {
        struct operand string = {.kind = O_STRING, .place = -1, .number = expr->number};
        string.text = arena_copy(lowering->arena, expr->name, (size_t)expr->number);
        return string;
    }
    case E_CALL: return lower_call(lowering, expr, -1);
    case E_PREFIX: return lower_prefix(lowering, expr);
    case E_POSTFIX: {
        struct operand inner = lower_expr(lowering, expr->a);
        struct operand result = value_of(lowering, sign_name(expr->sign), &inner, 1);
        if (inner.kind == O_PLACE)
            emit_assign(lowering, inner.place, result, expr);
        return result;
    }
    case E_BINARY: return lower_binary(lowering, expr);
    case E_ASSIGN: return lower_assign(lowering, expr);
    case E_CHOICE: return lower_choice(lowering, expr);
    case E_INDEX:
    case E_MEMBER: return at_place(place_of(lowering, expr));
    case E_CAST: return lower_expr(lowering, expr->a);
    case E_LIST: return lower_list(lowering, expr);
    case E_BLOCK: return lower_block_value(lowering, expr);
    case E_JUMP: return lower_jump(lowering, expr);
    }
    return unknown();
}

struct operand lower_expr(struct lowering *lowering, const struct expr *expr)
{
    if (!expr || lowering->depth > DEEPEST)
        return unknown();
    lowering->depth++;
    struct operand value = lower_any(lowering, expr);
    lowering->depth--;
    return value;
}

static const struct expr *uncast(const struct expr *expr)
{
    while (expr->kind == E_CAST)
        expr = expr->a;
    return expr;
}

void lower_into(struct lowering *lowering, int dst, const struct expr *expr)
{
    if (!expr)
        return;
    const struct expr *inner = uncast(expr);
    if (inner->kind == E_CALL) {
        struct operand value = lower_call(lowering, inner, dst);
        if (value.kind != O_PLACE || value.place != dst)
            emit_assign(lowering, dst, value, expr);
    } else if (inner->kind == E_LIST) {
        emit_assign(lowering, dst, unknown(), expr);
        for (int i = 0; i < inner->args.count; i++) {
            const struct expr *item = inner->args.at[i];
            char suffix[160];
            if (item->kind == E_DESIGNATED)
                snprintf(suffix, sizeof(suffix), ".%.150s", item->name);
            else
                snprintf(suffix, sizeof(suffix), "[%d]", i);
            const struct expr *value = item->kind == E_DESIGNATED ? item->a : item;
            if (value->kind == E_NUMBER && value->number == 0 && inner->args.count == 1)
                continue;
            lower_into(lowering, place_part(lowering->ir, dst, intern_string(suffix), false),
                       value);
        }
    } else {
        emit_assign(lowering, dst, lower_expr(lowering, expr), expr);
    }
}

/* ---- conditions --------------------------------------------------------------------------------- */

/* 1: #define BE(expr, val) __builtin_expect(expr, val); -1: the opposite of its argument; 0: something else */
static int hints(const struct lowering *lowering, const char *name)
{
    const struct macro *macro = macros_find(&lowering->ir->unit->macros, name);
    int negated = 0, compared = 0;
    if (!macro || !macro->function_like || macro->body.count > 12 ||
        !macro_calls(macro, "__builtin_expect"))
        return 0;
    EACH (token, &macro->body) {
        negated += token->sign == '!';
        compared += token->sign == S2('=', '=');
    }
    bool same = (negated + compared) % 2 == 0;
    return same ? 1 : compared == 0 ? -1 : 0;
}

static bool lower_special_condition(struct lowering *lowering, const struct expr *expr, int yes,
                                    int no)
{
    const char *name = expr->name;
    int same = name && expr->args.count > 0 ? hints(lowering, name) : 0;
    if (same) {
        lower_condition(lowering, expr->args.at[0], same > 0 ? yes : no, same > 0 ? no : yes);
        return true;
    }
    if (!name || expr->args.count != 1)
        return false;
    /* An error pointer counts as a null pointer. */
    if (strcmp(name, "IS_ERR") == 0 || strcmp(name, "IS_ERR_OR_NULL") == 0 ||
        strcmp(name, "isempty") == 0) {
        lower_condition(lowering, expr->args.at[0], no, yes);
        return true;
    }
    if (name_is_likely(name)) {
        lower_condition(lowering, expr->args.at[0], yes, no);
        return true;
    }
    return false;
}

static void lower_comparison(struct lowering *lowering, const struct expr *expr, int yes, int no)
{
    struct operand left = lower_expr(lowering, expr->a);
    struct operand right = lower_expr(lowering, expr->b);
    emit_branch(lowering, left, expr->sign, right, yes, no, expr);
}

void lower_condition(struct lowering *lowering, const struct expr *expr, int yes, int no)
{
    if (!expr || lowering->depth > DEEPEST) {
        emit_branch(lowering, unknown(), 0, unknown(), yes, no, expr);
        return;
    }
    lowering->depth++;
    if (expr->kind == E_PREFIX && expr->sign == '!') {
        lower_condition(lowering, expr->a, no, yes);
    } else if (expr->kind == E_BINARY &&
               (expr->sign == S2('&', '&') || expr->sign == S2('|', '|'))) {
        bool both = expr->sign == S2('&', '&');
        int middle = label_new(lowering);
        lower_condition(lowering, expr->a, both ? middle : yes, both ? no : middle);
        label_here(lowering, middle);
        lower_condition(lowering, expr->b, yes, no);
    } else if (expr->kind == E_BINARY && is_comparison(expr->sign)) {
        lower_comparison(lowering, expr, yes, no);
    } else if (expr->kind == E_BINARY && expr->sign == ',') {
        lower_expr(lowering, expr->a);
        lower_condition(lowering, expr->b, yes, no);
    } else if (expr->kind == E_CALL && lower_special_condition(lowering, expr, yes, no)) {
        /* done */
    } else {
        struct operand value = lower_expr(lowering, expr);
        if (value.kind == O_NUMBER)
            emit_jump(lowering, value.number ? yes : no);
        else
            emit_branch(lowering, value, S2('!', '='), number(0), yes, no, expr);
    }
    lowering->depth--;
}
