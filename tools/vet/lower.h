/* What the two halves of lowering share. */
#ifndef VET_LOWER_H
#define VET_LOWER_H

#include "ir.h"

struct pending {
    const struct decl *decl; /* a variable with a cleanup, at `place` */
    int place;
    struct stmt *deferred; /* or a deferred statement */
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
};

int label_new(struct lowering *lowering);
void label_here(struct lowering *lowering, int label);
struct instr *emit(struct lowering *lowering, enum instr_kind kind, const struct expr *where);
void emit_jump(struct lowering *lowering, int label);
void emit_assign(struct lowering *lowering, int dst, struct operand value,
                 const struct expr *where);
void emit_branch(struct lowering *lowering, struct operand left, int sign, struct operand right,
                 int yes, int no, const struct expr *where);

struct operand lower_expr(struct lowering *lowering, const struct expr *expr);
void lower_into(struct lowering *lowering, int dst, const struct expr *expr);
void lower_condition(struct lowering *lowering, const struct expr *expr, int yes, int no);
int place_of(struct lowering *lowering, const struct expr *expr); /* -1: none */
int variable(struct lowering *lowering, const char *name);
void lower_stmt(struct lowering *lowering, const struct stmt *stmt);
void lower_return(struct lowering *lowering, const struct expr *value, const struct expr *where);
void lower_goto(struct lowering *lowering, const char *name, const struct expr *where);
int temporary(struct lowering *lowering);

#endif
