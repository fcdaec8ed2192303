/* What the tables of libraries' functions share. */
#ifndef VET_LIBRARY_H
#define VET_LIBRARY_H

#include "model.h"

#define RESULT -1
#define NUL FAILS_NULL
#define STATUS FAILS_STATUS

struct library_acquirer {
    const char *name;
    short argument; /* that gets it */
    short failure;
    const char *release; /* NULL: there are several */
};

/* library_glib.c; the last one has no name */
extern const struct library_acquirer library_glib[];

#endif
