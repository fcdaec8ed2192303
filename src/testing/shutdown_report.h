/* What the tests of the report of a shutdown share. */
#ifndef LGI_TESTING_SHUTDOWN_REPORT_H
#define LGI_TESTING_SHUTDOWN_REPORT_H

#include "shutdown/internal.h"
#include "testing/shutdown.h"
#include <ctype.h>
#include <fcntl.h>
#include <lifoguard/limit.h>

__attribute__((unused)) static const lg_shutdown_options quiet = {.no_signals = true};

__attribute__((unused)) static bool value(const char **at);

__attribute__((unused)) static void blank(const char **at)
{
    while (**at == ' ' || **at == '\t' || **at == '\n' || **at == '\r')
        ++*at;
}

__attribute__((unused)) static bool utf8(const char **at)
{
    const unsigned char *byte = (const unsigned char *)*at;
    unsigned code;
    size_t length;
    if (byte[0] < 0x80) {
        ++*at;
        return true;
    }
    if ((byte[0] & 0xe0) == 0xc0)
        length = 2, code = byte[0] & 0x1f;
    else if ((byte[0] & 0xf0) == 0xe0)
        length = 3, code = byte[0] & 0x0f;
    else if ((byte[0] & 0xf8) == 0xf0)
        length = 4, code = byte[0] & 0x07;
    else
        return false;
    for (size_t i = 1; i < length; i++) {
        if ((byte[i] & 0xc0) != 0x80)
            return false;
        code = code << 6 | (byte[i] & 0x3f);
    }
    static const unsigned least[] = {0, 0, 0x80, 0x800, 0x10000};
    *at += length;
    return code >= least[length] && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
}

__attribute__((unused)) static bool string(const char **at)
{
    if (*(*at)++ != '"')
        return false;
    while (**at != '"') {
        if ((unsigned char)**at < ' ')
            return false;
        if (**at != '\\') {
            if (!utf8(at))
                return false;
            continue;
        }
        ++*at;
        if (**at == 'u') {
            for (int i = 0; i < 4; i++) {
                if (!isxdigit((unsigned char)*++*at))
                    return false;
            }
        } else if (!**at || !strchr("\"\\/bfnrt", **at)) {
            return false;
        }
        ++*at;
    }
    ++*at;
    return true;
}

__attribute__((unused)) static bool digits(const char **at)
{
    if (!isdigit((unsigned char)**at))
        return false;
    while (isdigit((unsigned char)**at))
        ++*at;
    return true;
}

__attribute__((unused)) static bool number(const char **at)
{
    if (**at == '-')
        ++*at;
    if (**at == '0')
        ++*at;
    else if (!digits(at))
        return false;
    if (**at == '.') {
        ++*at;
        if (!digits(at))
            return false;
    }
    if (**at == 'e' || **at == 'E') {
        ++*at;
        if (**at == '+' || **at == '-')
            ++*at;
        return digits(at);
    }
    return true;
}

__attribute__((unused)) static bool sequence(const char **at, char end, bool named)
{
    ++*at;
    blank(at);
    if (**at == end) {
        ++*at;
        return true;
    }
    for (;;) {
        blank(at);
        if (named) {
            if (!string(at))
                return false;
            blank(at);
            if (*(*at)++ != ':')
                return false;
        }
        if (!value(at))
            return false;
        blank(at);
        if (**at == end) {
            ++*at;
            return true;
        }
        if (*(*at)++ != ',')
            return false;
    }
}

__attribute__((unused)) static bool value(const char **at)
{
    blank(at);
    switch (**at) {
    case '{': return sequence(at, '}', true);
    case '[': return sequence(at, ']', false);
    case '"': return string(at);
    default: return number(at);
    }
}

__attribute__((unused)) static bool is_json(const char *text)
{
    if (!value(&text))
        return false;
    blank(&text);
    return !*text;
}

__attribute__((unused)) static const char *json(lg_shutdown *s)
{
    static char text[65536];
    size_t length = lg_shutdown_report_json(s, text, sizeof(text));
    ck_assert_uint_eq(length, strlen(text));
    ck_assert_msg(is_json(text), "%s", text);
    return text;
}

__attribute__((unused)) static const char *text_of(lg_shutdown *s)
{
    static char text[65536];
    size_t length = lg_shutdown_report_text(s, text, sizeof(text));
    ck_assert_uint_eq(length, strlen(text));
    return text;
}

__attribute__((unused)) static int open_log(int ends[2])
{
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    return ends[1];
}

__attribute__((unused)) static char log_text[16384];

__attribute__((unused)) static const char *read_log(int ends[2])
{
    close(ends[1]);
    size_t length = 0;
    while (drain(ends[0], log_text, sizeof(log_text), &length))
        ;
    log_text[length] = '\0';
    close(ends[0]);
    return log_text;
}

#endif
