#include "sched/visit.h"

#include <pthread.h>

#include "defer/fork.h"
#include "sched/fiber.h"
#include "sched/futex.h"
#include "sched/runtime.h"
#include "time/clock.h"

static struct {
    pthread_mutex_t lock;
    void (*visit)(struct lgi_g *g, void *data);
    void *data;
} request = {.lock = PTHREAD_MUTEX_INITIALIZER};

__attribute__((constructor)) static void register_lock(void)
{
    static struct lgi_free_in_child entry = {.mutex = &request.lock};
    lgi_register_free_in_child(&entry);
}

struct visitor {
    struct lgi_worker *worker;
    void (*visit)(struct lgi_g *g, void *data);
    void *data;
    lg_time until;
    unsigned longer; /* ask */
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

/* How long a worker is waited for. */
struct waiting {
    lg_time until;
    lg_duration patience;
    unsigned
        longer; /* so many times the wait may be prolonged for a worker that has no processor */
    unsigned long ticks; /* how long its thread had run when the wait began */
};

struct lgi_thread_stat (*lgi_visit_thread_stat)(pid_t thread) = lgi_thread_stat;

static struct lgi_thread_stat stat_of(const struct lgi_worker *w)
{
    return lgi_visit_thread_stat(__atomic_load_n(&w->thread_id, __ATOMIC_RELAXED));
}

/* Is the worker's thread not asleep, but has hardly run since the wait began? */
static bool has_no_processor(const struct lgi_worker *w, const struct waiting *waiting)
{
    enum { ENOUGH = 2 }; /* ticks, within which any worker answers that runs no goroutine */
    struct lgi_thread_stat stat = stat_of(w);
    return stat.state == 'R' && stat.ticks < waiting->ticks + ENOUGH;
}

/* Decides, when some time has passed, whether to wait for longer. */
static void extend_patience(struct lgi_worker *w, struct waiting *waiting)
{
    if (sleeps(w)) {
        waiting->until = lgi_time_in(waiting->patience);
    } else if (waiting->longer > 0 && lgi_real_now() >= waiting->until &&
               has_no_processor(w, waiting)) {
        waiting->longer--;
        waiting->until = lgi_time_in(waiting->patience);
    }
}

/* False: the worker was busy until `until`, or for as long since it woke. */
static bool ask(struct lgi_worker *w, lg_time until, unsigned longer)
{
    struct waiting waiting = {until, lgi_time_left(until), longer,
                              longer > 0 ? stat_of(w).ticks : 0};
    lgi_ask(&w->asked);
    lgi_worker_wake(w);
    while (lgi_is_asked(&w->asked, __ATOMIC_SEQ_CST) && lgi_real_now() < waiting.until) {
        lgi_futex_wait(&w->asked, LGI_ASKED, waiting.until);
        extend_patience(w, &waiting);
    }
    return lgi_ask_end(&w->asked);
}

/* The holder of the lock may be asking the calling worker. */
static void lock_request(void)
{
    while (pthread_mutex_trylock(&request.lock) != 0) {
        if (lgi_worker)
            lgi_worker_answer(lgi_worker);
        lgi_nap(20 * LG_MICROSECOND);
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
    visitor->done = ask(visitor->worker, visitor->until, visitor->longer);
    pthread_mutex_unlock(&request.lock);
}

static bool make_visit(struct visitor visitor)
{
    lgi_with_room(visit_worker, &visitor);
    return visitor.done;
}

bool lgi_worker_visit(struct lgi_worker *w, void (*visit)(struct lgi_g *g, void *data), void *data,
                      lg_time until)
{
    return make_visit((struct visitor){.worker = w, .visit = visit, .data = data, .until = until});
}

void lgi_workers_visit(void (*visit)(struct lgi_g *g, void *data),
                       void (*busy)(struct lgi_worker *worker, void *data), void *data,
                       lg_duration for_each)
{
    enum { LONGER = 300 };
    unsigned count = lgi_worker_count();
    for (unsigned i = 0; i < count; i++) {
        struct visitor visitor = {lgi_workers[i],        visit,  data,
                                  lgi_time_in(for_each), LONGER, false};
        if (!make_visit(visitor))
            busy(lgi_workers[i], data);
    }
}
