/* The output of commands: a pipe each, read by a goroutine, a line an event. */
#define _GNU_SOURCE
#include "closers/own_fd.h"
#include "work.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A line that is longer is told in pieces. */
enum { LONGEST_LINE = 64 * 1024 };

struct stream {
    struct stream *next;
    struct work *work;
    int fd;
    int users; /* the command's goroutine and the reader */
    struct buffer line;
};

static void tell_line(struct work *work, struct buffer *line)
{
    struct event event = {.kind = EVENT_OUTPUT,
                          .job = work->name,
                          .text = line->text ? line->text : "",
                          .length = line->length,
                          .took = -1};
    tell(work->engine, event);
    line->length = 0;
}

void stream_tell(struct work *work, struct buffer *line, const char *bytes, size_t count)
{
    while (count > 0) {
        const char *end = memchr(bytes, '\n', count);
        size_t length = end ? (size_t)(end - bytes) : count;
        buffer_add(line, bytes, length);
        if (end || line->length >= LONGEST_LINE)
            tell_line(work, line);
        length += end != NULL;
        bytes += length;
        count -= length;
    }
}

void stream_tell_rest(struct work *work, struct buffer *line)
{
    if (line->length)
        tell_line(work, line);
}

static void unuse(struct stream *stream)
{
    if (--stream->users > 0)
        return;
    struct stream **place = &stream->work->engine->streams;
    while (*place != stream)
        place = &(*place)->next;
    *place = stream->next;
    if (stream->fd >= 0)
        close(stream->fd);
    buffer_free(&stream->line);
    free(stream);
}

static void read_stream(struct stream *stream)
{
    struct engine *engine = stream->work->engine;
    lg_defer(lg_waitgroup_done, &engine->readers);
    lg_defer(unuse, stream);
    char bytes[16 * 1024];
    for (;;) {
        size_t count;
        lg_error *err = lg_read(stream->fd, bytes, sizeof bytes, lg_until_forever(), &count);
        lg_error_free(err);
        if (err || count == 0)
            break;
        stream_tell(stream->work, &stream->line, bytes, count);
    }
    stream_tell_rest(stream->work, &stream->line);
}

lg_error *stream_open(struct work *work, struct stream **stream, int *input)
{
    struct engine *engine = work->engine;
    int ends[2];
    if (lgi_own_pipe(ends, 0) != 0)
        return lg_error_new_errno("pipe");
    lg_error_free(lg_set_nonblocking(ends[0]));
    *stream = need_memory(NULL, sizeof **stream);
    **stream = (struct stream){.next = engine->streams, .work = work, .fd = ends[0], .users = 2};
    engine->streams = *stream;
    *input = ends[1];
    lg_waitgroup_add(&engine->readers, 1);
    lg_go(read_stream, *stream);
    return NULL;
}

void stream_leave(struct stream *stream)
{
    char bytes[16 * 1024];
    ssize_t count;
    while (stream->fd >= 0 && (count = read(stream->fd, bytes, sizeof bytes)) > 0)
        stream_tell(stream->work, &stream->line, bytes, (size_t)count);
    stream_tell_rest(stream->work, &stream->line);
    unuse(stream);
}

static struct stream *first_open(struct engine *engine)
{
    struct stream *stream = engine->streams;
    while (stream && stream->fd < 0)
        stream = stream->next;
    return stream;
}

void streams_close(struct engine *engine)
{
    for (struct stream *stream; (stream = first_open(engine)) != NULL;) {
        int fd = stream->fd;
        stream->fd = -1;
        lg_close(fd, NULL);
    }
    lg_waitgroup_wait(&engine->readers);
}
