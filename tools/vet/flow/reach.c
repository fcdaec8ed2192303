#include "reach.h"

#include <stdlib.h>
#include <string.h>

struct search {
    const struct ir *ir;
    reach_fn *visit;
    void *data;
    unsigned char *seen;
    int *waiting, count;
    int set;      /* the place that is set on the paths that are followed; -1: all are */
    bool nonzero; /* it is only not 0 */
};

static void follow(struct search *search, int index)
{
    if (index < 0 || search->seen[index])
        return;
    search->seen[index] = 1;
    search->waiting[search->count++] = index;
}

/* Does this edge of the branch say that the place is a null pointer, or negative? */
static bool implies_unset(const struct instr *branch, int place, bool truth)
{
    if (place < 0 || branch->left.kind != O_PLACE || branch->left.place != place)
        return false;
    if (branch->right.kind == O_SYMBOL && strstr(branch->right.text, "FAILED")) /* of mmap */
        return branch->sign == (truth ? S2('=', '=') : S2('!', '='));
    if (branch->right.kind != O_NUMBER)
        return false;
    long right = branch->right.number;
    switch (branch->sign) {
    case S2('=', '='): return truth ? right <= 0 : false;
    case S2('!', '='): return truth ? false : right <= 0;
    case '<': return truth && right <= 0;
    case S2('>', '='):
    case '>': return !truth && right <= 0;
    default: return false;
    }
}

static bool implies_zero(const struct instr *branch, int place, bool truth)
{
    return branch->left.kind == O_PLACE && branch->left.place == place &&
           branch->right.kind == O_NUMBER && branch->right.number == 0 &&
           branch->sign == (truth ? S2('=', '=') : S2('!', '='));
}

static bool excluded(const struct search *search, const struct instr *branch, bool truth)
{
    return search->nonzero ? implies_zero(branch, search->set, truth)
                           : implies_unset(branch, search->set, truth);
}

static int run(struct search *search)
{
    while (search->count > 0) {
        int index = search->waiting[--search->count];
        const struct instr *instr = &search->ir->code.at[index];
        enum reach answer = search->visit(search->ir, index, search->data);
        if (answer == REACH_FOUND)
            return index;
        if (answer == REACH_STOP || instr->kind == I_RETURN || instr->kind == I_STOP)
            continue;
        if (instr->kind == I_BRANCH && !excluded(search, instr, false))
            follow(search, instr->other);
        if (instr->kind != I_BRANCH || !excluded(search, instr, true))
            follow(search, instr->next);
    }
    return -1;
}

int reach(const struct ir *ir, int from, reach_fn *visit, void *data)
{
    return reach_set(ir, from, -1, visit, data);
}

static int search_paths(struct search search, int from)
{
    size_t count = (size_t)search.ir->code.count;
    search.seen = calloc(count + 1, 1);
    search.waiting = malloc((count + 1) * sizeof(*search.waiting));
    int found = -1;
    if (search.seen && search.waiting) {
        follow(&search, from);
        found = run(&search);
    }
    free(search.seen);
    free(search.waiting);
    return found;
}

int reach_set(const struct ir *ir, int from, int place, reach_fn *visit, void *data)
{
    return search_paths((struct search){.ir = ir, .visit = visit, .data = data, .set = place},
                        from);
}

int reach_nonzero(const struct ir *ir, int from, int place, reach_fn *visit, void *data)
{
    return search_paths(
        (struct search){.ir = ir, .visit = visit, .data = data, .set = place, .nonzero = true},
        from);
}

static enum reach is_it(const struct ir *ir, int index, void *data)
{
    (void)ir;
    return index == *(int *)data ? REACH_FOUND : REACH_ON;
}

bool reaches(const struct ir *ir, int from, int to)
{
    const struct instr *instr = &ir->code.at[from];
    return reach(ir, instr->next, is_it, &to) >= 0 ||
           (instr->kind == I_BRANCH && reach(ir, instr->other, is_it, &to) >= 0);
}
