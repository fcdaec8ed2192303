/* leak: the list that scandir made is freed without its entries, which scandir has allocated one by one. */
#include "check.h"
#include "harness.h"
#include "model.h"
#include "names.h"
#include "reach.h"
#include "walk.h"

#include <string.h>

static bool frees(const struct instr *call)
{
    return call->kind == I_CALL && call->callee && call->arg_count > 0 &&
           name_releases(call->callee) == 2;
}

/* qsort(names, count, …) */
static bool only_reads(const char *callee)
{
    return callee && model_known_harmless(callee);
}

/* Is the place names[i], *names or names[i]->d_name? */
static bool is_entry(const struct ir *ir, int place, int list)
{
    return place >= 0 && place != list && place_within(ir, place, list);
}

static bool is_whole_entry(const struct ir *ir, int place, int list)
{
    return place >= 0 && ir->places.at[place].kind == P_PART && ir->places.at[place].parent == list;
}

/* May this statement release an entry, or give it or the whole list to somebody? */
static bool hands_on(const struct ir *ir, const struct instr *instr, int list)
{
    if ((instr->kind == I_ASSIGN || instr->kind == I_RETURN) && instr->left.place >= 0 &&
        (instr->left.place == list || is_whole_entry(ir, instr->left.place, list)))
        return true;
    for (int i = 0; instr->kind == I_CALL && i < instr->arg_count; i++) {
        int place = instr->args[i].place;
        bool entry = is_whole_entry(ir, place, list);
        if (frees(instr) ? is_entry(ir, place, list)
                         : (entry || place == list) && !only_reads(instr->callee))
            return true;
    }
    return false;
}

static void check_scanned(struct ir *ir, struct arena *arena, finding_vec *findings, int index)
{
    const struct instr *scan = at(ir, index);
    int list = scan->args[scan->arg_count > 4 ? 2 : 1].place;
    if (list < 0 || ir->places.at[list].kind != P_LOCAL)
        return;
    int end = -1;
    for (int i = 0; i < ir->code.count; i++) {
        const struct instr *instr = at(ir, i);
        bool frees_list = frees(instr) && instr->args[0].place == list;
        if (i != index && hands_on(ir, instr, list))
            return;
        if (frees_list && end < 0 && reaches(ir, index, i))
            end = i;
    }
    if (end < 0)
        return;
    struct finding *finding = finding_at(ir, arena, findings, "leak", LEVEL_SURE, at(ir, end));
    finding->about = place_text(ir, list);
    finding->message = arena_format(arena, "'%s' is freed, but not the entries in it",
                                    finding->about);
    finding_note(arena, finding, scan->line, scan->column, "'%s' allocates each entry",
                 scan->callee);
    finding->advice = arena_format(arena, "call free(%s[i]) for each entry first", finding->about);
}

void check_entries(struct ir *ir, struct arena *arena, finding_vec *findings)
{
    static const char *const names[] = {"scandir", "scandir64", "scandirat", NULL};
    if (strcmp(ir->function->name, "main") == 0 || is_of_test(ir))
        return;
    for (int i = 0; i < ir->code.count; i++) {
        const struct instr *call = at(ir, i);
        if (call->kind == I_CALL && call->callee && word_in(call->callee, names) &&
            call->arg_count >= 4)
            check_scanned(ir, arena, findings, i);
    }
}
