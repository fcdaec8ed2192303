/* System calls that a sandbox refuses: clone3, in a way that the C library does not understand, and waitid, which nothing can
 * replace. */
#ifndef LIFOGUARD_PROCESS_SANDBOX_H
#define LIFOGUARD_PROCESS_SANDBOX_H

#include <lifoguard/error.h>

/* For commands that need threads: makes refusals of clone3(2) such that the C library starts threads all the same. */
void sandbox_allow_threads(void);

/* An error: the end of children cannot be seen, so none may be started. */
lg_error *sandbox_check(void) __attribute__((__warn_unused_result__));

#endif
