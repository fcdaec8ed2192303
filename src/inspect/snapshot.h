/* Looking at all goroutines. */
#ifndef LGI_INSPECT_SNAPSHOT_H
#define LGI_INSPECT_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <lifoguard/inspect.h>

#include "report/print.h"
#include "sched/goroutine.h"

/* One goroutine, as it was. */
struct lgi_entry {
    uint64_t id, starter;
    const struct lgi_site *site;
    const char *waits_for; /* NULL: it does not wait */
    lg_goroutine_state state;
    bool thread, has_deadline;
    char name[64];
};

struct lgi_snapshot {
    struct lgi_entry *entries; /* in the order of their numbers */
    size_t count, capacity;
    bool full; /* there were more */
};

/* All goroutines, the caller's too. False: out of memory. */
bool lgi_snapshot_take(struct lgi_snapshot *snapshot);
void lgi_snapshot_free(struct lgi_snapshot *snapshot);

/* "goroutine 12, serve, started at server.c:40 in main by goroutine 3, waits for mutex". As snprintf. */
size_t lgi_entry_describe(const struct lgi_entry *entry, char *buffer, size_t size);

/* Writes of each goroutine, and of main and other threads that can tell, what it does, its stack and what it has deferred;
 * of no more than `most` goroutines, and then how many more there are. A worker that does not answer within `patience` is busy. */
void lgi_dump_goroutines(struct lgi_sink *sink, size_t most, lg_duration patience);

/* A look at what may be gone any time. */
struct lgi_peek {
    int pipe[2];
};
bool lgi_peek_begin(struct lgi_peek *peek);
void lgi_peek_end(struct lgi_peek *peek);

/* Copies memory, as it is at this moment; false: it cannot be read. */
bool lgi_peek(struct lgi_peek *peek, void *to, const void *from, size_t size);

/* Who holds what the goroutine waits for, a mutex for example: "goroutine 3, serve", as snprintf. "" if that is not known. The
 * goroutine must not run meanwhile. */
size_t lgi_holder_who(const struct lgi_g *g, char *buffer, size_t size);

struct lgi_worker;

/* Calls see for each goroutine of a worker that is busy, as far as can be known. The g is a copy; so is its start. */
void lgi_peek_worker(const struct lgi_worker *worker,
                     void (*see)(const struct lgi_g *g, void *data), void *data);

#endif
