#include "group/member.h"

#include "defer/call.h"
#include "defer/thread.h"
#include "report/capture.h"
#include "sched/runtime.h"

/* A member that is being called. */
struct running {
    lg_group *group;
    struct lgi_task *start;
    struct lgi_started *started; /* NULL: nobody waits until it is ready */
    lg_error *error;
    bool reports;
    bool exiting; /* lg_exit was called in it, or has ended it */
};

/* However the member ends. */
static void ended(struct running *running)
{
    const struct lgi_unwinding *u = lgi_thread.unwinding;
    if (u && u->panic)
        return; /* nothing stops it, and the process ends: who waits must not go on */
    lgi_refuse_end_in_child();
    bool starting = running->started && running->started->starting;
    if (running->error && !starting)
        lgi_group_fail(running->group, running->error);
    bool exiting = running->exiting || (u && u->leaving == LGI_EXIT) || lgi_self()->stopped;
    lgi_group_release(running->group, exiting, running->started, running->error);
}

LGI_JUMPS_BEGIN

static void call(struct running *running)
{
    // NOLINTNEXTLINE(clang-analyzer-deadcode.DeadStores): the cleanup reads it, if the thread is ended
    struct lgi_g *guard __attribute__((cleanup(lgi_refuse_thread_exit))) = lgi_self();
    struct lgi_task *start = running->start;
    if (start->drop_argument && lg_group_is_cancelled(running->group)) /* or the start given up */
        lgi_drop_argument(start->drop_argument, start->word[0]);
    else if (running->reports)
        running->error = lgi_make_call_reporting(start->function, start->word, start->site->count);
    else
        lgi_make_call(start->function, start->word, start->site->count);
    guard = NULL;
}

static void call_capturing(struct running *running)
{
    const uintptr_t argument = (uintptr_t)running;
    struct lgi_unwinding *stopped;
    if (!lgi_call_catching(NULL, (lgi_function)call, &argument, 1, &stopped))
        return;
    if (stopped->panic) {
        running->error = lgi_panic_capture(stopped->panic);
        stopped->panic = NULL;
    }
    if (stopped->leaving != LGI_NOT_LEAVING)
        lgi_resume_leaving(stopped);
    lgi_unwinding_free(stopped);
}

static void run(struct lgi_task *start, lg_group *group, struct lgi_started *started, bool reports)
{
    struct running running __attribute__((cleanup(ended))) = {
        .group = group, .start = start, .started = started, .reports = reports};
    if (lgi_group_flag(group, LGI_GROUP_PANICS_EXIT))
        call(&running);
    else
        call_capturing(&running);
}

LGI_JUMPS_END

static void run_reporting(struct lgi_task *start)
{
    run(start, start->owner, NULL, true);
}

static void run_silent(struct lgi_task *start)
{
    run(start, start->owner, NULL, false);
}

/* Until then the owner is the start; from then on the member. */
static void run_started(struct lgi_task *start, bool reports)
{
    struct lgi_starting *starting = start->owner;
    struct lgi_started started;
    lgi_started_begin(&started, starting);
    start->owner = &started;
    run(start, started.group, &started, reports);
}

static void run_started_reporting(struct lgi_task *start)
{
    run_started(start, true);
}

static void run_started_silent(struct lgi_task *start)
{
    run_started(start, false);
}

/* lg_exit has kept it from starting. */
static void drop(struct lgi_task *start)
{
    if (start->drop_argument)
        lgi_drop_argument(start->drop_argument, start->word[0]);
    lgi_group_release(start->owner, true, NULL, NULL);
}

static void drop_started(struct lgi_task *start)
{
    struct lgi_starting *starting = start->owner;
    lg_group *group = starting->group;
    if (start->drop_argument)
        lgi_drop_argument(start->drop_argument, start->word[0]);
    struct lgi_woken woken = {0};
    lgi_group_set_flag(group, LGI_GROUP_EXITING);
    lgi_group_lock(group);
    lgi_starting_end(starting, &woken);
    lgi_group_unlock(group);
    lgi_unpark_all(&woken);
    lgi_group_release(group, true, NULL, NULL);
}

void lgi_member_prepare(struct lgi_task *start, const struct lgi_member *member,
                        struct lgi_starting *starting)
{
    if (starting) {
        starting->task = start;
        starting->task_id = start->id;
        start->run = member->reports ? run_started_reporting : run_started_silent;
        start->drop = drop_started;
        start->owner = starting;
    } else {
        start->run = member->reports ? run_reporting : run_silent;
        start->drop = drop;
        start->owner = member->group;
    }
}

struct lgi_started *lgi_member_started(const struct lgi_task *start)
{
    return start->drop == drop_started ? start->owner : NULL;
}

lg_group *lgi_member_group(const struct lgi_task *start)
{
    const struct lgi_started *started = lgi_member_started(start);
    if (started)
        return started->group;
    return start->drop == drop ? start->owner : NULL;
}
