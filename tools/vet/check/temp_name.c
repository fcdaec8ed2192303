/* temp-file, beside what the engine finds: a temporary file whose name nobody uses any more. */
#include "check.h"
#include "names.h"
#include "reach.h"

#include <string.h>

/* char name[] = "/tmp/fileXXXXXX"; fd = mkstemp(name); and then nothing that names it: who could remove it? */
static bool makes_temporary(const struct instr *call)
{
    static const char *const names[] = {"mkstemp", "mkostemp",  "mkstemps",  "mkostemps",
                                        "mkdtemp", "g_mkstemp", "mkstemp64", NULL};
    return call->kind == I_CALL && !call->implicit && !call->indirect && call->callee &&
           word_in(call->callee, names) && call->arg_count > 0 && call->args[0].kind == O_PLACE;
}

static void check_forgotten(struct ir *ir, struct arena *arena, finding_vec *findings, int index)
{
    const struct instr *call = at(ir, index);
    int place = makes_temporary(call) ? call->args[0].place : -1;
    if (place < 0 || ir->places.at[place].kind != P_LOCAL || !place_is_array(ir, place) ||
        ir->places.at[place].decl->attribute)
        return;
    bool folder = strstr(call->callee, "mkdtemp") != NULL;
    EACH (instr, &ir->code) {
        if (instr == call || !reaches(ir, index, (int)(instr - ir->code.at)))
            continue;
        if (instr_uses(instr, place) || (folder && instr_uses(instr, call->dst)))
            return;
    }
    for (int i = 0; i < ir->places.count; i++)
        if (i != place && place_within(ir, i, place))
            return; /* an expression or an element of it */
    struct finding *finding = finding_at(ir, arena, findings, "temp-file", LEVEL_SURE, call);
    finding->about = place_text(ir, place);
    finding->message = arena_format(arena, "nothing ever removes the file '%s' that %s makes",
                                    place_text(ir, place), call->callee);
    finding->advice = arena_format(arena, "call unlink(%s), at once if only the descriptor is used",
                                   place_text(ir, place));
}

void check_temporary_names(struct ir *ir, struct arena *arena, finding_vec *findings)
{
    for (int i = 0; i < ir->code.count; i++)
        check_forgotten(ir, arena, findings, i);
}
