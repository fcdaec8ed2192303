/* What is still held at an exit: how sure is it that nobody else releases it? */
#include "engine_parts.h"
#include "harness.h"
#include "knowledge.h"
#include "made.h"
#include "names.h"
#include "site_parts.h"
#include "verdict_parts.h"

#include <string.h>
#include <strings.h>

/* Acquired by a function of the model, passed to no unknown function and kept nowhere: nobody else can release it. */
bool judge_owned_here(const struct judge *judge, const struct state *state)
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
    if (judge_freed_as_memory(judge, state))
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
               !judge_releases_on_condition(judge, state) &&
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
bool judge_made_in_another(const struct judge *judge, const struct state *state)
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
           !judge_made_in_another(judge, state) && !judge->site->by_address && state->released < 0;
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
    enum resource resource = judge->site->resource;
    bool known = judge->site->known && state->acquisition->known && acquire->callee &&
                 resource != R_MEMORY && strcmp(acquire->callee, "dlopen") != 0 &&
                 resource != R_MAPPING && /* which often lasts as long as the process */
                 (resource != R_DESCRIPTOR || model_acquirer(acquire->callee));
    for (int i = 0; resource == R_DESCRIPTOR && i < acquire->arg_count; i++) {
        const struct decl *other = acquire->args[i].kind == O_ADDRESS
                                       ? judge->ir->places.at[acquire->args[i].place].decl
                                       : NULL;
        if (other && other->type.stars == 0 && !model_acquirer(acquire->callee))
            return false; /* fd = open_file(name, &file): both may be the descriptor */
    }
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
            (judge->site->typed && !judge_made_in_another(judge, state))) &&
           is_given_to_caller(judge) && judge_passes_innocent(judge, state);
}

/* strbuf_getline(&line, in) fills a struct strbuf, which strbuf_release releases. */
static bool fills_its_type(const struct judge *judge, const struct state *state)
{
    const char *acquire = instr_at(judge, state->acquired)->callee;
    return state->acquisition->strength == 0 && acquire && releases_type(judge) &&
           names_are_family(judge->site->release, acquire);
}

/* Does the acquiring call set this place too? */
static bool set_with(const struct judge *judge, const struct state *state, int place)
{
    const struct instr *acquire = instr_at(judge, state->acquired);
    for (int i = 0; place >= 0 && i < acquire->arg_count; i++)
        if (acquire->args[i].kind == O_ADDRESS &&
            acquire->args[i].place != state->acquisition->holder &&
            place_within(judge->ir, place, acquire->args[i].place))
            return true;
    return false;
}

/* if (read_event(&event, &text)) switch (event.kind) { case LOG: … free(text); } Is it released only where something else that
 * the same call has set has a certain value? Then only such an event has a text. */
static bool released_by_kind(const struct judge *judge, const struct state *state)
{
    bool released = false;
    if (!judge_by_address(judge, state) || state->acquisition->known || judge->site->argument)
        return false;
    EACH (event, &judge->simulation->events) {
        if (event->kind != EV_RELEASE || event->state->acquired != state->acquired)
            continue;
        bool by_kind = false;
        const struct state *after = event->state;
        for (const struct state *at = after->from; at && at->instr != state->acquired;
             after = at, at = at->from) {
            const struct instr *branch = instr_at(judge, at->instr);
            by_kind |= branch->kind == I_BRANCH && branch->right.kind == O_SYMBOL &&
                       branch->sign ==
                           (after->instr == branch->next ? S2('=', '=') : S2('!', '=')) &&
                       set_with(judge, state, branch->left.place);
        }
        if (!by_kind)
            return false;
        released = true;
    }
    return released;
}

/* The function never releases it, and neither do many other callers of what made it. */
static bool rarely_released(const struct judge *judge, const struct state *state)
{
    const char *acquire = instr_at(judge, state->acquired)->callee;
    if (!acquire || state->acquisition->known || !judge->simulation->knowledge ||
        knowledge_annotated(judge->simulation->knowledge, acquire))
        return false;
    if (judge_by_address(judge, state))
        acquire = made_by_address(acquire);
    return knowledge_few_release(judge->simulation->knowledge, acquire);
}

/* library = dlopen(name, RTLD_NOW): what the function takes from it would be gone with it. */
static bool stays_loaded(const struct judge *judge, const struct state *state)
{
    static const char *const names[] = {"dlopen", "dlmopen", "g_module_open", "shl_load", NULL};
    const char *acquire = instr_at(judge, state->acquired)->callee;
    return acquire && word_in(acquire, names);
}

/* return -EAGAIN: what was begun may well go on until the next call. */
static bool returns_again(const struct judge *judge, const struct event *exit)
{
    const struct operand *result = &instr_at(judge, exit->instr)->left;
    const char *text = result->kind == O_PLACE    ? judge->ir->places.at[result->place].text
                       : result->kind == O_SYMBOL ? result->text
                                                  : "";
    return strstr(text, "AGAIN") || strstr(text, "WOULDBLOCK") || strstr(text, "INPROGRESS");
}

/* FcRefInc(&config->ref), bufferevent_incref(event): a reference without a variable of its own is often meant to stay. */
static bool counts_in_place(const struct judge *judge)
{
    const char *acquire = judge->site->acquire;
    return judge->site->resource == R_PAIR && acquire &&
           (strstr(acquire, "ref") || strstr(acquire, "Ref"));
}

static enum level leak_level(const struct judge *judge, const struct event *event)
{
    const struct state *state = event->state;
    enum exit_class class = classify_exit(judge->ir, state);
    if (judge->site->resource == R_PAIR && returns_again(judge, event))
        class = CLASS_UNKNOWN;
    if (judge->site->resource == R_TASKS || judge->site->resource == R_CONTEXT)
        return LEVEL_SURE;
    if (judge_ends_process(judge, event) || judge_is_standard(judge) ||
        judge_is_elsewhere(judge, event, class) || judge_has_new_owner(judge, event) ||
        judge_returns_its_argument(judge, state) || judge_released_as_element(judge) ||
        judge_need_not_pair(judge, state, class) || released_by_kind(judge, state) ||
        counts_in_place(judge))
        return LEVEL_ALL;
    if (judge->site->resource != R_TEMPORARY && is_of_test(judge->ir))
        return LEVEL_ALL;
    if (judge->released && released_alike(judge, state)) {
        bool innocent = judge_passes_innocent(judge, state) && owned(judge, event, class);
        if (class == CLASS_FAILURE)
            return innocent ? LEVEL_SURE : LEVEL_ALL;
        bool found = judge->site->resource == R_OBJECT && state->acquisition->strength == -1;
        if ((judge->site->resource == R_LOCK || found) && left_in_loop(judge, event))
            return innocent ? LEVEL_SURE : LEVEL_ALL;
        bool lock = judge->site->resource == R_LOCK && !names_holding(judge);
        if (judge->site->resource == R_LOCK && judge_hands_lock_out(judge, event))
            return LEVEL_ALL;
        if (judge->success_release || ((class == CLASS_UNKNOWN || lock) && judge->unknown_release))
            return innocent ? LEVEL_SURE : LEVEL_ALL;
        if (used_by_nobody_else(judge, state))
            return LEVEL_LIKELY;
        return judge_owned_here(judge, state) && !judge->escaped ? LEVEL_SURE : LEVEL_ALL;
    }
    if (judge->site->resource == R_TEMPORARY)
        return LEVEL_LIKELY;
    if (rarely_released(judge, state) || stays_loaded(judge, state))
        return LEVEL_ALL;
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
    if (!judge_owned_here(judge, state))
        return LEVEL_ALL;
    if (!judge->escaped || class == CLASS_FAILURE)
        return LEVEL_SURE;
    if (judge->site->resource != R_MEMORY)
        return LEVEL_ALL;
    bool untouched = !judge_by_address(judge, state) && judge_never_touched(judge, state);
    return untouched || judge_returned_elsewhere(judge, event) ? LEVEL_LIKELY : LEVEL_ALL;
}

/* Does a loop have both statements? */
bool judge_loop_has_both(const struct judge *judge, int a, int b)
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
    if (judge_loop_has_both(judge, event->state->acquired, event->instr))
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

/* switch (parse(text, &host)) { case 0: return; … } free(host); With a result of 0 the call has found nothing, where it is
 * released only with another one. */
static bool found_nothing(const struct judge *judge, const struct state *state)
{
    int result = instr_at(judge, state->acquired)->dst;
    if (!judge_by_address(judge, state) || judge->site->argument || result < 0 ||
        state->acquisition->known)
        return false;
    struct operand value = {.kind = O_PLACE,
                            .place = place_variable(judge->ir, state->acquired, result)};
    if (facts_of(state->facts, &value).signs != ZERO)
        return false;
    bool released = false;
    EACH (event, &judge->simulation->events) {
        if (event->kind != EV_RELEASE || event->state->acquired != state->acquired)
            continue;
        if (facts_of(event->state->facts, &value).signs & ZERO)
            return false;
        released = true;
    }
    return released;
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
    if (resource == R_LOCK && (judge_cleaned_lock(judge) || judge_passes_locked(judge, event) ||
                               judge_may_stay_locked(judge, event)))
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
    if (judge_gave_nothing(judge, event->state) || found_nothing(judge, event->state) ||
        ((resource == R_DESCRIPTOR || resource == R_MEMORY) && judge_in_child(judge, event->state)))
        return;
    if (judge_in_main(judge) && resource != R_LOCK && resource != R_PAIR && !judge->released)
        return;
    if (instr_at(judge, event->instr)->deferred)
        return;
    judge_report_leak(judge, event, leak_level(judge, event), false);
}
