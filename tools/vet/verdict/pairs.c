/* Does the function show that a pair that it has begun must be completed? */
#include "names.h"
#include "verdict_parts.h"

#include <string.h>

/* In how many places is what this call acquired released? */
int judge_releases(const struct judge *judge, const struct state *state)
{
    int count = judge->unreached;
    EACH (event, &judge->simulation->events)
        count += event->kind == EV_RELEASE && event->state->acquired == state->acquired &&
                 !instr_at(judge, event->instr)->implicit;
    return count;
}

/* Is the statement in a loop? The first statement of the innermost one, or -1. */
int judge_loop_around(const struct judge *judge, int instr)
{
    int innermost = -1;
    for (int i = instr; i < judge->ir->code.count; i++) {
        int head = instr_at(judge, i)->next;
        if (head >= 0 && head <= instr && head > innermost && i >= instr)
            innermost = head;
    }
    return innermost;
}

/* Is what was begun ended on a way that does not go back to the head of a loop? */
static bool ended_in_round(const struct judge *judge, const struct state *state)
{
    EACH (event, &judge->simulation->events) {
        if (event->kind != EV_RELEASE || event->state->acquired != state->acquired)
            continue;
        const struct state *at = event->state;
        while (at->from && at->instr != state->acquired && at->instr >= at->from->instr)
            at = at->from;
        if (at->instr == state->acquired)
            return true;
    }
    return false;
}

/* json_begin_object(writer) … json_end_object(writer) shape an output, which is thrown away when something fails. */
static bool shapes_output(const struct judge *judge)
{
    static const char *const words[] = {
        "container", "object",  "array",    "nest",    "nested", "element", "tag",
        "group",     "frame",   "node",     "level",   "state",  "pos",     "offset",
        "parse",     "parser",  "position", "indent",  "list",   "section", "errno",
        "json",      "xml",     "yaml",     "nla",     "nlmsg",  "dict",    "gen",
        "error",     "message", "msg",      "builder", "row",    "table",   "html",
        "header",    "body",    "string",   "pair",    "record", NULL};
    static const char *const verbs[] = {"begin", "open", "push", "start", "enter", "init", NULL};
    return name_has_any(judge->site->acquire, verbs) && name_has_any(judge->site->acquire, words);
}

/* enter_container(message) … exit_container(message): a message that cannot be read further is thrown away. */
static bool reads_nested(const struct judge *judge)
{
    static const char *const words[] = {"container", "element", "nested", NULL};
    return name_has_any(judge->site->acquire, words);
}

/* session->start(session): what it means, only its type knows. */
static bool is_method(const struct instr *call)
{
    return call->expr && call->expr->kind == E_CALL && call->expr->a &&
           call->expr->a->kind == E_MEMBER;
}

/* pipe_open(&ends) … pipe_clear(&ends), where pipe_close(&ends, 0) closes only a part. */
static bool ended_otherwise(const struct judge *judge, const struct state *state)
{
    for (const struct state *at = state->from; at && at->instr != state->acquired; at = at->from) {
        const struct instr *call = instr_at(judge, at->instr);
        if (call->kind == I_CALL && call->callee && call->arg_count > 0 &&
            judge->site->place >= 0 && call->args[0].place == judge->site->place &&
            name_releases(call->callee) &&
            (call->indirect || names_are_family(call->callee, judge->site->acquire)))
            return true;
    }
    return false;
}

/* cursor_increment(c) … cursor_decrement(c) move something; only of references and of users each must be given back. */
static bool is_counter(const char *acquire)
{
    static const char *const moves[] = {"increment", "inc",     "incr", "inc32",
                                        "inc64",     "advance", NULL};
    static const char *const counted[] = {"ref",  "refcount", "refs", "users", "usage",
                                          "hold", "count",    "pm",   "dev",   NULL};
    return name_has_any(acquire, moves) && !name_has_any(acquire, counted);
}

/* client_connect(c), block_signals(): what is connected, and what a call without an object begins, may well stay so until another
 * function ends it, unless another failure of this function ends it. */
static bool may_go_on(const struct judge *judge)
{
    static const char *const states[] = {"connect", "load", "register", "save", NULL};
    const struct site *site = judge->site;
    return strcmp(judge_site_text(judge), site->acquire) == 0 ||
           name_has_any(site->acquire, states);
}

/* Does the rest of the function show that what was begun must be ended: on the other failures, or at its good end? */
bool judge_owes_partner(const struct judge *judge, const struct state *state, enum exit_class class)
{
    int releases = judge_releases(judge, state);
    const char *acquire = judge->site->acquire;
    if ((name_has(acquire, "init") || name_has(acquire, "open")) && releases < 2 &&
        !state->acquisition->failing.tested)
        return false; /* it may have begun nothing yet */
    if (reads_nested(judge) || ended_otherwise(judge, state) || is_counter(acquire))
        return false;
    if (name_has(acquire, "align") || name_has(acquire, "round"))
        return false; /* align_up(n), align_down(n) */
    if (may_go_on(judge) && !(class == CLASS_FAILURE && judge->failure_release))
        return false;
    if (strchr(judge->site->argument, '[') || strstr(acquire, "_add"))
        return false; /* one of an array, an action that is noted for later */
    if (name_has(acquire, "push") && releases < 2)
        return false; /* a stack of data */
    if ((class != CLASS_FAILURE ? releases < 2 : judge_loop_around(judge, state->acquired) >= 0) &&
        !ended_in_round(judge, state))
        return false; /* the next round of the loop, or the next call, may end it */
    if (releases >= 2)
        return class == CLASS_FAILURE ? judge->failure_release || judge->success_release
                                      : judge->success_release;
    if (releases == 0 || shapes_output(judge) || is_method(instr_at(judge, state->acquired)))
        return false;
    if (class == CLASS_FAILURE && judge->failure_release)
        return true;
    bool data = class == CLASS_FAILURE && name_has(acquire, "push");
    return judge->success_release || (judge->unknown_release && !data);
}
