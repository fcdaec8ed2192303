#include "expand.h"

#include "buffer.h"
#include "shell.h"

#include <lifoguard/defer.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* In "…" four characters keep a meaning. */
static void add_in_double_quotes(struct buffer *to, const char *value)
{
    for (; *value != '\0'; value++) {
        if (strchr("\"\\$`", *value))
            buffer_add_char(to, '\\');
        buffer_add_char(to, *value);
    }
}

/* Whether a value can stand bare: nothing in it means anything to the shell, it is not a reserved word
 * (these are all letters), and what follows does not turn it into the number of a redirection or
 * the name of an assignment. */
static bool is_plain_word(const char *value, char next)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789_/.,:@%-";
    return value[strspn(value, allowed)] == '\0' && strpbrk(value, "0123456789/") &&
           (next == '\0' || !strchr("<>=+", next));
}

static void add_word(struct buffer *to, const char *value, char next)
{
    if (is_plain_word(value, next)) {
        buffer_add_text(to, value);
        return;
    }
    buffer_add_char(to, '\'');
    for (; *value != '\0'; value++) {
        if (*value == '\'')
            buffer_add_text(to, "'\\''");
        else
            buffer_add_char(to, *value);
    }
    buffer_add_char(to, '\'');
}

/* One expansion. While `skipping`, pieces are read and nothing is added. */
struct expander {
    const char *command;
    struct shell_scanner scanner;
    struct buffer to;
    enum expansion which;
    const struct variables *variables;
    unsigned skipping;
};

/* The word of a ${NAME:-word}. */
struct word {
    unsigned depth; /* of its pieces */
    bool quoted;    /* the ${ stands in double quotes */
};

/* What a cleanup is told of the run's outcome: nobody knows that when the cleanup is registered, so the name stays, for the cleanup's
 * own shell. */
static bool is_outcome(const char *name, size_t length)
{
    static const char *const names[] = {"STATUS", "EXIT_CODE", "SIGNAL", "CAUSE",
                                        "KEY",    "ATTEMPT",   "FENCE"};
    size_t prefix = strlen("LIFOGUARD_");
    if (length <= prefix || strncmp(name, "LIFOGUARD_", prefix) != 0)
        return false;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strlen(names[i]) == length - prefix &&
            strncmp(name + prefix, names[i], length - prefix) == 0)
            return true;
    return false;
}

static bool is_argument(const char *name)
{
    return *name >= '0' && *name <= '9';
}

static lg_error *not_set(const char *name, size_t length)
{
    if (*name == '!')
        return lg_error_new("$! is not set: no line above this one ends in &");
    if (*name == '$')
        return lg_error_new("$$ is not set: no line above this one has a shell");
    if (*name == '@' || *name == '*')
        return lg_error_newf(
            "$%c is empty, as there are no arguments, and what stands next to it would "
            "be left alone: write ${%c-} if that is meant",
            *name, *name);
    if (is_argument(name))
        return lg_error_newf("$%.*s is not set: there are fewer arguments; write ${%.*s-} or "
                             "${%.*s:-default} if it may be left out",
                             (int)length, name, (int)length, name, (int)length, name);
    return lg_error_newf(
        "$%.*s is not set: nothing above this line sets it; write ${%.*s:-default} if it may be "
        "unset, and for a variable that the command sets itself eval '…' in single quotes",
        (int)length, name, (int)length, name);
}

/* In a defer line that would be taken at another time than the variables are. */
static lg_error *refused(const struct shell_piece *piece)
{
    if (piece->kind == SHELL_BACKTICK)
        return lg_error_new("a defer line has no `…`: write $(…)");
    if (piece->start[1] == '?')
        return lg_error_new("$? is always 0 where a defer is registered: for the exit status of "
                            "the run, write $LIFOGUARD_EXIT_CODE");
    return lg_error_newf(
        "a defer line expands $NAME, ${NAME}, ${NAME:-x}, ${NAME:?x}, ${NAME:+x}, $1, $$ "
        "and $! only: for %.*s…, set a variable "
        "above and use that, or write eval '…' in single quotes to have it expanded when "
        "the cleanup runs",
        (int)piece->length, piece->start);
}

static void add_raw(struct expander *now, const char *text, size_t length)
{
    if (!now->skipping)
        buffer_add(&now->to, text, length);
}

static const char *find_entry(const struct expander *now, const char *name, size_t length)
{
    return now->variables->lookup(name, length, now->variables->data);
}

/* The value, or what stands for a secret one: with a ? that refuses to run without. */
static void add_value(struct expander *now, const char *name, size_t length, const char *value,
                      bool quoted)
{
    if (now->skipping)
        return;
    const struct variables *variables = now->variables;
    const char *reference = variables->reference
                                ? variables->reference(name, length, value, variables->data)
                                : NULL;
    if (reference)
        buffer_format(&now->to, quoted ? "${%s?}" : "\"${%s?}\"", reference);
    else if (quoted)
        add_in_double_quotes(&now->to, value);
    else
        add_word(&now->to, value, *now->scanner.at);
}

/* Whether something of the same word stands beside a piece. */
static bool has_neighbour(const struct expander *now, const struct shell_piece *piece)
{
    static const char between[] = " \t;&|<>()";
    const char *before = piece->start, *behind = now->scanner.at;
    while (before > now->command && before[-1] == '"')
        before--;
    behind += strspn(behind, "\"");
    return (before > now->command && !strchr(between, before[-1])) ||
           (*behind != '\0' && !strchr(between, *behind));
}

/* $@ and $* stay as they are: the cleanup's shell has the same arguments. */
static lg_error *add_arguments(struct expander *now, const struct shell_piece *piece)
{
    char name = piece->start[1];
    if (!now->skipping && !find_entry(now, &name, 1) && has_neighbour(now, piece))
        return not_set(&name, 1);
    add_raw(now, piece->start, piece->length);
    return NULL;
}

static lg_error *add_variable(struct expander *now, const char *name, size_t length, bool quoted)
{
    if (now->skipping)
        return NULL;
    if (now->which == EXPAND_ALL && is_outcome(name, length)) {
        buffer_format(&now->to, quoted ? "${%.*s}" : "\"${%.*s}\"", (int)length, name);
        return NULL;
    }
    const char *value = find_entry(now, name, length);
    if (!value)
        return not_set(name, length);
    add_value(now, name, length, value, quoted);
    return NULL;
}

static lg_error *add_pieces(struct expander *now, const struct word *word);

static lg_error *skip_word(struct expander *now, const struct word *word)
{
    now->skipping++;
    lg_error *err = add_pieces(now, word);
    now->skipping--;
    return err;
}

/* The word itself. Bare, it begins no reserved word, assignment or number of a redirection. */
static lg_error *take_word(struct expander *now, const struct word *word)
{
    const char first[] = {*now->scanner.at, '\0'};
    if (!word->quoted && (shell_name_length(first) || is_argument(first)))
        add_raw(now, "''", 2);
    return add_pieces(now, word);
}

/* The message of ${NAME:?message}, as it is written. */
static lg_error *demand(struct expander *now, const struct word *word, const char *name,
                        size_t length)
{
    const char *message = now->scanner.at;
    lg_error *err = skip_word(now, word);
    if (err || now->skipping)
        return err;
    int size = (int)(now->scanner.at - message) - 1;
    return size > 0 ? lg_error_newf("%.*s: %.*s", (int)length, name, size, message)
                    : not_set(name, length);
}

/* ${NAME:-word} and its like; the scanner stands behind the ${. */
static lg_error *add_parameter(struct expander *now, const struct shell_piece *piece, bool quoted)
{
    const char *name = now->scanner.at;
    size_t length = is_argument(name) ? strspn(name, "0123456789") : shell_name_length(name);
    if (length == 0 && (*name == '@' || *name == '*'))
        length = 1;
    bool not_empty = name[length] == ':';
    char operation = name[length + not_empty];
    bool bare = operation == '}' && !not_empty;
    if (piece->length != 2 || length == 0 || operation == '\0' ||
        (!bare && !strchr("-?+", operation)))
        return refused(piece);
    if (is_outcome(name, length))
        return lg_error_newf("%.*s is not known before the cleanup runs: write $%.*s, or eval "
                             "'${%.*s…}' in single quotes",
                             (int)length, name, (int)length, name, (int)length, name);
    now->scanner.at = name + length + not_empty + !bare;

    struct word word = {.depth = piece->depth + 1, .quoted = quoted};
    if (bare && length == 1 && *name == '0') { /* as $0: the cleanup's shell has one */
        add_raw(now, "$0", 2);
        return skip_word(now, &word);
    }
    const char *value = now->skipping ? "" : find_entry(now, name, length);
    bool present = value && !(not_empty && *value == '\0');
    if (operation == '+')
        return present ? take_word(now, &word) : skip_word(now, &word);
    if (!present && operation == '-')
        return take_word(now, &word);
    if (!present)
        return demand(now, &word, name, length);
    lg_error *err = skip_word(now, &word);
    if (err)
        return err;
    if (*name == '@' || *name == '*')
        add_raw(now, *name == '@' ? "$@" : "$*", 2);
    else
        add_value(now, name, length, value, quoted);
    return NULL;
}

/* A character of a word that is not quoted by itself: it means what it means between the braces. */
static void add_text_of_word(struct expander *now, const struct shell_piece *piece,
                             const struct word *word)
{
    char c = *piece->start;
    bool own = piece->depth == word->depth;
    bool closes = piece->depth == word->depth + 1 && piece->quoted;
    if (word->quoted && c == '"' && (own || closes))
        return;
    if (word->quoted && own && c == '\\' && piece->start[1] == '}')
        add_raw(now, "}", 1);
    else if (!word->quoted && own && piece->length == 1 && strchr(";&|<>()#", c))
        add_raw(now, (char[]){'\\', c}, 2);
    else
        add_raw(now, piece->start, piece->length);
}

/* `for i in …; do … $i …`: the variable is set while the command runs. */
static bool is_own(const struct expander *now, const struct shell_piece *piece)
{
    return piece->kind == SHELL_VARIABLE &&
           shell_binds(now->command, (size_t)(piece->start - now->command), piece->name,
                       piece->name_length);
}

/* Adds a piece, or what it stands for. */
static lg_error *add_piece(struct expander *now, const struct shell_piece *piece,
                           const struct word *word)
{
    bool quoted = piece->quoted || (word && word->quoted && piece->depth == word->depth);
    bool all = now->which == EXPAND_ALL;
    if (piece->kind == SHELL_LAST_PID &&
        (all || piece->depth == 0 || (piece->depth == 1 && piece->quoted)))
        return add_variable(now, "!", 1, quoted);
    if (all && piece->kind == SHELL_VARIABLE && !is_own(now, piece))
        return add_variable(now, piece->name, piece->name_length, quoted);
    if (all && piece->kind == SHELL_BACKTICK)
        return refused(piece);
    if (all && piece->kind == SHELL_OTHER) {
        char what = piece->start[1];
        if (what == '{')
            return add_parameter(now, piece, quoted);
        if (strchr("123456789$", what))
            return add_variable(now, piece->start + 1, 1, quoted);
        if (what == '@' || what == '*')
            return add_arguments(now, piece);
        if (what != '#' && what != '0')
            return refused(piece);
    }
    if (word && piece->kind == SHELL_TEXT)
        add_text_of_word(now, piece, word);
    else
        add_raw(now, piece->start, piece->length);
    return NULL;
}

/* To the end, or to that of the word, and past its brace. */
static lg_error *add_pieces(struct expander *now, const struct word *word)
{
    for (;;) {
        struct shell_piece piece = shell_next(&now->scanner);
        if (piece.kind == SHELL_END)
            return NULL;
        if (piece.kind == SHELL_ERROR)
            return lg_error_new(now->scanner.error);
        if (word && piece.depth == word->depth && *piece.start == '}')
            return NULL;
        lg_error *err = add_piece(now, &piece, word);
        if (err)
            return err;
    }
}

lg_error *expand(const char *command, enum expansion which, const struct variables *variables,
                 char **expanded)
{
    lg_func (lg_error *, err) {
        struct expander now = {.command = command, .which = which, .variables = variables};
        lg_defer(buffer_free, &now.to);
        buffer_add_text(&now.to, "");
        shell_scan(&now.scanner, command);
        err = add_pieces(&now, NULL);
        if (err)
            lg_return(err);
        *expanded = now.to.text;
        now.to.text = NULL;
        lg_return(NULL);
    }
}
