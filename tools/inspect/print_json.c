/* A report for programs: one object. */
#include "report.h"

#include <string.h>

#include "event.h"

static void put_name(struct buffer *text, const char *before, const char *name)
{
    buffer_format(text, "%s\"%s\":", before, name);
}

static void put_string(struct buffer *text, const char *before, const char *name,
                       const char *string)
{
    put_name(text, before, name);
    if (string)
        json_put_string(text, string, strlen(string));
    else
        buffer_add_text(text, "null");
}

static void put_number(struct buffer *text, const char *before, const char *name, uint64_t number)
{
    put_name(text, before, name);
    buffer_format(text, "%llu", (unsigned long long)number);
}

static const char *kind_of(enum entry_kind kind, bool is_main)
{
    return is_main ? "main" : kind == ENTRY_GOROUTINE ? "goroutine" : "thread";
}

static void put_site(struct buffer *text, const struct site *site)
{
    buffer_add_char(text, '{');
    put_string(text, "", "call", site->call);
    put_string(text, ",", "file", site->file);
    put_number(text, ",", "line", site->line);
    put_string(text, ",", "function", site->caller);
    buffer_add_char(text, '}');
}

/* Who holds what the entry waits for: null if it does not wait for such a thing. */
static void put_holder(const struct report *report, const struct entry *entry, struct buffer *text)
{
    const struct owner *owner = report_holder(report, entry);
    put_name(text, ",", "held_by");
    if (entry->waits_for_owner == 0) {
        buffer_add_text(text, "null");
        return;
    }
    buffer_add_char(text, '{');
    put_string(text, "", "kind", owner ? kind_of(owner->kind, owner->is_main) : "unknown");
    if (owner)
        put_string(text, ",", "name", owner->name);
    if (owner && owner->thread)
        put_number(text, ",", "thread", (uint64_t)owner->thread);
    if (owner && owner->kind == ENTRY_GOROUTINE)
        put_number(text, ",", "goroutine", owner->id);
    buffer_add_char(text, '}');
}

static void put_entry(const struct report *report, const struct entry *entry, struct buffer *text)
{
    static const char *const states[] = {[STATE_RUNNING] = "running",
                                         [STATE_READY] = "ready",
                                         [STATE_WAITING] = "waiting",
                                         [STATE_NOT_STARTED] = "not started"};
    bool is_goroutine = entry->kind == ENTRY_GOROUTINE;
    buffer_add_char(text, '{');
    put_string(text, "", "kind", kind_of(entry->kind, entry->is_main));
    put_string(text, ",", "name", entry->name);
    put_string(text, ",", "state", states[entry->state]);
    put_string(text, ",", "waits_for", entry->waits_for);
    put_holder(report, entry, text);
    put_name(text, ",", "has_deadline");
    buffer_add_text(text, entry->has_deadline ? "true" : "false");
    if (entry->thread)
        put_number(text, ",", "thread", (uint64_t)entry->thread);
    if (is_goroutine) {
        put_number(text, ",", "goroutine", entry->id);
        put_number(text, ",", "starter", entry->starter);
    }
    if (entry->started) {
        put_name(text, ",", "started");
        put_site(text, entry->started);
    }
    put_name(text, ",", "pending");
    for (size_t i = 0; i < entry->call_count; i++) {
        buffer_add_char(text, i ? ',' : '[');
        put_site(text, report->calls[entry->first_call + i]);
    }
    buffer_add_text(text, entry->call_count ? "]}" : "[]}");
}

static void put_stages(const struct report *report, struct buffer *text)
{
    put_name(text, ",", "stages");
    for (size_t i = 0; i < report->stage_count; i++) {
        const struct stage *stage = &report->stages[i];
        buffer_add_text(text, i ? ",{" : "[{");
        put_number(text, "", "shutdown", stage->shutdown);
        put_string(text, ",", "name", stage->name);
        put_string(text, ",", "state", stage->stopping ? "stopping" : "waiting");
        buffer_add_char(text, '}');
    }
    buffer_add_text(text, report->stage_count ? "]" : "[]");
}

static void put_missing_files(const struct report *report, struct buffer *text)
{
    size_t next = 0;
    const char *before = "";
    put_name(text, ",", "missing_files");
    buffer_add_char(text, '[');
    for (const char *path; (path = target_missing_file(report->target, &next)); before = ",") {
        buffer_add_text(text, before);
        json_put_string(text, path, strlen(path));
    }
    buffer_add_char(text, ']');
}

void report_put_json(const struct report *report, struct buffer *text)
{
    buffer_add_char(text, '{');
    put_number(text, "", "process", (uint64_t)report->target->pid);
    put_string(text, ",", "program", report->target->name);
    put_string(text, ",", "library", report->path);
    put_number(text, ",", "unreadable_lists", report->cut);
    put_number(text, ",", "threads_left_out", report->unseen);
    put_missing_files(report, text);
    put_name(text, ",", "core_cut_off");
    buffer_add_text(text, report->target->is_cut_off ? "true" : "false");
    put_name(text, ",", "entries");
    for (size_t i = 0; i < report->count; i++) {
        buffer_add_text(text, i ? ",\n" : "[\n");
        put_entry(report, &report->entries[i], text);
    }
    buffer_add_text(text, report->count ? "\n]" : "[]");
    put_stages(report, text);
    buffer_add_text(text, "}\n");
}
