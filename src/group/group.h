/* The part of groups that contexts use. */
#ifndef LGI_GROUP_GROUP_H
#define LGI_GROUP_GROUP_H

#include <lifoguard/group.h>

/* The cancellation of a group by something else: a context. Set before the group has members; the members then see the
 * group's lgi_other_done. */
struct lgi_group_hooks {
    /* Makes lgi_other_done happen, with &lg_error_cancelled, if it has not happened yet. Takes `cause`, the error of the
     * group's failure; NULL: none. */
    void (*cancel)(void *data, lg_error *cause);
    /* Returns when the context is done, if what it is made from has been seen done: the two do not happen at once. */
    void (*await_parent)(const void *data);
    /* The reason why the context was done, as an error for the caller; NULL: the group itself made it done. */
    lg_error *(*from_parent)(void *data);
    /* The reason why the context was done, whoever made it done. It belongs to the context. */
    const lg_error *(*cause)(const void *data);
    /* The group, which has no members any more, ends. */
    void (*end)(void *data);
};

/* The group was cancelled: tells the members that can be cancelled alone, who have a struct lgi_done of their own. */
void lgi_group_cancel_started(lg_group *group);

#endif
