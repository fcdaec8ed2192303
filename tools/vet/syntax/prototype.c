#include "prototype.h"

#include "names.h"
#include "parse.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static bool is_qualifier(const struct token *token)
{
    static const char *const words[] = {"const",    "struct",     "union",     "enum",
                                        "extern",   "static",     "inline",    "volatile",
                                        "restrict", "__inline",   "register",  "unsigned",
                                        "signed",   "__restrict", "_Noreturn", NULL};
    return word_in(token->text, words);
}

/* The words of a type stand before its stars; a parameter's name, if there is one, stands behind them. */
static struct prototype_type read_type(const struct token *at, const struct token *end, bool named)
{
    struct prototype_type type = {0};
    const char *before = NULL; /* the word before the last one */
    for (; at < end; at++) {
        if (at->sign == '(')
            return (struct prototype_type){0}; /* a function pointer, or a macro */
        if (at->sign == '*' || at->sign == '[')
            type.stars++;
        if (at->kind != TOKEN_NAME)
            continue;
        type.is_const |= token_is(at, "const") && type.stars == 0;
        if (is_qualifier(at) || type.stars > 0)
            continue;
        before = type.name;
        type.name = at->text;
    }
    if (named && type.stars == 0 && before)
        type.name = before;
    return type;
}

static void read_parameters(struct arena *arena, const struct token *at, const struct token *end,
                            struct prototype *prototype)
{
    const struct token *from = at;
    int depth = 0;
    for (; at <= end; at++) {
        if (at < end) {
            depth += (at->sign == '(' || at->sign == '[') - (at->sign == ')' || at->sign == ']');
            if (at->sign != ',' || depth > 0)
                continue;
        }
        *ADD(arena, &prototype->parameters) = read_type(from, at, true);
        from = at + 1;
    }
}

/* `at` is the name in front of the parentheses, whose end is `after`. */
static void read_prototype(struct arena *arena, const struct token *first, const struct token *at,
                           const struct token *after, prototype_vec *prototypes)
{
    for (const struct token *word = first; word < at; word++)
        if (word->sign == '=' || token_is(word, "typedef") || token_is(word, "return"))
            return;
    struct prototype *prototype = ADD(arena, prototypes);
    prototype->name = at->text;
    prototype->result = read_type(first, at, false);
    prototype->releases = name_releases(at->text) == 2;
    read_parameters(arena, at + 2, after - 1, prototype);
}

static bool ends_declaration(const struct token *after)
{
    return after->sign == ';' || after->sign == '{' ||
           (after->kind == TOKEN_NAME && after[1].sign != '(') ||
           token_is(after, "__attribute__") ||
           (after->kind == TOKEN_NAME && name_is_constant(after->text));
}

void prototypes_read(struct arena *arena, const struct lexed *lexed, prototype_vec *prototypes)
{
    const struct token *at = lexed->tokens.at, *end = at + lexed->tokens.count - 1, *first = at;
    while (at < end) {
        if (at->sign == '{' && at > first && at[-1].kind == TOKEN_STRING) {
            first = ++at; /* extern "C" { */
            continue;
        }
        if (at->sign == '{') {
            at = after_balanced(at, end);
            first = at;
            continue;
        }
        if (at->sign == ';' || at->sign == '}')
            first = at + 1;
        if (at->sign == '(') {
            const struct token *after = after_balanced(at, end);
            bool named = at > first && at[-1].kind == TOKEN_NAME && !is_keyword(&at[-1]);
            if (named && after < end && ends_declaration(after))
                read_prototype(arena, first, at - 1, after, prototypes);
            at = after;
            continue;
        }
        at++;
    }
}

const struct prototype *prototype_of(const struct unit *unit, const char *function)
{
    return function ? map_get(&unit->prototypes, function) : NULL;
}

bool prototype_reads_only(const struct unit *unit, const char *function, int argument, bool keeps)
{
    const struct prototype *prototype = prototype_of(unit, function);
    if (!prototype || argument >= prototype->parameters.count)
        return false;
    const struct prototype_type *type = &prototype->parameters.at[argument];
    /* hash_put(table, const void *key) keeps the key all the same. */
    return type->is_const && type->stars == 1 &&
           !(keeps && !(type->name && strcmp(type->name, "char") == 0));
}

bool prototype_lends(const struct unit *unit, const char *function)
{
    const struct prototype *prototype = prototype_of(unit, function);
    return prototype && prototype->result.is_const && prototype->result.stars == 1;
}

/* ---- pairs by name and type --------------------------------------------------------------------- */

static bool is_word_of(const char *const *words, const char *at, size_t length)
{
    for (; *words; words++)
        if (strlen(*words) == length && strncasecmp(*words, at, length) == 0)
            return true;
    return false;
}

/* The name without its verbs: `foo_bar_new` and `foo_bar_free` have the same stem. */
static void stem_of(const char *name, char *stem, size_t room)
{
    static const char *const verbs[] = {
        "new",     "create",  "alloc",   "free",    "destroy",  "unref",      "init",
        "open",    "close",   "delete",  "dup",     "copy",     "clone",      "make",
        "ref",     "put",     "release", "acquire", "from",     "with",       "get",
        "parse",   "load",    "dispose", "build",   "finish",   "ext",        "for",
        "file",    "string",  "full",    "0",       "allocate", "deallocate", "fini",
        "cleanup", "start",   "begin",   "end",     "fetch",    "connect",    "resolve",
        "fd",      "default", "safe",    "path",    "simple",   "sized",      NULL};
    size_t length = 0;
    for (const char *at = name; *at;) {
        const char *end = at;
        while (*end && *end != '_' &&
               !(end > at && isupper((unsigned char)*end) && islower((unsigned char)end[-1])))
            end++;
        size_t word = (size_t)(end - at);
        if (word > 0 && !is_word_of(verbs, at, word))
            for (size_t i = 0; i < word && length + 1 < room; i++)
                stem[length++] = (char)tolower((unsigned char)at[i]);
        at = *end == '_' ? end + 1 : end;
    }
    stem[length] = '\0';
}

bool names_share_stem(const char *acquire, const char *release)
{
    char one[128], other[128];
    stem_of(acquire, one, sizeof(one));
    stem_of(release, other, sizeof(other));
    return strlen(one) > 2 && strcmp(one, other) == 0;
}

const char *prototype_release(const struct unit *unit, const char *acquire, int argument)
{
    const struct prototype *maker = prototype_of(unit, acquire);
    if (!maker || !name_makes(acquire) || argument >= maker->parameters.count)
        return NULL;
    struct prototype_type made = argument < 0 ? maker->result : maker->parameters.at[argument];
    if (argument >= 0)
        made.stars--;
    if (!made.name || made.stars != 1 || made.is_const)
        return NULL;
    const struct release_list *list = map_get(&unit->releases, made.name);
    for (; list; list = list->next)
        if (names_share_stem(acquire, list->prototype->name))
            return list->prototype->name;
    return NULL;
}

bool names_are_family(const char *a, const char *b)
{
    int common = 0;
    for (int i = 0; a[i] && a[i] == b[i]; i++)
        if (a[i] == '_')
            common = i;
    return common >= 3;
}
