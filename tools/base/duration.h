/* Durations that users write. */
#ifndef LIFOGUARD_BASE_DURATION_H
#define LIFOGUARD_BASE_DURATION_H

#include <lifoguard/error.h>
#include <lifoguard/time.h>

/* As lg_duration_parse; a number alone, as timeout(1) and sleep(1) take it, is told what to write instead. */
lg_error *duration_read(const char *text, lg_duration *duration)
    __attribute__((__warn_unused_result__));

#endif
