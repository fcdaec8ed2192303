/* Branches that say that there is nothing to release: the call has delivered nothing, or a standard stream. */
#include "engine_parts.h"
#include "names.h"

#include <string.h>

static bool implies_equal(const struct instr *branch, bool truth)
{
    return branch->sign == (truth ? S2('=', '=') : S2('!', '='));
}

/* x == 0, !x, x <= 0, x < 1 */
static bool implies_zero(const struct instr *branch, bool truth)
{
    if (branch->right.kind != O_NUMBER || branch->left.kind != O_PLACE)
        return false;
    if (branch->right.number == 1)
        return branch->sign == (truth ? '<' : S2('>', '='));
    return branch->right.number == 0 &&
           (implies_equal(branch, truth) || branch->sign == (truth ? S2('<', '=') : '>'));
}

static bool implies_nonzero(const struct instr *branch, bool truth)
{
    return branch->left.kind == O_PLACE && branch->right.kind == O_NUMBER &&
           branch->right.number == 0 && implies_equal(branch, !truth);
}

/* if (text.length == 0) return; where nothing was written to the text, nothing was allocated for it. */
static bool part_is_zero(const struct simulation *simulation, const struct instr *branch,
                         bool truth)
{
    const struct site *site = simulation->site;
    int place = branch->left.place;
    return site->by_address && site->place >= 0 && place != site->place &&
           implies_zero(branch, truth) && place_within(simulation->ir, place, site->place);
}

/* The place whose value `place` has: itself, or what was copied to it since the resource was acquired. -1: it was set by
 * something else since. */
static int source_of(const struct simulation *simulation, const struct state *state, int place)
{
    for (const struct state *at = state->from; at; at = at->from) {
        const struct instr *instr = &simulation->ir->code.at[at->instr];
        if (at->instr == state->acquired)
            return place;
        if ((instr->kind != I_ASSIGN && instr->kind != I_CALL) || instr->dst != place)
            continue;
        if (instr->kind != I_ASSIGN || instr->left.kind != O_PLACE)
            return -1;
        place = instr->left.place;
    }
    return -1;
}

static bool names_count(const char *name)
{
    static const char *const words[] = {"n",    "nr",   "num",  "count",  "cnt",   "len",
                                        "argc", "size", "nfds", "length", "total", NULL};
    const char *last = strrchr(name, '.');
    if (strrchr(name, '>') > last)
        last = strrchr(name, '>');
    name = last ? last + 1 : name;
    return name_has_any(name, words) || (name[0] == 'n' && strlen(name) <= 8 && name[1] != 'a');
}

static bool tells_failure(const struct decl *decl)
{
    return decl && (name_is_status(decl->name) || strstr(decl->name, "err") != NULL ||
                    strstr(decl->name, "Err") != NULL);
}

/* load(path, &list, &count); if (count == 0) return; and the same with another object that the call delivers, or with the
 * number of elements that it was passed. */
static bool delivered_nothing(const struct simulation *simulation, const struct state *state,
                              const struct instr *branch, bool truth)
{
    const struct instr *acquire = &simulation->ir->code.at[state->acquired];
    bool zero = implies_zero(branch, truth), nonzero = implies_nonzero(branch, truth);
    if ((!zero && !nonzero) || holds(state, branch->left.place))
        return false;
    int source = source_of(simulation, state, branch->left.place);
    if (source < 0 || source == state->acquisition->holder)
        return false;
    const struct decl *decl = simulation->ir->places.at[source].decl;
    const char *text = simulation->ir->places.at[source].text;
    for (int i = 0; i < acquire->arg_count; i++) {
        if (acquire->args[i].place != source)
            continue;
        if (acquire->args[i].kind == O_ADDRESS)
            return tells_failure(decl) ? nonzero && decl->type.stars == 0 : zero;
        return zero && acquire->dst != state->acquisition->holder && names_count(text);
    }
    return false;
}

bool implies_empty(const struct simulation *simulation, const struct state *state,
                   const struct instr *branch, bool truth)
{
    if (state->phase != HELD || simulation->site->argument || branch->left.kind != O_PLACE)
        return false;
    if (part_is_zero(simulation, branch, truth))
        return true;
    if (branch->right.kind == O_ADDRESS && implies_equal(branch, truth) &&
        holds(state, branch->left.place))
        return true; /* word == &no_such_word: the address of a variable stands for a failure */
    return state->acquired >= 0 && state->acquisition && !state->acquisition->known &&
           delivered_nothing(simulation, state, branch, truth);
}

/* length_of(&name), strlen(name) */
static bool measures(const struct simulation *simulation, const struct state *state, int place)
{
    static const char *const words[] = {"len",      "length",  "size", "strlen",
                                        "is_empty", "isempty", NULL};
    const struct state *at = state->from;
    for (int steps = 0; at && steps < 4; steps++, at = at->from) {
        const struct instr *call = &simulation->ir->code.at[at->instr];
        if (call->kind == I_CALL && call->dst == place)
            return call->callee && call->arg_count == 1 &&
                   call->args[0].place == simulation->site->place &&
                   name_has_any(call->callee, words);
    }
    return false;
}

/* if (path.length > 0) unlink(path.text); where the name is empty until the file is made. */
bool implies_unnamed(const struct simulation *simulation, const struct state *state,
                     const struct instr *branch, bool truth)
{
    const struct site *site = simulation->site;
    return site->resource == R_TEMPORARY && state->phase == HELD && implies_zero(branch, truth) &&
           (place_within(simulation->ir, branch->left.place, site->place) ||
            measures(simulation, state, branch->left.place));
}

/* 0 to 2, or the name of one of these */
static bool is_standard(const struct operand *operand, int *number)
{
    static const char *const names[] = {"STDIN_FILENO", "STDOUT_FILENO", "STDERR_FILENO", NULL};
    if (operand->kind == O_NUMBER) {
        *number = (int)operand->number;
        return operand->number >= 0 && operand->number <= 3;
    }
    for (int i = 0; operand->kind == O_SYMBOL && names[i]; i++)
        if (strcmp(operand->text, names[i]) == 0) {
            *number = i;
            return true;
        }
    return false;
}

static bool is_standard_stream(const struct ir *ir, const struct operand *operand)
{
    static const char *const names[] = {"stdin", "stdout", "stderr", NULL};
    const char *text = operand->kind == O_SYMBOL  ? operand->text
                       : operand->kind == O_PLACE ? ir->places.at[operand->place].text
                                                  : NULL;
    const char *mark = text ? strstr(text, "std") : NULL; /* es_stdout, bio_stderr */
    return text && (word_in(text, names) || (mark && word_in(mark, names)));
}

bool implies_standard(const struct simulation *simulation, const struct state *state,
                      const struct instr *branch, bool truth)
{
    int number = 0;
    if (simulation->site->argument || branch->left.kind != O_PLACE ||
        !holds(state, branch->left.place))
        return false;
    if (simulation->site->resource == R_STREAM || simulation->site->resource == R_OBJECT)
        return implies_equal(branch, truth) && is_standard_stream(simulation->ir, &branch->right);
    if (simulation->site->resource != R_DESCRIPTOR || !is_standard(&branch->right, &number))
        return false;
    bool below = branch->sign == (truth ? '<' : S2('>', '=')),
         at_most = branch->sign == (truth ? S2('<', '=') : '>');
    return (implies_equal(branch, truth) && number <= 2) || (below && number > 0) ||
           (at_most && number <= 2);
}
