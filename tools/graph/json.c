#define _GNU_SOURCE
#include "buffer.h"
#include "sinks.h"

#include <lifoguard/defer.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

struct json {
    struct sink sink;
    int fd;
    bool failed;
};

static long long wall_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * LG_SECOND + now.tv_nsec;
}

/* One write a line, so that a reader never sees half of one, as long as it is short. */
static void take(struct sink *sink, const struct event *event)
{
    struct json *json = (struct json *)sink;
    struct buffer line = {0};
    lg_defer(buffer_free, &line);
    event_put_json(&line, event, wall_now());
    buffer_add_char(&line, '\n');
    const char *at = line.text;
    while (!json->failed && line.length > 0) {
        ssize_t written = write(json->fd, at, line.length);
        json->failed = written <= 0;
        at += written > 0 ? written : 0;
        line.length -= written > 0 ? (size_t)written : 0;
    }
}

static void free_json(struct sink *sink)
{
    struct json *json = (struct json *)sink;
    if (json->fd > STDERR_FILENO)
        close(json->fd);
    free(json);
}

struct sink *json_sink(int fd)
{
    struct json *json = need_memory(NULL, sizeof *json);
    *json = (struct json){.sink = {.take = take, .free = free_json}, .fd = fd};
    return &json->sink;
}
