/* Calls: some take a value out of a variable, replace it, check a condition, or leave the function. */
#include "config.h"
#include "harness.h"
#include "lower.h"
#include "model.h"
#include "names.h"

#include <stdio.h>
#include <string.h>

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
    /* An argument that is a label: the macro may go there; but queue_destroy(queue, free) passes a function. */
    bool macro = plain && name_is_constant(call->name);
    for (int i = 0; i < call->args.count; i++) {
        const struct expr *arg = call->args.at[i];
        if (arg && arg->kind == E_NAME && map_get(&lowering->gotos, arg->name) &&
            !known_variable(lowering, arg->name) && (macro || !model_frees_memory(arg->name))) {
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

struct operand lower_call(struct lowering *lowering, const struct expr *call, int dst)
{
    const char *name = call->name;
    if (name && name_is_likely(name) && call->args.count > 0)
        return lower_expr(lowering, call->args.at[0]);
    bool moves_on = name && strstr(name, "move_fd") && call->args.count > 1; /* move_fd(fd, 1) */
    if (name && takes(name) && call->args.count >= 1 && !moves_on)
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
