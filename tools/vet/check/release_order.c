/* release-order: what another thing still uses is released before that thing. */
#include "check.h"
#include "names.h"
#include "once.h"
#include "reach.h"
#include "walk.h"

#include <ctype.h>
#include <string.h>

struct order {
    int place; /* that is released too early */
    int other; /* what still uses it; -1: see `unlocks` */
    bool unlocks;
};

/* Others may hold references. */
static bool counted(const char *name)
{
    return name_counts(name) && !name_has(name, "release");
}

static bool ends_life(const char *callee)
{
    return name_releases(callee) == 2 && !name_unlocks(callee) && !counted(callee) &&
           !name_has(callee, "rcu");
}

/* Nothing is left of the variable after the call. */
static bool ends(const struct ir *ir, const struct instr *call, int place)
{
    if (call->kind != I_CALL || call->arg_count != 1 || call->args[0].place != place)
        return false;
    if (call->implicit)
        return call->args[0].kind == O_ADDRESS;
    return call->args[0].kind == O_PLACE && call->callee && ask_once(ends_life, call->callee) &&
           ir->places.at[place].kind != P_GLOBAL;
}

static bool sets(const struct ir *ir, const struct instr *instr, int place)
{
    if (instr->dst >= 0 && (instr->dst == place || place_within(ir, place, instr->dst)))
        return true;
    for (int i = 0; instr->kind == I_CALL && !instr->implicit && i < instr->arg_count; i++)
        if (instr->args[i].kind == O_ADDRESS && instr->args[i].place == place)
            return true;
    return false;
}

static bool plain_pointer(const struct ir *ir, int place)
{
    if (place < 0)
        return false;
    const struct place *one = &ir->places.at[place];
    return (one->kind == P_LOCAL && one->decl && one->decl->type.stars > 0) ||
           (one->kind == P_PARAMETER && one->parameter && one->parameter->type.stars > 0);
}

static struct finding *report(struct ir *ir, struct arena *arena, finding_vec *findings, int index,
                              int place)
{
    const struct instr *call = at(ir, index);
    const struct decl *decl = ir->places.at[place].decl;
    bool implicit = call->implicit && decl;
    struct finding *finding =
        finding_add(arena, findings, implicit ? "cleanup-order" : "release-order", LEVEL_SURE,
                    ir->unit->path, ir->function->name, implicit ? decl->line : call->line,
                    implicit ? decl->column : call->column);
    finding->about = place_text(ir, place);
    return finding;
}

/* Memory, and nothing else. */
static bool plain_free(const char *name)
{
    static const char *const names[] = {"free",  "g_free", "kfree", "xfree",
                                        "vfree", "kvfree", NULL};
    return word_in(name, names);
}

/* ---- free(p) before unlock(&p->lock) --------------------------------------------------------------- */

static enum reach find_unlock(const struct ir *ir, int index, void *data)
{
    struct order *order = data;
    const struct instr *instr = at(ir, index);
    if (instr->kind == I_CALL && instr->callee && name_unlocks(instr->callee))
        for (int i = 0; i < instr->arg_count; i++) {
            int place = instr->args[i].place;
            if (place >= 0 && place != order->place && ir->places.at[place].kind == P_PART &&
                place_within(ir, place, order->place))
                return REACH_FOUND;
        }
    return sets(ir, instr, order->place) ? REACH_STOP : REACH_ON;
}

struct free_search {
    const char *name;
    bool found;
};

static void ask_free(void *data, const struct expr *expr)
{
    struct free_search *search = data;
    search->found |= expr->kind == E_CALL && expr->name && plain_free(expr->name) &&
                     expr->args.count > 0 && expr_name(expr->args.at[0]) == search->name;
}

/* Does the call free the object itself, and not only what it holds? */
static bool frees_object(const struct ir *ir, const char *callee)
{
    if (plain_free(callee))
        return true;
    const struct function *function = function_of(ir, callee);
    if (!function || function->parameters.count == 0)
        return false;
    struct free_search search = {.name = function->parameters.at[0].name};
    each_expression(function->body, ask_free, &search);
    return search.name && search.found;
}

static void check_unlock(struct ir *ir, struct arena *arena, finding_vec *findings, int index)
{
    const struct instr *call = at(ir, index);
    int place = call->arg_count == 1 ? call->args[0].place : -1;
    if (call->implicit || !plain_pointer(ir, place) || !ends(ir, call, place) ||
        !frees_object(ir, call->callee))
        return;
    struct order order = {.place = place, .unlocks = true};
    int unlock = reach(ir, call->next, find_unlock, &order);
    if (unlock < 0)
        return;
    const char *name = place_text(ir, place);
    struct finding *finding = report(ir, arena, findings, index, place);
    finding->message = arena_format(arena, "'%s' is released before its lock is unlocked", name);
    finding_note(arena, finding, at(ir, unlock)->line, at(ir, unlock)->column,
                 "the lock is a part of it");
    finding->advice = arena_format(arena, "unlock first, then release '%s'", name);
}

/* ---- one thing uses another ------------------------------------------------------------------------ */

static enum reach find_end(const struct ir *ir, int index, void *data)
{
    struct order *order = data;
    const struct instr *instr = at(ir, index);
    if (ends(ir, instr, order->other))
        return REACH_FOUND;
    return sets(ir, instr, order->place) || sets(ir, instr, order->other) ? REACH_STOP : REACH_ON;
}

/* From `from` on: is `used` released, and `user` later on the same path? Returns the statement of the early release. */
static int released_early(const struct ir *ir, int from, int used, int user, int *late)
{
    for (int i = 0; i < ir->code.count; i++) {
        if (!ends(ir, at(ir, i), used) || !reaches(ir, from, i))
            continue;
        struct order order = {.place = used, .other = user};
        *late = reach(ir, at(ir, i)->next, find_end, &order);
        if (*late >= 0 && at(ir, *late)->implicit == at(ir, i)->implicit)
            return i;
    }
    return -1;
}

/* A temporary that is copied to a variable at once stands for it. */
static int variable_of(const struct ir *ir, int index)
{
    const struct instr *call = at(ir, index);
    const struct instr *next = call->next >= 0 ? at(ir, call->next) : NULL;
    if (next && next->kind == I_ASSIGN && next->left.kind == O_PLACE &&
        next->left.place == call->dst)
        return next->dst;
    return call->dst;
}

static bool is_local(const struct ir *ir, int place)
{
    return place >= 0 && ir->places.at[place].kind == P_LOCAL;
}

static void report_use(struct ir *ir, struct arena *arena, finding_vec *findings, int start,
                       int used, int user, const char *how)
{
    int late, early = is_local(ir, user) && used >= 0 && used != user
                          ? released_early(ir, start, used, user, &late)
                          : -1;
    if (early < 0)
        return;
    struct finding *finding = report(ir, arena, findings, early, used);
    const char *name = place_text(ir, used), *other = place_text(ir, user);
    finding->message = arena_format(arena, "'%s' is released before '%s', which %s", name, other,
                                    how);
    finding_note(arena, finding, at(ir, start)->line, at(ir, start)->column,
                 "they belong together here");
    if (!at(ir, late)->implicit)
        finding_note(arena, finding, at(ir, late)->line, at(ir, late)->column,
                     "released only here");
    finding->advice = at(ir, early)->implicit
                          ? arena_format(arena, "declare '%s' above '%s'", name, other)
                          : arena_format(arena, "release '%s' first", other);
}

/* setvbuf(f, buffer, …), open_memstream(&buffer, …): the stream writes to the buffer until it is closed. */
static void check_buffer(struct ir *ir, struct arena *arena, finding_vec *findings, int index)
{
    const struct instr *call = at(ir, index);
    static const char *const buffered[] = {"setvbuf", "setbuffer", "setbuf", NULL};
    if (word_in(call->callee, buffered) && call->arg_count >= 2 && call->args[1].kind == O_PLACE)
        report_use(ir, arena, findings, index, call->args[1].place, call->args[0].place,
                   "writes to it");
    if (strncmp(call->callee, "open_memstream", 14) == 0 && call->arg_count == 2 &&
        call->args[0].kind == O_ADDRESS) {
        int buffer = call->args[0].place;
        bool attribute = buffer >= 0 && ir->places.at[buffer].decl &&
                         ir->places.at[buffer].decl->attribute;
        if (!attribute) /* order.c */
            report_use(ir, arena, findings, index, buffer, variable_of(ir, index), "writes to it");
    }
}

/* ---- parent and child ------------------------------------------------------------------------------- */

/* Things that work only while what they were made from is open. */
static bool depends(const char *name)
{
    static const char *const words[] = {"stmt",         "statement", "cursor",      "iterator",
                                        "iter",         "txn",       "transaction", "session",
                                        "channel",      "blob",      "prepare",     "finalize",
                                        "subscription", "query",     NULL};
    return name_has_any(name, words);
}

/* The end of something that others work through, and not only of data. */
static bool shuts(const char *name)
{
    static const char *const words[] = {"close", "disconnect", "shutdown", "finish",  "fini",
                                        "term",  "destroy",    "exit",     "deinit",  "end",
                                        "stop",  "cleanup",    "quit",     "dlclose", NULL};
    return name_has_any(name, words);
}

/* Is there a call that ends the place by more than freeing memory? */
static const char *own_end(const struct ir *ir, int place)
{
    const char *found = NULL;
    EACH (instr, &ir->code)
        if (ends(ir, instr, place)) {
            if (instr->implicit || plain_free(instr->callee))
                return NULL;
            found = instr->callee;
        }
    return found;
}

/* A surrounding, by its name, in which other things are made and without which they are nothing. Libraries whose functions begin
 * with a capital letter mostly count references without saying so: SSL_new(ctx). */
static bool surrounds(const struct ir *ir, int parent, const char *end, const char *child_end)
{
    static const char *const words[] = {"ctx",      "context",  "env",    "environment", "display",
                                        "device",   "instance", "engine", "loop",        "base",
                                        "runtime",  "vm",       "db",     "database",    "pool",
                                        "arena",    "library",  "server", "session",     "conn",
                                        "registry", "heap",     "bus",    "connection",  NULL};
    const struct place *place = &ir->places.at[parent];
    const struct type *type = place->decl ? &place->decl->type : NULL;
    static const char *const values[] = {"config", "cfg",   "conf",     "options", "opts", "attr",
                                         "params", "param", "settings", "info",    "data", NULL};
    if (name_has_any(end, values) || name_has_any(place->text, values))
        return false; /* the child has copied them */
    bool named = name_has_any(place->text, words) || name_has_any(end, words) ||
                 (type && type->count > 0 && name_has_any(type->words[type->count - 1], words));
    return named && islower((unsigned char)*end) && islower((unsigned char)*child_end);
}

static int child_of(const struct ir *ir, int index)
{
    const struct instr *call = at(ir, index);
    for (int i = 1; i < call->arg_count; i++)
        if (call->args[i].kind == O_ADDRESS && is_local(ir, call->args[i].place) &&
            plain_pointer(ir, call->args[i].place))
            return call->args[i].place;
    int child = variable_of(ir, index);
    return plain_pointer(ir, child) ? child : -1;
}

static void check_child(struct ir *ir, struct arena *arena, finding_vec *findings, int index)
{
    const struct instr *call = at(ir, index);
    if (call->arg_count < 1 || call->args[0].kind != O_PLACE)
        return;
    int parent = call->args[0].place, child = child_of(ir, index);
    if (child < 0 || !plain_pointer(ir, parent) || !is_local(ir, parent))
        return;
    const char *parent_end = own_end(ir, parent), *child_end = own_end(ir, child);
    if (!parent_end || !child_end)
        return;
    bool code = strcmp(parent_end, "dlclose") == 0; /* of whatever comes from it */
    bool works_through = !depends(parent_end) && shuts(parent_end) &&
                         (code || depends(child_end) || depends(call->callee));
    bool lives_in = strcmp(parent_end, child_end) != 0 && name_makes(call->callee) &&
                    names_are_family(call->callee, child_end) &&
                    surrounds(ir, parent, parent_end, child_end);
    if (!works_through && !lives_in)
        return;
    report_use(ir, arena, findings, index, parent, child, "was made from it");
}

/* ---- data and the callback that uses it -------------------------------------------------------------- */

static bool arms(const char *name)
{
    static const char *const words[] = {"start",    "register", "request", "watch",   "subscribe",
                                        "timer",    "timeout",  "connect", "listen",  "hook",
                                        "schedule", "observe",  "notify",  "handler", NULL};
    return name_has_any(name, words) && name_releases(name) == 0;
}

static bool disarms(const struct instr *call)
{
    static const char *const words[] = {"stop",        "cancel", "unregister", "remove", "unwatch",
                                        "unsubscribe", "del",    "delete",     "disarm", "destroy",
                                        "disconnect",  "detach", "free",       "unhook", "shutdown",
                                        "source",      NULL};
    return call->kind == I_CALL && call->callee && name_has_any(call->callee, words) &&
           !plain_free(call->callee);
}

static bool is_function(const struct ir *ir, const struct operand *operand)
{
    if (operand->kind != O_PLACE && operand->kind != O_ADDRESS)
        return false;
    const struct place *place = &ir->places.at[operand->place];
    return place->kind == P_GLOBAL && !place->decl;
}

struct armed {
    int data, handle;
};

static enum reach find_disarm(const struct ir *ir, int index, void *data)
{
    struct armed *armed = data;
    const struct instr *instr = at(ir, index);
    if (disarms(instr))
        for (int i = 0; i < instr->arg_count; i++) {
            int place = instr->args[i].place;
            if (place >= 0 && (place == armed->handle || (place == armed->data && i > 0)))
                return REACH_FOUND;
        }
    return sets(ir, instr, armed->data) ? REACH_STOP : REACH_ON;
}

static void check_callback(struct ir *ir, struct arena *arena, finding_vec *findings, int index)
{
    const struct instr *call = at(ir, index);
    bool callback = false;
    for (int i = 0; i < call->arg_count; i++)
        callback |= is_function(ir, &call->args[i]);
    if (!callback || !arms(call->callee))
        return;
    const struct operand *last = &call->args[call->arg_count - 1];
    if (last->kind != O_PLACE || !plain_pointer(ir, last->place))
        return;
    struct armed armed = {.data = last->place, .handle = variable_of(ir, index)};
    for (int i = 0; i < ir->code.count; i++) {
        const struct instr *free_call = at(ir, i);
        if (free_call->implicit || !ends(ir, free_call, armed.data) || !reaches(ir, index, i))
            continue;
        int stop = reach(ir, free_call->next, find_disarm, &armed);
        if (stop < 0)
            continue;
        const char *name = place_text(ir, armed.data);
        struct finding *finding = report(ir, arena, findings, i, armed.data);
        finding->message = arena_format(arena, "'%s' is released while '%s' can still use it", name,
                                        call->callee);
        finding_note(arena, finding, call->line, call->column, "it is given to a callback here");
        finding_note(arena, finding, at(ir, stop)->line, at(ir, stop)->column,
                     "the callback is stopped only here");
        finding->advice = arena_format(arena, "stop the callback first, then release '%s'", name);
        return;
    }
}

void check_release_order(struct ir *ir, struct arena *arena, finding_vec *findings)
{
    for (int i = 0; i < ir->code.count; i++) {
        const struct instr *call = at(ir, i);
        if (call->kind != I_CALL || !call->callee || call->implicit)
            continue;
        check_unlock(ir, arena, findings, i);
        check_buffer(ir, arena, findings, i);
        check_child(ir, arena, findings, i);
        check_callback(ir, arena, findings, i);
    }
}
