/* exit-pending: the process ends, or longjmp leaves, while cleanups are pending that matter. */
#include "check.h"
#include "names.h"
#include "walk.h"

#include <string.h>

/* Ends that run no cleanup of a block. */
static bool ends_process(const struct expr *call)
{
    static const char *const names[] = {"exit", "_exit", "_Exit", "quick_exit", "abort",
                                        "err",  "errx",  "verr",  "verrx",      NULL};
    if (!call->name)
        return false;
    if (strcmp(call->name, "error") == 0 && call->args.count > 2)
        return call->args.at[0]->kind == E_NUMBER && call->args.at[0]->number != 0;
    return word_in(call->name, names);
}

static bool jumps_away(const struct expr *call)
{
    static const char *const names[] = {"longjmp", "siglongjmp", "_longjmp", "__builtin_longjmp",
                                        NULL};
    return call->name && word_in(call->name, names);
}

/* static void fail(…) { …; exit(1); }: a function of this file that ends the process. */
static bool helper_ends(const struct walk *walk, const struct expr *call)
{
    const struct function *function = call->name ? function_of(walk->ir, call->name) : NULL;
    if (!function || !function->body || function->body->list.count == 0)
        return false;
    const struct expr *last = call_of(function->body->list.at[function->body->list.count - 1]);
    return last && ends_process(last) && !jumps_away(last);
}

/* ---- cleanups that the end of the process makes superfluous --------------------------------------- */

static bool frees_only(const char *cleanup)
{
    static const char *const words[] = {
        "free",   "freep",    "close",   "closep", "unref",  "unrefp",  "fclose", "fclosep",
        "put",    "closedir", "kfree",   "freev",  "munmap", "done",    "clear",  "destroy",
        "delete", "autofree", "autoptr", "auto",   "autofd", "release", "strv",   "dispose",
        "drop",   "finalize", "reset",   "array",  "pclose", "unmap",   NULL};
    if (strstr(cleanup, "unlink") || strstr(cleanup, "rm_rf") || strstr(cleanup, "rmdir") ||
        strstr(cleanup, "remove") || strstr(cleanup, "restore"))
        return false;
    if (strstr(cleanup, "lock") || strstr(cleanup, "file") || strstr(cleanup, "temp") ||
        strstr(cleanup, "tmp") || strstr(cleanup, "mount") || strstr(cleanup, "flush"))
        return strcmp(cleanup, "free_filename") == 0;
    return name_has_any(cleanup, words) || strncmp(cleanup, "g_auto", 6) == 0 ||
           strstr(cleanup, "free") || strstr(cleanup, "unref") || strstr(cleanup, "close");
}

struct question {
    bool frees_all;
    int calls;
};

static void ask_call(void *data, const struct expr *expr)
{
    struct question *question = data;
    if (expr->kind != E_CALL)
        return;
    question->calls++;
    question->frees_all &= expr->name && frees_only(expr->name);
}

static bool matters(const struct live *live)
{
    if (live->decl) {
        const char *name = live->decl->cleanup ? live->decl->cleanup : live->decl->attribute;
        const char *attribute = live->decl->attribute;
        return !frees_only(name) && !(attribute && strncmp(attribute, "g_auto", 6) == 0);
    }
    if (live->stmt->kind != S_DEFER)
        return false; /* a guard, an empty scope */
    struct question question = {.frees_all = true};
    each_expression(live->stmt->then, ask_call, &question);
    return question.calls > 0 && !question.frees_all;
}

/* ---- is it really pending here? -------------------------------------------------------------------- */

struct history {
    const struct walk *walk;
    const struct live *live;
    const char *releaser; /* the function that a deferred statement calls */
    int line;
    bool set, settled;
    int set_line;
};

static bool mentions(const struct expr *call, const char *name)
{
    for (int i = 0; name && i < call->args.count; i++)
        if (expr_name(call->args.at[i]) == name || expr_root(call->args.at[i]) == name)
            return true;
    return false;
}

static bool given_address(const struct expr *call, const char *name)
{
    for (int i = 0; name && i < call->args.count; i++)
        if (expr_is_address(call->args.at[i]) && expr_name(call->args.at[i]) == name)
            return true;
    return false;
}

static void read_history(void *data, const struct expr *expr)
{
    struct history *history = data;
    const char *name = history->live->name;
    if (expr->line > history->line)
        return;
    if (expr->kind == E_ASSIGN && name && expr_name(expr->a) == name && expr->sign == '=' &&
        !expr_is_null(expr->b)) {
        history->set = true;
        history->set_line = expr->line;
    }
    if (expr->kind != E_CALL || !expr->name)
        return;
    bool given = mentions(expr, name);
    if (given &&
        (name_releases(expr->name) > 0 || strncmp(expr->name, "lg_deferred_", 12) == 0 ||
         strncmp(expr->name, "lg_scope_", 9) == 0 || strncmp(expr->name, "TAKE_", 5) == 0)) {
        history->settled |= expr->line > history->live->line;
    } else if (given_address(expr, name)) {
        history->set = true;
        history->set_line = expr->line;
    }
    history->settled |= history->releaser && expr->name == history->releaser &&
                        expr->line > history->live->line;
}

/* `if (!p) …`, `if (p == NULL)`, `if (fd < 0)`: there is nothing to release. */
static bool implies_none(const struct expr *condition, const char *name)
{
    if (!condition)
        return false;
    if (condition->kind == E_PREFIX && condition->sign == '!')
        return expr_name(condition->a) == name;
    if (condition->kind == E_BINARY &&
        (condition->sign == S2('|', '|') || condition->sign == S2('&', '&')))
        return implies_none(condition->a, name) || implies_none(condition->b, name);
    return condition->kind == E_BINARY &&
           (condition->sign == S2('=', '=') || condition->sign == '<') &&
           expr_name(condition->a) == name;
}

/* if (check(p)) … asks what p holds, and not whether there is one. */
static bool only_passes(const struct expr *condition, const char *name, bool set_at_once)
{
    struct mention asked = {.name = name};
    each_within(condition, ask_mention, &asked);
    if (set_at_once && !asked.found)
        return true;
    while (condition && condition->kind == E_PREFIX && condition->sign == '!')
        condition = condition->a;
    if (condition && condition->kind == E_BINARY && condition->sign == '<')
        condition = condition->a;
    return condition && condition->kind == E_CALL && mentions(condition, name) &&
           !given_address(condition, name);
}

/* The condition around is about the call that was to set the variable. */
static bool may_be_unset(const struct walk *walk, const struct history *history)
{
    const char *name = history->live->name;
    for (int i = 0; i < walk->around.count; i++) {
        const struct stmt *around = walk->around.at[i];
        if (around->kind != S_IF)
            continue;
        if (implies_none(around->value, name))
            return true;
        if (around->line - history->set_line <= 1 && around->line >= history->set_line &&
            !only_passes(around->value, name,
                         history->live->decl && history->set_line == history->live->line))
            return true;
    }
    return false;
}

static bool pending(const struct walk *walk, const struct live *live, int line)
{
    struct history history = {.walk = walk, .live = live, .line = line};
    if (live->decl) {
        history.set = live->decl->value && !expr_is_null(live->decl->value) &&
                      live->decl->value->kind != E_LIST &&
                      !(live->decl->value->kind == E_NAME &&
                        name_is_constant(live->decl->value->name)) &&
                      live->decl->value->kind != E_NUMBER;
        history.set_line = live->line;
    } else {
        const struct expr *call = call_of(live->stmt->then);
        history.releaser = call ? call->name : NULL;
    }
    each_expression(walk->ir->function->body, read_history, &history);
    if (history.settled)
        return false;
    return !live->decl || (history.set && !may_be_unset(walk, &history));
}

/* ---- the check ------------------------------------------------------------------------------------- */

static void ask_fork(void *data, const struct expr *expr)
{
    static const char *const words[] = {"fork",   "vfork",   "clone",   "forkpty", "execv",
                                        "execve", "execvp",  "execl",   "execlp",  "execle",
                                        "exec",   "execvpe", "fexecve", NULL};
    if (expr->kind == E_CALL && expr->name && name_has_any(expr->name, words))
        *(bool *)data = true;
}

/* abort() in a branch that cannot be reached by design. */
static bool cannot_happen(const struct walk *walk, const struct expr *call)
{
    if (strcmp(call->name, "abort") != 0 || walk->around.count < 2)
        return false;
    const struct stmt *block = walk->around.at[walk->around.count - 2];
    for (int i = 0; i < block->list.count; i++)
        if (block->list.at[i]->kind == S_CASE && !block->list.at[i]->value &&
            block->list.at[i]->line <= call->line)
            return true;
    return false;
}

static const char *what(const struct walk *walk, const struct live *live)
{
    if (live->decl)
        return arena_format(walk->arena, "the cleanup of '%s'", live->name);
    const struct expr *call = call_of(live->stmt->then);
    return call && call->name ? arena_format(walk->arena, "the deferred call of %s", call->name)
                              : "a deferred block";
}

static void report(struct walk *walk, const struct expr *call, const struct live *live)
{
    struct finding *finding = walk_report(walk, "exit-pending", call->line, call->column);
    finding->message = arena_format(walk->arena, "%s leaves without %s", call->name,
                                    what(walk, live));
    finding_note(walk->arena, finding, live->line, live->column, "pending since here");
    finding->advice = jumps_away(call)
                          ? "return to the caller of setjmp by return values, or lg_panic"
                          : "return a failure, or call lg_exit, which runs them";
}

/* A cleanup that gives errno its old value back: who leaves does not look at errno. */
static bool only_keeps_errno(const struct live *live)
{
    return live->decl && strstr(live->decl->name, "errno");
}

static void visit(struct walk *walk, const struct expr *expr)
{
    if (expr->kind != E_CALL || !expr->name || !expr->a || expr->a->kind != E_NAME)
        return;
    for (int i = 0; i < walk->around.count; i++)
        if (walk->around.at[i]->kind == S_DEFER)
            return; /* it runs later */
    bool jump = jumps_away(expr);
    if (!jump && !ends_process(expr) && !helper_ends(walk, expr))
        return;
    for (int i = walk->live.count - 1; i >= 0; i--) {
        const struct live *live = &walk->live.at[i];
        if (!live->runs || cannot_happen(walk, expr) || only_keeps_errno(live))
            continue;
        bool counts = jump ? live->decl || live->stmt->kind == S_DEFER : matters(live);
        if (!counts || !pending(walk, live, expr->line))
            continue;
        report(walk, expr, live);
        return;
    }
}

void check_exits(struct ir *ir, struct arena *arena, finding_vec *findings)
{
    bool forks = false;
    each_expression(ir->function->body, ask_fork, &forks);
    if (forks)
        return;
    struct walk walk = {.ir = ir, .arena = arena, .findings = findings, .expression = visit};
    walk_function(&walk);
}
