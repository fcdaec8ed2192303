/* Which variables of the environment hold secrets. */
#ifndef LIFOGUARD_COMMON_SECRECY_H
#define LIFOGUARD_COMMON_SECRECY_H

#include <stdbool.h>
#include <stddef.h>

/* Names that the user says, separated by commas; each * in them stands for anything. In the environment, so that commands and
 * cleanups know them too. */
#define SECRECY_VARIABLE "LIFOGUARD_SECRET"

/* Whether NAME=VALUE is a secret: by its name (it has TOKEN, SECRET or PASSWORD in it, say), because SECRECY_VARIABLE has the name, or because
 * the value is an address with a password in it. */
bool secrecy_covers(const char *assignment);

/* From here on also those for whose names this is true. */
typedef bool secrecy_names(const char *name, size_t length);
void secrecy_add_names(secrecy_names *also);

/* Adds names to SECRECY_VARIABLE. */
void secrecy_add(const char *names);

/* The password in scheme://user:password@host, and its length; NULL: there is none. */
const char *secrecy_password(const char *value, size_t *length);

#endif
