/* Commands that need no shell, as make starts them: some words of plain characters, of which the first is a program. */
#ifndef LIFOGUARD_SHELL_DIRECT_H
#define LIFOGUARD_SHELL_DIRECT_H

#include <stdbool.h>

/* The words of such a command, ending in NULL, as one piece of memory for the caller to free; or NULL: a shell is needed, for
 * quotes, expansions, redirections, several commands, or a command of the shell's own. */
char **direct_words(const char *command);

/* The words of such a command that is to be run by /bin/sh -c (-ec, -euc): likewise. */
char **direct_words_of_shell(const char *const *arguments);

/* Whether any shell can read the text: simple commands of words, quotations and $NAME. False: perhaps not. */
bool direct_is_readable(const char *text);

/* Whether a shell would have started the command where execve could not: it is for the shell to try, or to tell. */
bool direct_is_for_shell(int failed);

/* Words separated by blanks, likewise; `bash -o pipefail` is a shell with its options. */
char **split_words(const char *text);

#endif
