/* What failing_memory.c, inside the program, tells allocations_test.c: in memory that they share, so
 * that it is known however the program ends. */
#ifndef LG_TORTURE_OBSERVED_H
#define LG_TORTURE_OBSERVED_H

#include <stdbool.h>

/* "FD NUMBER ALL": where the struct is, the allocation that fails (0: none), whether those after it do. */
#define OBSERVED_VARIABLE "LG_TORTURE_ALLOCATIONS"

enum { SITES = 64 };

struct observed {
    bool started, ended; /* main was entered; the program ended by itself, or with _exit */
    bool threads;        /* there were others than main's */
    long made, failed;   /* allocations from main on */
    char failed_at[96];
    int twice, unknown; /* blocks that were freed again, or never allocated */
    char bad_at[96];
    int descriptors;   /* open at the end, less those open when main began */
    int regular_files; /* of these */
    int pending;       /* deferred calls, when main had returned */
    int sites;
    struct site {
        char name[96];          /* object and offset of the call that allocated */
        int blocks, old_blocks; /* never freed; those of them allocated before the failure */
    } site[SITES];
};

#endif
