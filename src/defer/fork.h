/* A forked child. The deferred calls that were pending at the fork are the parent's, and are never made in the child. */
#ifndef LGI_DEFER_FORK_H
#define LGI_DEFER_FORK_H

#include "defer/unwinding.h"

/* Refuses an unwinding that would come to the parent's calls: ends the process with a report. */
void lgi_fork_refuse(const struct lgi_unwinding *unwinding);

#endif
