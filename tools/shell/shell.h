/* A command line cut into the pieces that matter here, by the shell's rules of quoting: enough to find
 * variables, the end of a word, a comment, a closing `&`. What a command means stays the shell's
 * business. */
#ifndef LIFOGUARD_SHELL_SHELL_H
#define LIFOGUARD_SHELL_SHELL_H

#include <stdbool.h>
#include <stddef.h>

enum shell_kind {
    SHELL_END,
    SHELL_ERROR,    /* a quote or a parenthesis is left open: error says which */
    SHELL_TEXT,     /* a character, quoted or not, or '…' as a whole; or the " of a quotation */
    SHELL_BLANK,    /* blanks that separate words */
    SHELL_OPERATOR, /* one of & ; | < > ( ) */
    SHELL_COMMENT,  /* # to the end */
    SHELL_VARIABLE, /* $NAME or ${NAME} */
    SHELL_LAST_PID, /* $! or ${!} */
    SHELL_BACKTICK, /* opens or closes a command substitution of the old kind */
    SHELL_OTHER     /* what is none of these: $?, $1, ${NAME:-x}, $((1+1)); only its beginning */
};

struct shell_piece {
    enum shell_kind kind;
    const char *start;
    size_t length;
    const char *name; /* of a variable */
    size_t name_length;
    unsigned depth; /* how many parentheses, braces and quotations it stands in */
    bool quoted;    /* in double quotes, the innermost thing around it */
};

enum { SHELL_DEEPEST = 100, SHELL_ERROR_SIZE = 128 };

struct shell_scanner {
    const char *at;
    unsigned depth;
    bool word_begins;       /* the next character would begin a word */
    bool command;           /* and the next word can be a reserved one */
    char in[SHELL_DEEPEST]; /* what is open: " ( { `, and c for a case */
    char error[SHELL_ERROR_SIZE];
};

void shell_scan(struct shell_scanner *scanner, const char *line);

/* The next piece; pieces follow each other without gaps. After SHELL_END or SHELL_ERROR the same again. */
struct shell_piece shell_next(struct shell_scanner *scanner);

/* Where in a command the word `exec` can be put to the same effect, so that the program takes the place
 * of its shell; -1 if nowhere: not a simple command of a program. */
long shell_exec_place(const char *command);

/* Whether a command, up to `length`, has `for NAME`, `select NAME` or `read NAME`: behind that, the variable is the command's own. */
bool shell_binds(const char *command, size_t length, const char *name, size_t name_length);

/* The length of the variable name that `text` begins with, or 0. */
size_t shell_name_length(const char *text);

#endif
