/* Starting a member until it is ready. Such a member can be cancelled alone, so it has a struct lgi_done of its own, which also
 * happens when the group is cancelled. */
#include "group/member.h"

#include "error/keep_errno.h"
#include "error/list.h"
#include "sched/bubble.h"
#include "sched/runtime.h"
#include "sched/shortage.h"
#include "time/clock.h"

LG_ERROR_DEFINE(lg_error_member_not_ready, "the member ended before it was ready");

/* ---- the group's members that can be cancelled alone; under its lock ---- */

static void cancel(struct lgi_started *started, struct lgi_woken *woken)
{
    lgi_done_lock(&started->done);
    if (!started->done.happened)
        lgi_done_begin_set(&started->done, &lg_error_cancelled, woken);
    lgi_done_unlock(&started->done);
}

void lgi_group_cancel_started(lg_group *group)
{
    struct lgi_woken woken = {0};
    lgi_group_lock(group);
    for (struct lgi_link *link = group->lgi_started.first; link; link = link->next)
        cancel(LGI_HOLDER(link, struct lgi_started, link), &woken);
    lgi_group_unlock(group);
    lgi_unpark_all(&woken);
}

/* ---- in the member ---- */

void lgi_started_begin(struct lgi_started *started, struct lgi_starting *starting)
{
    *started = (struct lgi_started){.group = starting->group, .starting = starting};
    struct lgi_woken nobody = {0};
    lgi_group_lock(started->group);
    starting->member = started;
    lgi_list_add(&started->group->lgi_started, &started->link);
    if (starting->given_up || lgi_done_happened(lgi_group_done(started->group)))
        cancel(started, &nobody);
    lgi_group_unlock(started->group);
}

void lgi_starting_end(struct lgi_starting *starting, struct lgi_woken *woken)
{
    starting->ended = true;
    lgi_waiters_claim_all(&starting->waiters, 0, woken);
}

void lgi_started_end(struct lgi_started *started, lg_error *error, struct lgi_woken *woken)
{
    lgi_list_remove(&started->group->lgi_started, &started->link);
    if (!started->starting)
        return;
    started->starting->error = error;
    lgi_starting_end(started->starting, woken);
}

/* Returns false if the start was given up. */
static bool become_ready(struct lgi_started *started, struct lgi_woken *woken)
{
    struct lgi_starting *starting = started->starting;
    if (!starting)
        return true;
    if (starting->given_up)
        return false;
    starting->ready = true;
    started->starting = NULL; /* the starter goes on */
    lgi_waiters_claim_all(&starting->waiters, 0, woken);
    return true;
}

bool lg_member_ready(void)
{
    const struct lgi_task *start = lgi_self()->start;
    struct lgi_started *started = start ? lgi_member_started(start) : NULL;
    if (!started)
        return true;
    if (__builtin_expect(lgi_forked, 0)) /* who started it is not there */
        lgi_refuse_after_fork();
    LGI_KEEP_ERRNO;
    struct lgi_woken woken = {0};
    lgi_group_lock(started->group);
    bool ready = become_ready(started, &woken);
    lgi_group_unlock(started->group);
    lgi_unpark_all(&woken);
    return ready;
}

/* A member of a nested group is in the midst of what the outer group's member does. */
struct lgi_done *lgi_group_done_of_caller(lg_group *group)
{
    const struct lgi_task *start = lgi_self()->start;
    while (start) {
        const lg_group *own = lgi_member_group(start);
        struct lgi_started *started = lgi_member_started(start);
        if (own && own == group && started)
            return &started->done;
        start = own && own != group ? own->lgi_within : NULL;
    }
    return lgi_group_done(group);
}

/* ---- in the starter ---- */

static bool is_over(const struct lgi_starting *starting)
{
    return starting->ready || starting->ended;
}

/* A waiter has left the list when its wait ends: whoever claims the wait takes the waiter out, which the checker does not
 * see. NOLINTBEGIN(clang-analyzer-core.StackAddressEscape) */

/* Returns LGI_READY if the member is ready or has ended, or why the wait ended before. */
static uint32_t wait(struct lgi_starting *starting, lg_until until)
{
    struct lgi_g *g = lgi_self();
    struct lgi_waiter waiter = {.g = g};
    lg_group *group = starting->group;
    lgi_group_lock(group);
    uint32_t claim = is_over(starting) ? LGI_READY : lgi_until_over(until);
    if (claim != LGI_WAITING) {
        lgi_group_unlock(group);
        return claim;
    }
    lgi_wait_begin(g, "member to be ready");
    lgi_waiters_push(&starting->waiters, &waiter);
    lgi_group_unlock(group);
    claim = lgi_park(g, until);
    if (claim >= LGI_READY)
        return claim;
    lgi_group_lock(group);
    lgi_waiters_remove(&starting->waiters, &waiter);
    lgi_group_unlock(group);
    return claim;
}

/* Nothing but the deadline interrupts this wait. False: that has come. */
static bool wait_through(struct lgi_starting *starting, lg_time deadline)
{
    struct lgi_g *g = lgi_self();
    struct lgi_waiter waiter = {.g = g};
    lg_group *group = starting->group;
    lgi_group_lock(group);
    if (is_over(starting)) {
        lgi_group_unlock(group);
        return true;
    }
    lgi_wait_begin(g, "member that was not ready in time");
    lgi_waiters_push(&starting->waiters, &waiter);
    lgi_group_unlock(group);
    if (lgi_park_through_until(g, deadline) >= LGI_READY)
        return true;
    lgi_group_lock(group);
    lgi_waiters_remove(&starting->waiters, &waiter);
    lgi_group_unlock(group);
    return false;
}
/* NOLINTEND(clang-analyzer-core.StackAddressEscape) */

static bool has_begun(const struct lgi_starting *starting)
{
    lgi_group_lock(starting->group);
    bool begun = starting->member || starting->ended;
    lgi_group_unlock(starting->group);
    return begun;
}

/* There is neither a stack nor a thread for the member: it never begins. */
static void withdraw(struct lgi_starting *starting)
{
    struct lgi_task *task = starting->task;
    if (task->drop_argument)
        lgi_drop_argument(task->drop_argument, task->word[0]);
    lgi_task_free(task);
    lgi_group_lock(starting->group);
    starting->ended = true;
    starting->error = &lg_error_out_of_memory;
    lgi_group_unlock(starting->group);
    lgi_group_release(starting->group, false, NULL, NULL);
}

/* A member that was not found may have been on its way from one queue to another. */
static void begin_elsewhere(struct lgi_starting *starting)
{
    const lg_duration longest = LG_SECOND;
    lg_duration pause = LG_MILLISECOND;
    while (!lgi_bubbles_exist() && !has_begun(starting)) {
        enum lgi_elsewhere what = lgi_task_begin_elsewhere(starting->task, starting->task_id);
        if (what == LGI_WITHDRAWN)
            withdraw(starting);
        if (what != LGI_NOT_FOUND || wait_through(starting, lgi_time_in(pause)))
            return;
        if (pause < longest)
            pause *= 2;
    }
}

/* The limit has come. (A goroutine whose limit has come has a worker, which the member will get too, if there is a stack.) */
static void give_up(struct lgi_starting *starting)
{
    struct lgi_woken woken = {0};
    lgi_group_lock(starting->group);
    bool late = !is_over(starting), begun = starting->member != NULL;
    starting->given_up = late;
    if (late && starting->member)
        cancel(starting->member, &woken);
    lgi_group_unlock(starting->group);
    lgi_unpark_all(&woken);
    if (late && starting->give_up)
        starting->give_up(starting->data);
    if (late && !begun && (!lgi_self()->worker || lgi_some_are_short()))
        begin_elsewhere(starting);
    (void)wait_through(starting, LG_DURATION_MAX);
}

/* The error of a member that was cancelled because the limit came; one that only passes that on says nothing new. */
static lg_error *join_late_error(lg_error *limit, lg_error *of_member)
{
    return of_member == &lg_error_cancelled ? limit : lg_error_join(limit, of_member);
}

/* The cancellation of the whole group stays what it is (G9). */
static lg_error *early_error(struct lgi_starting *starting)
{
    if (!starting->error)
        return &lg_error_member_not_ready;
    if (starting->error == &lg_error_cancelled &&
        lgi_done_happened(lgi_group_done(starting->group)))
        return starting->error;
    return lgi_group_of_member(starting->error);
}

/* Of a member that has ended, or is ready. */
static lg_error *outcome(struct lgi_starting *starting, uint32_t claim, lg_until until)
{
    if (starting->ready)
        return NULL;
    if (!starting->given_up)
        return early_error(starting);
    return join_late_error(lgi_wait_failed(claim, until), starting->error);
}

static lg_error *not_started(uint32_t claim, const uintptr_t *words,
                             const struct lgi_member *member, lg_until until)
{
    lgi_group_drop_argument(words, member);
    if (claim == LGI_GROUP_NO_MEMORY)
        return &lg_error_out_of_memory;
    return claim < LGI_READY ? lgi_wait_failed(claim, until) : &lg_error_cancelled;
}

lg_error *lgi_start_member(const struct lgi_site *site, lgi_function function,
                           const uintptr_t *words, const struct lgi_member *member,
                           struct lgi_starting *starting)
{
    const lg_until until = member->options.until ? *member->options.until : lg_until_forever();
    lgi_group_check(site, function, words, member);
    starting->group = member->group;
    lgi_group_enter(member->group);
    uint32_t claim = lgi_group_begin(site, function, words, member, starting, until);
    if (claim != LGI_READY) {
        lgi_group_leave(member->group);
        return not_started(claim, words, member, until);
    }
    claim = wait(starting, until);
    if (claim < LGI_READY)
        give_up(starting);
    bool exiting = lgi_group_flag(member->group, LGI_GROUP_EXITING) && starting->ended;
    bool stopped = claim == LGI_STOPPED || exiting;
    lg_error *error = stopped ? NULL : outcome(starting, claim, until);
    lgi_group_leave(member->group);
    if (stopped)
        lg_error_free(starting->error);
    if (exiting)
        lgi_group_wait_for_exit();
    if (claim == LGI_STOPPED) /* lg_exit ends the caller; a member that is ready remains */
        (void)lgi_wait_failed(claim, until);
    return error;
}

lg_error *lgi_group_start(const struct lgi_site *site, lgi_function function,
                          const uintptr_t *words, const struct lgi_member *member)
{
    struct lgi_starting starting = {0};
    return lgi_start_member(site, function, words, member, &starting);
}
