/* An object is freed while a timer or a callback that was given it is still armed. */
#include "check.h"
#include "ir.h"
#include "knowledge.h"
#include "model.h"
#include "names.h"

#include <stdio.h>
#include <string.h>

static bool arms(const char *name)
{
    static const char *const what[] = {"timer", "timeout", "idle", "callback",
                                       "event", "alarm",   NULL};
    static const char *const how[] = {"add",      "new",      "start", "arm",
                                      "schedule", "register", "mod",   NULL};
    return name_has_any(name, what) && name_has_any(name, how) && name_releases(name) < 2;
}

static bool disarms(const char *name)
{
    static const char *const words[] = {"cancel", "remove",     "stop", "del",
                                        "delete", "unregister", "off",  "disarm",
                                        "clear",  "unref",      NULL};
    return name_has_any(name, words) || name_releases(name) > 0;
}

static const char *last_component(const char *text)
{
    const char *arrow = strrchr(text, '>'), *dot = strrchr(text, '.');
    const char *last = arrow > dot ? arrow : dot;
    return last ? last + 1 : NULL;
}

static const char *type_of(const struct ir *ir, int place)
{
    const struct place *at = &ir->places.at[place];
    const struct type *type = at->decl        ? &at->decl->type
                              : at->parameter ? &at->parameter->type
                                              : NULL;
    return type && type->stars == 1 && type->count > 0 ? type->words[type->count - 1] : NULL;
}

/* The object that a field is in: its type if it is a variable, or else the name of the field that leads to it. */
struct owner {
    const char *type, *field;
};

static struct owner owner_of(const struct ir *ir, int object)
{
    struct owner owner = {NULL, NULL};
    if (ir->places.at[object].kind == P_PART) {
        const char *field = last_component(ir->places.at[object].text);
        owner.field = field ? intern_string(field) : NULL;
    } else {
        owner.type = type_of(ir, object);
    }
    return owner;
}

static bool same_owner(struct owner a, struct owner b)
{
    return (a.type && a.type == b.type) || (a.field && a.field == b.field);
}

/* The field of this file that holds what `call` arms: x->timer = timer_add(…), timer_add(…, &x->timer). */
static int armed_place(const struct ir *ir, const struct instr *call)
{
    if (call->kind != I_CALL || !call->callee || !arms(call->callee))
        return -1;
    if (call->dst >= 0 && ir->places.at[call->dst].kind == P_PART)
        return call->dst;
    for (int i = 0; i < call->arg_count; i++)
        if (call->args[i].kind == O_ADDRESS && ir->places.at[call->args[i].place].kind == P_PART)
            return call->args[i].place;
    return -1;
}

static bool mentions(const struct ir *ir, const char *field)
{
    EACH (place, &ir->places) {
        const char *last = place->kind == P_PART ? last_component(place->text) : NULL;
        if (last && strcmp(last, field) == 0)
            return true;
    }
    return false;
}

/* Does the function, or one of this file that it calls, touch the field? */
static bool deals_with(const struct knowledge *knowledge, const struct ir *ir, const char *field,
                       int depth)
{
    if (mentions(ir, field))
        return true;
    EACH (instr, &ir->code) {
        const struct ir *callee = instr->kind == I_CALL && instr->callee && depth > 0
                                      ? map_get(&knowledge->by_name, instr->callee)
                                      : NULL;
        if (callee && deals_with(knowledge, callee, field, depth - 1))
            return true;
    }
    return false;
}

/* handle_close(&x->timer, on_closed), where on_closed frees x: it is disarmed before. */
static bool is_callback_of(const struct knowledge *knowledge, const char *function,
                           const char *field)
{
    EACH (ir, &knowledge->irs)
        EACH (instr, &ir->code)
            for (int i = 0; instr->kind == I_CALL && i < instr->arg_count; i++) {
                const struct operand *argument = &instr->args[i];
                const char *text = argument->kind == O_SYMBOL ? argument->text
                                   : argument->place >= 0     ? ir->places.at[argument->place].text
                                                              : NULL;
                if (text == function && mentions(ir, field))
                    return true;
            }
    return false;
}

static bool disarmed_somewhere(const struct knowledge *knowledge, const char *field)
{
    EACH (ir, &knowledge->irs)
        EACH (instr, &ir->code)
            for (int i = 0; instr->kind == I_CALL && instr->callee && i < instr->arg_count; i++) {
                int place = instr->args[i].place;
                const char *last = place >= 0 && ir->places.at[place].kind == P_PART
                                       ? last_component(ir->places.at[place].text)
                                       : NULL;
                if (last && strcmp(last, field) == 0 && disarms(instr->callee))
                    return true;
            }
    return false;
}

/* cancel(&x->timer); … x_free(x): whoever calls the function that frees may have disarmed it before. */
static bool caller_deals_with(const struct knowledge *knowledge, const char *function,
                              const char *field)
{
    EACH (ir, &knowledge->irs)
        EACH (instr, &ir->code)
            if (instr->kind == I_CALL && instr->callee == function && mentions(ir, field))
                return true;
    return false;
}

struct search {
    struct ir *ir;
    const struct knowledge *knowledge;
    struct arena *arena;
    finding_vec *findings;
    const struct instr *release;
    int object;
};

static void report(const struct search *search, const char *field, const struct ir *arming,
                   const struct instr *arm)
{
    const struct ir *ir = search->ir;
    struct finding *finding = finding_at(ir, search->arena, search->findings, "lost-cancel",
                                         LEVEL_LIKELY, search->release);
    finding->message = arena_format(search->arena,
                                    "'%s' is freed here, but its '%s' may still be armed",
                                    place_text(ir, search->object), field);
    finding_note(search->arena, finding, arm->line, arm->column, "armed here, in '%s'",
                 arming->function->name);
    finding->advice = arena_format(search->arena, "disarm '%s' first", field);
}

/* A constructor that fails frees what nobody has armed yet. */
static bool is_new(const struct ir *ir, int object)
{
    EACH (instr, &ir->code)
        if (instr->dst == object &&
            ((instr->kind == I_CALL && instr->callee && name_constructs(instr->callee)) ||
             (instr->kind == I_ASSIGN && instr->left.kind == O_PLACE &&
              ir->places.at[instr->left.place].kind == P_TEMPORARY)))
            return true;
    return false;
}

static void find_armed(const struct search *search)
{
    if (is_new(search->ir, search->object))
        return;
    struct owner freed = owner_of(search->ir, search->object);
    const char *told = NULL;
    EACH (ir, &search->knowledge->irs)
        EACH (arm, &ir->code) {
            int place = armed_place(ir, arm);
            const char *field = place >= 0 ? last_component(ir->places.at[place].text) : NULL;
            if (!field || (told && strcmp(told, field) == 0) ||
                !same_owner(freed, owner_of(ir, ir->places.at[place].parent)) ||
                deals_with(search->knowledge, search->ir, field, 4) ||
                is_callback_of(search->knowledge, search->ir->function->name, field) ||
                caller_deals_with(search->knowledge, search->ir->function->name, field) ||
                !disarmed_somewhere(search->knowledge, field))
                continue;
            told = field;
            report(search, field, ir, arm);
        }
}

static bool registers_callback(const char *name)
{
    static const char *const words[] = {"callback", "handler",  "notifier",
                                        "hook",     "listener", NULL};
    return strstr(name, "register") && !strstr(name, "unregister") && name_has_any(name, words);
}

static bool same_first_word(const char *a, const char *b)
{
    size_t length = strcspn(a, "_");
    return a[length] && strncmp(a, b, length + 1) == 0;
}

/* A handle that the file gives to a register function, and that this function frees. */
static void find_registered(const struct search *search)
{
    const struct ir *here = search->ir;
    const char *name = here->places.at[search->object].text;
    const struct instr *registered = NULL;
    const struct ir *where = NULL;
    bool unregistered = false;
    if (here->places.at[search->object].kind != P_GLOBAL)
        return;
    EACH (ir, &search->knowledge->irs)
        EACH (instr, &ir->code)
            unregistered |= instr->kind == I_CALL && instr->callee &&
                            strstr(instr->callee, "unregister") != NULL;
    EACH (instr, &here->code)
        if (instr->kind == I_CALL && instr->callee && strstr(instr->callee, "unregister"))
            return;
    EACH (ir, &search->knowledge->irs)
        EACH (instr, &ir->code)
            if (instr->kind == I_CALL && instr->callee && instr->arg_count > 1 &&
                registers_callback(instr->callee) && instr->args[0].place >= 0 &&
                ir->places.at[instr->args[0].place].text == name &&
                ir->function->name != here->function->name) {
                registered = instr;
                where = ir;
            }
    /* dictionary_register_callback(d, …), dictionary_destroy(d): what d itself keeps ends with d. */
    if (registered && !unregistered && same_first_word(registered->callee, search->release->callee))
        return;
    if (registered)
        report(search, registered->callee, where, registered);
}

/* session_free(s), free_session(s); not session_free_timers(s), open_with_free_function(s). */
static bool frees_whole(const char *callee)
{
    return name_destroys(callee) || name_ends_with(callee, "close") ||
           name_ends_with(callee, "delete") || name_ends_with(callee, "dispose") ||
           strncmp(callee, "free", 4) == 0 || strncmp(callee, "destroy", 7) == 0 ||
           strncmp(callee, "delete", 6) == 0;
}

/* free(x), g_free(x), XFREE(TYPE, x), or a function of this file, which has been looked into. What foo_close or foo_free
 * of another file does first, nobody knows. */
static bool frees_for_sure(struct knowledge *knowledge, const struct instr *call, int argument)
{
    const char *callee = call->callee;
    bool known = map_get(&knowledge->by_name, callee) &&
                 knowledge_parameter(knowledge, call, argument).effect != EFFECT_NONE;
    return name_frees(callee) && !name_counts(callee) &&
           ((known && frees_whole(callee)) || model_frees_memory(callee) ||
            (name_destroys(callee) && strchr(callee, '_') == NULL));
}

void check_armed(struct ir *ir, struct knowledge *knowledge, struct arena *arena,
                 finding_vec *findings)
{
    EACH (instr, &ir->code) {
        if (instr->kind != I_CALL || !instr->callee || instr->arg_count == 0 ||
            !name_frees(instr->callee) || name_counts(instr->callee))
            continue;
        for (int i = 0; i < instr->arg_count && i < 2; i++) {
            struct search search = {ir, knowledge, arena, findings, instr, instr->args[i].place};
            if (instr->args[i].kind != O_PLACE || ir->places.at[search.object].kind == P_VALUE)
                continue;
            /* parent_free(parent, x): x is freed. */
            if (i == instr->arg_count - 1 && frees_for_sure(knowledge, instr, i))
                find_armed(&search);
            find_registered(&search);
        }
    }
}
