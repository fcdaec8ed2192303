/* When a job starts: once all that it needs is settled, and a command may run. Until then a job is an entry in a queue, and has no
 * goroutine: so a graph of thousands of jobs begins at once, and needs the stacks of those that run.
 *
 * A job that waits for its dependants to end waits for the jobs in the queue too. So each job that enters the queue also ends, even
 * if memory is too short for its goroutine: such a job has failed. */
#include "work.h"

/* A job with locks takes these first, on its own, so as not to keep a slot from others while it waits for them. */
static bool slot_comes_first(const struct work *work)
{
    return work->job->step_count && !work->job->locks.count;
}

/* Makes the job's goroutine, which begins once it has a stack. */
static void make_goroutine(struct work *work)
{
    const lg_until now = lg_until_now();
    const lg_go_options options = {.until = &now};
    if (!work->has_goroutine)
        work->has_goroutine = !lg_group_go_with(work->engine->group, options, work_live, work);
}

/* The queue has room for all jobs, so nothing here waits, and nothing fails. */
static void start(struct work *work)
{
    struct engine *engine = work->engine;
    if (!slot_comes_first(work))
        make_goroutine(work);
    lg_chan_send(engine->startable, work);
    if (--engine->not_started == 0)
        lg_chan_close(engine->startable);
}

void works_start_after(const struct work *work)
{
    for (size_t i = 0; i < work->job->dependant_count; i++) {
        const struct graph_job *job = work->job->dependants[i];
        if (job->wanted && --job->work->needs_left == 0)
            start(job->work);
    }
}

/* A command that ends by itself, or a cleanup: what ends gives memory back. */
static bool something_will_end(const struct engine *engine)
{
    for (const struct task *task = engine->tasks; task; task = task->next)
        if (!task->lasts)
            return true;
    return engine->holder.running != NULL;
}

/* False: the job has not begun, and will not. */
static bool await_begin(struct work *work)
{
    const lg_duration patience = LG_SECOND;
    lg_time since = lg_now();
    for (lg_duration pause = LG_MILLISECOND;;) {
        make_goroutine(work);
        lg_yield();
        if (work->has_begun)
            return true;
        if (something_will_end(work->engine))
            since = lg_now();
        if (engine_is_stopping(work->engine) || lg_since(since) >= patience)
            return false;
        lg_sleep(pause);
        pause = pause < 50 * LG_MILLISECOND ? 2 * pause : pause;
    }
}

/* In a run that is stopped there are no slots: what is left finds that out itself, and is cancelled. */
static void take_slot(struct work *work)
{
    work->has_slot = slots_take(work->engine);
}

/* Without a slot, for want of memory, the job takes one itself. */
static void start_from_queue(struct work *work)
{
    if (slot_comes_first(work))
        lg_error_free(lg_call_contained(take_slot, work));
    if (!await_begin(work))
        work_end_unbegun(work);
}

static void start_with_slots(struct engine *engine)
{
    struct work *work;
    while (lg_chan_recv(engine->startable, &work))
        start_from_queue(work);
}

void works_start(struct engine *engine, lg_group *group)
{
    const struct graph *graph = engine->graph;
    engine->group = group;
    engine->startable = lg_chan_make(struct work *, graph->count);
    for (size_t i = 0; i < graph->count; i++)
        engine->not_started += graph->jobs[i]->wanted;
    if (!engine->not_started)
        return;
    for (size_t i = 0; i < graph->count; i++)
        graph->jobs[i]->work->needs_left = graph->jobs[i]->need_count;
    for (size_t i = 0; i < graph->count; i++)
        if (graph->jobs[i]->wanted && !graph->jobs[i]->need_count)
            start(graph->jobs[i]->work);
    start_with_slots(engine);
}
