/* Which calls release the resource, and what is left of it. */
#include "engine_parts.h"
#include "helper.h"
#include "knowledge.h"
#include "names.h"
#include "use.h"

#include <string.h>

/* unlink(name), unlink(name.text), or unlink(text_of(&name)) */
static bool names_file(const struct ir *ir, const struct operand *argument, int name)
{
    if (argument->place >= 0 && place_within(ir, argument->place, name))
        return true;
    if (argument->place < 0 || ir->places.at[argument->place].kind != P_TEMPORARY)
        return false;
    EACH (instr, &ir->code)
        if (instr->kind == I_CALL && instr->dst == argument->place && instr->arg_count == 1 &&
            instr->args[0].place == name)
            return true;
    return false;
}

static bool ends_temporary(const struct ir *ir, const struct instr *call, int place)
{
    static const char *const words[] = {"unlink", "unlinkat", "remove", "rename",  "renameat",
                                        "rmdir",  "link",     "linkat", "unlinkp", "delete",
                                        "temp",   "rm",       NULL};
    if (!call->callee || !name_has_any(call->callee, words))
        return false;
    for (int i = 0; i < call->arg_count; i++)
        if (names_file(ir, &call->args[i], place))
            return true;
    return false;
}

/* lock_global(cmd) and unlock_volume(cmd, name): two locks of one object. */
static bool names_another_lock(const char *lock, const char *unlock)
{
    static const char *const kinds[] = {"irq", "irqsave", "irqrestore", "bh", "rd", "wr", NULL};
    if (strncmp(lock, "lock_", 5) != 0 || strncmp(unlock, "unlock_", 7) != 0)
        return false;
    const char *a = lock + 5, *b = unlock + 7;
    return strncmp(a, b, strlen(a)) != 0 && strncmp(a, b, strlen(b)) != 0 && !word_in(a, kinds) &&
           !word_in(b, kinds);
}

bool pair_released(const struct simulation *simulation, const struct instr *call)
{
    const struct site *site = simulation->site;
    if (!call->callee)
        return false;
    if (site->resource == R_TEMPORARY)
        return ends_temporary(simulation->ir, call, site->place);
    if (site->resource == R_TASKS)
        return model_waits(call->callee) && call->arg_count > 0 &&
               call->args[0].place == site->place;
    bool pair = site->resource == R_LOCK && site->place >= 0
                    ? name_unlocks(call->callee) &&
                          !names_another_lock(site->acquire ? site->acquire : "", call->callee)
                    : names_pair(site->acquire, call->callee);
    for (int i = 0; pair && i < call->arg_count; i++)
        if (call->args[i].place == site->place && site->place >= 0)
            return true;
    if (pair && site->place < 0)
        return true;
    if (name_locks_file(site->acquire) && strcmp(call->callee, "close") == 0 &&
        call->arg_count == 1 && call->args[0].place == site->place)
        return true; /* the lock ends with the descriptor */
    return simulation->knowledge && !call->implicit &&
           helper_release(simulation->knowledge, simulation->ir, call, site->acquire,
                          site->resource == R_LOCK, site->place);
}

static bool resets(const struct simulation *simulation, const char *callee)
{
    const struct macro *macro = macros_find(&simulation->ir->unit->macros, callee);
    if (macro)
        return macros_reset(&simulation->ir->unit->macros, macro);
    return name_is_constant(callee) || strstr(callee, "clear") || strstr(callee, "NULL") ||
           strstr(callee, "_and_");
}

/* A function of this file, called free or close, that leaves its argument itself alone. */
static bool only_frees_parts(const struct simulation *simulation, const struct instr *call,
                             int argument)
{
    if (!simulation->knowledge || argument < 0)
        return false;
    return knowledge_knows(simulation->knowledge, call) &&
           knowledge_parameter(simulation->knowledge, call, argument).effect != EFFECT_RELEASES;
}

bool frees_surely(const struct simulation *simulation, const struct instr *call, int argument)
{
    if (!simulation->knowledge || argument < 0 || !call->callee ||
        call->args[argument].kind != O_PLACE ||
        strchr(simulation->ir->places.at[call->args[argument].place].text, '['))
        return false; /* one of an array */
    struct parameter_summary does = knowledge_parameter(simulation->knowledge, call, argument);
    return does.effect == EFFECT_RELEASES && does.final;
}

/* Does this call end what the acquisition began, by both names: session_open and session_close, regcomp and regfree? */
static bool is_counterpart(const struct simulation *simulation, const struct state *state,
                           const struct instr *call)
{
    const struct instr *acquire = state->acquired >= 0 ? &simulation->ir->code.at[state->acquired]
                                                       : NULL;
    if (!acquire || !acquire->callee || !call->callee || call->args[0].kind != O_PLACE ||
        simulation->site->by_address)
        return false;
    const char *release = told_release(simulation->ir, acquire->callee);
    if (release)
        return strcmp(release, call->callee) == 0 &&
               !(name_counts(release) && use_takes_reference(simulation->ir, call->args[0].place));
    return names_pair(acquire->callee, call->callee) && name_releases(call->callee) == 2;
}

/* Is nothing left of the resource after this call? */
static bool final_release(const struct simulation *simulation, const struct state *state,
                          const struct instr *call, int argument)
{
    if (place_is_array(simulation->ir, simulation->site->place))
        return false; /* each element has a release of its own */
    if (simulation->site->argument || call->implicit || frees_surely(simulation, call, argument))
        return true;
    if (argument == 0 && is_counterpart(simulation, state, call) &&
        !only_frees_parts(simulation, call, argument))
        return true;
    if (!call->callee || name_counts(call->callee) ||
        only_frees_parts(simulation, call, argument) ||
        (!name_frees(call->callee) && strcmp(call->callee, "munmap") != 0))
        return false;
    if (argument >= 0 && simulation->ir->places.at[call->args[argument].place].kind == P_PART &&
        strchr(simulation->ir->places.at[call->args[argument].place].text, '['))
        return false; /* one of an array */
    if (strcmp(call->callee, "munmap") == 0)
        return true;
    return call->arg_count == 1 &&
           (simulation->site->resource != R_OBJECT || name_destroys(call->callee) ||
            (simulation->parameter >= 0 && model_frees_memory(call->callee)));
}

static const char *key_of(const struct ir *ir, const struct instr *call)
{
    for (int i = 0; i < call->arg_count; i++)
        if (call->args[i].place >= 0)
            return ir->places.at[call->args[i].place].text;
    return NULL;
}

/* write_lock(l) … read_unlock(l): by the names, or where this function has a write_unlock(l) too. */
static bool unlocks_another_kind(const struct simulation *simulation, const struct state *state,
                                 const struct instr *call)
{
    const struct ir *ir = simulation->ir;
    const struct instr *lock = state->acquired >= 0 ? &ir->code.at[state->acquired] : NULL;
    if (!lock || !lock->callee || !call->callee || !name_unlocks(call->callee))
        return false;
    if ((name_has(lock->callee, "write") && name_has(call->callee, "read")) ||
        (name_has(lock->callee, "read") && name_has(call->callee, "write")))
        return true;
    if (names_pair(lock->callee, call->callee) || name_has(call->callee, "and"))
        return false;
    EACH (other, &ir->code)
        if (other->kind == I_CALL && other->callee && other != call &&
            names_pair(lock->callee, other->callee) && key_of(ir, other) == key_of(ir, lock))
            return true;
    return false;
}

/* close(ends[0]): which end of a pipe is it? -1: it is no pipe, or not known. */
static int end_of_pair(const struct simulation *simulation, const struct state *state,
                       const struct instr *call, int argument)
{
    const struct ir *ir = simulation->ir;
    const char *acquire = state->acquired >= 0 ? ir->code.at[state->acquired].callee : NULL;
    if (!acquire || argument < 0 || call->implicit || call->args[argument].kind != O_PLACE ||
        !(strncmp(acquire, "pipe", 4) == 0 || strcmp(acquire, "socketpair") == 0 ||
          strcmp(acquire, "g_unix_open_pipe") == 0))
        return -1;
    const struct place *at = &ir->places.at[call->args[argument].place];
    const char *index = at->kind == P_PART && at->parent == simulation->site->place
                            ? strrchr(at->text, '[')
                            : NULL;
    return index && (index[1] == '0' || index[1] == '1') && index[2] == ']' ? index[1] - '0' : -1;
}

/* Is the other end of the pipe still open after this call? */
static bool leaves_other_end(const struct simulation *simulation, struct state *state,
                             const struct instr *call, int argument)
{
    int end = end_of_pair(simulation, state, call, argument);
    if (end < 0)
        return false;
    state->ends |= (unsigned char)(1 << end);
    return state->ends != 3;
}

/* A variable may hold a mapping on one path and memory on another. */
static bool acquires_its_kind(const struct simulation *simulation, const struct state *state)
{
    const char *acquire = state->acquired >= 0 ? simulation->ir->code.at[state->acquired].callee
                                               : NULL;
    const struct acquirer *acquirer = acquire ? model_acquirer(acquire) : NULL;
    return !acquirer || acquirer->resource == simulation->site->resource;
}

/* close(list[i]), where the list itself is memory */
static bool is_element(const struct simulation *simulation, const struct instr *call, int argument)
{
    int place = argument >= 0 ? call->args[argument].place : -1;
    return place >= 0 && simulation->ir->places.at[place].kind == P_PART &&
           strchr(simulation->ir->places.at[place].text, '[') != NULL;
}

void release(struct simulation *simulation, struct state *state, int index, int argument, bool weak)
{
    const struct instr *call = &simulation->ir->code.at[index];
    if (state->phase == RELEASED) {
        if (!weak && !state->weak && final_release(simulation, state, call, argument))
            note(simulation, EV_AGAIN, index, state);
        return;
    }
    if (!call->implicit && call->callee &&
        model_wrong_release(simulation->site->resource, call->callee) && state->acquisition &&
        state->acquisition->known && acquires_its_kind(simulation, state) &&
        !is_element(simulation, call, argument))
        note(simulation, EV_WRONG, index, state);
    if (!call->implicit && call->callee && state->acquired >= 0 &&
        (model_mismatch(simulation->ir->code.at[state->acquired].callee, call->callee) ||
         (simulation->site->resource == R_LOCK && unlocks_another_kind(simulation, state, call))))
        note(simulation, EV_WRONG, index, state);
    note(simulation, EV_RELEASE, index, state);
    if (leaves_other_end(simulation, state, call, argument))
        return;
    state->phase = RELEASED;
    state->released = index;
    state->weak = weak || !final_release(simulation, state, call, argument);
    bool by_address = argument >= 0 && call->args[argument].kind == O_ADDRESS &&
                      !simulation->site->by_address;
    if (by_address || simulation->site->by_address ||
        (call->callee && resets(simulation, call->callee))) {
        /* It is set to a null value too, or can be used again. */
        if (argument >= 0 && by_address) {
            struct operand null = {.kind = O_NUMBER, .place = -1};
            set_value(simulation, state, call->args[argument].place, &null);
        }
        if (!(call->implicit && by_address))
            state->weak = true;
        state->holder_count = call->implicit ? state->holder_count : 0;
    }
}

bool release_counts(const struct simulation *simulation, const struct instr *call, int level)
{
    if (call->dst >= 0 && call->callee && name_has(call->callee, "deref") &&
        simulation->ir->places.at[call->dst].kind != P_TEMPORARY)
        return false; /* object = deref_tag(object): what it refers to */
    if (level == 2 || call->implicit)
        return true;
    enum resource resource = simulation->site->resource;
    return level == 1 && simulation->parameter < 0 && (resource == R_OBJECT || resource == R_PAIR);
}
