/* exit-pending: _exit does not flush what a stream of this function still buffers. */
#include "check.h"
#include "ir.h"
#include "model.h"
#include "names.h"
#include "reach.h"
#include "site_parts.h"

#include <string.h>

/* fopen(name, "w") of what is no device */
static bool opens_for_writing(const struct instr *call)
{
    static const char *const names[] = {"fopen", "fopen64", "fdopen", "g_fopen", NULL};
    if (call->kind != I_CALL || !call->callee || !word_in(call->callee, names) ||
        call->arg_count != 2 || call->args[1].kind != O_STRING)
        return false;
    const char *mode = call->args[1].text;
    bool device = call->args[0].kind == O_STRING && strstr(call->args[0].text, "/dev/");
    return !device && (mode[1] == 'w' || mode[1] == 'a');
}

static bool is_passed(const struct instr *call, int place)
{
    for (int i = 0; i < call->arg_count; i++)
        if (call->args[i].place == place)
            return true;
    return false;
}

static bool writes(const char *name)
{
    static const char *const names[] = {"fprintf", "fputs", "fputc",    "putc",
                                        "fwrite",  "puts",  "vfprintf", NULL};
    return word_in(name, names) || name_has(name, "write") || name_has(name, "print");
}

static bool ends_unflushed(const char *name)
{
    static const char *const names[] = {"_exit", "_Exit", "quick_exit", NULL};
    return word_in(name, names);
}

static enum reach find_write(const struct ir *ir, int index, void *data)
{
    int stream = *(int *)data;
    const struct instr *instr = at(ir, index);
    if (instr->kind != I_CALL || !instr->callee || !is_passed(instr, stream))
        return instr->dst == stream ? REACH_STOP : REACH_ON;
    return writes(instr->callee) ? REACH_FOUND : REACH_STOP;
}

static enum reach find_exit(const struct ir *ir, int index, void *data)
{
    int stream = *(int *)data;
    const struct instr *instr = at(ir, index);
    if (instr->dst == stream)
        return REACH_STOP;
    if (instr->kind != I_CALL || !instr->callee)
        return REACH_ON;
    if (ends_unflushed(instr->callee))
        return REACH_FOUND;
    if (strcmp(instr->callee, "fflush") == 0 && instr->arg_count == 1 &&
        instr->args[0].kind == O_NUMBER)
        return REACH_STOP; /* fflush(NULL) */
    return is_passed(instr, stream) && !writes(instr->callee) ? REACH_STOP : REACH_ON;
}

static bool forks(const struct ir *ir)
{
    EACH (instr, &ir->code)
        if (instr->kind == I_CALL && instr->callee &&
            (strstr(instr->callee, "fork") || strncmp(instr->callee, "exec", 4) == 0 ||
             strstr(instr->callee, "setvbuf") || strstr(instr->callee, "setbuf")))
            return true;
    return false;
}

static void check_stream(struct ir *ir, struct arena *arena, finding_vec *findings, int index)
{
    int stream = place_variable(ir, index, at(ir, index)->dst);
    if (stream < 0 || ir->places.at[stream].kind != P_LOCAL)
        return;
    int next = at(ir, index)->next;
    if (next >= 0 && at(ir, next)->kind == I_ASSIGN && at(ir, next)->dst == stream)
        next = at(ir, next)->next;
    int write = reach_set(ir, next, stream, find_write, &stream);
    int exit = write < 0 ? -1 : reach_set(ir, at(ir, write)->next, stream, find_exit, &stream);
    if (exit < 0)
        return;
    const struct instr *call = at(ir, exit);
    struct finding *finding = finding_at(ir, arena, findings, "exit-pending", LEVEL_SURE, call);
    finding->about = place_text(ir, stream);
    finding->message = arena_format(arena, "%s leaves without what '%s' still buffers",
                                    call->callee, place_text(ir, stream));
    finding_note(arena, finding, at(ir, write)->line, at(ir, write)->column, "written here");
    finding->advice = arena_format(arena, "close '%s' first, or call exit", place_text(ir, stream));
}

void check_unflushed(struct ir *ir, struct arena *arena, finding_vec *findings)
{
    if (forks(ir))
        return;
    for (int i = 0; i < ir->code.count; i++)
        if (opens_for_writing(at(ir, i)))
            check_stream(ir, arena, findings, i);
}
