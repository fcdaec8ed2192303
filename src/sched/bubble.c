#include "sched/bubble.h"

#include <stdlib.h>
#include <string.h>

#include "sched/identity.h"
#include "sched/lock.h"
#include "sched/runtime.h"

static struct lgi_bubble *free_bubbles;
static uint32_t last_id;
static uint32_t bubbles_lock; /* guards both */

/* ---- the clock ---- */

static lg_time now_of(const struct lgi_bubble *bubble)
{
    return __atomic_load_n(&bubble->now, __ATOMIC_RELAXED);
}

lg_time lgi_bubble_now(void)
{
    const struct lgi_bubble *bubble = lgi_bubble_of_caller();
    return bubble ? now_of(bubble) : lgi_real_now();
}

/* ---- who waits for what ---- */

/* Does the goroutine wait for what somebody outside of the bubble holds? (If nobody holds it, somebody is about to wake the
 * goroutine, who cannot be in the bubble, since all are blocked there.) */
static bool waits_for_outsider(const struct lgi_bubble *bubble, const struct lgi_g *g)
{
    if (!g->durably_blocked || !g->held)
        return false;
    uint64_t holder = __atomic_load_n(g->held, __ATOMIC_RELAXED) & ~LGI_IDENTITY_FLAGS;
    if (!holder)
        return true;
    const struct lgi_g *other = lgi_identity_find(holder);
    return other && __atomic_load_n(&other->bubble, __ATOMIC_RELAXED) != bubble;
}

static struct lgi_g *member_of(struct lgi_link *link)
{
    return LGI_HOLDER(link, struct lgi_g, bubble_link);
}

/* Under the lock. */
static bool some_wait_for_outsiders(const struct lgi_bubble *bubble)
{
    struct lgi_link *link = bubble->held_up > 0 ? bubble->all.first : NULL;
    while (link && !waits_for_outsider(bubble, member_of(link)))
        link = link->next;
    return link != NULL;
}

/* Ends the wait of whoever waits there. The caller unparks the result, if it is not NULL, after the unlock. */
static struct lgi_g *claim(struct lgi_g **there)
{
    struct lgi_g *g = *there;
    *there = NULL;
    return g && lgi_claim(g, LGI_READY) ? g : NULL;
}

static bool wake_waiter(struct lgi_bubble *bubble)
{
    lgi_lock(&bubble->lock);
    struct lgi_g *waiter = claim(&bubble->waiter);
    lgi_unlock(&bubble->lock);
    if (waiter)
        lgi_unpark(waiter);
    return waiter != NULL;
}

/* ---- stopping ---- */

/* Under the lock. Ends the wait of one member that has been told to stop; NULL: there is none. (This takes a channel's lock
 * under the bubble's: no channel wakes anybody under its lock.) */
static struct lgi_g *claim_waiting(struct lgi_bubble *bubble)
{
    for (struct lgi_link *link = bubble->all.first; link; link = link->next) {
        struct lgi_g *g = member_of(link);
        if (g->durably_blocked && __atomic_load_n(&g->stop, __ATOMIC_RELAXED) &&
            __atomic_load_n(&g->may_be_stopped, __ATOMIC_RELAXED) &&
            lgi_claim_from_outside(g, LGI_STOPPED))
            return g;
    }
    return NULL;
}

/* Under the lock. */
static void tell_all(struct lgi_bubble *bubble)
{
    for (struct lgi_link *link = bubble->all.first; link; link = link->next)
        __atomic_store_n(&member_of(link)->stop, true, __ATOMIC_SEQ_CST);
}

/* Ends the wait of a member that lg_exit has told to stop, or is about to tell. False: there is none. */
static bool end_waiting(struct lgi_bubble *bubble)
{
    lgi_lock(&bubble->lock);
    tell_all(bubble);
    struct lgi_g *g = claim_waiting(bubble);
    lgi_unlock(&bubble->lock);
    if (g)
        lgi_unpark(g);
    return g != NULL;
}

/* ---- settling ---- */

/* Nobody in the bubble can run. Returns false if nothing there will ever go on. */
static bool go_on(struct lgi_bubble *bubble)
{
    if ((lgi_is_exiting() || __atomic_load_n(&bubble->exits, __ATOMIC_RELAXED)) &&
        end_waiting(bubble))
        return true;
    lg_time next = lgi_timers_earliest(&bubble->timers), now = now_of(bubble);
    if (next > now && wake_waiter(bubble))
        return true;
    if (next == LG_TIME_MAX || (next > now && __atomic_load_n(&bubble->halted, __ATOMIC_RELAXED)))
        return false;
    if (next > now)
        __atomic_store_n(&bubble->now, now = next, __ATOMIC_RELAXED);
    lgi_timers_run(&bubble->timers, now);
    return true;
}

/* Under the lock, which is released: the caller has ceased to be active. The owner may free the bubble afterwards. */
static void count_out_and_unlock(struct lgi_bubble *bubble)
{
    struct lgi_g *owner = NULL;
    if (--bubble->active == 0) {
        bubble->blocked_at = now_of(bubble);
        lgi_timers_begin_round(&bubble->timers);
    }
    while (bubble->active == 0 && bubble->members > 0 && !bubble->stuck &&
           !some_wait_for_outsiders(bubble)) {
        bubble->active = 1;
        lgi_unlock(&bubble->lock);
        bool goes_on = go_on(bubble);
        lgi_lock(&bubble->lock);
        bubble->stuck = --bubble->active == 0 && !goes_on;
    }
    if (bubble->active == 0 && (bubble->members == 0 || bubble->stuck))
        owner = claim(&bubble->owner);
    lgi_unlock(&bubble->lock);
    if (owner)
        lgi_unpark(owner);
}

/* Under the lock. */
static void count_in(struct lgi_bubble *bubble)
{
    bubble->active++;
    bubble->stuck = false;
}

size_t lgi_bubble_stop(struct lgi_bubble *bubble)
{
    size_t count = 0;
    lgi_lock(&bubble->lock);
    count_in(bubble); /* the caller, so that nobody settles the bubble meanwhile */
    tell_all(bubble);
    for (struct lgi_g *g; (g = claim_waiting(bubble)); count++) {
        lgi_unlock(&bubble->lock);
        lgi_unpark(g);
        lgi_lock(&bubble->lock);
    }
    count_out_and_unlock(bubble);
    return count;
}

/* ---- blocking ---- */

static void set_blocked(struct lgi_g *g, bool blocked)
{
    g->durably_blocked = blocked;
    if (!g->held)
        return;
    if (blocked)
        g->bubble->held_up++;
    else
        g->bubble->held_up--;
}

bool lgi_bubble_block(struct lgi_g *g)
{
    struct lgi_bubble *bubble = g->bubble;
    bool durably = !g->outside;
    lgi_lock(&bubble->lock);
    if (durably) {
        set_blocked(g, true);
        count_out_and_unlock(bubble);
    } else {
        g->blocked_outside = true;
        lgi_unlock(&bubble->lock);
    }
    return durably;
}

void lgi_bubble_unblocked(struct lgi_g *g, bool durably, bool unparked)
{
    struct lgi_bubble *bubble = g->bubble;
    lgi_lock(&bubble->lock);
    g->blocked_outside = false;
    if (durably)
        set_blocked(g, false);
    if (durably && !unparked)
        count_in(bubble);
    else if (!durably && unparked)
        bubble->active--; /* its waker has counted it in, and it had not counted itself out */
    lgi_unlock(&bubble->lock);
}

void lgi_bubble_unpark(struct lgi_g *g)
{
    struct lgi_bubble *bubble = g->bubble;
    lgi_lock(&bubble->lock);
    count_in(bubble);
    lgi_unlock(&bubble->lock);
}

/* ---- members ---- */

void lgi_bubble_adopt(struct lgi_task *start, struct lgi_bubble *bubble)
{
    start->bubble = bubble;
    start->entered = false;
}

void lgi_bubble_add(struct lgi_bubble *bubble)
{
    lgi_lock(&bubble->lock);
    bubble->members++;
    count_in(bubble);
    lgi_unlock(&bubble->lock);
}

void lgi_bubble_remove(struct lgi_bubble *bubble)
{
    lgi_lock(&bubble->lock);
    bubble->members--;
    count_out_and_unlock(bubble);
}

void lgi_bubble_enter(struct lgi_task *start)
{
    start->entered = true;
    lgi_bubble_add(start->bubble);
}

void lgi_bubble_withdraw(struct lgi_task *start)
{
    if (!start->entered)
        return;
    start->entered = false;
    lgi_bubble_remove(start->bubble);
}

static void join(struct lgi_g *g, struct lgi_bubble *bubble)
{
    g->outside = g->durably_blocked = g->blocked_outside = false;
    __atomic_store_n(&g->bubble, bubble, __ATOMIC_RELAXED);
    lgi_lock(&bubble->lock);
    lgi_list_add(&bubble->all, &g->bubble_link);
    lgi_unlock(&bubble->lock);
}

/* Has the caller, whose stack is being left, called lg_exit? */
static bool calls_exit(void)
{
    const struct lgi_unwinding *u = lgi_thread.unwinding;
    return u && u->leaving == LGI_EXIT && !lgi_forked;
}

/* However the member ends. */
static void leave(struct lgi_g **member)
{
    struct lgi_g *g = *member;
    struct lgi_bubble *bubble = g->bubble;
    if (lgi_thread.unwinding && lgi_thread.unwinding->panic)
        return; /* nothing stops the panic, and the process ends */
    if (calls_exit())
        __atomic_store_n(&bubble->exits, true, __ATOMIC_RELAXED);
    lgi_lock(&bubble->lock);
    lgi_list_remove(&bubble->all, &g->bubble_link);
    __atomic_store_n(&g->bubble, NULL, __ATOMIC_RELAXED);
    bubble->members--;
    count_out_and_unlock(bubble);
}

void lgi_bubble_run(struct lgi_task *start)
{
    struct lgi_g *member __attribute__((cleanup(leave))) = lgi_self();
    join(member, start->bubble);
    lgi_task_call(start);
}

void lgi_bubble_call(struct lgi_bubble *bubble, void (*function)(void *data), void *data)
{
    struct lgi_g *member __attribute__((cleanup(leave))) = lgi_self();
    join(member, bubble);
    function(data);
}

/* ---- bubbles ---- */

static struct lgi_bubble *take(void)
{
    lgi_lock(&bubbles_lock);
    struct lgi_bubble *bubble = free_bubbles;
    if (bubble)
        free_bubbles = bubble->next;
    lgi_unlock(&bubbles_lock);
    if (bubble)
        return bubble;
    return calloc(1, sizeof(*bubble));
}

static uint32_t next_id(void)
{
    uint32_t id;
    do
        id = __atomic_add_fetch(&last_id, 1, __ATOMIC_RELAXED);
    while (id == 0);
    return id;
}

struct lgi_bubble *lgi_bubble_new(void)
{
    struct lgi_bubble *bubble = lgi_workers_begin() ? take() : NULL;
    if (!bubble)
        return NULL;
    __atomic_store_n(&bubble->id, next_id(), __ATOMIC_RELAXED);
    __atomic_store_n(&bubble->now, LGI_BUBBLE_BEGINS, __ATOMIC_RELAXED);
    lgi_timers_init(&bubble->timers, LGI_BUBBLE_BEGINS);
    bubble->timers.bubble = bubble;
    bubble->stuck = bubble->halted = bubble->exits = false;
    __atomic_store_n(&lgi_time_hooks.now, lgi_bubble_now, __ATOMIC_RELEASE);
    __atomic_add_fetch(&lgi_special_waits, 1, __ATOMIC_SEQ_CST);
    __atomic_add_fetch(&lgi_virtual_clocks, 1, __ATOMIC_SEQ_CST);
    return bubble;
}

void lgi_bubble_free(struct lgi_bubble *bubble)
{
    lgi_timers_forget(&bubble->timers);
    __atomic_sub_fetch(&lgi_virtual_clocks, 1, __ATOMIC_SEQ_CST);
    __atomic_sub_fetch(&lgi_special_waits, 1, __ATOMIC_SEQ_CST);
    lgi_lock(&bubbles_lock);
    bubble->next = free_bubbles;
    free_bubbles = bubble;
    lgi_unlock(&bubbles_lock);
}

/* Under the lock. */
static enum lgi_bubble_state state_of(const struct lgi_bubble *bubble)
{
    if (bubble->active > 0)
        return LGI_BUBBLE_RUNS;
    if (bubble->members == 0)
        return LGI_BUBBLE_ENDED;
    return bubble->stuck ? LGI_BUBBLE_STUCK : LGI_BUBBLE_RUNS;
}

enum lgi_bubble_state lgi_bubble_await(struct lgi_bubble *bubble, lg_time until)
{
    struct lgi_g *g = lgi_self();
    enum lgi_bubble_state state;
    uint32_t ended_as = LGI_READY;
    lgi_lock(&bubble->lock);
    while ((state = state_of(bubble)) == LGI_BUBBLE_RUNS && ended_as != LGI_TIMED_OUT) {
        lgi_wait_begin(g, "test in virtual time");
        bubble->owner = g;
        lgi_unlock(&bubble->lock);
        ended_as = lgi_park_through_until(g, until);
        lgi_lock(&bubble->lock);
        bubble->owner = NULL;
    }
    lgi_unlock(&bubble->lock);
    return state;
}

void lgi_bubble_halt(struct lgi_bubble *bubble)
{
    __atomic_store_n(&bubble->halted, true, __ATOMIC_RELAXED);
}

void lgi_bubble_resume(struct lgi_bubble *bubble)
{
    __atomic_store_n(&bubble->halted, false, __ATOMIC_RELAXED);
}

/* ---- looking ---- */

void lgi_bubble_visit(struct lgi_bubble *bubble,
                      void (*visit)(const struct lgi_g *g, enum lgi_member_state state, void *data),
                      void *data)
{
    lgi_lock(&bubble->lock);
    for (struct lgi_link *link = bubble->all.first; link; link = link->next) {
        const struct lgi_g *g = member_of(link);
        enum lgi_member_state state = LGI_MEMBER_RUNS;
        if (g->blocked_outside || waits_for_outsider(bubble, g))
            state = LGI_MEMBER_OUTSIDE;
        else if (g->durably_blocked)
            state = LGI_MEMBER_BLOCKED;
        visit(g, state, data);
    }
    lgi_unlock(&bubble->lock);
}

bool lgi_bubble_wait(struct lgi_bubble *bubble)
{
    struct lgi_g *g = lgi_self();
    lgi_lock(&bubble->lock);
    bool first = bubble->waiter == NULL;
    if (first) {
        lgi_wait_begin(g, "all others in virtual time");
        bubble->waiter = g;
    }
    lgi_unlock(&bubble->lock);
    if (!first)
        return false;
    uint32_t ended_as = lgi_park(g, lg_until_forever());
    if (ended_as >= LGI_READY)
        return true;
    lgi_lock(&bubble->lock);
    if (bubble->waiter == g)
        bubble->waiter = NULL;
    lgi_unlock(&bubble->lock);
    (void)lgi_wait_failed(ended_as, lg_until_forever());
    __builtin_unreachable();
}
