#include "written.h"

#include "names.h"
#include "walk.h"

#include <string.h>

bool call_passes(const struct instr *call, int place)
{
    for (int i = 0; i < call->arg_count; i++)
        if (call->args[i].kind == O_PLACE && call->args[i].place == place)
            return true;
    return false;
}

static bool writes(const char *name)
{
    static const char *const words[] = {
        "write",   "fwrite", "pwrite",   "writev", "fprintf",   "fputs",   "fputc",
        "putc",    "puts",   "vfprintf", "xwrite", "writen",    "print",   "dump",
        "save",    "export", "emit",     "store",  "serialize", "dprintf", "fputs_unlocked",
        "gzwrite", "gzputs", "gzprintf", NULL};
    return name_has_any(name, words);
}

/* ---- put(fd, text) of this file, which writes ------------------------------------------------------- */

struct handed {
    const char *parameter;
    bool written;
};

/* Only what the C library says: `save(file)` below `put(file)` may be about anything. */
static void ask_written(void *data, const struct expr *expr)
{
    static const char *const names[] = {"write",    "pwrite", "fwrite",  "fprintf",
                                        "vfprintf", "fputs",  "fputc",   "putc",
                                        "dprintf",  "writev", "gzwrite", NULL};
    struct handed *handed = data;
    if (expr->kind != E_CALL || !expr->name || !word_in(expr->name, names))
        return;
    for (int i = 0; i < expr->args.count; i++) {
        const char *name = expr_name(expr->args.at[i]);
        handed->written |= name && strcmp(name, handed->parameter) == 0;
    }
}

static bool helper_writes(const struct ir *ir, const struct instr *call, int place)
{
    const struct function *function = call->indirect ? NULL : function_of(ir, call->callee);
    for (int i = 0; function && i < call->arg_count && i < function->parameters.count; i++) {
        struct handed handed = {function->parameters.at[i].name, false};
        if (call->args[i].kind != O_PLACE || call->args[i].place != place || !handed.parameter)
            continue;
        each_expression(function->body, ask_written, &handed);
        if (handed.written)
            return true;
    }
    return false;
}

static bool is_write(const struct ir *ir, const struct instr *instr, int place)
{
    return instr->kind == I_CALL && instr->callee && call_passes(instr, place) &&
           (writes(instr->callee) || helper_writes(ir, instr, place));
}

bool writes_to(const struct ir *ir, int place)
{
    EACH (instr, &ir->code)
        if (is_write(ir, instr, place))
            return true;
    return false;
}

bool checks_writes(const struct ir *ir, int place)
{
    EACH (instr, &ir->code)
        if (instr->dst >= 0 && is_write(ir, instr, place) && place_is_used(ir, instr->dst))
            return true;
    return false;
}

bool returns_status_of_write(const struct ir *ir, int from, int place)
{
    int result = -1;
    for (int next = from, steps = 0; next >= 0 && steps < 25 && result < 0; steps++) {
        const struct instr *instr = at(ir, next);
        if (instr->kind == I_RETURN && instr->left.kind == O_PLACE)
            result = instr->left.place;
        else if (instr->kind == I_BRANCH || instr->kind == I_STOP || instr->next <= next)
            return false;
        next = instr->next;
    }
    for (int i = 0; i < ir->code.count && result >= 0; i++)
        if (is_write(ir, at(ir, i), place) && at(ir, i)->dst >= 0 &&
            place_variable(ir, i, at(ir, i)->dst) == result)
            return true;
    return false;
}
