/* Variables with a cleanup, and goroutines of a group. */
#include "names.h"
#include "site_parts.h"

#include <string.h>

/* ---- variables with a cleanup ---------------------------------------------------------------------- */

static bool has_site(const site_vec *sites, int place)
{
    EACH (site, sites)
        if (site->place == place && !site->argument)
            return true;
    return false;
}

static void add_cleaned(struct ir *ir, site_vec *sites, int place)
{
    struct site *site = NULL;
    for (int i = 0; i < ir->code.count; i++) {
        const struct instr *instr = &ir->code.at[i];
        if (instr->kind != I_CALL || instr->implicit || place_variable(ir, i, instr->dst) != place)
            continue;
        if (!site) {
            site = ADD(ir->arena, sites);
            site->place = place;
            site->resource = place_is_pointer(ir, place) ? R_OBJECT : R_DESCRIPTOR;
        }
        struct acquisition *acquisition = ADD(ir->arena, &site->acquisitions);
        *acquisition = (struct acquisition){i, instr->dst, {0}, false, -2, false};
        acquisition->failing = failing_value(
            ir, i, instr->dst, site->resource == R_OBJECT ? FAILS_NULL : FAILS_NEGATIVE);
    }
}

static bool releases_value(const struct decl *decl)
{
    const char *name = decl->cleanup ? decl->cleanup : decl->attribute;
    if (strncmp(decl->attribute, "g_auto", 6) == 0)
        return true;
    return name_releases(name) == 2 || strstr(name, "auto") || name_releases(decl->attribute) == 2;
}

/* They are released in any case; but they may be returned before. */
void find_cleaned(struct ir *ir, site_vec *sites)
{
    for (int place = 0; place < ir->places.count; place++) {
        const struct place *at = &ir->places.at[place];
        if (at->kind == P_LOCAL && at->decl && at->decl->attribute && releases_value(at->decl) &&
            !has_site(sites, place))
            add_cleaned(ir, sites, place);
    }
}

/* ---- goroutines of a group ----------------------------------------------------------------------- */

static bool starts_task(const char *name)
{
    static const char *const names[] = {"lg_group_go",     "lg_group_go_owned", "lg_group_go_with",
                                        "lg_waitgroup_go", "lg_waitgroup_add",  NULL};
    return word_in(name, names);
}

/* lg_go(fetch, url, &group): the goroutine counts itself off. */
static bool goes_to_task(const char *name)
{
    static const char *const names[] = {"lg_go", "lg_go_thread", "lg_waitgroup_go", NULL};
    return word_in(name, names);
}

/* Does nothing but the library's functions and goroutines know the group? */
static bool stays_here(const struct ir *ir, int place)
{
    EACH (instr, &ir->code) {
        bool given = instr->kind == I_ASSIGN && instr->left.kind == O_ADDRESS &&
                     instr->left.place == place;
        for (int i = 0; instr->kind == I_CALL && i < instr->arg_count; i++)
            given |= instr->args[i].kind == O_ADDRESS && instr->args[i].place == place &&
                     (!instr->callee || strncmp(instr->callee, "lg_", 3) != 0 ||
                      (i > 0 && !goes_to_task(instr->callee)));
        if (given)
            return false;
    }
    return true;
}

void find_tasks(struct ir *ir, site_vec *sites)
{
    for (int i = 0; i < ir->code.count; i++) {
        const struct instr *instr = &ir->code.at[i];
        if (instr->kind != I_CALL || !instr->callee || !starts_task(instr->callee) ||
            instr->arg_count < 2 || instr->args[0].kind != O_ADDRESS)
            continue;
        int group = instr->args[0].place;
        if (ir->places.at[group].kind != P_LOCAL || !ir->places.at[group].decl ||
            !stays_here(ir, group))
            continue;
        struct site *site = NULL;
        EACH (known, sites)
            if (known->resource == R_TASKS && known->place == group)
                site = known;
        if (!site) {
            site = ADD(ir->arena, sites);
            site->place = group;
            site->resource = R_TASKS;
            site->argument = operand_text(ir, &instr->args[0]);
            site->acquire = instr->callee;
            site->release = strstr(instr->callee, "waitgroup") ? "lg_waitgroup_wait"
                                                               : "lg_group_wait";
        }
        struct acquisition *acquisition = ADD(ir->arena, &site->acquisitions);
        *acquisition = (struct acquisition){i, group, {0}, true, 2, false};
    }
}
