#include "declared.h"

#include <string.h>

/* typedef … NAME; typedef … (*NAME)(…); */
static const struct token *read_typedef(struct arena *arena, const struct token *at,
                                        const struct token *end, struct declared *declared)
{
    const char *name = NULL;
    while (at < end && at->sign != ';') {
        if (at->sign == '(' && at[1].sign == '*' && at[2].kind == TOKEN_NAME)
            name = at[2].text;
        if (at->sign == '(' || at->sign == '{' || at->sign == '[') {
            at = after_balanced(at, end);
            continue;
        }
        if (at->kind == TOKEN_NAME && (at[1].sign == ';' || at[1].sign == '[' || at[1].sign == ','))
            name = at->text;
        at++;
    }
    if (name)
        *ADD(arena, &declared->types) = name;
    return at;
}

/* G_DEFINE_AUTOPTR_CLEANUP_FUNC(T, f), DEFINE_TRIVIAL_CLEANUP_FUNC(T*, f), … */
static void read_cleanup_macro(struct arena *arena, const struct token *at,
                               struct declared *declared)
{
    if (!strstr(at->text, "CLEANUP_FUNC") || at[1].sign != '(' || at[2].kind != TOKEN_NAME)
        return;
    const struct token *type = token_is(at + 2, "struct") || token_is(at + 2, "union") ? at + 3
                                                                                       : at + 2;
    const struct token *second = type + 1;
    while (second->sign == '*')
        second++;
    if (second->sign != ',' || second[1].kind != TOKEN_NAME)
        return;
    *ADD(arena, &declared->cleanups) = (struct declared_pair){type->text, second[1].text};
}

/* Is the token one of the words of an attribute: ((malloc(…))), ((nonnull, malloc(…))), [[gnu::malloc(…)]]? */
static bool in_attribute(const struct token *first, const struct token *at)
{
    while (at > first && at[-1].sign != ';' && at[-1].sign != '{') {
        at--;
        if ((at->sign == '[' && at[1].sign == '[') ||
            (begins_attribute(at) && at[1].sign == '(' && at[2].sign == '('))
            return true;
    }
    return false;
}

static const struct token *after_attribute(const struct token *at, const struct token *end)
{
    return after_balanced(at->sign == '[' ? at : at + 1, end);
}

/* The function that is declared from here on. */
static const char *declared_name(const struct token *at, const struct token *end)
{
    while (at < end && at->sign != ';' && at->sign != '{') {
        bool attribute = begins_attribute(at) || (at->sign == '[' && at[1].sign == '[');
        const struct token *after = attribute ? after_attribute(at, end) : at + 1;
        bool named = at->kind == TOKEN_NAME && !attribute;
        if (named && after->sign == '(')
            return at->text;
        if (named && after->sign == '[' && after[1].sign == '[' &&
            after_balanced(after, end)->sign == '(')
            return at->text;
        at = after;
    }
    return NULL;
}

/* … NAME(…) __attribute__((malloc(free_function, 1))) */
static void read_malloc_attribute(struct arena *arena, const struct token *first,
                                  const struct token *at, const struct token *end,
                                  struct declared *declared)
{
    if (at[1].sign != '(' || at[2].kind != TOKEN_NAME || !in_attribute(first, at))
        return;
    const char *name = declared_name(first, end);
    if (name && at[2].text != name)
        *ADD(arena, &declared->deallocators) = (struct declared_pair){name, at[2].text};
}

void declared_read(struct arena *arena, const struct lexed *lexed, struct declared *declared)
{
    const struct token *at = lexed->tokens.at, *end = at + lexed->tokens.count - 1, *first = at;
    for (; at < end; at++) {
        if (at->sign == ';' || at->sign == '}')
            first = at + 1;
        if (at->kind != TOKEN_NAME)
            continue;
        if (token_is(at, "typedef"))
            at = read_typedef(arena, at + 1, end, declared), first = at + 1;
        else if (token_is(at, "malloc") || token_is(at, "__malloc__"))
            read_malloc_attribute(arena, first, at, end, declared);
        else
            read_cleanup_macro(arena, at, declared);
    }
    prototypes_read(arena, lexed, &declared->prototypes);
}

/* A release takes a pointer, as its only argument or as one of two. */
static void add_release(struct unit *unit, const struct prototype *prototype)
{
    if (!prototype->releases || prototype->parameters.count > 2)
        return;
    EACH (type, &prototype->parameters) {
        if (!type->name || type->stars != 1 || type->is_const)
            continue;
        struct release_list *list = NEW(&unit->arena, struct release_list);
        list->prototype = prototype;
        list->next = map_get(&unit->releases, type->name);
        map_set(&unit->releases, type->name, list);
    }
}

static void add_prototypes(struct unit *unit, const struct declared *declared)
{
    EACH (prototype, &declared->prototypes) {
        if (map_get(&unit->prototypes, prototype->name))
            continue;
        map_set(&unit->prototypes, prototype->name, prototype);
        add_release(unit, prototype);
    }
}

static void add_pairs(struct map *map, const struct declared_pair *pairs, int count)
{
    for (int i = 0; i < count; i++)
        if (!map_get(map, pairs[i].name))
            map_set(map, pairs[i].name, pairs[i].function);
}

void declared_add(struct unit *unit, const struct declared *declared)
{
    EACH (type, &declared->types)
        map_set(&unit->typedefs, *type, *type);
    add_prototypes(unit, declared);
    add_pairs(&unit->cleanups, declared->cleanups.at, declared->cleanups.count);
    add_pairs(&unit->deallocators, declared->deallocators.at, declared->deallocators.count);
    EACH (pair, &declared->deallocators)
        map_set(&unit->ends, pair->function, pair->function);
}
