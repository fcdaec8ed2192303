#include "vain.h"

#include "shell.h"

#include <stdbool.h>
#include <string.h>

/* A simple command of a line. */
struct part {
    const char *text;
    size_t length;
};

static const struct {
    const char *words; /* separated by blanks */
    const char *instead;
} vain[] = {
    {"cd pushd popd", "write cd DIRECTORY && COMMAND"},
    {"export readonly declare typeset local let", "write NAME=VALUE, which the lines below see"},
    {"trap", "write defer COMMAND"},
    {".", "write . FILE && COMMAND, or NAME=$(. FILE; printf %s \"$NAME\")"},
    {"source", "write . FILE && COMMAND, or NAME=$(. FILE; printf %s \"$NAME\")"},
    {"read mapfile readarray getopts", "write NAME=$(COMMAND), which the lines below see"},
    {"alias unalias", "write the command itself, or put it into a script"},
    {"set unset shift return break continue hash shopt enable disown bg fg",
     "leave the line out, or put it before the command: … && COMMAND"},
};

static bool is_word_of(const char *words, const char *word, size_t length)
{
    for (const char *at = words; (at = strstr(at, " ")), true; at++) {
        if (strncmp(words, word, length) == 0 && (words[length] == ' ' || words[length] == '\0'))
            return true;
        if (!at)
            return false;
        words = at + 1;
    }
}

static size_t word_length(struct part part)
{
    if (part.length == 0)
        return 0;
    size_t length = strcspn(part.text, " \t<>");
    return length < part.length ? length : part.length;
}

/* What follows the first word. */
static struct part arguments(struct part part)
{
    size_t length = word_length(part);
    while (length < part.length && strchr(" \t", part.text[length]))
        length++;
    return (struct part){part.text + length, part.length - length};
}

static bool contains(struct part part, const char *characters)
{
    for (size_t i = 0; i < part.length; i++)
        if (strchr(characters, part.text[i]))
            return true;
    return false;
}

static bool first_is(struct part part, const char *word)
{
    return part.length > 0 && *part.text == *word && strlen(word) == word_length(part) &&
           strncmp(part.text, word, strlen(word)) == 0;
}

/* Without what stands before a command and changes nothing of this: `{`, `command`, `builtin`, a \\ or quotes. */
static struct part plain(struct part part)
{
    while (first_is(part, "{") || first_is(part, "command") || first_is(part, "builtin"))
        part = arguments(part);
    if (part.length > 0 && strchr("\\'\"", *part.text))
        part = (struct part){part.text + 1, part.length - 1};
    return part;
}

/* NAME() { …; }: nothing here would call it. */
static bool is_function(struct part part)
{
    size_t name = shell_name_length(part.text);
    if (first_is(part, "function"))
        return part.text[part.length - 1] == '}';
    const char *behind = part.text + name + strspn(part.text + name, " \t");
    return name > 0 && behind < part.text + part.length && *behind == '(';
}

/* `((` with an assignment, or with ++ or --. */
static bool is_arithmetic(struct part part)
{
    if (strncmp(part.text, "((", 2) != 0)
        return false;
    for (size_t i = 2; i + 1 < part.length; i++) {
        const char *at = part.text + i;
        if (strncmp(at, "++", 2) == 0 || strncmp(at, "--", 2) == 0 ||
            (*at == '=' && at[1] != '=' && !strchr("=<>!", at[-1])))
            return true;
    }
    return false;
}

/* `: ${NAME:=VALUE}` */
static bool sets_default(struct part part)
{
    if (!first_is(part, ":"))
        return false;
    for (const char *at = part.text; (at = strstr(at, "${")) && at < part.text + part.length;) {
        at += 2;
        at += shell_name_length(at);
        at += *at == ':';
        if (*at == '=')
            return true;
    }
    return false;
}

/* How to set a variable, where a line sets it in another way. */
static const char *sets_variable(struct part part)
{
    if (is_arithmetic(part))
        return "write NAME=$((…)), which the lines below see";
    if (sets_default(part))
        return "write NAME=${NAME:-VALUE}, which the lines below see";
    if (first_is(part, "printf") && first_is(arguments(part), "-v"))
        return "write NAME=$(printf …), which the lines below see";
    return NULL;
}

/* Commands that set something of their shell only with certain arguments. */
static const char *sets_something(struct part part)
{
    struct part rest = arguments(part);
    if (first_is(part, "wait") && contains(rest, "-%"))
        return "write wait for all background lines, or wait $PID for one";
    if (first_is(part, "umask") && contains(rest, "01234567="))
        return "write umask MODE && COMMAND";
    if (first_is(part, "ulimit") && (contains(rest, "0123456789") || contains(rest, "u")))
        return "write ulimit … && COMMAND";
    if (first_is(part, "exec") && rest.length > 0 &&
        strchr("<>", rest.text[strspn(rest.text, "0123456789")]))
        return "write { COMMAND; } 9>FILE";
    if (first_is(part, "eval")) {
        size_t quote = rest.length > 0 && strchr("'\"", *rest.text) ? 1 : 0;
        size_t name = shell_name_length(rest.text + quote);
        if (name > 0 && rest.text[quote + name] == '=' && !contains(rest, " ;&|"))
            return "write NAME=VALUE, which the lines below see";
    }
    if (first_is(part, "exit") && (rest.length == 0 || (rest.length == 1 && *rest.text == '0')))
        return "the lines below would still run; leave it out";
    return NULL;
}

static size_t bare_length(struct part part)
{
    size_t length = word_length(part);
    while (length > 0 && strchr("'\"", part.text[length - 1]))
        length--;
    return length;
}

/* What to write instead of a part that does nothing, or NULL. */
static const char *instead_of(struct part part)
{
    part = plain(part);
    for (size_t i = 0; i < sizeof(vain) / sizeof(vain[0]); i++)
        if (part.length > 0 && is_word_of(vain[i].words, part.text, bare_length(part)))
            return vain[i].instead;
    const char *instead = sets_variable(part);
    return instead ? instead : sets_something(part);
}

/* Cuts a line at the operators outside of parentheses, other than redirections. */
static size_t cut(const char *command, struct part *parts, size_t room)
{
    struct shell_scanner scanner;
    shell_scan(&scanner, command);
    size_t count = 0;
    struct part part = {command, 0};
    char previous = '\0';
    for (;;) {
        struct shell_piece piece = shell_next(&scanner);
        bool ends = piece.kind == SHELL_END || piece.kind == SHELL_COMMENT;
        if (piece.kind == SHELL_ERROR || count == room)
            return 0;
        char c = piece.kind == SHELL_OPERATOR && piece.depth == 0 ? *piece.start : '\0';
        bool redirects = c && (strchr("<>", c) || (c == '&' && strchr("<>", previous) && previous));
        if (c == '|' && previous != '|' && piece.start[1] != '|')
            return 0; /* a pipeline */
        if (ends || (c && strchr(";&|", c) && !redirects)) {
            if (part.length > 0)
                parts[count++] = part;
            part = (struct part){piece.start + piece.length, 0};
        } else if (piece.kind == SHELL_BLANK && part.length == 0) {
            part.text = piece.start + piece.length;
        } else if (piece.kind != SHELL_BLANK) {
            part.length = (size_t)(piece.start - part.text) + piece.length;
        }
        previous = c;
        if (ends)
            return count;
    }
}

/* Whether a word begins at `at`, with a blank or nothing behind. */
static bool is_word(const char *at, const char *word)
{
    size_t length = strlen(word);
    return strncmp(at, word, length) == 0 && strchr(" \t", at[length]);
}

/* Whether a line makes `defer` a command of its shell. */
static bool defines_defer(const char *command)
{
    return strstr(command, "defer()") || strstr(command, "defer ()") ||
           strstr(command, "shell-init");
}

lg_error *vain_defer(const char *command)
{
    struct shell_scanner scanner;
    shell_scan(&scanner, command);
    bool behind_bracket = false; /* a ) ends what is a part of a word more often than a command */
    for (;;) {
        bool begins = scanner.command && scanner.word_begins && !behind_bracket;
        if (begins && is_word(scanner.at, "defer") && !defines_defer(command))
            return lg_error_new("defer begins a line of its own, below the command that acquires; "
                                "inside of a command, write lifoguard defer");
        struct shell_piece piece = shell_next(&scanner);
        if (piece.kind == SHELL_END || piece.kind == SHELL_ERROR)
            return NULL;
        if (piece.kind != SHELL_BLANK)
            behind_bracket = *piece.start == ')';
    }
}

lg_error *vain_line(const char *command)
{
    enum { MOST = 32 };
    struct part parts[MOST], whole = {command, strlen(command)};
    while (whole.length > 0 && strchr(" \t", command[whole.length - 1]))
        whole.length--;
    if (whole.length > 0 && command[whole.length - 1] == '}' && is_function(whole) &&
        !strstr(command, "};") && !strstr(command, "} ;") && !strstr(command, "} &&"))
        return lg_error_new("a function lasts to the end of its own line: write NAME() { …; }; "
                            "NAME, or put it into a script");
    size_t count = cut(command, parts, MOST);
    const char *instead = NULL;
    for (size_t i = 0; i < count; i++) {
        const char *here = instead_of(parts[i]);
        if (i > 0 && first_is(parts[i], "}"))
            continue;
        if (!here)
            return NULL;
        if (!instead)
            instead = here;
    }
    if (!instead)
        return NULL;
    struct part first = plain(parts[0]);
    return lg_error_newf("%.*s lasts to the end of its own line: %s", (int)bare_length(first),
                         first.text, instead);
}
