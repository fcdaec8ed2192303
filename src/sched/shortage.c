#include "sched/shortage.h"

#include "sched/fiber.h"

unsigned lgi_short_workers;

void lgi_change_short(struct lgi_worker *w, bool is_short)
{
    __atomic_store_n(&w->short_of_memory, is_short, __ATOMIC_SEQ_CST);
    __atomic_fetch_add(&lgi_short_workers, is_short ? 1 : -1U, __ATOMIC_SEQ_CST);
}

/* (A worker that is about to sleep looks once more when it was nudged.) */
static void nudge_workers(bool that_are_short)
{
    for (unsigned i = 0; i < lgi_worker_count(); i++)
        if (lgi_is_short(lgi_workers[i]) == that_are_short)
            lgi_worker_nudge(lgi_workers[i]);
}

void lgi_wake_short_workers(void)
{
    nudge_workers(true);
}

void lgi_put_off(struct lgi_worker *w, struct lgi_task *task)
{
    lgi_set_short(w, true);
    lgi_run_queue_put_back(&w->starts, task);
    nudge_workers(false); /* they give back the stacks that they keep */
}

/* Finds, among all goroutines that wait to begin, one for whose stack there is memory, and puts it first. */
static bool find_possible(struct lgi_worker *w)
{
    uint32_t failed = 0; /* stack classes */
    for (unsigned left = lgi_tasks_waiting(w); left > 0; left--) {
        struct lgi_task *task = lgi_next_task(w);
        if (!task)
            break;
        uint32_t class_ = UINT32_C(1) << task->stack_class;
        if (!(failed & class_) && lgi_fiber_possible(w, task->stack_class)) {
            lgi_run_queue_put_back(&w->starts, task);
            return true;
        }
        failed |= class_;
        lgi_run_queue_put_own(&w->starts, task);
    }
    return false;
}

bool lgi_shortage_is_over(struct lgi_worker *w)
{
    if (!lgi_is_short(w))
        return false;
    bool found = find_possible(w);
    lgi_set_short(w, !found && lgi_run_queue_count(&w->starts) > 0);
    return found;
}
