/* What a later test of the acquiring call's status, or of the error object that it was passed, says of the resource. */
#include "engine_parts.h"
#include "names.h"
#include "type.h"

#include <string.h>

#define FARTHEST 80 /* steps between the call and the test */

/* Does the place still have what the acquiring call returned? */
static bool has_result(const struct simulation *simulation, const struct state *state, int place)
{
    const struct instr *acquire = &simulation->ir->code.at[state->acquired];
    const struct state *at = state->from;
    for (int steps = 0; at && steps < FARTHEST; steps++, at = at->from) {
        const struct instr *instr = &simulation->ir->code.at[at->instr];
        if (at->instr == state->acquired)
            return acquire->dst == place;
        if (instr->dst != place)
            continue;
        return instr->kind == I_ASSIGN && instr->left.kind == O_PLACE &&
               instr->left.place == acquire->dst;
    }
    return false;
}

/* status == gpg_error(INVALID_VALUE): the other side makes an error of a constant. */
static bool is_made_error(const struct ir *ir, int place)
{
    static const char *const words[] = {"error", "err", NULL};
    const struct place *value = &ir->places.at[place];
    const char *open = strchr(value->text, '(');
    if (value->kind == P_VALUE && open)
        return name_has_any(intern(value->text, (size_t)(open - value->text)), words);
    EACH (instr, &ir->code)
        if (value->kind == P_TEMPORARY && instr->kind == I_CALL && instr->dst == place)
            return instr->callee && name_has_any(instr->callee, words) && instr->arg_count > 0 &&
                   instr->args[0].kind == O_SYMBOL;
    return false;
}

static bool is_error_type(const struct decl *decl)
{
    return decl && decl->type.stars == 1 && type_is_error(&decl->type);
}

/* x < 0, x == -EAGAIN, x == FOO_ERR; x != 0 or x != FOO_OK, if the name of x says that it is a status; and x != 0, if its type
 * says that it is an error. */
static bool tests_failure(const struct ir *ir, const struct instr *branch, bool truth)
{
    const struct operand *right = &branch->right;
    bool zero = right->kind == O_NUMBER && right->number == 0;
    bool success = zero || (right->kind == O_SYMBOL && name_means_zero(right->text));
    bool equal = branch->sign == (truth ? S2('=', '=') : S2('!', '='));
    bool unequal = branch->sign == (truth ? S2('!', '=') : S2('=', '='));
    bool negative = branch->sign == (truth ? '<' : S2('>', '='));
    if (negative && zero)
        return true;
    if (equal && right->kind == O_PLACE)
        return place_is_error_number(ir, right->place) || is_made_error(ir, right->place);
    if (equal && right->kind == O_SYMBOL)
        return name_means(right->text) < 0 || strstr(right->text, "_E") != NULL ||
               strstr(right->text, "NOMATCH") != NULL;
    const struct decl *decl = ir->places.at[branch->left.place].decl;
    if (unequal && zero && is_error_type(decl))
        return true;
    return unequal && success && decl && decl->type.stars == 0 && name_is_status(decl->name);
}

/* x = f(…, &error); if (error != NULL) */
static bool tests_error_object(const struct ir *ir, const struct instr *acquire,
                               const struct instr *branch, bool truth)
{
    if (branch->right.kind != O_NUMBER || branch->right.number != 0 ||
        branch->sign != (truth ? S2('!', '=') : S2('=', '=')) ||
        !is_error_type(ir->places.at[branch->left.place].decl))
        return false;
    for (int i = 0; i < acquire->arg_count; i++)
        if (acquire->args[i].kind == O_ADDRESS && acquire->args[i].place == branch->left.place)
            return true;
    return false;
}

/* The call just before the branch whose result the branch tests, if it has one argument; NULL: there is none. */
static const struct instr *tested_call(const struct simulation *simulation,
                                       const struct state *state, const struct instr *branch)
{
    const struct state *at = state->from;
    for (int steps = 0; at && steps < 4; steps++, at = at->from) {
        const struct instr *call = &simulation->ir->code.at[at->instr];
        if (call->kind == I_CALL && call->dst == branch->left.place)
            return call->callee && call->arg_count == 1 ? call : NULL;
    }
    return NULL;
}

/* lg_error_is(err, &lg_error_cancelled), and the like: who finds one error in another has been given one. */
static bool finds_error(const char *callee)
{
    static const char *const names[] = {"lg_error_is", "lg_error_is_errno", "g_error_matches",
                                        NULL};
    return callee && word_in(callee, names);
}

/* if (lg_error_is(err, …)): which place is asked? -1: it is another test. */
static int asked_for_kind(const struct simulation *simulation, const struct state *state,
                          const struct instr *branch, bool truth)
{
    const struct place *value = &simulation->ir->places.at[branch->left.place];
    const char *open = value->kind == P_VALUE ? strchr(value->text, '(') : NULL;
    const struct state *at = state->from;
    if (branch->right.kind != O_NUMBER || branch->right.number != 0 ||
        branch->sign != (truth ? S2('!', '=') : S2('=', '=')))
        return -1;
    if (open && value->parts.count > 0 &&
        finds_error(intern(value->text, (size_t)(open - value->text))))
        return value->parts.at[0];
    for (int steps = 0; at && steps < 4; steps++, at = at->from) {
        const struct instr *call = &simulation->ir->code.at[at->instr];
        if (call->kind == I_CALL && call->dst == branch->left.place)
            return finds_error(call->callee) && call->arg_count > 1 ? call->args[0].place : -1;
    }
    return -1;
}

/* status, of `status & ~MASK`; -1: it is another expression. */
static int masked_variable(const struct ir *ir, int place)
{
    const struct place *value = &ir->places.at[place];
    int found = -1;
    if (value->kind != P_VALUE || strncmp(value->text, "&(", 2) != 0)
        return -1;
    EACH (part, &value->parts) {
        if (ir->places.at[*part].kind == P_VALUE)
            continue;
        if (found >= 0)
            return -1;
        found = *part;
    }
    return found;
}

/* 0, FALSE, ImageFalse */
static bool is_false(const struct ir *ir, const struct operand *operand)
{
    const char *name = operand->kind == O_SYMBOL  ? operand->text
                       : operand->kind == O_PLACE ? ir->places.at[operand->place].text
                                                  : NULL;
    return operand->kind == O_NUMBER ? operand->number == 0 : name && name_ends_with(name, "false");
}

/* if (FAILED(hr)), if (IS_ERR(status)), if (base_code(status) == CODE_AGAIN), if ((status & MASK) == CODE_AGAIN): which place is
 * asked? */
static int asked_by_call(const struct simulation *simulation, const struct state *state,
                         const struct instr *branch, bool truth)
{
    static const char *const names[] = {"FAILED", "IS_ERR",    "IS_ERROR", "NT_ERROR",
                                        "ISERR",  "NS_FAILED", NULL};
    const struct instr *call = tested_call(simulation, state, branch);
    bool named = call && branch->right.kind == O_NUMBER && branch->right.number == 0 &&
                 branch->sign == (truth ? S2('!', '=') : S2('=', '=')) &&
                 word_in(call->callee, names);
    bool fatal = call && (strstr(call->callee, "IsFatal") || strstr(call->callee, "is_fatal")) &&
                 !is_false(simulation->ir, &branch->right) &&
                 branch->sign == (truth ? S2('=', '=') : S2('!', '='));
    if (fatal) /* if (library_is_fatal(error) == LIBRARY_TRUE) */
        return call->args[0].place;
    bool decoded = branch->right.kind == O_SYMBOL && name_is_constant(branch->right.text) &&
                   name_means(branch->right.text) <= 0 && !name_means_zero(branch->right.text) &&
                   branch->sign == (truth ? S2('=', '=') : S2('!', '='));
    int masked = masked_variable(simulation->ir, branch->left.place);
    return call && (named || decoded) ? call->args[0].place : decoded ? masked : -1;
}

/* ICONV_OPEN_ERROR(cd), SOCKET_IS_VALID(s): such a macro asks about the resource itself. A function, as text_valid(text),
 * asks about what it holds. */
static bool asks_for_failure(const char *callee)
{
    static const char *const words[] = {"ERROR", "ERR", "FAILED", "INVALID", "ISNULL", "BAD", NULL};
    return (name_is_constant(callee) && name_has_any(callee, words)) || strstr(callee, "IS_NULL") ||
           strstr(callee, "is_null") || strstr(callee, "get_error") ||
           strcmp(callee, "PTR_ERR_OR_ZERO") == 0;
}

/* Of a number, as is_fd_valid(fd) is asked, nothing else can be valid or open than the resource. */
static bool asks_for_success(const struct simulation *simulation, const char *callee)
{
    static const char *const words[] = {"valid", "ok", "isvalid", NULL};
    if (simulation->site->resource == R_DESCRIPTOR && name_has_any(callee, words) &&
        !name_has(callee, "invalid"))
        return true;
    return name_is_constant(callee) && (name_has(callee, "VALID") || name_has(callee, "ISVALID"));
}

bool predicate_implies_failure(const struct simulation *simulation, const struct state *state,
                               const struct instr *branch, bool truth)
{
    if (state->phase != HELD || simulation->site->argument || branch->left.kind != O_PLACE ||
        branch->right.kind != O_NUMBER || branch->right.number != 0 ||
        (branch->sign != S2('!', '=') && branch->sign != S2('=', '=')))
        return false;
    bool yes = branch->sign == (truth ? S2('!', '=') : S2('=', '='));
    const struct place *value = &simulation->ir->places.at[branch->left.place];
    if (value->kind == P_VALUE && value->parts.count == 1 && holds(state, value->parts.at[0])) {
        const char *end = strchr(value->text, '('), *name = value->text;
        if (!end || end == name)
            return false;
        name = intern(name, (size_t)(end - name));
        return yes ? asks_for_failure(name) : asks_for_success(simulation, name);
    }
    const struct state *at = state->from;
    for (int steps = 0; at && steps < 4; steps++, at = at->from) {
        const struct instr *call = &simulation->ir->code.at[at->instr];
        if (call->kind != I_CALL || call->dst != branch->left.place)
            continue;
        return call->callee && call->arg_count == 1 && call->args[0].kind == O_PLACE &&
               holds(state, call->args[0].place) &&
               (yes ? asks_for_failure(call->callee) : asks_for_success(simulation, call->callee));
    }
    return false;
}

/* if (IsSuccess(image, &status) == False): the call just before the branch is asked whether the status is a success. */
static bool denies_success(const struct simulation *simulation, const struct state *state,
                           const struct instr *branch, bool truth)
{
    static const char *const words[] = {"success", "succeeded", "successful", "ok", NULL};
    const struct state *at = state->from;
    if (!is_false(simulation->ir, &branch->right) ||
        branch->sign != (truth ? S2('=', '=') : S2('!', '=')))
        return false;
    for (int steps = 0; at && steps < 4; steps++, at = at->from) {
        const struct instr *call = &simulation->ir->code.at[at->instr];
        if (call->kind != I_CALL || call->dst != branch->left.place)
            continue;
        for (int i = 0; call->callee && name_has_any(call->callee, words) && i < call->arg_count;
             i++)
            if (call->args[i].place >= 0 && has_result(simulation, state, call->args[i].place))
                return true;
        return false;
    }
    return false;
}

bool status_implies_failure(const struct simulation *simulation, const struct state *state,
                            const struct instr *branch, bool truth)
{
    const struct ir *ir = simulation->ir;
    if (state->phase != HELD || state->acquired < 0 || !state->acquisition || state->prepared ||
        simulation->site->argument || branch->left.kind != O_PLACE ||
        holds(state, branch->left.place))
        return false;
    const struct instr *acquire = &ir->code.at[state->acquired];
    if (tests_error_object(ir, acquire, branch, truth))
        return true;
    if (acquire->dst != state->acquisition->holder &&
        denies_success(simulation, state, branch, truth))
        return true;
    int asked = acquire->dst == state->acquisition->holder
                    ? -1
                    : asked_by_call(simulation, state, branch, truth);
    if (asked < 0 && acquire->dst != state->acquisition->holder)
        asked = asked_for_kind(simulation, state, branch, truth);
    if (asked >= 0)
        return has_result(simulation, state, asked);
    return acquire->dst != state->acquisition->holder && tests_failure(ir, branch, truth) &&
           has_result(simulation, state, branch->left.place);
}
