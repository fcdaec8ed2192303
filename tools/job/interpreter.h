/* The shell that commands are written for: how it is started, and whether it can read them. */
#ifndef LIFOGUARD_JOB_INTERPRETER_H
#define LIFOGUARD_JOB_INTERPRETER_H

#include <lifoguard/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* For all commands: which shell (NULL: /bin/sh), whether with -x, and $1 and on. */
void interpreter_use(const char *shell, bool trace, char *const *arguments);

/* Sets LIFOGUARD_JOB_FILE, which the commands of a file may use. */
void interpreter_name_file(const char *path);

/* $1 and on, by their numbers; `@` and `*`: the first. NULL if it is not set. */
const char *interpreter_argument(const char *name, size_t length);

/* The words of the program that runs a command, whose $0 is `name`: a list for the caller to free, whose words are this room's. */
const char **interpreter_words(const char *command, const char *name);

/* The words of a command that is a program and plain words, if it can be started without the shell; or NULL. For the caller to free. */
char **interpreter_words_without(const char *command);

/* Whether the shell can read a command, without asking it. */
bool interpreter_is_readable(const char *command);

/* Whether the shell can read a script of any length. */
bool interpreter_can_read(const char *script, size_t length);

/* Whether the shell can read a command: NULL, or an error with the shell's words. */
lg_error *interpreter_check(const char *command);

#endif
