#define _GNU_SOURCE
#include "message.h"

#include "buffer.h"
#include "deliver.h"

#include <lifoguard/defer.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void (*taker)(const char *line, size_t length);

void message_redirect(void (*take)(const char *line, size_t length))
{
    taker = take;
}

/* One write a line, so that lines of several programs do not mix. Where nobody reads it, the run goes on. */
static void write_line(struct buffer *line)
{
    buffer_add_char(line, '\n');
    if (taker) {
        taker(line->text, line->length);
        return;
    }
    write_whole(STDERR_FILENO, line->text, line->length);
}

static bool quiet;

void message_set_quiet(bool quietly)
{
    quiet = quietly;
}

void message_event(const char *tag, const char *event, const char *command, const char *details)
{
    if (quiet && (strcmp(event, "start") == 0 || strcmp(event, "ok") == 0 ||
                  strcmp(event, "defer") == 0 || strcmp(event, "ended") == 0))
        return;
    struct buffer line = {0};
    lg_defer(buffer_free, &line);
    buffer_format(&line, "%-11s %-7s ", tag, event);
    buffer_add_visible(&line, command);
    if (details)
        buffer_format(&line, "  (%s)", details);
    write_line(&line);
}

/* Without memory, above all, there is something to say. */
__attribute__((__format__(__printf__, 1, 0))) static void print_line(const char *format,
                                                                     va_list values)
{
    char line[512];
    int length = snprintf(line, sizeof(line), "lifoguard: ");
    vsnprintf(line + length, sizeof(line) - (size_t)length - 1, format, values);
    length = 0;
    for (; line[length]; length++)
        if (line[length] > 0 && line[length] < ' ')
            line[length] = '?';
    line[length++] = '\n';
    ssize_t written = write(STDERR_FILENO, line, (size_t)length);
    (void)written;
}

static void print_long(const char *text)
{
    struct buffer line = {0};
    lg_defer(buffer_free, &line);
    buffer_add_text(&line, "lifoguard: ");
    buffer_add_visible(&line, text);
    write_line(&line);
}

__attribute__((__format__(__printf__, 1, 0))) static char *format_text(const char *format,
                                                                       va_list values)
{
    char *text = NULL;
    return vasprintf(&text, format, values) < 0 ? NULL : text;
}

void print_message(const char *format, ...)
{
    va_list values;
    va_start(values, format);
    char *text = format_text(format, values);
    va_end(values);
    if (text) {
        print_long(text);
        free(text);
        return;
    }
    va_start(values, format);
    print_line(format, values);
    va_end(values);
}

const char *duration_short(lg_duration duration, char text[DURATION_SHORT_SIZE])
{
    lg_duration unit = 1;
    while (duration / unit >= 10000)
        unit *= 10;
    lg_duration_format((duration + unit / 2) / unit * unit, text, DURATION_SHORT_SIZE);
    return text;
}

void message_error(lg_error *err)
{
    if (!err)
        return;
    lg_defer(lg_error_free, err);
    char *text = lg_error_text(err);
    lg_defer(free, text);
    print_message("%s", text ? text : "out of memory");
}
