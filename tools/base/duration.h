/* Durations that users write. */
#ifndef LIFOGUARD_BASE_DURATION_H
#define LIFOGUARD_BASE_DURATION_H

#include <lifoguard/error.h>
#include <lifoguard/time.h>

/* Long enough, and added to any time it stays a time. */
#define DURATION_LONGEST (LG_HOUR * 24 * 365)

/* As lg_duration_parse, but at most DURATION_LONGEST; a number alone, as timeout(1) and sleep(1) take it, is told what to write instead. */
lg_error *duration_read(const char *text, lg_duration *duration)
    __attribute__((__warn_unused_result__));

/* When a time limit that begins now is over. 0s is no limit, in every option and file: LG_TIME_MAX. */
static inline lg_time duration_deadline(lg_duration limit)
{
    return limit > 0 ? lg_now() + limit : LG_TIME_MAX;
}

#endif
