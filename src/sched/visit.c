#include "sched/visit.h"

#include <pthread.h>
#include <time.h>

#include "sched/fiber.h"
#include "sched/futex.h"
#include "sched/runtime.h"
#include "time/clock.h"

static struct {
    pthread_mutex_t lock;
    void (*visit)(struct lgi_g *g, void *data);
    void *data;
} request = {.lock = PTHREAD_MUTEX_INITIALIZER};

struct visitor {
    struct lgi_worker *worker;
    void (*visit)(struct lgi_g *g, void *data);
    void *data;
    lg_time until;
    bool done;
};

#if defined(__clang__)
/* The stacks of other workers change meanwhile; but not the field by which they are found to be others'. */
__attribute__((disable_sanitizer_instrumentation))
#endif
static bool is_mine(const struct lgi_worker *w, const struct lgi_g *g)
{
    return __atomic_load_n(&g->worker, __ATOMIC_RELAXED) == w && g->state != LGI_G_NONE;
}

static void visit_mine(void *high, void *data)
{
    const struct visitor *visitor = data;
    struct lgi_g *g = lgi_g_of_stack(high);
    if (is_mine(visitor->worker, g))
        visitor->visit(g, visitor->data);
}

void lgi_worker_answer(struct lgi_worker *w)
{
    if (!lgi_answer_begin(&w->asked))
        return;
    struct visitor visitor = {.worker = w, .visit = request.visit, .data = request.data};
    lgi_stacks_visit(visit_mine, &visitor);
    lgi_answer_end(&w->asked);
}

/* A worker that sleeps, or has been woken and waits for a processor, is not busy: it will answer. */
static bool sleeps(struct lgi_worker *w)
{
    return atomic_load(&w->naps) % 2 != 0;
}

/* False: the worker was busy until `until`, or for as long since it woke. */
static bool ask(struct lgi_worker *w, lg_time until)
{
    const lg_duration patience = lgi_time_left(until);
    lgi_ask(&w->asked);
    lgi_worker_wake(w);
    while (lgi_is_asked(&w->asked, __ATOMIC_SEQ_CST) && lgi_real_now() < until) {
        lgi_futex_wait(&w->asked, LGI_ASKED, until);
        if (sleeps(w))
            until = lgi_time_in(patience);
    }
    return lgi_ask_end(&w->asked);
}

/* The holder of the lock may be asking the calling worker. */
static void lock_request(void)
{
    while (pthread_mutex_trylock(&request.lock) != 0) {
        if (lgi_worker)
            lgi_worker_answer(lgi_worker);
        nanosleep(&(struct timespec){.tv_nsec = 20000}, NULL);
    }
}

/* On a thread's own stack. */
static void visit_worker(void *data)
{
    struct visitor *visitor = data;
    if (visitor->worker == lgi_worker) {
        lgi_stacks_visit(visit_mine, visitor);
        visitor->done = true;
        return;
    }
    lock_request();
    request.visit = visitor->visit;
    request.data = visitor->data;
    visitor->done = ask(visitor->worker, visitor->until);
    pthread_mutex_unlock(&request.lock);
}

bool lgi_worker_visit(struct lgi_worker *w, void (*visit)(struct lgi_g *g, void *data), void *data,
                      lg_time until)
{
    struct visitor visitor = {.worker = w, .visit = visit, .data = data, .until = until};
    lgi_with_room(visit_worker, &visitor);
    return visitor.done;
}

void lgi_workers_visit(void (*visit)(struct lgi_g *g, void *data),
                       void (*busy)(struct lgi_worker *worker, void *data), void *data,
                       lg_duration for_each)
{
    unsigned count = lgi_worker_count();
    for (unsigned i = 0; i < count; i++) {
        if (!lgi_worker_visit(lgi_workers[i], visit, data, lgi_time_in(for_each)))
            busy(lgi_workers[i], data);
    }
}
