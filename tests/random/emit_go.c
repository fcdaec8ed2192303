/* Programs as Go source: of each, what the model came to. Go runs deferred calls when the function is left, not the block: so a block of
 * ours is a function literal called at once, which returns how it was left. A shape with `go_list` keeps
 * its blocks plain: all that it defers in them goes into the one scope at its top, and that is Go's defer.
 * recover() stops a panic only if the deferred function itself calls it: so it stands in the outermost
 * block, and a function that is not to recover is deferred inside another. */
#include <stdarg.h>
#include <stdlib.h>

#include "ast.h"

struct emitter {
    FILE *out;
    const struct function *function;
    int program;
    int indent;
    int literals; /* how many function literals are around */
    int names;
};

static void line(struct emitter *e, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void line(struct emitter *e, const char *format, ...)
{
    va_list values;
    for (int i = 0; i < e->indent; i++)
        fputc('\t', e->out);
    va_start(values, format);
    vfprintf(e->out, format, values);
    va_end(values);
    fputc('\n', e->out);
}

static void emit_list(struct emitter *e, const struct statement *s);

static const struct function *callee_of(const struct emitter *e, int site)
{
    int callee = site < 0 ? -1 : e->function->site[site].callee;
    const struct function *function = callee < 0 ? NULL : &e->function->program->function[callee];
    return function && model_entered(function) ? function : NULL;
}

/* ---- how blocks are left ------------------------------------------------------------------------- */

static void emit_up(struct emitter *e, const char *code)
{
    if (e->literals > 0)
        line(e, "return %s", code);
    else if (e->function->shape->opening == OPEN_PLAIN && e->function->result != RESULT_VOID)
        line(e, "return fr.ret");
    else
        line(e, "return");
}

static bool reached_any(const struct statement *s)
{
    for (; s; s = s->next)
        if (model_reached(s))
            return true;
    return false;
}

/* A block; what is behind a loop's body differs from what is behind another's. */
static void emit_block(struct emitter *e, const struct statement *body, bool loop, int label)
{
    if (!reached_any(body))
        return;
    e->indent++;
    if (e->function->shape->go_list) {
        emit_list(e, body);
        e->indent--;
        return;
    }
    line(e, "c := func() int {");
    e->indent++;
    e->literals++;
    emit_list(e, body);
    line(e, "return 0");
    e->literals--;
    e->indent--;
    line(e, "}()");
    if (loop) {
        line(e, "if c == cBreak {");
        line(e, "\tbreak");
        line(e, "}");
        line(e, "if c == cContinue {");
        line(e, "\tcontinue");
        line(e, "}");
    }
    if (label >= 0)
        line(e, "if c != 0 && c != cLabel+%d {", label);
    else
        line(e, "if c != 0 {");
    e->indent++;
    emit_up(e, "c");
    e->indent--;
    line(e, "}");
    e->indent--;
}

/* ---- calls ----------------------------------------------------------------------------------------- */

/* An expression for the call's number, its result said. */
static void call_text(const struct emitter *e, const struct function *callee, const char *argument,
                      char *text, size_t size)
{
    static const char *const say[] = {"sayVoid", "sayNumber", "sayNumber", "sayError"};
    if (!callee)
        snprintf(text, size, "0");
    else if (callee->result == RESULT_VOID)
        snprintf(text, size, "sayVoid(run, %d, func() { p%d_f%d(run, \"\", nil, %s) })",
                 callee->index, e->program, callee->index, argument);
    else
        snprintf(text, size, "%s(run, %d, p%d_f%d(run, \"\", nil, %s))", say[callee->result],
                 callee->index, e->program, callee->index, argument);
}

static void emit_return_call(struct emitter *e, const struct statement *s)
{
    const struct function *callee = &e->function->program->function[s->target];
    char argument[64], text[256];
    snprintf(argument, sizeof(argument), "arg(fr, %d)", s->n);
    if (e->function->result == RESULT_ERROR && callee->result == RESULT_ERROR)
        snprintf(text, sizeof(text), "passError(run, %d, p%d_f%d(run, \"\", nil, %s))",
                 callee->index, e->program, callee->index, argument);
    else
        call_text(e, callee, argument, text, sizeof(text));

    if (e->function->shape->opening == OPEN_PLAIN)
        line(e, "fr.ret = %s", text);
    else if (e->function->result == RESULT_VOID)
        line(e, "_ = %s", text);
    else if (e->function->result == RESULT_ERROR && callee->result != RESULT_ERROR)
        line(e, "_, r = %s, nil", text);
    else
        line(e, "r = %s", text);
    emit_up(e, "cReturn");
}

static void emit_return(struct emitter *e, const struct statement *s)
{
    if (e->function->shape->opening == OPEN_PLAIN)
        line(e, "fr.ret = arg(fr, %d)", s->n);
    else if (e->function->result == RESULT_ERROR)
        line(e, "r = newError(%d)", s->n);
    else if (e->function->result != RESULT_VOID)
        line(e, "r = arg(fr, %d)", s->n);
    emit_up(e, "cReturn");
}

static void emit_simple(struct emitter *e, const struct statement *s)
{
    char argument[64], text[256];
    int n = s->n;
    switch (s->what) {
    case DO_EVENT: line(e, "doEvent(fr, %d)", n); break;
    case DO_SET: line(e, "doSet(fr, %d)", n); break;
    case DO_SET_RESULT: line(e, "doSetResult(fr, %d)", n); break;
    case DO_SET_OUTER: line(e, "doSetOuter(fr, %d)", n); break;
    case DO_CALL:
        snprintf(argument, sizeof(argument), "arg(fr, %d)", n);
        call_text(e, &e->function->program->function[s->target], argument, text, sizeof(text));
        line(e, "add(fr, %s)", text);
        break;
    case DO_PANIC:
        if (n % 3 == PANIC_MESSAGE)
            line(e, "panic(\"p%d\")", n);
        else if (n % 3 == PANIC_ERROR)
            line(e, "panic(\"q%d\")", n);
        else
            line(e, "panic(\"ptr%d\")", n % 16);
        break;
    case DO_GOEXIT: line(e, "runtime.Goexit()"); break;
    case DO_RETURN: emit_return(e, s); break;
    case DO_RETURN_CALL: emit_return_call(e, s); break;
    case DO_BREAK: line(e, e->function->shape->go_list ? "break" : "return cBreak"); break;
    case DO_CONTINUE: line(e, e->function->shape->go_list ? "continue" : "return cContinue"); break;
    case DO_GOTO: line(e, "return cLabel + %d", s->target); break;
    case DO_RECOVER: line(e, "doRecover(fr, recover())"); break;
    case DO_REPANIC:
        line(e, "if fr.seen != \"\" {");
        line(e, "\tpanic(fr.seen)");
        line(e, "}");
        break;
    default: abort();
    }
}

/* ---- defers ------------------------------------------------------------------------------------------ */

static void emit_defer(struct emitter *e, const struct statement *s)
{
    const struct function *callee = callee_of(e, s->site);
    char at[32], function[64], argument[256] = "fr.x";
    int name = e->names++;

    snprintf(at, sizeof(at), "\"-%d.%d\"", e->function->index, s->site);
    if (callee)
        snprintf(function, sizeof(function), "p%d_f%d", e->program, callee->index);
    else
        snprintf(function, sizeof(function), "leaf");
    line(e, "note(fr, %d)", s->site);

    switch (s->form) {
    case FORM_RECOVER: line(e, "defer %s(run, %s, fr, fr.x)", function, at); return;
    case FORM_NULL:
        line(e, "var null%d func()", name);
        line(e, "defer null%d()", name);
        return;
    case FORM_NAMED:
        line(e, "h%d := named(func(x int) { %s(run, %s, fr, x) }, fr.x)", s->handle, function, at);
        line(e, "defer h%d.run()", s->handle);
        return;
    case FORM_CONTAINED:
        line(e, "defer contained(fr, func(x int) { %s(run, %s, fr, x) }, fr.x)", function, at);
        return;
    case FORM_PTHREAD:
        /* In a literal even where blocks are plain. */
        line(e, "{");
        e->indent++;
        line(e, "c := func() int {");
        e->indent++;
        e->literals++;
        line(e, "defer func(x int) { %s(run, %s, fr, x) }(fr.x)", function, at);
        emit_list(e, s->body);
        line(e, "return 0");
        e->literals--;
        e->indent--;
        line(e, "}()");
        line(e, "if c != 0 {");
        e->indent++;
        emit_up(e, "c");
        e->indent--;
        line(e, "}");
        e->indent--;
        line(e, "}");
        return;
    default: break;
    }
    if (s->passing == PASS_REFERENCE) {
        line(e, "defer func() { %s(run, %s, fr, fr.x) }()", function, at);
        return;
    }
    if (s->passing == PASS_CALL)
        call_text(e, callee_of(e, s->other_site), "fr.x", argument, sizeof(argument));
    line(e, "defer func(x int) { %s(run, %s, fr, x) }(%s)", function, at, argument);
}

/* ---- statements ----------------------------------------------------------------------------------------- */

static void emit(struct emitter *e, const struct statement *s)
{
    switch (s->what) {
    case DO_HOLE:
        for (const struct statement *fill = e->function->fill[s->target]; fill; fill = fill->next)
            if (model_reached(fill))
                emit_simple(e, fill);
        break;
    case DO_IF:
        line(e, "if flip(run, %d) {", s->n);
        emit_block(e, s->body, false, -1);
        if (s->other) {
            line(e, "} else {");
            emit_block(e, s->other, false, -1);
        }
        line(e, "}");
        break;
    case DO_LOOP: {
        int name = e->names++;
        line(e, "for i%d := 0; i%d < %d; i%d++ {", name, name, s->n, name);
        emit_block(e, s->body, true, -1);
        line(e, "}");
        break;
    }
    case DO_SWITCH: {
        int cases = 0;
        for (const struct statement *one = s->body; one; one = one->next)
            cases++;
        line(e, "switch pick(run, %d) {", cases);
        cases = 0;
        for (const struct statement *one = s->body; one; one = one->next) {
            line(e, one->next ? "case %d:" : "default:", cases++);
            emit_block(e, one->body, false, -1);
        }
        line(e, "}");
        break;
    }
    case DO_BLOCK:
        line(e, "{");
        emit_block(e, s->body, false, s->target);
        line(e, "}");
        break;
    case DO_DEFER: emit_defer(e, s); break;
    case DO_SCOPE: break;
    case DO_DISMISS: line(e, "h%d.f = nil", s->target); break;
    case DO_RUN_NOW: line(e, "h%d.run()", s->target); break;
    default: abort();
    }
}

static void emit_list(struct emitter *e, const struct statement *s)
{
    for (; s; s = s->next)
        if (model_reached(s))
            emit(e, s);
}

static void emit_function(struct emitter *e)
{
    const struct function *f = e->function;
    bool named = f->shape->opening != OPEN_PLAIN && f->result != RESULT_VOID;
    const char *type = f->result == RESULT_ERROR ? "*failure" : "int";

    fprintf(e->out, "func p%d_f%d(run *run, at string, parent *frame, argument int) ", e->program,
            f->index);
    if (f->result != RESULT_VOID)
        fprintf(e->out, named ? "(r %s) " : "%s ", type);
    fprintf(e->out, "{\n\tfr := enter(run, at, %d, parent, argument)\n", f->index);
    if (named)
        fprintf(e->out, f->result == RESULT_ERROR ? "\tfr.err = &r\n" : "\tfr.number = &r\n");
    e->indent = 1;
    emit_list(e, f->shape->body);
    if (named)
        line(e, "return");
    else if (f->result != RESULT_VOID)
        line(e, "return fr.x");
    else
        line(e, "_ = fr");
    fprintf(e->out, "}\n\n");
}

void emit_go_program(FILE *out, const struct program *program, int number)
{
    char text[256];
    struct emitter e = {.out = out, .program = number};
    for (int i = 0; i < program->functions; i++) {
        e.function = &program->function[i];
        if (model_entered(e.function))
            emit_function(&e);
    }
    call_text(&e, &program->function[0], "1", text, sizeof(text));
    fprintf(out, "func p%d(run *run) {\n\t_ = %s\n}\n\n", number, text);
}

void emit_go_program_table(FILE *out, int count)
{
    fprintf(out, "var programs = []func(run *run){\n");
    for (int i = 0; i < count; i++)
        fprintf(out, "\tp%d,\n", i);
    fprintf(out, "}\n");
}

void emit_go_prelude(FILE *out)
{
    fprintf(out, "package main\n\nimport \"runtime\"\n\nvar _ = runtime.Goexit\n\n");
}
