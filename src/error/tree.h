/* How errors are laid out, and how a tree of them is walked. For the room `error` only. */
#ifndef LG_ERROR_TREE_H
#define LG_ERROR_TREE_H

#include <errno.h>
#include <lifoguard/error.h>

enum lgi_error_form {
    LGI_ERROR_STATIC = 0, /* just an lg_error, as LG_ERROR_DEFINE makes it */
    LGI_ERROR_SINGLE = 1, /* struct lgi_error_single */
    LGI_ERROR_JOIN = 2,   /* struct lgi_error_join */
};

/* What allocated errors have in common. */
struct lgi_error_node {
    lg_error head;
    struct lgi_error_node
        *parent; /* who holds it, NULL: nobody. While a tree is being freed: the next to free */
    struct lgi_error_node *link;
};

/* A place in a join's list. Static errors have no member for it, so it stands apart from the error.
 */
struct lgi_error_cell {
    struct lgi_error_cell *next;
    lg_error *error;
};

/*
 * Joining must not need memory, so each single error carries in advance what a join of it with
 * another one takes: the join itself, its own cell, and one for a static error beside it. Only when
 * static errors are in the majority (or alone) is a block allocated.
 */
struct lgi_error_join {
    struct lgi_error_node node;
    struct lgi_error_cell *first, *last;
    struct lgi_error_cell *spare;   /* cells of members or blocks that hold nothing yet */
    struct lgi_error_block *blocks; /* to be freed with the join, and one of them may contain it */
    size_t count;
};

struct lgi_error_block {
    struct lgi_error_block *next;
    struct lgi_error_join join;
    struct lgi_error_cell cells[2];
};

struct lgi_error_single {
    struct lgi_error_node node;
    lg_error *cause;
    const lg_error_kind *kind;
    void *payload;
    struct lgi_error_cell own;
    struct lgi_error_cell spare;
    struct lgi_error_join join;
    char text[]; /* the message */
};

static inline bool lgi_error_is_static(const lg_error *error)
{
    return error->lgi_form == LGI_ERROR_STATIC;
}

/* What an error is in full; NULL if it is not of that form. The second two are for those who own
 * it. */
static inline const struct lgi_error_single *lgi_error_single(const lg_error *error)
{
    return error && error->lgi_form == LGI_ERROR_SINGLE ? (const struct lgi_error_single *)error
                                                        : NULL;
}

static inline const struct lgi_error_join *lgi_error_join(const lg_error *error)
{
    return error && error->lgi_form == LGI_ERROR_JOIN ? (const struct lgi_error_join *)error : NULL;
}

static inline struct lgi_error_single *lgi_error_own_single(lg_error *error)
{
    return error && error->lgi_form == LGI_ERROR_SINGLE ? (struct lgi_error_single *)error : NULL;
}

static inline struct lgi_error_join *lgi_error_own_join(lg_error *error)
{
    return error && error->lgi_form == LGI_ERROR_JOIN ? (struct lgi_error_join *)error : NULL;
}

static inline void lgi_error_set_parent(lg_error *error, struct lgi_error_node *parent)
{
    if (!lgi_error_is_static(error))
        ((struct lgi_error_node *)error)->parent = parent;
}

/*
 * A walk through a tree, depth first, each error before what it holds:
 *
 *     struct lgi_error_walk walk = lgi_error_walk(root);
 *     for (; walk.at; lgi_error_walk_next(&walk))
 *
 * It takes constant memory: the way back up goes through the parents, which every member of a join
 * and every join has.
 */
struct lgi_error_walk {
    const lg_error *root;
    const lg_error *at;
    size_t depth; /* of `at`; the root's is 0 */
    const struct lgi_error_join
        *join; /* the innermost join that `at` is in, within the tree; or NULL */
    const struct lgi_error_cell *cell; /* where in that join */
    size_t member_depth;               /* of that join's members */
};

static inline struct lgi_error_walk lgi_error_walk(const lg_error *root)
{
    return (struct lgi_error_walk){.root = root, .at = root};
}

void lgi_error_walk_next(struct lgi_error_walk *walk);

/* As lg_error_print_tree, behind `indent` spaces, to a stream that the caller has locked. */
void lgi_error_print_tree_at(const lg_error *error, FILE *file, int indent);

#endif
