/* Deferred calls that can be dismissed, scopes that hold calls, and guards that hold locks.
 *
 * A call that can be dismissed has a flag: a place of its own that is not 0 while the call is pending. */
#include "lower.h"
#include "names.h"

#include <stdio.h>
#include <string.h>

static const char *plain_name(const struct expr *expr)
{
    while (expr && (expr->kind == E_CAST || (expr->kind == E_PREFIX && expr->sign == '&')))
        expr = expr->a;
    return expr && expr->kind == E_NAME ? expr->name : NULL;
}

/* ---- when a pending call is due ------------------------------------------------------------------ */

static bool on_error(const struct pending *pending)
{
    const char *macro = pending->deferred ? pending->deferred->name : NULL;
    return macro && strcmp(macro, "lg_defer_on_error") == 0;
}

static bool on_success(const struct pending *pending)
{
    const char *macro = pending->deferred ? pending->deferred->name : NULL;
    return macro && strcmp(macro, "lg_defer_on_success") == 0;
}

bool pending_depends(const struct pending *pending)
{
    return on_error(pending) || on_success(pending);
}

/* Is the call due at this exit? 1 yes, 0 no, -1 perhaps. */
static int due(const struct lowering *lowering, const struct pending *pending)
{
    if (!pending_depends(pending))
        return 1;
    if (lowering->outcome == OUTCOME_UNKNOWN)
        return -1;
    return on_error(pending) == (lowering->outcome == OUTCOME_FAILURE);
}

void run_if_pending(struct lowering *lowering, const struct pending *pending)
{
    int sure = due(lowering, pending);
    if (sure == 0)
        return;
    if (sure > 0 && pending->flag < 0) {
        run_pending(lowering, pending);
        return;
    }
    int yes = label_new(lowering), no = label_new(lowering);
    struct operand flag = {.kind = O_PLACE, .place = pending->flag};
    if (pending->flag < 0)
        emit_branch(lowering, unknown(), 0, unknown(), yes, no, NULL);
    else
        emit_branch(lowering, flag, S2('!', '='), number(0), yes, no, NULL);
    label_here(lowering, yes);
    run_pending(lowering, pending);
    label_here(lowering, no);
}

/* ---- registering --------------------------------------------------------------------------------- */

static struct stmt *body_of(const struct stmt *stmt)
{
    struct stmt *body = stmt->then;
    if (body && !body->name && stmt->name && body->kind == S_EXPR)
        body->name = stmt->name; /* the macro, for lg_defer_on_error */
    return body;
}

static struct scope *scope_that_declares(struct lowering *lowering, const char *name)
{
    for (struct scope *scope = lowering->scope; name && scope; scope = scope->outer)
        EACH (binding, &scope->names)
            if (binding->name == name)
                return scope;
    return NULL;
}

static bool in_loop_within(const struct lowering *lowering, const struct scope *outer)
{
    for (const struct scope *scope = lowering->scope; scope && scope != outer; scope = scope->outer)
        if (scope->continue_to >= 0)
            return true;
    return false;
}

/* A scope of the caller, or one that a loop fills: it owns what the call is passed. */
static void give_away(struct lowering *lowering, const struct stmt *stmt)
{
    const struct expr *call = stmt->then->value;
    struct operand *args = arena_take(lowering->arena,
                                      sizeof(*args) * (size_t)(call->args.count + 1));
    for (int i = 0; i < call->args.count; i++)
        args[i] = lower_expr(lowering, call->args.at[i]);
    struct instr *given = emit(lowering, I_CALL, call);
    given->callee = "lg_defer_in";
    given->args = args;
    given->arg_count = call->args.count;
    given->dst = temporary(lowering);
}

void lower_defer(struct lowering *lowering, const struct stmt *stmt)
{
    struct pending pending = {.deferred = body_of(stmt), .place = -1, .flag = -1};
    struct scope *holder = lowering->scope;
    if (stmt->name && strcmp(stmt->name, "lg_defer_in") == 0) {
        pending.name = plain_name(stmt->step);
        holder = scope_that_declares(lowering, pending.name);
        if (!holder || holder->is_function || in_loop_within(lowering, holder)) {
            if (stmt->then && stmt->then->value)
                give_away(lowering, stmt);
            return;
        }
    } else if (stmt->name && strcmp(stmt->name, "lg_defer_as") == 0) {
        pending.name = plain_name(stmt->step);
    }
    if (pending.name) {
        pending.flag = temporary(lowering);
        emit_assign(lowering, pending.flag, number(1), NULL);
    }
    *ADD(lowering->arena, &holder->pending) = pending;
}

/* ---- dismissing ---------------------------------------------------------------------------------- */

static void settle(struct lowering *lowering, const char *name, bool run)
{
    struct scope *current = lowering->scope;
    for (struct scope *scope = current; scope; scope = scope->outer)
        for (int i = scope->pending.count - 1; i >= 0; i--) {
            const struct pending *pending = &scope->pending.at[i];
            if (!pending->name || pending->name != name || pending->flag < 0)
                continue;
            if (run) {
                struct scope inner = *scope;
                inner.pending.count = i;
                lowering->scope = &inner;
                run_if_pending(lowering, pending);
                lowering->scope = current;
            }
            emit_assign(lowering, pending->flag, number(0), NULL);
        }
}

static void declare_scope(struct lowering *lowering, const char *name)
{
    struct binding *binding = ADD(lowering->arena, &lowering->scope->names);
    binding->name = name;
    binding->place = temporary(lowering);
}

bool lower_defer_call(struct lowering *lowering, const struct expr *call)
{
    static const char *const settling[] = {"lg_deferred_dismiss", "lg_scope_dismiss",
                                           "lg_deferred_run", "lg_scope_run", NULL};
    const char *name = call->name;
    const char *first = call->args.count > 0 ? plain_name(call->args.at[0]) : NULL;
    if (!name || !first || strncmp(name, "lg_", 3) != 0)
        return false;
    if (strcmp(name, "lg_scope") == 0) {
        declare_scope(lowering, first);
        return true;
    }
    if (!word_in(name, settling))
        return false;
    settle(lowering, first, strstr(name, "_run") != NULL);
    return true;
}

/* ---- guards -------------------------------------------------------------------------------------- */

struct guard_class {
    const char *name, *lock, *unlock;
};

static struct guard_class class_of(const char *name)
{
    static const struct guard_class classes[] = {
        {"mutex", "mutex_lock", "mutex_unlock"},
        {"mutex_intr", "mutex_lock", "mutex_unlock"},
        {"spinlock", "spin_lock", "spin_unlock"},
        {"spinlock_irq", "spin_lock_irq", "spin_unlock_irq"},
        {"spinlock_bh", "spin_lock_bh", "spin_unlock_bh"},
        {"spinlock_irqsave", "spin_lock_irqsave", "spin_unlock_irqrestore"},
        {"raw_spinlock", "raw_spin_lock", "raw_spin_unlock"},
        {"raw_spinlock_irq", "raw_spin_lock_irq", "raw_spin_unlock_irq"},
        {"raw_spinlock_irqsave", "raw_spin_lock_irqsave", "raw_spin_unlock_irqrestore"},
        {"read_lock", "read_lock", "read_unlock"},
        {"write_lock", "write_lock", "write_unlock"},
        {"rwsem_read", "down_read", "up_read"},
        {"rwsem_write", "down_write", "up_write"},
        {"device", "device_lock", "device_unlock"},
    };
    for (size_t i = 0; name && i < sizeof(classes) / sizeof(*classes); i++)
        if (strcmp(classes[i].name, name) == 0)
            return classes[i];
    return (struct guard_class){0};
}

static void call_on_lock(struct lowering *lowering, const struct expr *where, const char *function,
                         struct operand lock)
{
    struct operand *args = NEW(lowering->arena, struct operand);
    *args = lock;
    struct instr *call = emit(lowering, I_CALL, where);
    call->callee = intern_string(function);
    call->args = args;
    call->arg_count = 1;
}

/* `lock` is the argument of the guard; the scope is left with an unlock. */
static void hold(struct lowering *lowering, const struct expr *call, const char *class_name,
                 const struct expr *lock)
{
    struct guard_class class = class_of(class_name);
    if (!class.lock || !lock)
        return;
    call_on_lock(lowering, call, class.lock, lower_expr(lowering, lock));
    *ADD(lowering->arena, &lowering->scope->pending) =
        (struct pending){.guard = class_name, .lock = lock, .place = -1, .flag = -1};
}

void release_guard(struct lowering *lowering, const struct pending *pending)
{
    struct guard_class class = class_of(pending->guard);
    call_on_lock(lowering, NULL, class.unlock, lower_expr(lowering, pending->lock));
}

bool lower_guard(struct lowering *lowering, const struct expr *call)
{
    const struct expr *inner = call->a;
    static const char *const named[] = {"QEMU_LOCK_GUARD", "G_MUTEX_AUTO_LOCK", NULL};
    if (call->name && word_in(call->name, named) && call->args.count > 0) {
        hold(lowering, call, "mutex", call->args.at[0]);
        return true;
    }
    if (call->name || !inner || inner->kind != E_CALL || !inner->name ||
        strcmp(inner->name, "guard") != 0 || inner->args.count != 1)
        return false;
    lower_expr(lowering, inner); /* the call of guard itself marks the place */
    if (call->args.count == 1)
        hold(lowering, call, plain_name(inner->args.at[0]), call->args.at[0]);
    return true;
}

bool lower_scoped_guard(struct lowering *lowering, const struct expr *call)
{
    if (!call->name || call->args.count < 1)
        return false;
    if (strcmp(call->name, "WITH_QEMU_LOCK_GUARD") == 0) {
        hold(lowering, call, "mutex", call->args.at[0]);
        return true;
    }
    if (strcmp(call->name, "scoped_guard") != 0 || call->args.count != 2 ||
        !class_of(plain_name(call->args.at[0])).lock)
        return false;
    hold(lowering, call, plain_name(call->args.at[0]), call->args.at[1]);
    return true;
}
