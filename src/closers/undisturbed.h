/* What every closer promises: errno stays as it was, and a cancellation does not cut it short
 * (close and fclose are cancellation points, and what they were to release would be lost). */
#ifndef LGI_CLOSERS_UNDISTURBED_H
#define LGI_CLOSERS_UNDISTURBED_H

#include <errno.h>
#include <pthread.h>

struct lgi_undisturbed {
    int errno_value;
    int cancel_state;
};

static inline struct lgi_undisturbed lgi_undisturbed_begin(void)
{
    struct lgi_undisturbed before = {.errno_value = errno};
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before.cancel_state);
    return before;
}

static inline void lgi_undisturbed_end(const struct lgi_undisturbed *before)
{
    pthread_setcancelstate(before->cancel_state, NULL);
    errno = before->errno_value;
}

#endif
