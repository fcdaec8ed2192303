#include <lifoguard/defer.h>
#include <lifoguard/move.h>

#include "report/print.h"

static bool print(const lg_pending_call *call, void *data)
{
    struct lgi_sink *sink = data;
    lgi_print(sink, "%s  %s:%u in %s", call->call, call->file, call->line, call->caller);
    for (unsigned i = 0; i < call->count; i++)
        lgi_print(sink, " %#zx", (size_t)call->words[i]);
    lgi_print(sink, "\n");
    return true;
}

void lg_pending_print(FILE *stream)
{
    struct lgi_stream to = lgi_stream(stream, 0);
    lg_pending_visit(print, &to.sink);
}

void lg_cleanups_print(const lg_cleanups *cleanups, FILE *stream)
{
    struct lgi_stream to = lgi_stream(stream, 0);
    lg_cleanups_visit(cleanups, print, &to.sink);
}
