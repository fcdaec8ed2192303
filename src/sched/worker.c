#define _GNU_SOURCE
#include "sched/worker.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "error/keep_errno.h"
#include "sched/futex.h"
#include "sched/hooks.h"
#include "sched/identity.h"
#include "sched/instrument.h"
#include "sched/run_queue.h"
#include "sched/runtime.h"
#include "sched/switch.h"
#include "time/clock.h"

__thread struct lgi_worker *lgi_worker;
__thread struct lgi_g *lgi_current;
__thread uint64_t lgi_identity;

enum {
    LOOK_EVERY_US = 50,    /* at timers and descriptors, when there is always something to run */
    SPIN_US = 10,          /* before a worker sleeps */
    WATCH_LEAST_US = 50,   /* how often the watcher looks, when it has found something … */
    WATCH_MOST_US = 10000, /* … and when it has not, for long */
    TRY_AGAIN_US = 10000,  /* whether there is memory for a stack */
    LATE_US = 1000,        /* a timer is overdue: its worker is busy */
    INJECTED_FIRST_EVERY = 61,
    STACKS_KEPT = 256,    /* by a worker, of each size */
    GIVEN_AT_ONCE = 32,   /* of those too many, before it looks for something to run */
    GIVE_BACK_EVERY = 64, /* when it always has something to run */
};

/* Of a worker's `asked`. */
enum { NOT_ASKED, ASKED, ANSWERING, ANSWERED };

/* ---- the processor's clock: cheap to read, of a rate that does not matter much ---- */

static inline uint64_t ticks(void)
{
#if defined(__x86_64__)
    return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
    uint64_t value;
    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(value));
    return value;
#else
    return (uint64_t)lg_now();
#endif
}

static uint64_t ticks_a_us = 1;

void lgi_measure_ticks(void)
{
    lg_time start = lg_now();
    uint64_t first = ticks();
    while (lg_now() - start < 20 * LG_MICROSECOND)
        lgi_pause();
    uint64_t us = (uint64_t)(lg_now() - start) / 1000;
    ticks_a_us = (ticks() - first) / us;
    if (ticks_a_us == 0)
        ticks_a_us = 1;
}

/* ---- what goes on a queue ---- */

static inline void enqueue(struct lgi_worker *w, struct lgi_g *g)
{
    g->next = NULL;
    *w->ready_end = g;
    w->ready_end = &g->next;
    g->state = LGI_G_RUNNABLE;
}

static inline struct lgi_g *dequeue(struct lgi_worker *w)
{
    struct lgi_g *g = w->ready;
    if (!g)
        return NULL;
    struct lgi_g *next = w->ready = g->next;
    if (!next) {
        w->ready_end = &w->ready;
    } else {
        /* Many that wake at once have long been out of the cache. */
        __builtin_prefetch(next->sp);
        __builtin_prefetch(next->next);
    }
    return g;
}

void lgi_worker_wake(struct lgi_worker *w)
{
    if (w == lgi_worker || atomic_load(&w->state) == LGI_W_AWAKE)
        return;
    uint32_t how = atomic_exchange(&w->state, LGI_W_AWAKE);
    if (how == LGI_W_ON_FUTEX)
        lgi_futex_wake(&w->state, 1);
    else if (how == LGI_W_ON_EPOLL)
        lgi_sched_hooks.poll_wake(w);
}

void lgi_worker_nudge(struct lgi_worker *w)
{
    atomic_store(&w->nudged, true);
    lgi_worker_wake(w);
}

void lgi_worker_ready(struct lgi_g *g)
{
    struct lgi_worker *w = g->worker;
    if (w == lgi_worker) {
        enqueue(w, g);
        return;
    }
    struct lgi_g *head = atomic_load_explicit(&w->inbox, memory_order_relaxed);
    do
        g->next = head;
    while (!atomic_compare_exchange_weak(&w->inbox, &head, g));
    lgi_worker_wake(w);
}

static void empty_inbox(struct lgi_worker *w)
{
    struct lgi_g *g = atomic_exchange_explicit(&w->inbox, NULL, memory_order_acquire);
    struct lgi_g *oldest = NULL;
    while (g) { /* the newest is first */
        struct lgi_g *next = g->next;
        g->next = oldest;
        oldest = g;
        g = next;
    }
    while (oldest) {
        struct lgi_g *next = oldest->next;
        enqueue(w, oldest);
        oldest = next;
    }
}

static inline void look(struct lgi_worker *w)
{
    if (lgi_timers_next(&w->timers) != LG_DURATION_MAX)
        lgi_timers_run(&w->timers, lg_now());
    if (w->fd_waiters > 0)
        lgi_sched_hooks.poll(w, 0);
}

/* ---- no memory for a stack ---- */

static _Atomic unsigned short_workers; /* that are short of memory for a stack */

static bool is_short(const struct lgi_worker *w)
{
    return __atomic_load_n(&w->short_of_memory, __ATOMIC_RELAXED);
}

static void set_short(struct lgi_worker *w, bool is_short_now)
{
    if (is_short(w) == is_short_now)
        return;
    __atomic_store_n(&w->short_of_memory, is_short_now, __ATOMIC_SEQ_CST);
    atomic_fetch_add(&short_workers, is_short_now ? 1 : -1U);
}

static bool some_are_short(void)
{
    return atomic_load_explicit(&short_workers, memory_order_relaxed) > 0;
}

/* ---- switching ---- */

/* The goroutine that was left for good. Its stack is the next to be used. Giving its memory back takes longer than all
 * else: that is for when there is nothing to do, and else for a few of those too many. */
static void bury(struct lgi_worker *w)
{
    struct lgi_g *g = w->dead;
    struct lgi_stack_cache *cache = &w->stacks[g->stack_class];
    void *high = (void *)g->bounds.high;
    w->dead = NULL;
    if (g->tsan_fiber)
        __tsan_destroy_fiber(g->tsan_fiber);
    if ((cache->count >= STACKS_KEPT && w->turn % GIVE_BACK_EVERY == 0) || some_are_short()) {
        lgi_stack_end(high)->next = NULL;
        lgi_stacks_give(high);
        return;
    }
    lgi_stack_end(high)->next = cache->first;
    cache->first = high;
    cache->count++;
}

static void look_at_short_workers(void)
{
    for (unsigned i = 0; i < lgi_worker_count(); i++)
        if (is_short(lgi_workers[i]))
            lgi_worker_wake(lgi_workers[i]);
}

/* Gives back some stacks of those too many, the oldest last; false if there are none. */
static bool give_back(struct lgi_worker *w)
{
    for (unsigned class_ = 0; class_ < LGI_STACK_CLASSES; class_++) {
        struct lgi_stack_cache *cache = &w->stacks[class_];
        unsigned kept = some_are_short() ? 0 : STACKS_KEPT;
        unsigned count = cache->count > kept ? cache->count - kept : 0;
        if (count == 0)
            continue;
        if (count > GIVEN_AT_ONCE)
            count = GIVEN_AT_ONCE;
        void *first = cache->first, **link = &cache->first;
        for (unsigned i = 0; i < count; i++)
            link = &lgi_stack_end(*link)->next;
        cache->first = *link;
        *link = NULL;
        cache->count -= count;
        lgi_stacks_give(first);
        if (kept == 0)
            look_at_short_workers();
        return true;
    }
    return false;
}

/* All that belongs to a stack, besides the switch itself. */
static inline __attribute__((always_inline)) void change_state(struct lgi_worker *w,
                                                               struct lgi_g *from, struct lgi_g *to)
{
    from->top = lgi_top;
    from->unwinding = lgi_thread.unwinding;
    from->catcher = lgi_thread.catcher;
    from->skipped = lgi_thread.skipped;
    lgi_top = to->top;
    lgi_thread.unwinding = to->unwinding;
    lgi_thread.catcher = to->catcher;
    lgi_thread.skipped = to->skipped;
    lgi_thread.bounds = to->bounds.high ? &to->bounds : NULL;
    for (unsigned i = 0; i < w->cxx.count; i++) {
        from->cxx[i] = *w->cxx.at[i];
        *w->cxx.at[i] = to->cxx[i];
    }
    w->current = to;
    lgi_current = to;
    lgi_identity = to->identity;
    to->state = LGI_G_RUNNING;
    if (to->tsan_fiber)
        __tsan_switch_to_fiber(to->tsan_fiber, 0);
    if (__sanitizer_start_switch_fiber) {
        const struct lgi_stack_bounds *bounds = to == &w->native ? &w->native_bounds : &to->bounds;
        __sanitizer_start_switch_fiber(w->dead ? NULL : &from->fake_stack, (void *)bounds->low,
                                       bounds->high - bounds->low);
    }
}

/* From one stack to the other; returns when something changes back. */
static inline __attribute__((always_inline)) void change(struct lgi_worker *w, struct lgi_g *from,
                                                         struct lgi_g *to)
{
    bool begins = to->state == LGI_G_NONE;
    change_state(w, from, to);
    if (begins)
        lgi_switch_first(&from->sp, to->sp);
    else
        lgi_switch(&from->sp, to->sp);
    if (__sanitizer_finish_switch_fiber)
        __sanitizer_finish_switch_fiber(from->fake_stack, NULL, NULL);
    if (w->dead)
        bury(w);
}

static void lgi_fiber_main(void *argument);

/* (A memset of the whole becomes a `rep stos`, which takes longer than everything else here.) */
static inline void clear(struct lgi_g *g)
{
    enum { LINE = 64 };
    for (size_t at = 0; at < offsetof(struct lgi_g, name); at += LINE)
        memset((char *)g + at, 0, LINE);
}

struct lgi_g *lgi_g_of_stack(void *high)
{
    uintptr_t at = (uintptr_t)lgi_stack_end(high) - sizeof(struct lgi_g);
    return (struct lgi_g *)(at & ~(uintptr_t)(LGI_G_ALIGNMENT - 1));
}

static char *stack_of_class(struct lgi_worker *w, unsigned class_)
{
    struct lgi_stack_cache *cache = &w->stacks[class_];
    char *high = cache->first;
    if (!high)
        return lgi_stack_take(class_);
    cache->first = lgi_stack_end(high)->next;
    cache->count--;
    return high;
}

static inline uint64_t next_identity(const char *high)
{
    struct lgi_stack_end *end = (struct lgi_stack_end *)(uintptr_t)high - 1;
    uint64_t next = lgi_identity_next(end->identity);
    if (next != 0)
        end->identity = next;
    return next;
}

/* A stack for a goroutine that begins. NULL: out of memory. */
static struct lgi_g *new_fiber(struct lgi_worker *w, struct lgi_task *start)
{
    size_t size = lgi_stack_size(start->stack_class);
    char *high;
    uint64_t identity;
    do { /* one that has had its last identity is left alone */
        high = stack_of_class(w, start->stack_class);
        if (!high)
            return NULL;
    } while ((identity = next_identity(high)) == 0);
    struct lgi_g *g = lgi_g_of_stack(high);
    if (__asan_unpoison_memory_region)
        __asan_unpoison_memory_region(high - size, size);
    clear(g);
    g->worker = w;
    __atomic_store_n(&g->identity, identity, __ATOMIC_RELAXED);
    g->start = start;
    g->stack_class = start->stack_class;
    g->claim = LGI_READY;
    g->stop = lgi_is_exiting();
    g->bounds = (struct lgi_stack_bounds){(uintptr_t)high - size, (uintptr_t)high};
    g->sp = lgi_stack_prepare(g, lgi_fiber_main, g);
    if (__tsan_create_fiber)
        g->tsan_fiber = __tsan_create_fiber(0);
    __atomic_store_n(&w->alive, w->alive + 1, __ATOMIC_RELAXED);
    return g;
}

/* ---- what to run next ---- */

static bool may_start(const struct lgi_worker *w)
{
    return w->number < lgi_workers_wanted();
}

static inline struct lgi_task *next_task(struct lgi_worker *w)
{
    struct lgi_task *start = NULL;
    if (w->turn % INJECTED_FIRST_EVERY != 0)
        start = lgi_run_queue_take(&w->starts);
    if (!start && lgi_run_queue_count(&lgi_injected) > 0 && may_start(w))
        start = lgi_run_queue_take(&lgi_injected);
    return start ? start : lgi_run_queue_take(&w->starts);
}

/* There was no memory for its stack. There may be when another goroutine has ended, or after some time; other workers give
 * back the stacks that they keep. */
static void put_off(struct lgi_worker *w, struct lgi_task *start)
{
    set_short(w, true);
    lgi_run_queue_put_back(&w->starts, start);
    for (unsigned i = 0; i < lgi_worker_count(); i++)
        if (!is_short(lgi_workers[i]))
            lgi_worker_wake(lgi_workers[i]);
}

/* Begins a goroutine, if there is one to begin. */
static struct lgi_g *begin(struct lgi_worker *w)
{
    struct lgi_task *start = next_task(w);
    if (!start)
        return NULL;
    struct lgi_g *g = new_fiber(w, start);
    if (g)
        set_short(w, false);
    else
        put_off(w, start);
    return g;
}

/* What is to run next; the thread's own stack if there is nothing, or something that is done there. Those that may go on
 * and those that have not started take turns. */
static struct lgi_g *choose(struct lgi_worker *w)
{
    w->turn++;
    if (__builtin_expect(atomic_load_explicit(&w->inbox, memory_order_relaxed) != NULL, 0))
        empty_inbox(w);
    if (lgi_timers_next(&w->timers) != LG_DURATION_MAX || w->fd_waiters > 0) {
        uint64_t now = ticks();
        if (now - w->looked > LOOK_EVERY_US * ticks_a_us) {
            w->looked = now;
            look(w);
        }
    }
    if (__builtin_expect(atomic_load_explicit(&w->asked, memory_order_relaxed) == ASKED, 0))
        return &w->native;
    if (__builtin_expect(lgi_cxx_came(&w->cxx), 0)) {
        if (lgi_current != &w->native)
            w->cxx_owner = lgi_current;
        return &w->native;
    }
    struct lgi_g *g = NULL;
    bool some_wait = (!is_short(w) || w->turn % INJECTED_FIRST_EVERY == 0) &&
                     lgi_run_queue_count(&w->starts) + lgi_run_queue_count(&lgi_injected) > 0;
    if (some_wait && w->turn % 2 == 0)
        g = begin(w);
    if (!g)
        g = dequeue(w);
    if (!g && some_wait)
        g = begin(w);
    return g ? g : &w->native;
}

/* Others run; when the goroutine goes on, errno is as it was (G6). */
static inline void leave(struct lgi_g *g)
{
    struct lgi_worker *w = g->worker;
    int errno_value = *w->errno_value;
    struct lgi_g *next = choose(w);
    if (next != g)
        change(w, g, next);
    *w->errno_value = errno_value;
    g->state = LGI_G_RUNNING;
}

void lgi_worker_leave(struct lgi_g *g)
{
    leave(g);
}

void lgi_worker_yield(struct lgi_g *g)
{
    enqueue(g->worker, g);
    g->worker->turn |= 1; /* new ones first: the caller may be the only one that has started */
    leave(g);
}

/* The usual wait, in one function: after a switch the processor mispredicts every return up to the one who called for
 * it, which takes longer than what is done here. */
uint32_t lgi_park(struct lgi_g *g, lg_until until)
{
    if (!g->worker || until.lgi_deadline != LG_DURATION_MAX || until.lgi_done ||
        __builtin_expect(__atomic_load_n(&g->stop, __ATOMIC_RELAXED) || lgi_forked, 0))
        return lgi_park_otherwise(g, until);
    g->has_deadline = false;
    g->may_be_stopped = !g->stopped;
    g->state = LGI_G_PARKED;
    leave(g);
    g->waits_for = NULL;
    lgi_acquired(&g->claim);
    return __atomic_load_n(&g->claim, __ATOMIC_ACQUIRE);
}

/* ---- beginning and end ---- */

/* The next goroutine runs on the same stack, if nothing else has its turn. */
static bool begin_here(struct lgi_worker *w, struct lgi_g *g)
{
    if (w->ready || atomic_load_explicit(&w->inbox, memory_order_relaxed) ||
        atomic_load_explicit(&w->asked, memory_order_relaxed) == ASKED)
        return false;
    if (++w->turn % 64 == 0)
        return false; /* time to look at timers */
    struct lgi_task *start = next_task(w);
    if (!start)
        return false;
    if (start->stack_class != g->stack_class) {
        lgi_run_queue_put_back(&w->starts, start);
        return false;
    }
    uint64_t identity = next_identity((const char *)g->bounds.high);
    if (identity == 0) {
        lgi_run_queue_put_back(&w->starts, start);
        return false;
    }
    __atomic_store_n(&g->identity, identity, __ATOMIC_RELAXED);
    lgi_identity = identity;
    g->start = start;
    g->stop = lgi_is_exiting();
    g->stopped = false;
    lgi_float_at_start();
    return true;
}

/* pthread_exit unwinds through here, and nothing else that ends the goroutine does not come back here. */
static void refuse_thread_exit(struct lgi_g **g)
{
    if (*g && !lgi_thread.unwinding)
        lgi_fatal(NULL,
                  "pthread_exit in a goroutine: it would end a thread that others run on; call "
                  "lg_goexit");
}

/* (To a stack that begins, this costs a wrong prediction.) */
static void end(struct lgi_g *g)
{
    struct lgi_worker *w = g->worker;
    __atomic_store_n(&w->alive, w->alive - 1, __ATOMIC_RELAXED);
    struct lgi_g *next = choose(w);
    g->state = LGI_G_NONE;
    __atomic_store_n(&g->identity, 0, __ATOMIC_RELAXED);
    w->dead = g;
    change_state(w, g, next);
    lgi_switch_last(next->sp);
}

static __attribute__((noinline)) void lgi_fiber_run(struct lgi_g *g)
{
    struct lgi_g *guard __attribute__((cleanup(refuse_thread_exit))) = g;
    do {
        struct lgi_task *start = g->start;
        lgi_task_run(start);
        lgi_task_free(start);
        lgi_thread.skipped = 0;
    } while (begin_here(g->worker, g));
    guard = NULL;
    g->start = NULL;
}

/* Ends in a jump, not a call: switch_x86_64.S says why. */
static void lgi_fiber_main(void *argument)
{
    struct lgi_g *g = argument;
    if (__sanitizer_finish_switch_fiber)
        __sanitizer_finish_switch_fiber(NULL, NULL, NULL);
    if (g->worker->dead)
        bury(g->worker);
    lgi_fiber_run(g);
    end(g);
}

void lgi_worker_end(struct lgi_g *g)
{
    struct lgi_task *start = g->start;
    g->start = NULL;
    if (start)
        lgi_task_free(start);
    end(g);
    __builtin_unreachable();
}

/* ---- idling ---- */

static _Atomic unsigned awake;               /* workers */
static _Atomic(struct lgi_worker *) watcher; /* asleep for a short time only */
static _Atomic bool kick = true;             /* the next lg_go should wake somebody to watch */
static _Atomic(struct lgi_worker *) spinner; /* one at a time */

bool lgi_all_asleep(void)
{
    return atomic_load(&awake) == 0;
}

static bool has_work(struct lgi_worker *w)
{
    return w->ready || atomic_load(&w->inbox) || atomic_load(&w->asked) == ASKED ||
           (!is_short(w) && (lgi_run_queue_count(&w->starts) > 0 ||
                             (lgi_run_queue_count(&lgi_injected) > 0 && may_start(w))));
}

static bool has_stack(struct lgi_worker *w, unsigned class_)
{
    struct lgi_stack_cache *cache = &w->stacks[class_];
    if (cache->first)
        return true;
    void *high = lgi_stack_take(class_);
    if (!high)
        return false;
    lgi_stack_end(high)->next = NULL;
    cache->first = high;
    cache->count++;
    return true;
}

/* Is there memory now, for any of those that wait? They keep their order, but for the one that there is. */
static bool try_again(struct lgi_worker *w)
{
    uint32_t failed = 0; /* classes */
    if (!is_short(w))
        return false;
    for (unsigned left = lgi_run_queue_count(&w->starts) + lgi_run_queue_count(&lgi_injected);
         left > 0; left--) {
        struct lgi_task *start = next_task(w);
        if (!start)
            break;
        uint32_t class_ = UINT32_C(1) << start->stack_class;
        if (!(failed & class_) && has_stack(w, start->stack_class)) {
            lgi_run_queue_put_back(&w->starts, start);
            set_short(w, false);
            return true;
        }
        failed |= class_;
        lgi_run_queue_put(&w->starts, start);
    }
    set_short(w, lgi_run_queue_count(&w->starts) > 0);
    return false;
}

static bool spin(struct lgi_worker *w)
{
    struct lgi_worker *none = NULL;
    /* (What comes from descriptors would not be seen.) */
    if (w->fd_waiters > 0 || !lgi_may_spin() || !atomic_compare_exchange_strong(&spinner, &none, w))
        return false;
    bool found = false;
    uint64_t start = ticks();
    while (!(found = has_work(w)) && ticks() - start < SPIN_US * ticks_a_us)
        lgi_pause();
    atomic_store(&spinner, NULL);
    return found;
}

/* Wakes some worker, if one sleeps. */
static bool wake_one(void)
{
    unsigned count = lgi_worker_count();
    for (unsigned i = 0; i < count; i++) {
        struct lgi_worker *w = lgi_workers[i];
        /* (Not a mere load: if it is awake, its going to sleep comes after, and it sees what was put in a queue.) */
        if (w != lgi_worker && may_start(w) && atomic_fetch_or(&w->state, 0) != LGI_W_AWAKE) {
            lgi_worker_wake(w);
            return true;
        }
    }
    return false;
}

void lgi_task_enqueued(bool by_worker)
{
    if (by_worker &&
        (!atomic_load_explicit(&kick, memory_order_relaxed) || !atomic_exchange(&kick, false)))
        return;
    if (!wake_one())
        lgi_worker_add();
}

/* Takes over goroutines that have been waiting to start since the last time, and timers that nobody runs. Returns
 * whether there was anything that might need it again soon. */
static bool watch(struct lgi_worker *w, struct lgi_seen *seen)
{
    bool busy = false;
    lg_time now = lg_now();
    unsigned count = lgi_worker_count();
    for (unsigned i = 0; i < count; i++) {
        struct lgi_worker *other = lgi_workers[i];
        if (other == w)
            continue;
        unsigned waiting = lgi_run_queue_count(&other->starts);
        unsigned taken = lgi_run_queue_taken(&other->starts);
        if (waiting > 0 && may_start(w) && seen[i].count > 0 && seen[i].taken == taken)
            lgi_run_queue_steal(&other->starts, &w->starts);
        busy |= waiting > 0 || seen[i].taken != taken;
        seen[i].count = waiting;
        seen[i].taken = taken;
        lg_duration next = lgi_timers_next(&other->timers);
        if (next != LG_DURATION_MAX && next < now - LATE_US * LG_MICROSECOND &&
            atomic_load(&other->state) == LGI_W_AWAKE)
            lgi_timers_run(&other->timers, now);
    }
    return busy;
}

static void sleep_until(struct lgi_worker *w, lg_time until, bool as_last)
{
    uint32_t how = w->fd_waiters > 0 ? LGI_W_ON_EPOLL : LGI_W_ON_FUTEX;
    atomic_exchange(&w->state, how);
    /* Whoever wakes from now on finds somebody to wake, or is seen here: then this one should watch. */
    if (as_last)
        atomic_store(&kick, true);
    if ((as_last && atomic_load(&awake) > 0) || atomic_load(&w->inbox) ||
        atomic_load(&w->asked) == ASKED || atomic_exchange(&w->nudged, false) ||
        (lgi_run_queue_count(&lgi_injected) > 0 && may_start(w) && !is_short(w)) ||
        lgi_timers_next_before_sleep(&w->timers) < until) {
        atomic_store(&w->state, LGI_W_AWAKE);
        return;
    }
    if (how == LGI_W_ON_EPOLL)
        lgi_sched_hooks.poll(w, until);
    else
        lgi_futex_wait(&w->state, LGI_W_ON_FUTEX, until);
    atomic_store(&w->state, LGI_W_AWAKE);
}

/* The watcher has found work: somebody else should watch, or be made to. */
static void another_watcher(struct lgi_worker *w)
{
    if (lgi_run_queue_count(&w->starts) > 0 || lgi_run_queue_count(&lgi_injected) > 0)
        lgi_worker_add();
    if (lgi_worker_count() > 2)
        wake_one();
    atomic_store(&kick, true);
}

/* There is nothing to run: returns when there may be. */
static void idle(struct lgi_worker *w)
{
    lg_duration period = WATCH_LEAST_US * LG_MICROSECOND;
    struct lgi_seen *seen = NULL;

    if (spin(w))
        return;
    for (;;) {
        if (w->fd_waiters > 0)
            lgi_sched_hooks.poll(w, 0);
        lgi_timers_run(&w->timers, lg_now());
        if (try_again(w) || has_work(w))
            break;
        if (give_back(w))
            continue;

        struct lgi_worker *none = NULL;
        bool others = atomic_fetch_sub(&awake, 1) > 1;
        bool watching = others && w->seen && may_start(w) &&
                        (atomic_load(&watcher) == w ||
                         atomic_compare_exchange_strong(&watcher, &none, w));
        lg_time until = lgi_timers_next(&w->timers), now = lg_now();
        if (watching) {
            if (!seen) {
                seen = w->seen;
                memset(seen, 0, LGI_WORKERS_MOST * sizeof(*seen));
                watch(w, seen);
                if (has_work(w)) {
                    atomic_fetch_add(&awake, 1);
                    break;
                }
            }
            if (until > now + period)
                until = now + period;
        }
        if (!watching || period >= WATCH_MOST_US * LG_MICROSECOND)
            atomic_store(&kick, true);
        atomic_fetch_add(&w->naps, 1);
        if (!others && until == LG_DURATION_MAX)
            lgi_sched_hooks.last_asleep(&until);
        if (is_short(w) && until > now + TRY_AGAIN_US * LG_MICROSECOND)
            until = now + TRY_AGAIN_US * LG_MICROSECOND;
        sleep_until(w, until, !others);
        atomic_fetch_add(&awake, 1);
        atomic_fetch_add(&w->naps, 1);
        if (watching && watch(w, seen))
            period = WATCH_LEAST_US * LG_MICROSECOND;
        else if (period < WATCH_MOST_US * LG_MICROSECOND)
            period *= 2;
        if (!watching)
            seen = NULL;
    }
    atomic_fetch_add_explicit(&w->rounds, 1, memory_order_relaxed);
    struct lgi_worker *me = w;
    if (atomic_compare_exchange_strong(&watcher, &me, NULL))
        another_watcher(w);
}

/* ---- asking a worker to do something between two goroutines ---- */

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
/* Stacks of other workers change meanwhile; what tells that they are others' does not. */
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

static void answer(struct lgi_worker *w)
{
    uint32_t asked = ASKED;
    if (!atomic_compare_exchange_strong(&w->asked, &asked, ANSWERING))
        return;
    struct visitor visitor = {.worker = w, .visit = request.visit, .data = request.data};
    lgi_stacks_visit(visit_mine, &visitor);
    atomic_store(&w->asked, ANSWERED);
    lgi_futex_wake(&w->asked, 1);
}

/* False: it is busy, and has not looked in time. */
static bool ask(struct lgi_worker *w, lg_time until)
{
    uint32_t asked = ASKED;
    atomic_store(&w->asked, ASKED);
    lgi_worker_wake(w);
    while (atomic_load(&w->asked) == ASKED && lg_now() < until)
        lgi_futex_wait(&w->asked, ASKED, until);
    if (atomic_compare_exchange_strong(&w->asked, &asked, NOT_ASKED))
        return false;
    while ((asked = atomic_load(&w->asked)) == ANSWERING) /* it has begun, and will finish */
        lgi_futex_wait(&w->asked, ANSWERING, LG_DURATION_MAX);
    atomic_store(&w->asked, NOT_ASKED);
    return true;
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
    /* Whoever has the lock may be asking this worker. */
    while (pthread_mutex_trylock(&request.lock) != 0) {
        if (lgi_worker)
            answer(lgi_worker);
        nanosleep(&(struct timespec){.tv_nsec = 20000}, NULL);
    }
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

void lgi_with_room(void (*function)(void *data), void *data)
{
    struct lgi_g *g = lgi_current;
    struct lgi_worker *w = g ? g->worker : NULL;
    if (!w || g == &w->native) {
        function(data);
        return;
    }
    LGI_KEEP_ERRNO;
    w->errand = function;
    w->errand_data = data;
    w->errand_for = g;
    change(w, g, &w->native);
}

/* What the goroutine asked for that was just left. */
static void run_errand(struct lgi_worker *w)
{
    struct lgi_g *g = w->errand_for;
    void (*errand)(void *data) = w->errand;
    w->errand = NULL;
    errand(w->errand_data);
    w->errand_for = NULL;
    change(w, &w->native, g);
}

/* ---- the thread ---- */

/* What a runtime that was unknown until now has for this thread is the state of the goroutine that was just left. */
static void look_for_cxx(struct lgi_worker *w)
{
    unsigned known = w->cxx.count;
    struct lgi_g *owner = w->cxx_owner;
    lgi_cxx_look(&w->cxx);
    w->cxx_owner = NULL;
    for (unsigned i = known; owner && i < w->cxx.count; i++) {
        owner->cxx[i] = *w->cxx.at[i];
        *w->cxx.at[i] = (struct lgi_cxx_state){0};
    }
}

void *lgi_worker_main(void *argument)
{
    struct lgi_worker *w = argument;
    lgi_worker = w;
    lgi_current = w->current = &w->native;
    lgi_identity = w->native.identity;
    atomic_fetch_add(&awake, 1);
    lgi_worker_thread_begin(w);
    for (;;) {
        if (atomic_load(&w->asked) == ASKED)
            answer(w);
        if (lgi_cxx_came(&w->cxx))
            look_for_cxx(w);
        struct lgi_g *g = choose(w);
        if (g != &w->native) {
            change(w, &w->native, g);
            while (w->errand)
                run_errand(w);
        } else if (atomic_load(&w->asked) != ASKED && !lgi_cxx_came(&w->cxx)) {
            idle(w);
            look_for_cxx(w);
        }
    }
    return NULL;
}
