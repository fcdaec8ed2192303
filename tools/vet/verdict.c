#include "verdict.h"

#include "edit.h"
#include "harness.h"
#include "knowledge.h"
#include "names.h"
#include "verdict_parts.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

const char *judge_site_text(const struct judge *judge)
{
    const struct site *site = judge->site;
    if (site->argument)
        return *site->argument == '&' ? site->argument + 1
               : *site->argument      ? site->argument
                                      : site->acquire;
    return place_text(judge->ir, site->place);
}

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

/* Does the way on which the failing test was taken say for sure that the call failed? `x < 0`, `x == FOO_ERR`, `!p` */
static bool surely_failed(const struct judge *judge, const struct state *after,
                          const struct failing *failing)
{
    const struct operand *right = &failing->right;
    const struct decl *decl = judge->ir->places.at[failing->place].decl;
    bool telling = failing->sign == '<' || failing->sign == S2('>', '=') ||
                   (right->kind == O_SYMBOL && name_means(right->text)) ||
                   (right->kind == O_NUMBER && right->number < 0) || (decl && decl->type.stars > 0);
    if (!telling)
        return false;
    const struct instr *branch = instr_at(judge, after->from->instr);
    return (after->instr == branch->next) == failing->truth;
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
        if (classify_exit(judge->ir, exit->state) != CLASS_FAILURE)
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
        return at->kind == I_RETURN || at->kind == I_ASSIGN;
    return event->kind == EV_RELEASE && !at->implicit && !only_if_refused(judge, event, pass);
}

/* After a function that it was passed to on this path, is it released on another path? Then the function does not take
 * it. What a function keeps by its name must be released at a successful end, not only where keeping it failed. */
static bool pass_is_innocent(const struct judge *judge, const struct state *state, const char *pass)
{
    if (innocent_elsewhere(judge, state, pass))
        return true;
    EACH (event, &judge->simulation->events) {
        if (!passed_to(event->state, pass))
            continue;
        if (*pass == PASS_KEEPS ? event->kind == EV_RELEASED_EXIT &&
                                      classify_exit(judge->ir, event->state) == CLASS_SUCCESS
                                : stays_own(judge, event, pass))
            return true;
    }
    return false;
}

static bool passes_are_innocent(const struct judge *judge, const struct state *state)
{
    for (int i = 0; i < state->pass_count; i++)
        if (!pass_is_innocent(judge, state, state->passes[i]))
            return false;
    return true;
}

/* Has it been given to a function that, as far as can be seen, keeps it? */
static bool was_kept(const struct judge *judge, const struct state *state)
{
    for (int i = 0; i < state->pass_count; i++)
        if (*state->passes[i] == PASS_KEEPS && !pass_is_innocent(judge, state, state->passes[i]))
            return true;
    return false;
}

/* Is it passed only to functions that surely take nothing, whatever this function does with it? */
static bool passes_are_harmless(const struct judge *judge, const struct state *state)
{
    for (int i = 0; i < state->pass_count; i++)
        if (!innocent_elsewhere(judge, state, state->passes[i]))
            return false;
    return true;
}

/* exit_container(message); if (read(message) < 0) return -1; This does not say that a failure exits the container. */
static bool fails_later(const struct judge *judge, const struct state *state)
{
    for (const struct state *at = state->from; at && at->instr != state->released; at = at->from)
        if (instr_at(judge, at->instr)->kind == I_BRANCH)
            return true;
    return false;
}

static void survey(struct judge *judge)
{
    EACH (event, &judge->simulation->events) {
        judge->released |= event->kind == EV_RELEASE && !instr_at(judge, event->instr)->implicit;
        judge->releases += event->kind == EV_RELEASE && !instr_at(judge, event->instr)->implicit;
        judge->escaped |= event->kind == EV_ESCAPE ||
                          ((event->kind == EV_EXIT || event->kind == EV_LOST) &&
                           was_kept(judge, event->state));
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

static void path_notes(struct judge *judge, struct finding *finding, const struct state *state)
{
    const struct instr *branches[64];
    bool taken[64];
    int count = 0;
    for (const struct state *at = state; at && at->from && count < 64; at = at->from) {
        if (at->from->instr == at->acquired || at->instr == at->acquired)
            break;
        const struct instr *instr = instr_at(judge, at->from->instr);
        if (instr->kind == I_BRANCH && instr->sign && !instr->implicit && instr->line > 0) {
            taken[count] = at->instr == instr->next;
            branches[count++] = instr;
        }
    }
    int last = 0;
    for (int i = (count > 4 ? 4 : count) - 1; i >= 0; i--) {
        if (branches[i]->line == last)
            continue;
        last = branches[i]->line;
        finding_note(judge->arena, finding, last, branches[i]->column, "%s",
                     taken[i] ? "when this is true" : "when this is false");
    }
}

static const char *acquired_by(const struct judge *judge, const struct state *state)
{
    const struct instr *instr = instr_at(judge, state->acquired);
    return instr->callee ? instr->callee : "a call";
}

static const char *advice(struct judge *judge)
{
    const char *release = judge->site->release ? judge->site->release
                                               : resource_release(judge->site->resource);
    EACH (event, &judge->simulation->events)
        if (event->kind == EV_RELEASE && instr_at(judge, event->instr)->callee)
            release = instr_at(judge, event->instr)->callee;
    if (judge->site->resource == R_TEMPORARY)
        return "remove the file before this exit";
    if (!release)
        return NULL;
    const char *sign = judge->site->by_address ? "&" : "";
    return arena_format(judge->arena, "call %s(%s%s) before this exit", release, sign,
                        judge->site->argument ? judge->site->argument : judge_site_text(judge));
}

static const char *check_name(const struct judge *judge, const struct state *state)
{
    switch (judge->site->resource) {
    case R_LOCK: return "missing-unlock";
    case R_PAIR: return "missing-release";
    case R_TEMPORARY: return "temp-file";
    case R_CONTEXT: return "lost-cancel";
    case R_TASKS: return "not-waited";
    case R_OBJECT:
        if (judge->site->release && model_frees_memory(judge->site->release))
            return "leak";
        if (judge->site->release && name_has(judge->site->release, "put"))
            return "missing-release";
        return state->acquisition && state->acquisition->known ? "leak" : "missing-release";
    default: return state->acquisition && state->acquisition->known ? "leak" : "missing-release";
    }
}

static bool has_finding(const struct judge *judge, const char *check, int line)
{
    EACH (finding, judge->findings)
        if (finding->line == line && strcmp(finding->check, check) == 0 &&
            finding->function == judge->ir->function->name &&
            strstr(finding->message, judge_site_text(judge)))
            return true;
    return false;
}

/* Both ends of a pipe, or the same value under two names: one finding for each exit. */
static bool says_same(const struct judge *judge, const char *check, const struct instr *exit,
                      const struct instr *acquired)
{
    EACH (finding, judge->findings)
        if (finding->line == exit->line && finding->check == check &&
            finding->function == judge->ir->function->name && finding->notes.count > 0 &&
            finding->notes.at[0].line == acquired->line &&
            finding->notes.at[0].column == acquired->column)
            return true;
    return false;
}

#define MOST_EXITS 3 /* of one resource that are reported */

/* Of many exits that leave the same resource only some are reported. */
static bool said_enough(struct judge *judge, const char *check, int acquired_line, enum level level)
{
    struct finding *last = NULL;
    int count = 0;
    EACH (finding, judge->findings)
        if (finding->level >= level && finding->check == check &&
            finding->function == judge->ir->function->name && finding->notes.count > 0 &&
            finding->notes.at[0].line == acquired_line &&
            finding->about == intern_string(judge_site_text(judge))) {
            count++;
            last = finding;
        }
    if (count == MOST_EXITS && !last->more) {
        last->more = true;
        finding_note(judge->arena, last, last->line, last->column, "and on further exits");
    }
    return count >= MOST_EXITS;
}

static void report_leak(struct judge *judge, const struct event *event, enum level level, bool lost)
{
    const struct state *state = event->state;
    const struct instr *exit = instr_at(judge, event->instr);
    const struct instr *acquired = instr_at(judge, state->acquired);
    const char *check = check_name(judge, state);
    if (has_finding(judge, check, exit->line) || says_same(judge, check, exit, acquired) ||
        said_enough(judge, check, acquired->line, level))
        return;
    struct finding *finding = finding_add(judge->arena, judge->findings, check, level,
                                          judge->ir->unit->path, judge->ir->function->name,
                                          exit->line, exit->column);
    const char *what = judge_site_text(judge);
    finding->about = intern_string(what);
    if (judge->site->resource == R_TEMPORARY)
        finding->message = arena_format(judge->arena,
                                        "the temporary file made by '%s' stays behind on this exit",
                                        judge->site->acquire);
    else if (judge->site->resource == R_TASKS)
        finding->message = arena_format(judge->arena,
                                        "this exit does not wait for the goroutines of '%s'", what);
    else if (judge->site->resource == R_LOCK)
        finding->message = arena_format(judge->arena, "lock '%s' is still held here", what);
    else if (judge->site->resource == R_PAIR)
        finding->message = arena_format(judge->arena, "'%s' is not followed by '%s' for '%s' here",
                                        judge->site->acquire, judge->site->release, what);
    else if (lost)
        finding->message = arena_format(
            judge->arena, "%s in '%s' is lost here: it is overwritten without being released",
            resource_name(judge->site->resource), what);
    else
        finding->message = arena_format(judge->arena, "%s '%s' is not released on this exit",
                                        resource_name(judge->site->resource), what);
    finding_note(judge->arena, finding, acquired->line, acquired->column, "acquired here by '%s'",
                 acquired_by(judge, state));
    path_notes(judge, finding, state);
    finding->advice = lost ? NULL : advice(judge);
    EACH (other, &judge->simulation->events)
        if (other->kind == EV_RELEASE && !instr_at(judge, other->instr)->implicit) {
            finding_note(judge->arena, finding, instr_at(judge, other->instr)->line,
                         instr_at(judge, other->instr)->column, "released here on another path");
            break;
        }
}

/* Acquired by a function of the model, passed to no unknown function and kept nowhere: nobody else can release it. */
static bool owned_here(const struct judge *judge, const struct state *state)
{
    return judge->site->known && state->acquisition->known && passes_are_harmless(judge, state) &&
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

/* In how many places is what this call acquired released? */
static int releases_of(const struct judge *judge, const struct state *state)
{
    int count = 0;
    EACH (event, &judge->simulation->events)
        count += event->kind == EV_RELEASE && event->state->acquired == state->acquired &&
                 !instr_at(judge, event->instr)->implicit;
    return count;
}

/* foo(&x) rather than x = foo(): a getter would return it. */
static bool delivered_by_address(const struct judge *judge, const struct state *state)
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
    return name_has_any(judge->site->acquire, words);
}

/* session->start(session): what it means, only its type knows. */
static bool is_method(const struct instr *call)
{
    return call->expr && call->expr->kind == E_CALL && call->expr->a &&
           call->expr->a->kind == E_MEMBER;
}

/* Does the rest of the function show that what was begun must be ended: on the other failures, or at its good end? */
static bool owes_partner(const struct judge *judge, const struct state *state,
                         enum exit_class class)
{
    int releases = releases_of(judge, state);
    const char *acquire = judge->site->acquire;
    if ((name_has(acquire, "init") || name_has(acquire, "open")) && releases < 2 &&
        !state->acquisition->failing.tested)
        return false; /* it may have begun nothing yet */
    if (releases >= 2)
        return class == CLASS_FAILURE ? judge->failure_release || judge->success_release
                                      : judge->success_release;
    if (releases == 0 || shapes_output(judge) || is_method(instr_at(judge, state->acquired)))
        return false;
    return class == CLASS_FAILURE ? judge->failure_release || judge->success_release
                                  : judge->success_release || judge->unknown_release;
}

/* By its name the call may have lent what it returned: then the rest of the function must show that it is owned. */
static bool owned(const struct judge *judge, const struct state *state, enum exit_class class)
{
    bool at_the_end = judge->success_release || judge->unknown_release;
    if (judge->site->resource == R_PAIR)
        return owes_partner(judge, state, class);
    switch (state->acquisition->strength) {
    case 2:
    case 1: return true;
    case 0:
        if (judge->site->by_address && !releases_type(judge))
            return false;
        if (class != CLASS_FAILURE && !delivered_by_address(judge, state))
            return judge->success_release && judge->releases >= 2;
        return at_the_end || (judge->failure_release && judge->releases >= 2);
    case -2: return false;
    default:
        return at_the_end && counts_references(judge) &&
               (class != CLASS_SUCCESS || judge->releases >= 2);
    }
}

/* A new object that is returned or stored when all goes well, and is neither on this failure path. */
static bool given_away_only_on_success(const struct judge *judge, const struct state *state,
                                       enum exit_class class)
{
    return class == CLASS_FAILURE && judge->escaped && state->acquisition->strength == 1 &&
           passes_are_harmless(judge, state) && !judge->site->argument && !judge->site->by_address;
}

/* A constructor's result that this function never releases. Some constructors enter what they make in a list of their
 * own: so another function must release it too, or this one give it to its caller when all goes well. */
static enum level typed_level(const struct judge *judge, const struct state *state,
                              enum exit_class class)
{
    const struct knowledge *knowledge = judge->simulation->knowledge;
    const char *acquire = instr_at(judge, state->acquired)->callee;
    if (!passes_are_harmless(judge, state) || !acquire ||
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
           passes_are_harmless(judge, state) &&
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

/* Is the statement in a loop? The first statement of the innermost one, or -1. */
static int loop_around(const struct judge *judge, int instr)
{
    int innermost = -1;
    for (int i = instr; i < judge->ir->code.count; i++) {
        int head = instr_at(judge, i)->next;
        if (head >= 0 && head <= instr && head > innermost && i >= instr)
            innermost = head;
    }
    return innermost;
}

/* A return in a loop while the lock is held, which is released after the loop; unless the name of the function says that
 * it returns with the lock. */
static bool left_in_loop(const struct judge *judge, const struct event *event)
{
    static const char *const words[] = {"lock",  "locked",  "start", "begin", "acquire",
                                        "hold",  "enter",   "grab",  "get",   "next",
                                        "first", "prepare", "pin",   "open",  NULL};
    if (name_has_any(judge->ir->function->name, words) || name_locks(judge->ir->function->name))
        return false;
    return loop_around(judge, event->instr) > event->state->acquired;
}

/* Is what this call, or another call of the same function, acquired released somewhere? The release of what a lookup
 * found says nothing of what a constructor made. */
static bool released_alike(const struct judge *judge, const struct state *state)
{
    const char *acquire = instr_at(judge, state->acquired)->callee;
    EACH (event, &judge->simulation->events)
        if (event->kind == EV_RELEASE && event->state->acquired >= 0 &&
            (event->state->acquired == state->acquired ||
             instr_at(judge, event->state->acquired)->callee == acquire))
            return true;
    return false;
}

/* cmd_grep(int argc, const char **argv, …) is the main of one command of a program. */
static bool is_command(const struct function *function)
{
    bool count = false, texts = false;
    EACH (parameter, &function->parameters) {
        count |= parameter->name && strcmp(parameter->name, "argc") == 0;
        texts |= parameter->name && strcmp(parameter->name, "argv") == 0;
    }
    return count && texts;
}

/* The system takes back what main holds when it returns, and what a failed exec leaves behind. */
static bool ends_process(const struct judge *judge, const struct event *event)
{
    enum resource resource = judge->site->resource;
    if (resource == R_LOCK || resource == R_PAIR || resource == R_TEMPORARY ||
        (judge->site->release && name_unlocks(judge->site->release)))
        return false;
    if (strcmp(judge->ir->function->name, "main") == 0 || is_command(judge->ir->function))
        return true;
    const struct state *at = event->state->from;
    for (int steps = 0; at && steps < 12; steps++, at = at->from) {
        const char *callee = instr_at(judge, at->instr)->callee;
        if (callee && strncmp(callee, "exec", 4) == 0)
            return true;
    }
    return false;
}

/* if (fd != 0) error(…): it is meant to be the standard input, and to stay open. */
static bool meant_to_be_standard(const struct judge *judge)
{
    if (judge->site->resource != R_DESCRIPTOR)
        return false;
    EACH (instr, &judge->ir->code)
        if (instr->kind == I_BRANCH && instr->left.place == judge->site->place &&
            (instr->sign == S2('=', '=') || instr->sign == S2('!', '=')) &&
            ((instr->right.kind == O_NUMBER && instr->right.number >= 0 &&
              instr->right.number <= 2) ||
             (instr->right.kind == O_SYMBOL && strncmp(instr->right.text, "STD", 3) == 0)))
            return true;
    return false;
}

/* node = verify(tree, node): what was there before, or nothing. */
static bool returns_its_argument(const struct judge *judge, const struct state *state)
{
    const struct instr *acquire = instr_at(judge, state->acquired);
    for (int i = 0; !state->acquisition->known && i < acquire->arg_count; i++)
        if (acquire->args[i].kind == O_PLACE &&
            acquire->args[i].place == state->acquisition->holder)
            return true;
    return false;
}

/* list[0] = copy(a); … for (i = 0; i < n; i++) free(list[i]); */
static bool released_as_element(const struct judge *judge)
{
    const struct place *held = judge->site->place >= 0 ? &judge->ir->places.at[judge->site->place]
                                                       : NULL;
    if (!held || held->kind != P_PART || held->text[strlen(held->text) - 1] != ']')
        return false;
    EACH (instr, &judge->ir->code) {
        int place = instr->kind == I_CALL && instr->callee && instr->arg_count > 0 &&
                            name_releases(instr->callee) > 0
                        ? instr->args[0].place
                        : -1;
        if (place >= 0 && place != judge->site->place &&
            judge->ir->places.at[place].kind == P_PART &&
            judge->ir->places.at[place].parent == held->parent &&
            judge->ir->places.at[place].index >= 0)
            return true;
    }
    return false;
}

/* Pairs of functions that a failing exit need not complete, as the levels of a message that is read, or the regions of a
 * trace: two releases or more must stand against each exit that leaves them open. */
static bool need_not_be_paired(const struct judge *judge, enum exit_class class)
{
    static const char *const told[] = {"trace", "trace2", "log", "debug", "region", "span", NULL};
    int left = 0;
    if (judge->site->resource != R_PAIR)
        return false;
    EACH (event, &judge->simulation->events)
        left += event->kind == EV_EXIT && event->state->acquired >= 0;
    return class != CLASS_FAILURE || judge->releases < 2 * left ||
           name_has_any(judge->site->acquire, told) || name_is_constant(judge->site->acquire);
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
           (!delivered_by_address(judge, state) || state->acquisition->failing.tested) &&
           !judge->site->by_address && resource != R_CONTEXT &&
           (state->acquisition->known || state->acquisition->strength == 1) &&
           (judge->site->known || judge->site->owned ||
            (judge->site->typed && !made_in_another(judge, state))) &&
           is_given_to_caller(judge) && passes_are_innocent(judge, state);
}

/* c = connection_for(fd); if (!c) { close(fd); return; } On a way on which there is a c, it has the descriptor. */
static bool has_new_owner(const struct judge *judge, const struct event *event)
{
    const struct decl *held = judge->site->place >= 0
                                  ? judge->ir->places.at[judge->site->place].decl
                                  : NULL;
    if (!held || held->type.stars > 0 || judge->site->argument || judge->site->by_address)
        return false;
    for (const struct state *at = event->state->from; at && at->instr != event->state->acquired;
         at = at->from) {
        const struct instr *call = instr_at(judge, at->instr);
        const struct decl *owner = call->kind == I_CALL && call->callee && call->dst >= 0 &&
                                           !model_acquirer(call->callee)
                                       ? judge->ir->places.at[call->dst].decl
                                       : NULL;
        struct operand result = {.kind = O_PLACE, .place = call->dst};
        if (!owner || owner->type.stars != 1 ||
            facts_of(event->state->facts, &result).signs == ZERO)
            continue;
        for (int i = 0; i < call->arg_count; i++)
            if (call->args[i].kind == O_PLACE && call->args[i].place == judge->site->place)
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
    if (ends_process(judge, event) || meant_to_be_standard(judge) || has_new_owner(judge, event) ||
        returns_its_argument(judge, state) || released_as_element(judge) ||
        need_not_be_paired(judge, class))
        return LEVEL_ALL;
    if (judge->site->resource != R_LOCK && judge->site->resource != R_TEMPORARY &&
        is_of_test(judge->ir))
        return LEVEL_ALL;
    if (judge->released && released_alike(judge, state)) {
        bool innocent = passes_are_innocent(judge, state) && owned(judge, state, class);
        if (class == CLASS_FAILURE)
            return innocent ? LEVEL_SURE : LEVEL_ALL;
        if (judge->site->resource == R_LOCK && left_in_loop(judge, event))
            return innocent ? LEVEL_SURE : LEVEL_ALL;
        if (judge->success_release || (class == CLASS_UNKNOWN && judge->unknown_release))
            return innocent ? LEVEL_SURE : LEVEL_ALL;
        if (used_by_nobody_else(judge, state))
            return LEVEL_LIKELY;
        return owned_here(judge, state) && !judge->escaped ? LEVEL_SURE : LEVEL_ALL;
    }
    if (judge->site->resource == R_TEMPORARY)
        return LEVEL_LIKELY;
    if (((judge->site->mined && passes_are_harmless(judge, state)) || only_emptied(judge, state)) &&
        !judge->escaped)
        return LEVEL_LIKELY;
    if (judge->site->owned && passes_are_harmless(judge, state))
        return !judge->escaped || given_away_only_on_success(judge, state, class) ? LEVEL_LIKELY
                                                                                  : LEVEL_ALL;
    if (judge->site->typed && !fails_to_construct(judge, state, class))
        return typed_level(judge, state, class);
    if (given_away_only_on_success(judge, state, class) || fails_to_construct(judge, state, class))
        return LEVEL_LIKELY;
    if (!owned_here(judge, state))
        return LEVEL_ALL;
    if (!judge->escaped || class == CLASS_FAILURE)
        return LEVEL_SURE;
    return LEVEL_ALL;
}

static bool exits_of_main(const struct judge *judge)
{
    return strcmp(judge->ir->function->name, "main") == 0 || is_command(judge->ir->function);
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

/* n = get_all(&list); if (n < 0) return n; if (n == 0) return 0; An empty list is a null pointer. */
static bool gave_nothing(const struct judge *judge, const struct state *state)
{
    const struct failing *failing = &state->acquisition->failing;
    if (failing->sign != '<' || !delivered_by_address(judge, state))
        return false;
    int result = failing->place;
    for (const struct state *at = state; at->from && at->from->instr != state->acquired;
         at = at->from) {
        const struct instr *instr = instr_at(judge, at->from->instr);
        if (instr->kind == I_ASSIGN && instr->left.place == failing->place)
            result = instr->dst;
    }
    for (const struct state *at = state; at->from && at->from->instr != state->acquired;
         at = at->from) {
        const struct instr *instr = instr_at(judge, at->from->instr);
        if ((instr->kind == I_ASSIGN || instr->kind == I_CALL) && instr->dst == result &&
            instr->left.place != failing->place)
            return false;
        bool zero = instr->kind == I_BRANCH && instr->left.place == result &&
                    instr->right.kind == O_NUMBER && instr->right.number == 0;
        if (zero && (instr->sign == S2('=', '=') || instr->sign == S2('!', '=')) &&
            (at->instr == instr->next) == (instr->sign == S2('=', '=')))
            return true;
    }
    return false;
}

/* The child of a fork ends soon, whatever it does. */
static bool in_child(const struct judge *judge, const struct state *state)
{
    int child = -1;
    for (int i = 0; i < judge->ir->code.count; i++)
        if (instr_at(judge, i)->kind == I_CALL && instr_at(judge, i)->callee &&
            strstr(instr_at(judge, i)->callee, "fork"))
            child = instr_at(judge, i)->dst;
    for (const struct state *at = state; child >= 0 && at->from; at = at->from) {
        const struct instr *instr = instr_at(judge, at->from->instr);
        if (instr->kind == I_BRANCH && instr->left.place == child &&
            instr->right.kind == O_NUMBER && instr->right.number == 0 &&
            (instr->sign == S2('=', '=') || instr->sign == S2('!', '=')) &&
            (at->instr == instr->next) == (instr->sign == S2('=', '=')))
            return true;
    }
    return false;
}

/* The name of the temporary file is only in a variable of this function, which is not a parameter. */
static bool has_local_name(const struct judge *judge)
{
    const struct place *name = &judge->ir->places.at[judge->site->place];
    return name->kind == P_LOCAL && name->decl && !name->decl->attribute;
}

/* unlock(); callback(); lock(); with the lock of the caller: it is given back to it. */
static bool is_callers_lock(const struct judge *judge, const struct state *state)
{
    bool before = false;
    for (const struct state *at = state->from; at; at = at->from) {
        before |= at->instr == state->acquired;
        if (!before)
            continue;
        EACH (event, &judge->simulation->events)
            if (event->kind == EV_UNHELD && event->instr == at->instr)
                return true;
    }
    return false;
}

/* job->path = strdup(scratch), job->name = scratch + n: somebody else can remove the file. */
static bool name_is_copied(const struct judge *judge)
{
    int name = judge->site->place;
    EACH (instr, &judge->ir->code) {
        bool copies = instr->kind == I_CALL && instr->callee &&
                      (strstr(instr->callee, "dup") || strstr(instr->callee, "opy"));
        for (int i = 0; copies && i < instr->arg_count; i++)
            if (instr->args[i].place >= 0 && (i > 0 || strstr(instr->callee, "dup")) &&
                place_within(judge->ir, instr->args[i].place, name))
                return true;
        if (instr->kind == I_ASSIGN && instr->left.place >= 0 && instr->dst >= 0 &&
            judge->ir->places.at[instr->dst].kind == P_PART &&
            judge->ir->places.at[instr->dst].through &&
            place_within(judge->ir, instr->left.place, name))
            return true;
    }
    return false;
}

/* FOR_EACH_LOCKED(x, list) takes and gives back the locks of the elements in its own way. */
static bool kept_by_macro(const struct judge *judge, const struct state *state)
{
    const struct instr *acquire = instr_at(judge, state->acquired);
    EACH (event, &judge->simulation->events) {
        const struct instr *release = instr_at(judge, event->instr);
        if (event->kind == EV_RELEASE && acquire->expanded && release->expanded &&
            release->line == acquire->line)
            return true;
    }
    return false;
}

static void judge_leak(struct judge *judge, const struct event *event)
{
    if (lost_in_loop(judge, event))
        return;
    enum resource resource = judge->site->resource;
    if (was_kept(judge, event->state))
        return;
    if (event->state->doubtful && classify_exit(judge->ir, event->state) != CLASS_FAILURE)
        return;
    if (resource == R_LOCK && (!judge->released || is_callers_lock(judge, event->state) ||
                               kept_by_macro(judge, event->state)))
        return;
    if (resource == R_TEMPORARY &&
        (classify_exit(judge->ir, event->state) != CLASS_FAILURE ||
         !(judge->released || has_local_name(judge)) || name_is_copied(judge)))
        return;
    if (gave_nothing(judge, event->state) ||
        (resource == R_DESCRIPTOR && in_child(judge, event->state)))
        return;
    if (exits_of_main(judge) && resource != R_LOCK && resource != R_PAIR && !judge->released)
        return;
    if (instr_at(judge, event->instr)->deferred)
        return;
    report_leak(judge, event, leak_level(judge, event), false);
}

/* for (…) switch (option) { case 'n': name = strdup(optarg); … } Whether a case comes twice, its caller knows. */
static bool chosen_by_value(const struct judge *judge, const struct event *event)
{
    const struct state *after = event->state;
    for (const struct state *at = after->from; at; after = at, at = at->from) {
        if (at->instr == event->state->acquired)
            return false;
        const struct instr *instr = instr_at(judge, at->instr);
        if (instr->kind != I_BRANCH || instr->left.place == event->state->acquisition->holder ||
            (instr->right.kind == O_NUMBER && instr->right.number <= 0) ||
            instr->right.kind == O_UNKNOWN)
            continue;
        bool equal = instr->sign == (after->instr == instr->next ? S2('=', '=') : S2('!', '='));
        if (equal)
            return true;
    }
    return false;
}

static void judge_lost(struct judge *judge, const struct event *event)
{
    const struct state *state = event->state;
    if (was_kept(judge, state) || state->doubtful)
        return;
    if (judge->site->typed || (event->instr == state->acquired && chosen_by_value(judge, event)))
        return; /* an option that is given twice */
    bool released = judge->released && passes_are_innocent(judge, state);
    released &= state->acquisition->strength > 0;
    enum level level = is_of_test(judge->ir) || exits_of_main(judge) ||
                               returns_its_argument(judge, state)
                           ? LEVEL_ALL
                       : released && state->acquisition->known       ? LEVEL_SURE
                       : owned_here(judge, state) && !judge->escaped ? LEVEL_SURE
                       : released                                    ? LEVEL_LIKELY
                       : judge->site->mined && !judge->escaped       ? LEVEL_LIKELY
                                                                     : LEVEL_ALL;
    report_leak(judge, event, level, true);
}

/* Of what was released at one place, one second release is reported. */
static bool says_of_same(const struct judge *judge, const char *check, int other)
{
    const char *about = intern_string(judge_site_text(judge));
    EACH (finding, judge->findings)
        if (finding->check == check && finding->about == about &&
            finding->function == judge->ir->function->name && finding->notes.count > 0 &&
            finding->notes.at[0].line == instr_at(judge, other)->line)
            return true;
    return false;
}

void judge_report(struct judge *judge, const struct event *event, const char *check,
                  enum level level, const char *format, int other, const char *other_text)
{
    const struct instr *at = instr_at(judge, event->instr);
    if (has_finding(judge, check, at->line) || (other >= 0 && says_of_same(judge, check, other)))
        return;
    struct finding *finding = finding_add(judge->arena, judge->findings, check, level,
                                          judge->ir->unit->path, judge->ir->function->name,
                                          at->line, at->column);
    char text[400];
    finding->about = intern_string(judge_site_text(judge));
    snprintf(text, sizeof text, "'%s' %s", judge_site_text(judge), format);
    finding->message = arena_copy(judge->arena, text, strlen(text));
    if (other >= 0)
        finding_note(judge->arena, finding, instr_at(judge, other)->line,
                     instr_at(judge, other)->column, "%s", other_text);
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
    }
    return false;
}

static void judge_again(struct judge *judge, const struct event *event)
{
    const struct instr *first = instr_at(judge, event->state->released),
                       *again = instr_at(judge, event->instr);
    if (judge->site->resource != R_LOCK &&
        (releases_element(judge, first) ||
         (first == again && !delivered_by_address(judge, event->state)) ||
         !names_same(first, again) || set_between(judge, event)))
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
    if (judge->site->resource == R_LOCK)
        judge_report(judge, event, "unlock-without-lock", LEVEL_SURE, "is unlocked a second time",
                     event->state->released, "unlocked here");
    else if (judge->site->resource != R_PAIR && judge->site->resource != R_TEMPORARY &&
             judge->site->resource != R_TASKS)
        judge_report(judge, event, "double-release", LEVEL_SURE, "is released a second time",
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

static void judge_wrong(struct judge *judge, const struct event *event)
{
    int before = judge->findings->count;
    judge_report(judge, event, "wrong-release", LEVEL_SURE,
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

/* g_source_destroy(source) with references elsewhere: the function takes or gives one up itself. */
static bool has_references(const struct judge *judge)
{
    static const char *const words[] = {"ref", "unref", "hold", "grab", "retain", "incref", NULL};
    EACH (instr, &judge->ir->code)
        if (instr->kind == I_CALL && instr->callee && instr->arg_count > 0 &&
            instr->args[0].place == judge->site->place && judge->site->place >= 0 &&
            name_has_any(instr->callee, words))
            return true;
    return false;
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
    bool owner = acquisition && (acquisition->known || acquisition->strength >= 0);
    const struct instr *use = instr_at(judge, event->instr), *next = use + 1;
    if (use->kind == I_ASSIGN && next->kind == I_ASSIGN && next->dst == use->left.place &&
        next->left.kind == O_NUMBER)
        return; /* TAKE_PTR(p) after realloc(p, n): p is only forgotten */
    if (use->callee && name_is_constant(use->callee))
        return; /* TRACE(freed, p) */
    if (judge->site->resource == R_DESCRIPTOR &&
        !(use->callee && model_uses_descriptor(use->callee)))
        return; /* its number is still a number, to print and to compare */
    if (release->implicit ? mentions_directly(judge, event)
                          : set_between(judge, event) || releases_element(judge, release))
        return;
    if (!release->implicit && (!owner || !surely_frees(judge, release) || has_references(judge)))
        return;
    judge_report(judge, event, "use-after-release", LEVEL_SURE, "is used after it was released",
                 event->state->released, "released here");
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
