/* The source files beside the one that is checked: they may define what it calls. */
#ifndef VET_NEIGHBOURS_H
#define VET_NEIGHBOURS_H

#include "settings.h"
#include "summary.h"

struct unit;

/* How much is read for one file. */
struct neighbour_budget {
    int files;
    size_t bytes;
};

/* The summary of a file as text; NULL: it cannot be read. `headers` gets what it includes. */
typedef char *summarise_fn(struct arena *arena, const struct settings *settings, const char *path,
                           path_vec *headers);

/* From now on neighbours are looked at, by `summarise`. Before any file is checked. */
void neighbours_use(summarise_fn *summarise, const struct settings *settings);
bool neighbours_used(void);
/* Looks in the folder of the unit and in that of the header that declares the function. NULL: not found. */
const struct summary *neighbours_find(struct unit *unit, const char *name,
                                      struct neighbour_budget *budget);
/* A hash of the names, times and sizes of the source files of a folder. */
uint64_t neighbours_stamp(const char *folder);

#endif
