/* Goroutines with a thread of their own: all that waits and wakes treats them as threads of the program. */
#define _GNU_SOURCE
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>

#include "defer/fork.h"
#include "sched/bubble.h"
#include "sched/futex.h"
#include "sched/hooks.h"
#include "sched/make_thread.h"
#include "sched/request.h"
#include "sched/runtime.h"
#include "time/clock.h"

static struct {
    pthread_mutex_t lock;
    struct lgi_task *starting; /* of those that are being made */
    struct lgi_list all;       /* of struct lgi_g, by thread_link */
    size_t count;              /* of both */
    uint32_t activity;         /* of those that have ended: deadlock.c */
} threads = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* What is asked of threads that wait. */
static struct {
    pthread_mutex_t lock;
    void (*answer)(struct lgi_g *g, void *data);
    void *data;
} request = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* A child does not use the list: its parent's threads are not there, and it can start none. */
__attribute__((constructor)) static void register_locks(void)
{
    static struct lgi_free_in_child entry = {.mutex = &threads.lock},
                                    of_request = {.mutex = &request.lock};
    lgi_register_free_in_child(&entry);
    lgi_register_free_in_child(&of_request);
}

static struct lgi_g *g_of(struct lgi_link *link)
{
    return LGI_HOLDER(link, struct lgi_g, thread_link);
}

static void add_starting(struct lgi_task *start)
{
    pthread_mutex_lock(&threads.lock);
    start->next = threads.starting;
    threads.starting = start;
    threads.count++;
    pthread_mutex_unlock(&threads.lock);
}

/* With the lock. */
static void remove_starting(const struct lgi_task *start)
{
    struct lgi_task **at = &threads.starting;
    while (*at != start)
        at = &(*at)->next;
    *at = start->next;
}

static void withdraw(const struct lgi_task *start)
{
    pthread_mutex_lock(&threads.lock);
    remove_starting(start);
    threads.count--;
    pthread_mutex_unlock(&threads.lock);
}

static void enlist(struct lgi_g *g)
{
    pthread_mutex_lock(&threads.lock);
    remove_starting(g->start);
    lgi_list_add(&threads.all, &g->thread_link);
    pthread_mutex_unlock(&threads.lock);
}

/* (A thread that is about to end the process waits for nothing.) */
static void wait_for_children(void)
{
    const struct lgi_unwinding *u = lgi_thread.unwinding;
    if ((u && u->leaving == LGI_EXIT) || !lgi_has_children())
        return;
    lgi_helper_waits();
    lgi_outlive_children();
    lgi_helper_works();
}

/* Runs in whatever way the thread ends. */
static void end(struct lgi_g **guard)
{
    struct lgi_g *g = *guard;
    struct lgi_task *start = g->start;
    if (lgi_thread.unwinding && lgi_thread.unwinding->panic)
        return; /* nothing has stopped the panic: its report names the goroutine, and ends the process */
    if (lgi_forked && lgi_thread.unwinding && lgi_thread.unwinding->leaving == LGI_EXIT)
        return;
    lgi_refuse_end_in_child();
    pthread_mutex_lock(&threads.lock);
    lgi_list_remove(&threads.all, &g->thread_link);
    threads.count--;
    threads.activity += g->for_ever + 1;
    g->start = NULL;
    pthread_mutex_unlock(&threads.lock);
    lgi_task_free(start);
    lgi_sched_hooks.thread_ends();
    wait_for_children();
}

static void *lgi_thread_main(void *argument)
{
    struct lgi_g *g = lgi_self();
    struct lgi_g *guard __attribute__((cleanup(end), unused)) = g;
    pthread_setname_np(pthread_self(), "lg-thread");
    lgi_take_mask();
    g->start = argument;
    lgi_thread_bounds(&g->bounds);
    lgi_sched_hooks.thread_begins();
    enlist(g);
    if (lgi_is_exiting()) /* the others may have been told already */
        __atomic_store_n(&g->stop, true, __ATOMIC_SEQ_CST);
    lgi_task_run(g->start);
    return NULL;
}

bool lgi_thread_run_task(struct lgi_task *start)
{
    if (!lgi_workers_begin())
        return false;
    if (start->bubble)
        lgi_bubble_enter(start);
    if (lgi_is_exiting()) {
        lgi_task_drop(start);
        return true;
    }
    /* By default as large as other threads'. */
    size_t size = 0;
    if (start->stack_class != (unsigned)lgi_stack_class(0))
        size = lgi_stack_size(start->stack_class);
    if (size < (size_t)PTHREAD_STACK_MIN)
        size = 0;
    add_starting(start);
    int failed = lgi_make_thread(NULL, size, lgi_thread_main, start);
    if (failed) {
        withdraw(start);
        if (start->bubble)
            lgi_bubble_withdraw(start);
    }
    return !failed;
}

/* ---- requests to a thread that waits ---- */

void lgi_thread_answer(struct lgi_g *g)
{
    if (!lgi_answer_begin(&g->asked))
        return;
    request.answer(g, request.data);
    lgi_answer_end(&g->asked);
}

/* A thread that waits will answer, once the kernel gives it a processor. */
static bool ask(struct lgi_g *g, lg_time until)
{
    const lg_duration patience = lgi_time_left(until);
    lgi_ask(&g->asked);
    do {
        lgi_thread_recheck(g);
        lgi_futex_wait(&g->asked, LGI_ASKED, lgi_real_now() + LG_MILLISECOND);
        if (__atomic_load_n(&g->state, __ATOMIC_SEQ_CST) == LGI_G_PARKED)
            until = lgi_time_in(patience);
    } while (lgi_is_asked(&g->asked, __ATOMIC_ACQUIRE) && lgi_real_now() < until);
    return lgi_ask_end(&g->asked);
}

bool lgi_thread_ask(struct lgi_g *g, void (*answer)(struct lgi_g *g, void *data), void *data,
                    lg_time until)
{
    if (g == lgi_current) {
        answer(g, data);
        return true;
    }
    pthread_mutex_lock(&request.lock);
    request.answer = answer;
    request.data = data;
    bool answered = ask(g, until);
    pthread_mutex_unlock(&request.lock);
    return answered;
}

/* ---- all of them ---- */

size_t lgi_threads_count(void)
{
    pthread_mutex_lock(&threads.lock);
    size_t count = threads.count;
    pthread_mutex_unlock(&threads.lock);
    return count;
}

bool lgi_threads_wait(uint64_t *activity)
{
    size_t waiting = 0;
    pthread_mutex_lock(&threads.lock);
    *activity += threads.activity;
    for (struct lgi_link *link = threads.all.first; link; link = link->next)
        waiting += lgi_thread_waits(g_of(link), activity);
    bool all = waiting == threads.count;
    pthread_mutex_unlock(&threads.lock);
    return all;
}

void lgi_threads_visit(void (*starting)(const struct lgi_task *start, void *data),
                       void (*visit)(struct lgi_g *g, void *data), void *data)
{
    pthread_mutex_lock(&threads.lock);
    for (const struct lgi_task *start = threads.starting; starting && start; start = start->next)
        starting(start, data);
    for (struct lgi_link *link = threads.all.first; link; link = link->next)
        visit(g_of(link), data);
    pthread_mutex_unlock(&threads.lock);
}
