/*
 * Lengths of time, written and read as Go does, and points in time.
 *
 * A duration is a count of nanoseconds, so one can add, compare and scale them: 3 * LG_SECOND +
 * LG_MILLISECOND / 2. The largest is some 292 years; arithmetic beyond it is the overflow of
 * int64_t. What the library computes itself does not overflow: a time beyond the largest is the largest, which
 * never comes. All functions may be called by any thread, at any time.
 */
#ifndef LIFOGUARD_TIME_H
#define LIFOGUARD_TIME_H

#include <stddef.h>
#include <stdint.h>

#include <lifoguard/base.h>
#include <lifoguard/error.h>

LG_BEGIN_DECLS

/* A length of time, in nanoseconds. */
typedef int64_t lg_duration;

/* A point in time: what lg_now returned, or such a point with a duration added. Two points differ by a
 * duration. The types are the same to the compiler; they tell the reader which of the two is meant. */
typedef int64_t lg_time;

/* Later than every other point in time: never. */
#define LG_TIME_MAX ((lg_time)INT64_MAX)

#define LG_NANOSECOND ((lg_duration)1)
#define LG_MICROSECOND ((lg_duration)1000)
#define LG_MILLISECOND ((lg_duration)1000000)
#define LG_SECOND ((lg_duration)1000000000)
#define LG_MINUTE ((lg_duration)60000000000)
#define LG_HOUR ((lg_duration)3600000000000)
#define LG_DURATION_MAX ((lg_duration)INT64_MAX)
#define LG_DURATION_MIN ((lg_duration)INT64_MIN)

/* A buffer of this size takes any formatted duration, its NUL included. */
#define LG_DURATION_TEXT_SIZE 32

/*
 * Writes a duration as Go's Duration.String does: "1h15m30.918s", "50.222135ms", "1.5µs" (in
 * UTF-8), "0s", "-2m0s". Works as snprintf does: at most `size` bytes with the ending NUL, returns
 * the length of the whole text; size 0 is allowed, with any buffer. Cannot fail, allocates nothing.
 */
LG_API size_t lg_duration_format(lg_duration duration, char *buffer, size_t size);

/*
 * Reads a duration as Go's time.ParseDuration does: a sign or none, then one or more numbers, each
 * with a fraction or not and with a unit: "300ms", "-1.5h", "2h45m", "0"; units are ns, us (µs in
 * UTF-8 with either of the two letters), ms, s, m, h. Nothing else may stand in `text`, blanks
 * neither. Digits of a fraction below a nanosecond are cut off. Returns NULL and sets *duration; or
 * an error that quotes the text (escaped, and not much more than its first hundred bytes) and says
 * what is wrong with it, and leaves *duration alone. A NULL text is an error too.
 */
LG_API lg_error *lg_duration_parse(const char *text, lg_duration *duration)
    __attribute__((__warn_unused_result__));

/*
 * The time on a clock that is never set (CLOCK_MONOTONIC) and that has no known beginning: only
 * differences mean something. Async-signal-safe.
 */
LG_API lg_time lg_now(void);

/* How long ago lg_now() returned `start`. */
LG_API lg_duration lg_since(lg_time start);

LG_END_DECLS

#endif
