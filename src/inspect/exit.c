/* The ends of stacks, and of the process: what lg_exit does to goroutines. */
#include "inspect/exit.h"
#include "inspect/deadlock.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "defer/before_main.h"
#include "defer/exit.h"
#include "defer/hooks.h"
#include "inspect/snapshot.h"
#include "poll/poll.h"
#include "report/hooks.h"
#include "report/report.h"
#include "sched/make_thread.h"
#include "sched/runtime.h"
#include "sched/visit.h"
#include "time/clock.h"

enum {
    TELL_FIRST_MS = 1, /* how long a busy worker is waited for before the next one is told */
    TELL_LAST_MS = 20,
    LOOK_FIRST_US = 20, /* whether all have ended */
    LOOK_LAST_MS = 5,
};

static lg_duration patience = 10 * LG_SECOND; /* atomic */

void lg_set_exit_timeout(lg_duration duration)
{
    __atomic_store_n(&patience, duration < 0 ? 0 : duration, __ATOMIC_RELAXED);
}

static lg_duration least(lg_duration a, lg_duration b)
{
    return a < b ? a : b;
}

/* ---- those that have not started ---- */

static void drop_all(struct lgi_run_queue *starts)
{
    for (struct lgi_task *start; (start = lgi_run_queue_take(starts));)
        lgi_task_drop(start);
}

static void drop_unstarted(void)
{
    drop_all(&lgi_injected);
    unsigned count = lgi_worker_count();
    for (unsigned i = 0; i < count; i++)
        drop_all(&lgi_workers[i]->starts);
}

/* ---- those that have ---- */

/* On its worker, while it does not run. */
static void tell(struct lgi_g *g, void *self)
{
    if (g == self || !g->start)
        return;
    g->stop = true;
    if (g->may_be_stopped && lgi_claim_from_outside(g, LGI_STOPPED))
        lgi_unpark(g);
}

/* It looks itself: only it knows whether its wait may be ended. */
static void tell_thread(struct lgi_g *g, void *self)
{
    if (g == self)
        return;
    __atomic_store_n(&g->stop, true, __ATOMIC_SEQ_CST);
    lgi_thread_recheck(g);
    lgi_poll_recheck(g);
}

/* All workers, however busy some are, until `end`. */
static void tell_all(struct lgi_g *self, lg_time end)
{
    bool told[LGI_WORKERS_MOST] = {false}, all = false;
    lg_duration each = TELL_FIRST_MS * LG_MILLISECOND;
    lgi_threads_visit(NULL, tell_thread, self); /* one that begins later asks by itself */
    while (!all) {
        unsigned count = lgi_worker_count();
        all = true;
        for (unsigned i = 0; i < count; i++) {
            if (!told[i])
                told[i] = lgi_worker_visit(lgi_workers[i], tell, self,
                                           least(lgi_real_now() + each, end));
            all = all && told[i];
        }
        if (lgi_real_now() >= end)
            return;
        each = least(each * 2, TELL_LAST_MS * LG_MILLISECOND);
    }
}

static size_t in_exit; /* atomic: goroutines that have called exit, and wait there for lg_exit */

static size_t others(const struct lgi_g *self)
{
    return lg_goroutine_count() - (self->start != NULL) -
           __atomic_load_n(&in_exit, __ATOMIC_SEQ_CST);
}

/* Waits until they have ended; false: not all until `end`. */
static bool wait_for_them(struct lgi_g *self, lg_time end)
{
    lg_duration pause = LOOK_FIRST_US * LG_MICROSECOND;
    while (others(self) > 0) {
        lg_time now = lgi_real_now();
        if (now >= end)
            return false;
        drop_unstarted(); /* put there by who was just about to when this began */
        lgi_wait_begin(self, "the end of other goroutines");
        (void)lgi_park(self, lg_until_deadline(least(now + pause, end)));
        pause = least(pause * 2, LOOK_LAST_MS * LG_MILLISECOND);
    }
    return true;
}

static void name_those_left(const struct lgi_g *self, lg_duration waited)
{
    struct lgi_snapshot snapshot;
    char text[512];
    lg_duration_format(waited, text, sizeof(text));
    lgi_print(&lgi_to_stderr, "lifoguard: lg_exit has waited %s for goroutines that do not end:\n",
              text);
    if (!lgi_snapshot_take(&snapshot))
        return;
    for (size_t i = 0; i < snapshot.count; i++) {
        if (self->start && snapshot.entries[i].id == self->start->id)
            continue;
        lgi_entry_describe(&snapshot.entries[i], text, sizeof(text));
        lgi_print(&lgi_to_stderr, "    %s\n", text);
    }
    lgi_snapshot_free(&snapshot);
}

/* ---- the process ---- */

static void *exit_main(void *status)
{
    lgi_exit_now((int)(intptr_t)status);
}

/* What is registered with atexit may need more stack than a goroutine has. */
static _Noreturn void exit_elsewhere(struct lgi_g *g, int status)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, exit_main, (void *)(intptr_t)status) != 0)
        lgi_exit_now(status);
    for (;;) {
        lgi_wait_begin(g, "exit");
        lgi_park_through(g);
    }
}

/* lg_exit, when the caller's own stack has been unwound. */
static _Noreturn void exit_all(struct lgi_g *g, int status)
{
    lg_duration begun = lgi_real_now(), limit = __atomic_load_n(&patience, __ATOMIC_RELAXED);
    lg_duration end = lgi_time_add(begun, limit);
    g->stop = g->stopped = true; /* its own waits, in functions that drop, go on */
    drop_unstarted();
    tell_all(g, end);
    if (!wait_for_them(g, end))
        name_those_left(g, limit);
    if (lgi_on_fiber(g))
        exit_elsewhere(g, status);
    lgi_exit_now(status);
}

/* ---- goroutines in exit ---- */

static struct lgi_exit_part *part(void)
{
    struct lgi_g *g = lgi_current;
    return g && lgi_on_fiber(g) ? &g->exit_part : NULL;
}

/* (A goroutine in exit never ends: lg_exit does not wait for it, and ends none of its waits.) */
static void pass_millisecond(void)
{
    struct lgi_g *g = lgi_current;
    if (g && g->start && !g->is_in_exit) {
        g->is_in_exit = true;
        __atomic_store_n(&g->stopped, true, __ATOMIC_RELAXED);
        __atomic_fetch_add(&in_exit, 1, __ATOMIC_SEQ_CST);
    }
    if (!g || !lgi_on_fiber(g) || lgi_forked) {
        usleep(1000);
        return;
    }
    lgi_wait_begin(g, "exit");
    (void)lgi_park(g, lg_until_timeout(LG_MILLISECOND));
}

/* ---- the ends of stacks ---- */

static void stack_ended(enum lgi_leaving leaving, int status)
{
    struct lgi_g *g = lgi_self();
    if (lgi_forked) {
        if (leaving != LGI_EXIT && (lgi_on_fiber(g) || g->start))
            lgi_refuse_end_in_child();
        return;
    }
    if (leaving == LGI_EXIT && __atomic_exchange_n(&lgi_exiting, 1, __ATOMIC_SEQ_CST) == 0)
        exit_all(g, status);
    if (leaving == LGI_EXIT && lgi_exit_is_here()) /* all others have ended already */
        return;
    /* If another has called lg_exit before, this one only ends. */
    if (lgi_on_fiber(g))
        lgi_worker_end(g);
    if (lgi_is_before_main())
        lgi_main_ends_early();
    if (leaving == LGI_EXIT) {
        lgi_outlive_children();
        lgi_end_thread();
    }
}

static size_t describe(char *buffer, size_t size)
{
    return lgi_g_describe(lgi_self(), buffer, size);
}

static size_t began(char *buffer, size_t size)
{
    const struct lgi_g *g = lgi_current;
    return g && g->start ? lgi_task_origin(g->start, buffer, size) : 0;
}

void lgi_exit_connect(void)
{
    lgi_defer_hooks.stack_ended = stack_ended;
    lgi_defer_hooks.exit_part = part;
    lgi_defer_hooks.exit_pause = pass_millisecond;
    lgi_report_hooks.describe = describe;
    lgi_report_hooks.began = began;
}
