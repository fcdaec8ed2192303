/* The intermediate form: a function as small statements with edges between them.
 *
 * Conditions are split at && and ||, calls have results of their own, cleanup attributes and deferred calls stand where
 * they run. A place is what can hold a value: a variable, `p->field`, `*p`, `a[0]`; or an expression without side
 * effects, whose value lasts until a part of it is assigned. */
#ifndef VET_IR_H
#define VET_IR_H

#include "finding.h"
#include "parse.h"

enum operand_kind {
    O_UNKNOWN,
    O_PLACE,
    O_ADDRESS, /* &place */
    O_NUMBER,
    O_SYMBOL, /* a named constant: text */
    O_STRING, /* text: the literal */
};

struct operand {
    enum operand_kind kind;
    int place;
    long number;
    const char *text;
};

enum place_kind {
    P_LOCAL,
    P_PARAMETER,
    P_GLOBAL, /* and static variables */
    P_PART,   /* of `parent`: a field, an element, what it points to */
    P_TEMPORARY,
    P_VALUE, /* an expression: `parts` are the places that it is made of */
};

struct place {
    enum place_kind kind;
    const char *text;
    int root;     /* the variable that it begins with; itself for variables */
    int parent;   /* of a P_PART */
    int index;    /* of a P_PART: the place that says which element it is, as i in a[i]; -1: none */
    bool through; /* a P_PART reached through a pointer somewhere on the way from its root */
    bool holds;   /* a P_VALUE that holds its parts: { .field = part } */
    const struct decl *decl;
    const struct parameter *parameter;
    VEC(int) parts;
};

enum instr_kind {
    I_CALL,    /* dst = callee(args) */
    I_ASSIGN,  /* dst = left */
    I_DECLARE, /* dst has no value from here on */
    I_BRANCH,  /* next if `left sign right`, other if not; sign 0: either */
    I_RETURN,  /* left */
    I_STOP,    /* the process ends, or the path is not to be followed */
    I_JOIN,
};

struct instr {
    enum instr_kind kind;
    int line;
    short column;
    bool implicit; /* made by a cleanup attribute or a deferred statement */
    bool deferred;
    bool expanded;
    bool indirect; /* a call of a variable or of a member */
    int sign;
    int dst; /* -1: none */
    struct operand left, right;
    const char *callee; /* NULL: through a pointer */
    struct operand *args;
    int arg_count;
    int next, other; /* -1: none */
    const struct expr *expr;
    const char *label; /* the label of the goto that led here, for classification */
};

struct ir {
    struct unit *unit;
    struct function *function;
    struct arena *arena;
    VEC(struct place) places;
    VEC(struct instr) code;
    struct map place_by_text;
    struct map labels; /* names of labels */
    int returns_with_value;
    unsigned char zero;  /* does a result of 0 say that it failed? 2: yes, 1: no, 0: not computed */
    bool returns_null;   /* `return NULL;`: a pointer, whatever its type is called */
    struct asked *asked; /* asked.c; NULL: not computed */
    bool asserts_as_tests; /* by the macros of a test framework (harness.h) */
};

static inline const struct instr *at(const struct ir *ir, int index)
{
    return &ir->code.at[index];
}

/* The arena is freed by the caller. */
void lower(struct unit *unit, struct function *function, struct arena *arena, struct ir *ir);
void ir_free(struct ir *ir);

/* places.c */
int place_new(struct ir *ir, enum place_kind kind, const char *text);
int place_part(struct ir *ir, int parent, const char *suffix, bool through);
int place_value(struct ir *ir, const char *text, const int *parts, int count);
int place_known(const struct ir *ir, const char *text); /* -1: there is no such place */
bool place_is_local(const struct ir *ir,
                    int place); /* a variable of the function, not its parameter */
/* Is `place` the same as `whole` or a part of it (or an expression made of it)? */
bool place_within(const struct ir *ir, int place, int whole);
/* Is `place` what the pointer `pointer` leads to: p->field, *p, p[i], or an expression with that? */
bool place_is_behind(const struct ir *ir, int place, int pointer);
/* Does the value of `place` change when `other` does? So does a[i] when i changes. */
bool place_depends(const struct ir *ir, int place, int other);
/* Does the instruction have the place itself as an operand? What it sets is none. */
bool instr_uses(const struct instr *instr, int place);
/* What comes after the instruction that gives the place its value, perhaps by a copy right behind it. */
int after_setting(const struct ir *ir, int index, int place);
/* The first statement from `at` on that does something; -1: there is none, as in for (;;); */
int after_joins(const struct ir *ir, int at);
/* The variable that counts the elements: i of list[i] and list[i++]. */
int place_counter(const struct ir *ir, int element);
/* Is the place an operand anywhere, or a part of another place? */
bool place_is_used(const struct ir *ir, int place);
/* Does a return give it to the caller? */
bool place_is_returned(const struct ir *ir, int place);
const char *place_text(const struct ir *ir, int place);
/* Of a parameter or a local variable, as it was declared; NULL: it is neither. */
const struct type *place_type(const struct ir *ir, int place);
/* By its declaration; false without one. */
bool place_is_array(const struct ir *ir, int place); /* `place` may be -1 */
bool place_is_pointer(const struct ir *ir, int place);
bool place_is_error_number(const struct ir *ir, int place); /* -EINVAL */
/* The variable that gets the temporary which the instruction sets; else the place itself. */
int place_variable(const struct ir *ir, int instr, int place);

/* finding.c: one at an instruction */
struct finding *finding_at(const struct ir *ir, struct arena *arena, finding_vec *findings,
                           const char *check, enum level level, const struct instr *instr);

#endif
