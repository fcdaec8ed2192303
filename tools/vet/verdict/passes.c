/* Does a function that a resource was passed to take it? */
#include "knowledge.h"
#include "names.h"
#include "prototype.h"
#include "site_parts.h"
#include "verdict_parts.h"

#include <ctype.h>
#include <string.h>

static bool passed_to(const struct state *state, const char *callee)
{
    for (int i = 0; i < state->pass_count; i++)
        if (state->passes[i] == callee)
            return true;
    return false;
}

/* Does the rest of the file show that it takes nothing? */
static bool innocent_elsewhere(const struct judge *judge, const struct state *state,
                               const char *pass)
{
    const char *acquire = state->acquired >= 0 ? instr_at(judge, state->acquired)->callee : NULL;
    if (*pass == PASS_KEEPS)
        return false;
    return (judge->simulation->knowledge &&
            knowledge_innocent(judge->simulation->knowledge, pass)) ||
           (acquire && names_are_family(acquire, pass)) ||
           (judge->site->release && names_are_family(judge->site->release, pass)) ||
           (judge->site->resource == R_DESCRIPTOR && name_transfers_data(pass));
}

/* Is the way from the test the one on which the call has failed? */
static bool goes_on_failed(const struct judge *judge, const struct state *after,
                           const struct failing *failing)
{
    return (after->instr == instr_at(judge, after->from->instr)->next) == failing->truth;
}

/* Does the way on which the failing test was taken say for sure that the call failed? `x < 0`, `x == FOO_ERR`, `!p` */
static bool surely_failed(const struct judge *judge, const struct state *after,
                          const struct failing *failing)
{
    const struct operand *right = &failing->right;
    const struct decl *decl = judge->ir->places.at[failing->place].decl;
    bool telling = failing->sign == '<' || failing->sign == S2('>', '=') ||
                   (right->kind == O_SYMBOL && name_means(right->text)) ||
                   (right->kind == O_NUMBER && right->number < 0) || (decl && decl->type.stars > 0);
    return telling && goes_on_failed(judge, after, failing);
}

/* Does a further round of a loop come between the release and this exit? */
static bool goes_round(const struct state *exit)
{
    for (const struct state *at = exit; at->from && at->instr != exit->released; at = at->from)
        if (at->instr < at->from->instr)
            return true;
    return false;
}

/* if (!keep(x)) { release(x); return -1; } Such a release shows only what the function does when it fails. */
static bool only_if_refused(const struct judge *judge, const struct event *event, const char *pass)
{
    const struct state *at = event->state, *first = NULL;
    int branches = 0;
    for (; at->from; at = at->from) {
        const struct instr *instr = instr_at(judge, at->from->instr);
        if (instr->kind == I_CALL && instr->callee == pass)
            break;
        if (instr->kind == I_JOIN && instr->label)
            return false;
        if (instr->kind == I_BRANCH) {
            branches++;
            first = at;
        }
    }
    struct failing failing;
    if (!at->from || !first || !site_failing(judge->ir, at->from->instr, &failing))
        return false;
    if (surely_failed(judge, first, &failing))
        return true;
    bool fails = false;
    EACH (exit, &judge->simulation->events) {
        if (exit->kind != EV_RELEASED_EXIT || exit->state->released != event->instr)
            continue;
        bool leaves = judge->ir->returns_with_value == 0 &&
                      goes_on_failed(judge, first, &failing) && !goes_round(exit->state);
        if (!leaves && classify_exit(judge->ir, exit->state) != CLASS_FAILURE)
            return false;
        fails = true;
    }
    return fails && branches == 1;
}

/* Is it after the pass still this function's own, to release, to return or to store? */
static bool stays_own(const struct judge *judge, const struct event *event, const char *pass)
{
    const struct instr *at = instr_at(judge, event->instr);
    if (event->kind == EV_ESCAPE)
        return at->kind == I_RETURN || (at->kind == I_ASSIGN && at->left.kind != O_NUMBER);
    return event->kind == EV_RELEASE && !at->implicit && !only_if_refused(judge, event, pass);
}

static bool leaves(const struct ir *ir, int at)
{
    return leaves_early(ir, at, -1, NULL) == LEAVES;
}

/* Does the branch before `after` test the result of the call, and go where the call may have failed? */
static bool is_refusal(const struct judge *judge, int call, const struct state *after)
{
    const struct instr *branch = instr_at(judge, after->from->instr);
    int result = instr_at(judge, call)->dst, tested = branch->left.place;
    struct failing failing;
    if (tested < 0 || (tested != result && tested != place_variable(judge->ir, call, result)) ||
        !site_failing(judge->ir, call, &failing))
        return false;
    int other = after->instr == branch->next ? branch->other : branch->next;
    return (after->instr == branch->next) == failing.truth ||
           (leaves(judge->ir, after->instr) && !leaves(judge->ir, other));
}

/* if (!push(list, x)) { free(x); goto end; } Such a release shows only what becomes of what the list has refused. */
static bool only_where_refused(const struct judge *judge, const struct state *exit,
                               const char *callee)
{
    int branches = 0;
    const struct state *at = exit->from, *after = NULL;
    while (at && at->instr != exit->released)
        at = at->from;
    for (; at && at->from; at = at->from) {
        const struct instr *instr = instr_at(judge, at->from->instr);
        if (instr->kind == I_CALL && instr->callee && strcmp(instr->callee, callee) == 0)
            return branches == 1 && is_refusal(judge, at->from->instr, after);
        if (instr->kind == I_BRANCH) {
            branches++;
            after = at;
        }
    }
    return false;
}

/* object_free(x), and not x->reset(x), which may only change its state. */
static bool is_named_release(const struct judge *judge, int index)
{
    const struct instr *release = instr_at(judge, index);
    int argument;
    return release->implicit || !release->callee || judge->site->argument ||
           judge->site->place < 0 || name_releases(release->callee) == 0 ||
           call_releases(judge->ir, release, judge->site->place, &argument) != 1;
}

/* After a function that it was passed to on this path, is it released on another path? Then the function does not take
 * it. What a function keeps by its name must be released at a successful end, not only where keeping it failed. */
static bool pass_is_innocent(const struct judge *judge, const struct state *state, const char *pass)
{
    if (innocent_elsewhere(judge, state, pass))
        return true;
    bool fails = instr_at(judge, state->instr)->kind == I_RETURN &&
                 classify_exit(judge->ir, state) == CLASS_FAILURE;
    EACH (event, &judge->simulation->events) {
        if (!passed_to(event->state, pass))
            continue;
        if (*pass == PASS_KEEPS ? event->kind == EV_RELEASED_EXIT &&
                                      classify_exit(judge->ir, event->state) == CLASS_SUCCESS &&
                                      is_named_release(judge, event->state->released) &&
                                      (fails || !only_where_refused(judge, event->state, pass + 1))
                                : stays_own(judge, event, pass))
            return true;
    }
    return false;
}

bool judge_passes_innocent(const struct judge *judge, const struct state *state)
{
    for (int i = 0; i < state->pass_count; i++)
        if (!pass_is_innocent(judge, state, state->passes[i]))
            return false;
    return true;
}

/* Has it been given to a function that, as far as can be seen, keeps it? */
bool judge_was_kept(const struct judge *judge, const struct state *state)
{
    for (int i = 0; i < state->pass_count; i++)
        if (*state->passes[i] == PASS_KEEPS && !pass_is_innocent(judge, state, state->passes[i]))
            return true;
    return false;
}

/* Is it passed only to functions that surely take nothing, whatever this function does with it? */
bool judge_passes_harmless(const struct judge *judge, const struct state *state)
{
    for (int i = 0; i < state->pass_count; i++)
        if (!innocent_elsewhere(judge, state, state->passes[i]))
            return false;
    return true;
}

/* Does every function that it was passed to only use it, as far as names tell? Those that serve a connection or start
 * something often take what they are passed. */
bool judge_passes_only_use(const struct judge *judge, const struct state *state)
{
    static const char *const takes[] = {
        "handle", "serve",  "start",    "run",   "init", "new",     "create", "open",    "wrap",
        "from",   "loop",   "main",     "child", "exec", "connect", "accept", "session", "client",
        "server", "with",   "of",       "build", "make", "to",      "make",   "next",    "load",
        "begin",  "launch", "listen",   "or",    "and",  "finish",  "end",    "done",    "fork",
        "worker", "task",   "on",       "into",  "do",   "it",      "insert", "update",  "change",
        "use",    "reset",  "redirect", NULL};
    for (int i = 0; i < state->pass_count; i++) {
        const char *pass = state->passes[i];
        if (!islower((unsigned char)*pass) || strchr(pass, ' ') || name_keeps(pass) ||
            name_gives(pass) || name_releases(pass) > 0 || name_has_any(pass, takes))
            return innocent_elsewhere(judge, state, pass);
    }
    return true;
}
