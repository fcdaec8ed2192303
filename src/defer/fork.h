/* A forked child. The deferred calls that were pending at the fork are the parent's, and no unwinding makes them in the child. (Leaving
 * their block by a return makes them: the library does not see it, and the contract of defer.h forbids it.) */
#ifndef LGI_DEFER_FORK_H
#define LGI_DEFER_FORK_H

#include "defer/unwinding.h"

/* Refuses an unwinding that would come to the parent's calls: ends the process with a report. */
void lgi_fork_refuse(const struct lgi_unwinding *unwinding);

#endif
