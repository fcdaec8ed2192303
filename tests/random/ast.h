/* Random programs as trees. A program is a few functions; each has a *shape* (blocks, loops, conditionals
 * and everything that is deferred) with holes in it, and the holes are filled with simple statements. The
 * shapes are compiled as C once, when the test is built, and serve for any number of programs: what a
 * program adds is what its holes do, and which function each deferred call and each call runs. A function
 * calls only those behind it, so that every program ends.
 *
 * What each statement means is written down three times, and the traces must be equal: in model.c, from
 * the rules; in support.c and emit_c.c, with the library; in emit_go.c, in Go. */
#ifndef RANDOM_AST_H
#define RANDOM_AST_H

#include <stdbool.h>
#include <stdint.h>

enum {
    MAX_FUNCTIONS = 8,
    MAX_SITES = 24, /* places in a function that name another one */
    MAX_HOLES = 40,
    MAX_LABELS = 8,
    MAX_SCOPES = 12,
    MAX_HANDLES = 8,
    MAX_TEXT = 400, /* of an error */
    TRACE_SIZE = 8192,
    WRAP = 1000 /* all arithmetic is modulo this */
};

/* Where the shapes begin; another number, and the test has others. */
#ifndef SHAPE_SEED
#define SHAPE_SEED 0ULL
#endif

enum result { RESULT_VOID, RESULT_NUMBER, RESULT_STRUCT, RESULT_ERROR };

enum opening {
    OPEN_PLAIN, /* no lg_func: an unnamed result */
    OPEN_FUNC,
    OPEN_RECOVERS
};

enum what {
    /* simple ones, that fill holes */
    DO_EVENT,      /* say n and x */
    DO_SET,        /* change x */
    DO_SET_RESULT, /* change the named result */
    DO_SET_OUTER,  /* in a deferred call: change x and the named result of who deferred it */
    DO_CALL,       /* function `target` of the program */
    DO_PANIC,      /* with a message, an error or a pointer */
    DO_GOEXIT,
    DO_RETURN,       /* lg_return(x + n) */
    DO_RETURN_CALL,  /* lg_return(function(…)) */
    DO_RETURN_PLAIN, /* return x + n; in an lg_func */
    DO_BREAK,
    DO_CONTINUE,
    DO_GOTO, /* label `target` */
    DO_RECOVER,
    DO_LOOK,    /* at the panic given, without stopping it */
    DO_REPANIC, /* with what was recovered, if anything was */
    DO_PENDING, /* how many calls are pending */
    /* those of shapes */
    DO_HOLE, /* hole number `target` */
    DO_IF,
    DO_LOOP,   /* n passes */
    DO_SWITCH, /* `body` is a list of DO_BLOCK, the cases */
    DO_BLOCK,  /* label `target` stands behind it; -1: none */
    DO_DEFER,
    DO_SCOPE, /* opens scope `target`; n: enum holding */
    DO_MOVE, /* what scope `target` holds goes to scope `n`; HANDED: to the one that the caller handed down */
    DO_SCOPE_RUN,
    DO_SCOPE_DISMISS,
    DO_SCOPE_CALL, /* calls a function that is handed scope `target` */
    DO_DISMISS,    /* handle `target` */
    DO_RUN_NOW,
    DO_MARK /* n: success, else failure */
};

enum form {
    FORM_CALL,
    FORM_BLOCK,   /* lg_defer_block */
    FORM_FOREIGN, /* __attribute__((cleanup)) */
    FORM_PTHREAD, /* pthread_cleanup_push; `body` is what stands before the pop */
    FORM_NAMED,   /* lg_defer_as, `handle` */
    FORM_ON_ERROR,
    FORM_ON_SUCCESS,
    FORM_CONTAINED,
    FORM_RECOVER,
    FORM_IN,  /* lg_defer_in scope `target`; HANDED: the one that the caller handed down */
    FORM_NULL /* lg_defer of a NULL function */
};

enum { HANDED = -1 };

/* What a scope is for. */
enum holding {
    HOLDS_OWN, /* calls of its function, which are given the scope: it does not move, and is handed down */
    HOLDS_ANY,      /* calls that know nothing of their function: moves to any other */
    HOLDS_FUNCTIONS /* calls in all forms: moves to others of its function */
};

/* How the argument of a deferred call travels. */
enum passing {
    PASS_VALUE,
    PASS_REFERENCE, /* x is read when the call runs */
    PASS_POINTER,   /* the function is called by a pointer that changes at once */
    PASS_CAPSULE,   /* one argument */
    PASS_FOUR,      /* four arguments */
    PASS_CALL,      /* the argument is a call: `other_site` */
    PASSINGS
};

/* What may stand in a hole. */
enum {
    MAY_BREAK = 1,
    MAY_CONTINUE = 2,
    MAY_RECOVER = 4,
    MAY_RETURN_PLAIN = 8,
    MAY_GOTO = 16 /* shifted left by the label's number */
};

enum value_of_panic { PANIC_MESSAGE, PANIC_ERROR, PANIC_POINTER };

struct statement {
    enum what what;
    int n;
    int target;
    unsigned allowed; /* DO_HOLE */
    enum form form;
    enum passing passing;
    bool in;            /* DO_DEFER of a form that has one without a scope too: in scope `target` */
    bool free_standing; /* FORM_IN: the call knows nothing of the function that has deferred it */
    int handle;         /* what a deferred call is known by; -1: by nothing */
    int site, other_site;  /* -1: none */
    unsigned long reached; /* the last run of the model that came here */
    struct statement *body, *other, *next;
};

struct shape {
    enum opening opening;
    enum result result;
    bool go;      /* has a meaning in Go */
    bool go_list; /* has one scope; its blocks are plain blocks in Go, its defers function-wide */
    int sites, holes;
    bool site_recovers[MAX_SITES];
    struct statement *hole[MAX_HOLES];
    struct statement *body;
};

struct call;
struct program;
struct function;

/* A place in a function that names another one: a deferred call, or a call. */
struct site {
    const struct function *owner;
    int n;
    int callee; /* -1: nothing more than the trace */
};

struct function {
    const struct program *program;
    const struct shape *shape;
    void (*run)(struct call *call);
    int index;
    enum result result;
    struct site site[MAX_SITES];
    struct statement *fill[MAX_HOLES];
};

struct program {
    unsigned long long seed;
    bool go;
    int functions;
    struct function function[MAX_FUNCTIONS];
};

/* ---- arena.c ---- */

/* Memory for trees, all of which is given back at once. */
struct arena;
struct arena *arena_new(void);
void *arena_take(struct arena *arena, unsigned size);
void arena_reset(struct arena *arena);
void arena_free(struct arena *arena);

/* ---- generate_shape.c, generate_program.c ---- */

struct shape *generate_shape(struct arena *arena, unsigned long long seed, bool go);

/* Of `count` shapes of which shape(i) is the i-th; run(i) is what runs it. */
struct shapes {
    int count;
    struct shape *const *shape;
    void (*const *run)(struct call *call); /* NULL if they are not compiled */
};
void generate_program(struct arena *arena, struct program *program, unsigned long long seed,
                      const struct shapes *shapes, bool go);

/* ---- model.c ---- */

/* Writes the trace that the rules demand. False: not a program to try (too long, or it lets a panic leave
 * a cleanup where that is documented to end the process). */
struct coverage;
bool model_run(const struct program *program, char *trace, struct coverage *coverage);
void model_end(void); /* gives back its memory */
/* Did the last run come here? Only what it came to is written out: the rest takes long to compile. */
bool model_reached(const struct statement *s);
bool model_entered(const struct function *function);

/* What the programs did, for the report. */
struct coverage {
    unsigned long programs, deferred, panics, replaced, recovered, goexits, uncaught,
        ended_by_goexit, contained, goexit_resumed, plain_lost;
};

/* ---- emit_c.c, emit_go.c ---- */
#include <stdio.h>
void emit_c_shapes(FILE *out, const struct shapes *shapes, int from, int to);
void emit_c_shape_table(FILE *out, int count);
void emit_c_program(FILE *out, const struct program *program, int number);
void emit_c_program_table(FILE *out, int count);
void emit_go_prelude(FILE *out);
void emit_go_program(FILE *out, const struct program *program, int number);
void emit_go_program_table(FILE *out, int count);

#endif
