/* What contexts need of groups. */
#ifndef LGI_GROUP_GROUP_H
#define LGI_GROUP_GROUP_H

#include <lifoguard/group.h>

/* A group whose cancellation is somebody else's: a context's. Set before it has members; the group's lgi_other_done
 * is then what its members see. */
struct lgi_group_hooks {
    /* Lets lgi_other_done happen, with &lg_error_cancelled, if it has not yet. Takes `cause`, an error that stands for what
     * the group has failed with; NULL: none. */
    void (*cancel)(void *data, lg_error *cause);
    /* Why the context was done, if not by the group itself: an error for the caller; else NULL. */
    lg_error *(*from_above)(void *data);
    /* The group has no members any more, and ends. */
    void (*end)(void *data);
};

#endif
