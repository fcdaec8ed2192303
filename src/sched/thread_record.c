#define _GNU_SOURCE
#include "sched/park.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "defer/hooks.h"
#include "error/keep_errno.h"
#include "error/libc.h"
#include "sched/hooks.h"
#include "sched/identity.h"
#include "sched/runtime.h"

/* The record of a thread that is not a worker. It is no thread-local variable, because those of a library that comes by
 * dlopen have to find room in a few hundred bytes that all such libraries share. Records are used again, never freed:
 * whoever has the address of one that has ended may still wake it. */
// NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): `g` lies where lgi_g_is_thread expects it
struct record {
    _Alignas(LGI_G_ALIGNMENT) char before[LGI_G_OF_THREAD];
    struct lgi_g g;
    uint64_t identity;   /* of whoever had it last */
    struct record *next; /* of those that are free */
    struct record *next_of_all;
};

static struct record first_records[8]; /* for when there is no memory */
static struct record *free_records, *all_records;
static unsigned first_used;
static uint32_t record_count;
static uint32_t records_lock;
struct lgi_g *lgi_main;

/* NULL: none is free. One that has had its last identity is left alone. */
static struct record *take_record(void)
{
    struct record *record;
    lgi_lock(&records_lock);
    do {
        record = free_records;
        if (record)
            free_records = record->next;
    } while (record && lgi_identity_next(record->identity) == 0);
    lgi_unlock(&records_lock);
    return record;
}

static void enlist(struct record *record)
{
    lgi_lock(&records_lock);
    if (record_count >= LGI_PLACES_OF_WORKERS - LGI_PLACES_OF_THREADS)
        lgi_fatal(NULL, "more than 16 million threads at once");
    record->identity = lgi_identity_none(LGI_PLACES_OF_THREADS + record_count++);
    record->g.identity = 0;
    record->next_of_all = all_records;
    __atomic_store_n(&all_records, record, __ATOMIC_RELEASE);
    lgi_unlock(&records_lock);
}

const struct lgi_g *lgi_thread_in_place(uint32_t place)
{
    const struct record *record = __atomic_load_n(&all_records, __ATOMIC_ACQUIRE);
    while (record &&
           lgi_identity_place(__atomic_load_n(&record->identity, __ATOMIC_RELAXED)) != place)
        record = record->next_of_all;
    return record ? &record->g : NULL;
}

void lgi_records_lock(void)
{
    lgi_lock(&records_lock);
}

void lgi_records_unlock(void)
{
    lgi_unlock(&records_lock);
}

static struct record *take_first_record(void)
{
    unsigned number = __atomic_fetch_add(&first_used, 1, __ATOMIC_RELAXED);
    if (number >= sizeof(first_records) / sizeof(first_records[0]))
        lgi_fatal(NULL, "out of memory for a thread's record");
    return &first_records[number];
}

static struct record *new_record(void)
{
    LGI_KEEP_ERRNO;
    struct record *record = take_record();
    if (!record) {
        record = aligned_alloc(_Alignof(struct record), sizeof(*record));
        if (!record)
            record = take_first_record();
        enlist(record);
    }
    return record;
}

void lgi_self_end(struct lgi_g *g)
{
    struct record *record = (struct record *)((char *)g - offsetof(struct record, g));
    if (lgi_current == g) {
        lgi_current = NULL;
        lgi_identity = 0;
    }
    __atomic_store_n(&g->identity, 0, __ATOMIC_RELAXED);
    lgi_lock(&records_lock);
    record->next = free_records;
    free_records = record;
    lgi_unlock(&records_lock);
}

struct lgi_g *lgi_self_slow(void)
{
    struct record *record = new_record();
    struct lgi_g *g = &record->g;
    /* All but the identity, which is 0, and which others may be reading. */
    memset(g, 0, offsetof(struct lgi_g, identity));
    memset(&g->identity + 1, 0,
           sizeof(*g) - offsetof(struct lgi_g, identity) - sizeof(g->identity));
    g->claim = LGI_READY;
    uint64_t identity = lgi_identity_next(record->identity);
    __atomic_store_n(&record->identity, identity, __ATOMIC_RELAXED);
    __atomic_store_n(&g->identity, identity, __ATOMIC_RELAXED);
    lgi_identity = identity;
    if (gettid() == getpid() && !lgi_forked) {
        g->is_main = true;
        __atomic_store_n(&lgi_main, g, __ATOMIC_RELEASE);
    }
    lgi_current = g;
    lgi_sched_hooks.first_wait(g);
    return g;
}
