#include "report/print.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "error/escape.h"

/* Text on its way to a sink, so that a line takes one call. */
struct line {
    struct lgi_sink *sink;
    size_t length;
    char text[1024];
};

static void flush(struct line *line)
{
    if (line->length > 0)
        line->sink->put(line->sink, line->text, line->length);
    line->length = 0;
}

static void add(struct line *line, const char *text, size_t length)
{
    if (line->length + length > sizeof(line->text))
        flush(line);
    memcpy(line->text + line->length, text, length);
    line->length += length;
}

static void add_text(struct line *line, const char *text, int most)
{
    const char *start = text;
    while ((most < 0 || text - start < most) && *text) {
        char escaped[LGI_ESCAPED];
        size_t length = lgi_escape_next(&text, escaped);
        add(line, escaped, length);
    }
}

static void add_number(struct line *line, uintmax_t number, bool hexadecimal)
{
    char digits[24];
    size_t at = sizeof(digits);
    unsigned base = hexadecimal ? 16 : 10;
    do
        digits[--at] = "0123456789abcdef"[number % base];
    while ((number /= base) > 0);
    if (hexadecimal && (digits[at] != '0'))
        add(line, "0x", 2);
    add(line, digits + at, sizeof(digits) - at);
}

static void add_signed(struct line *line, int number)
{
    if (number < 0)
        add(line, "-", 1);
    add_number(line, number < 0 ? -(uintmax_t)number : (uintmax_t)number, false);
}

static bool skips(const char **format, const char *prefix)
{
    size_t length = strlen(prefix);
    bool begins = strncmp(*format, prefix, length) == 0;
    if (begins)
        *format += length;
    return begins;
}

void lgi_print(struct lgi_sink *sink, const char *format, ...)
{
    struct line line = {.sink = sink, .length = 0};
    va_list values;
    va_start(values, format);
    while (*format) {
        if (skips(&format, "%s")) {
            add_text(&line, va_arg(values, const char *), -1);
        } else if (skips(&format, "%.*s")) {
            int most = va_arg(values, int);
            add_text(&line, va_arg(values, const char *), most);
        } else if (skips(&format, "%u")) {
            add_number(&line, va_arg(values, unsigned), false);
        } else if (skips(&format, "%d")) {
            add_signed(&line, va_arg(values, int));
        } else if (skips(&format, "%zu")) {
            add_number(&line, va_arg(values, size_t), false);
        } else if (skips(&format, "%#zx")) {
            add_number(&line, va_arg(values, size_t), true);
        } else {
            add(&line, format++, 1);
        }
    }
    va_end(values);
    flush(&line);
}

static void put_in_stream(struct lgi_sink *sink, const char *text, size_t length)
{
    struct lgi_stream *to = (struct lgi_stream *)sink;
    for (size_t i = 0; i < length; i++) {
        if (!to->in_line)
            fprintf(to->file, "%*s", to->indent, "");
        to->in_line = text[i] != '\n';
        putc(text[i], to->file);
    }
}

struct lgi_stream lgi_stream(FILE *file, int indent)
{
    return (struct lgi_stream){.sink = {put_in_stream}, .file = file, .indent = indent};
}
