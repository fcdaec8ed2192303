#include "shape.h"

#include "shell.h"

#include <string.h>

lg_error *shape_of_command(const char *command, struct shape *shape)
{
    *shape = (struct shape){0};
    struct shell_scanner scanner;
    shell_scan(&scanner, command);
    bool in_first_word = true;
    char previous = '\0'; /* an operator just before */
    for (;;) {
        struct shell_piece piece = shell_next(&scanner);
        if (piece.kind == SHELL_ERROR)
            return lg_error_new(scanner.error);
        if (piece.kind == SHELL_END || piece.kind == SHELL_COMMENT)
            break;
        if (piece.kind == SHELL_LAST_PID)
            shape->last_pid = true;
        size_t end = (size_t)(piece.start - command) + piece.length;
        bool separates = piece.kind == SHELL_BLANK || piece.kind == SHELL_OPERATOR;
        if (piece.depth == 0 && separates)
            in_first_word = false;
        if (in_first_word)
            shape->first_word = end;
        if (piece.kind == SHELL_BLANK && piece.depth == 0)
            continue;
        shape->length = end;
        if (piece.kind == SHELL_OPERATOR) {
            char c = *piece.start;
            if (piece.depth == 0 && strncmp(piece.start, "<<", 2) == 0 && previous != '<' &&
                piece.start[2] != '<')
                return lg_error_new(
                    "a here-document does not fit on a line: use printf '…\\n' | COMMAND");
            if (shape->closing_ampersand)
                shape->other_ampersand = true;
            shape->closing_ampersand = c == '&' && piece.depth == 0 && previous != '&' &&
                                       previous != '>' && previous != '<';
            if (c == '&' && !shape->closing_ampersand)
                shape->other_ampersand = true;
            previous = c;
        } else {
            if (shape->closing_ampersand)
                shape->other_ampersand = true;
            shape->closing_ampersand = false;
            previous = '\0';
        }
    }
    shape->first_word_alone = shape->first_word == shape->length;
    return NULL;
}

/* Whether the last command of a list, of which `list` is what follows its first assignment, sets another variable: that would be
 * lost. */
static bool sets_another(const char *list, const char *name, size_t length)
{
    struct shell_scanner scanner;
    shell_scan(&scanner, list);
    const char *last = list;
    bool blank = false, alone = true;
    for (;;) {
        struct shell_piece piece = shell_next(&scanner);
        if (piece.kind == SHELL_END || piece.kind == SHELL_COMMENT || piece.kind == SHELL_ERROR)
            break;
        bool separates = piece.kind == SHELL_OPERATOR && piece.depth == 0 &&
                         strchr(";&|", *piece.start);
        if (separates)
            last = piece.start + piece.length + strspn(piece.start + piece.length, " \t");
        if (separates || piece.start < last) {
            blank = false;
            alone = true;
        } else if (piece.kind == SHELL_BLANK && piece.depth == 0) {
            blank = true;
        } else if (blank) {
            alone = false;
        }
    }
    size_t other = shell_name_length(last);
    bool same = other == length && strncmp(last, name, length) == 0;
    return alone && last > list && other > 0 && last[other] == '=' && !same;
}

lg_error *shape_of_assignment(const char *command, const struct shape *shape, size_t name,
                              bool *assignment)
{
    *assignment = shape->first_word_alone;
    if (*assignment)
        return NULL;
    /* NAME=VALUE COMMAND is a job; NAME=VALUE NAME=VALUE would be lost. */
    const char *rest = command + shape->first_word;
    rest += strspn(rest, " \t");
    if (sets_another(rest, command, name))
        return lg_error_new("two assignments on a line: write one a line");
    size_t next = shell_name_length(rest);
    struct shape behind;
    lg_error *err = shape_of_command(rest, &behind);
    if (err)
        return err;
    if (next > 0 && rest[next] == '=' && behind.first_word_alone)
        return lg_error_new("two assignments on a line: write one a line");
    *assignment = !shape->closing_ampersand &&
                  (*rest == ';' || strncmp(rest, "&&", 2) == 0 || strncmp(rest, "||", 2) == 0);
    if (!*assignment && (*rest == ';' || *rest == '&' || *rest == '|'))
        return lg_error_newf(
            "%.*s is lost at the end of the line: write the assignment on a line of its own",
            (int)name, command);
    return NULL;
}
