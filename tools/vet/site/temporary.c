/* Temporary files: they are there until they are removed or renamed. */
#include "site_parts.h"

#include "names.h"

#include <string.h>

static bool makes_temporary(const char *name)
{
    return strstr(name, "mkstemp") || strstr(name, "mkostemp") || strstr(name, "mkdtemp") ||
           strstr(name, "mktmp") ||
           (strstr(name, "open_tmpfile_linkable") && strncmp(name, "glnx", 4) != 0) ||
           strstr(name, "fopen_temporary");
}

static void add_temporary(struct ir *ir, site_vec *sites, int index, int name,
                          struct failing failing)
{
    struct site *site = ADD(ir->arena, sites);
    site->place = name;
    site->resource = R_TEMPORARY;
    site->argument = site->acquire = ir->code.at[index].callee;
    struct acquisition *acquisition = ADD(ir->arena, &site->acquisitions);
    *acquisition = (struct acquisition){index, name, failing, true, 2, false};
}

/* Is the place the first argument of a function with one of these words in its name? */
static bool is_passed(const struct ir *ir, const char *words, int place)
{
    EACH (instr, &ir->code)
        if (instr->kind == I_CALL && instr->callee && instr->arg_count > 0 &&
            instr->args[0].kind == O_PLACE && instr->args[0].place == place &&
            ((strstr(words, "rename") && name_has(instr->callee, "rename")) ||
             (strstr(words, "unlink") &&
              (name_has(instr->callee, "unlink") || strcmp(instr->callee, "remove") == 0))))
            return true;
    return false;
}

/* The place that the call opens under a name of this function: fopen(name, "w"), open_scratch(&file, path, &name); -1: none. */
static int name_opened(const struct instr *call)
{
    static const char *const opens[] = {"open", "open64", "fopen", "creat", NULL};
    if (word_in(call->callee, opens)) {
        bool creates = strcmp(call->callee, "creat") == 0 || call->arg_count == 3;
        if (strcmp(call->callee, "fopen") == 0 && call->arg_count == 2)
            creates = call->args[1].kind == O_STRING && call->args[1].text[1] == 'w';
        return creates && call->args[0].kind == O_PLACE ? call->args[0].place : -1;
    }
    const struct operand *last = call->arg_count > 1 ? &call->args[call->arg_count - 1] : NULL;
    bool opens_it = strstr(call->callee, "open") != NULL && !makes_temporary(call->callee);
    return last && opens_it && last->kind == O_ADDRESS ? last->place : -1;
}

static bool returns_truth(const struct ir *ir, int place)
{
    const struct decl *decl = place >= 0 ? ir->places.at[place].decl : NULL;
    return decl && decl->type.count > 0 &&
           strstr(decl->type.words[decl->type.count - 1], "bool") != NULL;
}

/* open(name, O_CREAT | O_EXCL, …), with a name in an array of this function: it is new, as a lock file. */
static bool opens_new(const struct ir *ir, const struct instr *call)
{
    const struct operand *flags = call->arg_count == 3 ? &call->args[1] : NULL;
    return flags && flags->kind == O_PLACE && place_is_array(ir, call->args[0].place) &&
           strstr(ir->places.at[flags->place].text, "O_EXCL") != NULL;
}

/* snprintf(name, …, "%s.tmp", path); f = fopen(name, "w"); … rename(name, path); that the function also removes. */
static void find_named_temporary(struct ir *ir, site_vec *sites, int index)
{
    const struct instr *call = &ir->code.at[index];
    int name = name_opened(call);
    if (name < 0 || ir->places.at[name].kind != P_LOCAL ||
        !(is_passed(ir, "rename", name) || opens_new(ir, call)) ||
        !is_passed(ir, "unlink remove", name))
        return;
    int held = place_variable(ir, index, call->dst);
    bool stream = strcmp(call->callee, "fopen") == 0;
    bool status = call->args[0].place != name;
    struct failing failing = status ? failing_status(ir, index, call->dst, name)
                                    : failing_value(ir, index, held,
                                                    stream ? FAILS_NULL : FAILS_NEGATIVE);
    bool zero = failing.right.kind == O_NUMBER && failing.right.number == 0;
    if (status && zero && !returns_truth(ir, held) &&
        (failing.sign == S2('!', '=') || failing.sign == S2('=', '=')))
        failing.truth = failing.sign == S2('!', '='); /* if (!result) …: a status */
    add_temporary(ir, sites, index, name, failing);
}

/* lg_adopt(&scope, mkdtemp(folder), rmdir): the scope removes the folder. */
static bool is_adopted(const struct ir *ir, const struct instr *made)
{
    EACH (call, &ir->code)
        if (call->kind == I_CALL && call->callee && strncmp(call->callee, "lg_adopt", 8) == 0)
            for (int i = 0; i < call->arg_count; i++)
                if (made->dst >= 0 && call->args[i].place == made->dst)
                    return true;
    return false;
}

/* mkstemp(name): the file is there until it is removed or renamed. */
void find_temporaries(struct ir *ir, site_vec *sites)
{
    for (int i = 0; i < ir->code.count; i++) {
        const struct instr *instr = &ir->code.at[i];
        if (instr->kind == I_CALL && instr->callee && !instr->implicit)
            find_named_temporary(ir, sites, i);
        if (instr->kind != I_CALL || !instr->callee || !makes_temporary(instr->callee) ||
            is_adopted(ir, instr))
            continue;
        int name = -1;
        for (int k = 0; k < instr->arg_count; k++)
            if (instr->args[k].place >= 0 && (instr->args[k].kind == O_ADDRESS || k == 0))
                name = name < 0 || k > 0 ? instr->args[k].place : name;
        if (name < 0)
            continue;
        struct failing failing = strstr(instr->callee, "mkdtemp")
                                     ? failing_value(ir, i, instr->dst, FAILS_NULL)
                                 : strstr(instr->callee, "temp")
                                     ? failing_value(ir, i, instr->dst, FAILS_NEGATIVE)
                                     : failing_status(ir, i, instr->dst, name);
        add_temporary(ir, sites, i, name, failing);
    }
}
