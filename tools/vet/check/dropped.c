/* leak: what a call acquires is kept nowhere, or only compared: nobody can release it. */
#include "check.h"
#include "harness.h"
#include "model.h"
#include "names.h"
#include "prototype.h"
#include "walk.h"

#include <string.h>

enum fate { FATE_LOST, FATE_COMPARED, FATE_USED };

static bool compares(const struct instr *branch, int place)
{
    return branch->kind == I_BRANCH && branch->left.place == place &&
           (branch->right.kind == O_NUMBER || branch->right.kind == O_SYMBOL);
}

/* `open(name, O_RDONLY) >= 0` as a value */
static bool is_comparison(const struct place *value)
{
    static const char *const signs[] = {"==(", "!=(", "<(", ">(", "<=(", ">=(", "!(", NULL};
    for (const char *const *sign = signs; *sign; sign++)
        if (strncmp(value->text, *sign, strlen(*sign)) == 0)
            return value->parts.count == 1;
    return false;
}

static void be(enum fate *fate, enum fate other)
{
    if (other > *fate)
        *fate = other;
}

static enum fate fate_of(const struct ir *ir, const struct instr *call)
{
    enum fate fate = FATE_LOST;
    int place = call->dst;
    EACH (value, &ir->places)
        EACH (part, &value->parts)
            if (*part == place)
                be(&fate, is_comparison(value) ? FATE_COMPARED : FATE_USED);
    EACH (instr, &ir->code) {
        if (instr->left.place == place || instr->right.place == place)
            be(&fate, compares(instr, place) ? FATE_COMPARED : FATE_USED);
        for (int i = 0; i < instr->arg_count; i++)
            if (instr->args[i].place >= 0 && place_within(ir, instr->args[i].place, place))
                be(&fate, FATE_USED);
    }
    return fate;
}

/* open("/dev/null", …) fills the lowest free descriptor, and opening a terminal makes it the process's own. */
static bool opens_device(const struct instr *call)
{
    for (int i = 0; i < call->arg_count; i++)
        if (call->args[i].kind == O_STRING && strstr(call->args[i].text, "/dev/"))
            return true;
    return false;
}

/* Descriptors are opened for their number in functions that close others first. */
static bool arranges_descriptors(const struct ir *ir)
{
    static const char *const names[] = {"close",  "dup",    "dup2",   "dup3",      "fork",
                                        "setsid", "daemon", "fclose", "closefrom", NULL};
    EACH (instr, &ir->code)
        if (instr->kind == I_CALL && instr->callee && word_in(instr->callee, names))
            return true;
    return false;
}

static bool is_null(const struct operand *operand)
{
    return operand->kind == O_NUMBER && operand->number == 0;
}

/* lg_error *f(void) gives the error to its caller. */
static bool returns_error(const struct ir *ir, const char *callee)
{
    const struct prototype *called = prototype_of(ir->unit, callee);
    return called && called->result.stars == 1 && !called->result.is_const && called->result.name &&
           strcmp(called->result.name, "lg_error") == 0;
}

/* What the result of this call is, if it is surely the caller's own: what to call for it. */
static const char *release_of(const struct ir *ir, const struct instr *call)
{
    static const char *const kept[] = {"realloc", "reallocarray", "dup",    "dlopen",
                                       "mmap",    "shmat",        "valloc", NULL};
    const struct acquirer *acquirer = function_of(ir, call->callee) ? NULL
                                                                    : model_acquirer(call->callee);
    if (!acquirer || acquirer->argument >= 0 || word_in(call->callee, kept))
        return NULL;
    if (model_allocates(call->callee) && !prototype_of(ir->unit, call->callee))
        return NULL; /* emalloc(p, char *, n): a macro that sets its argument, as far as can be seen */
    if (strcmp(call->callee, "realpath") == 0 && !(call->arg_count == 2 && is_null(&call->args[1])))
        return NULL;
    if (acquirer->resource == R_DESCRIPTOR && (opens_device(call) || arranges_descriptors(ir)))
        return NULL;
    if (acquirer->resource == R_STREAM && opens_device(call))
        return NULL;
    /* What a library's function returns may be what it was passed: BN_bin2bn(bytes, length, number). */
    return library_release(call->callee) ? NULL : resource_release(acquirer->resource);
}

static void report(struct ir *ir, struct arena *arena, finding_vec *findings,
                   const struct instr *call, enum fate fate, const char *release)
{
    struct finding *finding = finding_at(ir, arena, findings, "leak", LEVEL_SURE, call);
    finding->message = arena_format(arena, "what '%s' returns is %s", call->callee,
                                    fate == FATE_LOST ? "kept nowhere"
                                                      : "only compared, and then lost");
    finding->advice = arena_format(arena, "keep it in a variable and call %s", release);
}

/* Is the call a statement of its own? MACRO(x) = strdup(y) is none. Whoever writes (void)step(x) of an error knows that
 * there is none. */
static bool is_statement(const struct stmt *stmt, const struct expr *call, bool error)
{
    if (!stmt)
        return false;
    const struct expr *value = stmt->kind == S_EXPR ? stmt->value : NULL;
    while (value && value->kind == E_CAST && !error)
        value = value->a;
    if (value && value == call)
        return true;
    for (int i = 0; i < stmt->list.count; i++)
        if (is_statement(stmt->list.at[i], call, error))
            return true;
    return is_statement(stmt->then, call, error) || is_statement(stmt->otherwise, call, error);
}

/* if (recv_until(…)) break; if (lg_context_error(ctx)) break; The errors of limits are shared: nothing is lost. */
static bool has_limit(const char *callee)
{
    static const char *const words[] = {"until", "try", NULL};
    return name_has_any(callee, words) || strcmp(callee, "lg_context_error") == 0;
}

void check_dropped(struct ir *ir, struct arena *arena, finding_vec *findings)
{
    if (strcmp(ir->function->name, "main") == 0 || is_of_test(ir))
        return;
    EACH (call, &ir->code) {
        if (call->kind != I_CALL || call->implicit || call->deferred || call->expanded ||
            call->indirect || !call->callee || call->dst < 0 ||
            ir->places.at[call->dst].kind != P_TEMPORARY)
            continue;
        bool error = returns_error(ir, call->callee);
        const char *release = error ? resource_release(R_ERROR) : release_of(ir, call);
        enum fate fate = release ? fate_of(ir, call) : FATE_USED;
        if ((fate == FATE_COMPARED && !(error && has_limit(call->callee))) ||
            (fate == FATE_LOST && is_statement(ir->function->body, call->expr, error)))
            report(ir, arena, findings, call, fate, release);
    }
}
