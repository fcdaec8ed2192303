/* Durations, written and read exactly as Go does; and the clock that measures them. */
#define _GNU_SOURCE
#include <lifoguard/time.h>

#include <lifoguard/impl/time.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "error/escape.h"
#include "time/clock.h"

/* ---- Writing ---- */

/* Writes are made from the end, as the digits come. */
static char *put_integer(char *end, uint64_t value)
{
    do
        *--end = (char)('0' + value % 10);
    while ((value /= 10) > 0);
    return end;
}

/* The last `digits` digits of *value as a fraction without trailing zeros, or nothing; *value keeps
 * the others. */
static char *put_fraction(char *end, uint64_t *value, int digits)
{
    bool significant = false;
    for (; digits > 0; digits--, *value /= 10) {
        char digit = (char)('0' + *value % 10);
        significant |= digit != '0';
        if (significant)
            *--end = digit;
    }
    if (significant)
        *--end = '.';
    return end;
}

static char *put_text(char *end, const char *text)
{
    size_t length = strlen(text);
    return memcpy(end - length, text, length);
}

size_t lg_duration_format(lg_duration duration, char *buffer, size_t size)
{
    char text[LG_DURATION_TEXT_SIZE];
    char *end = text + sizeof(text);
    char *start = end;
    /* The smallest duration has no positive counterpart in its own type. */
    uint64_t value = duration < 0 ? -(uint64_t)duration : (uint64_t)duration;

    if (value == 0) {
        start = put_text(start, "0s");
    } else if (value < (uint64_t)LG_SECOND) {
        /* Less than a second has one unit, so that no number begins with "0.". */
        bool is_ns = value < (uint64_t)LG_MICROSECOND, is_us = value < (uint64_t)LG_MILLISECOND;
        start = put_text(start, is_ns ? "ns" : is_us ? "\xc2\xb5s" : "ms");
        start = put_fraction(start, &value, is_ns ? 0 : is_us ? 3 : 6);
        start = put_integer(start, value);
    } else {
        start = put_text(start, "s");
        start = put_fraction(start, &value, 9);
        start = put_integer(start, value % 60);
        value /= 60;
        if (value > 0) {
            start = put_text(start, "m");
            start = put_integer(start, value % 60);
            value /= 60;
        }
        if (value > 0) {
            start = put_text(start, "h");
            start = put_integer(start, value);
        }
    }
    if (duration < 0)
        *--start = '-';

    size_t length = (size_t)(end - start);
    if (size > 0) {
        size_t copied = length < size ? length : size - 1;
        memcpy(buffer, start, copied);
        buffer[copied] = '\0';
    }
    return length;
}

/* ---- Rounding ---- */

lg_duration lg_duration_truncate(lg_duration duration, lg_duration unit)
{
    return unit <= 0 ? duration : duration - duration % unit;
}

lg_duration lg_duration_round(lg_duration duration, lg_duration unit)
{
    if (unit <= 0)
        return duration;
    lg_duration rest = duration % unit;
    if (rest < 0)
        return rest + unit > -rest ? duration - rest : lgi_time_add(duration, -(unit + rest));
    return rest < unit - rest ? duration - rest : lgi_time_add(duration, unit - rest);
}

double lg_duration_seconds(lg_duration duration)
{
    /* NOLINTNEXTLINE(bugprone-integer-division): the whole seconds, exactly */
    return (double)(duration / LG_SECOND) + (double)(duration % LG_SECOND) / 1e9;
}

/* ---- Reading ---- */

/* One more than the largest duration: the absolute value of the smallest. */
static const uint64_t LIMIT = (uint64_t)1 << 63;

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Reads digits, perhaps none. False if they come to more than the limit. */
static bool take_integer(const char **text, uint64_t *value)
{
    *value = 0;
    for (; is_digit(**text); ++*text) {
        unsigned digit = (unsigned)(**text - '0');
        if (*value > (LIMIT - digit) / 10)
            return false;
        *value = *value * 10 + digit;
    }
    return true;
}

/* Reads digits after a point, perhaps none. Digits that do not fit are too small to matter. */
static uint64_t take_fraction(const char **text, double *scale)
{
    uint64_t value = 0;
    bool is_full = false;
    *scale = 1;
    for (; is_digit(**text); ++*text) {
        unsigned digit = (unsigned)(**text - '0');
        is_full = is_full || value > (LIMIT - digit) / 10;
        if (is_full)
            continue;
        value = value * 10 + digit;
        *scale *= 10;
    }
    return value;
}

/* The unit of this name, or 0. */
static uint64_t unit_value(const char *name, size_t length)
{
    static const struct {
        const char *name;
        lg_duration value;
    } units[] = {
        {"ns", LG_NANOSECOND},
        {"us", LG_MICROSECOND},
        {"\xc2\xb5s", LG_MICROSECOND}, /* U+00B5, the micro sign */
        {"\xce\xbcs", LG_MICROSECOND}, /* U+03BC, the Greek letter */
        {"ms", LG_MILLISECOND},
        {"s", LG_SECOND},
        {"m", LG_MINUTE},
        {"h", LG_HOUR},
    };
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (strlen(units[i].name) == length && memcmp(units[i].name, name, length) == 0)
            return (uint64_t)units[i].value;
    return 0;
}

/* A refused text in quotes: escaped, and cut if it is long. */
struct quoted {
    char text[128];
};

static struct quoted quote(const char *text, size_t length)
{
    enum { CLOSING = sizeof("…\"") };
    struct quoted quoted;
    const char *start = text;
    size_t at = 0;
    quoted.text[at++] = '"';
    while ((size_t)(text - start) < length && *text &&
           at + LGI_ESCAPED + CLOSING < sizeof(quoted.text)) {
        if (*text == '"' || *text == '\\')
            quoted.text[at++] = '\\';
        at += lgi_escape_next(&text, quoted.text + at);
    }
    bool cut = (size_t)(text - start) < length && *text;
    memcpy(quoted.text + at, cut ? "…\"" : "\"", cut ? CLOSING : 2);
    return quoted;
}

static lg_error *invalid(const char *text)
{
    return lg_error_newf("invalid duration %s", quote(text, SIZE_MAX).text);
}

static lg_error *out_of_range(const char *text)
{
    return lg_error_newf("duration %s is out of range", quote(text, SIZE_MAX).text);
}

static lg_error *unknown_unit(const char *unit, size_t length, const char *text)
{
    return lg_error_newf("unknown unit %s in duration %s", quote(unit, length).text,
                         quote(text, SIZE_MAX).text);
}

/* What stands before a unit: an integer, and perhaps a point and a fraction. */
struct number {
    uint64_t integer, fraction;
    double scale; /* of the fraction */
};

/* `text` is the whole text, for the error. */
static lg_error *take_number(const char **at, struct number *number, const char *text)
{
    const char *start = *at;
    *number = (struct number){.scale = 1};
    if (!take_integer(at, &number->integer))
        return out_of_range(text);
    bool has_digits = *at > start;
    if (**at == '.') {
        start = ++*at;
        number->fraction = take_fraction(at, &number->scale);
        has_digits |= *at > start;
    }
    return has_digits ? NULL : invalid(text);
}

static lg_error *take_unit(const char **at, uint64_t *unit, const char *text)
{
    size_t length = strcspn(*at, ".0123456789");
    if (length == 0)
        return lg_error_newf("missing unit in duration %s", quote(text, SIZE_MAX).text);
    *unit = unit_value(*at, length);
    if (*unit == 0)
        return unknown_unit(*at, length, text);
    *at += length;
    return NULL;
}

/* Adds so many units to the sum. False: the sum is beyond the limit. */
static bool add(uint64_t *sum, const struct number *number, uint64_t unit)
{
    /* NOLINTNEXTLINE(clang-analyzer-core.DivideZero): where a unit is read, 0 is an error */
    if (number->integer > LIMIT / unit)
        return false;
    uint64_t value = number->integer * unit;
    /* The fraction is less than one unit. In floating point, as Go does, so that the last digit is the same. */
    if (number->fraction > 0)
        value += (uint64_t)((double)number->fraction * ((double)unit / number->scale));
    if (value > LIMIT || *sum > LIMIT - value)
        return false;
    *sum += value;
    return true;
}

/* Reads all numbers with their units. */
static lg_error *take_sum(const char *at, uint64_t *sum, const char *text)
{
    if (!*at)
        return invalid(text);
    while (*at) {
        struct number number;
        uint64_t unit = 0;
        lg_error *error = take_number(&at, &number, text);
        if (!error)
            error = take_unit(&at, &unit, text);
        if (error)
            return error;
        if (!add(sum, &number, unit))
            return out_of_range(text);
    }
    return NULL;
}

lg_error *lg_duration_parse(const char *text, lg_duration *duration)
{
    if (!text)
        return lg_error_new("invalid duration: no text");
    bool is_negative = *text == '-';
    const char *at = *text == '-' || *text == '+' ? text + 1 : text;
    uint64_t sum = 0;
    lg_error *error = strcmp(at, "0") == 0 ? NULL : take_sum(at, &sum, text);
    if (error)
        return error;
    if (sum == LIMIT && !is_negative)
        return out_of_range(text);
    *duration = !is_negative   ? (lg_duration)sum
                : sum == LIMIT ? LG_DURATION_MIN
                               : -(lg_duration)sum;
    return NULL;
}

/* ---- The clock ---- */

uint32_t lgi_virtual_clocks;
struct lgi_time_hooks lgi_time_hooks;

static inline lg_time real_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (lg_duration)now.tv_sec * LG_SECOND + now.tv_nsec;
}

lg_time lgi_real_now(void)
{
    return real_now();
}

lg_time lg_now(void)
{
    if (__builtin_expect(__atomic_load_n(&lgi_virtual_clocks, __ATOMIC_RELAXED) != 0, 0))
        return __atomic_load_n(&lgi_time_hooks.now, __ATOMIC_ACQUIRE)();
    return real_now();
}

lg_duration lg_since(lg_time start)
{
    return lgi_time_sub(lg_now(), start);
}
