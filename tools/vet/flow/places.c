#include "ir.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

int place_new(struct ir *ir, enum place_kind kind, const char *text)
{
    struct place *place = ADD(ir->arena, &ir->places);
    int index = ir->places.count - 1;
    place->kind = kind;
    place->text = text;
    place->root = index;
    place->parent = place->index = -1;
    return index;
}

/* Maps hold pointers: indices are kept from 1 on. */
static int known(const struct ir *ir, const char *text)
{
    return (int)(intptr_t)map_get(&ir->place_by_text, text) - 1;
}

static void remember(struct ir *ir, const char *text, int place)
{
    map_set(&ir->place_by_text, text, (void *)(intptr_t)(place + 1));
}

static const char *joined(const char *a, const char *b)
{
    char text[512];
    int length = snprintf(text, sizeof(text), "%s%s", a, b);
    return intern(text, length < (int)sizeof(text) ? (size_t)length : sizeof(text) - 1);
}

int place_part(struct ir *ir, int parent, const char *suffix, bool through)
{
    const char *text = suffix[0] == '*' ? joined("*", ir->places.at[parent].text)
                                        : joined(ir->places.at[parent].text, suffix);
    int place = known(ir, text);
    if (place >= 0)
        return place;
    place = place_new(ir, P_PART, text);
    remember(ir, text, place);
    ir->places.at[place].parent = parent;
    ir->places.at[place].root = ir->places.at[parent].root;
    ir->places.at[place].through = through || ir->places.at[parent].through;
    return place;
}

int place_known(const struct ir *ir, const char *text)
{
    return known(ir, intern_string(text));
}

int place_value(struct ir *ir, const char *text, const int *parts, int count)
{
    text = intern_string(text);
    int place = known(ir, text);
    if (place >= 0)
        return place;
    place = place_new(ir, P_VALUE, text);
    remember(ir, text, place);
    for (int i = 0; i < count; i++)
        *ADD(ir->arena, &ir->places.at[place].parts) = parts[i];
    return place;
}

bool place_is_local(const struct ir *ir, int place)
{
    enum place_kind kind = ir->places.at[place].kind;
    return kind == P_LOCAL || kind == P_TEMPORARY;
}

bool place_within(const struct ir *ir, int place, int whole)
{
    for (int depth = 0; place >= 0 && depth < 32; depth++) {
        if (place == whole)
            return true;
        const struct place *at = &ir->places.at[place];
        if (at->kind == P_VALUE) {
            for (int i = 0; i < at->parts.count; i++)
                if (place_within(ir, at->parts.at[i], whole))
                    return true;
            return false;
        }
        place = at->parent;
    }
    return false;
}

static bool is_pointer(const struct place *place)
{
    return place->decl ? place->decl->type.stars > 0
                       : place->parameter && place->parameter->type.stars > 0;
}

bool place_is_behind(const struct ir *ir, int place, int pointer)
{
    if (place < 0 || place == pointer || !place_within(ir, place, pointer))
        return false;
    const struct place *at = &ir->places.at[place];
    if (at->kind == P_VALUE) {
        for (int i = 0; i < at->parts.count; i++)
            if (place_is_behind(ir, at->parts.at[i], pointer))
                return true;
        return false;
    }
    return at->through || (strchr(at->text, '[') && is_pointer(&ir->places.at[pointer]));
}

bool place_depends(const struct ir *ir, int place, int other)
{
    for (int depth = 0; place >= 0 && depth < 32; depth++) {
        const struct place *at = &ir->places.at[place];
        if (place == other || (at->index >= 0 && place_depends(ir, at->index, other)))
            return true;
        for (int i = 0; i < at->parts.count; i++)
            if (place_depends(ir, at->parts.at[i], other))
                return true;
        place = at->parent;
    }
    return false;
}

bool instr_uses(const struct instr *instr, int place)
{
    if (instr->left.place == place || instr->right.place == place)
        return true;
    for (int i = 0; i < instr->arg_count; i++)
        if (instr->args[i].place == place)
            return true;
    return false;
}

int after_setting(const struct ir *ir, int index, int place)
{
    int next = at(ir, index)->next;
    if (next >= 0 && at(ir, index)->dst != place && at(ir, next)->kind == I_ASSIGN &&
        at(ir, next)->dst == place)
        next = at(ir, next)->next;
    return next;
}

int place_counter(const struct ir *ir, int element)
{
    int index = ir->places.at[element].index;
    const struct place *counter = &ir->places.at[index];
    return counter->kind == P_VALUE && counter->parts.count > 0 ? counter->parts.at[0] : index;
}

bool place_is_used(const struct ir *ir, int place)
{
    EACH (instr, &ir->code)
        if (instr_uses(instr, place))
            return true;
    EACH (value, &ir->places)
        EACH (part, &value->parts)
            if (*part == place)
                return true;
    return false;
}

const char *place_text(const struct ir *ir, int place)
{
    const char *text = ir->places.at[place].text;
    const char *shadow = strchr(text, '#');
    return shadow ? intern(text, (size_t)(shadow - text)) : text;
}

void ir_free(struct ir *ir)
{
    map_free(&ir->place_by_text);
    map_free(&ir->labels);
}

bool place_is_returned(const struct ir *ir, int place)
{
    EACH (instr, &ir->code)
        if (instr->kind == I_RETURN && instr->left.kind == O_PLACE && instr->left.place == place)
            return true;
    return false;
}

const struct type *place_type(const struct ir *ir, int place)
{
    const struct place *at = &ir->places.at[place];
    if (at->kind == P_PARAMETER && at->parameter)
        return &at->parameter->type;
    return at->kind == P_LOCAL && at->decl ? &at->decl->type : NULL;
}

bool place_is_array(const struct ir *ir, int place)
{
    return place >= 0 && ir->places.at[place].decl && ir->places.at[place].decl->type.is_array;
}

bool place_is_pointer(const struct ir *ir, int place)
{
    const struct place *at = &ir->places.at[place];
    return at->decl && at->decl->type.stars > 0;
}

bool place_is_error_number(const struct ir *ir, int place)
{
    const char *text = ir->places.at[place].text;
    return ir->places.at[place].kind == P_VALUE && strncmp(text, "-(E", 3) == 0 &&
           isupper((unsigned char)text[3]);
}

int place_variable(const struct ir *ir, int instr, int place)
{
    if (place < 0 || ir->places.at[place].kind != P_TEMPORARY)
        return place;
    int at = ir->code.at[instr].next;
    for (int steps = 0; at >= 0 && steps < 8; steps++, at = ir->code.at[at].next) {
        const struct instr *next = &ir->code.at[at];
        if (next->kind == I_ASSIGN && next->left.kind == O_PLACE && next->left.place == place)
            return next->dst;
        if (next->kind != I_JOIN)
            return place;
    }
    return place;
}

int after_joins(const struct ir *ir, int at)
{
    for (int steps = 0; at >= 0 && ir->code.at[at].kind == I_JOIN; steps++)
        at = steps < ir->code.count ? ir->code.at[at].next : -1;
    return at;
}
