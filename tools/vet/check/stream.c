/* A stream and the descriptor under it are closed once, by the stream: fdopen, fdopendir, gzdopen and fileno, dirfd. */
#include "check.h"
#include "harness.h"
#include "knowledge.h"
#include "names.h"
#include "reach.h"
#include "site_parts.h"
#include "walk.h"

#include <string.h>

struct layers {
    int stream, descriptor;
};

static bool closes(const struct instr *call, const char *const *names, int place)
{
    if (call->kind != I_CALL || call->arg_count < 1 || call->args[0].place != place)
        return false;
    if (call->implicit)
        return call->args[0].kind == O_ADDRESS;
    return call->args[0].kind == O_PLACE && call->callee && word_in(call->callee, names);
}

static bool closes_stream(const struct instr *call, int stream)
{
    static const char *const names[] = {"fclose", "closedir",    "gzclose",
                                        "pclose", "safe_fclose", NULL};
    return closes(call, names, stream);
}

static bool closes_descriptor(const struct instr *call, int descriptor)
{
    static const char *const names[] = {"close", "safe_close", "xclose", "g_close", NULL};
    return closes(call, names, descriptor);
}

/* Is the variable given another value? */
static bool sets(const struct ir *ir, const struct instr *instr, int place)
{
    if (instr->dst >= 0 && place_within(ir, place, instr->dst))
        return true;
    for (int i = 0; instr->kind == I_CALL && !instr->implicit && i < instr->arg_count; i++)
        if (instr->args[i].kind == O_ADDRESS && place_within(ir, place, instr->args[i].place))
            return true;
    return false;
}

/* socketpair(…, ends) sets ends[0]. */
static bool sets_array(const struct ir *ir, const struct instr *instr, int place)
{
    const struct place *element = &ir->places.at[place];
    for (int i = 0; instr->kind == I_CALL && element->kind == P_PART && i < instr->arg_count; i++)
        if (instr->args[i].place == element->parent && strchr(element->text, '['))
            return true;
    return false;
}

static bool sets_either(const struct ir *ir, const struct instr *instr, const struct layers *layers)
{
    return sets(ir, instr, layers->stream) || sets(ir, instr, layers->descriptor) ||
           sets_array(ir, instr, layers->descriptor);
}

static enum reach find_stream_close(const struct ir *ir, int index, void *data)
{
    const struct layers *layers = data;
    const struct instr *instr = at(ir, index);
    if (closes_stream(instr, layers->stream))
        return REACH_FOUND;
    return sets_either(ir, instr, layers) ? REACH_STOP : REACH_ON;
}

static enum reach find_descriptor_close(const struct ir *ir, int index, void *data)
{
    const struct layers *layers = data;
    const struct instr *instr = at(ir, index);
    if (closes_descriptor(instr, layers->descriptor))
        return REACH_FOUND;
    return sets_either(ir, instr, layers) ? REACH_STOP : REACH_ON;
}

static struct finding *report(struct ir *ir, struct arena *arena, finding_vec *findings,
                              const char *check, int index, int place)
{
    const struct instr *call = at(ir, index);
    const struct decl *decl = call->implicit ? ir->places.at[place].decl : NULL;
    struct finding *finding = finding_add(
        arena, findings, check, is_of_test(ir) ? LEVEL_ALL : LEVEL_SURE, ir->unit->path,
        ir->function->name, decl ? decl->line : call->line, decl ? decl->column : call->column);
    finding->about = place_text(ir, place);
    return finding;
}

/* ---- stream = fdopen(descriptor, …) -------------------------------------------------------------- */

static void report_twice(struct ir *ir, struct arena *arena, finding_vec *findings, int first,
                         int second, const struct layers *layers, bool stream_first)
{
    const char *stream = place_text(ir, layers->stream);
    const char *descriptor = place_text(ir, layers->descriptor);
    struct finding *finding = report(ir, arena, findings, "double-release", second,
                                     stream_first ? layers->descriptor : layers->stream);
    finding->message =
        stream_first
            ? arena_format(arena, "'%s' is closed a second time: it was closed with '%s'",
                           descriptor, stream)
            : arena_format(arena, "'%s' is closed a second time with '%s'", descriptor, stream);
    finding_note(arena, finding, at(ir, first)->line, at(ir, first)->column, "closed here");
    finding->advice = arena_format(arena, "close only '%s', which closes '%s' too", stream,
                                   descriptor);
}

static void check_opened(struct ir *ir, struct arena *arena, finding_vec *findings, int index)
{
    static const char *const names[] = {"fdopen", "fdopendir", "gzdopen", NULL};
    const struct instr *call = at(ir, index);
    if (!word_in(call->callee, names) || call->arg_count < 1 || call->args[0].kind != O_PLACE)
        return;
    struct layers layers = {place_variable(ir, index, call->dst), call->args[0].place};
    if (layers.stream < 0 || ir->places.at[layers.stream].kind == P_TEMPORARY ||
        ir->places.at[layers.descriptor].kind == P_TEMPORARY)
        return;
    int from = call->next;
    if (from >= 0 && at(ir, from)->kind == I_ASSIGN && at(ir, from)->dst == layers.stream)
        from = at(ir, from)->next;
    int first = reach_set(ir, from, layers.stream, find_stream_close, &layers);
    int second = first < 0 ? -1
                           : reach_set(ir, at(ir, first)->next, layers.stream,
                                       find_descriptor_close, &layers);
    bool stream_first = second >= 0;
    if (!stream_first) {
        first = reach_set(ir, from, layers.stream, find_descriptor_close, &layers);
        second = first < 0 ? -1
                           : reach_set(ir, at(ir, first)->next, layers.stream, find_stream_close,
                                       &layers);
    }
    if (second >= 0)
        report_twice(ir, arena, findings, first, second, &layers, stream_first);
}

/* ---- fdopen(descriptor) has failed --------------------------------------------------------------------- */

/* Does a caller in this file close what it passed, or is there none? */
static bool callers_close(const struct knowledge *knowledge, const char *function)
{
    int calls = 0;
    EACH (ir, &knowledge->irs)
        for (int i = 0; i < ir->code.count; i++) {
            const struct instr *call = at(ir, i);
            if (call->kind != I_CALL || !call->callee || strcmp(call->callee, function) != 0 ||
                call->arg_count < 1)
                continue;
            calls++;
            EACH (other, &ir->code)
                for (int k = 0; k < call->arg_count; k++)
                    if (call->args[k].place >= 0 && closes_descriptor(other, call->args[k].place))
                        return true;
        }
    return calls == 0;
}

static enum reach find_loss(const struct ir *ir, int index, void *data)
{
    const struct layers *layers = data;
    const struct instr *instr = at(ir, index);
    for (int i = 0; instr->kind == I_CALL && i < instr->arg_count; i++)
        if (instr->args[i].place == layers->descriptor)
            return REACH_STOP;
    if (instr->kind == I_BRANCH && instr->left.place == layers->stream)
        return REACH_STOP;
    return instr->kind == I_RETURN ? REACH_FOUND : REACH_ON;
}

/* A static function that closes the descriptor that it is passed, unless fdopen fails. */
static void check_refused(struct ir *ir, const struct knowledge *knowledge, struct arena *arena,
                          finding_vec *findings, int index)
{
    const struct instr *call = at(ir, index);
    if (strncmp(call->callee, "fdopen", 6) != 0 || call->arg_count < 1 ||
        call->args[0].kind != O_PLACE || !ir->function->type.is_static ||
        ir->places.at[call->args[0].place].kind != P_PARAMETER)
        return;
    struct layers layers = {place_variable(ir, index, call->dst), call->args[0].place};
    int next = after_joins(ir, call->next);
    for (int steps = 0; next >= 0 && at(ir, next)->dst == layers.stream && steps < 8; steps++)
        next = after_joins(ir, at(ir, next)->next);
    const struct instr *branch = next >= 0 ? at(ir, next) : NULL;
    if (!branch || branch->kind != I_BRANCH || branch->left.place != layers.stream ||
        branch->right.kind != O_NUMBER || branch->right.number != 0)
        return;
    int none = branch->sign == S2('=', '=')   ? branch->next
               : branch->sign == S2('!', '=') ? branch->other
                                              : -1;
    int exit = none < 0 ? -1 : reach(ir, none, find_loss, &layers);
    if (exit < 0 || reach_set(ir, next, layers.stream, find_stream_close, &layers) < 0 ||
        callers_close(knowledge, ir->function->name))
        return;
    struct finding *finding = report(ir, arena, findings, "leak", exit, layers.descriptor);
    finding->level = LEVEL_LIKELY;
    finding->message = arena_format(
        arena, "'%s' is not closed when %s fails, and otherwise closed with '%s'",
        place_text(ir, layers.descriptor), call->callee, place_text(ir, layers.stream));
    finding_note(arena, finding, call->line, call->column, "the stream is made here");
    finding->advice = arena_format(arena, "close '%s' before this exit",
                                   place_text(ir, layers.descriptor));
}

/* ---- descriptor = fileno(stream) ----------------------------------------------------------------- */

/* Is the stream one that this function has opened? */
static bool opened_here(const struct ir *ir, int stream)
{
    if (ir->places.at[stream].kind != P_LOCAL)
        return false;
    for (int i = 0; i < ir->code.count; i++) {
        const struct instr *call = at(ir, i);
        const struct acquirer *acquirer = call->kind == I_CALL && call->callee &&
                                                  place_variable(ir, i, call->dst) == stream
                                              ? model_acquirer(call->callee)
                                              : NULL;
        if (acquirer && acquirer->argument < 0 &&
            (acquirer->resource == R_STREAM || acquirer->resource == R_FOLDER ||
             acquirer->resource == R_PROCESS))
            return true;
    }
    return false;
}

static bool set_once(const struct ir *ir, int place)
{
    int count = 0;
    EACH (instr, &ir->code)
        count += instr->dst == place && instr->kind != I_DECLARE;
    return count == 1;
}

static void check_number(struct ir *ir, struct arena *arena, finding_vec *findings, int index)
{
    const struct instr *call = at(ir, index);
    if ((strcmp(call->callee, "fileno") != 0 && strcmp(call->callee, "dirfd") != 0) ||
        call->arg_count != 1 || call->args[0].kind != O_PLACE ||
        !opened_here(ir, call->args[0].place))
        return;
    struct layers layers = {call->args[0].place, place_variable(ir, index, call->dst)};
    if (layers.descriptor < 0 || !set_once(ir, layers.descriptor))
        return;
    int from = call->next;
    if (from >= 0 && at(ir, from)->kind == I_ASSIGN && at(ir, from)->dst == layers.descriptor)
        from = at(ir, from)->next;
    int close = reach(ir, from, find_descriptor_close, &layers);
    if (close < 0)
        return;
    struct layers before = {layers.stream, layers.descriptor};
    int stream_close = reach(ir, from, find_stream_close, &before);
    struct finding *finding = report(ir, arena, findings,
                                     stream_close >= 0 ? "double-release" : "wrong-release", close,
                                     layers.stream);
    finding->message = arena_format(
        arena, "the descriptor under the stream '%s' is closed%s", place_text(ir, layers.stream),
        stream_close >= 0 ? ", which closes it too" : " in place of the stream");
    if (stream_close >= 0)
        finding_note(arena, finding, at(ir, stream_close)->line, at(ir, stream_close)->column,
                     "the stream is closed here");
    finding->advice = arena_format(arena, "close only the stream '%s'",
                                   place_text(ir, layers.stream));
}

void check_streams(struct ir *ir, const struct knowledge *knowledge, struct arena *arena,
                   finding_vec *findings)
{
    for (int i = 0; i < ir->code.count; i++) {
        if (at(ir, i)->kind != I_CALL || at(ir, i)->implicit || !at(ir, i)->callee)
            continue;
        check_opened(ir, arena, findings, i);
        check_refused(ir, knowledge, arena, findings, i);
        check_number(ir, arena, findings, i);
    }
}
