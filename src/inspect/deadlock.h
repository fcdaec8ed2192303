/* Finding out that nothing in the process can ever go on. */
#ifndef LGI_INSPECT_DEADLOCK_H
#define LGI_INSPECT_DEADLOCK_H

#include <lifoguard/time.h>

struct lgi_g;

/* Reports a deadlock and ends the process, if nothing in it can ever go on: to be called by the thread that goes to sleep
 * as the last one. If that may be so, or may become so without anybody noticing, sets *until to when to ask again. */
void lgi_deadlock_check(lg_time *until);

/* The calling thread waits here for the first time: when it ends, somebody should ask. */
void lgi_deadlock_watch_end(struct lgi_g *g);

/* Main has ended in a constructor: its thread is there, but will do nothing any more. */
void lgi_main_ends_early(void);

#endif
