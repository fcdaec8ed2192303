/* `lifoguard exec`: the runner, which is what the user started. */
#ifndef LIFOGUARD_EXEC_EXEC_H
#define LIFOGUARD_EXEC_EXEC_H

/* `arguments` ends in NULL, and begins behind the subcommand's name. Returns the exit status, or ends by the signal
 * that ended the command. */
int exec_command(char **arguments);

struct guardian_start;

/* Runs a command, or a function of this program, under a guardian: `start` says what, all but its place, birth, id and own_group,
 * which are set here. `wanted` is the place that --state names, or NULL. Returns as exec_command does. */
int exec_guarded(struct guardian_start *start, const char *wanted);

#endif
