/* What a function does for its callers, as far as the file that defines it says.
 *
 * A summary is made of one file alone. Where the answer depends on a function of another file, the summary names that
 * function; project.h resolves such names when all summaries are known. */
#ifndef VET_SUMMARY_H
#define VET_SUMMARY_H

#include "base.h"

/* What a function does with one of its parameters. */
enum effect {
    EFFECT_UNKNOWN,
    EFFECT_NONE,
    EFFECT_RELEASES,
    EFFECT_KEEPS,
    EFFECT_MAYBE,            /* different on different paths */
    EFFECT_KEEPS_IF_OK,      /* keeps or releases it, but leaves it to the caller on failure */
    EFFECT_RELEASES_IF_FAILS /* leaves it to the caller, but releases it on failure */
};

/* A function that the parameter is passed on to. */
struct forward {
    const char *callee;
    int argument;
};

struct parameter_summary {
    enum effect effect;
    bool final;        /* nothing is left after the release: freed, and not only unreferenced */
    bool always;       /* every path passes it on to the only forward */
    bool members;      /* releases what the structure holds that it points to */
    bool shares;       /* gives others what the structure holds that it points to */
    bool leaves_alone; /* sets what it points to nowhere to a null value */
    signed char
        acquires; /* what it points to is a resource of the caller's afterwards: enum resource + 1 */
    VEC(struct forward) forwards; /* of EFFECT_UNKNOWN */
};

enum result_kind {
    RESULT_UNKNOWN,
    RESULT_OWNED,
    RESULT_LENT,    /* what a global variable or a field holds */
    RESULT_FORWARD, /* what another function returned */
    RESULT_SHARED,  /* something new, which an object that the function was passed has too */
};

struct summary {
    const char *name;
    bool never_returns;
    bool unlocks; /* something that it has not locked */
    enum result_kind result;
    int resource;        /* of RESULT_OWNED: enum resource */
    const char *forward; /* of RESULT_FORWARD */
    VEC(struct parameter_summary) parameters;
};

/* How often is what `acquire` makes released by `release`, counted in functions? */
struct pair_use {
    const char *acquire, *release;
    int functions;
};

/* How often is what was passed to `function` released afterwards by the same caller, and how often not? */
struct pass_use {
    const char *function;
    int released, kept;
};

/* Of the variables that hold what `function` makes: how many are released by the same caller, and how many are neither
 * released nor handed on? */
struct made_use {
    const char *function;
    int released, dropped;
};

/* All that one file says to others. */
struct file_summary {
    VEC(struct summary) functions;
    VEC(struct pair_use) pairs;
    VEC(struct pass_use) passes;
    VEC(struct made_use) made;
};

/* One line for each entry. */
char *file_summary_write(struct arena *arena, const struct file_summary *file);
bool file_summary_read(struct arena *arena, char *text, struct file_summary *file);

#endif
