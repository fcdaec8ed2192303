/* Loops over elements: one of a macro that frees its element and then asks the element for the next one (use-after-release),
 * and one that holds a reference to its element and is left early (missing-release). */
#include "check.h"
#include "ir.h"
#include "model.h"
#include "names.h"
#include "reach.h"
#include "site_parts.h"

#include <string.h>

/* Macros that read the next element from the present one, after the body. */
static bool reads_next_late(const char *name)
{
    static const char *const names[] = {"list_for_each_entry",
                                        "list_for_each_entry_reverse",
                                        "list_for_each_entry_continue",
                                        "hlist_for_each_entry",
                                        "wl_list_for_each",
                                        "TAILQ_FOREACH",
                                        "TAILQ_FOREACH_REVERSE",
                                        "SLIST_FOREACH",
                                        "STAILQ_FOREACH",
                                        "SIMPLEQ_FOREACH",
                                        NULL};
    return word_in(name, names);
}

/* Macros of the kernel that put the element only when they go on to the next one. */
static bool holds_element(const char *name)
{
    static const char *const names[] = {
        "for_each_child_of_node",     "for_each_available_child_of_node",
        "for_each_node_by_name",      "for_each_node_by_type",
        "for_each_compatible_node",   "for_each_matching_node",
        "device_for_each_child_node", "fwnode_for_each_child_node",
        "for_each_pci_dev",           NULL};
    return word_in(name, names);
}

/* The macro whose loop gives the variable its next element by this statement; NULL: it is no such statement. */
static const char *loop_of(const struct instr *instr)
{
    bool head = instr->kind == I_ASSIGN && instr->left.kind == O_UNKNOWN && instr->expr &&
                instr->expr->kind == E_CALL;
    return head ? instr->expr->name : NULL;
}

static bool frees(const struct instr *call, int element)
{
    return call->kind == I_CALL && !call->implicit && !call->deferred && call->callee &&
           call->arg_count == 1 && call->args[0].kind == O_PLACE &&
           call->args[0].place == element &&
           (model_frees_memory(call->callee) || name_destroys(call->callee));
}

struct loop {
    int head, element;
};

static enum reach find_head(const struct ir *ir, int index, void *data)
{
    const struct loop *loop = data;
    const struct instr *instr = at(ir, index);
    if (index == loop->head)
        return REACH_FOUND;
    bool again = instr->kind == I_JOIN && instr->label; /* goto restart */
    return again || instr->dst == loop->element ? REACH_STOP : REACH_ON;
}

static void check_freed(struct ir *ir, struct arena *arena, finding_vec *findings, struct loop loop)
{
    const struct instr *head = at(ir, loop.head);
    for (int i = loop.head + 1; i < ir->code.count; i++) {
        const struct instr *call = at(ir, i);
        if (!frees(call, loop.element) || !reaches(ir, loop.head, i) ||
            reach(ir, call->next, find_head, &loop) < 0)
            continue;
        struct finding *finding = finding_at(ir, arena, findings, "use-after-release", LEVEL_SURE,
                                             call);
        finding->about = place_text(ir, loop.element);
        finding->message =
            arena_format(arena, "'%s' is freed, and then '%s' reads the next element from it",
                         finding->about, head->expr->name);
        finding_note(arena, finding, head->line, head->column, "read here");
        finding->advice = "use the form of the loop that keeps the next element: …_safe";
        return;
    }
}

/* Is the reference to the element given up, or given to somebody? */
static bool ends_hold(const struct instr *instr, int element)
{
    if ((instr->kind == I_ASSIGN || instr->kind == I_RETURN) && instr->left.place == element)
        return true;
    for (int i = 0; instr->kind == I_CALL && i < instr->arg_count; i++)
        if (instr->args[i].place == element &&
            (instr->implicit || !instr->callee || instr->args[i].kind == O_ADDRESS ||
             name_releases(instr->callee) > 0 || name_keeps(instr->callee)))
            return true;
    return instr->dst == element;
}

static enum reach find_exit(const struct ir *ir, int index, void *data)
{
    const struct loop *loop = data;
    const struct instr *instr = at(ir, index);
    bool round = instr->kind == I_BRANCH && instr->sign == 0 &&
                 instr->expr == at(ir, loop->head)->expr;
    if (round || ends_hold(instr, loop->element))
        return REACH_STOP;
    return instr->kind == I_RETURN ? REACH_FOUND : REACH_ON;
}

static void check_held(struct ir *ir, struct arena *arena, finding_vec *findings, struct loop loop)
{
    const struct instr *head = at(ir, loop.head);
    int exit = reach_set(ir, head->next, loop.element, find_exit, &loop);
    if (exit < 0)
        return;
    struct finding *finding = finding_at(ir, arena, findings, "missing-release", LEVEL_LIKELY,
                                         at(ir, exit));
    finding->about = place_text(ir, loop.element);
    finding->message = arena_format(arena,
                                    "'%s' is left early, and the reference to '%s' is not put",
                                    head->expr->name, finding->about);
    finding_note(arena, finding, head->line, head->column, "taken here, one in each round");
    finding->advice = arena_format(arena, "put '%s' before this exit", finding->about);
}

/* for (n = route_top(table); n; n = route_next(n)): the function that gives up its argument when it goes on to the next one,
 * and which argument that is; -1: it is no such function. */
static int steps_on(const char *name)
{
    static const struct {
        const char *name;
        int argument;
    } steps[] = {
        {"route_next", 0},
        {"route_next_until", 0},
        {"agg_route_next", 0},
        {"agg_route_next_until", 0},
        {"bgp_route_next", 0},
        {"bgp_route_next_until", 0},
        {"srcdest_route_next", 0},
        {"of_get_next_child", 1},
        {"of_get_next_available_child", 1},
        {"of_find_compatible_node", 0},
        {"of_find_node_by_name", 0},
        {"of_find_node_by_type", 0},
        {"of_find_node_with_property", 0},
        {"pci_get_device", 2},
        {"pci_get_class", 1},
    };
    for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++)
        if (strcmp(steps[i].name, name) == 0)
            return steps[i].argument;
    return -1;
}

static enum reach find_left(const struct ir *ir, int index, void *data)
{
    const struct loop *loop = data;
    const struct instr *instr = at(ir, index);
    if (index == loop->head || ends_hold(instr, loop->element))
        return REACH_STOP;
    return instr->kind == I_RETURN ? REACH_FOUND : REACH_ON;
}

/* Does the exit stand in the loop, and not behind it, where another condition may have given the element up? */
static bool stands_in_loop(const struct ir *ir, int exit, int step)
{
    int first = step, last = step;
    for (int i = 0; i < ir->code.count; i++)
        if (reaches(ir, step, i) && reaches(ir, i, step)) {
            first = i < first ? i : first;
            last = i > last ? i : last;
        }
    return first < exit && exit < last;
}

/* A loop that is left from within keeps the reference to its element. */
static void check_steps(struct ir *ir, struct arena *arena, finding_vec *findings, int index)
{
    const struct instr *step = at(ir, index);
    int argument = step->kind == I_CALL && step->callee ? steps_on(step->callee) : -1;
    struct loop loop = {index, place_variable(ir, index, step->dst)};
    if (argument < 0 || argument >= step->arg_count || loop.element < 0 ||
        step->args[argument].place != loop.element || ir->places.at[loop.element].kind != P_LOCAL ||
        !reaches(ir, index, index))
        return;
    int exit = reach_set(ir, step->next, loop.element, find_left, &loop);
    if (exit < 0 || !stands_in_loop(ir, exit, index))
        return;
    struct finding *finding = finding_at(ir, arena, findings, "missing-release", LEVEL_LIKELY,
                                         at(ir, exit));
    finding->about = place_text(ir, loop.element);
    finding->message = arena_format(
        arena, "the loop is left early, and the reference to '%s' is not given up", finding->about);
    finding_note(arena, finding, step->line, step->column,
                 "'%s' would give it up in the next round", step->callee);
    finding->advice = arena_format(arena, "give up '%s' before this exit", finding->about);
}

void check_each(struct ir *ir, struct arena *arena, finding_vec *findings)
{
    for (int i = 0; i < ir->code.count; i++) {
        const char *macro = loop_of(at(ir, i));
        struct loop loop = {i, at(ir, i)->dst};
        if (macro && reads_next_late(macro))
            check_freed(ir, arena, findings, loop);
        else if (macro && holds_element(macro))
            check_held(ir, arena, findings, loop);
        else
            check_steps(ir, arena, findings, i);
    }
}
