/* Tasks (goroutine.h) that are kept to be used again. Each worker keeps one or two magazines of them; a worker that has too
 * many gives a full one to a depot that all share, and a worker that has none takes one from there. So the goroutines that
 * one worker makes and another runs do not come by way of malloc, where the two would wait for each other's locks; and those that
 * threads of the program make do not fill the depot. */
#ifndef LGI_SCHED_TASK_POOL_H
#define LGI_SCHED_TASK_POOL_H

#include "sched/goroutine.h"
#include "sched/worker.h"

enum { LGI_TASKS_IN_MAGAZINE = 1024 };

/* These two when the worker's first magazine is full, and when it is empty: there is room in it then; or whether there is
 * a task in it. */
void lgi_tasks_make_room(struct lgi_worker *w);
bool lgi_tasks_refill(struct lgi_worker *w);

/* For a thread that is no worker: one from the depot. NULL: there is none. */
struct lgi_task *lgi_tasks_take_loose(void);

/* NULL: the first magazine is empty. */
static inline struct lgi_task *lgi_tasks_take(struct lgi_worker *w)
{
    struct lgi_task *task = w->tasks.first;
    if (task) {
        w->tasks.first = task->next;
        w->tasks.count--;
    }
    return task;
}

static inline void lgi_tasks_keep(struct lgi_worker *w, struct lgi_task *task)
{
    if (__builtin_expect(w->tasks.count == LGI_TASKS_IN_MAGAZINE, 0))
        lgi_tasks_make_room(w);
    task->next = w->tasks.first;
    w->tasks.first = task;
    w->tasks.count++;
}

#endif
