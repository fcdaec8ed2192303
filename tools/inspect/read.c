/* Reading threads, goroutines and their deferred calls. All of it may be in the middle of a change, since the process was
 * stopped anywhere: so every list has an end, and nothing is believed that does not look as it should. */
#include "buffer.h"
#include "report.h"

#include <stdlib.h>
#include <string.h>

#include "texts.h"

struct reading {
    struct report *report;
    struct target *target;
    const struct lgi_defer_layout *defer;
    const struct lgi_goroutine_layout *goroutines; /* NULL: this copy has none */
    bool is_forked;                                /* the goroutines are the parent's */
    struct texts *texts;
    /* The goroutines that threads run, with the newest records, which are the threads'. */
    struct running {
        uint64_t g, top;
        pid_t thread;
    } *running;
    size_t running_count;
};

static uint64_t word(const struct reading *r, uint64_t at, uint16_t offset)
{
    return at ? target_word(r->target, at + offset) : 0;
}

/* More than any process has: what is read is a circle, or no list at all. */
static bool is_full(const struct reading *r)
{
    enum { MOST = 1 << 24 };
    return r->report->count + r->report->call_count >= MOST;
}

/* ---- deferred calls ---- */

static void add_call(struct reading *r, const struct site *site)
{
    struct report *report = r->report;
    if (!site || site->is_own)
        return;
    report->calls = grow_array(report->calls, report->call_count, sizeof(site));
    report->calls[report->call_count++] = site;
}

/* The calls from `first` to `end`, the newest first. */
static void add_calls(struct reading *r, uint64_t first, uint64_t end)
{
    uint16_t size = r->defer->call_size;
    if (size == 0 || end < first || (end - first) % size != 0) {
        r->report->cut++;
        return;
    }
    while (end > first && !is_full(r)) {
        end -= size;
        uint64_t site = word(r, end, r->defer->call_site);
        if (site)
            add_call(r, texts_site(r->texts, site));
    }
}

static void add_scope(struct reading *r, uint64_t scope)
{
    enum { CHUNKS_MOST = 1 << 20 };
    const struct lgi_defer_layout *d = r->defer;
    uint32_t kinds = target_number(r->target, scope + d->scope_kinds, sizeof(uint32_t));
    uint64_t chunk = kinds & d->scope_grown ? word(r, scope, d->scope_chunk) : 0;
    uint64_t next = word(r, scope, d->scope_next), first = scope + d->scope_first;
    for (int i = 0; next && chunk && i < CHUNKS_MOST && !is_full(r); i++) {
        add_calls(r, chunk + d->chunk_calls, next);
        chunk = word(r, chunk, d->chunk_below);
        next = chunk ? chunk + d->chunk_calls + word(r, chunk, d->chunk_used) * d->call_size
                     : first + (uint64_t)d->call_size * target_number(r->target,
                                                                      scope + d->scope_first_used,
                                                                      sizeof(uint32_t));
    }
    if (next && !chunk)
        add_calls(r, first, next);
}

static void add_record(struct reading *r, uint64_t record, const struct site *site)
{
    const struct lgi_defer_layout *d = r->defer;
    if (site->kind == d->kind_scope) {
        add_scope(r, record);
    } else if (site->kind == d->kind_named) {
        uint64_t pending = word(r, record + d->named_call, d->call_site);
        if (pending)
            add_call(r, texts_site(r->texts, pending));
    } else if (site->kind != d->kind_head) {
        add_call(r, site);
    }
}

/* A chain that a longjmp has left may close a circle: then the slow one of two readers meets the fast one (Brent). */
static void add_chain(struct reading *r, uint64_t top)
{
    const struct lgi_defer_layout *d = r->defer;
    uint64_t record = top & ~d->tags, slow = 0;
    size_t steps = 0, limit = 1;
    while (record) {
        const struct site *site = texts_site(r->texts, word(r, record, d->record_site));
        if (!site || record == slow || is_full(r)) {
            r->report->cut++;
            return;
        }
        add_record(r, record, site);
        if (++steps == limit) {
            slow = record;
            steps = 0;
            limit *= 2;
        }
        record = word(r, record, d->record_previous) & ~d->tags;
    }
}

/* ---- threads and goroutines ---- */

static struct entry *add_entry(struct reading *r, enum entry_kind kind)
{
    struct report *report = r->report;
    report->entries = grow_array(report->entries, report->count, sizeof(*report->entries));
    struct entry *entry = &report->entries[report->count++];
    *entry = (struct entry){.kind = kind, .first_call = report->call_count};
    return entry;
}

static void add_pending(struct reading *r, struct entry *entry, uint64_t top)
{
    add_chain(r, top);
    entry->call_count = r->report->call_count - entry->first_call;
}

static void read_task(const struct reading *r, struct entry *entry, uint64_t task)
{
    const struct lgi_goroutine_layout *g = r->goroutines;
    entry->kind = ENTRY_GOROUTINE;
    entry->id = word(r, task, g->task_id);
    entry->starter = word(r, task, g->task_starter);
    entry->started = texts_site(r->texts, word(r, task, g->task_site));
    entry->name = texts_at(r->texts, word(r, task, g->task_name));
    if (!entry->name && entry->started)
        entry->name = texts_function(r->texts, entry->started);
}

static void read_wait(const struct reading *r, struct entry *entry, uint64_t g)
{
    const struct lgi_goroutine_layout *layout = r->goroutines;
    entry->waits_for = texts_at(r->texts, word(r, g, layout->g_waits_for));
    entry->has_deadline = target_number(r->target, g + layout->g_has_deadline, 1) != 0;
    if (!entry->waits_for)
        return;
    entry->state = STATE_WAITING;
    uint64_t held = layout->g_held ? word(r, g, layout->g_held) : 0;
    entry->waits_for_owner = word(r, held, 0) & ~layout->identity_flags;
}

/* (A library that is older says nothing of identities.) */
static void add_owner(struct reading *r, const struct entry *entry, uint64_t g)
{
    struct report *report = r->report;
    uint64_t identity = r->goroutines->g_identity ? word(r, g, r->goroutines->g_identity) : 0;
    if (identity == 0)
        return;
    report->owners = grow_array(report->owners, report->owner_count, sizeof(*report->owners));
    report->owners[report->owner_count++] = (struct owner){.identity = identity,
                                                           .kind = entry->kind,
                                                           .is_main = entry->is_main,
                                                           .thread = entry->thread,
                                                           .id = entry->id,
                                                           .name = entry->name};
}

static void add_running(struct reading *r, uint64_t g, uint64_t top, pid_t thread)
{
    r->running[r->running_count++] = (struct running){.g = g, .top = top, .thread = thread};
}

/* A thread that is no worker, or a goroutine with a thread of its own. */
static void add_thread(struct reading *r, const struct target_thread *thread, uint64_t g,
                       uint64_t top)
{
    struct entry *entry = add_entry(r, ENTRY_THREAD);
    entry->thread = thread->id;
    entry->is_main = thread->id == r->target->pid;
    entry->name = thread->name;
    if (g) {
        uint64_t task = word(r, g, r->goroutines->g_start);
        read_wait(r, entry, g);
        if (task) {
            read_task(r, entry, task);
            entry->is_main = false; /* a goroutine has forked */
        }
        add_owner(r, entry, g);
    }
    add_pending(r, entry, top);
    if (!entry->is_main && entry->kind == ENTRY_THREAD && entry->call_count == 0 &&
        !entry->waits_for)
        r->report->count--; /* it has nothing to do with the library */
}

static void read_thread(struct reading *r, const struct target_thread *thread)
{
    const struct lgi_goroutine_layout *g = r->goroutines;
    uint64_t pointer = thread->thread_pointer;
    if (!thread->stopped && !r->target->is_core) {
        r->report->unseen++;
        return;
    }
    if (pointer == 0)
        return;
    uint64_t top = target_word(r->target, pointer + (uint64_t)r->defer->top);
    uint64_t current = g ? target_word(r->target, pointer + (uint64_t)g->current) : 0;
    uint64_t worker = g ? target_word(r->target, pointer + (uint64_t)g->worker) : 0;
    if (!worker || r->is_forked)
        add_thread(r, thread, current, top);
    else if (current && current != worker + g->worker_native)
        add_running(r, current, top, thread->id);
}

static const struct running *find_running(const struct reading *r, uint64_t g)
{
    for (size_t i = 0; i < r->running_count; i++)
        if (r->running[i].g == g)
            return &r->running[i];
    return NULL;
}

/* One that has started, on a worker. */
static void read_goroutine(struct reading *r, uint64_t g)
{
    const struct lgi_goroutine_layout *layout = r->goroutines;
    uint32_t state = target_number(r->target, g + layout->g_state, 1);
    uint64_t task = word(r, g, layout->g_start);
    const struct running *running = find_running(r, g);
    if (state == layout->state_none || task == 0)
        return;
    struct entry *entry = add_entry(r, ENTRY_GOROUTINE);
    read_task(r, entry, task);
    entry->state = running || state == layout->state_running ? STATE_RUNNING : STATE_READY;
    if (!running && state == layout->state_waiting)
        read_wait(r, entry, g);
    entry->thread = running ? running->thread : 0;
    add_owner(r, entry, g);
    add_pending(r, entry, running ? running->top : word(r, g, layout->g_top));
}

static void read_slab(struct reading *r, uint64_t slab)
{
    const struct lgi_goroutine_layout *layout = r->goroutines;
    uint32_t used = target_number(r->target, slab + layout->slab_used, sizeof(used));
    uint64_t first = word(r, slab, layout->slab_first), slot = word(r, slab, layout->slab_slot);
    for (uint32_t i = 1; i <= used && !is_full(r); i++) {
        char readable;
        uint64_t g = first + i * slot - layout->below_high;
        if (!target_read(r->target, g, &readable, 1))
            return;
        read_goroutine(r, g);
    }
}

/* Those that have not started. */
static void read_queue(struct reading *r, uint64_t queue)
{
    const struct lgi_goroutine_layout *layout = r->goroutines;
    uint64_t task = word(r, queue, layout->queue_first);
    while (task && !is_full(r)) {
        struct entry *entry = add_entry(r, ENTRY_GOROUTINE);
        entry->state = STATE_NOT_STARTED;
        read_task(r, entry, task);
        task = word(r, task, layout->task_next);
    }
}

static void read_goroutines(struct reading *r)
{
    enum { SLABS_MOST = 1 << 20 };
    const struct lgi_goroutine_layout *layout = r->goroutines;
    uint64_t slab = target_word(r->target, (uint64_t)(uintptr_t)layout->slabs);
    for (int i = 0; slab && i < SLABS_MOST; i++) {
        read_slab(r, slab);
        slab = word(r, slab, layout->slab_next);
    }
    read_queue(r, (uint64_t)(uintptr_t)layout->injected);
    for (size_t i = 0; i < r->target->thread_count; i++) {
        uint64_t pointer = r->target->threads[i].thread_pointer;
        uint64_t worker = pointer ? target_word(r->target, pointer + (uint64_t)layout->worker) : 0;
        if (worker)
            read_queue(r, worker + layout->worker_starts);
    }
}

/* Main, the other threads, and the goroutines, each kind in the order of its numbers. */
static int by_number(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    if (x->is_main != y->is_main)
        return x->is_main ? -1 : 1;
    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    uint64_t first = x->kind == ENTRY_THREAD ? (uint64_t)x->thread : x->id;
    uint64_t second = y->kind == ENTRY_THREAD ? (uint64_t)y->thread : y->id;
    return (first > second) - (first < second);
}

static int by_identity(const void *a, const void *b)
{
    const struct owner *x = a, *y = b;
    return (x->identity > y->identity) - (x->identity < y->identity);
}

const struct owner *report_holder(const struct report *report, const struct entry *entry)
{
    const struct owner wanted = {.identity = entry->waits_for_owner};
    if (report->owner_count == 0)
        return NULL;
    return bsearch(&wanted, report->owners, report->owner_count, sizeof(wanted), by_identity);
}

static bool is_forked(struct target *target, const struct lgi_goroutine_layout *goroutines)
{
    uint64_t word = goroutines ? (uint64_t)(uintptr_t)goroutines->forked : 0;
    return word && target_number(target, word, 1) != 0;
}

void report_read(struct report *report, struct target *target, const struct copy *copy)
{
    *report =
        (struct report){.target = target, .path = copy->path, .texts = texts_new(target, copy)};
    struct reading r = {.report = report,
                        .target = target,
                        .defer = &copy->defer,
                        .goroutines = copy->has_goroutines ? &copy->goroutines : NULL,
                        .texts = report->texts};
    r.is_forked = is_forked(target, r.goroutines);
    r.running = need_memory(NULL, (target->thread_count + 1) * sizeof(*r.running));
    report->unseen = target->refused;
    for (size_t i = 0; i < target->thread_count; i++)
        read_thread(&r, &target->threads[i]);
    if (r.goroutines && !r.is_forked)
        read_goroutines(&r);
    free(r.running);
    if (copy->has_shutdowns)
        report_read_shutdowns(report, target, copy);
    if (report->count > 0)
        qsort(report->entries, report->count, sizeof(*report->entries), by_number);
    if (report->owner_count > 0)
        qsort(report->owners, report->owner_count, sizeof(*report->owners), by_identity);
}

void report_free(struct report *report)
{
    texts_free(report->texts);
    free(report->entries);
    free(report->owners);
    free(report->calls);
    free(report->stages);
    *report = (struct report){0};
}
