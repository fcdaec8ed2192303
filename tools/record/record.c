#define _GNU_SOURCE
#include "record.h"

#include "history.h"
#include "page.h"
#include "sinks.h"
#include "status.h"
#include "timeline.h"

#include <lifoguard/lifoguard.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- options ---- */

void record_take_options(struct record_options *options, struct option table[RECORD_OPTIONS])
{
    options->status = "run";
    const struct option own[RECORD_OPTIONS] = {{"json", OPTION_FLAG, &options->json},
                                               {"log-dir", OPTION_TEXT, &options->log_directory},
                                               {"report", OPTION_TEXT, &options->report},
                                               {"junit", OPTION_TEXT, &options->junit},
                                               {"status", OPTION_TEXT, &options->status}};
    memcpy(table, own, sizeof(own));
}

lg_error *record_check_options(const struct record_options *options)
{
    const char *status = options->status;
    struct stat info;
    if (strcmp(status, "run") != 0 && strcmp(status, "first-failure") != 0)
        return lg_error_newf("--status is run or first-failure, not %s", status);
    if (options->log_directory && stat(options->log_directory, &info) == 0 &&
        !S_ISDIR(info.st_mode))
        return lg_error_newf("--log-dir %s is not a directory", options->log_directory);
    return page_check(options->report, options->junit);
}

/* ---- sinks ---- */

void record_add(struct record *record, struct sink *sink)
{
    if (!sink)
        return;
    struct sink **place = &record->sinks;
    while (*place)
        place = &(*place)->next;
    *place = sink;
}

void record_hide(struct record *record, const char *assignment)
{
    mask_add(&record->mask, assignment);
}

static void tell_all(const struct record *record, const struct event *event)
{
    for (struct sink *sink = record->sinks; sink; sink = sink->next)
        sink->take(sink, event);
}

void record_tell(const struct record *record, const struct event *event)
{
    struct buffer masked = {0};
    if (!record->sinks || event->kind != EVENT_OUTPUT ||
        !mask_apply(&record->mask, event->text, event->length, &masked)) {
        tell_all(record, event);
        return;
    }
    lg_defer(buffer_free, &masked);
    struct event other = *event;
    other.text = masked.text;
    other.length = masked.length;
    tell_all(record, &other);
}

static void add_unasked(struct record *record, struct sink *sink)
{
    if (sink)
        sink->unasked = true;
    record_add(record, sink);
}

static void add_history(struct record *record, const char *place, const char *id)
{
    char *directory = history_begin(place, id);
    lg_defer(free, directory);
    if (!directory)
        return;
    add_unasked(record, history_sink(directory));
    add_unasked(record, log_sink(directory, NULL));
}

void record_open(struct record *record, const struct record_options *options, const char *place,
                 const char *id, const char *const *jobs)
{
    *record = (struct record){.options = options, .place = id ? place : NULL};
    for (char **assignment = environ; *assignment; assignment++)
        record_hide(record, *assignment);
    if (record->place)
        add_history(record, place, id);
    if (options->report || options->junit) {
        record->timeline = need_memory(NULL, sizeof(*record->timeline));
        *record->timeline = (struct timeline){.run = id ? id : ""};
        record_add(record, timeline_sink(record->timeline));
    }
    if (options->log_directory)
        record_add(record, log_sink(options->log_directory, jobs));
    if (options->json)
        record_add(record, json_sink(STDOUT_FILENO, "standard output", false));
}

/* ---- at the end ---- */

static void write_page(struct record *record, const char *path,
                       void (*make)(const struct timeline *timeline, struct buffer *text))
{
    struct buffer text = {0};
    lg_defer(buffer_free, &text);
    if (!path)
        return;
    make(record->timeline, &text);
    record->failed |= !page_write(path, &text);
}

void record_end(struct record *record)
{
    while (record->sinks) {
        struct sink *sink = record->sinks;
        record->sinks = sink->next;
        bool asked = !sink->unasked;
        record->failed |= !sink->end(sink) && asked;
    }
}

static void write_pages(struct record *record)
{
    if (!record->timeline)
        return;
    write_page(record, record->options->report, timeline_put_page);
    write_page(record, record->options->junit, timeline_put_junit);
    timeline_free(record->timeline);
    free(record->timeline);
}

int record_close(struct record *record, int status)
{
    record_end(record);
    mask_free(&record->mask);
    if (record->place)
        history_forget_oldest(record->place);
    write_pages(record);
    return record->failed && status == RUN_OK ? RUN_LOST : status;
}
