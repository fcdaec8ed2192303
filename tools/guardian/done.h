/* Which cleanups are done, for the case that the database cannot take it (the disk is full): a bit for each, in a file of
 * the run's directory that has its space from the beginning. Who takes the run over does not run them again. */
#ifndef LIFOGUARD_GUARDIAN_DONE_H
#define LIFOGUARD_GUARDIAN_DONE_H

#include <lifoguard/error.h>
#include <stdbool.h>
#include <stdint.h>

/* Opens the file, or makes it. */
lg_error *done_open(const char *run_directory, int *fd) __attribute__((__warn_unused_result__));

void done_set(int fd, int64_t sequence);
bool done_has(int fd, int64_t sequence);

#endif
