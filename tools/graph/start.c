/* When a job starts: once all that it needs is settled, and a command may run. Until then a job is an entry in a queue, and has no
 * goroutine: so a graph of thousands of jobs begins at once, and needs the stacks of those that run. */
#include "work.h"

/* A job with locks takes these first, on its own, so as not to keep a slot from others while it waits for them. */
static bool slot_comes_first(const struct work *work)
{
    return work->job->step_count && !work->job->locks.count;
}

static void start(struct work *work)
{
    struct engine *engine = work->engine;
    if (slot_comes_first(work))
        lg_chan_send(engine->startable, work);
    else
        lg_group_go(engine->group, work_live, work);
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

/* A goroutine's function. In a run that is stopped there are no slots: what is left finds that out itself, and is cancelled. */
static void start_with_slots(struct engine *engine)
{
    struct work *work;
    while (lg_chan_recv(engine->startable, &work)) {
        work->has_slot = slots_take(engine);
        lg_group_go(engine->group, work_live, work);
    }
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
    lg_group_go(group, start_with_slots, engine);
    for (size_t i = 0; i < graph->count; i++)
        if (graph->jobs[i]->wanted && !graph->jobs[i]->need_count)
            start(graph->jobs[i]->work);
}
