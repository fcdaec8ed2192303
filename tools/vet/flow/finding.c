#include "ir.h"

struct finding *finding_at(const struct ir *ir, struct arena *arena, finding_vec *findings,
                           const char *check, enum level level, const struct instr *instr)
{
    return finding_add(arena, findings, check, level, ir->unit->path, ir->function->name,
                       instr->line, instr->column);
}
