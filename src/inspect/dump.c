/* What goroutines are doing, written down: for lg_goroutine_print and the report of a deadlock. */
#include <string.h>

#include "defer/pending.h"
#include "inspect/snapshot.h"
#include "report/frames.h"
#include "sched/identity.h"
#include "sched/runtime.h"
#include "sched/switch.h"
#include "sched/visit.h"

enum { BUSY_MS = 100 };

struct saying {
    struct lgi_sink *sink;
    size_t left; /* so many goroutines may still be written */
    size_t more; /* so many were not */
};

static bool say_pending(const lg_pending_call *call, void *sink)
{
    lgi_print(sink, "    deferred: %s  %s:%u in %s\n", call->call, call->file, call->line,
              call->caller);
    return true;
}

/* True if another one may be written. */
static bool count(struct saying *saying)
{
    if (saying->left == 0) {
        saying->more++;
        return false;
    }
    saying->left--;
    return true;
}

static void say_head(struct lgi_sink *sink, const struct lgi_g *g)
{
    char who[256];
    lgi_g_who(g, who, sizeof(who));
    if (g->state == LGI_G_PARKED)
        lgi_print(sink, "\n%s, waits for %s:\n", who, lgi_waits_for(g));
    else
        lgi_print(sink, "\n%s, %s:\n", who, g->state == LGI_G_RUNNABLE ? "may go on" : "running");
}

static void say_began(struct lgi_sink *sink, const struct lgi_task *start)
{
    char began[512];
    lgi_task_origin(start, began, sizeof(began));
    lgi_print(sink, "    %s\n", began);
}

/* One that stands still, on its worker. */
static void say_g(struct lgi_g *g, void *data)
{
    struct saying *saying = data;
    struct lgi_frames frames;
    struct lgi_chain chain;

    if (!g->start || !count(saying))
        return;
    say_head(saying->sink, g);
    lgi_on_stack_of(g->sp, lgi_frames_note, &frames);
    if (frames.count > 0) /* lgi_on_stack_of's own */
        memmove(frames.frame, frames.frame + 1, --frames.count * sizeof(frames.frame[0]));
    lgi_print_frames(saying->sink, &frames);
    say_began(saying->sink, g->start);
    lgi_chain_begin_at(&chain, g->top, (uintptr_t)g->sp, g->bounds.high, g->fake_stack);
    lgi_chain_visit(&chain, say_pending, saying->sink);
}

/* A thread, of itself. */
static void say_self(struct lgi_g *g, void *data)
{
    const struct saying *saying = data;
    struct lgi_frames frames;
    struct lgi_chain chain;
    say_head(saying->sink, g);
    lgi_frames_note(&frames);
    lgi_print_frames(saying->sink, &frames);
    if (g->start)
        say_began(saying->sink, g->start);
    lgi_chain_begin(&chain);
    lgi_chain_visit(&chain, say_pending, saying->sink);
}

static void say_thread(struct lgi_g *g, void *data)
{
    struct saying *saying = data;
    if (!count(saying) || lgi_thread_ask(g, say_self, saying, lg_now() + BUSY_MS * LG_MILLISECOND))
        return;
    char text[512];
    lgi_g_describe(g, text, sizeof(text));
    lgi_print(saying->sink, "\n%s, running on a thread of its own\n", text);
}

static void say_busy_g(const struct lgi_g *g, void *data)
{
    struct saying *saying = data;
    if (!count(saying))
        return;
    say_head(saying->sink, g);
    say_began(saying->sink, g->start);
}

static void say_busy(struct lgi_worker *worker, void *data)
{
    struct saying *saying = data;
    lgi_print(saying->sink,
              "\nOne of the following keeps worker %u busy: their stacks cannot be seen.\n",
              worker->number);
    lgi_peek_worker(worker, say_busy_g, saying);
}

static void say_unstarted(struct saying *saying, struct lgi_run_queue *starts)
{
    /* Not under the lock, which is for a few instructions: what is copied is written afterwards. */
    enum { AT_MOST = 100 };
    struct lgi_task some[AT_MOST];
    size_t copied = 0, all = 0;
    lgi_run_queue_settle(starts);
    lgi_lock(&starts->lock);
    for (const struct lgi_task *start = starts->first; start; start = start->next, all++) {
        if (copied < AT_MOST && copied < saying->left)
            some[copied++] = *start;
    }
    lgi_unlock(&starts->lock);
    for (size_t i = 0; i < copied; i++) {
        char text[512];
        lgi_task_describe(&some[i], text, sizeof(text));
        lgi_print(saying->sink, "\n%s, has not started\n", text);
    }
    saying->left -= copied;
    saying->more += all - copied;
}

static void say_all(void *data)
{
    struct saying *saying = data;
    struct lgi_g *main = __atomic_load_n(&lgi_main, __ATOMIC_ACQUIRE);
    unsigned workers = lgi_worker_count();

    if (main)
        lgi_thread_ask(main, say_self, saying, lg_now() + BUSY_MS * LG_MILLISECOND);
    lgi_threads_visit(say_thread, saying);
    lgi_workers_visit(say_g, say_busy, saying, BUSY_MS * LG_MILLISECOND);
    say_unstarted(saying, &lgi_injected);
    for (unsigned i = 0; i < workers; i++) {
        say_unstarted(saying, &lgi_workers[i]->starts);
        lgi_worker_wake(lgi_workers[i]);
    }
    if (saying->more > 0)
        lgi_print(saying->sink, "\n… and %zu more\n", saying->more);
}

void lgi_dump_goroutines(struct lgi_sink *sink, size_t most)
{
    struct saying saying = {.sink = sink, .left = most};
    lgi_with_room(say_all, &saying);
}

void lg_goroutine_print(FILE *stream)
{
    struct lgi_stream to = lgi_stream(stream, 0);
    lgi_dump_goroutines(&to.sink, SIZE_MAX);
}
