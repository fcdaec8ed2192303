/* The commands that a user calls inside a run, or about runs. Each function takes the words behind the name of the command, with NULL at
 * their end, and returns the exit status. */
#ifndef LIFOGUARD_CLIENT_CLIENT_H
#define LIFOGUARD_CLIENT_CLIENT_H

#include "request.h"

int defer_command(char **arguments);
int acquire_command(char **arguments);
int undo_command(char **arguments);
int dismiss_command(char **arguments);
int keep_command(char **arguments);
int set_command(char **arguments);
int mark_command(char **arguments);
int pending_command(char **arguments);
int recover_command(char **arguments);
int abandon_command(char **arguments);
int history_command(char **arguments);
int show_command(char **arguments);
int logs_command(char **arguments);

/* ---- shared by them ---- */

enum { EXIT_REQUEST_FAILED = 1 };

/* Says what an error is, frees it, and returns the exit status for it. */
int client_failed(const char *command, lg_error *err);

/* Sends fields to the run that we are in. Says what went wrong, if anything; `value` may be NULL. Requests that are sent again
 * to an owner's successor name a cleanup by its number, never by a name, which may mean another one by then. */
int client_request(const char *command, const struct buffer *fields, int64_t *value);

#endif
