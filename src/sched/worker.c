#define _GNU_SOURCE
#include "sched/worker.h"

#include <errno.h>

#include "defer/call.h"
#include "defer/hooks.h"
#include "defer/layout.h"
#include "error/keep_errno.h"
#include "sched/fiber.h"
#include "sched/hooks.h"
#include "sched/idle.h"
#include "sched/instrument.h"
#include "sched/ready.h"
#include "sched/runtime.h"
#include "sched/shortage.h"
#include "sched/switch.h"
#include "sched/ticks.h"
#include "sched/visit.h"
#include "time/clock.h"

__thread struct lgi_worker *lgi_worker;
__thread struct lgi_g *lgi_current;
__thread uint64_t lgi_identity;
LGI_LAYOUT_NOTE(LGI_LAYOUT_GOROUTINES, lgi_goroutine_layout);

enum {
    CHECK_EVERY_US = 50
}; /* for timers and descriptors, when there is always something to run */

/* ---- switching ---- */

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
        lgi_fiber_bury(w);
}

/* ---- what to run next ---- */

static void lgi_fiber_main(void *argument);

static inline void check_timers_and_descriptors(struct lgi_worker *w)
{
    if (lgi_timers_next(&w->timers) != LG_DURATION_MAX)
        lgi_timers_run(&w->timers, lgi_real_now());
    if (w->fd_waiters > 0)
        lgi_sched_hooks.poll(w, 0);
}

/* Begins a goroutine. NULL: none waits to begin, or there is no memory for its stack. */
static struct lgi_g *begin(struct lgi_worker *w)
{
    struct lgi_task *start = lgi_next_task(w);
    if (!start)
        return NULL;
    struct lgi_g *g = lgi_fiber_new(w, start, lgi_fiber_main);
    if (g)
        lgi_set_short(w, false);
    else
        lgi_put_off(w, start);
    return g;
}

/* Moves to the ready queue what others have made ready since the last step. */
static inline void collect(struct lgi_worker *w)
{
    if (__builtin_expect(!lgi_inbox_is_empty(w), 0))
        lgi_inbox_empty(w);
    if (lgi_timers_next(&w->timers) == LG_DURATION_MAX && w->fd_waiters == 0)
        return;
    uint64_t now = lgi_ticks();
    if (now - w->checked > CHECK_EVERY_US * lgi_ticks_a_us) {
        w->checked = now;
        check_timers_and_descriptors(w);
    }
}

/* Is there something to do on the thread's own stack? */
static inline bool is_needed(struct lgi_worker *w)
{
    if (__builtin_expect(lgi_is_asked(&w->asked, __ATOMIC_RELAXED), 0))
        return true;
    if (__builtin_expect(!lgi_cxx_came(&w->cxx), 1))
        return false;
    if (lgi_current != &w->native)
        w->cxx_owner = lgi_current;
    return true;
}

/* What runs next; the thread's own stack if there is no goroutine to run, or something to do there. Goroutines that may go
 * on and goroutines that begin alternate. */
static struct lgi_g *choose(struct lgi_worker *w)
{
    w->steps++;
    collect(w);
    if (is_needed(w))
        return &w->native;
    struct lgi_g *g = NULL;
    bool some_wait = (!lgi_is_short(w) || w->steps % LGI_INJECTED_FIRST_EVERY == 0) &&
                     lgi_run_queue_count(&w->starts) + lgi_run_queue_count(&lgi_injected) > 0;
    if (some_wait && w->steps % 2 == 0)
        g = begin(w);
    if (!g)
        g = lgi_ready_pop(w);
    if (!g && some_wait)
        g = begin(w);
    return g ? g : &w->native;
}

/* ---- leaving and coming back ---- */

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
    lgi_ready_push(g->worker, g);
    g->worker->steps |=
        1; /* the next step begins a goroutine: the caller may be the only one that has begun */
    leave(g);
}

/* The usual wait, in one function: after a switch the processor mispredicts every return up to the one who called for
 * it, which takes longer than what is done here. */
uint32_t lgi_park(struct lgi_g *g, lg_until until)
{
    if (!g->worker || until.lgi_deadline != LG_DURATION_MAX || until.lgi_done ||
        __builtin_expect(__atomic_load_n(&g->stop, __ATOMIC_RELAXED) ||
                             __atomic_load_n(&lgi_special_waits, __ATOMIC_RELAXED),
                         0))
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

/* Begins the next goroutine on the stack of the one that has ended, unless something else is to run first. */
static bool begin_here(struct lgi_worker *w, struct lgi_g *g)
{
    if (w->ready || !lgi_inbox_is_empty(w) || lgi_is_asked(&w->asked, __ATOMIC_RELAXED))
        return false;
    if (++w->steps % 64 == 0)
        return false; /* choose() checks the timers */
    struct lgi_task *start = lgi_next_task(w);
    if (!start)
        return false;
    if (start->stack_class != g->stack_class) {
        lgi_run_queue_put_back(&w->starts, start);
        return false;
    }
    uint64_t identity = lgi_stack_next_identity(g->bounds.high);
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
    struct lgi_g *guard __attribute__((cleanup(lgi_refuse_thread_exit))) = g;
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
        lgi_fiber_bury(g->worker);
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

/* ---- calls on the thread's own stack ---- */

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

/* Makes the call that the goroutine which was just left wants, and goes back to the goroutine. */
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
static void adopt_cxx(struct lgi_worker *w)
{
    unsigned known = w->cxx.count;
    struct lgi_g *owner = w->cxx_owner;
    lgi_cxx_find(&w->cxx);
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
    lgi_worker_thread_begin(w);
    lgi_idle_thread_begin(w);
    for (;;) {
        lgi_worker_answer(w);
        if (lgi_cxx_came(&w->cxx))
            adopt_cxx(w);
        struct lgi_g *g = choose(w);
        if (g != &w->native) {
            change(w, &w->native, g);
            while (w->errand)
                run_errand(w);
        } else if (!lgi_is_asked(&w->asked, __ATOMIC_SEQ_CST) && !lgi_cxx_came(&w->cxx)) {
            lgi_worker_idle(w);
            adopt_cxx(w);
        }
    }
    return NULL;
}
