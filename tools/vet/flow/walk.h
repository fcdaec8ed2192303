/* Visits the statements and expressions of a function in the order of the source, and knows which variables, deferred
 * calls and guards are alive at each. */
#ifndef VET_WALK_H
#define VET_WALK_H

#include "finding.h"
#include "ir.h"

/* A variable, or something that runs when its block is left. */
struct live {
    const struct decl *decl; /* NULL: a deferred call, a scope, a group or a guard */
    const struct stmt *stmt; /* what declares it */
    const char *name;        /* NULL: none */
    int line, column;
    bool runs; /* when its block is left, something runs */
};

typedef VEC(struct live) live_vec;

struct walk {
    struct ir *ir;
    struct arena *arena;
    finding_vec *findings;
    live_vec live;
    VEC(const struct stmt *) around; /* the statements around, outermost first */
    void (*statement)(struct walk *, const struct stmt *);  /* before what is in it; may be NULL */
    void (*expression)(struct walk *, const struct expr *); /* may be NULL */
    void *data;
};

void walk_function(struct walk *walk);
/* Only the expressions of a statement and of those in it, or of an expression. */
typedef void expression_fn(void *data, const struct expr *expr);
void each_expression(const struct stmt *stmt, expression_fn *visit, void *data);
void each_within(const struct expr *expr, expression_fn *visit, void *data);

/* For these: whether a variable is named. */
struct mention {
    const char *name;
    bool found;
};
void ask_mention(void *mention, const struct expr *expr);

/* Is the statement one of those around the present one? */
bool walk_inside(const struct walk *walk, const struct stmt *stmt);
/* The innermost loop around; NULL: none. */
const struct stmt *walk_loop(const struct walk *walk);
const struct live *live_find(const live_vec *live, const char *name);
struct finding *walk_report(struct walk *walk, const char *check, int line, int column);

/* x, &x, (T)x: the name x. NULL for anything else. */
const char *expr_name(const struct expr *expr);
/* The variable that an lvalue without pointers is a part of: x.field[2] is a part of x. */
const char *expr_root(const struct expr *expr);
bool expr_is_address(const struct expr *expr); /* &x */
bool expr_is_null(const struct expr *expr);    /* NULL, 0 */
bool calls(const struct expr *expr, const char *name);
const struct expr *call_argument(const struct expr *call, int index); /* NULL: none */
/* The call that a statement consists of, or its value is; NULL: none. */
const struct expr *call_of(const struct stmt *stmt);
const struct function *function_of(const struct ir *ir, const char *name);

#endif
