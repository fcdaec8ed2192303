/* double-release, use-after-release: of what belongs to the caller, a parameter or a member of one. */
#include "check.h"
#include "engine.h"
#include "knowledge.h"
#include "use.h"
#include "verdict.h"

#include <string.h>

static bool is_release(const struct instr *instr)
{
    static const char *const closes[] = {"fclose", "close", "closedir", "pclose", NULL};
    return instr->kind == I_CALL && !instr->implicit && !instr->deferred && !instr->indirect &&
           instr->callee && instr->arg_count == 1 && instr->args[0].kind == O_PLACE &&
           (model_frees_memory(instr->callee) || word_in(instr->callee, closes));
}

/* Neither one of several elements nor what a pointer in the midst of the name may lead elsewhere. */
static bool is_callers(const struct ir *ir, int place)
{
    const struct place *at = &ir->places.at[place];
    return (at->kind == P_PARAMETER || at->kind == P_PART) &&
           ir->places.at[at->root].kind == P_PARAMETER && !strchr(at->text, '[');
}

static int releases_of(const struct ir *ir, int place)
{
    int count = 0;
    EACH (instr, &ir->code)
        count += is_release(instr) && instr->args[0].place == place;
    return count;
}

static void report(struct ir *ir, struct arena *arena, finding_vec *findings,
                   const struct event *event, int place)
{
    const struct instr *at = &ir->code.at[event->instr],
                       *first = &ir->code.at[event->state->released];
    bool again = event->kind == EV_AGAIN;
    struct finding *finding =
        finding_at(ir, arena, findings, again ? "double-release" : "use-after-release",
                   sequence_is_certain(ir, event, place) ? LEVEL_SURE : LEVEL_ALL, at);
    finding->about = intern_string(place_text(ir, place));
    finding->message = arena_format(
        arena, again ? "'%s' is released a second time" : "'%s' is used after it was released",
        place_text(ir, place));
    finding_note(arena, finding, first->line, first->column, "released here");
}

/* The same statement twice is that of a loop, whose next round may have another object. */
static bool is_wrong(const struct ir *ir, const struct event *event, int place)
{
    const struct instr *at = &ir->code.at[event->instr];
    if (event->state->released < 0 || event->instr == event->state->released ||
        !is_release(&ir->code.at[event->state->released]))
        return false;
    if (event->kind == EV_AGAIN)
        return is_release(at) && at->args[0].place == place;
    return event->kind == EV_USE && ir->places.at[place].kind == P_PARAMETER &&
           at->kind != I_RETURN && use_counts(ir, at, &ir->code.at[event->state->released], place);
}

static void check_place(struct ir *ir, struct knowledge *knowledge, struct arena *arena,
                        finding_vec *findings, int place)
{
    struct arena own = {0};
    struct site site = {.place = place, .resource = R_MEMORY, .known = true, .has_release = true};
    struct simulation simulation = {
        .ir = ir, .arena = &own, .site = &site, .parameter = place, .knowledge = knowledge};
    simulate(&simulation);
    if (!simulation.gave_up)
        EACH (event, &simulation.events)
            if (is_wrong(ir, event, place)) {
                report(ir, arena, findings, event, place);
                break;
            }
    arena_free(&own);
}

void check_parameters(struct ir *ir, struct knowledge *knowledge, struct arena *arena,
                      finding_vec *findings)
{
    for (int place = 0; place < ir->places.count; place++) {
        if (!is_callers(ir, place))
            continue;
        int releases = releases_of(ir, place);
        if (releases > (ir->places.at[place].kind == P_PARAMETER ? 0 : 1))
            check_place(ir, knowledge, arena, findings, place);
    }
}
