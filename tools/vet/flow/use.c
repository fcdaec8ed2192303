#include "use.h"

#include "model.h"
#include "names.h"

#include <string.h>

/* dup2(other, fd) makes the number a descriptor again. */
static bool is_target(const struct instr *use, int place)
{
    return use->callee && strncmp(use->callee, "dup", 3) == 0 && use->arg_count > 1 &&
           use->args[1].place == place && use->args[0].place != place;
}

bool use_fills_again(const struct instr *use, int place)
{
    return use->callee && use->arg_count > 0 && use->args[0].place == place &&
           (name_has(use->callee, "alloc") || name_has(use->callee, "init") ||
            name_has(use->callee, "reinit") || name_has(use->callee, "open"));
}

static bool is_closed(const struct ir *ir, const struct instr *release, int place)
{
    const struct place *at = &ir->places.at[place];
    const struct type *type = at->decl        ? &at->decl->type
                              : at->parameter ? &at->parameter->type
                                              : NULL;
    return release->callee && name_has(release->callee, "close") && type && type->stars == 0 &&
           type->count > 0 && strstr(type->words[type->count - 1], "int") != NULL;
}

bool use_works_on_descriptor(const struct instr *use)
{
    return use->callee && (model_uses_descriptor(use->callee) || name_works_on(use->callee));
}

bool use_counts(const struct ir *ir, const struct instr *use, const struct instr *release,
                int place)
{
    if (is_target(use, place) || use_fills_again(use, place))
        return false;
    if (use->callee && name_is_constant(use->callee))
        return false; /* TRACE(freed, p) */
    /* The number of a closed descriptor is still a number, to print and to compare. */
    return !is_closed(ir, release, place) || use_works_on_descriptor(use);
}

/* Is the place the first argument of a call whose name has one of these words? */
static bool is_passed(const struct instr *use, int place, const char *const *words)
{
    return use->kind == I_CALL && use->callee && use->arg_count > 0 &&
           use->args[0].place == place && name_has_any(use->callee, words);
}

bool use_references(const struct instr *use, int place)
{
    static const char *const words[] = {"ref", "addref", "incref", "retain", "hold", "grab", NULL};
    return is_passed(use, place, words);
}

static bool gives_back_reference(const struct instr *use, int place)
{
    static const char *const words[] = {"unref", "decref", NULL};
    return is_passed(use, place, words);
}

bool use_takes_reference(const struct ir *ir, int place)
{
    EACH (instr, &ir->code)
        if (use_references(instr, place))
            return true;
    return false;
}

bool use_has_references(const struct ir *ir, int place)
{
    EACH (instr, &ir->code)
        if (use_references(instr, place) || gives_back_reference(instr, place))
            return true;
    return false;
}
