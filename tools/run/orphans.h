/* Processes that jobs left behind, daemons included: lifoguard becomes the parent of those that lose
 * theirs, and ends them last. */
#ifndef LIFOGUARD_RUN_ORPHANS_H
#define LIFOGUARD_RUN_ORPHANS_H

#include <lifoguard/time.h>

/* Before the first job. Children that this process has already (a shell may have become lifoguard by
 * exec) are nobody's orphans. */
void orphans_adopt(void);

/* Ends what is left: SIGTERM, and after `grace` SIGKILL; names each on stderr. */
void orphans_end(lg_duration grace);

#endif
