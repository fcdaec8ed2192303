#include "support.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN_CHAIN = 8 };

static void say(struct run *run, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(struct run *run, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    if (run->length < TRACE_SIZE)
        run->length += vsnprintf(run->trace + run->length, (size_t)(TRACE_SIZE - run->length),
                                 format, values);
    va_end(values);
}

/* ---- frames and results ------------------------------------------------------------------------- */

void frame_open(struct frame *fr, const struct call *call)
{
    *fr = (struct frame){.run = call->run,
                         .function = call->function,
                         .x = call->argument,
                         .parent = call->parent,
                         .handed = call->handed,
                         .handed_frame = call->handed_frame,
                         .panic = call->panic};
}

struct big big_of(int value)
{
    return (struct big){
        .before = {value, value + 1, value + 2}, .value = value, .after = ~(long)value};
}

int number_of(const struct big *big)
{
    const struct big zero = {0}, right = big_of(big->value);
    if (memcmp(big->before, zero.before, sizeof(zero.before)) == 0 && big->value == 0 &&
        big->after == 0)
        return 0;
    bool whole = memcmp(big->before, right.before, sizeof(right.before)) == 0 &&
                 big->after == right.after;
    return whole ? big->value : -1;
}

static void set_error(lg_error **error, int n)
{
    lg_error_free(*error);
    *error = n % 3 == 0 ? NULL : lg_error_newf("e%d", n);
}

static void add_to_result(struct frame *fr, int amount, int n)
{
    if (fr->number)
        *fr->number = (*fr->number + amount) % WRAP;
    else if (fr->big)
        *fr->big = big_of((number_of(fr->big) + amount) % WRAP);
    else if (fr->named_error)
        set_error(fr->named_error, n);
}

/* ---- calls ------------------------------------------------------------------------------------------ */

static void run_function(struct call *call)
{
    say(call->run, "f%d(%d ", call->function->index, call->argument);
    call->function->run(call);
}

/* What panics with a pointer point at. */
static char places[16];

const char *plain_text(char *text)
{
    static const char pointer[] = "pointer 0x", null[] = "deferred call of a NULL function";
    char *to = text;
    for (const char *from = text; *from;) {
        if (strncmp(from, pointer, strlen(pointer)) == 0) {
            char *end;
            uintptr_t address = strtoull(from + strlen("pointer "), &end, 16);
            to += sprintf(to, "ptr%d", (int)(address - (uintptr_t)places));
            from = end;
        } else if (strncmp(from, null, strlen(null)) == 0) {
            from += strcspn(from, ";"); /* before `to`, which may be where it was, is written */
            to += sprintf(to, "nil");
        } else {
            *to++ = *from++;
        }
    }
    *to = '\0';
    return text;
}

static void say_value(const struct call *call)
{
    char text[4 * MAX_TEXT];
    switch (call->function->result) {
    case RESULT_VOID: say(call->run, "f%d. ", call->function->index); break;
    case RESULT_ERROR:
        snprintf(text, sizeof(text), "nil");
        if (call->error)
            lg_error_format(call->error, text, sizeof(text));
        say(call->run, "f%d=%.80s ", call->function->index, plain_text(text));
        break;
    default: say(call->run, "f%d=%d ", call->function->index, call->number); break;
    }
}

static void run_deferred(const struct site *site, struct frame *frame, int x, lg_scope *scope,
                         lg_panic_info *panic)
{
    struct run *run = frame->run;
    run->released++;
    say(run, "-%d.%d:%d ", site->owner->index, site->n, x);
    if (site->callee < 0)
        return;
    struct call call = {.run = run,
                        .function = &run->program->function[site->callee],
                        .argument = x,
                        .parent = frame,
                        .handed = scope,
                        .handed_frame = scope ? frame : NULL,
                        .panic = panic};
    run_function(&call);
    lg_error_free(call.error);
}

void deferred(const struct site *site, struct frame *frame, int x)
{
    run_deferred(site, frame, x, NULL, NULL);
}

void deferred_reference(const struct site *site, struct frame *frame)
{
    run_deferred(site, frame, frame->x, NULL, NULL);
}

void deferred_capsule(struct capsule *capsule)
{
    run_deferred(capsule->site, capsule->frame, capsule->x, NULL, NULL);
}

void deferred_in(const struct site *site, struct frame *frame, long x, lg_scope *scope)
{
    run_deferred(site, frame, (int)x, scope, NULL);
}

void deferred_alone(const struct site *site, struct run *run, int x)
{
    run->released++;
    say(run, "-%d.%d:%d ", site->owner->index, site->n, x);
    if (site->callee < 0)
        return;
    struct call call = {
        .run = run, .function = &run->program->function[site->callee], .argument = x};
    run_function(&call);
    lg_error_free(call.error);
}

void deferred_wrong(const struct site *site, struct frame *frame, int x)
{
    say(frame->run, "WRONG:%d.%d:%d ", site->owner->index, site->n, x);
}

void recovering(lg_panic_info *panic, const struct site *site, struct frame *frame, int x)
{
    run_deferred(site, frame, x, NULL, panic);
}

void pthread_deferred(void *capsule)
{
    deferred_capsule(capsule);
}

void note(struct frame *fr, int site)
{
    fr->run->acquired++;
    say(fr->run, "+%d.%d ", fr->function->index, site);
}

static struct call call_of(struct frame *fr, int index, int argument)
{
    return (struct call){
        .run = fr->run, .function = &fr->run->program->function[index], .argument = argument};
}

static int call_the_site(struct frame *fr, int site, lg_scope *scope)
{
    int callee = fr->function->site[site].callee;
    if (callee < 0)
        return 0;
    struct call call = call_of(fr, callee, fr->x);
    call.handed = scope;
    call.handed_frame = scope ? fr : NULL;
    run_function(&call);
    say_value(&call);
    lg_error_free(call.error);
    return call.number;
}

int call_site(struct frame *fr, int site)
{
    return call_the_site(fr, site, NULL);
}

void call_with_scope(struct frame *fr, int site, lg_scope *scope)
{
    int number = call_the_site(fr, site, scope);
    fr->x = (fr->x + number) % WRAP;
}

/* ---- simple statements --------------------------------------------------------------------------------- */

void do_event(struct frame *fr, int n)
{
    say(fr->run, "e%d:%d ", n, fr->x);
}

void do_set(struct frame *fr, int n)
{
    fr->x = (fr->x * 3 + n) % WRAP;
}

void do_set_result(struct frame *fr, int n)
{
    add_to_result(fr, n + fr->x, n);
}

void do_set_outer(struct frame *fr, int n)
{
    if (!fr->parent)
        return;
    fr->parent->x = (fr->parent->x + n) % WRAP;
    add_to_result(fr->parent, n, n);
}

static struct call call_handing_down(struct frame *fr, int n, int target)
{
    struct call call = call_of(fr, target, (fr->x + n) % WRAP);
    call.handed = fr->handed;
    call.handed_frame = fr->handed_frame;
    run_function(&call);
    say_value(&call);
    return call;
}

void do_call(struct frame *fr, int n, int target)
{
    struct call call = call_handing_down(fr, n, target);
    lg_error_free(call.error);
    fr->x = (fr->x + call.number) % WRAP;
}

void result_number(struct frame *fr, int n)
{
    fr->result = (fr->x + n) % WRAP;
    fr->error = NULL;
    if (fr->named_error)
        set_error(&fr->error, n);
}

void result_call(struct frame *fr, int n, int target)
{
    struct call call = call_handing_down(fr, n, target);
    fr->result = call.number;
    fr->error = NULL;
    if (fr->named_error)
        fr->error = call.error;
    else
        lg_error_free(call.error);
}

lg_error *result_error(struct frame *fr)
{
    lg_error_free(*fr->named_error);
    return fr->error;
}

void do_panic(int n)
{
    if (n % 3 == PANIC_MESSAGE)
        lg_panic("p%d", n);
    else if (n % 3 == PANIC_ERROR)
        lg_panic_with_error(lg_error_newf("q%d", n));
    else
        lg_panic_with_pointer(&places[n % 16]);
}

static const char *text_of(const lg_panic_info *panic, char buffer[static 256])
{
    snprintf(buffer, 256, "%s", lg_panic_message(panic));
    return plain_text(buffer);
}

static void say_chain(struct run *run, char how, const lg_panic_info *panic)
{
    char text[256];
    if (!panic) {
        say(run, "%c- ", how);
        return;
    }
    say(run, "%c[%s", how, text_of(panic, text));
    int shown = 1;
    for (panic = lg_panic_previous(panic); panic && !run->program->go && shown < SHOWN_CHAIN;
         shown++) {
        say(run, "<%s", text_of(panic, text));
        panic = lg_panic_previous(panic);
    }
    say(run, "] ");
}

void do_look(struct frame *fr)
{
    say_chain(fr->run, 'L', fr->panic);
}

void do_recover(struct frame *fr)
{
    say_chain(fr->run, 'R', fr->panic);
    if (!fr->panic)
        return;
    text_of(fr->panic, fr->seen);
    lg_recover(fr->panic);
    fr->panic = NULL;
}

void do_repanic(struct frame *fr)
{
    if (fr->seen[0] != '\0')
        lg_panic("%s", fr->seen);
}

static bool count_on(const lg_pending_call *call, void *data)
{
    (void)call;
    (void)data;
    return true;
}

void do_pending(struct frame *fr)
{
    say(fr->run, "P%zu ", lg_pending_visit(count_on, NULL) - fr->run->pending_before);
}

void do_count(struct frame *fr, size_t count)
{
    say(fr->run, "C%zu ", count);
}

bool flip(struct frame *fr, int n)
{
    return ((fr->run->counter++ * 7 + n) >> 1 & 1) != 0;
}

int pick(struct frame *fr, int cases)
{
    return fr->run->counter++ % cases;
}

int hole(struct frame *fr, int number)
{
    for (const struct statement *s = fr->function->fill[number]; s; s = s->next) {
        switch (s->what) {
        case DO_EVENT: do_event(fr, s->n); break;
        case DO_SET: do_set(fr, s->n); break;
        case DO_SET_RESULT: do_set_result(fr, s->n); break;
        case DO_SET_OUTER: do_set_outer(fr, s->n); break;
        case DO_CALL: do_call(fr, s->n, s->target); break;
        case DO_PANIC:
            if (s->n % 2 == 0) {
                fr->n = s->n;
                return GO_PANIC;
            }
            do_panic(s->n);
            break;
        case DO_GOEXIT: lg_goexit();
        case DO_RETURN: result_number(fr, s->n); return GO_RETURN;
        case DO_RETURN_CALL: result_call(fr, s->n, s->target); return GO_RETURN;
        case DO_RETURN_PLAIN: result_number(fr, s->n); return GO_RETURN_PLAIN;
        case DO_BREAK: return GO_BREAK;
        case DO_CONTINUE: return GO_CONTINUE;
        case DO_GOTO: return GO_LABEL + s->target;
        case DO_RECOVER: do_recover(fr); break;
        case DO_LOOK: do_look(fr); break;
        case DO_REPANIC: do_repanic(fr); break;
        case DO_PENDING: do_pending(fr); break;
        default: abort();
        }
    }
    return GO_ON;
}

/* ---- running --------------------------------------------------------------------------------------------- */

static void outermost(lg_panic_info *panic, struct run *run)
{
    if (!panic)
        return;
    say_chain(run, 'U', panic);
    lg_recover(panic);
}

void call_first(struct run *run)
{
    struct call call = {.run = run, .function = &run->program->function[0], .argument = 1};
    run->pending_before = lg_pending_visit(count_on, NULL);
    run_function(&call);
    say_value(&call);
    lg_error_free(call.error);
}

static void run_stopping(struct run *run)
{
    lg_func_recovers_void {
        lg_defer_recover(outermost, run);
        call_first(run);
    }
}

static void *run_thread(void *data)
{
    struct run *run = data;
    run_stopping(run);
    run->ended = true;
    return NULL;
}

void execute_together(const struct program *program, char (*trace)[TRACE_SIZE], int count)
{
    enum { MOST = 4 };
    struct run run[MOST];
    pthread_t thread[MOST];
    for (int i = 0; i < count && i < MOST; i++) {
        trace[i][0] = '\0';
        run[i] = (struct run){.program = program, .trace = trace[i]};
        if (pthread_create(&thread[i], NULL, run_thread, &run[i]) != 0) {
            perror("pthread_create");
            exit(1);
        }
    }
    for (int i = 0; i < count && i < MOST; i++) {
        pthread_join(thread[i], NULL);
        if (!run[i].ended)
            say(&run[i], "goexit ");
        say(&run[i], "%d/%d", run[i].released, run[i].acquired);
    }
}

void execute(const struct program *program, char *trace)
{
    execute_together(program, (char (*)[TRACE_SIZE])trace, 1);
}
