/* Reads the events of a run back from the file that json.c has written. */
#define _GNU_SOURCE
#include "buffer.h"
#include "history.h"
#include "timeline.h"

#include <fcntl.h>
#include <lifoguard/defer.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static unsigned read_hex(const char *at)
{
    char digits[5] = {0};
    memcpy(digits, at, strnlen(at, 4));
    return (unsigned)strtoul(digits, NULL, 16);
}

/* The string behind an opening quotation mark, as this program writes it. */
static void read_string(const char *at, struct buffer *text)
{
    buffer_add(text, "", 0);
    for (; *at && *at != '"'; at++) {
        /* NOLINTNEXTLINE(bugprone-branch-clone): a character as it is, with or without a backslash */
        if (*at != '\\') {
            buffer_add_char(text, *at);
        } else if (*++at == 'u') {
            buffer_add_char(text, (char)read_hex(at + 1));
            at += strnlen(at + 1, 4);
        } else if (*at == 'n') {
            buffer_add_char(text, '\n');
        } else if (*at) {
            buffer_add_char(text, *at);
        } else {
            break;
        }
    }
}

/* Where the value of a member begins. Within a string each quotation mark has a backslash, so this finds members only. */
static const char *find_member(const char *line, const char *name)
{
    char wanted[32];
    snprintf(wanted, sizeof(wanted), "\"%s\":", name);
    const char *at = strstr(line, wanted);
    return at ? at + strlen(wanted) : NULL;
}

static bool get_string(const char *line, const char *name, struct buffer *text)
{
    const char *at = find_member(line, name);
    if (!at || *at != '"')
        return false;
    read_string(at + 1, text);
    return true;
}

static lg_duration get_seconds(const char *line, const char *name)
{
    const char *at = find_member(line, name);
    if (!at)
        return -1;
    char *end;
    long long seconds = strtoll(at, &end, 10);
    return seconds * LG_SECOND + (*end == '.' ? strtoll(end + 1, NULL, 10) : 0);
}

static bool find_kind(const char *name, enum event_kind *kind)
{
    for (int i = 0; i < EVENT_KINDS; i++) {
        if (strcmp(event_name((enum event_kind)i), name) == 0) {
            *kind = (enum event_kind)i;
            return true;
        }
    }
    return false;
}

struct fields {
    struct buffer kind, job, text, result;
};

static void fields_free(struct fields *fields)
{
    buffer_free(&fields->kind);
    buffer_free(&fields->job);
    buffer_free(&fields->text);
    buffer_free(&fields->result);
}

static void replay_line(const char *line, struct sink *sink)
{
    struct fields fields = {0};
    lg_defer(fields_free, &fields);
    struct event event = {.job = ""};
    if (!get_string(line, "event", &fields.kind) || !find_kind(fields.kind.text, &event.kind))
        return;
    if (get_string(line, "job", &fields.job))
        event.job = fields.job.text;
    event.text = get_string(line, "text", &fields.text) ? fields.text.text : "";
    event.length = fields.text.length;
    if (get_string(line, "result", &fields.result))
        event.result = fields.result.text;
    event.at = get_seconds(line, "at");
    event.took = get_seconds(line, "took");
    const char *number = find_member(line, "cleanup");
    event.cleanup = number ? (size_t)strtoul(number, NULL, 10) : 0;
    number = find_member(line, "status");
    event.status = number ? (int)strtol(number, NULL, 10) : 0;
    sink->take(sink, &event);
}

static FILE *open_events(const char *folder, const char *id)
{
    struct buffer path = {0};
    lg_defer(buffer_free, &path);
    buffer_format(&path, "%s/%s/%s", folder, id, HISTORY_EVENTS);
    return fopen(path.text, "re");
}

/* The process that writes holds a lock. */
static bool is_being_written(FILE *file)
{
    struct flock lock = {.l_type = F_RDLCK};
    return fcntl(fileno(file), F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

bool history_replay(const char *folder, const char *id, struct timeline *timeline)
{
    FILE *file = open_events(folder, id);
    if (!file)
        return false;
    lg_defer(fclose, file);
    timeline->run = arena_copy(&timeline->arena, id, strlen(id));
    struct sink *sink = timeline_sink(timeline);
    lg_defer(sink->end, sink);
    timeline->running = is_being_written(file);
    char *line = NULL;
    size_t room = 0;
    while (getline(&line, &room, file) > 0)
        replay_line(line, sink);
    free(line);
    return true;
}

/* ---- when the runs began ---- */

/* The time of the first event; where there is none, what the entry has. */
static void read_beginning(const char *folder, struct history_entry *entry)
{
    FILE *file = open_events(folder, entry->name);
    if (!file)
        return;
    lg_defer(fclose, file);
    char line[128] = "";
    struct tm utc = {0};
    const char *date = fgets(line, sizeof(line), file) ? find_member(line, "time") : NULL;
    const char *fraction = date ? strptime(date, "\"%Y-%m-%dT%H:%M:%S", &utc) : NULL;
    if (!fraction)
        return;
    entry->when.tv_sec = timegm(&utc);
    entry->when.tv_nsec = *fraction == '.' ? strtol(fraction + 1, NULL, 10) * LG_MICROSECOND : 0;
}

void history_sort(const char *folder, struct history *history)
{
    for (size_t i = 0; i < history->count; i++)
        read_beginning(folder, &history->items[i]);
    if (history->count)
        qsort(history->items, history->count, sizeof(*history->items), history_newest_first);
}
