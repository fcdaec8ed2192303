/* What is still held at an exit, or lost: how sure is it that nobody else releases it? */
#include "engine_parts.h"
#include "harness.h"
#include "knowledge.h"
#include "names.h"
#include "site_parts.h"
#include "verdict_parts.h"

#include <string.h>
#include <strings.h>

/* Acquired by a function of the model, passed to no unknown function and kept nowhere: nobody else can release it. */
static bool owned_here(const struct judge *judge, const struct state *state)
{
    return judge->site->known && state->acquisition->known && judge_passes_harmless(judge, state) &&
           !judge->site->argument;
}

static bool counts_references(const struct judge *judge)
{
    EACH (event, &judge->simulation->events) {
        const char *callee = instr_at(judge, event->instr)->callee;
        if (event->kind == EV_RELEASE && callee && name_counts(callee))
            return true;
    }
    return false;
}

/* foo(&x) rather than x = foo(): a getter would return it. */
bool judge_by_address(const struct judge *judge, const struct state *state)
{
    return instr_at(judge, state->acquired)->dst != state->acquisition->holder;
}

/* struct strbuf and strbuf_release, git_str and git_str_dispose; not struct msghdr and cmsg_close_all. */
static bool releases_type(const struct judge *judge)
{
    const struct decl *decl = judge->site->place >= 0
                                  ? judge->ir->places.at[judge->site->place].decl
                                  : NULL;
    const char *release = judge->site->release;
    if (!decl || !release || decl->type.count == 0)
        return false;
    const char *type = decl->type.words[decl->type.count - 1];
    size_t length = strlen(type);
    if (length > 2 && strcmp(type + length - 2, "_t") == 0)
        length -= 2;
    for (const char *at = release; *at; at++)
        if (strncasecmp(at, type, length) == 0)
            return true;
    return false;
}

/* if (!cached) free(text): the last condition before the release was decided before the text was made. */
static bool depends_on_owner(const struct judge *judge, const struct event *release)
{
    const struct state *at = release->state->from;
    while (at && at->instr != release->state->acquired &&
           instr_at(judge, at->instr)->kind != I_BRANCH)
        at = at->from;
    if (!at || at->instr == release->state->acquired)
        return false;
    const struct instr *branch = instr_at(judge, at->instr);
    int asked = branch->left.place;
    if (branch->right.kind == O_PLACE && !is_error_number(judge->ir, branch->right.place))
        return true; /* if (text != known) free(text); */
    for (; asked >= 0 && at && at->instr != release->state->acquired; at = at->from)
        if (instr_at(judge, at->instr)->dst >= 0 &&
            place_depends(judge->ir, asked, instr_at(judge, at->instr)->dst))
            return false;
    int holder = variable_of(judge->ir, release->state->acquired,
                             release->state->acquisition->holder);
    return asked >= 0 && !place_within(judge->ir, asked, holder) &&
           !place_looks_into(judge->ir, asked, holder);
}

/* text = slurp(name); … free(text): whatever its name, the function has made what free can take. */
static bool freed_as_memory(const struct judge *judge, const struct state *state)
{
    int strength = state->acquisition->strength;
    if (strength < (judge_by_address(judge, state) ? -1 : 0))
        return false;
    EACH (event, &judge->simulation->events) {
        const struct instr *release = instr_at(judge, event->instr);
        if (event->kind == EV_RELEASE && event->state->acquired == state->acquired &&
            !release->implicit && release->callee && model_frees_memory(release->callee) &&
            !depends_on_owner(judge, event))
            return true;
    }
    return false;
}

/* Does the name of the function say that it returns with the lock? */
static bool names_holding(const struct judge *judge)
{
    static const char *const words[] = {"lock",  "locked",  "start", "begin", "acquire",
                                        "hold",  "enter",   "grab",  "get",   "next",
                                        "first", "prepare", "pin",   "open",  NULL};
    return name_has_any(judge->ir->function->name, words) || name_locks(judge->ir->function->name);
}

/* A return in a loop while the lock is held, which is released after the loop. */
static bool left_in_loop(const struct judge *judge, const struct event *event)
{
    if (names_holding(judge))
        return false;
    return judge_loop_around(judge, event->instr) > event->state->acquired;
}

/* By its name the call may have lent what it returned: then the rest of the function must show that it is owned. */
static bool owned(const struct judge *judge, const struct event *exit, enum exit_class class)
{
    const struct state *state = exit->state;
    bool at_the_end = judge->success_release || judge->unknown_release;
    if (judge->site->resource == R_PAIR)
        return judge_owes_partner(judge, state, class);
    if (freed_as_memory(judge, state))
        return true;
    switch (state->acquisition->strength) {
    case 2:
    case 1: return true;
    case 0:
        if (judge->site->by_address && !releases_type(judge))
            return false;
        if (class != CLASS_FAILURE && !judge_by_address(judge, state))
            return judge->success_release && judge->releases >= 2;
        return at_the_end || (judge->failure_release && judge->releases >= 2);
    case -2: return false;
    default:
        if (at_the_end && (class == CLASS_FAILURE || left_in_loop(judge, exit)) &&
            judge_frees_what_it_found(judge, exit))
            return true;
        return at_the_end && counts_references(judge) &&
               (class != CLASS_SUCCESS || judge->releases >= 2);
    }
}

/* A new object that is returned or stored when all goes well, and is neither on this failure path. */
static bool given_away_only_on_success(const struct judge *judge, const struct state *state,
                                       enum exit_class class)
{
    return class == CLASS_FAILURE && judge->escaped && state->acquisition->strength == 1 &&
           judge_passes_harmless(judge, state) && !judge->site->argument &&
           !judge->site->by_address;
}

/* A constructor's result that this function never releases. Some constructors enter what they make in a list of their
 * own: so another function must release it too, or this one give it to its caller when all goes well. */
static enum level typed_level(const struct judge *judge, const struct state *state,
                              enum exit_class class)
{
    const struct knowledge *knowledge = judge->simulation->knowledge;
    const char *acquire = instr_at(judge, state->acquired)->callee;
    if (!judge_passes_harmless(judge, state) || !acquire ||
        !knowledge_uses_release(knowledge, judge->site->release))
        return LEVEL_ALL;
    if (!judge->escaped)
        return knowledge_releases_of(knowledge, acquire, judge->site->release) > 0 ? LEVEL_LIKELY
                                                                                   : LEVEL_ALL;
    return given_away_only_on_success(judge, state, class) ? LEVEL_LIKELY : LEVEL_ALL;
}

/* What is called a release here only empties it, by what other functions of the file do. */
static bool only_emptied(const struct judge *judge, const struct state *state)
{
    const char *acquire = instr_at(judge, state->acquired)->callee;
    return acquire && judge->site->has_release && judge->site->release &&
           judge_passes_harmless(judge, state) &&
           knowledge_empties(judge->simulation->knowledge, acquire, judge->site->release);
}

static bool descriptor_by_use(const struct judge *judge)
{
    return judge->site->release && strcmp(judge->site->release, "close") == 0;
}

/* match_new(parent, …) may enter what it makes in its argument, which owns it then. */
static bool made_in_another(const struct judge *judge, const struct state *state)
{
    const struct instr *acquire = instr_at(judge, state->acquired);
    for (int i = 0; !state->acquisition->known && i < acquire->arg_count; i++) {
        int place = acquire->args[i].place;
        if (acquire->args[i].kind != O_PLACE)
            continue;
        const struct place *at = &judge->ir->places.at[place];
        const struct type *type = at->decl        ? &at->decl->type
                                  : at->parameter ? &at->parameter->type
                                                  : NULL;
        if (!type || (type->stars == 1 && !type->is_const))
            return true;
    }
    return false;
}

/* Delivered to a variable of this function that nothing else ever sees. */
static bool used_by_nobody_else(const struct judge *judge, const struct state *state)
{
    bool constructed = state->acquisition->strength > 0 ||
                       (state->acquisition->strength == 0 && descriptor_by_use(judge));
    return !judge->escaped && state->pass_count == 0 && constructed && !judge->site->argument &&
           !made_in_another(judge, state) && !judge->site->by_address && state->released < 0;
}

/* Is what this call, or another call of the same function, acquired released somewhere? The release of what a lookup
 * found says nothing of what a constructor made. */
static bool released_alike(const struct judge *judge, const struct state *state)
{
    const char *acquire = instr_at(judge, state->acquired)->callee;
    if (judge->unreached)
        return true;
    EACH (event, &judge->simulation->events)
        if (event->kind == EV_RELEASE && event->state->acquired >= 0 &&
            (event->state->acquired == state->acquired ||
             instr_at(judge, event->state->acquired)->callee == acquire))
            return true;
    return false;
}

/* Nothing in the function releases or hands on what a known function gave it, which it only passes to others. */
static bool never_released(const struct judge *judge, const struct state *state)
{
    const struct instr *acquire = instr_at(judge, state->acquired);
    bool annotated = judge->site->mined && acquire->callee &&
                     knowledge_annotated(judge->simulation->knowledge, acquire->callee);
    bool known = judge->site->known && state->acquisition->known && acquire->callee &&
                 judge->site->resource != R_MEMORY && strcmp(acquire->callee, "dlopen") != 0;
    return (known || annotated) && !judge->escaped && !judge->site->argument &&
           judge_passes_only_use(judge, state);
}

/* return p, *result = p, object->part = p */
static bool is_given_to_caller(const struct judge *judge)
{
    EACH (event, &judge->simulation->events) {
        enum instr_kind kind = instr_at(judge, event->instr)->kind;
        if (event->kind == EV_ESCAPE && (kind == I_RETURN || kind == I_ASSIGN))
            return true;
    }
    return false;
}

/* f = fopen(…); if (read_head(f) < 0) return NULL; … return f; The success path shows that read_head takes nothing. */
static bool fails_to_construct(const struct judge *judge, const struct state *state,
                               enum exit_class class)
{
    enum resource resource = judge->site->resource;
    return class == CLASS_FAILURE && judge->escaped && !judge->site->argument &&
           (!judge_by_address(judge, state) || state->acquisition->failing.tested) &&
           !judge->site->by_address && resource != R_CONTEXT &&
           (state->acquisition->known || state->acquisition->strength == 1) &&
           (judge->site->known || judge->site->owned ||
            (judge->site->typed && !made_in_another(judge, state))) &&
           is_given_to_caller(judge) && judge_passes_innocent(judge, state);
}

/* if (last) last->next = p; last = p; Whether there is a last one, the rounds before have decided. */
static bool is_linked(const struct judge *judge, const struct state *state)
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
    int variable = variable_of(judge->ir, state->acquired, state->acquisition->holder);
    return state->holder_count == 1 && state->holders[0] != variable &&
           instr_at(judge, state->acquired)->dst == state->acquisition->holder &&
           is_linked(judge, state);
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
                place_looks_into(judge->ir, operands[i]->place, judge->site->place))
                return true;
        for (int i = 0; i < instr->arg_count; i++)
            if (instr->args[i].place >= 0 &&
                place_looks_into(judge->ir, instr->args[i].place, judge->site->place))
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

/* strbuf_getline(&line, in) fills a struct strbuf, which strbuf_release releases. */
static bool fills_its_type(const struct judge *judge, const struct state *state)
{
    const char *acquire = instr_at(judge, state->acquired)->callee;
    return state->acquisition->strength == 0 && acquire && releases_type(judge) &&
           names_are_family(judge->site->release, acquire);
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
            call->args[0].place == judge->site->place && name_releases(call->callee) == 2 &&
            !name_unlocks(call->callee))
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
                        ? variable_of(judge->ir, at->instr, call->dst)
                        : -1;
        if (place >= 0 && !place_is_local(judge->ir, place))
            return true;
    }
    return false;
}

static enum level leak_level(const struct judge *judge, const struct event *event)
{
    const struct state *state = event->state;
    enum exit_class class = classify_exit(judge->ir, state);
    if (judge->site->resource == R_TASKS || judge->site->resource == R_CONTEXT)
        return LEVEL_SURE;
    if (judge_ends_process(judge, event) || judge_is_standard(judge) ||
        is_last_in_list(judge, state) || only_changes_state(judge) ||
        is_shared(judge, state, class) || judge_has_new_owner(judge, event) ||
        judge_returns_its_argument(judge, state) || judge_released_as_element(judge) ||
        judge_need_not_pair(judge, state, class))
        return LEVEL_ALL;
    if (lock_is_handed_out(judge, state) || lock_ends_with_object(judge, state) ||
        library_stays(judge, state))
        return LEVEL_ALL;
    if (!state->failing && judge->site->resource != R_LOCK && given_in_loop(judge, event))
        return LEVEL_ALL;
    if (class != CLASS_FAILURE && !judge->released && given_on_condition(judge, event))
        return LEVEL_ALL;
    if (judge->site->resource != R_LOCK && judge->site->resource != R_TEMPORARY &&
        is_of_test(judge->ir))
        return LEVEL_ALL;
    if (judge->released && released_alike(judge, state)) {
        bool innocent = judge_passes_innocent(judge, state) && owned(judge, event, class);
        if (class == CLASS_FAILURE)
            return innocent ? LEVEL_SURE : LEVEL_ALL;
        bool found = judge->site->resource == R_OBJECT && state->acquisition->strength == -1;
        if ((judge->site->resource == R_LOCK || found) && left_in_loop(judge, event))
            return innocent ? LEVEL_SURE : LEVEL_ALL;
        bool lock = judge->site->resource == R_LOCK && !names_holding(judge);
        if (judge->success_release || ((class == CLASS_UNKNOWN || lock) && judge->unknown_release))
            return innocent ? LEVEL_SURE : LEVEL_ALL;
        if (used_by_nobody_else(judge, state))
            return LEVEL_LIKELY;
        return owned_here(judge, state) && !judge->escaped ? LEVEL_SURE : LEVEL_ALL;
    }
    if (judge->site->resource == R_TEMPORARY)
        return LEVEL_LIKELY;
    if (judge->site->mined && judge->site->by_address && state->acquisition->strength < 1 &&
        !fills_its_type(judge, state))
        return LEVEL_ALL; /* only like another variable that is released; this call may just read it */
    if (((judge->site->mined && judge_passes_harmless(judge, state)) ||
         only_emptied(judge, state)) &&
        !judge->escaped)
        return LEVEL_LIKELY;
    if (judge->site->owned && state->acquisition->strength > 0 &&
        judge_passes_harmless(judge, state))
        return !judge->escaped || given_away_only_on_success(judge, state, class) ? LEVEL_LIKELY
                                                                                  : LEVEL_ALL;
    if (never_released(judge, state))
        return LEVEL_LIKELY;
    if (judge->site->typed && !fails_to_construct(judge, state, class))
        return typed_level(judge, state, class);
    if (given_away_only_on_success(judge, state, class) || fails_to_construct(judge, state, class))
        return LEVEL_LIKELY;
    if (!owned_here(judge, state))
        return LEVEL_ALL;
    if (!judge->escaped || class == CLASS_FAILURE)
        return LEVEL_SURE;
    return judge->site->resource == R_MEMORY && !judge_by_address(judge, state) &&
                   judge_never_touched(judge, state)
               ? LEVEL_LIKELY
               : LEVEL_ALL;
}

/* Does a loop have both statements? */
static bool loop_has_both(const struct judge *judge, int a, int b)
{
    for (int i = a > b ? a : b; i < judge->ir->code.count; i++) {
        int head = instr_at(judge, i)->next;
        if (head >= 0 && head <= (a < b ? a : b))
            return true;
    }
    return false;
}

/* The next round of a loop loses it too: reported there, unless this exit leaves from within the loop. */
static bool lost_in_loop(const struct judge *judge, const struct event *event)
{
    if (loop_has_both(judge, event->state->acquired, event->instr))
        return false;
    EACH (other, &judge->simulation->events)
        if (other->kind == EV_LOST && other->state->acquired == event->state->acquired &&
            other->instr == other->state->acquired)
            return true;
    return false;
}

/* lock_disk(job) … if (failed) job_free(job), which unlocks too: when all goes well, the job keeps its lock. */
static bool unlocked_by_owner(const struct judge *judge)
{
    EACH (event, &judge->simulation->events) {
        const char *callee = instr_at(judge, event->instr)->callee;
        if (event->kind == EV_RELEASE && (!callee || !name_only_frees(callee)))
            return false;
    }
    return true;
}

void judge_leak(struct judge *judge, const struct event *event)
{
    if (lost_in_loop(judge, event))
        return;
    enum resource resource = judge->site->resource;
    if (judge_was_kept(judge, event->state) || judge_cleaned_by_macro(judge))
        return;
    if (event->state->doubtful && classify_exit(judge->ir, event->state) != CLASS_FAILURE)
        return;
    if (resource == R_LOCK && judge_cleaned_lock(judge))
        return;
    if (resource == R_LOCK && classify_exit(judge->ir, event->state) == CLASS_SUCCESS &&
        unlocked_by_owner(judge))
        return;
    if (resource == R_PAIR && name_has(judge->site->acquire, "ref") && judge->site->place >= 0 &&
        instr_at(judge, event->instr)->left.place == judge->site->place)
        return; /* object_ref(p); … return p; */
    if (resource == R_LOCK && (!judge->released || judge_is_callers_lock(judge, event->state) ||
                               judge_kept_by_macro(judge, event->state)))
        return;
    if (resource == R_TEMPORARY &&
        (judge_cleaned_file(judge) || classify_exit(judge->ir, event->state) != CLASS_FAILURE ||
         !(judge->released || judge_has_local_name(judge)) || judge_name_is_copied(judge) ||
         judge_is_kept(judge, event->state)))
        return;
    if (judge_gave_nothing(judge, event->state) ||
        ((resource == R_DESCRIPTOR || resource == R_MEMORY) && judge_in_child(judge, event->state)))
        return;
    if (judge_in_main(judge) && resource != R_LOCK && resource != R_PAIR && !judge->released)
        return;
    if (instr_at(judge, event->instr)->deferred)
        return;
    judge_report_leak(judge, event, leak_level(judge, event), false);
}

static bool is_element(const struct judge *judge, const struct operand *operand)
{
    return operand->place >= 0 && strchr(judge->ir->places.at[operand->place].text, '[') != NULL;
}

/* strcmp(key, "name") == 0; not strcmp(words[i], "name"): a user may well give an option twice. */
static bool compares_text(const struct judge *judge, const struct instr *branch)
{
    const struct place *left = branch->left.place >= 0 ? &judge->ir->places.at[branch->left.place]
                                                       : NULL;
    static const char *const names[] = {"strcmp", "strcasecmp", "g_strcmp0", NULL};
    if (left && left->kind == P_TEMPORARY)
        EACH (call, &judge->ir->code)
            if (call->kind == I_CALL && call->dst == branch->left.place && call->callee)
                return word_in(call->callee, names) && !is_element(judge, &call->args[0]);
    return left && left->kind == P_VALUE &&
           (strncmp(left->text, "strcmp(", 7) == 0 ||
            strncmp(left->text, "strcasecmp(", 11) == 0) &&
           left->text[strcspn(left->text, "[,")] != '[';
}

/* text[0] == '#', step(text) == -EAGAIN: such a condition asks the resource itself, or whether something has failed. */
static bool asks_resource(const struct judge *judge, const struct instr *branch,
                          const struct event *event)
{
    if (branch->kind != I_BRANCH || branch->left.place < 0)
        return false;
    if (branch->right.kind == O_PLACE && is_error_number(judge->ir, branch->right.place))
        return true;
    int variable = variable_of(judge->ir, event->state->acquired,
                               event->state->acquisition->holder);
    return place_within(judge->ir, branch->left.place, variable) ||
           place_looks_into(judge->ir, branch->left.place, variable);
}

/* for (…) switch (option) { case 'n': name = strdup(optarg); … } Whether a case comes twice, its caller knows. */
static bool chosen_by_value(const struct judge *judge, const struct event *event)
{
    const struct state *after = event->state->from;
    for (const struct state *at = after ? after->from : NULL; at; after = at, at = at->from) {
        if (at->instr == event->state->acquired)
            return false;
        const struct instr *instr = instr_at(judge, at->instr);
        if (asks_resource(judge, instr, event))
            continue;
        if (instr->kind == I_BRANCH && compares_text(judge, instr) &&
            instr->sign == (after->instr == instr->next ? S2('=', '=') : S2('!', '=')))
            return true;
        if (instr->kind != I_BRANCH ||
            (instr->right.kind == O_NUMBER && instr->right.number <= 0) ||
            instr->right.kind == O_UNKNOWN)
            continue;
        bool equal = instr->sign == (after->instr == instr->next ? S2('=', '=') : S2('!', '='));
        if (equal)
            return true;
    }
    return false;
}

/* Perhaps the statement gives it to somebody, or says that there is none: keep(s), s == INVALID. */
static bool is_given(const struct instr *instr, int holder)
{
    if (instr->kind == I_BRANCH)
        return instr->left.place == holder && instr->right.kind != O_NUMBER;
    for (int i = 0; instr->kind == I_CALL && i < instr->arg_count; i++)
        if (instr->args[i].place == holder &&
            !(instr->callee && model_known_harmless(instr->callee)))
            return true;
    return false;
}

/* for (…) { s = socket(…); if (connect(s, …) == 0) break; }: the next socket takes the variable of the one that failed. */
static bool lost_to_next(const struct judge *judge, const struct event *event)
{
    int holder = event->state->acquisition->holder;
    for (const struct state *at = event->state->from; at && at->instr != event->state->acquired;
         at = at->from)
        if (is_given(instr_at(judge, at->instr), holder))
            return false;
    return event->instr == event->state->acquired && event->state->pass_count == 0 &&
           judge->site->resource == R_DESCRIPTOR && judge->ir->places.at[holder].kind == P_LOCAL;
}

/* stream_join(&header, &data); header = data = NULL: what the call was passed by address, it took. */
static bool is_given_up(const struct judge *judge, const struct event *event)
{
    const struct instr *sets = instr_at(judge, event->instr);
    return sets->kind == I_ASSIGN && sets->left.kind == O_NUMBER && sets->left.number == 0 &&
           judge_by_address(judge, event->state) && !event->state->acquisition->known &&
           event->state->acquisition->strength < 2;
}

void judge_lost(struct judge *judge, const struct event *event)
{
    const struct state *state = event->state;
    if (judge_was_kept(judge, state) || state->doubtful)
        return;
    bool again = event->instr == state->acquired ||
                 (event->instr < state->acquired &&
                  loop_has_both(judge, event->instr, state->acquired));
    if (judge->site->typed || (again && chosen_by_value(judge, event)))
        return; /* an option that is given twice */
    if (judge_has_new_owner(judge, event) || is_linked(judge, state) || is_given_up(judge, event))
        return;
    bool released = judge->released && judge_passes_innocent(judge, state);
    released &= state->acquisition->strength > 0 || freed_as_memory(judge, state);
    enum level level = is_of_test(judge->ir) || judge_in_main(judge) ||
                               judge_returns_its_argument(judge, state)
                           ? LEVEL_ALL
                       : released && state->acquisition->known ? LEVEL_SURE
                       : owned_here(judge, state) && (!judge->escaped || lost_to_next(judge, event))
                           ? LEVEL_SURE
                       : released                              ? LEVEL_LIKELY
                       : judge->site->mined && !judge->escaped ? LEVEL_LIKELY
                                                               : LEVEL_ALL;
    judge_report_leak(judge, event, level, true);
}
