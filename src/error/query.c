/* Walking a tree of errors, and looking for something in it. */
#include "error/share.h"
#include "escape.h"
#include "tree.h"

/* From the last member of a join up to the nearest join around it in which more may follow. */
static void climb(struct lgi_error_walk *walk)
{
    const struct lgi_error_node *node = &walk->join->node;
    size_t depth = walk->member_depth - 1;
    walk->join = NULL;
    walk->cell = NULL;
    for (; &node->head != walk->root; node = node->parent, depth--) {
        const struct lgi_error_join *join = lgi_error_join(&node->parent->head);
        if (join) {
            walk->join = join;
            walk->cell = &lgi_error_single(&node->head)->own;
            walk->member_depth = depth;
            return;
        }
    }
}

void lgi_error_walk_next(struct lgi_error_walk *walk)
{
    const struct lgi_error_single *single = lgi_error_single(walk->at);
    const struct lgi_error_join *join = lgi_error_join(walk->at);
    if (single && single->cause) {
        walk->at = single->cause;
        walk->depth++;
        return;
    }
    if (join) {
        walk->join = join;
        walk->cell = join->first;
        walk->member_depth = walk->depth + 1;
    } else {
        while (walk->cell && !walk->cell->next)
            climb(walk);
        if (walk->cell)
            walk->cell = walk->cell->next;
    }
    walk->at = walk->cell ? walk->cell->error : NULL;
    walk->depth = walk->member_depth;
}

bool lg_error_is(const lg_error *error, const lg_error *target)
{
    if (!target)
        return !error;
    struct lgi_error_walk walk = lgi_error_walk(error);
    for (; walk.at; lgi_error_walk_next(&walk)) {
        if (walk.at == target)
            return true;
        const struct lgi_error_single *single = lgi_error_single(walk.at);
        if (single && single->kind && single->kind->is && single->kind->is(single->payload, target))
            return true;
    }
    return false;
}

bool lg_error_is_errno(const lg_error *error, int errno_value)
{
    if (errno_value == 0)
        return false;
    struct lgi_error_walk walk = lgi_error_walk(error);
    for (; walk.at; lgi_error_walk_next(&walk))
        if (walk.at->lgi_errno == errno_value ||
            lg_error_is_errno(lgi_error_shared(walk.at), errno_value))
            return true;
    return false;
}

int lg_error_errno(const lg_error *error)
{
    struct lgi_error_walk walk = lgi_error_walk(error);
    for (; walk.at; lgi_error_walk_next(&walk))
        if (walk.at->lgi_errno != 0)
            return walk.at->lgi_errno;
    return 0;
}

const lg_error *lg_error_find(const lg_error *error, const lg_error_kind *kind)
{
    if (!kind)
        return NULL;
    struct lgi_error_walk walk = lgi_error_walk(error);
    for (; walk.at; lgi_error_walk_next(&walk)) {
        const struct lgi_error_single *single = lgi_error_single(walk.at);
        if (single && single->kind == kind)
            return walk.at;
        const lg_error *found = lg_error_find(lgi_error_shared(walk.at), kind);
        if (found)
            return found;
    }
    return NULL;
}

const void *lg_error_as(const lg_error *error, const lg_error_kind *kind)
{
    const struct lgi_error_single *single = lgi_error_single(lg_error_find(error, kind));
    return single ? single->payload : NULL;
}

const char *lg_error_message(const lg_error *error)
{
    return error ? error->lgi_message : "no error";
}

const char *lg_error_file(const lg_error *error)
{
    if (!error)
        return "";
    return lgi_is_own_source(error->lgi_file) ? LGI_OWN_SOURCE : error->lgi_file;
}

int lg_error_line(const lg_error *error)
{
    return error && !lgi_is_own_source(error->lgi_file) ? error->lgi_line : 0;
}

const lg_error *lg_error_cause(const lg_error *error)
{
    const struct lgi_error_single *single = lgi_error_single(error);
    return single ? single->cause : NULL;
}

lg_error_cursor lg_error_children(const lg_error *error)
{
    const struct lgi_error_join *join = lgi_error_join(error);
    return (lg_error_cursor){.lgi_one = lg_error_cause(error),
                             .lgi_rest = join ? join->first : NULL};
}

const lg_error *lg_error_next(lg_error_cursor *cursor)
{
    const lg_error *child = cursor->lgi_one;
    const struct lgi_error_cell *cell = cursor->lgi_rest;
    if (cell) {
        child = cell->error;
        cursor->lgi_rest = cell->next;
    }
    cursor->lgi_one = NULL;
    return child;
}
