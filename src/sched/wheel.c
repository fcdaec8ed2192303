#include "sched/wheel.h"

#include <stdlib.h>

#include "sched/bubble.h"
#include "sched/keeper.h"
#include "sched/lock.h"
#include "sched/run_queue.h"
#include "sched/runtime.h"

enum { DIGIT_BITS = 6, DIGIT = 63 };

static uint64_t tick_of(lg_time when)
{
    return when <= 0 ? 0 : (uint64_t)when;
}

void lgi_timers_init(struct lgi_timers *timers, lg_time now)
{
    __atomic_store_n(&timers->next, LG_DURATION_MAX, __ATOMIC_RELAXED);
    timers->tick = tick_of(now);
    timers->moving = -1;
}

/* ---- under the lock ---- */

static struct lgi_timer_slot *slot_of(struct lgi_timers *timers, unsigned slot)
{
    return &timers->slots[slot / LGI_TIMER_SLOTS][slot % LGI_TIMER_SLOTS];
}

/* NULL: the slot is empty. */
static struct lgi_timer *first_of(struct lgi_timers *timers, unsigned slot)
{
    return LGI_HOLDER(slot_of(timers, slot)->timers.first, struct lgi_timer, link);
}

/* The slot whose time comes first, as level * 64 + slot; -1 if there is none. All timers of a level are due before those of
 * higher levels. */
static int first_slot(const struct lgi_timers *timers)
{
    for (int level = 0; level < LGI_TIMER_LEVELS; level++) {
        if (timers->occupied[level])
            return level * LGI_TIMER_SLOTS + __builtin_ctzll(timers->occupied[level]);
    }
    return -1;
}

static void note_next(struct lgi_timers *timers)
{
    int first = timers->moving >= 0 ? timers->moving : first_slot(timers);
    lg_duration next = first < 0 ? LG_DURATION_MAX : slot_of(timers, (unsigned)first)->least;
    if (timers->moving >= 0 && next > (lg_duration)timers->tick) /* the moving has to go on */
        next = (lg_duration)timers->tick;
    __atomic_store_n(&timers->next, next, __ATOMIC_RELAXED);
}

static void put(struct lgi_timers *timers, struct lgi_timer *timer)
{
    uint64_t tick = tick_of(timer->when);
    if (tick < timers->tick) /* overdue */
        tick = timers->tick;
    uint64_t differing = tick ^ timers->tick;
    unsigned level = differing ? (63U - (unsigned)__builtin_clzll(differing)) / DIGIT_BITS : 0;
    unsigned number = (unsigned)(tick >> level * DIGIT_BITS) & DIGIT;
    struct lgi_timer_slot *slot = &timers->slots[level][number];

    lgi_list_add(&slot->timers, &timer->link);
    if (!(timers->occupied[level] & UINT64_C(1) << number) || timer->when < slot->least)
        slot->least = timer->when;
    timers->occupied[level] |= UINT64_C(1) << number;
    timer->slot = (uint16_t)(level * LGI_TIMER_SLOTS + number);
}

static void take(struct lgi_timers *timers, struct lgi_timer *timer)
{
    struct lgi_timer_slot *slot = slot_of(timers, timer->slot);
    lgi_list_remove(&slot->timers, &timer->link);
    if (!slot->timers.first)
        timers->occupied[timer->slot / LGI_TIMER_SLOTS] &= ~(UINT64_C(1)
                                                             << timer->slot % LGI_TIMER_SLOTS);
}

/* When a slot's time comes: the first tick of the slot. */
static uint64_t time_of(const struct lgi_timers *timers, unsigned slot)
{
    unsigned shift = slot / LGI_TIMER_SLOTS * DIGIT_BITS;
    uint64_t higher = shift + DIGIT_BITS < 64 ? timers->tick >> (shift + DIGIT_BITS) : 0;
    return (higher << DIGIT_BITS | slot % LGI_TIMER_SLOTS) << shift;
}

/* Moves at most `most` timers from a slot whose time has come to the slots where they belong now; returns how many. */
static unsigned move_down(struct lgi_timers *timers, unsigned slot, unsigned most)
{
    unsigned moved = 0;
    struct lgi_timer *timer;
    for (; moved < most && (timer = first_of(timers, slot)); moved++) {
        take(timers, timer);
        put(timers, timer);
    }
    timers->moving = first_of(timers, slot) ? (int)slot : -1;
    return moved;
}

static void fire(struct lgi_timers *timers, struct lgi_timer *timer, lg_time now)
{
    take(timers, timer);
    timers->count--;
    timer->pending = false;
    bool later = timer->later != NULL;
    timer->fire(timer, now);
    if (later)
        lgi_list_add(&timers->fired, &timer->link);
}

/* Fires and moves as many timers as the lock should be held for. False: there may be more to do. */
static bool run_some(struct lgi_timers *timers, lg_time now)
{
    enum { MOVES = 512, MOVES_A_FIRE = 8 };
    uint64_t until = tick_of(now);
    unsigned left = MOVES;
    for (int first; (first = timers->moving >= 0 ? timers->moving : first_slot(timers)) >= 0;) {
        uint64_t time = time_of(timers, (unsigned)first);
        if (time > until)
            break;
        if (left < MOVES_A_FIRE)
            return false;
        if (time > timers->tick)
            timers->tick = time;
        if (first >= LGI_TIMER_SLOTS) {
            left -= move_down(timers, (unsigned)first, left);
        } else {
            fire(timers, first_of(timers, (unsigned)first), now);
            left -= MOVES_A_FIRE;
        }
    }
    if (timers->tick < until)
        timers->tick = until;
    return true;
}

/* ---- for everyone ---- */

static void call_later(const struct lgi_list *fired)
{
    for (struct lgi_link *link = fired->first, *next; link; link = next) {
        struct lgi_timer *timer = LGI_HOLDER(link, struct lgi_timer, link);
        next = link->next; /* the timer may be gone after the call */
        timer->later(timer);
    }
}

void lgi_timers_run(struct lgi_timers *timers, lg_time now)
{
    enum { AWAY = 50 };
    bool all = false;
    while (!all && lgi_timers_next(timers) <= now) {
        lgi_lock(&timers->lock);
        all = run_some(timers, now);
        note_next(timers);
        struct lgi_list fired = timers->fired;
        bool started = timers->started, injected = timers->injected;
        timers->fired = (struct lgi_list){0};
        timers->started = timers->injected = false;
        lgi_unlock(&timers->lock);
        if (started || injected)
            lgi_task_enqueued(!injected);
        call_later(&fired);
        for (int i = 0; i < AWAY && !all; i++) /* a chance for others that want the lock */
            lgi_pause();
    }
}

static void add(struct lgi_timers *timers, struct lgi_timer *timer, lg_time when)
{
    timer->when = when;
    timer->pending = true;
    timers->count++;
    put(timers, timer);
    /* Against lgi_timers_next_before_sleep. */
    if (when < timers->next)
        __atomic_store_n(&timers->next, when, __ATOMIC_SEQ_CST);
}

bool lgi_timers_add(struct lgi_timers *timers, struct lgi_timer *timer, lg_time when)
{
    lgi_lock(&timers->lock);
    bool sooner = when < timers->next;
    timer->set = timers;
    add(timers, timer, when);
    lgi_unlock(&timers->lock);
    return sooner;
}

lg_time lgi_timers_now(const struct lgi_timers *timers)
{
    return timers->bubble ? __atomic_load_n(&timers->bubble->now, __ATOMIC_RELAXED)
                          : lgi_real_now();
}

static inline bool start(struct lgi_timer *timer, lg_time when)
{
    struct lgi_worker *worker = lgi_worker_for_timers();
    if (!worker)
        return false;
    if (lgi_timers_add(&worker->timers, timer, when)) {
        lgi_worker_wake(worker);
        lgi_keeper_note(when);
    }
    return true;
}

bool lgi_timer_start_real(struct lgi_timer *timer, lg_time when)
{
    return start(timer, when);
}

static __attribute__((noinline, cold)) bool start_in_bubble(struct lgi_timer *timer, lg_time when)
{
    struct lgi_bubble *bubble = lgi_bubble_of_caller();
    if (!bubble)
        return start(timer, when);
    (void)lgi_timers_add(&bubble->timers, timer, when);
    return true;
}

bool lgi_timer_start(struct lgi_timer *timer, lg_time when)
{
    return lgi_bubbles_exist() ? start_in_bubble(timer, when) : start(timer, when);
}

bool lgi_timer_stop(struct lgi_timer *timer)
{
    struct lgi_timers *timers = timer->set;
    if (!timers)
        return false;
    lgi_lock(&timers->lock);
    bool pending = timer->pending;
    if (pending) {
        take(timers, timer);
        timers->count--;
        timer->pending = false;
        /* `next` may now be too early: that costs one check. */
        if (timers->count == 0)
            __atomic_store_n(&timers->next, LG_DURATION_MAX, __ATOMIC_RELAXED);
    }
    lgi_unlock(&timers->lock);
    return pending;
}

void lgi_timer_again(struct lgi_timer *timer, lg_time when)
{
    add(timer->set, timer, when);
}

void lgi_timer_in_vain(struct lgi_timer *timer)
{
    timer->quiet = __atomic_load_n(&timer->set->round, __ATOMIC_RELAXED);
}

void lgi_timers_begin_round(struct lgi_timers *timers)
{
    if (__atomic_add_fetch(&timers->round, 1, __ATOMIC_RELAXED) == 0)
        __atomic_store_n(&timers->round, 1, __ATOMIC_RELAXED); /* 0 is no round's number */
}

/* Under the lock. */
static lg_time earliest_of(struct lgi_timers *timers, unsigned slot)
{
    uint32_t round = __atomic_load_n(&timers->round, __ATOMIC_RELAXED);
    lg_time earliest = LG_TIME_MAX;
    for (const struct lgi_timer *timer = first_of(timers, slot); timer;
         timer = LGI_HOLDER(timer->link.next, struct lgi_timer, link)) {
        if (timer->quiet != round && timer->when < earliest)
            earliest = timer->when;
    }
    return earliest;
}

/* All timers of a slot are due before those of later slots. */
lg_time lgi_timers_earliest(struct lgi_timers *timers)
{
    lg_time earliest = LG_TIME_MAX;
    lgi_lock(&timers->lock);
    for (unsigned level = 0; level < LGI_TIMER_LEVELS && earliest == LG_TIME_MAX; level++) {
        uint64_t occupied = timers->occupied[level];
        for (; occupied && earliest == LG_TIME_MAX; occupied &= occupied - 1)
            earliest = earliest_of(timers,
                                   level * LGI_TIMER_SLOTS + (unsigned)__builtin_ctzll(occupied));
    }
    lgi_unlock(&timers->lock);
    return earliest;
}

void lgi_timers_forget(struct lgi_timers *timers)
{
    lgi_lock(&timers->lock);
    for (int slot; (slot = first_slot(timers)) >= 0;) {
        struct lgi_timer *timer = first_of(timers, (unsigned)slot);
        take(timers, timer);
        timer->pending = false;
    }
    timers->count = 0;
    note_next(timers);
    lgi_unlock(&timers->lock);
}

void lgi_timer_go(struct lgi_timer *timer, struct lgi_task *start)
{
    struct lgi_worker *w = lgi_worker;
    bool here = w && w->number < lgi_workers_wanted();
    if (__builtin_expect(start->bubble != NULL, 0))
        lgi_bubble_enter(start);
    lgi_releases(start);
    if (here)
        lgi_run_queue_put_own(&w->starts, start);
    else
        lgi_run_queue_put(&lgi_injected, start);
    *(here ? &timer->set->started : &timer->set->injected) = true;
}
