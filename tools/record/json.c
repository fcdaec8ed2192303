#define _GNU_SOURCE
#include "buffer.h"
#include "sinks.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

struct json {
    struct sink sink;
    int fd;
    bool failed, gathers;
    struct buffer pending;
};

static long long wall_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * LG_SECOND + now.tv_nsec;
}

static void flush(struct json *json)
{
    const char *at = json->pending.text;
    while (!json->failed && json->pending.length > 0) {
        ssize_t written = write(json->fd, at, json->pending.length);
        json->failed = written <= 0;
        at += written > 0 ? written : 0;
        json->pending.length -= written > 0 ? (size_t)written : 0;
    }
    json->pending.length = 0;
}

/* What commands print may wait for more of it, if nobody reads it meanwhile. */
static void take(struct sink *sink, const struct event *event)
{
    enum { LARGE = 32 * 1024 };
    struct json *json = (struct json *)sink;
    event_put_json(&json->pending, event, wall_now());
    buffer_add_char(&json->pending, '\n');
    bool waits = json->gathers && event->kind == EVENT_OUTPUT;
    if (!waits || json->pending.length > LARGE)
        flush(json);
}

static void free_json(struct sink *sink)
{
    struct json *json = (struct json *)sink;
    flush(json);
    buffer_free(&json->pending);
    if (json->fd > STDERR_FILENO)
        close(json->fd);
    free(json);
}

struct sink *json_sink(int fd, bool gathers)
{
    struct json *json = need_memory(NULL, sizeof(*json));
    *json = (struct json){.sink = {.take = take, .free = free_json}, .fd = fd, .gathers = gathers};
    return &json->sink;
}
