/* The files that the user names for what is told of a run: a page, JUnit XML. */
#ifndef LIFOGUARD_RECORD_PAGE_H
#define LIFOGUARD_RECORD_PAGE_H

#include "buffer.h"

#include <lifoguard/error.h>
#include <stdbool.h>

/* An error: one of the files (NULL: not asked for) is there and holds something else, a list of jobs, say, that would be lost. */
lg_error *page_check(const char *report, const char *junit) __attribute__((__warn_unused_result__));

/* Replaces the file as a whole. False: that was said. */
bool page_write(const char *path, const struct buffer *text);

#endif
