/* Small commands that scripts otherwise write by hand. They keep no state, and need no `exec` around them. Each function
 * takes the words behind the subcommand's name, ending in NULL, and returns the exit status. */
#ifndef LIFOGUARD_HELPERS_HELPERS_H
#define LIFOGUARD_HELPERS_HELPERS_H

int wait_for_command(char **arguments);
int with_command(char **arguments);
int lock_command(char **arguments);
int shell_init_command(char **arguments);

#endif
