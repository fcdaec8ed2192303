/* leak: strcmp(a, make_text(b)) leaves nobody who could release the text. */
#include "check.h"
#include "harness.h"
#include "knowledge.h"
#include "names.h"
#include "site_parts.h"

#include <string.h>

/* What to call for what this call makes; NULL: it may be somebody else's. */
static const char *release_of(const struct ir *ir, struct knowledge *knowledge,
                              const struct instr *call)
{
    int resource;
    if (call->indirect || name_is_constant(call->callee))
        return NULL;
    enum result_kind kind = knowledge_result(knowledge, call, &resource);
    if (kind == RESULT_OWNED && resource == R_MEMORY)
        return "free";
    if (knowledge_nobody_releases(knowledge, call->callee) || is_of_test(ir))
        return NULL;
    const struct acquirer *acquirer = model_acquirer(call->callee);
    if (acquirer)
        return acquirer->argument < 0 && acquirer->resource == R_MEMORY ? "free" : NULL;
    return kind == RESULT_LENT || kind == RESULT_SHARED
               ? NULL
               : knowledge_release(knowledge, call->callee);
}

static const char *const readers[] = {
    "strcmp", "strncmp", "strcasecmp", "strncasecmp", "strlen",      "puts",  "printf",   "fprintf",
    "fputs",  "atoi",    "strtol",     "strtoul",     "g_str_equal", "streq", "strtoull", NULL};

/* strcmp(a, b) whose value is tested is an expression, and no call. */
static const char *reader_in_value(const struct place *value)
{
    const char *open = strchr(value->text, '(');
    const char *name = open ? intern(value->text, (size_t)(open - value->text)) : "";
    return word_in(name, readers) ? name : NULL;
}

/* The function that gets the result as an argument, if nothing else does and if it surely keeps nothing. */
static const char *only_reader(const struct ir *ir, int place)
{
    const char *reader = NULL;
    int uses = 0;
    EACH (value, &ir->places)
        EACH (part, &value->parts)
            if (*part == place) {
                reader = reader_in_value(value);
                uses++;
            }
    EACH (instr, &ir->code) {
        uses += 2 * (instr->left.place == place || instr->right.place == place);
        for (int i = 0; i < instr->arg_count; i++)
            if (instr->args[i].place == place) {
                reader = instr->callee && word_in(instr->callee, readers) ? instr->callee : NULL;
                uses++;
            }
    }
    return uses == 1 ? reader : NULL;
}

static void report(struct ir *ir, struct arena *arena, finding_vec *findings,
                   const struct instr *call, const char *reader, const char *release)
{
    struct finding *finding = finding_at(ir, arena, findings, "leak", LEVEL_LIKELY, call);
    finding->message = arena_format(arena, "what '%s' makes is only passed to '%s', and then lost",
                                    call->callee, reader);
    finding->advice = arena_format(arena, "keep it in a variable and call %s afterwards", release);
}

void check_discarded(struct ir *ir, struct knowledge *knowledge, struct arena *arena,
                     finding_vec *findings)
{
    for (int i = 0; i < ir->code.count; i++) {
        const struct instr *call = &ir->code.at[i];
        if (call->kind != I_CALL || call->implicit || !call->callee || call->dst < 0 ||
            ir->places.at[call->dst].kind != P_TEMPORARY)
            continue;
        const char *reader = only_reader(ir, call->dst);
        const char *release = reader ? release_of(ir, knowledge, call) : NULL;
        if (release)
            report(ir, arena, findings, call, reader, release);
    }
}
