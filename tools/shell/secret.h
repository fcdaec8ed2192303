/* Variables whose values appear neither in messages nor in the arguments of a process. */
#ifndef LIFOGUARD_SHELL_SECRET_H
#define LIFOGUARD_SHELL_SECRET_H

#include <stdbool.h>
#include <stddef.h>

/* Marks a variable. */
void secret_mark(const char *name, size_t length);

/* Whether a variable is marked, or its name says so: it holds TOKEN, SECRET, PASSWORD or KEY. */
bool secret_is(const char *name, size_t length);

/* Whether a line is a NAME=VALUE, NAME `name` bytes long, that holds a secret itself, rather than a $ that says
 * where to get it. */
bool secret_is_written(const char *line, size_t name);

/* Values that one command has in its environment, in place of its text. Zeroed at first. */
struct secret_values {
    struct secret_value *first;
};

/* Keeps a value; returns the name of the environment variable that will hold it. */
const char *secret_keep(struct secret_values *values, const char *value);

/* Around the start of the command. */
void secret_values_set(const struct secret_values *values);
void secret_values_unset(const struct secret_values *values);

void secret_values_free(struct secret_values *values);

/* Forgets all marks. */
void secret_forget(void);

#endif
