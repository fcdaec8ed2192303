/* What is known of functions: what they do with their arguments, and which function releases what another one returns.
 * Functions of the file itself are looked at when a caller needs it; of those of other files their summaries tell. */
#ifndef VET_KNOWLEDGE_H
#define VET_KNOWLEDGE_H

#include "ir.h"
#include "summary.h"

struct scope;
struct knowledge;

/* What the rooms above find out about a function of the file, when a caller needs it: they follow the paths through it. */
struct knowledge_hooks {
    void (*parameter)(struct knowledge *knowledge, struct ir *ir, int argument,
                      struct parameter_summary *parameter);
    void (*result)(struct knowledge *knowledge, struct ir *ir, struct summary *summary);
};

struct knowledge {
    struct unit *unit;
    const struct knowledge_hooks *hooks;
    VEC(struct ir) irs;
    struct map by_name;              /* function to its ir */
    struct map owns;                 /* function to what is known of it */
    struct scope *scope;             /* functions of other files; NULL: none are known */
    struct map releases;             /* function to struct learned_list */
    struct map passed;               /* function to struct passed */
    struct map made;                 /* function to struct made_use */
    VEC(const char *) used_releases; /* names of functions that this file releases things with */
    int depth;
};

void knowledge_gather(struct knowledge *knowledge, struct unit *unit, struct scope *scope,
                      const struct knowledge_hooks *hooks);
/* What the called function does with this argument. */
struct parameter_summary knowledge_parameter(struct knowledge *knowledge, const struct instr *call,
                                             int argument);
/* Is the called function's body known? */
bool knowledge_knows(const struct knowledge *knowledge, const struct instr *call);
/* The function that at least two others use to release what `acquire` returns; NULL: not known. */
const char *knowledge_release(const struct knowledge *knowledge, const char *acquire);
/* The function of the same family that this file uses to release things: foo_new, foo_free. NULL: none. */
const char *knowledge_release_by_name(const struct knowledge *knowledge, const char *acquire);
/* In how many functions of this file is what `acquire` makes released by this function? */
int knowledge_releases_of(const struct knowledge *knowledge, const char *acquire,
                          const char *release);
/* Is its release told by an attribute or by the configuration? */
bool knowledge_annotated(const struct knowledge *knowledge, const char *acquire);
bool knowledge_uses_release(const struct knowledge *knowledge, const char *release);
/* Is what is passed to this function mostly released afterwards by the callers in this file? */
bool knowledge_innocent(const struct knowledge *knowledge, const char *function);
/* Does this only empty what `acquire` makes, before another function releases it? */
bool knowledge_empties(const struct knowledge *knowledge, const char *acquire, const char *release);
/* Do nearly all callers leave what this function makes to others? Then they do not own it, whatever its name says. */
/* … too many of them, so that a caller that never releases it tells nothing? */
bool knowledge_few_release(const struct knowledge *knowledge, const char *acquire);
bool knowledge_nobody_releases(const struct knowledge *knowledge, const char *acquire);
/* Does the called function unlock something that it has not locked? */
bool knowledge_unlocks(const struct knowledge *knowledge, const struct instr *call);
/* Do all its ways end the process? */
bool knowledge_never_returns(const struct knowledge *knowledge, const struct instr *call);
/* Who owns what it returns? `resource` is set for RESULT_OWNED. */
enum result_kind knowledge_result(struct knowledge *knowledge, const struct instr *call,
                                  int *resource);
/* The function whose result it only hands on; NULL: it is no such function. */
const char *knowledge_maker(struct knowledge *knowledge, const struct instr *call);
bool knowledge_lends(struct knowledge *knowledge, const struct instr *call);
/* Which resource does it give its caller at this address? -1: none that is known. */
int knowledge_acquires(struct knowledge *knowledge, const struct instr *call, int argument);
/* All that is known of a function of this file. */
const struct summary *knowledge_summary(struct knowledge *knowledge, const char *function);
/* What the functions of this file release and pass. */
void knowledge_uses(struct knowledge *knowledge, struct arena *arena, struct file_summary *file);
void knowledge_free(struct knowledge *knowledge);

/* release.c */
/* Learn from a function which releases follow which acquisitions, and what is released after it was passed. */
void knowledge_learn_releases(struct knowledge *knowledge, const struct ir *ir);
void knowledge_learn_passes(struct knowledge *knowledge, const struct ir *ir);
bool knowledge_declares(const struct knowledge *knowledge, const char *name);
/* Do other files say what the function does? */
bool knowledge_sees_others(const struct knowledge *knowledge, const char *name);

#endif
