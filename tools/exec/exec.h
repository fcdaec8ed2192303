/* `lifoguard exec`: the runner, which is what the user started. */
#ifndef LIFOGUARD_EXEC_EXEC_H
#define LIFOGUARD_EXEC_EXEC_H

/* `arguments` ends in NULL, and begins behind the subcommand's name. Returns the exit status, or ends by the signal
 * that ended the command. */
int exec_command(char **arguments);

struct guardian_start;

/* Runs a command, or a function of this program, under a guardian: `start` says what, all but its birth, id and own_group, which are
 * set here; its place is one that place_open has found. Returns as exec_command does. */
int exec_guarded(const struct guardian_start *start);

/* Likewise; finds the place first: the one that --state names, or NULL. */
int exec_guarded_at(struct guardian_start *start, const char *wanted);

#endif
