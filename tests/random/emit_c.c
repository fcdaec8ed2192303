/* Shapes and programs as C source, on the library's real macros. Of a program, what the model came to. */
#include <stdarg.h>
#include <stdlib.h>

#include "ast.h"

struct emitter {
    FILE *out;
    const struct shape *shape;
    const struct function
        *function; /* whose holes are written out; NULL: holes are filled at run time */
    int indent;
    int names; /* for locals */
};

static void line(struct emitter *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void line(struct emitter *e, const char *format, ...)
{
    va_list values;
    fprintf(e->out, "%*s", e->indent * 4, "");
    va_start(values, format);
    vfprintf(e->out, format, values);
    va_end(values);
    fputc('\n', e->out);
}

static void emit_list(struct emitter *e, const struct statement *s);

static void emit_return(struct emitter *e, const char *condition)
{
    if (e->shape->opening == OPEN_PLAIN)
        line(e, e->shape->result == RESULT_VOID ? "%sreturn;" : "%sreturn fr.result;", condition);
    else if (e->shape->result == RESULT_VOID)
        line(e, "%slg_return_void();", condition);
    else if (e->shape->result == RESULT_NUMBER)
        line(e, "%slg_return(fr.result);", condition);
    else if (e->shape->result == RESULT_STRUCT)
        line(e, "%slg_return(big_of(fr.result));", condition);
    else
        line(e, "%slg_return(result_error(&fr));", condition);
}

static void emit_return_plain(struct emitter *e, const char *condition)
{
    line(e,
         e->shape->result == RESULT_STRUCT ? "%sreturn big_of(fr.result);" : "%sreturn fr.result;",
         condition);
}

static void emit_hole(struct emitter *e, const struct statement *s)
{
    line(e, "{");
    e->indent++;
    line(e, "const int go = hole(&fr, %d);", s->target);
    emit_return(e, "if (go == GO_RETURN) ");
    if (s->allowed & MAY_RETURN_PLAIN)
        emit_return_plain(e, "if (go == GO_RETURN_PLAIN) ");
    if (s->allowed & MAY_BREAK)
        line(e, "if (go == GO_BREAK) break;");
    if (s->allowed & MAY_CONTINUE)
        line(e, "if (go == GO_CONTINUE) continue;");
    for (int i = 0; i < MAX_LABELS; i++)
        if (s->allowed & ((unsigned)MAY_GOTO << i))
            line(e, "if (go == GO_LABEL + %d) goto out_%d;", i, i);
    line(
        e,
        "if (go == GO_PANIC) { if (fr.n %% 3 == PANIC_MESSAGE) lg_panic(\"p%%d\", fr.n); do_panic(fr.n); }");
    e->indent--;
    line(e, "}");
}

static void emit_simple(struct emitter *e, const struct statement *s)
{
    int n = s->n;
    switch (s->what) {
    case DO_EVENT: line(e, "do_event(&fr, %d);", n); break;
    case DO_SET: line(e, "do_set(&fr, %d);", n); break;
    case DO_SET_RESULT: line(e, "do_set_result(&fr, %d);", n); break;
    case DO_SET_OUTER: line(e, "do_set_outer(&fr, %d);", n); break;
    case DO_CALL: line(e, "do_call(&fr, %d, %d);", n, s->target); break;
    case DO_PANIC:
        if (n % 3 == PANIC_MESSAGE)
            line(e, "lg_panic(\"p%d\");", n);
        else if (n % 3 == PANIC_ERROR)
            line(e, "lg_panic_with_error(lg_error_new(\"q%d\"));", n);
        else
            line(e, "do_panic(%d);", n);
        break;
    case DO_GOEXIT: line(e, "lg_goexit();"); break;
    case DO_RETURN:
    case DO_RETURN_PLAIN:
        line(e, "result_number(&fr, %d);", n);
        if (s->what == DO_RETURN)
            emit_return(e, "");
        else
            emit_return_plain(e, "");
        break;
    case DO_RETURN_CALL:
        line(e, "result_call(&fr, %d, %d);", n, s->target);
        emit_return(e, "");
        break;
    case DO_BREAK: line(e, "break;"); break;
    case DO_CONTINUE: line(e, "continue;"); break;
    case DO_GOTO: line(e, "goto out_%d;", s->target); break;
    case DO_RECOVER: line(e, "do_recover(&fr);"); break;
    case DO_LOOK: line(e, "do_look(&fr);"); break;
    case DO_REPANIC: line(e, "do_repanic(&fr);"); break;
    case DO_PENDING: line(e, "do_pending(&fr);"); break;
    default: abort();
    }
}

static void emit_call(struct emitter *e, const struct statement *s)
{
    int name = e->names++;
    switch (s->passing) {
    case PASS_REFERENCE: line(e, "lg_defer(deferred_reference, SITE(%d), &fr);", s->site); break;
    case PASS_POINTER:
        line(e, "deferred_function *function_%d = deferred;", name);
        line(e, "lg_defer(function_%d, SITE(%d), &fr, fr.x);", name, s->site);
        line(e, "function_%d = deferred_wrong;", name);
        line(e, "(void)function_%d;", name);
        break;
    case PASS_CAPSULE:
        line(e, "struct capsule capsule_%d = {SITE(%d), &fr, fr.x};", name, s->site);
        line(e, "lg_defer(deferred_capsule, &capsule_%d);", name);
        break;
    case PASS_FOUR:
        line(e, "lg_defer(deferred_in, SITE(%d), &fr, (long)fr.x, NULL);", s->site);
        break;
    case PASS_CALL:
        line(e, "lg_defer(deferred, SITE(%d), &fr, call_site(&fr, %d));", s->site, s->other_site);
        break;
    default: line(e, "lg_defer(deferred, SITE(%d), &fr, fr.x);", s->site); break;
    }
}

static const char *form_name(enum form form)
{
    switch (form) {
    case FORM_RECOVER: return "_recover";
    case FORM_ON_ERROR: return "_on_error";
    case FORM_ON_SUCCESS: return "_on_success";
    default: return "_contained";
    }
}

static void emit_defer(struct emitter *e, const struct statement *s)
{
    int name = e->names++;

    if (s->form == FORM_IN && s->target == HANDED) {
        line(e, "if (fr.handed) {");
        line(e, "    note(&fr, %d);", s->site);
        line(
            e,
            "    lg_defer_in(fr.handed, deferred_in, SITE(%d), fr.handed_frame, (long)fr.x, fr.handed);",
            s->site);
        line(e, "}");
        return;
    }
    line(e, "note(&fr, %d);", s->site);
    if (s->in) {
        line(e, "lg_defer%s_in(&scope_%d, %s, SITE(%d), &fr, fr.x);", form_name(s->form), s->target,
             s->form == FORM_RECOVER ? "recovering" : "deferred", s->site);
        return;
    }
    if (s->free_standing) {
        line(e, "lg_defer_in(&scope_%d, deferred_alone, SITE(%d), fr.run, fr.x);", s->target,
             s->site);
        return;
    }
    switch (s->form) {
    case FORM_CALL: emit_call(e, s); break;
    case FORM_BLOCK:
        line(e, "lg_defer_block {");
        line(e, "    deferred_reference(SITE(%d), &fr);", s->site);
        line(e, "}");
        break;
    case FORM_FOREIGN:
        line(
            e,
            "struct capsule foreign_%d __attribute__((cleanup(deferred_capsule), unused)) = {SITE(%d), &fr, "
            "fr.x};",
            name, s->site);
        break;
    case FORM_PTHREAD:
        line(e, "{");
        e->indent++;
        line(e, "struct capsule capsule_%d = {SITE(%d), &fr, fr.x};", name, s->site);
        line(e, "pthread_cleanup_push(pthread_deferred, &capsule_%d);", name);
        emit_list(e, s->body);
        line(e, "pthread_cleanup_pop(1);");
        e->indent--;
        line(e, "}");
        break;
    case FORM_NAMED:
        line(e, "lg_defer_as(handle_%d, deferred, SITE(%d), &fr, fr.x);", s->handle, s->site);
        break;
    case FORM_ON_ERROR:
        line(e, "lg_defer_on_error(deferred, SITE(%d), &fr, fr.x);", s->site);
        break;
    case FORM_ON_SUCCESS:
        line(e, "lg_defer_on_success(deferred, SITE(%d), &fr, fr.x);", s->site);
        break;
    case FORM_CONTAINED:
        line(e, "lg_defer_contained(deferred, SITE(%d), &fr, fr.x);", s->site);
        break;
    case FORM_RECOVER:
        line(e, "lg_defer_recover(recovering, SITE(%d), &fr, fr.x);", s->site);
        break;
    case FORM_IN:
        if (s->handle >= 0)
            line(e, "lg_deferred *const handle_%d __attribute__((unused)) =", s->handle);
        line(e, "lg_defer_in(&scope_%d, deferred_in, SITE(%d), &fr, (long)fr.x, &scope_%d);",
             s->target, s->site, s->target);
        break;
    case FORM_NULL:
        line(e, "deferred_function *function_%d = NULL;", name);
        line(e, "lg_defer(function_%d, SITE(%d), &fr, fr.x);", name, s->site);
        break;
    }
}

static void emit_block(struct emitter *e, const struct statement *body)
{
    e->indent++;
    emit_list(e, body);
    e->indent--;
}

static void emit(struct emitter *e, const struct statement *s)
{
    switch (s->what) {
    case DO_HOLE:
        if (!e->function) {
            emit_hole(e, s);
            break;
        }
        for (const struct statement *fill = e->function->fill[s->target]; fill; fill = fill->next)
            if (model_reached(fill))
                emit_simple(e, fill);
        break;
    case DO_IF:
        line(e, "if (flip(&fr, %d)) {", s->n);
        emit_block(e, s->body);
        if (s->other) {
            line(e, "} else {");
            emit_block(e, s->other);
        }
        line(e, "}");
        break;
    case DO_LOOP: {
        int name = e->names++;
        line(e, "for (int i_%d = 0; i_%d < %d; i_%d++) {", name, name, s->n, name);
        emit_block(e, s->body);
        line(e, "}");
        break;
    }
    case DO_SWITCH: {
        int cases = 0;
        for (const struct statement *one = s->body; one; one = one->next)
            cases++;
        line(e, "switch (pick(&fr, %d)) {", cases);
        cases = 0;
        for (const struct statement *one = s->body; one; one = one->next) {
            line(e, one->next ? "case %d: {" : "default: {", cases++);
            emit_block(e, one->body);
            line(e, "    break;");
            line(e, "}");
        }
        line(e, "}");
        break;
    }
    case DO_BLOCK:
        line(e, "{");
        emit_block(e, s->body);
        line(e, "}");
        if (s->target >= 0)
            line(e, "out_%d: __attribute__((unused));", s->target);
        break;
    case DO_DEFER: emit_defer(e, s); break;
    case DO_SCOPE: line(e, "lg_scope(scope_%d);", s->target); break;
    case DO_SCOPE_RUN:
        line(e, "do_count(&fr, lg_scope_count(&scope_%d));", s->target);
        line(e, "lg_scope_run(&scope_%d);", s->target);
        break;
    case DO_SCOPE_DISMISS: line(e, "lg_scope_dismiss(&scope_%d);", s->target); break;
    case DO_MOVE:
        if (s->n == HANDED)
            line(e, "if (fr.handed) lg_move(&scope_%d, fr.handed);", s->target);
        else
            line(e, "lg_move(&scope_%d, &scope_%d);", s->target, s->n);
        break;
    case DO_SCOPE_CALL: line(e, "call_with_scope(&fr, %d, &scope_%d);", s->site, s->target); break;
    case DO_DISMISS: line(e, "lg_deferred_dismiss(handle_%d);", s->target); break;
    case DO_RUN_NOW: line(e, "lg_deferred_run(handle_%d);", s->target); break;
    case DO_MARK: line(e, s->n ? "lg_mark_success();" : "lg_mark_failure();"); break;
    default: abort();
    }
}

static void emit_list(struct emitter *e, const struct statement *s)
{
    for (; s; s = s->next)
        if (!e->function || model_reached(s))
            emit(e, s);
}

static void emit_function(struct emitter *e, const char *name)
{
    static const char *const types[] = {"void", "int", "struct big", "lg_error *"};
    static const char *const pointers[] = {"", "fr.number = &r;", "fr.big = &r;",
                                           "fr.named_error = &r;"};
    const struct shape *shape = e->shape;
    const char *type = types[shape->result];
    const char *recovers = shape->opening == OPEN_RECOVERS ? "_recovers" : "";

    line(e, "static %s %s(struct call *call)", type, name);
    line(e, "{");
    e->indent++;
    line(e, "struct frame fr;");
    line(e, "frame_open(&fr, call);");
    if (shape->opening == OPEN_PLAIN) {
        emit_list(e, shape->body);
        if (shape->result != RESULT_VOID)
            line(e, "return fr.x;");
    } else {
        if (shape->result == RESULT_VOID)
            line(e, "lg_func%s_void {", recovers);
        else
            line(e, "lg_func%s (%s, r) {", recovers, type);
        e->indent++;
        if (shape->result != RESULT_VOID)
            line(e, "%s", pointers[shape->result]);
        emit_list(e, shape->body);
        e->indent--;
        line(e, "}");
    }
    e->indent--;
    line(e, "}");
    fputc('\n', e->out);
}

static void emit_adapter(FILE *out, const char *name, enum result result, const char *prefix)
{
    fprintf(out, "%svoid run_%s(struct call *call)\n{\n", prefix, name);
    if (result == RESULT_VOID)
        fprintf(out, "    %s(call);\n", name);
    else if (result == RESULT_NUMBER)
        fprintf(out, "    call->number = %s(call);\n", name);
    else if (result == RESULT_STRUCT)
        fprintf(out, "    const struct big big = %s(call);\n    call->number = number_of(&big);\n",
                name);
    else
        fprintf(out, "    call->error = %s(call);\n", name);
    fprintf(out, "}\n\n");
}

void emit_c_shapes(FILE *out, const struct shapes *shapes, int from, int to)
{
    fprintf(out, "/* Written by `random-programs shapes`. */\n#include \"support.h\"\n\n");
    for (int i = from; i < to && i < shapes->count; i++) {
        char name[32];
        struct emitter e = {.out = out, .shape = shapes->shape[i]};
        snprintf(name, sizeof(name), "shape_%d", i);
        emit_function(&e, name);
        fprintf(out, "void run_%s(struct call *call);\n", name);
        emit_adapter(out, name, e.shape->result, "");
    }
}

void emit_c_shape_table(FILE *out, int count)
{
    fprintf(out, "/* Written by `random-programs shapes`. */\n#include \"shapes.h\"\n\n");
    for (int i = 0; i < count; i++)
        fprintf(out, "void run_shape_%d(struct call *call);\n", i);
    fprintf(out, "\nvoid (*const compiled_shapes[])(struct call *call) = {\n");
    for (int i = 0; i < count; i++)
        fprintf(out, "    run_shape_%d,\n", i);
    fprintf(out, "};\nconst int compiled_shape_count = %d;\n", count);
}

void emit_c_program(FILE *out, const struct program *program, int number)
{
    for (int i = program->functions - 1; i >= 0; i--) {
        char name[32];
        const struct function *f = &program->function[i];
        if (!model_entered(f))
            continue;
        struct emitter e = {.out = out, .shape = f->shape, .function = f};
        snprintf(name, sizeof(name), "p%d_f%d", number, i);
        emit_function(&e, name);
        emit_adapter(out, name, f->result, "static ");
    }
    fprintf(
        out,
        "const struct program program_%d = {\n    .seed = %llu, .go = %d, .functions = %d,\n    .function = {\n",
        number, program->seed, program->go, program->functions);
    for (int i = 0; i < program->functions; i++) {
        const struct function *f = &program->function[i];
        if (!model_entered(f)) {
            fprintf(out, "        {.index = %d},\n", i);
            continue;
        }
        fprintf(
            out,
            "        {.program = &program_%d, .run = run_p%d_f%d, .index = %d, .result = %d, .site = {\n",
            number, number, i, i, (int)f->result);
        for (int k = 0; k < f->shape->sites; k++)
            fprintf(out, "            {&program_%d.function[%d], %d, %d},\n", number, i, k,
                    f->site[k].callee);
        fprintf(out, "        }},\n");
    }
    fprintf(out, "    },\n};\n\n");
}

void emit_c_program_table(FILE *out, int count)
{
    fprintf(out, "#include \"support.h\"\n\n");
    for (int i = 0; i < count; i++)
        fprintf(out, "extern const struct program program_%d;\n", i);
    fprintf(out, "const struct program *const programs[] = {\n");
    for (int i = 0; i < count; i++)
        fprintf(out, "    &program_%d,\n", i);
    fprintf(out, "};\nconst int program_count = %d;\n", count);
}
