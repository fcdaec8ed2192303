/* The copies of the library in a process: usually one, but each plugin may have brought its own. Each is found by its notes
 * (src/defer/layout.h). */
#ifndef LIFOGUARD_INSPECT_COPIES_H
#define LIFOGUARD_INSPECT_COPIES_H

#include "defer/layout.h"
#include "target.h"

struct copy {
    const char *path; /* of the file that it is in, the target's */
    struct lgi_defer_layout defer;
    struct lgi_goroutine_layout goroutines;
    struct lgi_shutdown_layout shutdowns;
    bool has_goroutines, has_shutdowns; /* a static library may lack them */
};

struct copies {
    struct copy *copy;
    size_t count;
};

/* An error if there is none, or one of a version that is not known. */
lg_error *copies_find(struct target *target, struct copies *copies)
    __attribute__((__warn_unused_result__));
void copies_free(struct copies *copies);

#endif
