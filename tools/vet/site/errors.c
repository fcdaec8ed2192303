/* Sites that are not what a call returns: error objects, and the two ends of a pipe. */
#include "site_parts.h"

#include "names.h"
#include "type.h"

#include <string.h>

/* ---- GError *error = NULL; if (!f(&error)) ------------------------------------------------------- */

static bool is_error_variable(const struct place *place, const char *type)
{
    const struct decl *decl = place->decl;
    return place->kind == P_LOCAL && decl && !decl->attribute && type_points_to(&decl->type, type);
}

/* n = write(…, &error); … if (n == -1): the test is not at once. */
static bool tested_later(const struct ir *ir, int index, struct failing *failing)
{
    int result = ir->code.at[index].dst;
    for (int i = index + 1; result >= 0 && i < ir->code.count && i < index + 60; i++) {
        const struct instr *instr = &ir->code.at[i];
        if (instr->kind == I_BRANCH && instr->left.place == result && instr->sign &&
            instr->right.kind == O_NUMBER) {
            bool fails = instr->sign == '<' ||
                         (instr->sign == S2('=', '=') && instr->right.number <= 0);
            *failing = (struct failing){result, instr->sign, instr->right, fails, true};
            return true;
        }
        if (instr->dst == result)
            return false;
    }
    return false;
}

/* Where `error` is set, and how it is seen that it is not. */
static bool sets_error(const struct ir *ir, int index, int error, struct failing *unset)
{
    static const char *const not_words[] = {"clear", "propagate", "free", "prefix", NULL};
    const struct instr *call = &ir->code.at[index];
    bool passed = false;
    for (int i = 0; i < call->arg_count; i++)
        passed |= call->args[i].kind == O_ADDRESS && call->args[i].place == error;
    if (!passed || !call->callee || name_has_any(call->callee, not_words))
        return false;
    if (!site_failing(ir, index, unset) && !tested_later(ir, index, unset)) {
        *unset = (struct failing){.place = error, .sign = 0};
        return site_tested(ir, index, error);
    }
    bool zero = unset->right.kind == O_NUMBER && unset->right.number == 0;
    if (zero && (unset->sign == S2('<', '=') || unset->sign == '>')) {
        unset->sign = '<'; /* n <= 0: where nothing more is to be read, there is no error */
        unset->truth = true;
    }
    if (strstr(call->callee, "set_error"))
        unset->truth = zero && unset->sign != S2('=', '='); /* TRUE: there was one to set */
    else if (zero && unset->sign == S2('=', '='))
        unset->truth = true; /* FALSE and NULL are the failures */
    else if (zero && unset->sign == S2('!', '='))
        unset->truth = false;
    unset->truth = !unset->truth;
    return true;
}

static void find_set(struct ir *ir, site_vec *sites)
{
    for (int place = 0; place < ir->places.count; place++) {
        if (!is_error_variable(&ir->places.at[place], "GError"))
            continue;
        struct site site = {.place = place,
                            .resource = R_OBJECT,
                            .known = true,
                            .release = intern_string("g_error_free")};
        for (int i = 0; i < ir->code.count; i++) {
            struct failing unset;
            if (ir->code.at[i].kind == I_CALL && !ir->code.at[i].implicit &&
                sets_error(ir, i, place, &unset))
                *ADD(ir->arena, &site.acquisitions) = (struct acquisition){i,    place, unset,
                                                                           true, 2,     false};
        }
        if (site.acquisitions.count > 0)
            *ADD(ir->arena, sites) = site;
    }
}

/* ---- lg_error *error = f() --------------------------------------------------------------------------- */

/* Whoever gets a `const lg_error *` does not own it. */
static bool owns_error(const struct place *place)
{
    return is_error_variable(place, "lg_error") && !place->decl->type.is_const;
}

/* (void)error: that there is none, who writes this knows. */
static bool is_dismissed(const struct stmt *stmt, const char *name)
{
    if (!stmt)
        return false;
    const struct expr *value = stmt->kind == S_EXPR ? stmt->value : NULL;
    if (value && value->kind == E_CAST && value->a && value->a->kind == E_NAME &&
        strcmp(value->a->name, name) == 0)
        return true;
    for (int i = 0; i < stmt->list.count; i++)
        if (is_dismissed(stmt->list.at[i], name))
            return true;
    return is_dismissed(stmt->then, name) || is_dismissed(stmt->otherwise, name);
}

static void find_returned(struct ir *ir, site_vec *sites)
{
    for (int i = 0; i < ir->code.count; i++) {
        const struct instr *call = &ir->code.at[i];
        int place = call->kind == I_CALL && !call->implicit ? place_variable(ir, i, call->dst) : -1;
        if (place < 0 || !owns_error(&ir->places.at[place]) ||
            is_dismissed(ir->function->body, ir->places.at[place].decl->name))
            continue;
        struct site *site = site_at(ir, sites, place);
        site->resource = R_ERROR;
        site->known = true;
        site->release = intern_string("lg_error_free");
        *ADD(ir->arena, &site->acquisitions) = (struct acquisition){
            i, call->dst, failing_value(ir, i, call->dst, FAILS_NULL), true, 2, false};
    }
}

void sites_find_errors(struct ir *ir, site_vec *sites)
{
    find_set(ir, sites);
    find_returned(ir, sites);
}

/* ---- pipe(ends) ------------------------------------------------------------------------------------ */

static int element(const struct ir *ir, int array, int number)
{
    char suffix[] = {'[', (char)('0' + number), ']', '\0'};
    for (int place = 0; place < ir->places.count; place++) {
        const struct place *at = &ir->places.at[place];
        if (at->kind == P_PART && at->parent == array &&
            strcmp(at->text + strlen(ir->places.at[array].text), suffix) == 0)
            return place;
    }
    return -1;
}

static bool closes(const struct instr *call, int place)
{
    return call->kind == I_CALL && call->callee && call->arg_count > 0 &&
           name_releases(call->callee) == 2 && call->args[0].place == place;
}

/* Are the ends only used one by one, and is one of them closed by itself? */
static bool ends_are_apart(const struct ir *ir, const struct site *site, const int *ends)
{
    bool closed = false;
    for (int i = 0; i < ir->code.count; i++) {
        const struct instr *instr = &ir->code.at[i];
        closed |= closes(instr, ends[0]) || closes(instr, ends[1]);
        bool makes = false;
        EACH (acquisition, &site->acquisitions)
            makes |= acquisition->instr == i;
        for (int k = 0; !makes && k < instr->arg_count; k++) {
            int place = instr->args[k].place;
            bool other_index = place >= 0 && ir->places.at[place].kind == P_PART &&
                               ir->places.at[place].parent == site->place && place != ends[0] &&
                               place != ends[1];
            if (place == site->place || other_index)
                return false;
        }
    }
    return closed;
}

static bool makes_pair(const struct ir *ir, const struct site *site)
{
    const char *callee = ir->code.at[site->acquisitions.at[0].instr].callee;
    return callee && (strncmp(callee, "pipe", 4) == 0 || strcmp(callee, "socketpair") == 0);
}

void sites_split_pairs(struct ir *ir, site_vec *sites)
{
    int count = sites->count;
    for (int i = 0; i < count; i++) {
        struct site *site = &sites->at[i];
        if (site->resource != R_DESCRIPTOR || site->argument || site->acquisitions.count == 0 ||
            !makes_pair(ir, site))
            continue;
        int ends[2] = {element(ir, site->place, 0), element(ir, site->place, 1)};
        if (ends[0] < 0 || ends[1] < 0 || !ends_are_apart(ir, site, ends))
            continue;
        struct site whole = *site;
        for (int end = 0; end < 2; end++) {
            struct site half = whole;
            half.place = ends[end];
            half.acquisitions.at = NULL;
            half.acquisitions.count = half.acquisitions.room = 0;
            EACH (acquisition, &whole.acquisitions) {
                struct acquisition *copy = ADD(ir->arena, &half.acquisitions);
                *copy = *acquisition;
                copy->holder = ends[end];
            }
            if (end == 0)
                sites->at[i] = half;
            else
                *ADD(ir->arena, sites) = half;
        }
    }
}
