#include "duration.h"

#include <string.h>

static bool is_number(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    const char *rest = text + digits;
    if (*rest == '.')
        rest += 1 + strspn(rest + 1, "0123456789");
    return digits > 0 && *rest == '\0';
}

lg_error *duration_read(const char *text, lg_duration *duration)
{
    lg_error *err = lg_duration_parse(text, duration);
    if (!err && *duration > DURATION_LONGEST)
        return lg_error_newf("%s is longer than a year; as a time limit, 0s is none", text);
    if (!err || !is_number(text))
        return err;
    lg_error_free(err);
    return lg_error_newf("%s has no unit: write %ss", text, text);
}
