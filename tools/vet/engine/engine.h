/* Property simulation (Das, Lerner, Seigle 2002): follows one resource along all paths of a function.
 *
 * Paths on which the resource is in different states are kept apart, so `if (flag) lock(); … if (flag) unlock();` is
 * understood; paths on which it is in the same state are joined when there are too many of them. */
#ifndef VET_ENGINE_H
#define VET_ENGINE_H

#include "facts.h"
#include "site.h"

enum phase { NOT_HELD, HELD, RELEASED };

#define MOST_HOLDERS 6
#define MOST_PASSES 8
#define MOST_ALIASES 3
#define PASS_KEEPS '=' /* before the name of a function that by its name keeps what it is passed */

struct state {
    const struct state *from; /* before the last instruction */
    int instr;                /* the next instruction */
    enum phase phase;
    int acquired, released; /* instructions */
    const struct acquisition *acquisition;
    const struct facts *facts;
    int holders[MOST_HOLDERS], holder_count;
    const char *passes[MOST_PASSES]; /* unknown functions that it was passed to */
    int pass_count;
    int aliases[MOST_ALIASES], alias_count; /* places that point into it: strchr(p, '/') */
    bool failing;       /* through a goto to a label like `err`, or after a failure was noticed */
    bool weak;          /* released by a function whose name only perhaps says so */
    unsigned char ends; /* of a pipe or a pair of sockets: bits of the ends that are closed */
    bool doubtful;      /* a condition on a later call's result kept it from its release */
    bool prepared;      /* by an initialiser, before the call that has failed since */
    int stands_for;     /* states at its instruction that it covers, and itself */
    bool given; /* of a parameter that is followed for a summary: somebody else has it now */
};

enum event_kind {
    EV_EXIT,          /* still held at a return */
    EV_LOST,          /* its last holder was overwritten */
    EV_RELEASE,       /* released (once per call) */
    EV_RELEASED_EXIT, /* a return after the release */
    EV_GIVEN_EXIT,    /* a return after it was given away; only for a parameter */
    EV_ESCAPE,
    EV_AGAIN,        /* released a second time */
    EV_USE,          /* used after the release */
    EV_RETURNED,     /* returned after an implicit release */
    EV_RELOCK,       /* acquired again while held */
    EV_UNHELD,       /* released while not held */
    EV_HELD_RELEASE, /* the same release reached while held */
    EV_WRONG,        /* released by a function of another family */
    EV_SLOW,         /* a slow call while a lock is held */
};

struct event {
    enum event_kind kind;
    int instr;
    const struct state *state;
};

struct knowledge;

struct simulation {
    struct ir *ir;
    struct arena *arena;
    const struct site *site;
    struct knowledge *knowledge; /* NULL: nothing is known of other functions */
    int parameter;               /* held from the beginning, for a summary; -1: none */
    VEC(struct event) events;
    bool gave_up;
    struct queue *queue;
    int steps;
};

void simulate(struct simulation *simulation);

/* Which values of the function's result say that it failed? */
enum exit_class { CLASS_UNKNOWN, CLASS_FAILURE, CLASS_SUCCESS };
bool zero_fails(const struct ir *ir);
enum exit_class classify_exit(const struct ir *ir, const struct state *state);

#endif
