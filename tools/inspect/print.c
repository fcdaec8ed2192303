/* A report for people. */
#define _GNU_SOURCE
#include "report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- entries that are alike ---- */

static int order(const void *a, const void *b)
{
    return ((uintptr_t)a > (uintptr_t)b) - ((uintptr_t)a < (uintptr_t)b);
}

/* `data` is the calls of the report. Threads are never alike. (Texts and sites are the same if their addresses are.) */
static int by_content(const void *a, const void *b, void *data)
{
    const struct site **calls = data;
    const struct entry *x = *(const struct entry *const *)a, *y = *(const struct entry *const *)b;
    int difference = (int)x->kind - (int)y->kind;
    if (difference == 0 && x->kind == ENTRY_THREAD)
        return order(x, y);
    if (difference == 0)
        difference = (int)x->state - (int)y->state;
    if (difference == 0)
        difference = order(x->name, y->name);
    if (difference == 0)
        difference = order(x->waits_for, y->waits_for);
    if (difference == 0)
        difference = (x->waits_for_owner > y->waits_for_owner) -
                     (x->waits_for_owner < y->waits_for_owner);
    if (difference == 0)
        difference = order(x->started, y->started);
    if (difference == 0)
        difference = (x->call_count > y->call_count) - (x->call_count < y->call_count);
    if (difference == 0 && x->call_count > 0)
        difference = memcmp(calls + x->first_call, calls + y->first_call,
                            x->call_count * sizeof(*calls));
    return difference;
}

static int by_content_and_place(const void *a, const void *b, void *data)
{
    int difference = by_content(a, b, data);
    return difference ? difference
                      : order(*(const struct entry *const *)a, *(const struct entry *const *)b);
}

/* Entries in the order of a report that are alike. */
struct group {
    const struct entry *const *entries;
    size_t count;
};

static int by_first(const void *a, const void *b)
{
    const struct group *x = a, *y = b;
    return order(x->entries[0], y->entries[0]);
}

/* ---- lines ---- */

static const char *number(size_t count, char text[static 32])
{
    char digits[32], *to = text;
    int length = snprintf(digits, sizeof(digits), "%zu", count);
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            *to++ = ',';
        *to++ = digits[i];
    }
    *to = '\0';
    return text;
}

static void put_visible(struct buffer *text, const char *what, const char *else_)
{
    buffer_add_visible(text, what ? what : else_);
}

/* The goroutines of a group. */
static void put_numbers(struct buffer *text, const struct group *group)
{
    enum { SHOWN = 4 };
    for (size_t i = 0; i < group->count && i < SHOWN; i++)
        buffer_format(text, "%s%llu", i ? ", " : ": ", (unsigned long long)group->entries[i]->id);
    if (group->count > SHOWN)
        buffer_add_text(text, ", …");
}

static void put_who(struct buffer *text, const struct group *group)
{
    char count[32];
    const struct entry *entry = group->entries[0];
    if (group->count > 1)
        buffer_format(text, "%s goroutines, ", number(group->count, count));
    else if (entry->kind == ENTRY_GOROUTINE)
        buffer_format(text, "goroutine %llu, ", (unsigned long long)entry->id);
    else if (!entry->is_main)
        buffer_format(text, "thread %d", (int)entry->thread);
    if (entry->kind == ENTRY_THREAD && !entry->is_main && *entry->name)
        buffer_add_text(text, ", ");
    put_visible(text, entry->is_main ? "main" : entry->name, "?");
}

/* One that is not there any more, or that could not be stopped. */
static bool has_ended(const struct report *report)
{
    return report->unseen == 0 && !report->target->is_cut_off;
}

static void put_holder(const struct report *report, const struct entry *entry, struct buffer *text)
{
    const struct owner *owner = report_holder(report, entry);
    if (entry->waits_for_owner == 0 || (!owner && !has_ended(report)))
        return;
    buffer_add_text(text, ", held by ");
    if (!owner)
        buffer_add_text(text, "one that has ended");
    else if (owner->kind == ENTRY_GOROUTINE)
        buffer_format(text, "goroutine %llu, ", (unsigned long long)owner->id);
    else if (!owner->is_main)
        buffer_format(text, "thread %d, ", (int)owner->thread);
    if (owner)
        put_visible(text, owner->is_main ? "main" : owner->name, "?");
}

static void put_state(const struct report *report, const struct group *group, struct buffer *text)
{
    static const char *const one[] = {[STATE_RUNNING] = ", running",
                                      [STATE_READY] = ", may go on",
                                      [STATE_WAITING] = ", waits for ",
                                      [STATE_NOT_STARTED] = ", has not started"};
    const struct entry *entry = group->entries[0];
    bool many = group->count > 1;
    if (entry->kind == ENTRY_THREAD && entry->state == STATE_RUNNING)
        return; /* it may wait for something that the library does not know */
    if (entry->state == STATE_WAITING)
        buffer_add_text(text, many ? ", wait for " : one[STATE_WAITING]);
    else
        buffer_add_text(text, many && entry->state == STATE_NOT_STARTED ? ", have not started"
                                                                        : one[entry->state]);
    if (entry->waits_for)
        buffer_add_visible(text, entry->waits_for);
    if (entry->has_deadline && !many)
        buffer_add_text(text, " (with a limit)");
    put_holder(report, entry, text);
}

static void put_started(struct buffer *text, const struct group *group)
{
    const struct entry *entry = group->entries[0];
    const struct site *site = entry->started;
    if (!site)
        return;
    if (site->is_own) {
        buffer_add_text(text, "    started by lifoguard");
    } else {
        buffer_add_text(text, "    started at ");
        put_visible(text, site->file, "?");
        buffer_format(text, ":%u in ", site->line);
        put_visible(text, site->caller, "?");
    }
    if (entry->starter && group->count == 1)
        buffer_format(text, " by goroutine %llu", (unsigned long long)entry->starter);
    buffer_add_char(text, '\n');
}

/* A loop that registers calls in a scope makes many at one place. */
static void put_call(struct buffer *text, const struct site *site, size_t times)
{
    char count[32];
    buffer_add_text(text, "    deferred: ");
    put_visible(text, site->call, "?");
    buffer_add_text(text, "  ");
    put_visible(text, site->file, "?");
    buffer_format(text, ":%u in ", site->line);
    put_visible(text, site->caller, "?");
    if (times > 1)
        buffer_format(text, ", %s times", number(times, count));
    buffer_add_char(text, '\n');
}

static void put_calls(const struct report *report, const struct entry *entry, struct buffer *text)
{
    const struct site *const *call = report->calls + entry->first_call;
    const struct site *const *end = call + entry->call_count;
    while (call < end) {
        size_t times = 1;
        while (call + times < end && call[times] == *call)
            times++;
        put_call(text, *call, times);
        call += times;
    }
}

static void put_group(const struct report *report, const struct group *group, struct buffer *text)
{
    const struct entry *entry = group->entries[0];
    buffer_add_char(text, '\n');
    put_who(text, group);
    put_state(report, group, text);
    if (group->count > 1)
        put_numbers(text, group);
    buffer_add_char(text, '\n');
    put_started(text, group);
    put_calls(report, entry, text);
}

/* ---- shutdowns ---- */

static void put_stages(const struct report *report, struct buffer *text)
{
    for (size_t i = 0; i < report->stage_count; i++) {
        const struct stage *stage = &report->stages[i];
        if (i == 0 || stage[-1].shutdown != stage->shutdown)
            buffer_add_text(text, "\na shutdown, to stop\n");
        buffer_add_text(text, "    stage: ");
        put_visible(text, stage->name, "?");
        buffer_add_text(text, stage->stopping ? ", being stopped now\n" : "\n");
    }
}

/* ---- the report ---- */

static void put_count(struct buffer *text, const char *before, size_t count, const char *what)
{
    char written[32];
    buffer_format(text, "%s%s %s%s", before, number(count, written), what, count == 1 ? "" : "s");
}

static void put_heading(const struct report *report, struct buffer *text)
{
    size_t goroutines = 0;
    for (size_t i = 0; i < report->count; i++)
        goroutines += report->entries[i].kind == ENTRY_GOROUTINE;
    put_visible(text, report->target->name, "?");
    buffer_format(text, " (%s %d), ", report->target->is_core ? "core file of process" : "process",
                  (int)report->target->pid);
    buffer_add_visible(text, report->path);
    put_count(text, ": ", report->call_count, "deferred call");
    buffer_add_text(text, " pending");
    put_count(text, ", ", goroutines, "goroutine");
    buffer_add_char(text, '\n');
}

static void put_missing_files(const struct report *report, struct buffer *text)
{
    size_t next = 0;
    for (const char *path; (path = target_missing_file(report->target, &next));) {
        buffer_add_char(text, '\n');
        buffer_add_visible(text, path);
        buffer_add_text(text,
                        " is not there any more, or was built again. Put the file that the process "
                        "had beside the core file.\n");
    }
}

static void put_warnings(const struct report *report, struct buffer *text)
{
    put_missing_files(report, text);
    if (report->cut > 0) {
        put_count(text, "\n", report->cut, "list");
        buffer_add_text(text, " of deferred calls could not be read to the end: a longjmp has "
                              "skipped calls, or memory is missing");
        buffer_add_char(text, '\n');
    }
    if (report->target->is_cut_off)
        buffer_add_text(text, "\nthe core file is cut off: something may be missing\n");
    if (report->unseen > 0) {
        put_count(text, "\n", report->unseen, "thread");
        buffer_add_text(text, " could not be stopped, since the kernel or a debugger holds it: "
                              "left out\n");
    }
}

static size_t make_groups(const struct report *report, bool each, const struct entry **entries,
                          struct group *groups)
{
    size_t count = 0;
    for (size_t i = 0; i < report->count; i++)
        entries[i] = &report->entries[i];
    if (report->count > 1)
        qsort_r(entries, report->count, sizeof(*entries), by_content_and_place, report->calls);
    for (size_t i = 0; i < report->count; i++) {
        if (i > 0 && !each && by_content(&entries[i - 1], &entries[i], report->calls) == 0)
            groups[count - 1].count++;
        else
            groups[count++] = (struct group){&entries[i], 1};
    }
    if (count > 1)
        qsort(groups, count, sizeof(*groups), by_first);
    return count;
}

void report_put_text(const struct report *report, bool each, struct buffer *text)
{
    const struct entry **entries = need_memory(NULL, (report->count + 1) * sizeof(*entries));
    struct group *groups = need_memory(NULL, (report->count + 1) * sizeof(*groups));
    size_t count = make_groups(report, each, entries, groups);
    put_heading(report, text);
    for (size_t i = 0; i < count; i++)
        put_group(report, &groups[i], text);
    put_stages(report, text);
    put_warnings(report, text);
    free(groups);
    free(entries);
}
