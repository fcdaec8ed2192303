/* What the configuration file says of functions. All names are interned. */
#ifndef VET_CONFIG_H
#define VET_CONFIG_H

#include "settings.h"

/* Reads the file; false after saying what is wrong. `required`: it must be there. */
bool config_read(struct arena *arena, const char *path, struct settings *settings, bool required);
/* A flag or setting that all results depend on. Before any file is checked. */
void config_depend(const char *text);
/* Of all of these. */
uint64_t config_hash(void);

const char *config_release_of(const char *acquire); /* NULL: not in a pair */
bool config_is_release(const char *name);
bool config_harmless(const char *name);
bool config_keeps(const char *name);
bool config_never_returns(const char *name);

#endif
