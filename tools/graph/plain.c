/* The output of a run without a terminal, or with --plain: one line for each event. */
#define _GNU_SOURCE
#include "buffer.h"
#include "deliver.h"
#include "message.h"
#include "views.h"

#include <lifoguard/defer.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct plain {
    struct sink sink;
    struct delivery output;
    int width;
    bool quiet;
};

static void put_output(struct plain *plain, const struct event *event)
{
    struct buffer line = {0};
    lg_defer(buffer_free, &line);
    if (*event->job)
        buffer_format(&line, "%-*s | ", plain->width, event->job);
    buffer_add(&line, event->text, event->length);
    buffer_add_char(&line, '\n');
    deliver(&plain->output, STDOUT_FILENO, line.text, line.length);
}

static bool is_of_failure(enum event_kind kind)
{
    return kind == EVENT_FAILED || kind == EVENT_CLEANUP_FAILED || kind == EVENT_STOPPED;
}

/* As much of a script of several lines as fits on a line of a terminal: whole lines of it, but at least the first one. */
static size_t shown(const char *text, size_t length)
{
    enum { ENOUGH = 100 };
    size_t end = 0;
    for (const char *at = text;
         length > ENOUGH && (at = memchr(at, '\n', length - (size_t)(at - text))); at++)
        if (end == 0 || at - text <= ENOUGH)
            end = (size_t)(at - text);
    return end ? end : length;
}

/* A command as one line, without the line feeds before and behind it. */
static void add_command(struct buffer *line, const struct event *event)
{
    const char *from = event->text;
    size_t length = event->length;
    for (; length > 0 && *from == '\n'; length--)
        from++;
    while (length > 0 && strchr("\n ", from[length - 1]))
        length--;
    size_t part = shown(from, length);
    char *text = need_copy(from, part);
    lg_defer(free, text);
    buffer_add_visible(line, text);
    if (part < length)
        buffer_add_text(line, " …");
}

static void add_details(struct buffer *line, const struct event *event)
{
    char text[DURATION_SHORT_SIZE];
    if (event->result && event->took >= 0)
        buffer_format(line, "  (%s, %s)", event->result, duration_short(event->took, text));
    else if (event->result)
        buffer_format(line, "  (%s)", event->result);
    else if (event->took >= 0)
        buffer_format(line, "  (%s)", duration_short(event->took, text));
}

static void put_event(const struct plain *plain, const struct event *event, const char *word)
{
    struct buffer line = {0};
    lg_defer(buffer_free, &line);
    struct buffer name = {0};
    lg_defer(buffer_free, &name);
    buffer_format(&name, "[%s]", *event->job ? event->job : "run");
    buffer_format(&line, "%-*s %-7s", plain->width + 2, name.text, word);
    if (event->cleanup)
        buffer_format(&line, " cleanup %zu:", event->cleanup);
    if (event->text) {
        buffer_add_char(&line, ' ');
        add_command(&line, event);
    }
    add_details(&line, event);
    buffer_add_char(&line, '\n');
    write_whole(STDERR_FILENO, line.text, line.length);
}

static void take(struct sink *sink, const struct event *event)
{
    struct plain *plain = (struct plain *)sink;
    const char *word = event_word(event->kind);
    bool never_ran = event->kind == EVENT_JOB_CANCELLED && event->took >= 0;
    if (event->kind == EVENT_OUTPUT)
        put_output(plain, event);
    else if (word && !never_ran && (!plain->quiet || is_of_failure(event->kind)))
        put_event(plain, event, word);
}

static bool end_plain(struct sink *sink)
{
    bool good = !((const struct plain *)sink)->output.failed;
    free(sink);
    return good;
}

struct sink *plain_sink(const char *const *jobs, bool quiet)
{
    enum { WIDEST = 24 };
    size_t width = strlen("run");
    for (; *jobs; jobs++) {
        size_t length = strlen(*jobs);
        if (length > width && length <= WIDEST)
            width = length;
    }
    struct plain *plain = need_memory(NULL, sizeof(*plain));
    *plain = (struct plain){.sink = {.take = take, .end = end_plain},
                            .output = {.to = "standard output"},
                            .width = (int)width,
                            .quiet = quiet};
    return &plain->sink;
}
