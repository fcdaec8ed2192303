/* The errors in a file, each with its place. All errors are printed, in the order of their places. */
#ifndef LIFOGUARD_GRAPH_PROBLEM_H
#define LIFOGUARD_GRAPH_PROBLEM_H

#include "arena.h"

#include <stdio.h>

/* Lines and columns count from 1; columns count characters. */
struct place_in_file {
    const char *file;
    unsigned line, column;
    unsigned order; /* of the files, as they were opened */
};

struct problem {
    struct place_in_file at;
    const char *text;
    struct problem *next;
};

struct problems {
    struct arena *arena;
    struct problem *first;
    size_t count;
};

/* The same problem at the same place is kept once. */
void problem_add(struct problems *problems, struct place_in_file at, const char *format, ...)
    __attribute__((__format__(__printf__, 3, 4)));

/* "FILE:LINE:COLUMN: TEXT", one a line; the first hundred. */
void problems_print(const struct problems *problems, FILE *file);

#endif
