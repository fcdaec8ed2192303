/* Included before every test that uses Check. An assertion of Check's that holds writes a line to a file, so that it is
 * known how far a test came that crashes: four million lines in one of the tests, and most of the kernel's time in some.
 * Here an assertion that holds costs nothing; where a test began is still written. */
#ifndef LG_QUIET_CHECK_H
#define LG_QUIET_CHECK_H

/* As many tests want it: they cannot ask for it any more, once a header of the C library has been read. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <check.h>

/* NOLINTNEXTLINE(bugprone-reserved-identifier): Check's name */
#define _mark_point(file, line) ((void)0)

#endif
