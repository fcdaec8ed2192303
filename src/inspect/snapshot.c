/* Looking at all goroutines. */
#define _GNU_SOURCE
#include "inspect/snapshot.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "closers/own_fd.h"
#include "closers/shield.h"
#include "error/keep_errno.h"
#include "sched/fiber.h"
#include "sched/identity.h"
#include "sched/instrument.h"
#include "sched/runtime.h"
#include "sched/text.h"
#include "sched/visit.h"

enum { BUSY_MS = 100 /* how long a worker is waited for */ };

/* In a forked child: the parent's goroutines are not there; the one that has forked is, if one has. */
static const struct lgi_g *goroutine_of_child(void)
{
    const struct lgi_g *g = lgi_current;
    return g && g->start ? g : NULL;
}

size_t lg_goroutine_count(void)
{
    if (lgi_forked)
        return goroutine_of_child() ? 1 : 0;
    unsigned workers = lgi_worker_count();
    size_t count = lgi_run_queue_count(&lgi_injected) + lgi_threads_count();
    for (unsigned i = 0; i < workers; i++)
        count += lgi_run_queue_count(&lgi_workers[i]->starts) +
                 __atomic_load_n(&lgi_workers[i]->alive, __ATOMIC_RELAXED);
    return count;
}

/* ---- those of a busy worker ---- */

bool lgi_peek_begin(struct lgi_peek *peek)
{
    return lgi_own_pipe(peek->pipe, O_NONBLOCK) == 0;
}

void lgi_peek_end(struct lgi_peek *peek)
{
    close(peek->pipe[0]);
    close(peek->pipe[1]);
}

/* The kernel reads the memory for us: if it is gone, that is an error and no fault. (By syscall: a sanitizer would look at
 * what is read, as if it were the program.) */
bool lgi_peek(struct lgi_peek *peek, void *to, const void *from, size_t size)
{
    lgi_hush_valgrind(true);
    long written = syscall(SYS_write, peek->pipe[1], from, size);
    lgi_hush_valgrind(false);
    if (written <= 0)
        return false;
    long got = syscall(SYS_read, peek->pipe[0], to, (size_t)written);
    return written == (long)size && got == written;
}

struct peeking {
    struct lgi_peek peek;
    const struct lgi_worker *worker;
    void (*see)(const struct lgi_g *g, void *data);
    void *data;
};

/* A copy of a goroutine or thread that may run meanwhile, with copies of what it points to. */
struct copy {
    struct lgi_g g;
    struct lgi_task start;
    char name[64];
};

/* False: it has ended just now, or is just beginning. */
static bool copy_start(struct lgi_peek *peek, struct copy *copy, const struct lgi_g *there)
{
    struct lgi_task *start = &copy->start;
    struct lgi_g again;
    Dl_info info;
    if (!lgi_peek(peek, start, copy->g.start, sizeof(*start)) ||
        !lgi_peek(peek, &again, there, sizeof(again)) || again.start != copy->g.start ||
        again.identity != copy->g.identity || dladdr(start->site, &info) == 0)
        return false; /* its memory is used for something else */
    if (start->name && !lgi_peek(peek, copy->name, start->name, sizeof(copy->name)))
        start->name = NULL;
    if (start->name) {
        copy->name[sizeof(copy->name) - 1] = '\0';
        start->name = copy->name;
    }
    copy->g.start = start;
    return true;
}

static void peek_goroutine(void *high, void *data)
{
    struct peeking *peeking = data;
    struct copy copy;
    const struct lgi_g *there = lgi_g_of_stack(high);
    if (!lgi_peek(&peeking->peek, &copy.g, there, sizeof(copy.g)) ||
        copy.g.worker != peeking->worker || copy.g.state == LGI_G_NONE || !copy.g.start ||
        !copy_start(&peeking->peek, &copy, there))
        return;
    copy.g.held = NULL; /* what it waits for may be gone by now */
    peeking->see(&copy.g, peeking->data);
}

/* (The struct lgi_g of a thread is never freed, and that of a goroutine is never unmapped.) */
size_t lgi_holder_who(const struct lgi_g *g, char *buffer, size_t size)
{
    struct lgi_peek peek;
    struct copy copy;
    size_t length = 0;
    buffer[0] = '\0';
    uint64_t owner = g->held ? __atomic_load_n(g->held, __ATOMIC_RELAXED) & ~LGI_IDENTITY_FLAGS : 0;
    const struct lgi_g *holder = owner ? lgi_identity_find(owner) : NULL;
    if (!holder || !lgi_peek_begin(&peek))
        return 0;
    if (lgi_peek(&peek, &copy.g, holder, sizeof(copy.g)) && copy.g.identity == owner &&
        (!copy.g.start || copy_start(&peek, &copy, holder)))
        length = lgi_g_who(&copy.g, buffer, size);
    lgi_peek_end(&peek);
    return length;
}

void lgi_peek_worker(const struct lgi_worker *worker,
                     void (*see)(const struct lgi_g *g, void *data), void *data)
{
    struct peeking peeking = {.worker = worker, .see = see, .data = data};
    LGI_KEEP_ERRNO;
    if (lgi_peek_begin(&peeking.peek)) {
        lgi_stacks_visit(peek_goroutine, &peeking);
        lgi_peek_end(&peeking.peek);
    }
}

/* ---- a list of them ---- */

static struct lgi_entry *new_entry(struct lgi_snapshot *snapshot, const struct lgi_task *start)
{
    if (snapshot->count == snapshot->capacity) {
        snapshot->full = true;
        return NULL;
    }
    struct lgi_entry *entry = &snapshot->entries[snapshot->count++];
    *entry = (struct lgi_entry){.id = start->id, .starter = start->starter, .site = start->site};
    lgi_task_name(start, entry->name, sizeof(entry->name));
    return entry;
}

static void add_unstarted(struct lgi_snapshot *snapshot, struct lgi_run_queue *starts)
{
    lgi_lock(&starts->lock);
    for (const struct lgi_task *start = starts->first; start && !snapshot->full;
         start = start->next)
        (void)new_entry(snapshot, start);
    lgi_unlock(&starts->lock);
}

static void add_starting_thread(const struct lgi_task *start, void *snapshot)
{
    struct lgi_entry *entry = new_entry(snapshot, start);
    if (entry)
        entry->thread = true;
}

/* `start` is g's. */
static void add_g(struct lgi_snapshot *snapshot, const struct lgi_g *g)
{
    if (!g->start)
        return;
    struct lgi_entry *entry = new_entry(snapshot, g->start);
    if (!entry)
        return;
    entry->state = g->state == LGI_G_RUNNABLE ? LG_GOROUTINE_READY : LG_GOROUTINE_RUNNING;
    if (g->state == LGI_G_PARKED) {
        entry->state = LG_GOROUTINE_WAITING;
        entry->waits_for = g->waits_for;
        entry->has_deadline = g->has_deadline;
    }
}

static void see(struct lgi_g *g, void *snapshot)
{
    add_g(snapshot, g);
}

static void see_busy(const struct lgi_g *g, void *snapshot)
{
    add_g(snapshot, g);
}

static void busy(struct lgi_worker *worker, void *snapshot)
{
    lgi_peek_worker(worker, see_busy, snapshot);
}

#if defined(__clang__)
/* Whether and why it waits may change just now: it is only told. */
__attribute__((disable_sanitizer_instrumentation))
#endif
static void add_thread(struct lgi_g *g, void *snapshot)
{
    struct lgi_entry *entry = new_entry(snapshot, g->start);
    if (!entry)
        return;
    entry->thread = true;
    entry->state = LG_GOROUTINE_RUNNING;
    const char *waits_for = g->waits_for;
    if (waits_for && __atomic_load_n(&g->claim, __ATOMIC_ACQUIRE) == LGI_WAITING) {
        entry->state = LG_GOROUTINE_WAITING;
        entry->waits_for = waits_for;
        entry->has_deadline = g->has_deadline;
    }
}

static int by_id(const void *a, const void *b)
{
    const struct lgi_entry *x = a, *y = b;
    if (x->id != y->id)
        return x->id < y->id ? -1 : 1;
    /* One that has started between two looks is there twice: what was seen last comes first. */
    return x->state == y->state ? 0 : x->state > y->state ? -1 : 1;
}

static void collect_in_child(struct lgi_snapshot *snapshot)
{
    const struct lgi_g *g = goroutine_of_child();
    if (g)
        add_g(snapshot, g);
}

static void collect(struct lgi_snapshot *snapshot)
{
    unsigned workers = lgi_worker_count();
    snapshot->count = 0;
    snapshot->full = false;
    if (lgi_forked) {
        collect_in_child(snapshot);
        return;
    }
    add_unstarted(snapshot, &lgi_injected);
    for (unsigned i = 0; i < workers; i++) {
        add_unstarted(snapshot, &lgi_workers[i]->starts);
        lgi_worker_wake(lgi_workers[i]);
    }
    lgi_threads_visit(add_starting_thread, add_thread, snapshot);
    lgi_workers_visit(see, busy, snapshot, BUSY_MS * LG_MILLISECOND);

    qsort(snapshot->entries, snapshot->count, sizeof(*snapshot->entries), by_id);
    size_t kept = 0;
    for (size_t i = 0; i < snapshot->count; i++) {
        if (kept == 0 || snapshot->entries[kept - 1].id != snapshot->entries[i].id)
            snapshot->entries[kept++] = snapshot->entries[i];
    }
    snapshot->count = kept;
}

static bool take(struct lgi_snapshot *snapshot)
{
    enum { SPARE = 64 };
    *snapshot = (struct lgi_snapshot){.full = true};
    while (snapshot->full) {
        size_t count = lg_goroutine_count();
        free(snapshot->entries);
        snapshot->capacity = count + count / 4 + SPARE;
        snapshot->entries = calloc(snapshot->capacity, sizeof(*snapshot->entries));
        if (!snapshot->entries)
            return false;
        collect(snapshot);
    }
    return true;
}

/* It sleeps now and then with locks held: no pthread_cancel may end it there. */
bool lgi_snapshot_take(struct lgi_snapshot *snapshot)
{
    struct lgi_shield before = lgi_shield_begin();
    bool taken = take(snapshot);
    lgi_shield_end(&before);
    return taken;
}

void lgi_snapshot_free(struct lgi_snapshot *snapshot)
{
    free(snapshot->entries);
    *snapshot = (struct lgi_snapshot){0};
}

size_t lgi_entry_describe(const struct lgi_entry *entry, char *buffer, size_t size)
{
    static const char *const states[] = {
        [LG_GOROUTINE_NOT_STARTED] = "has not started",
        [LG_GOROUTINE_READY] = "may go on",
        [LG_GOROUTINE_RUNNING] = "is running",
        [LG_GOROUTINE_WAITING] = "waits for ",
    };
    const struct lgi_task start = {
        .id = entry->id, .starter = entry->starter, .site = entry->site, .name = entry->name};
    struct lgi_text text = {buffer, size, lgi_task_describe(&start, buffer, size)};
    lgi_text_put(&text, ", ");
    lgi_text_put(&text, states[entry->state]);
    if (entry->state == LG_GOROUTINE_WAITING)
        lgi_text_put(&text, entry->waits_for ? entry->waits_for : "something");
    return text.length;
}

lg_error *lg_goroutine_visit(bool (*visit)(const lg_goroutine_info *info, void *data), void *data)
{
    struct lgi_snapshot snapshot __attribute__((cleanup(lgi_snapshot_free)));
    if (!lgi_snapshot_take(&snapshot))
        return &lg_error_out_of_memory;
    for (size_t i = 0; i < snapshot.count; i++) {
        const struct lgi_entry *entry = &snapshot.entries[i];
        const lg_goroutine_info info = {.id = entry->id,
                                        .starter = entry->starter,
                                        .name = entry->name,
                                        .file = entry->site->file,
                                        .caller = entry->site->caller,
                                        .line = entry->site->line,
                                        .state = entry->state,
                                        .waits_for = entry->waits_for,
                                        .has_deadline = entry->has_deadline,
                                        .thread = entry->thread};
        if (!visit(&info, data))
            break;
    }
    return NULL;
}
