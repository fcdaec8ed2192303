/* How is it seen that a call has failed? */
#include "names.h"
#include "sign.h"
#include "site_parts.h"

#include <string.h>

/* goto connected, goto found: the function goes on. */
static bool names_success(const char *label)
{
    static const char *const words[] = {"connected", "found", "success", "succeeded", "ok",
                                        "good",      "again", "retry",   "opened",    NULL};
    return name_has_any(label, words) && !name_has(label, "not") && !name_has(label, "no");
}

/* From a branch's edge: is the function, or the loop's round, left soon without a look at `place` (-1: none)? */
enum leaving leaves_early(const struct ir *ir, int at, int place, bool *touches)
{
    for (int steps = 0; at >= 0 && steps < 14; steps++) {
        const struct instr *instr = &ir->code.at[at];
        if (instr->kind == I_RETURN)
            return place >= 0 && instr->left.place >= 0 &&
                           place_within(ir, instr->left.place, place)
                       ? GOES_ON
                       : LEAVES;
        if (instr->label && names_success(instr->label))
            return GOES_ON;
        if (instr->kind == I_STOP || instr->label)
            return LEAVES;
        if (instr->kind == I_BRANCH)
            return GOES_ON;
        if (instr->kind == I_CALL && place >= 0)
            for (int i = 0; i < instr->arg_count; i++)
                if (instr->args[i].place >= 0 && place_within(ir, instr->args[i].place, place)) {
                    *touches = true;
                    return GOES_ON;
                }
        if (instr->kind == I_ASSIGN && place >= 0 && instr->left.kind == O_PLACE &&
            place_within(ir, instr->left.place, place)) {
            *touches = true;
            return GOES_ON;
        }
        if (instr->next >= 0 && instr->next <= at)
            return LEAVES_ROUND; /* back to the head of a loop */
        at = instr->next;
    }
    return GOES_ON;
}

/* The first test of `place` after the call; it may have been copied to another variable first. */
const struct instr *first_test(const struct ir *ir, int at, int *place, bool *mirrored)
{
    for (int steps = 0; at >= 0 && steps < 12; steps++, at = ir->code.at[at].next) {
        const struct instr *instr = &ir->code.at[at];
        if (instr->kind == I_BRANCH) {
            *mirrored = instr->right.place == *place && instr->left.place != *place;
            return instr->left.place == *place || instr->right.place == *place ? instr : NULL;
        }
        if (instr->kind == I_RETURN || instr->kind == I_STOP)
            return NULL;
        if (instr->kind == I_ASSIGN && instr->left.kind == O_PLACE && instr->left.place == *place)
            *place = instr->dst;
        else if (instr->dst == *place)
            return NULL;
    }
    return NULL;
}

/* Is the called function declared to return a boolean? */
static bool gives_truth(const struct ir *ir, int instr)
{
    const char *callee = ir->code.at[instr].callee;
    const struct prototype *prototype = callee ? prototype_of(ir->unit, callee) : NULL;
    const char *type = prototype && prototype->result.stars == 0 ? prototype->result.name : NULL;
    return type && (strstr(type, "bool") || strstr(type, "Bool") || strstr(type, "BOOL"));
}

/* Is the result a pointer to an object? Then a null pointer is the failure. An error object says the opposite; a text may say what went
 * wrong, so it `may_be_text` only if nothing else tells, and if its name and its type do not speak of that. */
static bool gives_object(const struct ir *ir, int place, bool may_be_text)
{
    const struct decl *decl = place >= 0 ? ir->places.at[place].decl : NULL;
    const struct type *type = decl ? &decl->type : NULL;
    if (!type || type->stars != 1 || type->count == 0 || is_error_object(ir, place))
        return false;
    bool is_text = strcmp(type->words[type->count - 1], "char") == 0;
    return !is_text || (may_be_text && !type->is_const && !name_is_status(decl->name));
}

/* g_file_get_contents(name, &text, NULL, &error): what is passed the address of an error returns a boolean or an object. */
static bool fills_error(const struct ir *ir, int instr)
{
    const struct instr *call = &ir->code.at[instr];
    const struct operand *last = call->arg_count > 0 ? &call->args[call->arg_count - 1] : NULL;
    if (!last || last->place < 0)
        return false;
    const struct place *place = &ir->places.at[last->place];
    const struct type *type = place->decl        ? &place->decl->type
                              : place->parameter ? &place->parameter->type
                                                 : NULL;
    return type && type->count > 0 && type->stars == (last->kind == O_ADDRESS ? 1 : 2) &&
           strcmp(type->words[type->count - 1], "GError") == 0;
}

/* if (!lock(x)) return 0; *state = LOCKED; return 0; Nothing is done where the lock was not taken. */
static bool leaves_at_once(const struct ir *ir, int at)
{
    while (at >= 0 && ir->code.at[at].kind == I_JOIN && !ir->code.at[at].label &&
           ir->code.at[at].next > at)
        at = ir->code.at[at].next;
    return at >= 0 && ir->code.at[at].kind == I_RETURN;
}

static bool zero_test_fails_when_true(const struct ir *ir, int instr, const struct instr *branch,
                                      int held)
{
    bool touches_yes = false, touches_no = false;
    if (fills_error(ir, instr) || gives_object(ir, branch->left.place, false))
        return branch->sign == S2('=', '=');
    bool yes = leaves_early(ir, branch->next, held, &touches_yes) != GOES_ON;
    bool no = leaves_early(ir, branch->other, held, &touches_no) != GOES_ON;
    if (yes != no)
        return yes;
    bool yes_at_once = leaves_at_once(ir, branch->next),
         no_at_once = leaves_at_once(ir, branch->other);
    if (yes && held < 0 && yes_at_once != no_at_once)
        return yes_at_once;
    if (touches_yes != touches_no)
        return touches_no;
    if (gives_truth(ir, instr) || gives_object(ir, branch->left.place, true))
        return branch->sign == S2('=', '=');
    return branch->sign == S2('!', '='); /* a status is zero if all went well */
}

/* list = read_list(&buffer, &n); if (n < 0) return -1; */
static bool status_by_address(const struct ir *ir, int instr, int held, struct failing *failing)
{
    const struct instr *call = &ir->code.at[instr];
    for (int i = 0; i < call->arg_count; i++) {
        int status = call->args[i].place;
        bool mirrored;
        if (call->args[i].kind != O_ADDRESS || status == held)
            continue;
        const struct instr *branch = first_test(ir, call->next, &status, &mirrored);
        if (!branch || mirrored || branch->sign != '<' || branch->right.kind != O_NUMBER ||
            branch->right.number != 0)
            continue;
        *failing = (struct failing){call->args[i].place, '<', branch->right, true, true};
        return true;
    }
    return false;
}

/* How does a call whose result is a status fail? `held` is what it gives by address. */
struct failing failing_status(const struct ir *ir, int instr, int status, int held)
{
    struct failing failing = {.place = status, .sign = 0};
    bool mirrored;
    if (status < 0)
        return failing;
    const struct instr *branch = first_test(ir, ir->code.at[instr].next, &status, &mirrored);
    failing.place = ir->code.at[instr].dst;
    if (!branch && status_by_address(ir, instr, held, &failing))
        return failing;
    if (!branch) {
        failing.sign = '<';
        failing.right = (struct operand){.kind = O_NUMBER, .place = -1};
        failing.truth = true;
        return failing;
    }
    failing.tested = true;
    failing.sign = mirrored ? sign_mirrored(branch->sign) : branch->sign;
    failing.right = mirrored ? branch->left : branch->right;
    bool zero = failing.right.kind == O_NUMBER && failing.right.number == 0;
    if (failing.sign == '<' && failing.right.kind == O_NUMBER && failing.right.number < 0)
        failing.right.number = 0; /* if (r < -1) … else if (r < 0) … tells two failures apart */
    if (failing.sign == '<' || failing.sign == S2('<', '='))
        failing.truth = true;
    else if (failing.sign == '>' || failing.sign == S2('>', '='))
        failing.truth = false;
    else if (failing.right.kind == O_SYMBOL && name_means(failing.right.text) != 0)
        failing.truth = (name_means(failing.right.text) < 0) == (failing.sign == S2('=', '='));
    else if (failing.right.kind == O_NUMBER && !zero)
        failing.truth = (failing.right.number < 0) == (failing.sign == S2('=', '='));
    else
        failing.truth = zero_test_fails_when_true(ir, instr, branch, held);
    return failing;
}

bool site_tested(const struct ir *ir, int instr, int place)
{
    bool mirrored;
    return first_test(ir, ir->code.at[instr].next, &place, &mirrored) != NULL;
}

bool site_failing(const struct ir *ir, int instr, struct failing *failing)
{
    bool mirrored;
    int status = ir->code.at[instr].dst;
    if (status < 0 || !first_test(ir, ir->code.at[instr].next, &status, &mirrored))
        return false;
    *failing = failing_status(ir, instr, ir->code.at[instr].dst, -1);
    return failing->sign != 0;
}

struct failing failing_value(const struct ir *ir, int instr, int place, enum failure kind)
{
    struct failing failing = {
        .place = place, .sign = kind == FAILS_NEVER ? 0 : S2('=', '='), .truth = true};
    failing.right = (struct operand){.kind = O_NUMBER, .place = -1};
    if (kind == FAILS_NEGATIVE)
        failing.sign = '<';
    if (kind == FAILS_NEVER)
        return failing;
    bool mirrored;
    int tested = place;
    const struct instr *branch = first_test(ir, ir->code.at[instr].next, &tested, &mirrored);
    if (!branch || branch->sign == 0)
        return failing;
    const struct operand *right = mirrored ? &branch->left : &branch->right;
    int sign = mirrored ? sign_mirrored(branch->sign) : branch->sign;
    if (right->kind == O_SYMBOL && (sign == S2('=', '=') || sign == S2('!', '='))) {
        failing.sign = S2('=', '=');
        failing.right = *right;
    } else if (!place_is_pointer(ir, tested) && right->kind == O_NUMBER &&
               (sign == '<' || sign == S2('>', '=') || right->number == -1)) {
        failing.sign = '<';
    }
    return failing;
}
