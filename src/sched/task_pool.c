#include "sched/task_pool.h"

#include <stdlib.h>

#include "sched/lock.h"

enum { MAGAZINES_KEPT = 64 };

/* Full magazines, each as its first task, whose `owner` is the next magazine. */
static struct {
    uint32_t lock;
    struct lgi_task *first; /* written atomically */
    unsigned count;
    bool
        freeing; /* some worker frees those that are too many: one at a time, because of malloc's locks */
    struct lgi_task
        *loose; /* what is left of a magazine, for threads that are no workers; atomic */
} depot;

/* Under the lock; NULL: there is none. */
static struct lgi_task *take(void)
{
    struct lgi_task *magazine = depot.first;
    if (magazine) {
        __atomic_store_n(&depot.first, magazine->owner, __ATOMIC_RELAXED);
        depot.count--;
    }
    return magazine;
}

/* Under the lock; NULL: there are not too many. */
static struct lgi_task *take_surplus(void)
{
    return depot.count > MAGAZINES_KEPT ? take() : NULL;
}

static void free_all(struct lgi_task *magazine)
{
    while (magazine) {
        struct lgi_task *next = magazine->next;
        free(magazine);
        magazine = next;
    }
}

/* Under the lock, which is not held in between. */
static void free_surplus(void)
{
    struct lgi_task *surplus;
    if (depot.freeing)
        return;
    depot.freeing = true;
    while ((surplus = take_surplus())) {
        lgi_unlock(&depot.lock);
        free_all(surplus);
        lgi_lock(&depot.lock);
    }
    depot.freeing = false;
}

static void give(struct lgi_task *magazine)
{
    lgi_lock(&depot.lock);
    magazine->owner = depot.first;
    __atomic_store_n(&depot.first, magazine, __ATOMIC_RELAXED);
    depot.count++;
    free_surplus();
    lgi_unlock(&depot.lock);
}

void lgi_tasks_make_room(struct lgi_worker *w)
{
    if (w->full_tasks)
        give(w->full_tasks);
    w->full_tasks = w->tasks.first;
    w->tasks.first = NULL;
    w->tasks.count = 0;
}

struct lgi_task *lgi_tasks_take_loose(void)
{
    if (!__atomic_load_n(&depot.loose, __ATOMIC_RELAXED) &&
        !__atomic_load_n(&depot.first, __ATOMIC_RELAXED))
        return NULL;
    lgi_lock(&depot.lock);
    struct lgi_task *task = depot.loose ? depot.loose : take();
    if (task)
        __atomic_store_n(&depot.loose, task->next, __ATOMIC_RELAXED);
    lgi_unlock(&depot.lock);
    return task;
}

static struct lgi_task *take_full(struct lgi_worker *w)
{
    struct lgi_task *magazine = w->full_tasks;
    w->full_tasks = NULL;
    if (magazine || !__atomic_load_n(&depot.first, __ATOMIC_RELAXED))
        return magazine;
    lgi_lock(&depot.lock);
    magazine = take();
    lgi_unlock(&depot.lock);
    return magazine;
}

bool lgi_tasks_refill(struct lgi_worker *w)
{
    struct lgi_task *magazine = take_full(w);
    if (!magazine)
        return false;
    w->tasks.first = magazine;
    w->tasks.count = LGI_TASKS_IN_MAGAZINE;
    return true;
}
