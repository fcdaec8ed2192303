/* Variables in `defer` lines, expanded when the line is registered (rule D2). */
#ifndef LIFOGUARD_SHELL_EXPAND_H
#define LIFOGUARD_SHELL_EXPAND_H

#include <lifoguard/error.h>
#include <stddef.h>

/* The value of a variable, or NULL if it is not set. `!` is the name of $!, `$` of $$, `1` of $1 and so on;
 * `@` and `*` are set if there are arguments. */
typedef const char *variable_lookup(const char *name, size_t length, void *data);

/* The name of an environment variable that will hold this value where the command runs, for a value that
 * must not stand in the command; or NULL. */
typedef const char *variable_reference(const char *name, size_t length, const char *value,
                                       void *data);

struct variables {
    variable_lookup *lookup;
    variable_reference *reference; /* NULL: none */
    void *data;
};

/* Which variables to expand. */
enum expansion {
    EXPAND_ALL,     /* $NAME, ${NAME:-x}, $1, $$, $!: in defer lines */
    EXPAND_LAST_PID /* $! alone, outside of $(…): in NAME=VALUE lines, where the shell does the rest */
};

/*
 * Sets *expanded to the command with each variable replaced by its value, quoted so that for the
 * shell it is exactly these characters: never split, never expanded again. A variable that the command itself sets
 * before, by `for NAME` or `read NAME`, is left to the shell, and so are LIFOGUARD_STATUS and the like, which are known when the
 * cleanup runs. What stands in single
 * quotes or behind a backslash is left as it is. The word of ${NAME:-word} is expanded in the same way. To be freed. An error says which variable is not
 * set, or what cannot be expanded in a defer line.
 */
lg_error *expand(const char *command, enum expansion which, const struct variables *variables,
                 char **expanded);

#endif
