/* Virtual time: a bubble is a set of goroutines that has a clock of its own, and its own set of timers. The clock stands
 * still while any goroutine of the bubble can run, and jumps to the next timer when all of them are durably blocked.
 *
 * A goroutine is durably blocked if only another goroutine of the bubble, or a timer of the bubble, can end its wait. Waits
 * count as durable, except those that are said to be for something outside (lgi_wait_outside), and those for a lock whose
 * holder is not in the bubble.
 *
 * The bubble counts the goroutines that are active: not durably blocked. Whoever waits counts itself out before it sleeps,
 * and its waker counts it in. So the count reaches 0 only when nobody in the bubble can go on by itself. The goroutine that
 * has brought the count to 0 then settles the bubble, still on its own stack: it wakes the goroutine in lg_test_wait, or
 * moves the clock and runs the timers; meanwhile it counts as active again.
 *
 * Goroutines belong to the bubble of the goroutine that has made them (struct lgi_task), also if a timer or a context starts
 * them later. While there is no bubble, all this costs a test of lgi_virtual_clocks here and there.
 *
 * Locks, in this order: an object's, the timer set's, the bubble's. */
#ifndef LGI_SCHED_BUBBLE_H
#define LGI_SCHED_BUBBLE_H

#include "sched/goroutine.h"
#include "sched/wheel.h"
#include "time/clock.h"

/* Where the clock of a bubble begins: midnight UTC on 2000-01-01, in nanoseconds since 1970, as in Go. */
#define LGI_BUBBLE_BEGINS ((lg_time)946684800 * LG_SECOND)

/* Used again for other bubbles, and never freed: timers of a bubble that has ended may still point here. */
struct lgi_bubble {
    struct lgi_timers timers;
    struct lgi_bubble *next; /* while it is free */
    lg_time now;             /* atomic */
    uint32_t id;             /* never used again; not 0. Atomic */
    uint32_t lock;           /* guards what follows */
    size_t members;          /* goroutines, those that have not started included */
    size_t active;           /* of these, and who settles */
    size_t held_up;          /* durably blocked ones that wait for what somebody holds */
    struct lgi_list all;     /* members that have started, by bubble_link */
    struct lgi_g *owner;     /* waits in lgi_bubble_await; not a member */
    struct lgi_g *waiter;    /* a member, waits in lgi_bubble_wait */
    lg_time blocked_at;      /* when the last member that was active came to wait */
    bool stuck;              /* nothing in the bubble can go on */
    bool halted;             /* the clock does not move any more */
    bool exits; /* a member has called lg_exit, which ends the others at their waits. Atomic */
};

/* ---- which bubble ---- */

static inline bool lgi_bubbles_exist(void)
{
    return __builtin_expect(__atomic_load_n(&lgi_virtual_clocks, __ATOMIC_RELAXED) != 0, 0);
}

/* The caller's; NULL: none. */
static inline struct lgi_bubble *lgi_bubble_of_caller(void)
{
    return lgi_bubbles_exist() && lgi_current ? lgi_current->bubble : NULL;
}

/* The number of the caller's bubble; 0: none. */
static inline uint32_t lgi_bubble_id(void)
{
    const struct lgi_bubble *bubble = lgi_bubble_of_caller();
    return bubble ? __atomic_load_n(&bubble->id, __ATOMIC_RELAXED) : 0;
}

/* The time on the caller's clock: what lg_now returns if there are bubbles. */
lg_time lgi_bubble_now(void);

/* What the kernel is to be asked for instead of a deadline of the goroutine: on the clock of a bubble, a deadline has passed
 * or does not come while anybody waits for the kernel. */
static inline lg_time lgi_real_deadline(const struct lgi_g *g, lg_time deadline)
{
    if (!g->bubble)
        return deadline;
    return deadline <= lgi_bubble_now() ? LG_DURATION_MIN : LG_DURATION_MAX;
}

/* ---- for the engine ---- */

/* The task's goroutine will be a member of the bubble; NULL: of none. */
void lgi_bubble_adopt(struct lgi_task *start, struct lgi_bubble *bubble);

/* The goroutine of the task may start from now on, unless lgi_bubble_withdraw takes that back. Only for tasks of a
 * bubble. */
void lgi_bubble_enter(struct lgi_task *start);
void lgi_bubble_withdraw(struct lgi_task *start);

/* lgi_task_run for a task of a bubble: makes the call as a member. */
void lgi_bubble_run(struct lgi_task *start);

/* The same for a thread of the library's that is to be a member: it counts as one from the first call on, and makes the third,
 * which calls function(data) as a member; or the second takes the first back. */
void lgi_bubble_add(struct lgi_bubble *bubble);
void lgi_bubble_remove(struct lgi_bubble *bubble);
void lgi_bubble_call(struct lgi_bubble *bubble, void (*function)(void *data), void *data);

/* The caller, a member, is about to sleep: its wait has begun, and what can wake it has been told. Returns whether it counts as
 * durably blocked. May settle the bubble, and wake the caller. */
bool lgi_bubble_block(struct lgi_g *g);

/* The caller has slept. `unparked`: by lgi_unpark; otherwise the caller has ended the wait itself. */
void lgi_bubble_unblocked(struct lgi_g *g, bool durably, bool unparked);

/* lgi_unpark is called for a member. */
void lgi_bubble_unpark(struct lgi_g *g);

/* ---- for those who make bubbles ---- */

/* NULL: out of memory or threads. The caller must not be in a bubble. */
struct lgi_bubble *lgi_bubble_new(void);

/* Has no members any more. Its timers never fire. */
void lgi_bubble_free(struct lgi_bubble *bubble);

enum lgi_bubble_state {
    LGI_BUBBLE_RUNS,
    LGI_BUBBLE_STUCK, /* all members are durably blocked, and no timer will wake one */
    LGI_BUBBLE_ENDED, /* there are no members */
};

/* Waits until the bubble has ended or is stuck, or until `until` in real time. lg_exit does not end the wait. Of several
 * threads only one may wait. */
enum lgi_bubble_state lgi_bubble_await(struct lgi_bubble *bubble, lg_time until);

/* From now on the clock stands still, or goes on. */
void lgi_bubble_halt(struct lgi_bubble *bubble);
void lgi_bubble_resume(struct lgi_bubble *bubble);

/* Ends all members at their waits, as lg_exit does. Returns how many waits it has ended. */
size_t lgi_bubble_stop(struct lgi_bubble *bubble);

/* How a member is, for reports. */
enum lgi_member_state { LGI_MEMBER_RUNS, LGI_MEMBER_BLOCKED, LGI_MEMBER_OUTSIDE };

/* Calls `visit` for each member that has started, under the bubble's lock. Those that do not run stay as they are
 * meanwhile. */
void lgi_bubble_visit(struct lgi_bubble *bubble,
                      void (*visit)(const struct lgi_g *g, enum lgi_member_state state, void *data),
                      void *data);

/* The caller, a member, waits until all other members are durably blocked and no timer is due. False: another member waits
 * so already. */
bool lgi_bubble_wait(struct lgi_bubble *bubble);

#endif
