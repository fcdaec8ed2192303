#define _GNU_SOURCE
#include "work.h"

#include <string.h>

lg_duration engine_at(const struct engine *engine)
{
    return lg_since(engine->began);
}

void tell(struct engine *engine, struct event event)
{
    event.at = engine_at(engine);
    record_tell(&engine->record, &event);
}

static void tell_output(void *engine, struct event event)
{
    tell(engine, event);
}

struct output work_output(struct work *work)
{
    return (struct output){.job = work->name, .tell = tell_output, .data = work->engine};
}

void tell_work(struct work *work, enum event_kind kind, const char *text, const char *result,
               lg_duration took)
{
    const struct event event = {.kind = kind,
                                .job = work->name,
                                .text = text,
                                .length = text ? strlen(text) : 0,
                                .result = result,
                                .took = took};
    tell(work->engine, event);
}
