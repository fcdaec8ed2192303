/* The reference: what a program must do by the rules, in plain data structures. It walks the tree, keeps for
 * each block a list of what was deferred there, and passes upwards how a statement was left. Nothing of the
 * library is used here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "ast.h"

enum { MAX_STEPS = 3000, SHOWN_CHAIN = 8 };

struct panic {
    char text[64];
    struct panic *previous; /* the one that it replaced (P4) */
    bool recovered;         /* by the deferred call that is running */
};

/* How a statement or a call was left. */
struct leaving {
    enum { NORMALLY, BY_BREAK, BY_CONTINUE, BY_GOTO, BY_RETURN, UNWINDING } how;
    int label;
    /* UNWINDING: by a panic, or a goexit, or a panic above a goexit that it has interrupted */
    struct panic *panic;
    struct panic
        *aborted; /* what a goexit replaced: not recoverable, but history of a later panic */
    bool goexit;
    bool recovered; /* the panic has been stopped; on the way to the end of the function (P3) */
};

struct error {
    bool is;
    char text[MAX_TEXT];
};

struct value {
    int number;
    struct error error;
};

struct entry { /* a deferred call */
    struct entry *below;
    struct statement *statement;
    const struct site *site;
    struct frame *parent;
    int x;       /* as it was then (D2) */
    bool gone;   /* has run, or was dismissed */
    bool popped; /* is no longer in its scope: a handle to it is not valid any more */
    struct scope *scope;
};

struct scope {
    struct entry *top;
};

struct frame {
    const struct function *function;
    int x;
    struct value result; /* the named one */
    int fixed;           /* the unnamed one */
    bool has_fixed;
    bool ok; /* D11 */
    struct frame *parent;
    struct scope *handed;
    struct frame *handed_frame;
    struct panic *given;
    char seen[64];
    struct scope *scope[MAX_SCOPES];
    struct entry *handle[MAX_HANDLES];
};

static struct {
    struct arena *arena;
    const struct program *program;
    struct coverage *coverage;
    jmp_buf give_up;
    char *trace;
    int length;
    unsigned long number; /* of the run */
    int steps;
    int counter;
    int pending;
    int acquired, released;
    unsigned entered; /* functions, a bit each */
} model;

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *format, ...)
{
    va_list values;
    va_start(values, format);
    int more = vsnprintf(model.trace + model.length, (size_t)(TRACE_SIZE - model.length), format,
                         values);
    va_end(values);
    model.length += more;
    if (model.length > TRACE_SIZE - 256 || ++model.steps > MAX_STEPS)
        longjmp(model.give_up, 1);
}

static const struct leaving normally = {.how = NORMALLY};

static struct leaving call(const struct function *function, int argument, struct frame *parent,
                           struct scope *handed, struct frame *handed_frame, struct panic *given,
                           struct value *value);
static struct leaving run_block(struct frame *frame, struct statement *body, struct entry *first);

/* ---- values ---------------------------------------------------------------------------------------- */

static int wrap(int value)
{
    return value % WRAP;
}

static void set_error(struct error *error, int n)
{
    error->is = n % 3 != 0;
    snprintf(error->text, sizeof(error->text), "e%d", n);
}

static void join(struct error *error, const char *text)
{
    size_t length = error->is ? strlen(error->text) : 0;
    if (length + strlen(text) + 3 > MAX_TEXT)
        longjmp(model.give_up, 1);
    snprintf(error->text + length, MAX_TEXT - length, "%s%s", length ? "; " : "", text);
    error->is = true;
}

static bool has_name(const struct function *function)
{
    return function->shape->opening != OPEN_PLAIN && function->result != RESULT_VOID;
}

static void add_to_result(struct frame *frame, int amount, int n)
{
    if (!has_name(frame->function))
        return;
    if (frame->function->result == RESULT_ERROR)
        set_error(&frame->result.error, n);
    else
        frame->result.number = wrap(frame->result.number + amount);
}

static void say_value(const struct function *function, const struct value *value)
{
    switch (function->result) {
    case RESULT_VOID: say("f%d. ", function->index); break;
    case RESULT_ERROR:
        say("f%d=%.80s ", function->index, value->error.is ? value->error.text : "nil");
        break;
    default: say("f%d=%d ", function->index, value->number); break;
    }
}

static void say_chain(char how, const struct panic *panic)
{
    if (!panic) {
        say("%c- ", how);
        return;
    }
    say("%c[%s", how, panic->text);
    int shown = 1;
    for (panic = panic->previous; panic && !model.program->go && shown < SHOWN_CHAIN; shown++) {
        say("<%s", panic->text);
        panic = panic->previous;
    }
    say("] ");
}

/* ---- unwinding ----------------------------------------------------------------------------------------- */

static struct leaving panic_with(const char *text)
{
    struct panic *panic = arena_take(model.arena, sizeof(*panic));
    snprintf(panic->text, sizeof(panic->text), "%s", text);
    model.coverage->panics++;
    return (struct leaving){.how = UNWINDING, .panic = panic};
}

static void append(struct panic **chain, struct panic *older)
{
    while (*chain)
        chain = &(*chain)->previous;
    *chain = older;
}

/* A deferred call, run because of `*leaving`, was itself left by `newer`. */
static void replace(struct leaving *leaving, struct leaving newer)
{
    if (leaving->how == UNWINDING) {
        struct panic *older = leaving->panic ? leaving->panic : leaving->aborted;
        if (leaving->recovered)
            older = NULL; /* over and done with */
        if (older)
            model.coverage->replaced++;
        append(newer.panic ? &newer.panic : &newer.aborted, older);
        newer.goexit = newer.goexit || leaving->goexit;
    }
    *leaving = newer;
}

static struct leaving run_entry(const struct entry *entry, struct panic *given)
{
    const struct site *site = entry->site;
    struct frame *parent = entry->parent;
    struct value value;

    if (entry->statement->form == FORM_NULL)
        return panic_with("nil");                                               /* D9 */
    int x = entry->statement->passing == PASS_REFERENCE ? parent->x : entry->x; /* D3, D2 */
    model.released++;
    model.coverage->deferred++;
    say("-%d.%d:%d ", site->owner->index, site->n, x);
    if (site->callee < 0)
        return normally;
    return call(&model.program->function[site->callee], x, parent, entry->scope,
                entry->scope ? parent : NULL, given, &value);
}

static bool has_record(enum form form)
{
    return form != FORM_BLOCK && form != FORM_FOREIGN && form != FORM_PTHREAD;
}

static bool succeeds(const struct frame *frame, const struct leaving *leaving)
{
    return leaving->how != UNWINDING && frame->ok &&
           !(frame->function->result == RESULT_ERROR && frame->result.error.is);
}

/* The turn of one deferred call, as its block is left. */
static void take_turn(struct frame *frame, struct entry *entry, struct leaving *leaving)
{
    enum form form = entry->statement->form;
    bool unwinding = leaving->how == UNWINDING;

    if (entry->gone)
        return;
    entry->gone = true;
    if (has_record(form))
        model.pending--;
    if ((form == FORM_ON_ERROR && succeeds(frame, leaving)) ||
        (form == FORM_ON_SUCCESS && !succeeds(frame, leaving)))
        return;

    struct panic *given = NULL;
    if (form == FORM_RECOVER && unwinding && !leaving->recovered)
        given = leaving->panic;
    struct leaving newer = run_entry(entry, given);
    if (newer.how != UNWINDING) {
        if (given && given->recovered) {
            leaving->recovered = true;
            model.coverage->recovered++;
        }
        return;
    }
    if (form == FORM_CONTAINED && newer.panic) {
        join(&frame->result.error, newer.panic->text);
        model.coverage->contained++;
        if (!newer.goexit)
            return;
        newer.panic = newer.aborted = NULL;
    }
    if (!has_record(form) && unwinding)
        longjmp(model.give_up, 1); /* ends the process, which is documented */
    replace(leaving, newer);
}

static struct leaving run_scope(struct frame *frame, struct scope *scope, struct leaving leaving,
                                bool stop_when_left)
{
    while (scope->top && !(stop_when_left && leaving.how == UNWINDING)) {
        struct entry *entry = scope->top;
        scope->top = entry->below;
        entry->popped = true;
        take_turn(frame, entry, &leaving);
    }
    return leaving;
}

/* ---- statements ---------------------------------------------------------------------------------------- */

static struct entry *new_entry(struct frame *frame, struct statement *s)
{
    struct entry *entry = arena_take(model.arena, sizeof(*entry));
    entry->statement = s;
    entry->site = &frame->function->site[s->site];
    entry->parent = frame;
    entry->x = frame->x;
    model.acquired++;
    say("+%d.%d ", frame->function->index, s->site);
    return entry;
}

static struct leaving call_site(struct frame *frame, int site, struct scope *handed,
                                struct frame *handed_frame, int *number)
{
    struct value value = {0};
    *number = 0;
    int callee = frame->function->site[site].callee;
    if (callee < 0)
        return normally;
    const struct function *function = &model.program->function[callee];
    struct leaving leaving = call(function, frame->x, NULL, handed, handed_frame, NULL, &value);
    if (leaving.how != UNWINDING) {
        say_value(function, &value);
        *number = value.number;
    }
    return leaving;
}

static struct leaving simple(struct frame *frame, struct statement *s)
{
    s->reached = model.number;
    const struct function *function = frame->function;
    char text[32];
    int n = s->n;

    switch (s->what) {
    case DO_EVENT: say("e%d:%d ", n, frame->x); break;
    case DO_SET: frame->x = wrap(frame->x * 3 + n); break;
    case DO_SET_RESULT: add_to_result(frame, n + frame->x, n); break;
    case DO_SET_OUTER:
        if (frame->parent) {
            frame->parent->x = wrap(frame->parent->x + n);
            add_to_result(frame->parent, n, n);
        }
        break;
    case DO_CALL:
    case DO_RETURN_CALL: {
        struct value value = {0};
        const struct function *callee = &model.program->function[s->target];
        struct leaving leaving = call(callee, wrap(frame->x + n), NULL, frame->handed,
                                      frame->handed_frame, NULL, &value);
        if (leaving.how == UNWINDING)
            return leaving;
        say_value(callee, &value);
        if (s->what == DO_CALL) {
            frame->x = wrap(frame->x + value.number);
            break;
        }
        frame->ok = true;
        if (!has_name(function)) {
            frame->fixed = value.number;
            frame->has_fixed = true;
        } else {
            frame->result = value;
        }
        return (struct leaving){.how = BY_RETURN};
    }
    case DO_PANIC:
        if (n % 3 == PANIC_MESSAGE)
            snprintf(text, sizeof(text), "p%d", n);
        else if (n % 3 == PANIC_ERROR)
            snprintf(text, sizeof(text), "q%d", n);
        else
            snprintf(text, sizeof(text), "ptr%d", n % 16);
        return panic_with(text);
    case DO_GOEXIT:
        model.coverage->goexits++;
        return (struct leaving){.how = UNWINDING, .goexit = true};
    case DO_RETURN:
        frame->ok = true;
        if (!has_name(function)) {
            frame->fixed = wrap(frame->x + n);
            frame->has_fixed = true;
        } else if (function->result == RESULT_ERROR) {
            set_error(&frame->result.error, n);
        } else {
            frame->result.number = wrap(frame->x + n);
        }
        return (struct leaving){.how = BY_RETURN};
    case DO_RETURN_PLAIN:
        frame->fixed = wrap(frame->x + n);
        frame->has_fixed = true;
        return (struct leaving){.how = BY_RETURN};
    case DO_BREAK: return (struct leaving){.how = BY_BREAK};
    case DO_CONTINUE: return (struct leaving){.how = BY_CONTINUE};
    case DO_GOTO: return (struct leaving){.how = BY_GOTO, .label = s->target};
    case DO_RECOVER:
    case DO_LOOK:
        say_chain(s->what == DO_RECOVER ? 'R' : 'L', frame->given);
        if (s->what == DO_RECOVER && frame->given) {
            snprintf(frame->seen, sizeof(frame->seen), "%s", frame->given->text);
            frame->given->recovered = true;
            frame->given = NULL;
        }
        break;
    case DO_REPANIC:
        if (frame->seen[0])
            return panic_with(frame->seen);
        break;
    case DO_PENDING: say("P%d ", model.pending); break;
    default: abort();
    }
    return normally;
}

static bool flip(int n)
{
    return ((model.counter++ * 7 + n) >> 1 & 1) != 0;
}

static struct leaving loop(struct frame *frame, struct statement *s)
{
    for (int i = 0; i < s->n; i++) {
        struct leaving leaving = run_block(frame, s->body, NULL);
        if (leaving.how == BY_BREAK)
            break;
        if (leaving.how != NORMALLY && leaving.how != BY_CONTINUE)
            return leaving;
    }
    return normally;
}

/* `*top` is the list of the block that the statement stands in. */
static struct leaving register_call(struct frame *frame, struct statement *s, struct entry **top)
{
    struct leaving leaving;
    struct entry *entry;
    int number;

    if (s->form == FORM_PTHREAD)
        return run_block(frame, s->body, new_entry(frame, s));
    if (s->form == FORM_IN && s->free_standing) {
        entry = new_entry(frame, s);
        entry->parent = NULL;
        top = &frame->scope[s->target]->top;
    } else if (s->form == FORM_IN) {
        struct scope *scope = s->target == HANDED ? frame->handed : frame->scope[s->target];
        if (!scope)
            return normally;
        entry = new_entry(frame, s);
        entry->scope = scope;
        if (s->target == HANDED)
            entry->parent = frame->handed_frame;
        top = &scope->top;
    } else {
        entry = new_entry(frame, s);
        if (s->in)
            top = &frame->scope[s->target]->top;
        if (s->passing == PASS_CALL) {
            leaving = call_site(frame, s->other_site, NULL, NULL, &number);
            if (leaving.how == UNWINDING)
                return leaving; /* D15 */
            entry->x = number;
        }
    }
    if (s->handle >= 0)
        frame->handle[s->handle] = entry;
    entry->below = *top;
    *top = entry;
    if (has_record(s->form))
        model.pending++;
    return normally;
}

static void move(struct scope *from, struct scope *to)
{
    struct entry **end = &from->top;
    if (from == to)
        return;
    while (*end)
        end = &(*end)->below;
    *end = to->top; /* D17: on top of what is there, in their order */
    to->top = from->top;
    from->top = NULL;
}

static struct leaving statement(struct frame *frame, struct statement *s, struct entry **top)
{
    struct leaving leaving;
    int number;

    if (++model.steps > MAX_STEPS)
        longjmp(model.give_up, 1);
    s->reached = model.number;
    switch (s->what) {
    case DO_HOLE:
        for (struct statement *fill = frame->function->fill[s->target]; fill; fill = fill->next) {
            leaving = simple(frame, fill);
            if (leaving.how != NORMALLY)
                return leaving;
        }
        return normally;
    case DO_IF: return run_block(frame, flip(s->n) ? s->body : s->other, NULL);
    case DO_LOOP: return loop(frame, s);
    case DO_SWITCH: {
        int cases = 1; /* a switch has a case */
        for (const struct statement *one = s->body->next; one; one = one->next)
            cases++;
        struct statement *chosen = s->body;
        for (int i = model.counter++ % cases; i > 0; i--)
            chosen = chosen->next;
        chosen->reached = model.number;
        return run_block(frame, chosen->body, NULL);
    }
    case DO_BLOCK:
        leaving = run_block(frame, s->body, NULL);
        return leaving.how == BY_GOTO && leaving.label == s->target ? normally : leaving;
    case DO_DEFER: return register_call(frame, s, top);
    case DO_SCOPE: {
        /* A scope is an entry of its block, and has entries itself. */
        struct entry *entry = arena_take(model.arena, sizeof(*entry));
        entry->statement = s;
        entry->scope = frame->scope[s->target] = arena_take(model.arena, sizeof(struct scope));
        entry->below = *top;
        *top = entry;
        return normally;
    }
    case DO_SCOPE_RUN:
        number = 0;
        for (struct entry *entry = frame->scope[s->target]->top; entry; entry = entry->below)
            number += !entry->gone;
        say("C%d ", number);
        return run_scope(frame, frame->scope[s->target], normally, true);
    case DO_SCOPE_DISMISS:
        for (struct entry *entry = frame->scope[s->target]->top; entry; entry = entry->below) {
            model.pending -= !entry->gone;
            entry->popped = true;
        }
        frame->scope[s->target]->top = NULL;
        return normally;
    case DO_MOVE:
        if (s->n != HANDED)
            move(frame->scope[s->target], frame->scope[s->n]);
        else if (frame->handed)
            move(frame->scope[s->target], frame->handed);
        return normally;
    case DO_SCOPE_CALL:
        leaving = call_site(frame, s->site, frame->scope[s->target], frame, &number);
        frame->x = wrap(frame->x + number);
        return leaving;
    case DO_DISMISS:
    case DO_RUN_NOW: {
        struct entry *entry = frame->handle[s->target];
        if (entry->popped)
            longjmp(model.give_up, 1); /* misuse */
        leaving = normally;
        if (s->what == DO_RUN_NOW) {
            take_turn(frame, entry, &leaving);
        } else if (!entry->gone) {
            entry->gone = true;
            model.pending--;
        }
        return leaving;
    }
    case DO_MARK: frame->ok = s->n != 0; return normally;
    default: abort();
    }
}

static struct leaving run_block(struct frame *frame, struct statement *body, struct entry *first)
{
    struct entry *top = first;
    struct leaving leaving = normally;

    for (struct statement *s = body; s && leaving.how == NORMALLY; s = s->next)
        leaving = statement(frame, s, &top);
    if (body == frame->function->shape->body && leaving.how == NORMALLY &&
        frame->function->shape->opening == OPEN_PLAIN && frame->function->result == RESULT_NUMBER) {
        frame->fixed = frame->x; /* D7: fixed before what is deferred runs */
        frame->has_fixed = true;
        leaving.how = BY_RETURN;
    }
    while (top) { /* D1 */
        struct entry *entry = top;
        top = entry->below;
        if (entry->statement->what == DO_SCOPE)
            leaving = run_scope(frame, entry->scope, leaving, false);
        else
            take_turn(frame, entry, &leaving);
    }
    return leaving;
}

static struct leaving call(const struct function *function, int argument, struct frame *parent,
                           struct scope *handed, struct frame *handed_frame, struct panic *given,
                           struct value *value)
{
    struct frame *frame = arena_take(model.arena, sizeof(*frame));
    frame->function = function;
    frame->x = argument;
    frame->parent = parent;
    frame->handed = handed;
    frame->handed_frame = handed_frame;
    frame->given = given;
    model.entered |= 1U << function->index;
    say("f%d(%d ", function->index, argument);

    struct leaving leaving = run_block(frame, function->shape->body, NULL);
    bool unwound = leaving.how == UNWINDING;
    if (unwound && leaving.recovered && leaving.goexit) {
        model.coverage->goexit_resumed++;
        return (struct leaving){.how = UNWINDING, .goexit = true}; /* P6 */
    }
    if (unwound && !leaving.recovered)
        return leaving;
    if (frame->has_fixed && unwound)
        model.coverage->plain_lost++;
    *value = (struct value){0};
    if (function->result == RESULT_ERROR)
        value->error = frame->result.error;
    else if (function->result != RESULT_VOID)
        value->number = frame->has_fixed && !unwound ? frame->fixed : frame->result.number;
    return normally;
}

bool model_run(const struct program *program, char *trace, struct coverage *coverage)
{
    struct coverage before = *coverage;

    if (!model.arena)
        model.arena = arena_new();
    arena_reset(model.arena);
    model.program = program;
    model.number++;
    model.coverage = coverage;
    model.trace = trace;
    model.length = model.steps = model.counter = model.pending = 0;
    model.acquired = model.released = 0;
    model.entered = 0;
    trace[0] = '\0';
    if (setjmp(model.give_up)) {
        *coverage = before;
        return false;
    }
    struct value value = {0};
    struct leaving leaving = call(&program->function[0], 1, NULL, NULL, NULL, NULL, &value);
    if (leaving.how != UNWINDING) {
        say_value(&program->function[0], &value);
    } else if (leaving.panic) {
        say_chain('U', leaving.panic);
        coverage->uncaught++;
    }
    /* The driver stops the panic; a goexit beneath it goes on. */
    if (leaving.how == UNWINDING && leaving.goexit) {
        say("goexit ");
        coverage->ended_by_goexit++;
    }
    say("%d/%d", model.released, model.acquired);
    coverage->programs++;
    return true;
}

void model_end(void)
{
    if (model.arena)
        arena_free(model.arena);
    model.arena = NULL;
}

bool model_reached(const struct statement *s)
{
    return s->reached == model.number;
}

bool model_entered(const struct function *function)
{
    return (model.entered >> function->index & 1) != 0;
}
