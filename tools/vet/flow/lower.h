/* What the two halves of lowering share. */
#ifndef VET_LOWER_H
#define VET_LOWER_H

#include "ir.h"

#define DEEPEST 200 /* of expressions within each other */

struct pending {
    const struct decl *decl; /* a variable with a cleanup, at `place` */
    int place;
    const struct stmt *deferred; /* or a deferred statement */
    const char *guard;           /* or guard(class)(&lock): the class */
    const struct expr *lock;
    const char *name; /* of lg_defer_as, or of the lg_scope that holds the call */
    int flag;         /* a place that is not 0 while the call is pending; -1: always pending */
};

struct binding {
    const char *name;
    int place;
};

struct scope {
    struct scope *outer;
    const struct stmt *block;
    VEC(struct pending) pending;
    VEC(struct binding) names;
    int break_to, continue_to; /* labels; -1: those of the scope outside */
    bool is_function;
};

struct lowering {
    struct ir *ir;
    struct arena *arena;
    struct scope *scope;
    VEC(int) labels;   /* label to instruction */
    struct map gotos;  /* label name to label number + 1 */
    struct map blocks; /* label name to the struct label_path it stands in */
    int temporaries;
    bool closed; /* the last instruction does not go on */
    bool implicit, deferred;
    int depth;
    const struct switch_cases *cases;
    int line;
    int outcome; /* of the return that is lowered: OUTCOME_… */
};

/* Does the function succeed, in the sense of lg_defer_on_error? */
enum { OUTCOME_UNKNOWN, OUTCOME_SUCCESS, OUTCOME_FAILURE };

static inline struct operand unknown(void)
{
    return (struct operand){.kind = O_UNKNOWN, .place = -1};
}

static inline struct operand number(long n)
{
    return (struct operand){.kind = O_NUMBER, .place = -1, .number = n};
}

static inline struct operand at_place(int place)
{
    return place < 0 ? unknown() : (struct operand){.kind = O_PLACE, .place = place};
}

/* lower_emit.c */
int label_new(struct lowering *lowering);
void label_here(struct lowering *lowering, int label);
struct instr *emit(struct lowering *lowering, enum instr_kind kind, const struct expr *where);
void emit_jump(struct lowering *lowering, int label);
void emit_assign(struct lowering *lowering, int dst, struct operand value,
                 const struct expr *where);
void emit_branch(struct lowering *lowering, struct operand left, int sign, struct operand right,
                 int yes, int no, const struct expr *where);
int temporary(struct lowering *lowering);

struct operand lower_expr(struct lowering *lowering, const struct expr *expr);
void lower_into(struct lowering *lowering, int dst, const struct expr *expr);
void lower_condition(struct lowering *lowering, const struct expr *expr, int yes, int no);
int place_of(struct lowering *lowering, const struct expr *expr); /* -1: none */
int variable(struct lowering *lowering, const char *name);
void lower_stmt(struct lowering *lowering, const struct stmt *stmt);
void lower_return(struct lowering *lowering, const struct expr *value, const struct expr *where);
void run_pending(struct lowering *lowering, const struct pending *pending);
void lower_goto(struct lowering *lowering, const char *name, const struct expr *where);

bool known_variable(const struct lowering *lowering, const char *name);
struct operand value_of(struct lowering *lowering, const char *name, const struct operand *parts,
                        int count);
bool is_comparison(int sign);

/* lower_call.c: the result goes to `dst`, or to a new temporary if it is negative. */
struct operand lower_call(struct lowering *lowering, const struct expr *call, int dst);

/* Runs what is pending in the scopes from the innermost out, up to but without `until`. */
void leave_scopes(struct lowering *lowering, const struct scope *until);

/* lower_defer.c */
void lower_defer(struct lowering *lowering, const struct stmt *stmt);
/* Does it depend on the success of the function: lg_defer_on_error, lg_defer_on_success? */
bool pending_depends(const struct pending *pending);
/* Runs one pending call, unless it was dismissed or is not due. */
void run_if_pending(struct lowering *lowering, const struct pending *pending);
/* lg_scope, lg_deferred_dismiss, lg_scope_run …: returns false if the call is none of these. */
bool lower_defer_call(struct lowering *lowering, const struct expr *call);
/* guard(mutex)(&lock); and scoped_guard(mutex, &lock) { }. */
bool lower_guard(struct lowering *lowering, const struct expr *call);
bool lower_scoped_guard(struct lowering *lowering, const struct expr *call);
void release_guard(struct lowering *lowering, const struct pending *pending);

#endif
