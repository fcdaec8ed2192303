#define _GNU_SOURCE
#include "buffer.h"
#include "deliver.h"
#include "sinks.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct json {
    struct sink sink;
    int fd;
    char *name;
    struct delivery delivery;
    bool gathers;
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
    deliver(&json->delivery, json->fd, json->pending.text, json->pending.length);
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

static bool end_json(struct sink *sink)
{
    struct json *json = (struct json *)sink;
    flush(json);
    bool good = !json->delivery.failed;
    buffer_free(&json->pending);
    if (json->fd > STDERR_FILENO)
        close(json->fd);
    free(json->name);
    free(json);
    return good;
}

struct sink *json_sink(int fd, const char *name, bool gathers)
{
    struct json *json = need_memory(NULL, sizeof(*json));
    *json = (struct json){.sink = {.take = take, .end = end_json},
                          .fd = fd,
                          .name = need_copy(name, strlen(name)),
                          .gathers = gathers};
    json->delivery = (struct delivery){.to = json->name, .readers_stay = true};
    return &json->sink;
}
