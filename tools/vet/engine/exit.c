/* Does an exit say that the function failed, or that it succeeded? */
#include "engine_parts.h"
#include "names.h"
#include "site_parts.h"
#include "type.h"

#include <string.h>

static bool returns_truth(const struct ir *ir)
{
    for (int i = 0; i < ir->function->type.count; i++) {
        const char *word = ir->function->type.words[i];
        if (strcmp(word, "bool") == 0 || strcmp(word, "gboolean") == 0 ||
            strcmp(word, "_Bool") == 0 || strcmp(word, "BOOL") == 0 ||
            strcmp(word, "boolean_t") == 0 || strcmp(word, "MagickBooleanType") == 0)
            return true;
    }
    return false;
}

/* const char *set(…): a text says what went wrong. */
static bool returns_complaint(const struct ir *ir)
{
    bool text = false, null = false;
    const struct type *type = &ir->function->type;
    if (!type_points_to(type, "char"))
        return false;
    EACH (instr, &ir->code)
        if (instr->kind == I_RETURN) {
            text |= instr->left.kind == O_STRING;
            null |= instr->left.kind == O_NUMBER && instr->left.number == 0;
        }
    return text && null;
}

/* return lg_error_new(…) */
static bool is_new_error(const struct ir *ir, int place)
{
    EACH (instr, &ir->code)
        if (instr->kind == I_CALL && instr->dst == place && instr->callee &&
            ir->places.at[place].kind == P_TEMPORARY && name_has(instr->callee, "error"))
            return true;
    return false;
}

/* log_error_errno(…), log_oom(), make_error(…), throw_errno(…), error(…): they report a failure and return what says so. */
static bool reports_failure(const char *name)
{
    static const char *const alone[] = {"error", "error_errno", "log_oom", NULL};
    static const char *const verbs[] = {"log",  "make", "set",    "throw", "raise",
                                        "fail", "push", "report", "reply", NULL};
    static const char *const nouns[] = {"errno", "errnof", "error", "errorf", "oom", NULL};
    static const char *const clears[] = {"clear", "reset", "ignore", "is", "has", "get", NULL};
    return word_in(name, alone) ||
           (name_has_any(name, verbs) && (name_has_any(name, nouns) || name_has(name, "throw")) &&
            !name_has_any(name, clears));
}

/* return ERR_PTR(r), return libbpf_err_ptr(r): an error number as a pointer. */
static bool makes_error_pointer(const char *name)
{
    return name_ends_with(name, "err_ptr") || name_ends_with(name, "err_cast");
}

/* return log_error_errno(r, "Cannot open %s", name); */
static bool is_report(const struct ir *ir, const struct state *state, int place)
{
    const struct place *value = &ir->places.at[place];
    const char *open = value->kind == P_VALUE ? strchr(value->text, '(') : NULL;
    if (open)
        return makes_error_pointer(intern(value->text, (size_t)(open - value->text)));
    if (value->kind != P_TEMPORARY)
        return false;
    EACH (instr, &ir->code)
        if (instr->kind == I_CALL && instr->dst == place && instr->callee && !instr->indirect)
            return reports_failure(instr->callee) ||
                   (makes_error_pointer(instr->callee) && instr->arg_count == 1 &&
                    facts_of(state->facts, &instr->args[0]).signs != ZERO);
    return false;
}

/* return made_of(n), and not give_up(name, fd), which may do more about the failure. */
static bool is_made_of(const struct ir *ir, int result, int number)
{
    EACH (call, &ir->code)
        if (call->kind == I_CALL && call->dst == result)
            return call->arg_count == 1 && call->args[0].place == number;
    return false;
}

/* n = read_head(f); if (n < 0) return made_of(n); The last condition before the exit has found that a call failed. */
static bool follows_failure(const struct ir *ir, const struct state *state)
{
    const struct state *after = state, *at = state->from;
    for (int steps = 0; at && steps < 10 && ir->code.at[at->instr].kind != I_BRANCH; steps++)
        after = at, at = at->from;
    const struct instr *branch = at ? &ir->code.at[at->instr] : NULL;
    if (!branch || branch->kind != I_BRANCH || branch->left.kind != O_PLACE ||
        branch->right.kind != O_NUMBER || branch->right.number != 0 ||
        branch->sign != (after->instr == branch->next ? '<' : S2('>', '=')) ||
        !is_made_of(ir, ir->code.at[state->instr].left.place, branch->left.place))
        return false;
    for (int steps = 0; at && steps < 6; steps++, at = at->from) {
        const struct instr *call = &ir->code.at[at->instr];
        if (call->kind == I_CALL && call->dst == branch->left.place)
            return call->callee && !name_is_predicate(call->callee) &&
                   !strstr(call->callee, "cmp") && !strstr(call->callee, "compare");
        if (call->kind == I_ASSIGN && call->dst == branch->left.place)
            return call->left.kind == O_PLACE &&
                   ir->places.at[call->left.place].kind == P_TEMPORARY;
    }
    return false;
}

static enum exit_class class_of_symbol(const char *symbol)
{
    int means = name_means(symbol);
    return means > 0 ? CLASS_SUCCESS : means < 0 ? CLASS_FAILURE : CLASS_UNKNOWN;
}

/* if (r < 0) return r; */
static bool is_tested_negative(const struct ir *ir, const struct instr *exit)
{
    const struct instr *before = exit - 1;
    while (before > ir->code.at && before->kind == I_JOIN)
        before--;
    return before->kind == I_BRANCH && before->left.place == exit->left.place &&
           before->sign == '<' && before->right.kind == O_NUMBER && before->right.number == 0;
}

/* Are its failures negative numbers, so that 1 is a success? */
static bool fails_negative(const struct ir *ir)
{
    EACH (instr, &ir->code)
        if (instr->kind == I_RETURN &&
            ((instr->left.kind == O_NUMBER && instr->left.number < 0) ||
             (instr->left.kind == O_PLACE &&
              (place_is_error_number(ir, instr->left.place) || is_tested_negative(ir, instr)))))
            return true;
    return false;
}

/* The constructor whose result the branch asks on this path; NULL: it asks something else. */
static const struct acquirer *asked_constructor(const struct ir *ir, const struct state *at,
                                                int place)
{
    static const struct acquirer other = {"", R_OBJECT, -1, FAILS_NULL};
    for (int steps = 0; at && steps < 6; steps++, at = at->from) {
        const struct instr *instr = &ir->code.at[at->instr];
        if (instr->kind == I_ASSIGN && instr->dst == place && instr->left.kind == O_PLACE) {
            place = instr->left.place;
        } else if (instr->kind == I_CALL && instr->dst == place && instr->callee) {
            const struct acquirer *acquirer = model_acquirer(instr->callee);
            bool makes = !acquirer && !instr->indirect && name_makes(instr->callee) &&
                         place_variable(ir, at->instr, place) >= 0 &&
                         place_is_pointer(ir, place_variable(ir, at->instr, place));
            return acquirer && acquirer->argument < 0 ? acquirer : makes ? &other : NULL;
        } else if (instr->dst == place || instr->kind == I_BRANCH) {
            return NULL;
        }
    }
    return NULL;
}

/* more = malloc(n); if (!more) return 0; Whatever the function returns, it could not do its work. */
static bool lacks_what_it_needs(const struct ir *ir, const struct state *state)
{
    const struct state *after = state, *at = state->from;
    for (int steps = 0; at && steps < 10 && ir->code.at[at->instr].kind != I_BRANCH; steps++)
        after = at, at = at->from;
    const struct instr *branch = at ? &ir->code.at[at->instr] : NULL;
    if (!branch || branch->kind != I_BRANCH || branch->left.kind != O_PLACE ||
        branch->right.kind != O_NUMBER)
        return false;
    bool truth = after->instr == branch->next;
    bool zero = branch->right.number == 0;
    bool null = zero && branch->sign == (truth ? S2('=', '=') : S2('!', '='));
    bool negative = (zero && branch->sign == (truth ? '<' : S2('>', '='))) ||
                    (branch->right.number == -1 &&
                     branch->sign == (truth ? S2('=', '=') : S2('!', '=')));
    const struct acquirer *constructor = null || negative
                                             ? asked_constructor(ir, at->from, branch->left.place)
                                             : NULL;
    return constructor &&
           (null ? constructor->failure == FAILS_NULL : constructor->failure == FAILS_NEGATIVE);
}

/* Straight on from here to a return of a number? */
static bool returns_number(const struct ir *ir, int at, long *number)
{
    for (int steps = 0; at >= 0 && steps < 8; steps++) {
        const struct instr *instr = &ir->code.at[at];
        if (instr->kind == I_RETURN && instr->left.kind == O_NUMBER)
            *number = instr->left.number;
        if (instr->kind == I_RETURN)
            return instr->left.kind == O_NUMBER;
        if (instr->kind == I_BRANCH || instr->kind == I_STOP || instr->next <= at)
            return false;
        at = instr->next;
    }
    return false;
}

/* p = create(…); if (!p) return 0; … return 1; An int of which 0 says that the function has failed. */
bool zero_fails(const struct ir *ir)
{
    bool zero = false, one = false;
    const struct type *type = &ir->function->type;
    if (type->stars > 0 || type->count == 0 || strcmp(type->words[type->count - 1], "int") != 0)
        return false;
    EACH (instr, &ir->code) {
        long number;
        if (instr->kind == I_RETURN && instr->left.kind == O_NUMBER) {
            one |= instr->left.number == 1;
            if (instr->left.number < 0)
                return false;
        }
        bool equal = instr->sign == S2('=', '=');
        if (instr->kind != I_BRANCH || instr->left.place < 0 || instr->right.kind != O_NUMBER ||
            instr->right.number != 0 || (!equal && instr->sign != S2('!', '=')) ||
            !place_is_pointer(ir, instr->left.place) ||
            !returns_number(ir, equal ? instr->next : instr->other, &number))
            continue;
        if (number != 0)
            return false;
        zero = true;
    }
    return zero && one;
}

enum exit_class classify_exit(const struct ir *ir, const struct state *state)
{
    const struct operand *result = &ir->code.at[state->instr].left;
    struct fact fact = facts_of(state->facts, result);
    bool null_fails = ((ir->function->type.stars > 0 || ir->returns_null) &&
                       !type_gives_error(&ir->function->type) && !returns_complaint(ir)) ||
                      returns_truth(ir) || ir->zero == 2;
    if (state->failing || lacks_what_it_needs(ir, state))
        return CLASS_FAILURE;
    if (result->kind == O_UNKNOWN) /* the end of a void function, or a return in its midst */
        return ir->returns_with_value == 0 && ir->code.at[state->instr].expr == NULL
                   ? CLASS_SUCCESS
                   : CLASS_UNKNOWN;
    if (fact.equal.kind == 2)
        return class_of_symbol((const char *)fact.equal.value);
    if (fact.signs == NEGATIVE)
        return CLASS_FAILURE;
    if (fact.signs == ZERO)
        return null_fails ? CLASS_FAILURE : CLASS_SUCCESS;
    if (fact.signs == POSITIVE && fact.equal.kind == 1 && !null_fails && fails_negative(ir))
        return CLASS_SUCCESS;
    if (!(fact.signs & ZERO))
        return null_fails                                       ? CLASS_SUCCESS
               : fact.signs == POSITIVE && fact.equal.kind == 0 ? CLASS_UNKNOWN
                                                                : CLASS_FAILURE;
    if (result->kind == O_PLACE && type_gives_error(&ir->function->type) &&
        is_new_error(ir, result->place))
        return CLASS_FAILURE;
    if (result->kind == O_PLACE && !type_gives_error(&ir->function->type) &&
        is_report(ir, state, result->place))
        return CLASS_FAILURE;
    if (result->kind == O_PLACE && ir->places.at[result->place].kind == P_VALUE &&
        strncmp(ir->places.at[result->place].text, "-(", 2) == 0)
        return CLASS_FAILURE;
    return follows_failure(ir, state) ? CLASS_FAILURE : CLASS_UNKNOWN;
}
