/* What a line of a job file is, by its shell syntax: a command, an assignment, a job of the background. */
#ifndef LIFOGUARD_SCRIPT_SHAPE_H
#define LIFOGUARD_SCRIPT_SHAPE_H

#include <lifoguard/error.h>
#include <stdbool.h>
#include <stddef.h>

struct shape {
    size_t length;         /* without a comment and blanks at the end */
    size_t first_word;     /* its length */
    bool first_word_alone; /* nothing follows it */
    bool closing_ampersand;
    bool other_ampersand; /* one that is not at the end, && included */
    bool last_pid;        /* has a $! */
};

/* Returns an error if a line of a job file cannot be so. */
lg_error *shape_of_command(const char *command, struct shape *shape);

/* Of a line that begins with NAME=: is it one word, or one that ; or && or || follows? Then the variable is what the whole line
 * makes of it. `name`: the length of the name. */
lg_error *shape_of_assignment(const char *command, const struct shape *shape, size_t name,
                              bool *assignment);

#endif
