/* How a finding is worded, and how many of one kind are enough. */
#include "edit.h"
#include "names.h"
#include "verdict_parts.h"

#include <stdio.h>
#include <string.h>

/* `!file`, `!load(file)`: the note stands at the sign, and says what is true with it. */
static bool negated(const struct judge *judge, int line, int *column)
{
    const struct unit *unit = judge->ir->unit;
    const struct token *first = unit->lexed.tokens.at, *token = edit_token(unit, line, *column);
    if (token && token->sign == '(' && token > first && token[-1].kind == TOKEN_NAME)
        token--;
    if (!token || token == first || token[-1].sign != '!' || token[-1].line != line)
        return false;
    *column = token[-1].column;
    return true;
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
        int column = branches[i]->column;
        bool truth = negated(judge, last, &column) ? !taken[i] : taken[i];
        finding_note(judge->arena, finding, last, column, "%s",
                     truth ? "when this is true" : "when this is false");
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
    const char *held = judge->site->argument ? judge->site->argument : judge_site_text(judge);
    const char *asked = strchr(release, ' '); /* flock LOCK_UN */
    return asked
               ? arena_format(judge->arena, "call %.*s(%s, %s) before this exit",
                              (int)(asked - release), release, held, asked + 1)
               : arena_format(judge->arena, "call %s(%s%s) before this exit", release, sign, held);
}

static const char *check_name(const struct judge *judge, const struct state *state)
{
    switch (judge->site->resource) {
    case R_LOCK: return "missing-unlock";
    case R_PAIR: return "missing-release";
    case R_TEMPORARY: return "temp-file";
    case R_CONTEXT: return "lost-cancel";
    case R_TASKS: return "not-waited";
    case R_ERROR: return "leak";
    case R_OBJECT:
        if (judge->site->release && model_frees_memory(judge->site->release))
            return "leak";
        if (judge->site->release && name_has(judge->site->release, "put"))
            return "missing-release";
        return state->acquisition && state->acquisition->known ? "leak" : "missing-release";
    default:
        return (state->acquisition && state->acquisition->known) || judge->site->owned
                   ? "leak"
                   : "missing-release";
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
static bool reported_same(const struct judge *judge, const char *check, const struct instr *exit,
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

void judge_report_leak(struct judge *judge, const struct event *event, enum level level, bool lost)
{
    const struct state *state = event->state;
    const struct instr *exit = instr_at(judge, event->instr);
    const struct instr *acquired = instr_at(judge, state->acquired);
    const char *check = check_name(judge, state);
    if (has_finding(judge, check, exit->line) || reported_same(judge, check, exit, acquired) ||
        said_enough(judge, check, acquired->line, level))
        return;
    struct finding *finding = finding_at(judge->ir, judge->arena, judge->findings, check, level,
                                         exit);
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
    if (!lost)
        judge_name_cause(judge, finding, state);
    EACH (other, &judge->simulation->events)
        if (other->kind == EV_RELEASE && !instr_at(judge, other->instr)->implicit) {
            finding_note(judge->arena, finding, instr_at(judge, other->instr)->line,
                         instr_at(judge, other->instr)->column, "released here on another path");
            break;
        }
}

/* Of what was released at one place, one second release is reported. */
static bool reported_of_same(const struct judge *judge, const char *check, int other)
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
    if (has_finding(judge, check, at->line) ||
        (other >= 0 && reported_of_same(judge, check, other)))
        return;
    struct finding *finding = finding_at(judge->ir, judge->arena, judge->findings, check, level,
                                         at);
    char text[400];
    finding->about = intern_string(judge_site_text(judge));
    snprintf(text, sizeof(text), "'%s' %s", judge_site_text(judge), format);
    finding->message = arena_copy(judge->arena, text, strlen(text));
    if (other >= 0)
        finding_note(judge->arena, finding, instr_at(judge, other)->line,
                     instr_at(judge, other)->column, "%s", other_text);
}
