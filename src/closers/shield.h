/* The promises of every closer: errno is unchanged, and a cancellation does not interrupt the closer. (close and fclose are
 * cancellation points; if a cancellation interrupted them, the resource would never be released.) Higher rooms use it likewise
 * where they ask the system with locks held. */
#ifndef LGI_CLOSERS_SHIELD_H
#define LGI_CLOSERS_SHIELD_H

#include <pthread.h>

#include "error/keep_errno.h"

struct lgi_shield {
    int errno_value;
    int cancel_state;
};

static inline struct lgi_shield lgi_shield_begin(void)
{
    struct lgi_shield before = {.errno_value = errno};
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before.cancel_state);
    return before;
}

static inline void lgi_shield_end(const struct lgi_shield *before)
{
    pthread_setcancelstate(before->cancel_state, NULL);
    lgi_restore_errno(&before->errno_value);
}

#endif
