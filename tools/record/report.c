/* The page of --report: a bar for each command on a line of its job, with the details where the pointer rests. */
#define _GNU_SOURCE
#include "message.h"
#include "timeline.h"

#include <lifoguard/defer.h>
#include <string.h>

void markup_put(struct buffer *text, const char *string, size_t length)
{
    for (size_t i = 0; i < length;) {
        size_t size = utf8_length(string + i, length - i);
        unsigned char c = (unsigned char)string[i];
        bool beyond = size == 3 && strncmp(string + i, "\xef\xbf\xbe", 2) == 0 &&
                      strncmp(string + i, "\xef\xbf\xbe", 3) >= 0;
        if (size == 0 || beyond || (c < ' ' && !strchr("\t\n\r", c)) || c == 0)
            buffer_add_text(text, "\xef\xbf\xbd");
        else if (c == '<')
            buffer_add_text(text, "&lt;");
        else if (c == '>')
            buffer_add_text(text, "&gt;");
        else if (c == '&')
            buffer_add_text(text, "&amp;");
        else if (c == '"')
            buffer_add_text(text, "&quot;");
        else if (c == '\n')
            buffer_add_text(text, "&#10;");
        else
            buffer_add(text, string + i, size);
        i += size ? size : 1;
    }
}

static void put(struct buffer *text, const char *string)
{
    markup_put(text, string, strlen(string));
}

enum { NAMES = 190, CHART = 1000, ROW = 26, TOP = 30 };

static const char head[] =
    "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width\">\n"
    "<style>\n"
    ":root{color-scheme:light dark;--text:#1c1c1c;--dim:#6a6a6a;--line:#dcdcdc;--page:#fff;"
    "--ok:#2f7d4f;--failed:#c0392b;--stopped:#a36a00;--service:#3b6ea5;--cleanup:#8a6bb0}\n"
    "@media(prefers-color-scheme:dark){:root{--text:#e6e6e6;--dim:#9a9a9a;--line:#3a3a3a;"
    "--page:#181818;--ok:#5fb583;--failed:#e57368;--stopped:#d9a441;--service:#7aa7d9;"
    "--cleanup:#b79adb}}\n"
    "body{font:14px/1.5 system-ui,sans-serif;color:var(--text);background:var(--page);"
    "max-width:1260px;margin:2em auto;padding:0 1em}\n"
    "h1{font-size:1.3em}h1,td:first-child,td:last-child{overflow-wrap:anywhere}\n"
    /* On a narrow screen the chart is scrolled, as its letters would be too small to read. */
    ".chart{overflow-x:auto}svg{display:block;width:100%;min-width:900px;height:auto}"
    "svg text{font-size:12px;fill:var(--text)}\n"
    ".tick{stroke:var(--line)}.dim{fill:var(--dim)!important;color:var(--dim)}\n"
    ".ok{fill:var(--ok)}.failed{fill:var(--failed)}.stopped,.open{fill:var(--stopped)}"
    ".service{fill:var(--service)}.cleanup{fill:var(--cleanup)}"
    ".cleanup.failed{fill:var(--failed)}\n"
    "rect:hover{stroke:var(--text);stroke-width:1.5}\n"
    "table{border-collapse:collapse;width:100%;margin-top:1em}"
    "td,th{text-align:left;vertical-align:top;padding:.2em .8em .2em 0;"
    "border-bottom:1px solid var(--line)}\n"
    "pre{margin:.3em 0;white-space:pre-wrap;overflow-wrap:anywhere;font-size:12px}"
    ".bad{color:var(--failed)}\n"
    ".legend span{white-space:nowrap;margin-right:1em}"
    ".legend i{display:inline-block;width:.8em;height:.8em;border-radius:2px;margin-right:.35em}"
    "i.ok{background:var(--ok)}i.service{background:var(--service)}"
    "i.cleanup{background:var(--cleanup)}i.failed{background:var(--failed)}"
    "i.stopped{background:var(--stopped)}\n"
    "</style>\n<title>";

/* What the colours mean. */
static const char legend[] =
    "<p class=\"dim legend\"><span><i class=\"ok\"></i>command</span> "
    "<span><i class=\"service\"></i>service</span> <span><i class=\"cleanup\"></i>cleanup</span> "
    "<span><i class=\"failed\"></i>failed</span> "
    "<span><i class=\"stopped\"></i>ended or under way</span></p>\n";

static double to_chart(const struct timeline *timeline, lg_duration at)
{
    lg_duration whole = timeline->took > 0 ? timeline->took : 1;
    return NAMES + (double)CHART * (double)at / (double)whole;
}

/* 1, 2 or 5 times a power of ten, so that there are at most ten. */
static lg_duration tick_of(lg_duration whole)
{
    lg_duration tick = 1000;
    for (int i = 0; whole / tick > 10; i++)
        tick = i % 3 == 1 ? tick / 2 * 5 : tick * 2;
    return tick;
}

static void put_ticks(struct buffer *page, const struct timeline *timeline, int bottom)
{
    lg_duration tick = tick_of(timeline->took);
    for (lg_duration at = 0; at <= timeline->took; at += tick) {
        char text[DURATION_SHORT_SIZE];
        double x = to_chart(timeline, at);
        buffer_format(page,
                      "<line class=\"tick\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\"/>"
                      "<text class=\"dim\" x=\"%.1f\" y=\"14\">%s</text>\n",
                      x, x, TOP - 10, bottom, x, duration_short(at, text));
    }
}

static const char *class_of(const struct span *span)
{
    static const char *const commands[] = {"open", "ok", "failed", "stopped"};
    if (span->kind == SPAN_CLEANUP)
        return span->how == SPAN_FAILED ? "cleanup failed" : "cleanup";
    return span->kind == SPAN_SERVICE && span->how != SPAN_FAILED ? "service" : commands[span->how];
}

static void put_span(struct buffer *page, const struct timeline *timeline,
                     const struct timeline_job *job, const struct span *span, int y)
{
    char began[DURATION_SHORT_SIZE], took[DURATION_SHORT_SIZE];
    lg_duration end = span->how == SPAN_OPEN ? timeline->took : span->ended;
    double x = to_chart(timeline, span->began);
    double width = to_chart(timeline, end) - x;
    buffer_format(
        page,
        "<rect class=\"%s\" x=\"%.2f\" y=\"%d\" width=\"%.2f\" height=\"%d\" rx=\"2\"><title>",
        class_of(span), x, y + 4, width < 1.5 ? 1.5 : width, ROW - 8);
    put(page, *job->name ? job->name : "run");
    if (span->cleanup)
        buffer_format(page, ", cleanup %zu", span->cleanup);
    buffer_add_text(page, "&#10;");
    put(page, span->text);
    buffer_format(page, "&#10;at %s, for %s&#10;", duration_short(span->began, began),
                  duration_short(end - span->began, took));
    put(page, span->result ? span->result : span->how == SPAN_OK ? "ok" : "not ended");
    buffer_add_text(page, "</title></rect>\n");
}

static void put_chart(struct buffer *page, const struct timeline *timeline)
{
    int rows = 0;
    for (const struct timeline_job *job = timeline->first; job; job = job->next)
        rows += job->first != NULL;
    int bottom = TOP + rows * ROW;
    buffer_format(page,
                  "<div class=\"chart\"><svg viewBox=\"0 0 %d %d\" role=\"img\" "
                  "aria-label=\"timeline\">\n",
                  NAMES + CHART + 60, bottom + 6);
    put_ticks(page, timeline, bottom);
    int y = TOP;
    for (const struct timeline_job *job = timeline->first; job; job = job->next) {
        if (!job->first)
            continue;
        buffer_format(page, "<text x=\"0\" y=\"%d\">", y + 17);
        size_t length = strlen(job->name);
        markup_put(page, *job->name ? job->name : "(run)",
                   !length       ? strlen("(run)")
                   : length > 26 ? 25
                                 : length);
        buffer_add_text(page, length > 26 ? "…</text>\n" : "</text>\n");
        for (const struct span *span = job->first; span; span = span->next)
            put_span(page, timeline, job, span, y);
        y += ROW;
    }
    buffer_add_text(page, "</svg></div>\n");
}

static void put_row(struct buffer *page, const struct timeline_job *job)
{
    char text[DURATION_SHORT_SIZE];
    bool failed = job->state == EVENT_JOB_FAILED;
    buffer_add_text(page, "<tr><td>");
    put(page, *job->name ? job->name : "(run)");
    buffer_format(page, "</td><td%s>%s</td><td>%s</td><td>", failed ? " class=\"bad\"" : "",
                  timeline_state(job), job->took >= 0 ? duration_short(job->took, text) : "");
    if (job->error)
        put(page, job->error);
    for (const struct span *span = job->first; span; span = span->next) {
        if (span->how != SPAN_FAILED)
            continue;
        buffer_add_text(page, "<pre class=\"bad\">");
        put(page, span->text);
        buffer_add_text(page, " — ");
        put(page, span->result ? span->result : "failed");
        buffer_add_text(page, "</pre>");
    }
    if (job->output.length) {
        buffer_format(page, "<details%s><summary>output</summary><pre>", failed ? " open" : "");
        markup_put(page, job->output.text, job->output.length);
        buffer_add_text(page, "</pre></details>");
    }
    buffer_add_text(page, "</td></tr>\n");
}

void timeline_put_page(const struct timeline *timeline, struct buffer *page)
{
    char text[DURATION_SHORT_SIZE];
    const char *file = timeline->file ? timeline->file : "?";
    buffer_add_text(page, head);
    put(page, file);
    buffer_add_text(page, "</title></head><body>\n<h1>");
    put(page, file);
    buffer_add_text(page, ": ");
    put(page, timeline_verdict(timeline));
    buffer_format(page, "</h1>\n<p class=\"dim\">run %s, %s</p>\n", timeline->run,
                  duration_short(timeline->took, text));
    put_chart(page, timeline);
    buffer_add_text(page, legend);
    buffer_add_text(page, "<table><tr><th>job</th><th>state</th><th>time</th><th></th></tr>\n");
    for (const struct timeline_job *job = timeline->first; job; job = job->next)
        put_row(page, job);
    buffer_add_text(page, "</table>\n</body></html>\n");
}
