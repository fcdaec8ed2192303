/* `lifoguard exec`: the runner, which is what the user started. */
#ifndef LIFOGUARD_EXEC_EXEC_H
#define LIFOGUARD_EXEC_EXEC_H

/* `arguments` ends in NULL, and begins behind the subcommand's name. Returns the exit status, or ends by the signal
 * that ended the command. */
int exec_command(char **arguments);

#endif
