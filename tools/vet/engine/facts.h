/* What is known of the values of places on a path: signs, and equality with one constant. */
#ifndef VET_FACTS_H
#define VET_FACTS_H

#include "ir.h"

enum { NEGATIVE = 1, ZERO = 2, POSITIVE = 4, ANY = 7 };

struct constant {
    unsigned char kind; /* 0 none, 1 a number, 2 a named constant */
    long value;         /* of a named constant: its interned name */
};

struct fact {
    int place;
    unsigned char signs; /* which are possible */
    int learned;         /* when, in the order of what is known */
    struct constant equal, unequal;
};

#define MOST_FACTS 28

/* Immutable; shared between states. Sorted by place. */
struct facts {
    int count;
    int clock;
    struct fact at[];
};

struct fact facts_of(const struct facts *facts, const struct operand *operand);
const struct facts *facts_set(struct arena *arena, const struct ir *ir, const struct facts *facts,
                              struct fact fact);
/* Forgets a place, its parts, and expressions that it is a part of. */
const struct facts *facts_forget(struct arena *arena, const struct ir *ir,
                                 const struct facts *facts, int place);
/* What both know. */
const struct facts *facts_join(struct arena *arena, const struct facts *a, const struct facts *b);
bool facts_imply(const struct facts *a,
                 const struct facts *b); /* does `a` know all that `b` knows? */
/* The facts if `left sign right` is `truth`; NULL if it cannot be. */
const struct facts *facts_assume(struct arena *arena, struct ir *ir, const struct facts *facts,
                                 const struct operand *left, int sign, const struct operand *right,
                                 bool truth);
const struct facts *facts_none(void);

#endif
