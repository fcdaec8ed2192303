#define _GNU_SOURCE
#include "event.h"

#include "buffer.h"

#include <string.h>
#include <time.h>

const char *event_name(enum event_kind kind)
{
    static const char *const names[EVENT_KINDS] = {
        [EVENT_BEGIN] = "begin",
        [EVENT_START] = "start",
        [EVENT_OUTPUT] = "output",
        [EVENT_OK] = "ok",
        [EVENT_FAILED] = "failed",
        [EVENT_STOPPED] = "stopped",
        [EVENT_READY] = "ready",
        [EVENT_ENDED] = "ended",
        [EVENT_JOB_OK] = "job-ok",
        [EVENT_JOB_FAILED] = "job-failed",
        [EVENT_JOB_SKIPPED] = "job-skipped",
        [EVENT_JOB_CANCELLED] = "job-cancelled",
        [EVENT_DEFER] = "defer",
        [EVENT_CLEANUP_START] = "cleanup-start",
        [EVENT_CLEANUP_OK] = "cleanup-ok",
        [EVENT_CLEANUP_FAILED] = "cleanup-failed",
        [EVENT_FINISHED] = "finished",
        [EVENT_MESSAGE] = "message",
        [EVENT_END] = "end",
    };
    return names[kind];
}

const char *event_word(enum event_kind kind)
{
    switch (kind) {
    case EVENT_START:
    case EVENT_CLEANUP_START: return "start";
    case EVENT_OK:
    case EVENT_CLEANUP_OK: return "ok";
    case EVENT_FAILED:
    case EVENT_CLEANUP_FAILED: return "failed";
    case EVENT_STOPPED: return "stopped";
    case EVENT_READY: return "ready";
    case EVENT_ENDED: return "ended";
    case EVENT_DEFER: return "defer";
    case EVENT_JOB_SKIPPED:
    case EVENT_JOB_CANCELLED: return "skipped";
    default: return NULL;
    }
}

size_t utf8_length(const char *text, size_t left)
{
    const unsigned char *at = (const unsigned char *)text;
    size_t length = *at < 0x80 ? 1 : *at >= 0xf0 ? 4 : *at >= 0xe0 ? 3 : 2;
    if ((*at >= 0x80 && *at < 0xc2) || *at >= 0xf5 || length > left)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    bool overlong = (*at == 0xe0 && at[1] < 0xa0) || (*at == 0xf0 && at[1] < 0x90);
    bool beyond = (*at == 0xed && at[1] >= 0xa0) || (*at == 0xf4 && at[1] >= 0x90);
    return overlong || beyond ? 0 : length;
}

/* Not by buffer_format, which would make the output of a command that prints binary data twenty times as slow. */
static void put_escaped(struct buffer *text, unsigned char c)
{
    static const char digits[] = "0123456789abcdef";
    const char code[] = {'\\', 'u', '0', '0', digits[c >> 4], digits[c & 15]};
    const char mark[] = {'\\', (char)(c == '\n' ? 'n' : c)};
    if (c == '"' || c == '\\' || c == '\n')
        buffer_add(text, mark, sizeof(mark));
    else
        buffer_add(text, code, sizeof(code));
}

/* What is no UTF-8 becomes the replacement character. */
void json_put_string(struct buffer *text, const char *string, size_t length)
{
    const unsigned char *at = (const unsigned char *)string;
    size_t plain = 0; /* from here on nothing was added yet */
    buffer_add_char(text, '"');
    for (size_t i = 0; i < length;) {
        size_t size = utf8_length(string + i, length - i);
        if (size && at[i] >= ' ' && at[i] != 0x7f && at[i] != '"' && at[i] != '\\') {
            i += size;
            continue;
        }
        buffer_add(text, string + plain, i - plain);
        if (size)
            put_escaped(text, at[i]);
        else
            buffer_add_text(text, "\xef\xbf\xbd");
        plain = ++i;
    }
    buffer_add(text, string + plain, length - plain);
    buffer_add_char(text, '"');
}

static void put_member(struct buffer *text, const char *name, const char *string, size_t length)
{
    buffer_add_text(text, ",\"");
    buffer_add_text(text, name);
    buffer_add_text(text, "\":");
    json_put_string(text, string, length);
}

/* At least `digits` of them. For two million lines of output, printf would take half of the time. */
static void put_number(struct buffer *text, long long number, int digits)
{
    char reversed[24];
    int count = 0;
    if (number < 0)
        buffer_add_char(text, '-');
    for (; number != 0 || count < digits; number /= 10)
        reversed[count++] = (char)('0' + (number < 0 ? -(number % 10) : number % 10));
    while (count > 0)
        buffer_add_char(text, reversed[--count]);
}

static void put_seconds(struct buffer *text, const char *name, lg_duration duration)
{
    buffer_add_text(text, ",\"");
    buffer_add_text(text, name);
    buffer_add_text(text, "\":");
    put_number(text, duration / LG_SECOND, 1);
    buffer_add_char(text, '.');
    put_number(text, duration % LG_SECOND, 9);
}

/* The date of a second, which many events have. */
static const char *date_of(time_t seconds)
{
    static _Thread_local char date[32];
    static _Thread_local time_t of;
    if (*date && of == seconds)
        return date;
    struct tm utc;
    of = seconds;
    gmtime_r(&seconds, &utc);
    strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &utc);
    return date;
}

void event_put_json(struct buffer *text, const struct event *event, long long wall)
{
    buffer_add_text(text, "{\"event\":\"");
    buffer_add_text(text, event_name(event->kind));
    buffer_add_text(text, "\",\"time\":\"");
    buffer_add_text(text, date_of((time_t)(wall / LG_SECOND)));
    buffer_add_char(text, '.');
    put_number(text, wall % LG_SECOND / LG_MICROSECOND, 6);
    buffer_add_text(text, "Z\"");
    put_seconds(text, "at", event->at);
    if (*event->job)
        put_member(text, "job", event->job, strlen(event->job));
    if (event->cleanup)
        buffer_format(text, ",\"cleanup\":%zu", event->cleanup);
    if (event->text)
        put_member(text, "text", event->text, event->length);
    if (event->result)
        put_member(text, "result", event->result, strlen(event->result));
    if (event->took >= 0)
        put_seconds(text, "took", event->took);
    if (event->kind == EVENT_END)
        buffer_format(text, ",\"status\":%d", event->status);
    buffer_add_char(text, '}');
}
