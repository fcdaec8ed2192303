/* Whether the record of a run is where the run has made it: a copy of a state (a backup that was restored, the image of another machine)
 * tells of runs that were somebody else's, and may have been cleaned up there. */
#ifndef LIFOGUARD_GUARDIAN_ORIGIN_H
#define LIFOGUARD_GUARDIAN_ORIGIN_H

#include <stdbool.h>

/* In the directory of a run that is ours from now on. Without room on the disk, nothing is noted, and the record counts as no copy. */
void origin_note(const char *run_directory);

bool origin_is_elsewhere(const char *run_directory);

#endif
