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

static lg_error *not_set(const struct shell_piece *piece)
{
    if (piece->kind == SHELL_LAST_PID)
        return lg_error_new("$! is not set: no line above this one ends in &");
    return lg_errorf(
        "%.*s is not set: nothing above this line sets it; for a variable of the command's "
        "own, write eval '…' in single quotes",
        (int)piece->length, piece->start);
}

/* In a defer line that would be taken at another time than the variables are. */
static lg_error *refused(const struct shell_piece *piece)
{
    if (piece->kind == SHELL_BACKTICK)
        return lg_error_new("a defer line has no `…`: write $(…)");
    return lg_errorf(
        "a defer line expands $NAME, ${NAME} and $! only: for %.*s…, set a variable "
        "above and use that, or write eval '…' in single quotes to have it expanded when "
        "the cleanup runs",
        (int)piece->length, piece->start);
}

/* Adds a piece, or what it stands for. */
static lg_error *add_piece(struct buffer *to, const struct shell_piece *piece, enum expansion which,
                           variable_value *value, void *data)
{
    bool all = which == EXPAND_ALL;
    bool variable = all && piece->kind == SHELL_VARIABLE;
    bool last_pid = piece->kind == SHELL_LAST_PID &&
                    (all || piece->depth == 0 || (piece->depth == 1 && piece->quoted));
    if (variable || last_pid) {
        const char *text = variable ? value(piece->name, piece->name_length, data)
                                    : value("!", 1, data);
        if (!text)
            return not_set(piece);
        if (piece->quoted)
            add_in_double_quotes(to, text);
        else
            add_word(to, text, piece->start[piece->length]);
        return NULL;
    }
    /* These do not change: the cleanup's shell has the same arguments. */
    bool argument = piece->kind == SHELL_OTHER && piece->length == 2 &&
                    strchr("123456789@*#", piece->start[1]);
    if (all && !argument && (piece->kind == SHELL_OTHER || piece->kind == SHELL_BACKTICK))
        return refused(piece);
    buffer_add(to, piece->start, piece->length);
    return NULL;
}

lg_error *expand(const char *command, enum expansion which, variable_value *value, void *data,
                 char **expanded)
{
    lg_func (lg_error *, err) {
        struct buffer result = {0};
        lg_defer(buffer_free, &result);
        buffer_add_text(&result, "");
        struct shell_scanner scanner;
        shell_scan(&scanner, command);
        for (;;) {
            struct shell_piece piece = shell_next(&scanner);
            if (piece.kind == SHELL_END)
                break;
            if (piece.kind == SHELL_ERROR)
                lg_return(lg_error_new(scanner.error));
            lg_error *failed = add_piece(&result, &piece, which, value, data);
            if (failed)
                lg_return(failed);
        }
        *expanded = result.text;
        result.text = NULL;
        lg_return(NULL);
    }
}
