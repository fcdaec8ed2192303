/* The public functions of shutdown.h. The coordinator does the work (coordinator.c). */
#define _GNU_SOURCE
#include <lifoguard/close.h>
#include <lifoguard/defer.h>
#include <lifoguard/io.h>
#include <lifoguard/panic.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "closers/own_fd.h"
#include "closers/shield.h"
#include "defer/layout.h"
#include "error/escape.h"
#include "error/keep_errno.h"
#include "error/ordering.h"
#include "poll/poll.h"
#include "sched/bubble.h"
#include "sched/futex.h"
#include "sched/make_thread.h"
#include "sched/park.h"
#include "sched/runtime.h"
#include "shutdown/internal.h"

#define DEFAULT_BUDGET (25 * LG_SECOND)
#define DEFAULT_REPEAT_WINDOW (LG_SECOND / 2)

const char *const lgi_needs_none[1] = {NULL};

/* ---- making and freeing ---- */

struct lgi_list lgi_shutdowns;
LGI_LAYOUT_NOTE(LGI_LAYOUT_SHUTDOWNS, lgi_shutdown_layout);
static pthread_mutex_t shutdowns_lock = PTHREAD_MUTEX_INITIALIZER;

static void lock_shutdowns(void)
{
    pthread_mutex_lock(&shutdowns_lock);
}

static void unlock_shutdowns(void)
{
    pthread_mutex_unlock(&shutdowns_lock);
}

/* The stages are the parent's: the child will not stop them, so its list does not have them. That is said to whoever calls for
 * one of its shutdowns, so such a call must not wait for a lock that a thread of the parent held. */
static void forget_parents(void)
{
    for (struct lgi_link *link = lgi_shutdowns.first; link; link = link->next)
        pthread_mutex_init(&LGI_HOLDER(link, lg_shutdown, link)->lock, NULL);
    lgi_shutdowns = (struct lgi_list){NULL, NULL};
    unlock_shutdowns();
}

/* A child must find the lock free. (No other lock is taken under this one.) */
__attribute__((constructor)) static void lock_at_fork(void)
{
    pthread_atfork(lock_shutdowns, unlock_shutdowns, forget_parents);
}

static void enlist(lg_shutdown *s)
{
    lock_shutdowns();
    lgi_list_add(&lgi_shutdowns, &s->link);
    unlock_shutdowns();
}

static void strike_off(lg_shutdown *s)
{
    lock_shutdowns();
    lgi_list_remove(&lgi_shutdowns, &s->link);
    unlock_shutdowns();
}

void lgi_shutdown_let_go(lg_shutdown *s)
{
    lgi_releases(&s->holders);
    if (__atomic_sub_fetch(&s->holders, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    lgi_acquired(&s->holders);
    LGI_KEEP_ERRNO;
    strike_off(s);
    for (size_t i = 0; i < s->order.count; i++)
        free(s->order.nodes[i].stage);
    lgi_order_free(&s->order);
    lg_error_free(s->error);
    lg_context_free(s->context);
    lg_context_free(s->fallback);
    if (s->wake[0] >= 0)
        lgi_close_event(s->wake);
    if (s->asked[0] >= 0)
        lgi_close_event(s->asked);
    pthread_cond_destroy(&s->offer);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

void lgi_shutdown_wake(lg_shutdown *s)
{
    if (s->bubble)
        lg_semaphore_release(&s->wakes, 1);
    lgi_event_signal(s->wake[1]);
}

static void sleep_until(lg_shutdown *s, lg_time until)
{
    if (s->bubble) {
        lg_error_free(lg_semaphore_acquire_until(&s->wakes, 1, lg_until_deadline(until)));
        return;
    }
    struct pollfd wake = {.fd = s->wake[0], .events = POLLIN};
    lgi_poll_fds(&wake, 1, until);
    uint64_t count;
    while (read(s->wake[0], &count, sizeof(count)) < 0 && errno == EINTR)
        ;
}

static void coordinate(void *data)
{
    lg_shutdown *s = data;
    for (;;) {
        lg_duration next = lgi_shutdown_step(s);
        pthread_mutex_lock(&s->lock);
        bool over = s->over;
        pthread_mutex_unlock(&s->lock);
        if (over)
            break;
        sleep_until(s, next);
    }
}

static void *coordinator_main(void *data)
{
    lg_shutdown *s = data;
    pthread_setname_np(pthread_self(), "lg-shutdown");
    lgi_shutdown_work(s, coordinate);
    lgi_shutdown_let_go(s);
    return NULL;
}

int lgi_shutdown_thread(lg_shutdown *s, pthread_t *thread, void *(*work)(void *s))
{
    __atomic_fetch_add(&s->holders, 1, __ATOMIC_RELAXED);
    if (s->bubble)
        lgi_bubble_add(s->bubble);
    int failed = lgi_make_thread(thread, 0, work, s);
    if (failed) {
        __atomic_fetch_sub(&s->holders, 1, __ATOMIC_RELAXED);
        if (s->bubble)
            lgi_bubble_remove(s->bubble);
    }
    return failed;
}

void lgi_shutdown_work(lg_shutdown *s, void (*work)(void *s))
{
    if (s->bubble)
        lgi_bubble_call(s->bubble, work, s);
    else
        work(s);
}

static void catch(lg_panic_info *panic, lg_error **error)
{
    if (lg_recover(panic))
        *error = lg_panic_take_error(panic);
}

/* Contexts panic if they cannot be made. */
static lg_error *make_contexts(lg_shutdown *s)
{
    lg_func_recovers (lg_error *, err) {
        lg_defer_recover(catch, &err);
        s->context = lg_context_with_cancel(lg_context_background());
        s->fallback = lg_context_with_cancel(lg_context_background());
        lg_return(NULL);
    }
}

static lg_error *handle_signals(lg_shutdown *s)
{
    static const int usual[] = {SIGINT, SIGTERM, 0};
    const int *signals = s->options.signals ? s->options.signals : usual;
    uint64_t set = 0;
    for (; *signals && !s->options.no_signals; signals++) {
        if (*signals < 1 || *signals > 64)
            return lg_error_new_code(EINVAL, "signal %d", *signals);
        set |= UINT64_C(1) << (*signals - 1);
    }
    if (!set)
        return NULL;
    s->watch = (struct lgi_signal_watch){.signals = set, .got = lgi_shutdown_on_signal};
    lg_error *error = lgi_signals_watch(&s->watch);
    s->watching = !error;
    return error;
}

static void leave_signals(lg_shutdown *s)
{
    if (s->watching)
        lgi_signals_unwatch(&s->watch);
    s->watching = false;
}

static lg_error *start_threads(lg_shutdown *s)
{
    pthread_sigmask(SIG_SETMASK, NULL, &s->mask);
    int failed = lgi_shutdown_thread(s, &s->thread, coordinator_main);
    return failed ? lg_error_new_code(failed, "a thread for shutting down") : NULL;
}

static lg_error *make(lg_shutdown *s)
{
    lg_error *error = make_contexts(s);
    if (error)
        return error;
    if (lgi_own_event(s->wake) != 0 || lgi_own_event(s->asked) != 0)
        return lg_error_new_errno("an event");
    error = handle_signals(s);
    if (error)
        return error;
    error = start_threads(s);
    if (error) {
        leave_signals(s);
        return error;
    }
    pthread_mutex_lock(&s->lock);
    bool runner = lgi_runner_add(s);
    pthread_mutex_unlock(&s->lock);
    /* Whoever waits for it is no deadlock: it may always be asked from outside. */
    __atomic_add_fetch(&lgi_outside, 1, __ATOMIC_SEQ_CST);
    return runner ? NULL : lg_error_new_code(EAGAIN, "a thread for stopping");
}

/* Ends the threads; what is left of them is not this one's concern. */
static void disband(lg_shutdown *s)
{
    pthread_mutex_lock(&s->lock);
    s->over = true;
    pthread_cond_broadcast(&s->offer);
    if (s->bubble)
        lg_semaphore_release(&s->offers, __atomic_load_n(&s->holders, __ATOMIC_RELAXED));
    pthread_mutex_unlock(&s->lock);
    leave_signals(s);
    lgi_shutdown_wake(s);
    pthread_join(s->thread, NULL);
    __atomic_sub_fetch(&lgi_outside, 1, __ATOMIC_SEQ_CST);
}

lg_error *lg_shutdown_new(lg_shutdown **shutdown, const lg_shutdown_options *options)
{
    *shutdown = NULL;
    lg_shutdown *s = calloc(1, sizeof(*s));
    if (!s)
        return &lg_error_out_of_memory;
    if (options)
        s->options = *options;
    if (s->options.budget == 0)
        s->options.budget = DEFAULT_BUDGET;
    if (s->options.budget < 0) /* a remaining time that is over */
        s->options.budget = LG_NANOSECOND;
    if (s->options.drain_delay < 0)
        s->options.drain_delay = 0;
    if (s->options.repeat_window == 0)
        s->options.repeat_window = DEFAULT_REPEAT_WINDOW;
    s->bubble = lgi_bubble_of_caller();
    s->owner = getpid();
    s->wake[0] = s->asked[0] = -1;
    s->holders = 1;
    s->offered_end = &s->offered;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->offer, NULL);
    enlist(s);
    lg_error *error = make(s);
    if (!error) {
        *shutdown = s;
        return NULL;
    }
    if (__atomic_load_n(&s->holders, __ATOMIC_RELAXED) > 1)
        disband(s);
    lgi_shutdown_let_go(s);
    return lg_error_wrap(error, "prepare to shut down");
}

/* ---- being asked ---- */

lg_error *lg_shutdown_ready(lg_shutdown *s)
{
    lg_error *error = NULL;
    pthread_mutex_lock(&s->lock);
    bool up = s->phase == LGI_PHASE_UP && !s->request_wanted && !s->stop_wanted;
    if (up) {
        error = lg_readiness_on(s->options.readiness);
        if (!error) {
            s->was_ready = true;
            s->plan_wanted = true;
            lg_notify_ready(s->options.notify, NULL);
        }
    }
    pthread_mutex_unlock(&s->lock);
    if (up)
        lgi_shutdown_wake(s);
    return error;
}

lg_error *lgi_shutdown_cause(lg_shutdown *s)
{
    int signal = lg_shutdown_signal(s);
    return lg_error_wrap(signal ? lgi_signal_error(signal) : lg_error_new(s->reason),
                         "shutting down");
}

void lg_shutdown_request(lg_shutdown *s, const char *reason)
{
    pthread_mutex_lock(&s->lock);
    if (s->phase == LGI_PHASE_UP && !s->request_wanted && !s->stop_wanted) {
        s->request_wanted = true;
        lgi_copy_cut(reason ? reason : "requested", s->reason, sizeof(s->reason));
    }
    pthread_mutex_unlock(&s->lock);
    lgi_shutdown_wake(s);
}

bool lg_shutdown_is_requested(const lg_shutdown *s)
{
    return lg_context_error(s->context) != NULL;
}

int lg_shutdown_fd(const lg_shutdown *s)
{
    return s->asked[0];
}

const lg_context *lg_shutdown_context(const lg_shutdown *s)
{
    return s->context;
}

int lg_shutdown_signal(const lg_shutdown *s)
{
    return __atomic_load_n(&s->signal, __ATOMIC_ACQUIRE);
}

lg_error *lg_shutdown_wait_until(lg_shutdown *s, lg_until until)
{
    /* Main waits in poll(2): ThreadSanitizer hands signals out there, but not to who waits for a futex. */
    if (!lgi_on_fiber(lgi_self()) && !s->bubble) {
        lg_error *error = lg_poll(s->asked[0], POLLIN, until, NULL);
        if (!error || lgi_until_over(until) != LGI_WAITING)
            return error;
        lg_error_free(error); /* no descriptors are left */
    }
    return lg_context_wait_until(s->context, until);
}

void lg_shutdown_wait(lg_shutdown *s)
{
    lg_error_free(lg_shutdown_wait_until(s, lg_until_forever()));
}

/* ---- stopping ---- */

static void wait_until_stopped(lg_shutdown *s)
{
    struct lgi_g *g = lgi_self();
    struct lgi_waiter waiter = {.g = g, .index = LGI_READY};
    if (lgi_done_happened(&s->stopped))
        return;
    lgi_wait_begin(g, "shutdown");
    if (lgi_done_watch(&s->stopped, &waiter))
        lgi_park_through(g);
    else
        (void)lgi_claim(g, LGI_READY);
    lgi_done_unwatch(&s->stopped, &waiter);
}

lg_error *lg_shutdown_stop(lg_shutdown *s)
{
    if (s->owner != getpid())
        return lg_error_new("shutdown in a child after fork: the stages belong to the parent");
    if (lgi_stage_current() == s)
        lg_panic("a stop that calls lg_shutdown_stop would wait for itself");
    LGI_KEEP_ERRNO;
    pthread_mutex_lock(&s->lock);
    s->stop_wanted = true;
    pthread_mutex_unlock(&s->lock);
    lgi_shutdown_wake(s);
    wait_until_stopped(s);
    pthread_mutex_lock(&s->lock);
    lg_error *error = s->error;
    s->error = NULL;
    pthread_mutex_unlock(&s->lock);
    return error;
}

void lg_shutdown_close(lg_shutdown *s, lg_error **result)
{
    if (!s)
        return;
    LGI_KEEP_ERRNO;
    lg_error_join_into(result, lg_shutdown_stop(s));
    if (s->owner == getpid()) {
        struct lgi_shield before = lgi_shield_begin(); /* it waits for a thread */
        disband(s);
        lgi_shutdown_let_go(s);
        lgi_shield_end(&before);
    }
}

size_t lg_shutdown_overrun_count(const lg_shutdown *shutdown)
{
    lg_shutdown *s = (lg_shutdown *)(uintptr_t)shutdown;
    pthread_mutex_lock(&s->lock);
    size_t count = s->overrunning;
    pthread_mutex_unlock(&s->lock);
    return count;
}
