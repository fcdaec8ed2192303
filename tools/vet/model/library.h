/* What the tables of libraries' functions share. */
#ifndef VET_LIBRARY_H
#define VET_LIBRARY_H

#include "model.h"

#define RESULT -1
#define NUL FAILS_NULL
#define STATUS FAILS_STATUS

/* Functions that make the same kind of object. */
struct library_acquirer {
    const char *release; /* NULL: there are several */
    short argument;      /* that gets it */
    short failure;
    const char *names;
};

/* library_glib.c; the last one has no names */
extern const struct library_acquirer library_glib[];

#endif
