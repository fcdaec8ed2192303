/* What is still held at an exit, and yet is somewhere else by then: in a list, with its caller, gone with what it belongs to. */
#include "engine_parts.h"
#include "knowledge.h"
#include "names.h"
#include "site_parts.h"
#include "verdict_parts.h"

#include <string.h>

/* if (last) last->next = p; last = p; Whether there is a last one, the rounds before have decided. */
bool judge_is_linked(const struct judge *judge, const struct state *state)
{
    EACH (event, &judge->simulation->events)
        if (event->kind == EV_ESCAPE && event->state->acquired == state->acquired &&
            instr_at(judge, event->instr)->kind == I_ASSIGN)
            return true;
    return false;
}

/* Only the variable for the last element of a list has it still. */
static bool is_last_in_list(const struct judge *judge, const struct state *state)
{
    int variable = place_variable(judge->ir, state->acquired, state->acquisition->holder);
    return state->holder_count == 1 && state->holders[0] != variable &&
           instr_at(judge, state->acquired)->dst == state->acquisition->holder &&
           judge_is_linked(judge, state);
}

/* stream_close(s); flag_set(s->flags); What is used at once after its release is not gone: the call only changes its
 * state. */
static bool goes_on(const struct judge *judge, int release)
{
    int at = instr_at(judge, release)->next;
    for (int steps = 0; at >= 0 && steps < 12; steps++) {
        const struct instr *instr = instr_at(judge, at);
        const struct operand *operands[] = {&instr->left, &instr->right};
        if (instr->kind == I_BRANCH || instr->kind == I_RETURN || instr->kind == I_STOP ||
            instr->dst == judge->site->place)
            return false;
        for (int i = 0; i < 2; i++)
            if (operands[i]->kind == O_PLACE && operands[i]->place >= 0 &&
                place_is_behind(judge->ir, operands[i]->place, judge->site->place))
                return true;
        for (int i = 0; i < instr->arg_count; i++)
            if (instr->args[i].place >= 0 &&
                place_is_behind(judge->ir, instr->args[i].place, judge->site->place))
                return true;
        at = instr->next;
    }
    return false;
}

static bool only_changes_state(const struct judge *judge)
{
    if (judge->site->resource != R_OBJECT || judge->site->known || judge->site->by_address ||
        judge->site->argument || judge->site->place < 0)
        return false;
    EACH (event, &judge->simulation->events) {
        const struct instr *release = instr_at(judge, event->instr);
        if (event->kind == EV_RELEASE && !release->implicit && release->callee &&
            !model_frees_memory(release->callee) && goes_on(judge, event->instr))
            return true;
    }
    return false;
}

/* link = link_new(node); if (connect(link) < 0) { link_free(link); return -1; } return 0; The node has the link, if the
 * function itself does not say otherwise by a release when all goes well. */
static bool is_shared(const struct judge *judge, const struct state *state, enum exit_class class)
{
    int resource;
    return !state->acquisition->known && (class == CLASS_SUCCESS || !judge->success_release) &&
           judge->simulation->knowledge &&
           knowledge_result(judge->simulation->knowledge, instr_at(judge, state->acquired),
                            &resource) == RESULT_SHARED;
}

/* for (i = 0; i < n; i++) tasks[i]->context = p; Without a round of the loop nobody has it; but there is one. */
static bool given_in_loop(const struct judge *judge, const struct event *exit)
{
    EACH (event, &judge->simulation->events) {
        if (event->kind != EV_ESCAPE || event->state->acquired != exit->state->acquired)
            continue;
        int loop = judge_loop_around(judge, event->instr);
        if (loop > exit->state->acquired && exit->instr > event->instr &&
            judge_loop_around(judge, exit->instr) != loop)
            return true;
    }
    return false;
}

/* if (hints) request->hints = copy_into(p); … if (host) request->host = p; Which of the conditions holds, the caller knows. */
static bool given_on_condition(const struct judge *judge, const struct event *exit)
{
    int given = 0;
    EACH (event, &judge->simulation->events) {
        const struct instr *gives = instr_at(judge, event->instr);
        if (event->kind != EV_ESCAPE || event->state->acquired != exit->state->acquired)
            continue;
        if (gives->kind != I_ASSIGN || gives->dst < 0 || place_is_local(judge->ir, gives->dst) ||
            event->instr > exit->instr)
            return false;
        given++;
    }
    return given > 1;
}

/* lock_file(box, F_RDLCK, lock_id); … unlock_file(box, *lock_id); where lock_id is a parameter: the caller unlocks. */
static bool lock_is_handed_out(const struct judge *judge, const struct state *state)
{
    const struct ir *ir = judge->ir;
    const struct instr *acquire = instr_at(judge, state->acquired);
    if (judge->site->resource != R_LOCK)
        return false;
    EACH (event, &judge->simulation->events) {
        const struct instr *release = instr_at(judge, event->instr);
        for (int i = 0; event->kind == EV_RELEASE && i < release->arg_count; i++) {
            int handle = release->args[i].place;
            int root = handle >= 0 && handle != judge->site->place ? ir->places.at[handle].root
                                                                   : -1;
            if (root < 0 || ir->places.at[root].kind != P_PARAMETER)
                continue;
            for (int k = 1; k < acquire->arg_count; k++)
                if (acquire->args[k].kind == O_PLACE && acquire->args[k].place == root &&
                    ir->places.at[handle].text[0] == '*')
                    return true;
        }
    }
    return false;
}

/* object_lock(x); … object_unref(x); return: the last reference goes, and its lock with it. */
static bool lock_ends_with_object(const struct judge *judge, const struct state *state)
{
    if (judge->site->resource != R_LOCK || judge->site->place < 0)
        return false;
    for (const struct state *at = state->from; at && at->instr != state->acquired; at = at->from) {
        const struct instr *call = instr_at(judge, at->instr);
        if (call->kind == I_CALL && call->callee && call->arg_count > 0 &&
            call->args[0].place == judge->site->place && /* not queues_destroy_all(x) */
            (name_destroys(call->callee) || name_ends_with(call->callee, "unref")))
            return true;
    }
    return false;
}

/* run = dlsym(library, "run"), where run outlives the function: the library stays. */
static bool library_stays(const struct judge *judge, const struct state *state)
{
    const char *acquire = instr_at(judge, state->acquired)->callee;
    if (!acquire || strcmp(acquire, "dlopen") != 0)
        return false;
    for (const struct state *at = state->from; at && at->instr != state->acquired; at = at->from) {
        const struct instr *call = instr_at(judge, at->instr);
        int place = call->kind == I_CALL && call->callee && strcmp(call->callee, "dlsym") == 0
                        ? place_variable(judge->ir, at->instr, call->dst)
                        : -1;
        if (place >= 0 && !place_is_local(judge->ir, place))
            return true;
    }
    return false;
}

/* map_init(map, &entry); The map has the entry, even if what is freed later is another one. */
static bool entered_by_init(const struct judge *judge, const struct state *state)
{
    const char *acquire = instr_at(judge, state->acquired)->callee;
    if (!judge_by_address(judge, state) || state->acquisition->known || !acquire ||
        judge->site->argument || !name_has(acquire, "init") || !judge_made_in_another(judge, state))
        return false;
    EACH (event, &judge->simulation->events) {
        const char *release = instr_at(judge, event->instr)->callee;
        if (event->kind == EV_RELEASE && !(release && model_frees_memory(release)))
            return false;
    }
    return true;
}

/* info = open_tree(name); return info->root; What is returned leads to the whole, in a way that only its project knows. */
static bool returns_part(const struct judge *judge, const struct event *exit)
{
    const struct instr *returns = instr_at(judge, exit->instr);
    int place = returns->kind == I_RETURN && returns->left.kind == O_PLACE ? returns->left.place
                                                                           : -1;
    if (place < 0 || judge->ir->places.at[place].kind != P_PART ||
        judge->ir->function->type.stars == 0 || judge->site->argument || judge->site->by_address ||
        exit->state->acquisition->known)
        return false;
    for (int i = 0; i < exit->state->holder_count; i++)
        if (place_is_behind(judge->ir, place, exit->state->holders[i]))
            return true;
    return false;
}

/* if (attr_init(&attr) == 0) pointer = &attr; … if (pointer) attr_destroy(pointer); */
static bool released_by_pointer(const struct judge *judge, const struct state *state)
{
    if (!judge_by_address(judge, state) || judge->site->argument)
        return false;
    EACH (assign, &judge->ir->code) {
        if (assign->kind != I_ASSIGN || assign->left.kind != O_ADDRESS || assign->dst < 0 ||
            assign->left.place != state->acquisition->holder)
            continue;
        EACH (call, &judge->ir->code)
            if (call->kind == I_CALL && call->callee && call->arg_count > 0 &&
                call->args[0].place == assign->dst && name_releases(call->callee) > 0)
                return true;
    }
    return false;
}

/* nest = message_begin(&request); if (add(&request) < 0) return -1; message_end(&request, nest): what has been begun is thrown
 * away with the request. */
static bool shapes_message(const struct judge *judge, const struct state *state)
{
    static const char *const begins[] = {"begin", "start", NULL};
    static const char *const parts[] = {"nest",  "nested",  "container", "attr",
                                        "array", "element", "table",     NULL};
    const char *acquire = instr_at(judge, state->acquired)->callee;
    return acquire && judge->site->resource == R_OBJECT && !state->acquisition->known &&
           name_has_any(acquire, begins) && name_has_any(acquire, parts);
}

/* Has somebody else what is still held at this exit? */
bool judge_is_elsewhere(const struct judge *judge, const struct event *exit, enum exit_class class)
{
    const struct state *state = exit->state;
    bool lock = judge->site->resource == R_LOCK;
    return is_last_in_list(judge, state) || returns_part(judge, exit) ||
           released_by_pointer(judge, state) || shapes_message(judge, state) ||
           entered_by_init(judge, state) || only_changes_state(judge) ||
           is_shared(judge, state, class) || lock_is_handed_out(judge, state) ||
           lock_ends_with_object(judge, state) || library_stays(judge, state) ||
           (!state->failing && !lock && given_in_loop(judge, exit)) ||
           (class != CLASS_FAILURE && !judge->released && given_on_condition(judge, exit));
}
