/* Lengths of time, formatted and parsed as in Go, and points in time.
 *
 * A duration is a count of nanoseconds; add, compare and scale durations as integers: 3 * LG_SECOND +
 * LG_MILLISECOND / 2. The largest duration is some 292 years; arithmetic of the program beyond that is an
 * overflow of int64_t. Arithmetic inside the library saturates: a time beyond the largest becomes the largest,
 * which never comes. Any thread may call every function here at any time.
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

/* A point in time: a value of lg_now, or such a value plus a duration. The difference of two points in time is a
 * duration. To the compiler lg_time and lg_duration are the same type; the names tell the reader which is meant. */
typedef int64_t lg_time;

// clang-format off
#ifdef __cplusplus
#define LGI_TIME(type, number) type{number} /* no cast of C, about which -Wold-style-cast warns */
#else
#define LGI_TIME(type, number) ((type)(number))
#endif
// clang-format on

/* A time that never comes: later than every other point in time. */
#define LG_TIME_MAX LGI_TIME(lg_time, INT64_MAX)

#define LG_NANOSECOND LGI_TIME(lg_duration, 1)
#define LG_MICROSECOND LGI_TIME(lg_duration, 1000)
#define LG_MILLISECOND LGI_TIME(lg_duration, 1000000)
#define LG_SECOND LGI_TIME(lg_duration, 1000000000)
#define LG_MINUTE LGI_TIME(lg_duration, 60000000000)
#define LG_HOUR LGI_TIME(lg_duration, 3600000000000)
#define LG_DURATION_MAX LGI_TIME(lg_duration, INT64_MAX)
#define LG_DURATION_MIN LGI_TIME(lg_duration, INT64_MIN)

/* The size of a buffer that holds any formatted duration and the final NUL. */
#define LG_DURATION_TEXT_SIZE 32

/* Formats a duration like Go's Duration.String: "1h15m30.918s", "50.222135ms", "1.5µs" (in UTF-8), "0s", "-2m0s".
 * Works like snprintf: writes at most `size` bytes including the final NUL and returns the length of the whole
 * text; `size` may be 0, with any buffer. Cannot fail and allocates nothing. */
LG_API size_t lg_duration_format(lg_duration duration, char *buffer, size_t size);

/* Parses a duration like Go's time.ParseDuration: an optional sign, then one or more numbers, each with an optional
 * fraction and with a unit: "300ms", "-1.5h", "2h45m", "0". The units are ns, us (or µs in UTF-8, with either of the
 * two letters), ms, s, m, h. `text` may contain nothing else, not even blanks. Fractions of a nanosecond are cut off.
 * On success returns NULL and sets *duration. On failure leaves *duration unchanged and returns an error that quotes
 * about the first hundred bytes of the text, escaped, and names the fault. A NULL text is an error. */
LG_API lg_error *lg_duration_parse(const char *text, lg_duration *duration)
    __attribute__((__warn_unused_result__));

/* Rounds a duration toward zero to a multiple of `unit`, or to the nearest multiple, halfway cases away from zero, as Go's
 * Duration.Truncate and Duration.Round do. A unit of zero or less changes nothing; a result beyond the largest or smallest
 * duration becomes that. */
LG_API lg_duration lg_duration_truncate(lg_duration duration, lg_duration unit);
LG_API lg_duration lg_duration_round(lg_duration duration, lg_duration unit);

/* The duration in seconds: 1.5 for 1500 milliseconds. */
LG_API double lg_duration_seconds(lg_duration duration);

/* The time on a clock that is never set (CLOCK_MONOTONIC; in a test in virtual time, the test's clock). The origin of the
 * clock is unspecified, so only differences are meaningful. Async-signal-safe. */
LG_API lg_time lg_now(void);

/* The duration since `start`, a value of lg_now(). */
LG_API lg_duration lg_since(lg_time start);

LG_END_DECLS

#endif
