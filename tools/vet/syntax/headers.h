/* The headers that a file includes, as far as they can be found without its project being configured. */
#ifndef VET_HEADERS_H
#define VET_HEADERS_H

#include "parse.h"

/* Folders of -I. Must be added before any file is read. */
void headers_add_folder(const char *folder);
/* A header in a folder that is checked: found by its name if no folder of -I has it. Before any file is read. */
void headers_add_file(const char *path);
/* Adds macros, types and cleanup functions of the unit's headers. Headers are read once per process. */
void headers_read(struct unit *unit);

#endif
