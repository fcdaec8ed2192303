/* The source files beside the one that is checked: they may define what it calls. */
#ifndef VET_NEIGHBOURS_H
#define VET_NEIGHBOURS_H

#include "summary.h"

struct unit;
struct settings;

/* How much is read for one file. */
struct neighbour_budget {
    int files;
    size_t bytes;
};

/* From now on neighbours are looked at. Before any file is checked. */
void neighbours_use(const struct settings *settings);
bool neighbours_used(void);
/* Looks in the folder of the unit and in that of the header that declares the function. NULL: not found. */
const struct summary *neighbours_find(struct unit *unit, const char *name,
                                      struct neighbour_budget *budget);
/* A hash of the names, times and sizes of the source files of a folder. */
uint64_t neighbours_stamp(const char *folder);

#endif
