/* The view on a terminal: a line for each job that runs, at the bottom, redrawn in place; above it, what stays: the jobs that
 * are over, and what failed jobs have written. Each change is one write, between the marks by which a terminal shows it
 * at once, and a line is written only if it has changed. */
#define _GNU_SOURCE
#include "buffer.h"
#include "deliver.h"
#include "message.h"
#include "views.h"

#include <errno.h>
#include <lifoguard/defer.h>
#include <locale.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

enum { TAIL = 20, LONGEST = 400 };

struct row {
    struct row *next;
    char *job, *command, *line;
    const char *state;
    lg_time began;
    struct buffer tail; /* the last lines of its output */
    size_t tail_lines;
};

struct live {
    struct sink sink;
    struct row *rows;            /* those that run, in the order of their starts */
    struct buffer above;         /* what is to be written above the view */
    struct buffer shown;         /* the view as it is on the terminal */
    size_t *widths, width_count; /* of its rows, in columns */
    unsigned columns, lines;
    bool colour, quiet;
};

static struct live *the_live; /* for what `print_message` prints */

/* ---- text ---- */

/* At most `width` columns of a text, without anything that could move the cursor. The columns used are returned. */
static size_t add_clipped(struct buffer *out, const char *text, size_t length, size_t width)
{
    size_t used = 0;
    for (size_t i = 0; i < length;) {
        size_t size = utf8_length(text + i, length - i);
        unsigned char c = (unsigned char)text[i];
        size_t columns = 1;
        if (size > 1) {
            wchar_t wide = 0;
            mbstate_t state = {0};
            int w = mbrtowc(&wide, text + i, size, &state) == size ? wcwidth(wide) : 1;
            columns = w < 0 ? 0 : (size_t)w;
        }
        if (used + columns > width)
            break;
        if (size == 0 || c < ' ' || c == 0x7f)
            buffer_add_char(out, ' ');
        else if (columns > 0 || size == 1)
            buffer_add(out, text + i, size);
        used += columns;
        i += size ? size : 1;
    }
    return used;
}

/* Without escape sequences (colours): the last of what a carriage return has overwritten. */
static char *plain_line(const char *text, size_t length)
{
    struct buffer out = {0};
    buffer_add(&out, "", 0);
    for (size_t i = 0; i < length && out.length < LONGEST; i++) {
        if (text[i] == '\r') {
            if (i + 1 < length)
                out.length = 0;
            continue;
        }
        if (text[i] != '\033' || i + 1 >= length || text[i + 1] != '[') {
            buffer_add_char(&out, text[i]);
            continue;
        }
        for (i += 2; i < length && (text[i] < '@' || text[i] > '~');)
            i++;
    }
    char *line = need_copy(out.text ? out.text : "", out.length);
    buffer_free(&out);
    return line;
}

static void replace(char **text, char *with)
{
    free(*text);
    *text = with;
}

/* ---- the view ---- */

static void measure(struct live *live)
{
    struct winsize size = {0};
    bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    live->columns = known ? size.ws_col : 80;
    live->lines = known && size.ws_row > 0 ? size.ws_row : 24;
}

static const char *colour(const struct live *live, const char *code)
{
    return live->colour ? code : "";
}

/* What a frame is made of. */
struct frame {
    struct buffer text;
    size_t *widths, count;
};

static void frame_free(struct frame *frame)
{
    buffer_free(&frame->text);
    free(frame->widths);
}

static void add_line(const struct live *live, struct frame *frame, const struct buffer *line)
{
    buffer_add_text(&frame->text, colour(live, "\033[2m"));
    size_t width = add_clipped(&frame->text, line->text, line->length, live->columns - 1);
    buffer_add_text(&frame->text, colour(live, "\033[0m"));
    buffer_add_text(&frame->text, "\033[K\n");
    frame->widths = need_memory(frame->widths, (frame->count + 1) * sizeof(*frame->widths));
    frame->widths[frame->count++] = width;
}

static void add_row(const struct live *live, struct frame *frame, const struct row *row)
{
    char took[DURATION_SHORT_SIZE];
    lg_duration elapsed = lg_since(row->began) / LG_SECOND * LG_SECOND;
    struct buffer line = {0};
    lg_defer(buffer_free, &line);
    buffer_format(&line, "%-16s %-8s %6s  ", row->job, row->state, duration_short(elapsed, took));
    buffer_add_text(&line, row->line ? row->line : row->command ? row->command : "");
    add_line(live, frame, &line);
}

static size_t count_rows(const struct live *live)
{
    size_t count = 0;
    for (const struct row *row = live->rows; row; row = row->next)
        count++;
    return count;
}

/* As many jobs as there is room for. */
static void make_frame(const struct live *live, struct frame *frame)
{
    size_t room = live->lines > 2 ? live->lines - 2 : 1;
    size_t rows = count_rows(live);
    size_t shown = rows > room ? room - 1 : rows;
    size_t i = 0;
    for (const struct row *row = live->rows; row && i < shown; row = row->next, i++)
        add_row(live, frame, row);
    if (rows == shown)
        return;
    struct buffer line = {0};
    lg_defer(buffer_free, &line);
    buffer_format(&line, "… and %zu more", rows - shown);
    add_line(live, frame, &line);
}

/* How many rows the old frame has by now: a terminal that has become narrower has wrapped its lines. */
static size_t old_rows(const struct live *live)
{
    size_t rows = 0;
    for (size_t i = 0; i < live->width_count; i++)
        rows += live->widths[i] ? (live->widths[i] + live->columns - 1) / live->columns : 1;
    return rows;
}

static void write_frame(struct live *live, const struct frame *frame, bool clear)
{
    struct buffer out = {0};
    lg_defer(buffer_free, &out);
    buffer_add_text(&out, "\033[?2026h");
    size_t up = old_rows(live);
    if (up)
        buffer_format(&out, "\033[%zuA\r", up);
    if (clear)
        buffer_add_text(&out, "\033[J");
    if (live->above.length)
        buffer_add(&out, live->above.text, live->above.length);
    if (frame->text.length)
        buffer_add(&out, frame->text.text, frame->text.length);
    buffer_add_text(&out, "\033[?2026l");
    /* All of it: each frame builds on the one before. */
    write_whole(STDERR_FILENO, out.text, out.length);
}

static void keep_frame(struct live *live, struct frame *frame)
{
    buffer_free(&live->shown);
    free(live->widths);
    live->above.length = 0;
    live->shown = frame->text;
    live->widths = frame->widths;
    live->width_count = frame->count;
    *frame = (struct frame){0};
}

static void draw(struct live *live)
{
    unsigned columns = live->columns;
    unsigned lines = live->lines;
    measure(live);
    struct frame frame = {0};
    lg_defer(frame_free, &frame);
    make_frame(live, &frame);
    bool same_size = columns == live->columns && lines == live->lines;
    bool same = frame.text.length == live->shown.length &&
                (!frame.text.length ||
                 memcmp(frame.text.text, live->shown.text, frame.text.length) == 0);
    if (same && same_size && !live->above.length)
        return;
    write_frame(live, &frame, live->above.length || !same_size || frame.count < live->width_count);
    keep_frame(live, &frame);
}

/* ---- events ---- */

static struct row **find_row(struct live *live, const char *job)
{
    struct row **place = &live->rows;
    while (*place && strcmp((*place)->job, job) != 0)
        place = &(*place)->next;
    return place;
}

static struct row *row_of(struct live *live, const char *job)
{
    struct row **place = find_row(live, job);
    if (*place)
        return *place;
    struct row *row = need_memory(NULL, sizeof(*row));
    *row = (struct row){.job = need_copy(job, strlen(job)), .state = "runs", .began = lg_now()};
    *place = row;
    return row;
}

static void free_row(struct row *row)
{
    free(row->job);
    free(row->command);
    free(row->line);
    buffer_free(&row->tail);
    free(row);
}

static void remove_row(struct live *live, const char *job)
{
    struct row **place = find_row(live, job);
    if (!*place)
        return;
    struct row *row = *place;
    *place = row->next;
    free_row(row);
}

static void keep_line(struct row *row, const struct event *event)
{
    replace(&row->line, plain_line(event->text, event->length));
    buffer_add(&row->tail, event->text, event->length);
    buffer_add_char(&row->tail, '\n');
    if (++row->tail_lines <= TAIL)
        return;
    const char *end = memchr(row->tail.text, '\n', row->tail.length);
    size_t drop = (size_t)(end + 1 - row->tail.text);
    memmove(row->tail.text, row->tail.text + drop, row->tail.length - drop);
    row->tail.length -= drop;
    row->tail_lines--;
}

/* "✓ NAME  1.2s", and so on: it stays. */
static void add_line_above(struct live *live, const char *sign, const char *code,
                           const struct event *event)
{
    char took[DURATION_SHORT_SIZE];
    struct buffer *above = &live->above;
    buffer_format(above, "%s%s%s %s", colour(live, code), sign, colour(live, "\033[0m"),
                  *event->job ? event->job : "run");
    if (event->cleanup) {
        buffer_format(above, ", cleanup %zu: ", event->cleanup);
        char *command = plain_line(event->text, event->length);
        buffer_add_visible(above, command);
        free(command);
    }
    if (event->took >= 0)
        buffer_format(above, "  %s", duration_short(event->took, took));
    if (event->result && event->kind != EVENT_CLEANUP_OK)
        buffer_format(above, "  %s", event->result);
    buffer_add_char(above, '\n');
}

static void add_tail(struct live *live, const struct row *row)
{
    for (size_t i = 0; i < row->tail.length;) {
        const char *end = memchr(row->tail.text + i, '\n', row->tail.length - i);
        size_t length = (size_t)(end - (row->tail.text + i));
        char *line = plain_line(row->tail.text + i, length);
        buffer_add_text(&live->above, "    ");
        buffer_add_visible(&live->above, line);
        buffer_add_char(&live->above, '\n');
        free(line);
        i += length + 1;
    }
}

static void start(struct live *live, const struct event *event, const char *state)
{
    struct row *row = row_of(live, event->job);
    replace(&row->command, plain_line(event->text, event->length));
    replace(&row->line, NULL);
    row->state = state;
}

static void end_of_job(struct live *live, const struct event *event)
{
    if (event->kind == EVENT_JOB_FAILED) {
        add_line_above(live, "✗", "\033[31m", event);
        add_tail(live, row_of(live, event->job));
    } else if (event->kind == EVENT_JOB_OK && !live->quiet) {
        add_line_above(live, "✓", "\033[32m", event);
    } else if (event->kind != EVENT_JOB_OK && !live->quiet) {
        add_line_above(live, "-", "\033[33m", event);
    }
    remove_row(live, event->job); /* until its cleanups */
}

static void take(struct sink *sink, const struct event *event)
{
    struct live *live = (struct live *)sink;
    struct row *row;
    switch (event->kind) {
    case EVENT_START: start(live, event, "runs"); break;
    case EVENT_READY: row_of(live, event->job)->state = "ready"; break;
    case EVENT_OUTPUT:
        row = *find_row(live, event->job);
        if (row)
            keep_line(row, event);
        break;
    case EVENT_JOB_OK:
    case EVENT_JOB_FAILED:
    case EVENT_JOB_SKIPPED:
    case EVENT_JOB_CANCELLED: end_of_job(live, event); break;
    case EVENT_CLEANUP_START: start(live, event, "cleans"); break;
    case EVENT_CLEANUP_FAILED:
        add_line_above(live, "✗", "\033[31m", event);
        add_tail(live, row_of(live, event->job));
        break;
    case EVENT_FINISHED:
    case EVENT_END: remove_row(live, event->job); break;
    default: return;
    }
    if (event->kind != EVENT_OUTPUT)
        draw(live);
}

static void take_said(const char *line, size_t length)
{
    buffer_add(&the_live->above, line, length);
    draw(the_live);
}

void live_tick(struct sink *sink)
{
    draw((struct live *)sink);
}

static bool end_live(struct sink *sink)
{
    struct live *live = (struct live *)sink;
    while (live->rows)
        remove_row(live, live->rows->job);
    draw(live);
    message_redirect(NULL);
    the_live = NULL;
    buffer_free(&live->above);
    buffer_free(&live->shown);
    free(live->widths);
    free(live);
    return true;
}

bool live_is_possible(void)
{
    const char *terminal = getenv("TERM");
    return isatty(STDERR_FILENO) && isatty(STDOUT_FILENO) && terminal &&
           strcmp(terminal, "dumb") != 0;
}

struct sink *live_sink(bool quiet)
{
    struct live *live = need_memory(NULL, sizeof(*live));
    const char *no_colour = getenv("NO_COLOR");
    *live = (struct live){.sink = {.take = take, .end = end_live},
                          .colour = !no_colour || !*no_colour,
                          .quiet = quiet};
    setlocale(LC_CTYPE, "C.UTF-8"); /* for wcwidth */
    measure(live);
    the_live = live;
    message_redirect(take_said);
    return &live->sink;
}
