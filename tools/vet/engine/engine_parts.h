/* What the files of the engine share. */
#ifndef VET_ENGINE_PARTS_H
#define VET_ENGINE_PARTS_H

#include "engine.h"

struct queue {
    VEC(struct state *) waiting;
    int next;
    struct seen {
        VEC(struct state *) states;
    } *seen;               /* by instruction */
    unsigned char *tested; /* places whose facts matter: 1, and MASKED if some of their bits do */
    VEC(int) masks;        /* the places of `flags & A` that are tested */
};

/* asked.c */
void asked_find(struct ir *ir);
/* Is the place perhaps asked from this statement on, before it gets another value? */
bool asked_from(const struct ir *ir, int instr, int place);

#define MASKED 2
/* engine.c: flags, of `flags & A`; -1: another expression. */
int masked_by(const struct ir *ir, int place);

/* How an operand carries the resource. */
enum carry { CARRIES_NOT, CARRIES_VALUE, CARRIES_ADDRESS, CARRIES_WITHIN, CARRIES_INTERIOR };

/* state.c */
bool holds(const struct state *state, int place);
void add_holder(struct state *state, int place);
bool is_alias(const struct state *state, int place);
void drop_holder(struct state *state, int index);
bool add_pass(struct state *state, const char *callee);
bool add_keeping_pass(struct state *state, const char *callee);
void follow(struct simulation *simulation, const struct state *from, int instr);
void note(struct simulation *simulation, enum event_kind kind, int instr,
          const struct state *state);

/* carry.c */
bool derived_from_holder(const struct ir *ir, const struct state *state, int value);
enum carry carries(const struct simulation *simulation, const struct state *state,
                   const struct operand *operand);
bool can_hold(const struct ir *ir, int place);
bool overwrite(struct simulation *simulation, struct state *state, int instr, int dst);
bool escape(struct simulation *simulation, struct state *state, int instr);
void set_value(struct simulation *simulation, struct state *state, int dst,
               const struct operand *value);
bool do_assign(struct simulation *simulation, struct state *state, const struct instr *instr,
               int index);

/* release.c */
/* Is nothing left of this argument, by what the called function does? */
bool frees_surely(const struct simulation *simulation, const struct instr *call, int argument);
bool pair_released(const struct simulation *simulation, const struct instr *call);
void release(struct simulation *simulation, struct state *state, int index, int argument,
             bool weak);
bool release_counts(const struct simulation *simulation, const struct instr *call, int level);

/* acquire.c */
const struct acquisition *acquisition_at(const struct site *site, int instr);
void acquire(struct simulation *simulation, struct state *state, int index,
             const struct acquisition *acquisition);

/* pass.c */
/* The resource is passed as this argument, by a call that does not release it by its name. Returns false if the path need not be
 * followed further. */
bool pass(struct simulation *simulation, struct state *state, int index, int argument,
          enum carry carry);

/* outcome.c */
/* if (rename(scratch, name) != 0), if (queue_add(queue, item) < 0): then it is still there. */
void follow_failed(struct simulation *simulation, struct state *state, int index);
void follow_refused(struct simulation *simulation, struct state *state, int index);
void release_by_callee(struct simulation *simulation, struct state *state, int index, int argument,
                       bool final);
bool release_if_fails(struct simulation *simulation, struct state *state, int index, int argument,
                      bool final);

/* call.c */
void do_call(struct simulation *simulation, struct state *state, int index);

/* status.c */
bool status_implies_failure(const struct simulation *simulation, const struct state *state,
                            const struct instr *branch, bool truth);

/* if (OPEN_FAILED(x)), if (!x_is_valid(x)): does it say that there is no resource? */
bool predicate_implies_failure(const struct simulation *simulation, const struct state *state,
                               const struct instr *branch, bool truth);

/* empty.c */
/* Does the branch say that the acquiring call has delivered nothing? */
bool implies_empty(const struct simulation *simulation, const struct state *state,
                   const struct instr *branch, bool truth);
/* … that the name of a temporary file is empty, so that none was made? */
bool implies_unnamed(const struct simulation *simulation, const struct state *state,
                     const struct instr *branch, bool truth);
/* … that the descriptor or stream is one of the standard ones, which nobody need close? */
bool implies_standard(const struct simulation *simulation, const struct state *state,
                      const struct instr *branch, bool truth);

/* guard.c: from a branch, on the one edge of which the resource is perhaps released */
bool guards_release(const struct simulation *simulation, const struct state *state, int edge,
                    int other, const struct instr *branch);
bool releases_otherwise(const struct simulation *simulation, const struct state *state, int edge,
                        int other);

/* branch.c */
/* What this statement reaches through a pointer says that the pointer is not null. False: it is, so there is no such path. */
bool learn_pointers(const struct simulation *simulation, struct state *state,
                    const struct instr *instr);
void do_branch(struct simulation *simulation, const struct state *state,
               const struct instr *branch);

#endif
