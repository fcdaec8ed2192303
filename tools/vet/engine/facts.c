#include "facts.h"

#include "names.h"
#include "sign.h"

#include <stdio.h>
#include <string.h>

static const struct facts none;

const struct facts *facts_none(void)
{
    return &none;
}

static bool same(struct constant a, struct constant b)
{
    return a.kind == b.kind && a.value == b.value;
}

static unsigned char signs_of(long number)
{
    return number < 0 ? NEGATIVE : number == 0 ? ZERO : POSITIVE;
}

static const struct fact *find(const struct facts *facts, int place)
{
    int from = 0, to = facts->count;
    while (from < to) {
        int middle = (from + to) / 2;
        if (facts->at[middle].place == place)
            return &facts->at[middle];
        if (facts->at[middle].place < place)
            from = middle + 1;
        else
            to = middle;
    }
    return NULL;
}

/* CURLE_WRITE_ERROR, EINVAL: not 0, as FALSE is. */
static bool names_failure(const char *symbol)
{
    return name_means(symbol) < 0 && !strstr(symbol, "FALSE");
}

struct fact facts_of(const struct facts *facts, const struct operand *operand)
{
    struct fact fact = {.place = -1, .signs = ANY};
    const struct fact *known;
    switch (operand->kind) {
    case O_NUMBER:
        fact.signs = signs_of(operand->number);
        fact.equal = (struct constant){1, operand->number};
        break;
    case O_SYMBOL:
        fact.equal = (struct constant){2, (long)(intptr_t)operand->text};
        fact.signs = name_means_zero(operand->text) ? ZERO
                     : names_failure(operand->text) || name_means_nonzero(operand->text)
                         ? NEGATIVE | POSITIVE
                         : ANY;
        break;
    case O_STRING:
    case O_ADDRESS: fact.signs = NEGATIVE | POSITIVE; break;
    case O_PLACE:
        known = find(facts, operand->place);
        if (known)
            fact = *known;
        fact.place = operand->place;
        break;
    case O_UNKNOWN: break;
    }
    return fact;
}

static bool is_empty_fact(const struct fact *fact)
{
    return fact->signs == ANY && !fact->equal.kind && !fact->unequal.kind;
}

/* Which fact makes room for another one? The oldest of a field that was only tested; else the oldest. */
static int least_useful(const struct ir *ir, const struct facts *facts)
{
    int found = 0;
    bool field = false;
    for (int i = 0; i < facts->count; i++) {
        bool through = ir->places.at[facts->at[i].place].through;
        if ((through && !field) ||
            (through == field && facts->at[i].learned < facts->at[found].learned)) {
            found = i;
            field = through;
        }
    }
    return found;
}

const struct facts *facts_set(struct arena *arena, const struct ir *ir, const struct facts *facts,
                              struct fact fact)
{
    if (fact.place < 0 || (is_empty_fact(&fact) && !find(facts, fact.place)))
        return facts;
    bool full = !find(facts, fact.place) && facts->count == MOST_FACTS;
    int forgotten = full ? least_useful(ir, facts) : -1;
    struct facts *result =
        arena_take(arena, sizeof(*result) + sizeof(struct fact) * (size_t)(facts->count + 1));
    int i = 0;
    for (; i < facts->count && facts->at[i].place < fact.place; i++)
        if (i != forgotten)
            result->at[result->count++] = facts->at[i];
    fact.learned = result->clock = facts->clock + 1;
    if (!is_empty_fact(&fact))
        result->at[result->count++] = fact;
    for (; i < facts->count; i++)
        if (i != forgotten && facts->at[i].place != fact.place)
            result->at[result->count++] = facts->at[i];
    return result;
}

const struct facts *facts_forget(struct arena *arena, const struct ir *ir,
                                 const struct facts *facts, int place)
{
    int doomed = 0;
    for (int i = 0; i < facts->count; i++)
        doomed += place_depends(ir, facts->at[i].place, place);
    if (doomed == 0)
        return facts;
    struct facts *result = arena_take(arena,
                                      sizeof(*result) + sizeof(struct fact) * (size_t)facts->count);
    for (int i = 0; i < facts->count; i++)
        if (!place_depends(ir, facts->at[i].place, place))
            result->at[result->count++] = facts->at[i];
    result->clock = facts->clock;
    return result;
}

const struct facts *facts_join(struct arena *arena, const struct facts *a, const struct facts *b)
{
    struct facts *result = arena_take(arena,
                                      sizeof(*result) + sizeof(struct fact) * (size_t)a->count);
    result->clock = a->clock > b->clock ? a->clock : b->clock;
    for (int i = 0, k = 0; i < a->count; i++) {
        while (k < b->count && b->at[k].place < a->at[i].place)
            k++;
        if (k == b->count || b->at[k].place != a->at[i].place)
            continue;
        const struct fact *other = &b->at[k];
        struct fact both = a->at[i];
        both.signs |= other->signs;
        if (!same(both.equal, other->equal))
            both.equal.kind = 0;
        if (!same(both.unequal, other->unequal))
            both.unequal.kind = 0;
        if (!is_empty_fact(&both))
            result->at[result->count++] = both;
    }
    return result;
}

bool facts_imply(const struct facts *a, const struct facts *b)
{
    if (a == b)
        return true;
    for (int i = 0, k = 0; i < b->count; i++) {
        while (k < a->count && a->at[k].place < b->at[i].place)
            k++;
        const struct fact *weak = &b->at[i];
        const struct fact *strong = k < a->count && a->at[k].place == weak->place ? &a->at[k]
                                                                                  : NULL;
        if (!strong || (strong->signs & ~weak->signs) ||
            (weak->equal.kind && !same(weak->equal, strong->equal)) ||
            (weak->unequal.kind && !same(weak->unequal, strong->unequal)))
            return false;
    }
    return true;
}

/* Can `fact sign number` hold, and what is known then? */
static bool assume_number(struct fact *fact, int sign, long number)
{
    unsigned char own = signs_of(number), below, above;
    below = own == NEGATIVE ? NEGATIVE : own == ZERO ? NEGATIVE : ANY;
    above = own == POSITIVE ? POSITIVE : own == ZERO ? POSITIVE : ANY;
    if (fact->equal.kind == 1) {
        long value = fact->equal.value;
        switch (sign) {
        case S2('=', '='): return value == number;
        case S2('!', '='): return value != number;
        case '<': return value < number;
        case '>': return value > number;
        case S2('<', '='): return value <= number;
        case S2('>', '='): return value >= number;
        default: return true;
        }
    }
    struct constant constant = {1, number};
    if ((sign == '<' || sign == '>') && number != 0 && !fact->unequal.kind)
        fact->unequal = constant;
    switch (sign) {
    case S2('=', '='):
        if (same(fact->unequal, constant))
            return false;
        fact->signs &= own;
        fact->equal = constant;
        break;
    case S2('!', '='):
        if (number == 0)
            fact->signs &= NEGATIVE | POSITIVE;
        else if (!fact->unequal.kind)
            fact->unequal = constant;
        /* A failed call is not told from -1. */
        if (number == -1 && fact->signs == NEGATIVE)
            return false;
        break;
    case '<': fact->signs &= number == 1 ? NEGATIVE | ZERO : below; break;
    case '>': fact->signs &= number == -1 ? ZERO | POSITIVE : above; break;
    case S2('<', '='): fact->signs &= number == -1 ? NEGATIVE : (below | own); break;
    case S2('>', '='): fact->signs &= number == 1 ? POSITIVE : (above | own); break;
    default: break;
    }
    return fact->signs != 0;
}

static bool assume_symbol(struct fact *fact, int sign, long symbol)
{
    struct constant constant = {2, symbol};
    if (name_means_zero((const char *)symbol) && sign == S2('=', '='))
        fact->signs &= ZERO;
    else if (name_means_zero((const char *)symbol) && sign == S2('!', '='))
        fact->signs &= NEGATIVE | POSITIVE;
    if (fact->signs == 0)
        return false;
    if (sign == S2('=', '=')) {
        if (same(fact->unequal, constant) ||
            (fact->equal.kind == 2 && !same(fact->equal, constant)))
            return false;
        if (!fact->equal.kind)
            fact->equal = constant;
    } else if (sign == S2('!', '=')) {
        if (same(fact->equal, constant))
            return false;
        if (!fact->unequal.kind)
            fact->unequal = constant;
    }
    return true;
}

/* Is one known to be less than the other? for (i = 0; i < n; i++) if (found) break; … if (i == n) none_was_found(); */
static bool are_ordered(const struct ir *ir, const struct facts *facts, int a, int b)
{
    const int sides[][2] = {{a, b}, {b, a}};
    for (int side = 0; side < 2; side++)
        for (const char *sign = "<>"; *sign; sign++) {
            char text[600];
            snprintf(text, sizeof(text), "%.250s %c %.250s", ir->places.at[sides[side][0]].text,
                     *sign, ir->places.at[sides[side][1]].text);
            int place = place_known(ir, text);
            const struct fact *known = place >= 0 ? find(facts, place) : NULL;
            if (known && !(known->signs & ZERO))
                return true;
        }
    return false;
}

/* `a == b` of two places is a place itself: its truth is remembered. */
static const struct facts *assume_relation(struct arena *arena, struct ir *ir,
                                           const struct facts *facts, const struct operand *left,
                                           int sign, const struct operand *right)
{
    if (left->kind != O_PLACE || right->kind != O_PLACE)
        return facts;
    bool equality = sign == S2('=', '=') || sign == S2('!', '=');
    int kept = sign == S2('!', '=')   ? S2('=', '=')
               : sign == S2('>', '=') ? '<'
               : sign == S2('<', '=') ? '>'
                                      : sign;
    char text[600];
    int a = left->place, b = right->place;
    if (sign == S2('=', '=') && facts->count > 0 && are_ordered(ir, facts, a, b))
        return NULL;
    if (equality && a > b) {
        a = right->place;
        b = left->place;
    }
    snprintf(text, sizeof(text), "%.250s %c %.250s", ir->places.at[a].text, kept,
             ir->places.at[b].text);
    struct operand relation = {.kind = O_PLACE, .place = place_value(ir, text, (int[]){a, b}, 2)};
    struct fact fact = facts_of(facts, &relation);
    return assume_number(&fact, kept == sign ? S2('!', '=') : S2('=', '='), 0)
               ? facts_set(arena, ir, facts, fact)
               : NULL;
}

const struct facts *facts_assume(struct arena *arena, struct ir *ir, const struct facts *facts,
                                 const struct operand *left, int sign, const struct operand *right,
                                 bool truth)
{
    if (sign == 0)
        return facts;
    if (!truth)
        sign = sign_negated(sign);
    struct fact a = facts_of(facts, left), b = facts_of(facts, right);
    if (b.equal.kind == 0 && a.equal.kind != 0) {
        struct fact swap = a;
        a = b;
        b = swap;
        sign = sign_mirrored(sign);
    }
    if (b.equal.kind == 1) {
        if (a.equal.kind == 2 && a.place < 0)
            return facts; /* a named constant of unknown value */
        return assume_number(&a, sign, b.equal.value) ? facts_set(arena, ir, facts, a) : NULL;
    }
    bool equality = sign == S2('=', '=') || sign == S2('!', '=');
    if (b.equal.kind == 2 && b.signs == ZERO && !equality && a.equal.kind != 2) /* r < X_OK */
        return assume_number(&a, sign, 0) ? facts_set(arena, ir, facts, a) : NULL;
    if (b.equal.kind == 2)
        return assume_symbol(&a, sign, b.equal.value) ? facts_set(arena, ir, facts, a) : NULL;
    if (sign == S2('=', '=') && (right->kind == O_ADDRESS || right->kind == O_STRING))
        return assume_number(&a, S2('!', '='), 0) ? facts_set(arena, ir, facts, a) : NULL;
    /* An address compared with a null pointer has been handled; two places: */
    return assume_relation(arena, ir, facts, left, sign, right);
}
