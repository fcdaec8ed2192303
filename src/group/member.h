/* A group's members, while they run. */
#ifndef LGI_GROUP_MEMBER_H
#define LGI_GROUP_MEMBER_H

#include "error/list.h"
#include "group/group.h"
#include "sched/goroutine.h"

/* Of a group's lgi_flags, which are written under its lock, atomically. */
enum {
    LGI_GROUP_FAILED = 1,      /* an error was added */
    LGI_GROUP_PANICS_EXIT = 2, /* lg_group_set_panic_policy */
    LGI_GROUP_EXITING = 4,     /* a member has called lg_exit, or was ended by it */
    LGI_GROUP_OWNER_FAILED = 8 /* its block was left with an error, before a member failed */
};

/* How many errors a group keeps; the others are counted. */
enum { LGI_GROUP_KEPT = 256 };

static inline bool lgi_group_flag(const lg_group *group, uint32_t flag)
{
    return (__atomic_load_n(&group->lgi_flags, __ATOMIC_ACQUIRE) & flag) != 0;
}

static inline void lgi_group_set_flag(lg_group *group, uint32_t flag)
{
    __atomic_fetch_or(&group->lgi_flags, flag, __ATOMIC_ACQ_REL);
}

/* What is done when the whole group is cancelled. */
static inline struct lgi_done *lgi_group_done(const lg_group *group)
{
    return group->lgi_other_done ? group->lgi_other_done
                                 : (struct lgi_done *)(uintptr_t)&group->lgi_done;
}

/* In a child, the members and those who waited for them have stayed in the parent. (The members go on counting: the child
 * must not take the group for empty.) */
static inline void lgi_group_lock(lg_group *group)
{
    if (__builtin_expect(!lgi_lock_whole(&group->lgi_lock), 1))
        return;
    lgi_waiters_forget(&group->lgi_waiters);
    lgi_waiters_forget(&group->lgi_goers);
    lgi_waiters_forget(&group->lgi_leavers);
    lgi_list_clear(&group->lgi_started);
}

static inline void lgi_group_unlock(lg_group *group)
{
    lgi_unlock_lists(&group->lgi_lock);
}

/* ---- starting until ready: start.c ---- */

/* The start of a member that its starter waits for. It is in the frame of the starter, who waits until the member is ready
 * or has ended. Guarded by the group's lock. */
struct lgi_starting {
    lg_group *group;
    struct lgi_waiters waiters; /* the starter */
    struct lgi_started *member; /* NULL: it has not been called yet */
    struct lgi_task *task;      /* … and this is it; else it may be gone */
    uint64_t task_id;
    bool ready, ended, given_up;
    lg_error *error;             /* of a member that has ended */
    void (*give_up)(void *data); /* called when the start is given up; may be NULL */
    void *data;
};

/* A member that was started so: in its own frame, as long as it runs. */
struct lgi_started {
    lg_group *group;
    struct lgi_starting *starting; /* NULL: the member has been ready */
    struct lgi_done done;          /* the group was cancelled, or the start was given up */
    struct lgi_link link;          /* in the list of the group, whose lock guards it */
};

/* The member begins. */
void lgi_started_begin(struct lgi_started *started, struct lgi_starting *starting);

/* The member ends, with an error of which only the starter is told. Called under the group's lock. */
void lgi_started_end(struct lgi_started *started, lg_error *error, struct lgi_woken *woken);

/* It will never begin. Called under the group's lock. */
void lgi_starting_end(struct lgi_starting *starting, struct lgi_woken *woken);

/* lg_group_start, with a `starting` whose give_up and data may be set. */
lg_error *lgi_start_member(const struct lgi_site *site, lgi_function function,
                           const uintptr_t *words, const struct lgi_member *member,
                           struct lgi_starting *starting);

/* ---- member.c ---- */

/* Makes the start of a goroutine one of a member, which has a place in the group. `starting`: NULL, or of the starter. */
void lgi_member_prepare(struct lgi_task *start, const struct lgi_member *member,
                        struct lgi_starting *starting);

/* The group that the running goroutine is a member of, or NULL. */
lg_group *lgi_member_group(const struct lgi_task *start);

/* What the running goroutine is as a member that was started until ready; NULL: it is none. */
struct lgi_started *lgi_member_started(const struct lgi_task *start);

/* ---- errors.c ---- */

/* Adds the error, and cancels the group. Takes the error. */
void lgi_group_fail(lg_group *group, lg_error *error);

/* The block of the group is left with an error. It is the cause, unless the group has failed before or was cancelled from
 * above. */
void lgi_group_owner_fails(lg_group *group, const lg_error *error);

/* What the caller is to be told. One that leaves the group need not be told what it has taken itself. */
lg_error *lgi_group_take_errors(lg_group *group, bool leaving);

/* The group ends: joins its errors to the result. */
void lgi_group_give_errors(lg_group *group, lg_error **result);

/* A static error that a wait itself could have ended with, of a member, is told apart. */
lg_error *lgi_group_of_member(lg_error *error);

/* ---- group.c ---- */

/* A place becomes free, and `started`, unless it is NULL, ends with the error. The group may be gone when it returns. */
void lgi_group_release(lg_group *group, bool exiting, struct lgi_started *started, lg_error *error);

/* Waits for a place, and starts the member in it. LGI_READY: it was started; LGI_GROUP_DROPPED: the group is cancelled, and so
 * the function of an owned argument is not called; LGI_GROUP_NO_MEMORY; or why the wait ended. */
enum { LGI_GROUP_DROPPED = LGI_READY + 1, LGI_GROUP_NO_MEMORY };
uint32_t lgi_group_begin(const struct lgi_site *site, lgi_function function, const uintptr_t *words,
                         const struct lgi_member *member, struct lgi_starting *starting,
                         lg_until until);

/* A call is under way that will touch the group again. */
void lgi_group_enter(lg_group *group);
void lgi_group_leave(lg_group *group);

/* Panics after dropping the argument, if the function or the options are wrong. */
void lgi_group_check(const struct lgi_site *site, lgi_function function, const uintptr_t *words,
                     const struct lgi_member *member);
void lgi_group_drop_argument(const uintptr_t *words, const struct lgi_member *member);

/* lg_exit has ended a member: the caller does not go on, unless it is being unwound. */
void lgi_group_wait_for_exit(void);

#endif
