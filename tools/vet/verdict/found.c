/* What a call has given by a name that may mean a loan, as find or get: when does the function itself show that it owns it? And
 * what it made and never touched. */
#include "engine_parts.h"
#include "names.h"
#include "reach.h"
#include "site_parts.h"
#include "verdict_parts.h"

#include <string.h>

static bool passes(const struct instr *call, int place)
{
    for (int i = 0; call->kind == I_CALL && i < call->arg_count; i++)
        if (call->args[i].place == place && place >= 0)
            return true;
    return false;
}

/* table_remove(table, entry); entry_free(entry): what was found is taken out of its owner first. */
static bool takes_out(const struct judge *judge)
{
    static const char *const words[] = {"remove", "rem",  "del",     "delete", "unlink", "erase",
                                        "detach", "take", "steal",   "pop",    "evict",  "unhash",
                                        "drop",   "cut",  "extract", NULL};
    EACH (call, &judge->ir->code)
        if (call->kind == I_CALL && call->callee && name_has_any(call->callee, words))
            return true;
    return false;
}

static bool destroys(const struct judge *judge, const struct instr *release)
{
    return release->callee && !name_counts(release->callee) &&
           (name_destroys(release->callee) || model_frees_memory(release->callee)) &&
           passes(release, judge->site->place);
}

/* The variable has this call's result, and nothing else. */
static bool is_only_acquisition(const struct judge *judge, const struct state *state)
{
    int variable = place_variable(judge->ir, state->acquired, state->acquisition->holder);
    for (int i = 0; i < judge->ir->code.count; i++) {
        const struct instr *instr = instr_at(judge, i);
        bool null = instr->kind == I_ASSIGN && instr->left.kind == O_NUMBER;
        bool result = i == state->acquired || (instr->kind == I_ASSIGN && instr->left.place >= 0 &&
                                               instr->left.place == state->acquisition->holder);
        if (instr->dst == variable && instr->kind != I_DECLARE && !null && !result)
            return false;
    }
    return true;
}

static enum reach is_instr(const struct ir *ir, int index, void *data)
{
    (void)ir;
    return index == *(int *)data ? REACH_FOUND : REACH_ON;
}

static bool leads_to(const struct judge *judge, int from, int to)
{
    return from >= 0 && to >= 0 && reach(judge->ir, from, is_instr, &to) >= 0;
}

/* if (!set->cached) set_free(set): does a branch before the release go round it, to what comes behind it? */
bool judge_is_conditional(const struct judge *judge, const struct event *release)
{
    const struct state *after = release->state;
    int behind = after_joins(judge->ir, instr_at(judge, release->instr)->next);
    for (const struct state *at = after->from; at && at->instr != release->state->acquired;
         after = at, at = at->from) {
        const struct instr *branch = instr_at(judge, at->instr);
        bool asks = branch->left.place == judge->site->place;
        if (branch->kind == I_BRANCH && branch->right.kind == O_PLACE &&
            (asks || branch->right.place == judge->site->place))
            return true; /* if (text != known) free(text); */
        if (branch->kind != I_BRANCH || asks)
            continue;
        int other = after->instr == branch->next ? branch->other : branch->next;
        if (!leads_to(judge, other, release->instr) && leads_to(judge, other, behind))
            return true;
    }
    return false;
}

/* if (is_ready(job)) job_release(job); Does the last condition before the release ask a function about the object? */
static bool asks_object(const struct judge *judge, const struct event *release)
{
    int asked = -1;
    for (const struct state *at = release->state->from; at && at->instr != release->state->acquired;
         at = at->from) {
        const struct instr *instr = instr_at(judge, at->instr);
        if (asked < 0 && instr->kind == I_BRANCH) {
            asked = instr->left.place;
            enum place_kind kind = asked >= 0 ? judge->ir->places.at[asked].kind : P_LOCAL;
            if (kind == P_VALUE) /* of a predicate, as is_ready(job) */
                return strchr(judge->ir->places.at[asked].text, '(') &&
                       place_within(judge->ir, asked, judge->site->place);
            if (kind != P_TEMPORARY)
                return false;
        }
        if (asked >= 0 && instr->kind == I_CALL && instr->dst == asked)
            return passes(instr, judge->site->place);
        if (asked >= 0 && instr->kind == I_BRANCH && instr->left.place != asked)
            return false;
    }
    return false;
}

/* job = pool_get(pool, id); if (is_ready(job)) job_release(job); Is each release one of several ways to go on? */
bool judge_releases_on_condition(const struct judge *judge, const struct state *state)
{
    bool released = false;
    EACH (event, &judge->simulation->events) {
        if (event->kind != EV_RELEASE || event->state->acquired != state->acquired)
            continue;
        if (!asks_object(judge, event) || !judge_is_conditional(judge, event))
            return false;
        released = true;
    }
    return released;
}

/* set = find_paths(…); … set_free(set); at the end, and wherever all goes well: so the function owns what it has found. */
bool judge_frees_what_it_found(const struct judge *judge, const struct event *exit)
{
    const struct state *state = exit->state;
    int releases = 0;
    if (takes_out(judge) || judge->site->place < 0 || !is_only_acquisition(judge, state))
        return false;
    EACH (event, &judge->simulation->events) {
        if (event->state->acquired != state->acquired)
            continue;
        if (event->kind == EV_RELEASE) {
            if (!destroys(judge, instr_at(judge, event->instr)) ||
                judge_is_conditional(judge, event))
                return false;
            releases++;
        }
        if (event->kind == EV_ESCAPE)
            return false;
        bool other_end = event->kind == EV_EXIT && event->instr != exit->instr &&
                         classify_exit(judge->ir, event->state) != CLASS_FAILURE;
        if (other_end)
            return false;
    }
    return releases > 0;
}

/* A found object may be taken out of its owner before it is freed; a text that is freed has been the function's own. */
bool judge_is_text(const struct judge *judge)
{
    const struct decl *decl = judge->site->place >= 0
                                  ? judge->ir->places.at[judge->site->place].decl
                                  : NULL;
    return decl && decl->type.stars == 1 && decl->type.count > 0 &&
           strcmp(decl->type.words[decl->type.count - 1], "char") == 0;
}

/* path = copy(name); if (*path == '/') return path; … return joined(folder, path); Is a text returned on another exit, and only
 * read on the way to this one, which returns another one? */
bool judge_returned_elsewhere(const struct judge *judge, const struct event *exit)
{
    const struct operand *result = &instr_at(judge, exit->instr)->left;
    int variable = judge->site->place, conditions = 0;
    if (!judge_is_text(judge) || result->kind != O_PLACE || judge->ir->function->type.stars != 1 ||
        exit->state->alias_count > 0 || exit->state->released >= 0)
        return false;
    EACH (event, &judge->simulation->events)
        if (event->kind == EV_ESCAPE && (instr_at(judge, event->instr)->kind != I_RETURN ||
                                         instr_at(judge, event->instr)->left.place != variable))
            return false;
    for (const struct state *at = exit->state->from; at && at->instr != exit->state->acquired;
         at = at->from) {
        const struct instr *instr = instr_at(judge, at->instr);
        conditions += instr->kind == I_BRANCH && instr->left.place >= 0 &&
                      !place_within(judge->ir, instr->left.place, variable);
    }
    return conditions <= 1;
}

/* p = malloc(n); if (count == 0) return 0; Memory that nothing has touched yet is nobody else's. After several conditions, none
 * of which had it touched, they may well belong together. */
bool judge_never_touched(const struct judge *judge, const struct state *state)
{
    int variable = place_variable(judge->ir, state->acquired, state->acquisition->holder);
    int conditions = 0;
    for (const struct state *at = state->from; at && at->instr != state->acquired; at = at->from) {
        const struct instr *instr = instr_at(judge, at->instr);
        conditions += instr->kind == I_BRANCH && instr->left.place != variable;
        if (conditions > 1)
            return false;
        bool copied = instr->kind == I_ASSIGN && instr->dst == variable &&
                      instr->left.place == state->acquisition->holder;
        if (copied || instr->kind == I_BRANCH || instr->kind == I_JOIN)
            continue;
        const struct operand *sides[] = {&instr->left, &instr->right};
        for (int i = 0; i < 2; i++)
            if (sides[i]->place >= 0 && place_within(judge->ir, sides[i]->place, variable))
                return false;
        if (instr->dst >= 0 &&
            (instr->dst == variable || place_is_behind(judge->ir, instr->dst, variable)))
            return false;
        for (int i = 0; i < instr->arg_count; i++)
            if (instr->args[i].place >= 0 &&
                place_within(judge->ir, instr->args[i].place, variable))
                return false;
    }
    return true;
}

/* if (title) print(title); else print(text); free(text): the release comes after either. */
static bool leads_both_ways(const struct judge *judge, const struct instr *branch, int release)
{
    return reaches(judge->ir, branch->next, release) && reaches(judge->ir, branch->other, release);
}

/* if (!job->name) { free(text); return -1; } Such a condition finds a failure, and no owner. */
static bool ends_at_once(const struct judge *judge, const struct event *release)
{
    EACH (exit, &judge->simulation->events) {
        if (exit->kind != EV_RELEASED_EXIT || exit->state->released != release->instr)
            continue;
        for (const struct state *at = exit->state->from; at && at->instr != release->instr;
             at = at->from)
            if (instr_at(judge, at->instr)->kind == I_BRANCH)
                return false;
        return classify_exit(judge->ir, exit->state) == CLASS_FAILURE;
    }
    return false;
}

/* if (!cached) free(text): the last condition before the release was decided before the text was made. */
static bool depends_on_owner(const struct judge *judge, const struct event *release)
{
    const struct state *at = release->state->from;
    int holder = place_variable(judge->ir, release->state->acquired,
                                release->state->acquisition->holder);
    while (at && at->instr != release->state->acquired &&
           (instr_at(judge, at->instr)->kind != I_BRANCH ||
            (instr_at(judge, at->instr)->left.place == holder &&
             instr_at(judge, at->instr)->right.kind != O_PLACE)))
        at = at->from;
    if (!at || at->instr == release->state->acquired)
        return false;
    const struct instr *branch = instr_at(judge, at->instr);
    int asked = branch->left.place;
    if (branch->right.kind == O_PLACE && !place_is_error_number(judge->ir, branch->right.place))
        return true; /* if (text != known) free(text); */
    if (leads_both_ways(judge, branch, release->instr) || ends_at_once(judge, release))
        return false;
    for (; asked >= 0 && at && at->instr != release->state->acquired; at = at->from)
        if (instr_at(judge, at->instr)->dst >= 0 &&
            place_depends(judge->ir, asked, instr_at(judge, at->instr)->dst))
            return false;
    return asked >= 0 && !place_within(judge->ir, asked, holder) &&
           !place_is_behind(judge->ir, asked, holder);
}

/* text = slurp(name); … free(text): whatever its name, the function has made what free can take. */
bool judge_freed_as_memory(const struct judge *judge, const struct state *state)
{
    int strength = state->acquisition->strength;
    bool found = strength == -1 && !judge_by_address(judge, state);
    if (strength < -1 || (found && !judge_is_text(judge)))
        return false;
    EACH (event, &judge->simulation->events) {
        const struct instr *release = instr_at(judge, event->instr);
        if (event->kind == EV_RELEASE && event->state->acquired == state->acquired &&
            !release->implicit && release->callee && model_frees_memory(release->callee) &&
            !depends_on_owner(judge, event) && !(found && judge_is_conditional(judge, event)))
            return true;
    }
    return false;
}
