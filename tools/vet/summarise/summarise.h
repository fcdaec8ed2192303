/* Makes the summary of a file. */
#ifndef VET_SUMMARISE_H
#define VET_SUMMARISE_H

#include "knowledge.h"
#include "settings.h"

#define SUMMARISE_MOST 4000 /* statements of a function that is summarised */

extern const struct knowledge_hooks summarise_hooks;

/* result.c */
void summarise_result(struct knowledge *knowledge, struct ir *ir, struct summary *summary);

/* The summary of a whole file as text, from the cache if nothing has changed. NULL: it cannot be read. `headers` gets what it
 * includes. */
char *summary_text(struct arena *arena, const struct settings *settings, const char *path,
                   path_vec *headers);

#endif
