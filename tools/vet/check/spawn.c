/* not-waited: goroutines that use what ends before them, and wait groups that are counted in the wrong place. Whether a
 * group is waited for on each path is followed by the engine (site.c, R_TASKS). */
#include "check.h"
#include "names.h"
#include "reach.h"
#include "walk.h"

#include <string.h>

/* ---- what a goroutine is given --------------------------------------------------------------------- */

static bool starts_alone(const struct expr *call)
{
    return calls(call, "lg_go") || calls(call, "lg_go_thread") || calls(call, "lg_go_with");
}

struct later {
    const char *object;
    int after;
    bool waits;
};

/* A later call that may wait: it is passed the address of something, or its name says so. */
static void ask_wait(void *data, const struct expr *expr)
{
    static const char *const words[] = {
        "wait",     "recv", "join", "acquire", "lock",    "sleep", "select", "service",
        "shutdown", "exit", "run",  "barrier", "receive", "pause", "read",   NULL};
    struct later *later = data;
    if (expr->kind != E_CALL || expr->line < later->after || starts_alone(expr))
        return;
    later->waits |= !expr->name || name_has_any(expr->name, words);
    for (int i = 0; i < expr->args.count && expr->line > later->after; i++)
        later->waits |= expr_is_address(expr->args.at[i]) ||
                        expr_name(expr->args.at[i]) == later->object;
}

static void check_local(struct walk *walk, const struct expr *call)
{
    int first = calls(call, "lg_go_with") ? 2 : 1;
    for (int i = first; i < call->args.count; i++) {
        const struct expr *argument = call->args.at[i];
        const char *name = expr_is_address(argument) ? expr_root(argument->a) : NULL;
        const struct live *live = name ? live_find(&walk->live, name) : NULL;
        if (!live || !live->decl || live->decl->type.is_static ||
            (live->decl->type.stars > 0 && argument->a->kind != E_NAME))
            continue;
        struct later later = {.object = name, .after = call->line};
        for (int k = 0; k < live->decl->type.count; k++)
            later.waits |= strncmp(live->decl->type.words[k], "lg_", 3) == 0;
        each_expression(walk->ir->function->body, ask_wait, &later);
        if (later.waits || walk_loop(walk))
            continue;
        struct finding *finding = walk_report(walk, "not-waited", call->line, call->column);
        finding->message = arena_format(
            walk->arena,
            "the goroutine is given the address of '%s', and nothing waits for it before '%s' ends",
            name, name);
        finding_note(walk->arena, finding, live->line, live->column, "declared here");
        finding->advice =
            "start it in a group and wait for the group, or give it memory of its own";
        return;
    }
}

/* ---- released before the wait ---------------------------------------------------------------------- */

static bool is_wait(const struct expr *call)
{
    static const char *const names[] = {"lg_waitgroup_wait", "lg_group_wait", "lg_group_free",
                                        NULL};
    return call && call->name && word_in(call->name, names);
}

/* The deferred wait, or the group's own block, for a group. */
static const struct live *deferred_wait(const struct walk *walk, const char *group)
{
    EACH (live, &walk->live) {
        if (live->decl)
            continue;
        const struct expr *call = live->stmt->kind == S_DEFER ? call_of(live->stmt->then) : NULL;
        if (live->stmt->kind != S_DEFER
                ? live->name == group
                : is_wait(call) && call->args.count > 0 && expr_name(call->args.at[0]) == group)
            return live;
    }
    return NULL;
}

static bool releases(const struct live *live, const char *name)
{
    if (live->decl)
        return live->runs && live->name == name;
    const struct expr *call = live->stmt->kind == S_DEFER ? call_of(live->stmt->then) : NULL;
    return call && call->name && name_releases(call->name) == 2 && call->args.count > 0 &&
           expr_name(call->args.at[0]) == name;
}

static void check_order(struct walk *walk, const struct expr *call)
{
    if ((!calls(call, "lg_waitgroup_go") && !calls(call, "lg_group_go")) || call->args.count < 3)
        return;
    const struct live *wait = deferred_wait(walk, expr_name(call->args.at[0]));
    for (int i = 2; wait && i < call->args.count; i++)
        for (const struct live *live = wait + 1; live < walk->live.at + walk->live.count; live++) {
            const char *name = expr_name(call->args.at[i]);
            if (!name || !releases(live, name))
                continue;
            struct finding *finding = walk_report(walk, "not-waited", call->line, call->column);
            finding->message = arena_format(
                walk->arena, "'%s' is released before the wait for the goroutine that uses it",
                name);
            finding_note(walk->arena, finding, live->line, live->column, "its release runs first");
            finding_note(walk->arena, finding, wait->line, wait->column, "the wait runs later");
            finding->advice = arena_format(walk->arena, "defer the wait after the release of '%s'",
                                           name);
            return;
        }
}

/* ---- inside the goroutine --------------------------------------------------------------------------- */

struct spawn_search {
    const char *name;
    bool found;
};

static void ask_spawn(void *data, const struct expr *expr)
{
    struct spawn_search *search = data;
    if (expr->kind != E_CALL || !expr->name || strncmp(expr->name, "lg_", 3) != 0 ||
        !strstr(expr->name, "go"))
        return;
    for (int i = 0; i < expr->args.count; i++)
        search->found |= expr->args.at[i]->kind == E_NAME && expr->args.at[i]->name == search->name;
}

static bool is_task(const struct ir *ir)
{
    struct spawn_search search = {.name = ir->function->name};
    EACH (function, &ir->unit->functions)
        each_expression(function->body, ask_spawn, &search);
    return search.found;
}

static bool has_group_parameter(const struct ir *ir)
{
    EACH (parameter, &ir->function->parameters)
        for (int i = 0; i < parameter->type.count; i++)
            if (strcmp(parameter->type.words[i], "lg_waitgroup") == 0)
                return true;
    return false;
}

static bool is_call(const struct instr *instr, const char *name)
{
    return instr->kind == I_CALL && instr->callee && strcmp(instr->callee, name) == 0;
}

static enum reach find_undone(const struct ir *ir, int index, void *data)
{
    int *group = data;
    const struct instr *instr = &ir->code.at[index];
    if (is_call(instr, "lg_waitgroup_done") && instr->arg_count > 0 &&
        instr->args[0].place == *group)
        return REACH_STOP;
    return instr->kind == I_RETURN ? REACH_FOUND : REACH_ON;
}

static bool tested(const struct ir *ir, int place)
{
    EACH (instr, &ir->code)
        if (instr->kind == I_BRANCH && (instr->left.place == place || instr->right.place == place))
            return true;
    return false;
}

static void check_done(struct ir *ir, struct arena *arena, finding_vec *findings)
{
    EACH (instr, &ir->code) {
        if (!is_call(instr, "lg_waitgroup_done") || instr->arg_count != 1)
            continue;
        int group = instr->args[0].place;
        if (group < 0 || tested(ir, group))
            return;
        int left = reach(ir, 0, find_undone, &group);
        if (left < 0)
            return;
        const struct instr *exit = &ir->code.at[left];
        struct finding *finding = finding_at(ir, arena, findings, "not-waited", LEVEL_SURE, exit);
        finding->message =
            "this exit does not call lg_waitgroup_done, so a wait for the group never ends";
        finding_note(arena, finding, instr->line, instr->column, "called here on another path");
        finding->advice = "defer it first: lg_defer(lg_waitgroup_done, group)";
        return;
    }
}

static void check_add(struct ir *ir, struct arena *arena, finding_vec *findings)
{
    EACH (instr, &ir->code) {
        bool adds = is_call(instr, "lg_waitgroup_add") && instr->arg_count == 2;
        if (!adds || (instr->args[1].kind == O_NUMBER && instr->args[1].number <= 0))
            continue;
        bool done = false;
        EACH (other, &ir->code)
            done |= is_call(other, "lg_waitgroup_done") && other->arg_count > 0 &&
                    other->args[0].place == instr->args[0].place;
        if (!done)
            continue;
        struct finding *finding = finding_at(ir, arena, findings, "not-waited", LEVEL_SURE, instr);
        finding->message =
            "the goroutine counts itself: the wait can end before it has begun to run";
        finding->advice = "call lg_waitgroup_add before lg_go, or use lg_waitgroup_go";
        return;
    }
}

static enum reach find_work(const struct ir *ir, int index, void *data)
{
    const int *root = data;
    const struct instr *call = &ir->code.at[index];
    if (call->kind != I_CALL || call->implicit || call->deferred || !call->callee ||
        name_releases(call->callee) > 0 || strncmp(call->callee, "lg_waitgroup_", 13) == 0 ||
        strncmp(call->callee, "lg_context_wait", 15) == 0) /* ready, and waits for its end */
        return REACH_ON;
    for (int i = 0; i < call->arg_count; i++)
        if (call->args[i].place >= 0 && ir->places.at[call->args[i].place].root == *root)
            return REACH_FOUND;
    return REACH_ON;
}

/* A function that has counted, and counts back as nothing was started, is not the goroutine that is counted. */
static bool counts_itself(const struct ir *ir, int group)
{
    EACH (call, &ir->code)
        if (is_call(call, "lg_waitgroup_add") && call->arg_count > 0 &&
            call->args[0].place == group)
            return true;
    return false;
}

/* lg_waitgroup_done(job->group); run(job); */
static void check_done_early(struct ir *ir, struct arena *arena, finding_vec *findings)
{
    EACH (instr, &ir->code) {
        if (!is_call(instr, "lg_waitgroup_done") || instr->implicit || instr->deferred ||
            instr->arg_count != 1 || instr->args[0].place < 0 ||
            counts_itself(ir, instr->args[0].place))
            continue;
        int root = ir->places.at[instr->args[0].place].root;
        int work = root == instr->args[0].place ? -1 : reach(ir, instr->next, find_work, &root);
        if (work < 0)
            continue;
        struct finding *finding = finding_at(ir, arena, findings, "not-waited", LEVEL_SURE, instr);
        finding->message =
            "lg_waitgroup_done is called before the work: the wait ends while this goroutine runs";
        finding_note(arena, finding, ir->code.at[work].line, ir->code.at[work].column,
                     "this runs after it");
        finding->advice = "defer it first: lg_defer(lg_waitgroup_done, group)";
        return;
    }
}

/* lg_defer(lg_waitgroup_done, group) must be deferred first, so that it runs last. */
static void check_done_last(struct walk *walk, const struct stmt *stmt)
{
    const struct expr *call = stmt->kind == S_DEFER ? call_of(stmt->then) : NULL;
    if (!calls(call, "lg_waitgroup_done") || (stmt->name && strcmp(stmt->name, "lg_defer") != 0))
        return;
    EACH (live, &walk->live) {
        bool recover = !live->decl && live->stmt->name &&
                       strcmp(live->stmt->name, "lg_defer_recover") == 0;
        if (!live->runs || recover || (!live->decl && live->stmt->kind != S_DEFER))
            continue;
        struct finding *finding = walk_report(walk, "not-waited", stmt->line, stmt->column);
        finding->message =
            "lg_waitgroup_done is deferred last, so it runs first: the wait ends before this goroutine has cleaned up";
        finding_note(walk->arena, finding, live->line, live->column, "this cleanup runs after it");
        finding->advice = "defer lg_waitgroup_done first";
        return;
    }
}

static void visit(struct walk *walk, const struct expr *expr)
{
    if (expr->kind != E_CALL)
        return;
    if (starts_alone(expr))
        check_local(walk, expr);
    check_order(walk, expr);
}

void check_spawns(struct ir *ir, struct arena *arena, finding_vec *findings)
{
    struct walk walk = {.ir = ir, .arena = arena, .findings = findings, .expression = visit};
    bool task = has_group_parameter(ir) || is_task(ir);
    check_done_early(ir, arena, findings);
    if (task)
        walk.statement = check_done_last;
    walk_function(&walk);
    if (!task)
        return;
    check_done(ir, arena, findings);
    if (is_task(ir))
        check_add(ir, arena, findings);
}
