#include "condition.h"

#include "sign.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct value {
    enum truth truth;
    long number; /* if it is known */
};

static struct map globals;
static int yes, no;

void conditions_global(const char *name, bool defined)
{
    map_set(&globals, intern_string(name), defined ? &yes : &no);
}

static const char *const elsewhere[] = {
    "_WIN32",
    "WIN32",
    "_WIN64",
    "WIN64",
    "_MSC_VER",
    "__cplusplus",
    "__APPLE__",
    "__MACH__",
    "__FreeBSD__",
    "__NetBSD__",
    "__OpenBSD__",
    "__sun",
    "sun",
    "__CYGWIN__",
    "__MINGW32__",
    "__hpux",
    "_AIX",
    "__BEOS__",
    "__HAIKU__",
    "__ANDROID__",
    "__DragonFly__",
    "MSDOS",
    "__DJGPP__",
    "__OS2__",
    "__VMS",
    "VMS",
    "G_OS_WIN32",
    "G_OS_WIN64",
    "GIT_WIN32",
    "__osf__",
    "__SVR4",
    "__sgi",
    "AMIGA",
    "__MVS__",
    "_WIN32_WCE",
    "HAVE_COCOA",
    "RTE_EXEC_ENV_WINDOWS",
    "MAGICKCORE_WINDOWS_SUPPORT",
    "__COVERITY__",
    "OS400",
    "__KERNEL__",
    "NDEBUG",
    "__clang_analyzer__",
    "lint",
    "DOXYGEN",
    "PCLINT",
};
static const char *const here[] = {"__linux__", "__linux",  "linux",
                                   "__GNUC__",  "__unix__", "__x86_64__"};

static bool listed(const char *name, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i], name) == 0)
            return true;
    return false;
}
#define LISTED(name, list) listed((name), (list), sizeof(list) / sizeof(*(list)))

void conditions_define(struct conditions *conditions, struct arena *arena, const char *name,
                       const struct token *value)
{
    struct token *copy = NEW(arena, struct token);
    if (value)
        *copy = *value;
    map_set(&conditions->values, name, copy);
}

void conditions_undefine(struct conditions *conditions, const char *name)
{
    map_set(&conditions->values, name, &no);
}

static enum truth defined(const struct conditions *conditions, const char *name)
{
    const void *own = map_get(&conditions->values, name);
    if (own)
        return own == &no ? FALSE_ : TRUE_;
    const void *global = map_get(&globals, name);
    if (global)
        return global == &yes ? TRUE_ : FALSE_;
    if (LISTED(name, here))
        return TRUE_;
    if (LISTED(name, elsewhere))
        return FALSE_;
    const void *assumed = map_get(&conditions->assumed, name);
    return !assumed ? UNKNOWN : assumed == &no ? FALSE_ : TRUE_;
}

enum truth conditions_defined(const struct conditions *conditions, const char *name, bool wanted)
{
    enum truth truth = defined(conditions, name);
    if (truth == UNKNOWN)
        return UNKNOWN;
    return (truth == TRUE_) == wanted ? TRUE_ : FALSE_;
}

struct reader {
    const struct conditions *conditions;
    const struct token *at, *end;
    int depth;
};

#define DEEPEST 200

static struct value read_or(struct reader *reader);
static struct value read_unary(struct reader *reader);

static struct value number(long n)
{
    return (struct value){n != 0, n};
}

static bool take(struct reader *reader, int sign)
{
    if (reader->at >= reader->end || reader->at->sign != sign)
        return false;
    reader->at++;
    return true;
}

static struct value read_defined(struct reader *reader)
{
    bool open = take(reader, '(');
    struct value value = {UNKNOWN, 0};
    if (reader->at < reader->end)
        value.truth = defined(reader->conditions, (reader->at++)->text);
    if (open)
        take(reader, ')');
    value.number = value.truth == TRUE_;
    return value;
}

static void skip_arguments(struct reader *reader)
{
    if (!take(reader, '('))
        return;
    for (int depth = 1; depth > 0 && reader->at < reader->end; reader->at++)
        depth += (reader->at->sign == '(') - (reader->at->sign == ')');
}

static struct value read_name(struct reader *reader)
{
    const char *name = (reader->at++)->text;
    if (strcmp(name, "defined") == 0)
        return read_defined(reader);
    skip_arguments(reader);
    if (defined(reader->conditions, name) == FALSE_)
        return number(0);
    const struct token *known = map_get(&reader->conditions->values, name);
    if (known && known->kind == TOKEN_NUMBER)
        return number(token_number(known));
    return (struct value){UNKNOWN, 0};
}

static struct value read_operand(struct reader *reader)
{
    if (take(reader, '!')) {
        struct value value = read_unary(reader);
        return value.truth == UNKNOWN ? value : number(value.truth != TRUE_);
    }
    if (take(reader, '-')) {
        struct value value = read_unary(reader);
        return value.truth == UNKNOWN ? value : number(-value.number);
    }
    if (take(reader, '(')) {
        struct value value = read_or(reader);
        take(reader, ')');
        return value;
    }
    if (reader->at < reader->end && reader->at->kind == TOKEN_NAME)
        return read_name(reader);
    struct value value = {UNKNOWN, 0};
    if (reader->at < reader->end && reader->at->kind == TOKEN_NUMBER)
        value = number(token_number(reader->at));
    reader->at += reader->at < reader->end;
    return value;
}

static struct value read_unary(struct reader *reader)
{
    if (reader->depth == DEEPEST)
        reader->at = reader->end; /* nobody knows */
    reader->depth++;
    struct value value = read_operand(reader);
    reader->depth--;
    return value;
}

static bool compared(int sign, long a, long b, bool *result)
{
    switch (sign) {
    case S2('=', '='): *result = a == b; return true;
    case S2('!', '='): *result = a != b; return true;
    case S2('>', '='): *result = a >= b; return true;
    case S2('<', '='): *result = a <= b; return true;
    case '<': *result = a < b; return true;
    case '>': *result = a > b; return true;
    default: return false;
    }
}

static struct value read_comparison(struct reader *reader)
{
    struct value left = read_unary(reader);
    while (reader->at < reader->end && reader->at->sign && reader->at->sign != ')' &&
           reader->at->sign != S2('&', '&') && reader->at->sign != S2('|', '|')) {
        int sign = (reader->at++)->sign;
        struct value right = read_unary(reader);
        bool result;
        if (left.truth != UNKNOWN && right.truth != UNKNOWN &&
            compared(sign, left.number, right.number, &result))
            left = number(result);
        else
            left.truth = UNKNOWN;
    }
    return left;
}

static struct value read_and(struct reader *reader)
{
    struct value left = read_comparison(reader);
    while (take(reader, S2('&', '&'))) {
        struct value right = read_comparison(reader);
        if (left.truth == FALSE_ || right.truth == FALSE_)
            left = number(0);
        else if (right.truth == UNKNOWN)
            left = right;
    }
    return left;
}

static struct value read_or(struct reader *reader)
{
    struct value left = read_and(reader);
    while (take(reader, S2('|', '|'))) {
        struct value right = read_and(reader);
        if (left.truth == TRUE_ || right.truth == TRUE_)
            left = number(1);
        else if (right.truth == UNKNOWN)
            left = right;
    }
    return left;
}

/* VERSION >= 0x30000000 */
static bool is_comparison_with_number(const struct token *tokens, int count)
{
    return count == 3 && tokens->kind == TOKEN_NAME && tokens[2].kind == TOKEN_NUMBER &&
           tokens[1].sign != 0;
}

/* 0: the sign is none of a comparison. */
static int opposite(int sign)
{
    int negated = sign_negated(sign);
    return negated != sign ? negated : 0;
}

static const char *comparison_text(const struct token *tokens, bool denied)
{
    char text[200];
    snprintf(text, sizeof(text), "%.100s %d %.*s", tokens->text,
             denied ? opposite(tokens[1].sign) : tokens[1].sign,
             tokens[2].length < 60 ? tokens[2].length : 60, tokens[2].text);
    return intern_string(text);
}

enum truth conditions_hold(const struct conditions *conditions, const struct token *tokens,
                           int count)
{
    struct reader reader = {conditions, tokens, tokens + count, 0};
    enum truth truth = read_or(&reader).truth;
    const void *assumed = truth == UNKNOWN && is_comparison_with_number(tokens, count)
                              ? map_get(&conditions->assumed, comparison_text(tokens, false))
                              : NULL;
    if (!assumed)
        return truth;
    return assumed == &no ? FALSE_ : TRUE_;
}

/* FOO, defined FOO, defined(FOO): the token of the name; NULL: it is another condition. */
static const struct token *only_name(const struct token *at, int count)
{
    bool asked = count > 1 && token_is(at, "defined");
    at += asked;
    count -= asked;
    bool open = count == 3 && at->sign == '(' && at[2].sign == ')';
    return count == 1 || open ? at + open : NULL;
}

const char *conditions_assume(struct conditions *conditions, const char *directive,
                              const struct token *tokens, int count)
{
    if (count == 0)
        return NULL;
    if (strcmp(directive, "if") == 0 && is_comparison_with_number(tokens, count)) {
        map_set(&conditions->assumed, comparison_text(tokens, false), &yes);
        map_set(&conditions->assumed, comparison_text(tokens, true), &no);
        return NULL;
    }
    bool denied = strcmp(directive, "ifndef") == 0, name_follows = directive[2] == 'd' || denied;
    if (!name_follows && tokens->sign == '!') {
        denied = true;
        tokens++;
        count--;
    }
    const struct token *name = name_follows ? tokens : only_name(tokens, count);
    if (!name || name->kind != TOKEN_NAME)
        return NULL;
    map_set(&conditions->assumed, name->text, denied ? &no : &yes);
    return name->text;
}

void conditions_reverse(struct conditions *conditions, const char *name)
{
    bool was = map_get(&conditions->assumed, name) == &yes;
    map_set(&conditions->assumed, name, was ? &no : &yes);
}

void conditions_forget(struct conditions *conditions)
{
    map_free(&conditions->assumed);
    conditions->assumed = (struct map){0};
}

void conditions_free(struct conditions *conditions)
{
    map_free(&conditions->values);
    map_free(&conditions->assumed);
}
