/* Goroutines with a thread of their own: all that waits and wakes treats them as threads of the program. */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "sched/runtime.h"

static struct {
    pthread_mutex_t lock;
    struct lgi_g *first;
    size_t count;
} threads = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void enlist(struct lgi_g *g)
{
    pthread_mutex_lock(&threads.lock);
    g->all_previous = NULL;
    g->all_next = threads.first;
    if (threads.first)
        threads.first->all_previous = g;
    threads.first = g;
    pthread_mutex_unlock(&threads.lock);
}

/* However the thread ends. */
static void end(struct lgi_g **guard)
{
    struct lgi_g *g = *guard;
    struct lgi_start *start = g->start;
    if (lgi_thread.unwinding && lgi_thread.unwinding->panic)
        return; /* nothing has stopped it: the report will say who it was, and end the process */
    pthread_mutex_lock(&threads.lock);
    *(g->all_previous ? &g->all_previous->all_next : &threads.first) = g->all_next;
    if (g->all_next)
        g->all_next->all_previous = g->all_previous;
    threads.count--;
    g->start = NULL;
    pthread_mutex_unlock(&threads.lock);
    lgi_start_free(start);
}

static void *thread_main(void *argument)
{
    struct lgi_g *g = lgi_self();
    struct lgi_g *guard __attribute__((cleanup(end))) = g;
    pthread_setname_np(pthread_self(), "lg-thread");
    g->start = argument;
    enlist(g);
    lgi_start_run(g->start);
    return NULL;
}

bool lgi_thread_start(struct lgi_start *start)
{
    pthread_t thread;
    pthread_attr_t attributes;
    sigset_t all, before;

    if (!lgi_workers_begin() || pthread_attr_init(&attributes) != 0)
        return false;
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    /* By default as large as other threads'. */
    size_t size = lgi_stack_size(start->stack_class);
    if (start->stack_class != (unsigned)lgi_stack_class(0) && size >= (size_t)PTHREAD_STACK_MIN)
        pthread_attr_setstacksize(&attributes, size);
    pthread_mutex_lock(&threads.lock);
    threads.count++;
    pthread_mutex_unlock(&threads.lock);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&thread, &attributes, thread_main, start);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    if (failed) {
        pthread_mutex_lock(&threads.lock);
        threads.count--;
        pthread_mutex_unlock(&threads.lock);
    }
    return !failed;
}

size_t lgi_threads_count(void)
{
    pthread_mutex_lock(&threads.lock);
    size_t count = threads.count;
    pthread_mutex_unlock(&threads.lock);
    return count;
}

void lgi_threads_visit(void (*visit)(struct lgi_g *g, void *data), void *data)
{
    pthread_mutex_lock(&threads.lock);
    for (struct lgi_g *g = threads.first; g; g = g->all_next)
        visit(g, data);
    pthread_mutex_unlock(&threads.lock);
}
