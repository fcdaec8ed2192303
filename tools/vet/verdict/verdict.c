#include "verdict.h"

#include "edit.h"
#include "engine_parts.h"
#include "knowledge.h"
#include "names.h"
#include "reach.h"
#include "site_parts.h"
#include "use.h"
#include "verdict_parts.h"

#include <stdio.h>
#include <string.h>

const char *judge_site_text(const struct judge *judge)
{
    const struct site *site = judge->site;
    if (site->argument)
        return *site->argument == '&' ? site->argument + 1
               : *site->argument      ? site->argument
                                      : site->acquire;
    bool unnamed = judge->ir->places.at[site->place].kind == P_TEMPORARY &&
                   site->acquisitions.count > 0;
    return unnamed ? instr_at(judge, site->acquisitions.at[0].instr)->callee
                   : place_text(judge->ir, site->place);
}

/* exit_container(message); if (read(message) < 0) return -1; This does not say that a failure exits the container. */
static bool fails_later(const struct judge *judge, const struct state *state)
{
    for (const struct state *at = state->from; at && at->instr != state->released; at = at->from)
        if (instr_at(judge, at->instr)->kind == I_BRANCH)
            return true;
    return false;
}

/* err_b: release(b); which no goto leads to: somebody meant a failure to go there. */
static bool has_unreached_release(const struct judge *judge)
{
    for (int i = 1; i < judge->ir->code.count; i++) {
        const struct instr *call = instr_at(judge, i);
        int argument;
        if (call->kind != I_CALL || call->implicit || !call->callee ||
            !(judge->site->argument
                  ? pair_released(judge->simulation, call)
                  : call_releases(judge->ir, call, judge->site->place, &argument) == 2))
            continue;
        if (!reaches(judge->ir, 0, i))
            return true;
    }
    return false;
}

/* p = destroy(p): the variable has nothing any more, so that no exit shows the release. */
static bool takes_result_back(const struct judge *judge, const struct event *event)
{
    const struct instr *release = instr_at(judge, event->instr);
    int result = release->dst >= 0 ? place_variable(judge->ir, event->instr, release->dst) : -1;
    return event->kind == EV_RELEASE && result >= 0 && result == judge->site->place &&
           !release->implicit && release->arg_count > 0 && release->args[0].place == result;
}

static void survey(struct judge *judge)
{
    judge->unreached = has_unreached_release(judge);
    judge->released = judge->failure_release = judge->unreached;
    EACH (event, &judge->simulation->events) {
        judge->released |= event->kind == EV_RELEASE && !instr_at(judge, event->instr)->implicit;
        judge->releases += event->kind == EV_RELEASE && !instr_at(judge, event->instr)->implicit;
        judge->escaped |= event->kind == EV_ESCAPE ||
                          ((event->kind == EV_EXIT || event->kind == EV_LOST) &&
                           judge_was_kept(judge, event->state));
        if (takes_result_back(judge, event))
            *(event->state->failing ? &judge->failure_release : &judge->unknown_release) = true;
        if (event->kind == EV_RELEASED_EXIT) {
            enum exit_class class = classify_exit(judge->ir, event->state);
            if (judge->site->resource == R_PAIR && class == CLASS_FAILURE &&
                fails_later(judge, event->state))
                continue;
            judge->failure_release |= class == CLASS_FAILURE;
            judge->success_release |= class == CLASS_SUCCESS;
            judge->unknown_release |= class == CLASS_UNKNOWN;
        }
    }
}

static bool names(const struct instr *call, int place)
{
    for (int i = 0; i < call->arg_count; i++)
        if (call->args[i].place == place && place >= 0)
            return true;
    return false;
}

/* free(a); … free(b), where only a comparison said that a and b are the same? */
static bool names_same(const struct instr *first, const struct instr *second)
{
    for (int i = 0; i < first->arg_count; i++)
        if (names(second, first->args[i].place))
            return true;
    return false;
}

/* q = p; … free(p); free(q): does one get its value from the other on this path? */
static bool is_copy(const struct judge *judge, const struct event *event, int a, int b)
{
    for (const struct state *at = event->state->from; at; at = at->from) {
        const struct instr *instr = instr_at(judge, at->instr);
        int left = instr->left.place, right = instr->right.place;
        if (instr->kind == I_BRANCH && ((left == a && right == b) || (left == b && right == a)))
            return false; /* if (q != p) free(q); */
        if (instr->kind == I_ASSIGN && instr->left.kind == O_PLACE &&
            ((instr->dst == a && instr->left.place == b) ||
             (instr->dst == b && instr->left.place == a)))
            return judge->ir->places.at[a].kind == P_LOCAL &&
                   judge->ir->places.at[b].kind == P_LOCAL;
    }
    return false;
}

static bool names_copy(const struct judge *judge, const struct event *event,
                       const struct instr *first, const struct instr *second)
{
    if (first->arg_count != 1 || second->arg_count != 1 || first->args[0].kind != O_PLACE ||
        second->args[0].kind != O_PLACE)
        return false;
    return is_copy(judge, event, first->args[0].place, second->args[0].place);
}

/* for (…) free(list[i]): each round releases another one. */
static bool releases_element(const struct judge *judge, const struct instr *release)
{
    for (int i = 0; i < release->arg_count; i++) {
        int place = release->args[i].place;
        if (place >= 0 && judge->ir->places.at[place].kind == P_PART &&
            judge->ir->places.at[place].index >= 0)
            return true;
    }
    return false;
}

/* Did the released variable get another value before the event, as the variable of a loop does? */
static bool set_between(const struct judge *judge, const struct event *event)
{
    const struct instr *release = instr_at(judge, event->state->released);
    for (const struct state *at = event->state->from; at && at->instr != event->state->released;
         at = at->from) {
        const struct instr *instr = instr_at(judge, at->instr);
        if ((instr->kind == I_ASSIGN || instr->kind == I_CALL) && instr->dst >= 0 &&
            names(release, instr->dst))
            return true;
        bool known = instr->kind == I_CALL && !instr->implicit &&
                     knowledge_knows(judge->simulation->knowledge, instr);
        for (int i = 0; known && i < instr->arg_count; i++)
            if (instr->args[i].kind == O_ADDRESS && instr->args[i].place >= 0 &&
                names(release, instr->args[i].place))
                return true; /* read_next(file, &text) */
    }
    return false;
}

/* g_source_destroy(source) with references elsewhere: the function takes or gives one up itself. */
static bool has_references(const struct judge *judge)
{
    return judge->site->place >= 0 && use_has_references(judge->ir, judge->site->place);
}

/* What a cleanup attribute does at the end of its block is not a matter of conditions. */
static enum level sequence_level(const struct judge *judge, const struct event *event)
{
    return instr_at(judge, event->state->released)->implicit ||
                   instr_at(judge, event->instr)->implicit ||
                   sequence_is_certain(judge->ir, event, judge->site->place)
               ? LEVEL_SURE
               : LEVEL_ALL;
}

static void judge_again(struct judge *judge, const struct event *event)
{
    const struct instr *first = instr_at(judge, event->state->released),
                       *again = instr_at(judge, event->instr);
    if (has_references(judge) && first->indirect && again->indirect)
        return; /* copy = object->get_ref(object); … object->destroy(object) twice */
    if (judge->site->resource != R_LOCK &&
        (releases_element(judge, first) ||
         (first == again && !judge_by_address(judge, event->state)) ||
         !(names_same(first, again) || names_copy(judge, event, first, again)) ||
         set_between(judge, event)))
        return;
    bool known = knowledge_knows(judge->simulation->knowledge, first);
    if (first->callee != again->callee && !first->implicit && !again->implicit && !known)
        return;
    if (first->implicit && again->implicit && event->state->acquisition &&
        event->state->acquisition->strength == -2)
        return; /* two variables with cleanups that may be equal */
    EACH (other, &judge->simulation->events)
        if (other->kind == EV_RELOCK)
            return; /* a lock that nests, or reported as locked twice */
    if (judge->site->resource == R_LOCK &&
        (judge_locked_otherwise(judge) || !judge_is_mutex(judge, again)))
        return;
    enum level level = sequence_level(judge, event);
    if (judge->site->resource == R_LOCK)
        judge_report(judge, event, "unlock-without-lock", level, "is unlocked a second time",
                     event->state->released, "unlocked here");
    else if (judge->site->resource != R_PAIR && judge->site->resource != R_TEMPORARY &&
             judge->site->resource != R_TASKS)
        judge_report(judge, event, "double-release", level, "is released a second time",
                     event->state->released, "released here");
}

/* What should have been called; NULL: it is not sure. */
static const char *right_release(const struct judge *judge, const struct event *event)
{
    const char *acquire = instr_at(judge, event->state->acquired)->callee;
    enum resource resource = judge->site->resource;
    if (strcmp(acquire, "getaddrinfo") == 0)
        return "freeaddrinfo";
    if (strcmp(acquire, "getifaddrs") == 0)
        return "freeifaddrs";
    if (strcmp(acquire, "vmalloc") == 0 || strcmp(acquire, "vzalloc") == 0)
        return "vfree";
    bool one_argument = resource == R_STREAM || resource == R_PROCESS || resource == R_FOLDER;
    return one_argument ? resource_release(resource) : NULL;
}

/* queue_lock(cache, queue); page_lock(cache, page); … page_unlock(cache, page): two locks that the same object has. */
static bool has_two_locks(const struct judge *judge, const struct event *event)
{
    const char *acquire = instr_at(judge, event->state->acquired)->callee;
    EACH (call, &judge->ir->code) {
        if (call->kind != I_CALL || !call->callee || call->callee == acquire ||
            name_unlocks(call->callee) || !strstr(call->callee, "lock"))
            continue;
        for (int i = 0; i < call->arg_count; i++)
            if (call->args[i].place == judge->site->place && judge->site->place >= 0)
                return true;
    }
    return false;
}

/* krb5_unparse_name(context, principal, &text); … free(text): the function that the library has for its texts does nothing else in
 * nearly all of them. */
static bool is_text_of_library(const struct judge *judge, const struct event *event)
{
    const char *release = instr_at(judge, event->instr)->callee;
    const char *right = library_release(instr_at(judge, event->state->acquired)->callee);
    return release && strcmp(release, "free") == 0 && judge_is_text(judge) && right &&
           strcmp(right, "sqlite3_free") != 0; /* which has a header of its own before each text */
}

static void judge_wrong(struct judge *judge, const struct event *event)
{
    if (judge->site->resource == R_LOCK &&
        (judge_locked_otherwise(judge) || has_two_locks(judge, event)))
        return; /* upgraded or downgraded in between */
    int before = judge->findings->count;
    judge_report(judge, event, "wrong-release",
                 is_text_of_library(judge, event) ? LEVEL_ALL : LEVEL_SURE,
                 "is released by the function of another kind of resource", event->state->acquired,
                 "acquired here");
    const char *right = right_release(judge, event);
    if (judge->findings->count == before || !right)
        return;
    struct finding *finding = &judge->findings->at[before];
    const struct instr *call = instr_at(judge, event->instr);
    const struct token *token = edit_token(judge->ir->unit, call->line, call->column);
    finding->advice = arena_format(judge->arena, "call %s", right);
    if (token && token_is(token, call->callee))
        edit_replace(judge->ir->unit, finding, token, right);
}

/* How the project whose cleanup it is gives a value up; NULL: not known. */
static const char *transfer(struct arena *arena, const struct decl *decl, const char *name)
{
    const char *attribute = decl->attribute ? decl->attribute : "";
    if (strncmp(attribute, "g_auto", 6) == 0 && decl->type.stars > 0)
        return arena_format(arena, "g_steal_pointer(&%s)", name);
    if (strcmp(attribute, "__free") == 0)
        return arena_format(arena, "no_free_ptr(%s)", name);
    if (strcmp(attribute, "_cleanup_close_") == 0)
        return arena_format(arena, "TAKE_FD(%s)", name);
    if (strncmp(attribute, "_cleanup_", 9) == 0 && decl->type.stars > 0)
        return arena_format(arena, "TAKE_PTR(%s)", name);
    return NULL;
}

/* One end of a pipe that was taken out, or a pointer as a truth value. */
static bool returns_something_else(const struct judge *judge, const struct event *event)
{
    const struct ir *ir = judge->ir;
    int place = judge->site->place, result = instr_at(judge, event->instr)->left.place;
    const struct decl *decl = place >= 0 ? ir->places.at[place].decl : NULL;
    if (!decl || result < 0)
        return false;
    if (decl->type.stars == 0 && decl->cleanup && name_releases(decl->cleanup) == 0)
        return true; /* a number that is traced, perhaps */
    if (decl->type.is_array)
        return ir->places.at[result].kind == P_TEMPORARY;
    const struct type *type = &ir->function->type;
    return decl->type.stars > 0 && type->stars == 0 && type->count > 0 &&
           (strcmp(type->words[type->count - 1], "bool") == 0 ||
            strcmp(type->words[type->count - 1], "gboolean") == 0 ||
            strcmp(type->words[type->count - 1], "int") == 0);
}

static void judge_returned(struct judge *judge, const struct event *event)
{
    int before = judge->findings->count;
    bool deferred = !instr_at(judge, event->state->released)->implicit;
    if (returns_something_else(judge, event))
        return;
    judge_report(judge, event, "cleanup-returned", LEVEL_SURE,
                 deferred ? "is returned, but a deferred call releases it first"
                          : "is returned, but its cleanup releases it first",
                 -1, "");
    const struct instr *exit = instr_at(judge, event->instr);
    const struct decl *decl = judge->site->place >= 0
                                  ? judge->ir->places.at[judge->site->place].decl
                                  : NULL;
    if (judge->findings->count == before || deferred || !decl)
        return;
    const struct token *token = edit_token(judge->ir->unit, exit->line, exit->column);
    const char *right = transfer(judge->arena, decl, decl->name);
    if (right && token && token_is(token, "return") && token_is(token + 1, decl->name) &&
        token[2].sign == ';')
        edit_replace(judge->ir->unit, &judge->findings->at[before], token + 1, right);
}

/* Is nothing left for sure after this call: by the standard library, or by what the function of this file does? */
static bool surely_frees(const struct judge *judge, const struct instr *release)
{
    struct knowledge *knowledge = judge->simulation->knowledge;
    if (release->implicit || !release->callee)
        return true;
    if (knowledge && knowledge_knows(knowledge, release))
        return true; /* the engine has looked into it */
    return model_frees_memory(release->callee) || name_destroys(release->callee) ||
           model_ends(release->callee) || strcmp(release->callee, "close") == 0 ||
           strcmp(release->callee, "pclose") == 0 || strcmp(release->callee, "munmap") == 0;
}

/* After the end of its block the name means another variable, which a macro may have declared. */
static bool mentions_directly(const struct judge *judge, const struct event *event)
{
    const struct instr *use = instr_at(judge, event->instr);
    int variable = judge->site->place;
    bool direct = place_within(judge->ir, use->left.place < 0 ? variable : use->left.place,
                               variable) &&
                  use->left.place >= 0;
    for (int i = 0; i < use->arg_count; i++)
        direct |= use->args[i].place >= 0 && place_within(judge->ir, use->args[i].place, variable);
    direct |= use->right.place >= 0 && place_within(judge->ir, use->right.place, variable);
    return direct;
}

static void judge_use(struct judge *judge, const struct event *event)
{
    const struct instr *release = instr_at(judge, event->state->released);
    const struct acquisition *acquisition = event->state->acquisition;
    bool owner = acquisition && (acquisition->known || acquisition->strength >= 0 ||
                                 (release->callee && model_frees_memory(release->callee)));
    const struct instr *use = instr_at(judge, event->instr), *next = use + 1;
    if (use->kind == I_ASSIGN && next->kind == I_ASSIGN && next->dst == use->left.place &&
        next->left.kind == O_NUMBER)
        return; /* TAKE_PTR(p) after realloc(p, n): p is only forgotten */
    if (!use_counts(judge->ir, use, release, judge->site->place))
        return;
    if (judge->site->resource == R_MAPPING && use->kind == I_CALL && use->callee &&
        (strcmp(use->callee, "mmap") == 0 || strcmp(use->callee, "mremap") == 0))
        return; /* its address is where the next mapping is to be */
    if (judge->site->resource == R_DESCRIPTOR && !use_works_on_descriptor(use))
        return; /* its number is still a number, to print and to compare */
    if (release->implicit ? mentions_directly(judge, event)
                          : set_between(judge, event) || releases_element(judge, release))
        return;
    if (!release->implicit && (!owner || !surely_frees(judge, release) || has_references(judge)))
        return;
    judge_report(judge, event, "use-after-release", sequence_level(judge, event),
                 "is used after it was released", event->state->released, "released here");
}

static void judge_event(struct judge *judge, const struct event *event)
{
    switch (event->kind) {
    case EV_EXIT: judge_leak(judge, event); break;
    case EV_LOST: judge_lost(judge, event); break;
    case EV_RELOCK: judge_relock(judge, event); break;
    case EV_UNHELD: judge_unheld(judge, event); break;
    case EV_AGAIN: judge_again(judge, event); break;
    case EV_USE: judge_use(judge, event); break;
    case EV_RETURNED: judge_returned(judge, event); break;
    case EV_SLOW:
        judge_report(judge, event, "lock-across-io", LEVEL_SURE,
                     arena_format(judge->arena, "is held while %s may take long",
                                  instr_at(judge, event->instr)->callee),
                     event->state->acquired, "locked here");
        break;
    case EV_WRONG: judge_wrong(judge, event); break;
    default: break;
    }
}

void judge_site(struct simulation *simulation, struct arena *arena, finding_vec *findings)
{
    struct judge judge = {.simulation = simulation,
                          .site = simulation->site,
                          .ir = simulation->ir,
                          .arena = arena,
                          .findings = findings};
    if (simulation->gave_up)
        return;
    survey(&judge);
    EACH (event, &simulation->events)
        judge_event(&judge, event);
}
