/* Statements, labels and temporaries of the intermediate form. */
#include "lower.h"

#include <stdio.h>

struct instr *emit(struct lowering *lowering, enum instr_kind kind, const struct expr *where)
{
    struct ir *ir = lowering->ir;
    struct instr *instr = ADD(lowering->arena, &ir->code);
    instr->kind = kind;
    instr->dst = instr->left.place = instr->right.place = instr->other = -1;
    instr->next = kind == I_RETURN || kind == I_STOP ? -1 : ir->code.count;
    instr->implicit = lowering->implicit;
    instr->deferred = lowering->deferred;
    instr->expr = where;
    if (where && where->line > 0) {
        instr->line = where->line;
        instr->column = where->column;
        instr->expanded = where->expanded;
        if (!lowering->implicit)
            lowering->line = where->line;
    } else {
        instr->line = lowering->line;
        instr->column = 1;
    }
    lowering->closed = kind == I_RETURN || kind == I_STOP;
    return instr;
}

int label_new(struct lowering *lowering)
{
    *ADD(lowering->arena, &lowering->labels) = -1;
    return lowering->labels.count - 1;
}

void label_here(struct lowering *lowering, int label)
{
    emit(lowering, I_JOIN, NULL);
    lowering->labels.at[label] = lowering->ir->code.count - 1;
}

/* Labels stand in `next` and `other` as -2 - label until all of them have their place. */
void emit_jump(struct lowering *lowering, int label)
{
    if (lowering->closed)
        return;
    emit(lowering, I_JOIN, NULL)->next = -2 - label;
    lowering->closed = true;
}

void emit_branch(struct lowering *lowering, struct operand left, int sign, struct operand right,
                 int yes, int no, const struct expr *where)
{
    struct instr *branch = emit(lowering, I_BRANCH, where);
    branch->left = left;
    branch->right = right;
    branch->sign = sign;
    branch->next = -2 - yes;
    branch->other = -2 - no;
    lowering->closed = true;
}

void emit_assign(struct lowering *lowering, int dst, struct operand value, const struct expr *where)
{
    struct instr *assign = emit(lowering, I_ASSIGN, where);
    assign->dst = dst;
    assign->left = value;
}

int temporary(struct lowering *lowering)
{
    char name[32];
    snprintf(name, sizeof(name), "$%d", lowering->temporaries++);
    return place_new(lowering->ir, P_TEMPORARY, intern_string(name));
}
