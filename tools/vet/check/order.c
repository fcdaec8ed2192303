/* The order of cleanups, and what a deferred or attributed release must not be given. */
#include "check.h"
#include "ir.h"
#include "names.h"
#include "type.h"

#include <string.h>

static bool has_cleanup(const struct ir *ir, int place)
{
    if (place < 0)
        return false;
    const struct place *at = &ir->places.at[place];
    return at->kind == P_LOCAL && at->decl && (at->decl->cleanup || at->decl->attribute);
}

static int stream_variable(const struct ir *ir, int index)
{
    const struct instr *call = &ir->code.at[index];
    const struct instr *next = call->next >= 0 ? &ir->code.at[call->next] : NULL;
    if (next && next->kind == I_ASSIGN && next->left.place == call->dst)
        return next->dst;
    return call->dst;
}

/* open_memstream(&buffer, &size): the stream writes the buffer when it is closed, so it must be closed first. */
static void check_memstream(struct ir *ir, struct arena *arena, finding_vec *findings, int index)
{
    const struct instr *call = &ir->code.at[index];
    if (strncmp(call->callee, "open_memstream", 14) != 0 || call->arg_count < 1 ||
        call->args[0].kind != O_ADDRESS)
        return;
    int buffer = call->args[0].place, stream = stream_variable(ir, index);
    if (!has_cleanup(ir, buffer) || !has_cleanup(ir, stream) || buffer < stream)
        return;
    const struct decl *decl = ir->places.at[buffer].decl;
    struct finding *finding = finding_add(arena, findings, "cleanup-order", LEVEL_SURE,
                                          ir->unit->path, ir->function->name, decl->line,
                                          decl->column);
    finding->message =
        arena_format(arena, "'%s' is released before the stream '%s' that writes it is closed",
                     place_text(ir, buffer), place_text(ir, stream));
    finding_note(arena, finding, call->line, call->column, "the stream is opened here");
    finding->advice = arena_format(arena, "declare '%s' above '%s'", place_text(ir, buffer),
                                   place_text(ir, stream));
}

/* `T *p __free(f) = NULL;` above a guard, set below it: it is released after the guard has gone. */
static void check_guard(struct ir *ir, struct arena *arena, finding_vec *findings, int index)
{
    const struct instr *guard = &ir->code.at[index];
    if (strcmp(guard->callee, "guard") != 0)
        return;
    for (int place = 0; place < ir->places.count; place++) {
        const struct decl *decl = ir->places.at[place].decl;
        bool null = decl && decl->value && decl->value->kind == E_NAME &&
                    strcmp(decl->value->name, "NULL") == 0;
        if (!null || !decl->attribute || strcmp(decl->attribute, "__free") != 0 ||
            decl->line > guard->line)
            continue;
        for (int i = index; i < ir->code.count; i++)
            if (ir->code.at[i].kind == I_CALL && stream_variable(ir, i) == place) {
                struct finding *finding = finding_add(arena, findings, "cleanup-order", LEVEL_SURE,
                                                      ir->unit->path, ir->function->name,
                                                      decl->line, decl->column);
                finding->message = arena_format(
                    arena,
                    "'%s' is declared above the guard that protects it, so it is released after the guard has ended",
                    decl->name);
                finding_note(arena, finding, guard->line, guard->column, "the guard begins here");
                finding->advice = arena_format(arena, "declare '%s' where it gets its value",
                                               decl->name);
                break;
            }
    }
}

/* Does the callee own the argument afterwards, whatever happens? */
static bool consumes(const char *name)
{
    return name_has(name, "propagate") || (name_has(name, "take") && strncmp(name, "take", 4) != 0);
}

/* From the call to the cleanup of the variable, without another value on the way. */
static bool still_cleaned(const struct ir *ir, int at, int place)
{
    for (int steps = 0; at >= 0 && steps < 200; steps++) {
        const struct instr *instr = &ir->code.at[at];
        if (instr->kind == I_CALL && instr->implicit && instr->arg_count == 1 &&
            instr->args[0].place == place)
            return true;
        if (instr->dst == place || instr->kind == I_STOP || instr->kind == I_RETURN)
            return false;
        for (int i = 0; i < instr->arg_count; i++)
            if (instr->args[i].kind == O_ADDRESS && instr->args[i].place == place)
                return false;
        if (instr->next <= at)
            return false;
        at = instr->next;
    }
    return false;
}

/* propagate_foo_error(error, archive) only reads what is no error. */
static bool is_error(const struct ir *ir, int place)
{
    const struct decl *decl = ir->places.at[place].decl;
    return decl && type_is_error(&decl->type);
}

static bool is_result_used(const struct ir *ir, const struct instr *call)
{
    EACH (instr, &ir->code)
        if (instr != call && (instr->left.place == call->dst || instr->dst == call->dst))
            return true;
    return false;
}

/* packet = stream_take_packet(stream): it takes the packet out, and leaves the stream alone. */
static bool takes_out(const struct ir *ir, const struct instr *call)
{
    return call->dst >= 0 && call->arg_count == 1 && name_has(call->callee, "take") &&
           is_result_used(ir, call);
}

static void check_consumed(struct ir *ir, struct arena *arena, finding_vec *findings, int index)
{
    const struct instr *call = &ir->code.at[index];
    if (!consumes(call->callee) || strstr(call->callee, "prefixed") || takes_out(ir, call))
        return;
    for (int i = 0; i < call->arg_count; i++) {
        int place = call->args[i].place;
        bool last = i == call->arg_count - 1;
        if (call->args[i].kind != O_PLACE || !last || !has_cleanup(ir, place) ||
            ir->places.at[place].decl->type.is_array || /* it takes the elements */
            (name_has(call->callee, "propagate") && !is_error(ir, place)) ||
            !still_cleaned(ir, call->next, place))
            continue;
        struct finding *finding = finding_at(ir, arena, findings, "double-release", LEVEL_SURE,
                                             call);
        finding->message = arena_format(
            arena, "'%s' is given to %s, which owns it then, and released again by its cleanup",
            place_text(ir, place), call->callee);
        finding->advice = arena_format(arena, "pass g_steal_pointer(&%s) or TAKE_PTR(%s)",
                                       place_text(ir, place), place_text(ir, place));
    }
}

void check_orders(struct ir *ir, struct arena *arena, finding_vec *findings)
{
    for (int i = 0; i < ir->code.count; i++) {
        if (ir->code.at[i].kind != I_CALL || !ir->code.at[i].callee || ir->code.at[i].implicit)
            continue;
        check_memstream(ir, arena, findings, i);
        check_guard(ir, arena, findings, i);
        check_consumed(ir, arena, findings, i);
    }
}
