/* What the compiled shapes and programs rest on: frames, the deferred calls themselves, and the meaning of
 * the simple statements. */
#ifndef RANDOM_SUPPORT_H
#define RANDOM_SUPPORT_H

#include <lifoguard/lifoguard.h>
#include <pthread.h>

#include "ast.h"

struct run { /* of one program */
    const struct program *program;
    char *trace;
    int length;
    int counter;
    int acquired, released;
    bool ended;
    size_t pending_before;
};

struct big {
    long before[3];
    int value;
    long after;
};

struct frame {
    struct run *run;
    const struct function *function;
    int x;
    int result; /* what a return in a hole returns */
    lg_error *error;
    int *number; /* the named result, if it is one of these */
    struct big *big;
    lg_error **named_error;
    struct frame *parent;
    lg_scope *handed;
    struct frame *handed_frame;
    lg_panic_info *panic;
    int n;          /* for a panic that the shape itself begins */
    char seen[256]; /* what was recovered */
};

struct call {
    struct run *run;
    const struct function *function;
    int argument;
    struct frame *parent;
    lg_scope *handed;
    struct frame *handed_frame;
    lg_panic_info *panic;
    int number; /* results */
    lg_error *error;
};

/* Where a hole wants to go. */
enum { GO_ON, GO_RETURN, GO_RETURN_PLAIN, GO_BREAK, GO_CONTINUE, GO_PANIC, GO_LABEL };

/* The arguments of a deferred call in one piece. */
struct capsule {
    const struct site *site;
    struct frame *frame;
    int x;
};

typedef void deferred_function(const struct site *site, struct frame *frame, int x);

#define SITE(k) (&fr.function->site[k])

void frame_open(struct frame *fr, const struct call *call);
int hole(struct frame *fr, int number);
bool flip(struct frame *fr, int n);
int pick(struct frame *fr, int cases);

/* Says that a deferred call is registered. */
void note(struct frame *fr, int site);

/* The deferred calls. */
void deferred(const struct site *site, struct frame *frame, int x);
void deferred_reference(const struct site *site, struct frame *frame);
void deferred_capsule(struct capsule *capsule);
void deferred_in(const struct site *site, struct frame *frame, long x, lg_scope *scope);
void deferred_alone(const struct site *site, struct run *run, int x);
void deferred_wrong(const struct site *site, struct frame *frame, int x);
void recovering(lg_panic_info *panic, const struct site *site, struct frame *frame, int x);
void pthread_deferred(void *capsule);

/* Calls; their results are said. */
int call_site(struct frame *fr, int site);
void call_with_scope(struct frame *fr, int site, lg_scope *scope);

/* The outermost call of a program. */
void call_first(struct run *run);

/* Results. */
struct big big_of(int value);
int number_of(const struct big *big);

/* The simple statements that stay in the function that they are in. */
void do_event(struct frame *fr, int n);
void do_set(struct frame *fr, int n);
void do_set_result(struct frame *fr, int n);
void do_set_outer(struct frame *fr, int n);
void do_call(struct frame *fr, int n, int target);
void do_panic(int n);
void do_look(struct frame *fr);
void do_recover(struct frame *fr);
void do_repanic(struct frame *fr);
void do_pending(struct frame *fr);
void do_count(struct frame *fr, size_t count);

/* Prepare fr->result, or the error; for a return. */
void result_number(struct frame *fr, int n);
void result_call(struct frame *fr, int n, int target);
/* The named error gives way to the prepared one. */
lg_error *result_error(struct frame *fr);

/* Runs a program in a thread of its own; in `count` threads at once. A trace has TRACE_SIZE bytes. */
void execute(const struct program *program, char *trace);
void execute_together(const struct program *program, char (*trace)[TRACE_SIZE], int count);

/* Runs it in a process of its own, with nothing that would stop a panic at its outermost call. The trace ends with
 * what the process reported, as "U[…] ", and its exit status. */
void execute_uncaught(const struct program *program, char *trace);

/* Puts what is the same in each run for pointers, and the source of calls, into a panic's or error's text. */
const char *plain_text(char *text);

#endif
