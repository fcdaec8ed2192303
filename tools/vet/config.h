/* What the configuration file says of functions. All names are interned. */
#ifndef VET_CONFIG_H
#define VET_CONFIG_H

#include <stdbool.h>

const char *config_release_of(const char *acquire); /* NULL: not in a pair */
bool config_is_release(const char *name);
bool config_harmless(const char *name);
bool config_keeps(const char *name);
bool config_never_returns(const char *name);

#endif
