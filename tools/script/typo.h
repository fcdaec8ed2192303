/* Mistyped variables in job lines: the shell takes them as empty, and `rm -r "$BUILDDIR"/…` removes something else. */
#ifndef LIFOGUARD_SCRIPT_TYPO_H
#define LIFOGUARD_SCRIPT_TYPO_H

#include "parse.h"

/* An error if a command uses a variable that nothing sets (the lines of the file so far, the command itself, the
 * environment), and that differs from one that the file sets by a slip only: a letter, a case, an underscore. ${NAME-} and
 * its like say that a variable may be unset, and are left alone. */
lg_error *typo_check(const struct job_file *file, const char *command);

#endif
