/* The list of goroutines as text, for lg_goroutine_print and the deadlock report. */
#include <string.h>

#include "closers/shield.h"
#include "defer/pending.h"
#include "error/keep_errno.h"
#include "inspect/snapshot.h"
#include "report/frames.h"
#include "sched/identity.h"
#include "sched/runtime.h"
#include "sched/switch.h"
#include "sched/visit.h"
#include "time/clock.h"

#define BUSY_AFTER (100 * LG_MILLISECOND)

struct dump {
    struct lgi_sink *sink;
    lg_duration patience; /* with a worker that does not answer: then it is busy */
    size_t left;          /* so many goroutines may still be written */
    size_t more;          /* so many were not */
};

static bool print_pending_call(const lg_pending_call *call, void *sink)
{
    lgi_print(sink, "    deferred: %s  %s:%u in %s\n", call->call, call->file, call->line,
              call->caller);
    return true;
}

/* True if another one may be written. */
static bool count(struct dump *dump)
{
    if (dump->left == 0) {
        dump->more++;
        return false;
    }
    dump->left--;
    return true;
}

static void print_heading(struct lgi_sink *sink, const struct lgi_g *g)
{
    char who[256], holder[256] = "";
    LGI_KEEP_ERRNO;
    lgi_g_who(g, who, sizeof(who));
    if (g->state == LGI_G_PARKED && lgi_holder_who(g, holder, sizeof(holder)) > 0)
        lgi_print(sink, "\n%s, waits for %s, held by %s:\n", who, lgi_waits_for(g), holder);
    else if (g->state == LGI_G_PARKED)
        lgi_print(sink, "\n%s, waits for %s:\n", who, lgi_waits_for(g));
    else
        lgi_print(sink, "\n%s, %s:\n", who, g->state == LGI_G_RUNNABLE ? "may go on" : "running");
}

static void print_origin(struct lgi_sink *sink, const struct lgi_task *start)
{
    char began[512];
    lgi_task_origin(start, began, sizeof(began));
    lgi_print(sink, "    %s\n", began);
}

/* One that stands still, on its worker. */
static void print_standing(struct lgi_g *g, void *data)
{
    struct dump *dump = data;
    struct lgi_frames frames;
    struct lgi_chain chain;

    if (!g->start || !count(dump))
        return;
    print_heading(dump->sink, g);
    lgi_on_stack_of(g->sp, lgi_frames_note, &frames);
    if (frames.count > 0) /* lgi_on_stack_of's own */
        memmove(frames.frame, frames.frame + 1, --frames.count * sizeof(frames.frame[0]));
    lgi_print_frames(dump->sink, &frames);
    print_origin(dump->sink, g->start);
    lgi_chain_begin_at(&chain, g->top, (uintptr_t)g->sp, g->bounds.high, g->fake_stack);
    lgi_chain_visit(&chain, print_pending_call, dump->sink);
}

/* A thread, of itself. */
static void print_self(struct lgi_g *g, void *data)
{
    const struct dump *dump = data;
    struct lgi_frames frames;
    struct lgi_chain chain;
    print_heading(dump->sink, g);
    lgi_frames_note(&frames);
    lgi_print_frames(dump->sink, &frames);
    if (g->start)
        print_origin(dump->sink, g->start);
    lgi_chain_begin(&chain);
    lgi_chain_visit(&chain, print_pending_call, dump->sink);
}

static void print_thread(struct lgi_g *g, void *data)
{
    struct dump *dump = data;
    if (!count(dump) || lgi_thread_ask(g, print_self, dump, lgi_real_now() + BUSY_AFTER))
        return;
    char text[512];
    lgi_g_describe(g, text, sizeof(text));
    lgi_print(dump->sink, "\n%s, running on a thread of its own\n", text);
}

static void print_starting_thread(const struct lgi_task *start, void *data)
{
    struct dump *dump = data;
    if (!count(dump))
        return;
    char text[512];
    lgi_task_describe(start, text, sizeof(text));
    lgi_print(dump->sink, "\n%s, whose thread has not begun\n", text);
}

static void print_busy_goroutine(const struct lgi_g *g, void *data)
{
    struct dump *dump = data;
    if (!count(dump))
        return;
    print_heading(dump->sink, g);
    print_origin(dump->sink, g->start);
}

static void print_busy_worker(struct lgi_worker *worker, void *data)
{
    struct dump *dump = data;
    lgi_print(dump->sink,
              "\nOne of the following keeps worker %u busy: their stacks cannot be seen.\n",
              worker->number);
    lgi_peek_worker(worker, print_busy_goroutine, dump);
}

static void print_unstarted(struct dump *dump, struct lgi_run_queue *starts)
{
    /* Not under the lock, which is for a few instructions: what is copied is written afterwards. */
    enum { AT_MOST = 100 };
    struct lgi_task some[AT_MOST];
    size_t copied = 0, all = 0;
    lgi_lock(&starts->lock);
    for (const struct lgi_task *start = starts->first; start; start = start->next, all++) {
        if (copied < AT_MOST && copied < dump->left)
            some[copied++] = *start;
    }
    lgi_unlock(&starts->lock);
    for (size_t i = 0; i < copied; i++) {
        char text[512];
        lgi_task_describe(&some[i], text, sizeof(text));
        lgi_print(dump->sink, "\n%s, has not started\n", text);
    }
    dump->left -= copied;
    dump->more += all - copied;
}

/* Nothing else is there in a forked child. */
static void print_caller(struct dump *dump)
{
    print_self(lgi_self(), dump);
}

static void print_all(void *data)
{
    struct dump *dump = data;
    if (lgi_forked) {
        print_caller(dump);
        return;
    }
    struct lgi_g *main = __atomic_load_n(&lgi_main, __ATOMIC_ACQUIRE);
    unsigned workers = lgi_worker_count();

    if (main)
        lgi_thread_ask(main, print_self, dump, lgi_real_now() + BUSY_AFTER);
    lgi_threads_visit(print_starting_thread, print_thread, dump);
    lgi_workers_visit(print_standing, print_busy_worker, dump, dump->patience);
    print_unstarted(dump, &lgi_injected);
    for (unsigned i = 0; i < workers; i++) {
        print_unstarted(dump, &lgi_workers[i]->starts);
        lgi_worker_wake(lgi_workers[i]);
    }
    if (dump->more > 0)
        lgi_print(dump->sink, "\n… and %zu more\n", dump->more);
}

void lgi_dump_goroutines(struct lgi_sink *sink, size_t most, lg_duration patience)
{
    struct dump dump = {.sink = sink, .left = most, .patience = patience};
    struct lgi_shield before = lgi_shield_begin(); /* it writes with locks held */
    lgi_with_room(print_all, &dump);
    lgi_shield_end(&before);
}

void lg_goroutine_print(FILE *stream)
{
    struct lgi_stream to = lgi_stream(stream, 0);
    lgi_dump_goroutines(&to.sink, SIZE_MAX, BUSY_AFTER);
}
