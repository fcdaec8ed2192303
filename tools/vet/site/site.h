/* The places of a function that hold a resource at some time, and the calls that acquire it. */
#ifndef VET_SITE_H
#define VET_SITE_H

#include "ir.h"
#include "model.h"

/* A call failed if `place sign right` is `truth`. sign 0: it does not fail. */
struct failing {
    int place;
    int sign;
    struct operand right;
    bool truth;
    bool tested; /* the function looks whether it failed */
};

struct acquisition {
    int instr;
    int holder; /* the place that holds it first: the call's result, or the variable */
    struct failing failing;
    bool known;
    int strength; /* how surely does the caller own it? 2: known, 1: a constructor by its name, 0, -1: a getter */
    bool only_prepares; /* an initialiser that acquires nothing yet */
};

struct site {
    int place;
    enum resource resource;
    bool known;           /* acquired by a function of the model */
    bool by_address;      /* a struct that is passed by its address: strbuf_release(&sb) */
    bool untold;          /* nobody knows whether a call has acquired it: nothing is said */
    bool typed;           /* its type has a function that releases what this call makes */
    bool owned;           /* the function that makes it is seen to give it to its caller */
    bool mined;           /* other functions release what this call returns */
    bool has_release;     /* is there a call that releases the place? */
    const char *argument; /* of a lock or pair: what it is taken on, as text */
    const char *acquire, *release; /* of a pair: the names */
    VEC(struct acquisition) acquisitions;
};

typedef VEC(struct site) site_vec;

struct knowledge;
void sites_find(struct ir *ir, site_vec *sites, struct knowledge *knowledge);

/* The release of what this function makes, by an attribute, by the configuration or by a library; NULL: none is known. */
const char *told_release(const struct ir *ir, const char *acquire);
/* Does this call release what `place` holds, by its name? 2: surely, 1: perhaps. `argument` is set to the argument. */
int call_releases(const struct ir *ir, const struct instr *call, int place, int *argument);
/* How does this call, whose result is a status that is tested soon, fail? False: the result is not tested. */
bool site_failing(const struct ir *ir, int instr, struct failing *failing);
/* Is the value of `place` tested soon after this statement? */
bool site_tested(const struct ir *ir, int instr, int place);

/* errors.c */
void sites_find_errors(struct ir *ir, site_vec *sites);
void sites_split_pairs(struct ir *ir, site_vec *sites);

/* Names of a pair: lock and unlock, get and put, foo_begin and foo_end. */
bool names_pair(const char *acquire, const char *release);

#endif
