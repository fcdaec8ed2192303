/* What the checks of cleanup attributes share. */
#ifndef VET_CLEANUP_H
#define VET_CLEANUP_H

#include "check.h"
#include "ir.h"

struct cleanup_walk {
    const struct ir *ir;
    unsigned char *seen;
    int place;
    bool may_fail; /* a callee that fails sets nothing */
};

/* The function of the attribute, or how the attribute was written. */
const char *cleanup_name(const struct decl *decl);
/* Does the statement give the variable of the walk a value? */
bool cleanup_sets(const struct cleanup_walk *walk, const struct instr *instr);
/* r = f(&x); if (r < 0) …: where does it go on if f failed, and so perhaps has not set x? -1: not known. */
int cleanup_fails_to(const struct cleanup_walk *walk, int at);

/* depth.c: is the cleanup for a value of that depth: an array and its elements, a pointer or its address? */
void check_cleanup_depth(struct ir *ir, struct arena *arena, finding_vec *findings, int place);

#endif
