#include "macro.h"

#include "names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LARGEST 400 /* tokens of a body */
#define MOST 1000000

void macros_add(struct macros *macros, struct lexed *lexed)
{
    EACH (macro, &lexed->macros)
        if (!map_get(&macros->by_name, macro->name))
            map_set(&macros->by_name, macro->name, macro);
}

const struct macro *macros_find(const struct macros *macros, const char *name)
{
    return map_get(&macros->by_name, name);
}

static bool starts(const char *name, const char *with)
{
    return strncmp(name, with, strlen(with)) == 0;
}

/* Handled by name, whatever a header makes of them. */
static bool known_by_name(const char *name)
{
    static const char *const names[] = {
        "defer",           "guard",
        "scoped_guard",    "CLASS",
        "__free",          "DEFINE_FREE",
        "return_ptr",      "no_free_ptr",
        "TAKE_PTR",        "TAKE_FD",
        "assert",          "G_STMT_START",
        "g_autofree",      "g_auto",
        "g_autoptr",       "g_autolist",
        "g_autoslist",     "NULL",
        "g_steal_pointer", "g_clear_pointer",
        "STRV_FOREACH",    "free_and_replace",
        "BUG_ON",          "ASSERT",
    };
    if (starts(name, "lg_") || starts(name, "LGI_") || starts(name, "g_return_") ||
        starts(name, "g_clear_") || name_asserts(name) || starts(name, "LG_"))
        return true;
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

static bool steers(struct macros *macros, struct macro *macro, int depth);

static bool token_steers(struct macros *macros, const struct token *token, int depth)
{
    if (token->kind != TOKEN_NAME)
        return false;
    if (token_is(token, "return") || token_is(token, "goto") || token_is(token, "cleanup") ||
        token_is(token, "__cleanup__") || token_is(token, "case") || token_is(token, "default"))
        return true;
    struct macro *inner = map_get(&macros->by_name, token->text);
    return inner && depth < MACRO_DEPTH && steers(macros, inner, depth + 1);
}

/* A macro that takes a lock which its arguments do not name: `#define BEGIN() mutex_lock(&table.lock)`. */
static bool hides_lock(const struct macro *macro, const struct token *token)
{
    if (token->kind != TOKEN_NAME || token + 2 >= macro->body.at + macro->body.count ||
        token[1].sign != '(' || token[2].sign != '&' || !macro->function_like)
        return false;
    return (name_locks(token->text) || name_unlocks(token->text)) &&
           (macro->parameters.count == 0 ||
            (!name_locks(macro->name) && !name_unlocks(macro->name)));
}

/* #define FREE_ALL free(names); free(values): releases what its arguments do not name. */
static bool hides_release(const struct macro *macro, const struct token *token)
{
    const struct token *end = macro->body.at + macro->body.count;
    if (token->kind != TOKEN_NAME || token + 3 >= end || token[1].sign != '(' ||
        name_releases(token->text) < 2)
        return false;
    const struct token *held = token + 2;
    held += held->sign == '&';
    if (held + 1 >= end || held->kind != TOKEN_NAME || name_is_constant(held->text))
        return false;
    for (int i = 0; i < macro->parameters.count; i++)
        if (macro->parameters.at[i] == held->text)
            return false;
    int after = held[1].sign;
    return after == ')' || after == '[' || after == '.' || after == S2('-', '>');
}

/* #define CHECK(x) result = (x); verify(result): sets a variable that its arguments do not name. */
static bool sets_hidden(const struct macro *macro)
{
    const struct token *at = macro->body.at;
    if (!macro->function_like || macro->body.count < 3 || macro->body.count > 40 ||
        at->kind != TOKEN_NAME || at[1].sign != '=')
        return false;
    for (int i = 0; i < macro->parameters.count; i++)
        if (macro->parameters.at[i] == at->text)
            return false;
    return true;
}

static bool has_word(const struct macro *macro, const char *const *words)
{
    EACH (token, &macro->body)
        for (const char *const *word = words; *word; word++)
            if (token_is(token, *word))
                return true;
    return false;
}

/* #define FOREVER while (1); #define NEXT_UNLESS(x) if (!(x)) continue: a loop, or the end of a round of its user's loop. */
static bool steers_loop(const struct macro *macro)
{
    static const char *const loops[] = {"while", "for", "do", "switch", NULL};
    static const char *const ends[] = {"break", "continue", NULL};
    if (macro->body.count == 0)
        return false;
    if (has_word(macro, ends))
        return !has_word(macro, loops);
    const struct token *last = &macro->body.at[macro->body.count - 1];
    bool begins = token_is(macro->body.at, "while") || token_is(macro->body.at, "for");
    return begins && !macro->function_like && last->sign == ')';
}

/* #define BAD_CAST (xmlChar *): `BAD_CAST text` is read as a cast only without its name. */
static bool is_cast(const struct macro *macro)
{
    int count = macro->body.count;
    const struct token *at = macro->body.at;
    if (macro->function_like || count < 4 || at->sign != '(' || at[count - 1].sign != ')' ||
        at[count - 2].sign != '*')
        return false;
    for (int i = 1; i < count - 2; i++)
        if (at[i].kind != TOKEN_NAME && at[i].sign != '*')
            return false;
    return true;
}

/* #define TODO warn("not yet"); A whole statement, which needs no semicolon where it is used. */
static bool is_statement(const struct macro *macro)
{
    return !macro->function_like && macro->body.count > 3 &&
           macro->body.at[macro->body.count - 1].sign == ';' &&
           macro->body.at[macro->body.count - 2].sign == ')';
}

static bool is_steering(struct macros *macros, const struct macro *macro, int depth)
{
    if (known_by_name(macro->name) || macro->body.count > LARGEST)
        return false;
    int braces = 0;
    if (sets_hidden(macro) || steers_loop(macro) || is_cast(macro) || is_statement(macro))
        return true;
    EACH (token, &macro->body) {
        if (token_steers(macros, token, depth) || hides_lock(macro, token) ||
            hides_release(macro, token))
            return true;
        braces += (token->sign == '{') - (token->sign == '}');
    }
    return braces != 0;
}

static bool steers(struct macros *macros, struct macro *macro, int depth)
{
    if (macro->steers == 0) {
        macro->steers = -1; /* against macros that name themselves */
        macro->steers = is_steering(macros, macro, depth) ? 1 : -1;
    }
    return macro->steers > 0;
}

/* ---- expansion ---------------------------------------------------------------------------------- */

struct argument {
    const struct token *at;
    int count;
};
typedef VEC(struct argument) argument_vec;

struct expansion {
    struct macros *macros;
    struct arena *arena;
    token_vec *out;
    const struct macro *within[MACRO_DEPTH];
    int depth;
    int most; /* tokens, after which nothing more is expanded: macros that double what they are given */
};

/* From the open parenthesis at i; returns the index after the closing one, or -1. */
static int read_arguments(struct expansion *expansion, const struct token *tokens, int count, int i,
                          int wanted, bool variadic, argument_vec *arguments)
{
    int depth = 0, from = i + 1;
    for (; i < count; i++) {
        int sign = tokens[i].sign;
        if (sign == '(' || sign == '[' || sign == '{')
            depth++;
        else if (sign == ')' || sign == ']' || sign == '}')
            depth--;
        bool all_the_rest = variadic && arguments->count == wanted - 1;
        if (depth == 0 || (depth == 1 && sign == ',' && !all_the_rest)) {
            *ADD(expansion->arena, arguments) = (struct argument){tokens + from, i - from};
            from = i + 1;
        }
        if (depth == 0)
            return i + 1;
    }
    return -1;
}

int macro_parameter(const struct macro *macro, const struct token *token)
{
    if (token->kind == TOKEN_NAME)
        for (int i = 0; i < macro->parameters.count; i++)
            if (macro->parameters.at[i] == token->text)
                return i;
    return -1;
}

static void paste(struct expansion *expansion, struct token *last, const struct token *next)
{
    const char *both = arena_format(expansion->arena, "%.*s%.*s", last->length, last->text,
                                    next->length, next->text);
    last->text = intern_string(both);
    last->length += next->length;
}

/* Of others, as of `, ## __VA_ARGS__`, there is nothing to paste. */
static bool makes_name(const token_vec *tokens, const struct token *next)
{
    return tokens->count > 0 && tokens->at[tokens->count - 1].kind == TOKEN_NAME &&
           (next->kind == TOKEN_NAME || next->kind == TOKEN_NUMBER);
}

static void put(struct expansion *expansion, token_vec *tokens, struct token token,
                const struct token *where, bool pasted)
{
    token.line = where->line;
    token.column = where->column;
    token.expanded = true;
    if (pasted && makes_name(tokens, &token))
        paste(expansion, &tokens->at[tokens->count - 1], &token);
    else
        *ADD(expansion->arena, tokens) = token;
}

static void substitute(struct expansion *expansion, const struct macro *macro,
                       const argument_vec *arguments, const struct token *where, token_vec *result)
{
    bool pasted = false;
    for (int i = 0; i < macro->body.count; i++) {
        struct token token = macro->body.at[i];
        if (token.sign == S2('#', '#')) {
            pasted = true;
            continue;
        }
        int parameter = macro_parameter(macro, &token);
        if (token.sign == '#' && i + 1 < macro->body.count) {
            put(expansion, result,
                (struct token){.kind = TOKEN_STRING, .text = "\"\"", .length = 2}, where, false);
            i++;
        } else if (parameter >= 0 && parameter < arguments->count) {
            const struct argument *argument = &arguments->at[parameter];
            for (int k = 0; k < argument->count; k++)
                put(expansion, result, argument->at[k], where, pasted && k == 0);
        } else if (parameter < 0) {
            put(expansion, result, token, where, pasted);
        }
        pasted = false;
    }
}

static void expand(struct expansion *expansion, const struct token *tokens, int count);

static int expand_macro(struct expansion *expansion, struct macro *macro,
                        const struct token *tokens, int count, int i)
{
    argument_vec arguments = {0};
    int after = i + 1;
    if (macro->function_like) {
        if (after >= count || tokens[after].sign != '(')
            return -1;
        after = read_arguments(expansion, tokens, count, after, macro->parameters.count,
                               macro->variadic, &arguments);
        if (after < 0)
            return -1;
    }
    token_vec result = {0};
    substitute(expansion, macro, &arguments, &tokens[i], &result);
    expansion->within[expansion->depth++] = macro;
    expand(expansion, result.at, result.count);
    expansion->depth--;
    return after;
}

static bool within(const struct expansion *expansion, const struct macro *macro)
{
    for (int i = 0; i < expansion->depth; i++)
        if (expansion->within[i] == macro)
            return true;
    return expansion->depth == MACRO_DEPTH || expansion->out->count > expansion->most;
}

/* _Pragma("…"), __attribute__((unused)): the index after it; or i. */
static int after_silent(const struct macro *macro, int i, bool attributes)
{
    static const char *const heard[] = {
        "cleanup",      "__cleanup__", "malloc",      "__malloc__", "noreturn",
        "__noreturn__", "nonnull",     "__nonnull__", "deprecated", NULL};
    const struct token *at = &macro->body.at[i];
    bool silent = token_is(at, "_Pragma") ||
                  (attributes && (token_is(at, "__attribute__") || token_is(at, "__attribute")));
    int depth = 0;
    for (int k = i + 1; silent && k < macro->body.count; k++) {
        for (const char *const *word = heard; *word; word++)
            if (token_is(&macro->body.at[k], *word))
                return i;
        depth += (macro->body.at[k].sign == '(') - (macro->body.at[k].sign == ')');
        if (depth == 0)
            return k + 1;
    }
    return i;
}

/* Has the macro nothing to say to the checker? `inside`: it stands in the body of another one, whose reader does not look at
 * its name: #define auto_close maybe_unused __attribute__((cleanup(closep))). */
static bool is_silent(struct macros *macros, const struct macro *macro, bool inside, int depth)
{
    if (macro->body.count == 0)
        return inside && !macro->function_like;
    for (int i = 0; i < macro->body.count;) {
        int after = after_silent(macro, i, inside && !macro->function_like);
        const struct macro *inner = after == i && macro->body.at[i].kind == TOKEN_NAME
                                        ? map_get(&macros->by_name, macro->body.at[i].text)
                                        : NULL;
        if (inner && depth < MACRO_DEPTH && !inner->function_like &&
            is_silent(macros, inner, inside, depth + 1))
            after = i + 1;
        if (after == i)
            return false;
        i = after;
    }
    return true;
}

/* The index after a macro that is left out; or -1. */
static int skip_silent(struct expansion *expansion, const struct macro *macro,
                       const struct token *tokens, int count, int i)
{
    argument_vec arguments = {0};
    if (known_by_name(macro->name) || !is_silent(expansion->macros, macro, expansion->depth > 0, 0))
        return -1;
    if (!macro->function_like)
        return i + 1 < count && tokens[i + 1].sign == '(' ? -1 : i + 1;
    return i + 1 < count && tokens[i + 1].sign == '('
               ? read_arguments(expansion, tokens, count, i + 1, macro->parameters.count,
                                macro->variadic, &arguments)
               : -1;
}

static void expand(struct expansion *expansion, const struct token *tokens, int count)
{
    for (int i = 0; i < count;) {
        struct macro *macro = tokens[i].kind == TOKEN_NAME
                                  ? map_get(&expansion->macros->by_name, tokens[i].text)
                                  : NULL;
        int after = -1;
        if (macro && !within(expansion, macro))
            after = steers(expansion->macros, macro, 0)
                        ? expand_macro(expansion, macro, tokens, count, i)
                        : skip_silent(expansion, macro, tokens, count, i);
        if (after < 0) {
            *ADD(expansion->arena, expansion->out) = tokens[i];
            after = i + 1;
        }
        i = after;
    }
}

void macros_expand(struct macros *macros, struct arena *arena, const token_vec *in, token_vec *out)
{
    struct expansion expansion = {
        .macros = macros, .arena = arena, .out = out, .most = MOST + 4 * in->count};
    expand(&expansion, in->at, in->count);
}
