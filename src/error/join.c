/* Joining errors without memory. */
#include "error/tree.h"

#include <stdlib.h>

#include "error/keep_errno.h"

static bool is_held(const lg_error *error)
{
    return !lgi_error_is_static(error) && ((const struct lgi_error_node *)error)->parent;
}

static void set_place(struct lgi_error_join *join, const lg_error *first)
{
    join->node.head.lgi_file = first->lgi_file;
    join->node.head.lgi_line = first->lgi_line;
}

static void add_spare(struct lgi_error_join *join, struct lgi_error_cell *cell)
{
    cell->next = join->spare;
    join->spare = cell;
}

static struct lgi_error_block *new_block(void)
{
    LGI_KEEP_ERRNO;
    struct lgi_error_block *block = calloc(1, sizeof(*block));
    return block;
}

static void add_block(struct lgi_error_join *join, struct lgi_error_block *block)
{
    block->next = join->blocks;
    join->blocks = block;
    add_spare(join, &block->cells[0]);
    add_spare(join, &block->cells[1]);
}

/* Makes sure that `member`, which is not a join, will find a cell in the join: its own, or for a
 * static error a spare. */
static bool provide_cell(struct lgi_error_join *join, const lg_error *member)
{
    if (!lgi_error_is_static(member) || join->spare)
        return true;
    struct lgi_error_block *block = new_block();
    if (block)
        add_block(join, block);
    return block != NULL;
}

static void insert(struct lgi_error_join *join, lg_error *member, bool in_front)
{
    struct lgi_error_single *single = lgi_error_own_single(member);
    struct lgi_error_cell *cell;
    if (single) {
        cell = &single->own;
        single->node.parent = &join->node;
    } else {
        cell = join->spare;
        join->spare = cell->next;
        cell->error = member;
    }
    cell->next = in_front ? join->first : NULL;
    if (!join->first)
        join->first = join->last = cell;
    else if (in_front)
        join->first = cell;
    else
        join->last = join->last->next = cell;
    join->count++;
    if (single)
        add_spare(join, &single->spare);
}

/* Moves what `other` holds to the front or the end of `join`, in time in the length of `other`. */
static void absorb(struct lgi_error_join *join, struct lgi_error_join *other, bool in_front)
{
    for (struct lgi_error_cell *cell = other->first; cell; cell = cell->next)
        lgi_error_set_parent(cell->error, &join->node);
    if (in_front) {
        other->last->next = join->first;
        join->first = other->first;
    } else {
        join->last->next = other->first;
        join->last = other->last;
    }
    join->count += other->count;

    /* Neither list is longer than the list of members. */
    struct lgi_error_cell **spare = &other->spare;
    while (*spare)
        spare = &(*spare)->next;
    *spare = join->spare;
    join->spare = other->spare;
    struct lgi_error_block **block = &other->blocks;
    while (*block)
        block = &(*block)->next;
    *block = join->blocks;
    join->blocks = other->blocks;
}

/* An empty join for two errors that are none, with all the cells they will need; NULL if there is
 * no memory. */
static struct lgi_error_join *new_join(lg_error *first, lg_error *second)
{
    struct lgi_error_single *one = lgi_error_own_single(first);
    struct lgi_error_single *two = lgi_error_own_single(second);
    struct lgi_error_block *block = NULL;
    struct lgi_error_join *join;
    if (one || two) {
        join = one ? &one->join : &two->join;
    } else {
        block = new_block();
        if (!block)
            return NULL;
        join = &block->join;
    }
    *join = (struct lgi_error_join){
        .node.head = {.lgi_message = "several errors", .lgi_form = LGI_ERROR_JOIN},
    };
    set_place(join, first);
    if (block)
        add_block(join, block);
    return join;
}

lg_error *lg_error_join(lg_error *first, lg_error *second)
{
    if (!second || first == second)
        return first;
    if (!first)
        return second;
    /* One tree cannot hold an error twice, nor two trees hold it: it would be freed twice. */
    if (is_held(second))
        return first;
    if (is_held(first))
        return second;

    struct lgi_error_join *left = lgi_error_own_join(first);
    struct lgi_error_join *right = lgi_error_own_join(second);
    if (left && right) {
        if (left->count >= right->count) {
            absorb(left, right, false);
            return first;
        }
        absorb(right, left, true);
        set_place(right, first);
        return second;
    }
    if (left && provide_cell(left, second)) {
        insert(left, second, false);
        return first;
    }
    if (right && provide_cell(right, first)) {
        insert(right, first, true);
        set_place(right, first);
        return second;
    }
    struct lgi_error_join *join = left || right ? NULL : new_join(first, second);
    if (!join) {
        lg_error_free(second);
        return first;
    }
    if (lgi_error_own_single(first)) {
        insert(join, first, false);
        insert(join, second, false);
    } else {
        /* The spare cell that `first` takes comes with `second`, if it does not come with the join.
         */
        insert(join, second, false);
        insert(join, first, true);
    }
    return &join->node.head;
}

void lg_error_join_into(lg_error **result, lg_error *error)
{
    if (result)
        *result = lg_error_join(*result, error);
    else
        lg_error_free(error);
}
