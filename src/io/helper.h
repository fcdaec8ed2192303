/* Helper threads: they make the calls that would block a worker. A few are kept for some time, for the next call. */
#ifndef LGI_IO_HELPER_H
#define LGI_IO_HELPER_H

#include <stdbool.h>
#include <stdint.h>

#include <lifoguard/until.h>

#include "error/list.h"

struct lgi_job {
    struct lgi_link link;
    /* Called once, on a helper thread. It may free the job. */
    void (*run)(struct lgi_job *job);
    bool queued; /* under the pool's lock */
};

/* Has it run, when a helper is free. False: there is no helper, and none can be made; it will not run. */
bool lgi_help(struct lgi_job *job);

/* Has it run on a thread for it alone, whatever the limit. */
bool lgi_help_apart(struct lgi_job *job);

/* Takes it back. False: it has begun. */
bool lgi_help_withdraw(struct lgi_job *job);

/* A job that its maker waits for, and may leave behind. It lies in memory from malloc, and begins with this. */
struct lgi_errand {
    struct lgi_job job;
    /* What is to be done, on the helper. */
    void (*work)(struct lgi_errand *errand);
    /* Frees it, and what came of it. */
    void (*drop)(struct lgi_errand *errand);
    bool apart;
    /* The errand's own: */
    uint32_t lock;
    bool done;
    struct lgi_g *g; /* NULL: left behind */
};

/* Has it done and waits for it. NULL: it is done, and the caller's. Otherwise until's error: it is dropped, now or when it
 * is done. `what` is static text, for reports. Does the work on the calling thread, if there are no helpers. */
lg_error *lgi_errand(struct lgi_errand *errand, const char *what, lg_until until)
    __attribute__((__warn_unused_result__));

/* For its work: does nobody wait for it any more? */
bool lgi_errand_is_left(struct lgi_errand *errand);

#endif
