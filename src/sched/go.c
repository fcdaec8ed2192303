/* Making goroutines, and what they do besides waiting. */
#include <lifoguard/go.h>

#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "defer/call.h"
#include "defer/hooks.h"
#include "sched/bubble.h"
#include "sched/make_thread.h"
#include "sched/runtime.h"
#include "sched/task_pool.h"

enum { IDS_AT_ONCE = 64 };

static unsigned default_class; /* plus one; 0: not known yet. Atomic */
static uint64_t ids = 1;       /* atomic */

static uint64_t new_id(struct lgi_worker *w)
{
    if (!w)
        return __atomic_fetch_add(&ids, 1, __ATOMIC_RELAXED);
    if (w->next_id == w->last_id) {
        w->next_id = __atomic_fetch_add(&ids, IDS_AT_ONCE, __ATOMIC_RELAXED);
        w->last_id = w->next_id + IDS_AT_ONCE;
    }
    return w->next_id++;
}

static __attribute__((noinline)) unsigned find_default_class(void)
{
    unsigned found = (unsigned)lgi_stack_class(0) + 1, none = 0;
    if (__atomic_compare_exchange_n(&default_class, &none, found, false, __ATOMIC_RELAXED,
                                    __ATOMIC_RELAXED))
        return found - 1;
    return none - 1; /* another thread has set it */
}

static inline unsigned usual_class(void)
{
    unsigned known = __atomic_load_n(&default_class, __ATOMIC_RELAXED);
    return known > 0 ? known - 1 : find_default_class();
}

static unsigned class_for(size_t stack_size)
{
    return stack_size == 0 ? usual_class() : (unsigned)lgi_stack_class(stack_size);
}

/* One by one: all at once they become a `rep stos`, which takes longer than the rest. */
static inline void fill(struct lgi_task *start, struct lgi_worker *w, const struct lgi_site *site,
                        lgi_function function, const uintptr_t *words)
{
    start->site = site;
    start->function = function;
    start->run = NULL;
    start->drop = NULL;
    start->owner = NULL;
    start->drop_argument = NULL;
    start->name = NULL;
    start->id = new_id(w);
    for (unsigned i = 0; i < site->count; i++)
        start->word[i] = words[i];
    start->starter = lgi_current && lgi_current->start ? lgi_current->start->id : 0;
    start->stack_class = usual_class();
    start->bubble = NULL;
    if (lgi_bubbles_exist())
        lgi_bubble_adopt(start, lgi_bubble_of_caller());
}

struct lgi_task *lgi_task_new(const struct lgi_site *site, lgi_function function,
                              const uintptr_t *words)
{
    struct lgi_worker *w = lgi_worker;
    struct lgi_task *start = NULL;
    if (w && (w->tasks.count > 0 || lgi_tasks_refill(w)))
        start = lgi_tasks_take(w);
    else if (!w && !lgi_forked)
        start = lgi_tasks_take_loose();
    /* A goroutine that could not run for want of its stack would be waited for in vain. */
    if (!start && lgi_stack_first(usual_class()))
        start = malloc(sizeof(*start));
    if (start)
        fill(start, w, site, function, words);
    return start;
}

void lgi_task_free(struct lgi_task *start)
{
    struct lgi_worker *w = lgi_worker;
    if (w)
        lgi_tasks_keep(w, start);
    else
        free(start);
}

void lgi_refuse_thread_exit(struct lgi_g **guard)
{
    if (*guard && lgi_on_fiber(*guard) && !lgi_thread.unwinding)
        lgi_fatal(NULL,
                  "pthread_exit in a goroutine: it would end a thread that others run on; call "
                  "lg_goexit");
}

static inline void call(struct lgi_task *start)
{
    if (start->run)
        start->run(start);
    else
        lgi_make_call(start->function, start->word, start->site->count);
}

void lgi_task_run(struct lgi_task *start)
{
    lgi_acquired(start);
    if (__builtin_expect(start->bubble != NULL, 0))
        lgi_bubble_run(start);
    else
        call(start);
    lgi_refuse_end_in_child();
}

void lgi_task_call(struct lgi_task *start)
{
    call(start);
}

void lgi_task_drop(struct lgi_task *start)
{
    lgi_acquired(start);
    if (start->drop)
        start->drop(start);
    if (start->bubble)
        lgi_bubble_withdraw(start);
    lgi_task_free(start);
}

/* Into the queue of the worker; NULL: into the queue that all share. */
static void put(struct lgi_worker *w, struct lgi_task *start)
{
    if (!w) {
        lgi_run_queue_put(&lgi_injected, start);
    } else if (w == lgi_worker) {
        lgi_run_queue_put_own(&w->starts, start);
    } else {
        lgi_run_queue_put(&w->starts, start);
        lgi_worker_wake_for_queue(w);
    }
    lgi_task_enqueued(w != NULL);
}

static void enqueue(struct lgi_worker *worker, struct lgi_task *start)
{
    if (__builtin_expect(start->bubble != NULL, 0))
        lgi_bubble_enter(start);
    if (__builtin_expect(lgi_is_exiting(), 0)) {
        lgi_task_drop(start);
        return;
    }
    lgi_releases(start);
    put(worker, start);
}

bool lgi_task_enqueue(struct lgi_task *start)
{
    if (!lgi_workers_begin())
        return false;
    enqueue(lgi_worker && lgi_may_start(lgi_worker) ? lgi_worker : NULL, start);
    return true;
}

/* ---- placement ---- */

static size_t goroutines_of(const struct lgi_worker *w)
{
    return __atomic_load_n(&w->alive, __ATOMIC_RELAXED) + lgi_run_queue_count(&w->starts);
}

/* NULL: no worker may start goroutines yet. Of many workers only two, which change from call to call, are compared: so the
 * search takes constant time, and does not flock to one worker from all sides. */
static struct lgi_worker *least_loaded(void)
{
    static unsigned calls;
    unsigned count = lgi_worker_count(), wanted = lgi_workers_wanted();
    if (count > wanted)
        count = wanted;
    if (count == 0)
        return NULL;
    unsigned call = __atomic_fetch_add(&calls, 1, __ATOMIC_RELAXED);
    struct lgi_worker *one = lgi_workers[call % count], *other = lgi_workers[(call + 1) % count];
    return goroutines_of(one) <= goroutines_of(other) ? one : other;
}

static bool enqueue_spread(struct lgi_task *start)
{
    if (!lgi_workers_begin())
        return false;
    lgi_worker_add(); /* if there are fewer than wanted */
    enqueue(least_loaded(), start);
    return true;
}

#if defined(__clang__)
/* The function's own type is not known here. */
__attribute__((no_sanitize("function", "cfi")))
#endif
void lgi_drop_argument(void (*drop)(void *argument), uintptr_t argument)
{
    drop((void *)argument);
}

static void drop_first(struct lgi_task *start)
{
    lgi_drop_argument(start->drop_argument, start->word[0]);
}

struct lgi_task *lgi_task_make(const struct lgi_site *site, lgi_function function,
                               const uintptr_t *words, const lg_go_options *options)
{
    struct lgi_task *start = lgi_task_new(site, function, words);
    if (!start)
        return NULL;
    start->name = options->name;
    if (options->stack_size > 0)
        start->stack_class = class_for(options->stack_size);
    if (options->free) {
        if (site->count == 0)
            start->word[0] = 0;
        start->drop = drop_first;
        start->drop_argument = options->free;
    }
    return start;
}

const char *lgi_task_misuse(lgi_function function, const lg_go_options *options)
{
    if (!function)
        return "goroutine of a NULL function";
    if (options->stack_size > 0 && lgi_stack_class(options->stack_size) < 0)
        return "a goroutine's stack of more than 1 GB";
    return NULL;
}

bool lgi_task_submit(struct lgi_task *start, const lg_go_options *options)
{
    if (options->thread)
        return lgi_thread_run_task(start);
    if (!lgi_stack_first(start->stack_class))
        return false;
    return options->spread ? enqueue_spread(start) : lgi_task_enqueue(start);
}

static bool take_back(const struct lgi_task *start, uint64_t id)
{
    bool found = lgi_run_queue_remove(&lgi_injected, start, id);
    for (unsigned i = 0; i < lgi_worker_count() && !found; i++)
        found = lgi_run_queue_remove(&lgi_workers[i]->starts, start, id);
    return found;
}

enum lgi_elsewhere lgi_task_begin_elsewhere(struct lgi_task *start, uint64_t id)
{
    /* (Within virtual time all is quiet before a limit comes.) */
    if (lgi_bubbles_exist() || !take_back(start, id))
        return LGI_NOT_FOUND;
    return lgi_thread_run_task(start) ? LGI_BEGUN_ELSEWHERE : LGI_WITHDRAWN;
}

/* The usual case at once: a plain goroutine, started by one that runs on a worker. False: nothing was done. */
static inline bool go_plainly(const struct lgi_site *site, lgi_function function,
                              const uintptr_t *words, const lg_go_options *options)
{
    struct lgi_worker *w = lgi_worker;
    if (!w || !function || options->free || options->name || options->stack_size > 0 ||
        options->thread || options->spread || lgi_is_exiting() || lgi_forked ||
        lgi_bubbles_exist() || !lgi_may_start(w) || !lgi_stack_first(usual_class()))
        return false;
    struct lgi_task *start = lgi_tasks_take(w);
    if (!start)
        return false;
    fill(start, w, site, function, words);
    lgi_releases(start);
    lgi_run_queue_put_own(&w->starts, start);
    lgi_task_enqueued(true);
    return true;
}

static __attribute__((noinline)) void go_otherwise(const struct lgi_site *site,
                                                   lgi_function function, const uintptr_t *words,
                                                   const lg_go_options *options)
{
    const char *wrong = lgi_task_misuse(function, options), *why = "";
    if (!wrong) {
        struct lgi_task *start = lgi_task_make(site, function, words, options);
        if (start && lgi_task_submit(start, options))
            return;
        if (start)
            lgi_task_free(start);
        wrong = "out of memory or threads for a goroutine";
        why = lgi_thread_refusal();
    }
    if (options->free)
        lgi_drop_argument(options->free, words[0]);
    lgi_panic(site->file, site->line, "%s%s", wrong, why);
}

void lgi_go(const struct lgi_site *site, lgi_function function, const uintptr_t *words,
            const lg_go_options *options)
{
    if (!go_plainly(site, function, words, options))
        go_otherwise(site, function, words, options);
}

/* ---- the calling one ---- */

void lg_yield(void)
{
    struct lgi_g *g = lgi_self();
    if (lgi_on_fiber(g))
        lgi_worker_yield(g);
    else
        sched_yield();
    if (__builtin_expect(__atomic_load_n(&g->stop, __ATOMIC_RELAXED) && !g->stopped, 0))
        (void)lgi_wait_failed(LGI_STOPPED, lg_until_forever());
}

void lg_sleep(lg_duration duration)
{
    if (duration <= 0) {
        lg_yield();
        return;
    }
    struct lgi_g *g = lgi_self();
    lg_until until = lg_until_timeout(duration);
    lgi_wait_begin(g, "sleep");
    uint32_t claim = lgi_park(g, until);
    if (claim != LGI_TIMED_OUT)
        (void)lgi_wait_failed(claim, until);
}

lg_error *lg_sleep_until(lg_duration duration, lg_until until)
{
    lg_until end = lg_until_timeout(duration);
    bool whole = end.lgi_deadline <= until.lgi_deadline;
    if (whole)
        until.lgi_deadline = end.lgi_deadline;
    uint32_t claim = lgi_until_over(until);
    if (claim == LGI_WAITING) {
        struct lgi_g *g = lgi_self();
        lgi_wait_begin(g, "sleep");
        claim = lgi_park(g, until);
    }
    return claim == LGI_TIMED_OUT && whole ? NULL : lgi_wait_failed(claim, until);
}

uint64_t lg_goroutine_id(void)
{
    struct lgi_g *g = lgi_current;
    return g && g->start ? g->start->id : 0;
}

lg_error *lg_set_stack_size(size_t bytes)
{
    int class_ = lgi_stack_class(bytes);
    if (class_ < 0)
        return lg_error_newf("a goroutine's stack of %zu bytes: 1 GB is the most", bytes);
    __atomic_store_n(&default_class, bytes == 0 ? 0 : (unsigned)class_ + 1, __ATOMIC_RELAXED);
    return NULL;
}
