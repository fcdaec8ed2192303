/* A group's members, while they run. */
#ifndef LGI_GROUP_MEMBER_H
#define LGI_GROUP_MEMBER_H

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

/* ---- member.c ---- */

/* Makes the start of a goroutine one of a member, which has a place in the group. */
void lgi_member_prepare(struct lgi_task *start, lg_group *group, bool reports);

/* The group that the goroutine is a member of, or NULL. */
lg_group *lgi_member_group(const struct lgi_task *start);

/* ---- group.c ---- */

/* Adds the error, and cancels the group. Takes the error. */
void lgi_group_fail(lg_group *group, lg_error *error);

/* A place becomes free. The group may be gone when it returns. */
void lgi_group_release(lg_group *group, bool exiting);

#endif
