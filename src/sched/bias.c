#define _GNU_SOURCE
#include "sched/bias.h"

#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "error/keep_errno.h"
#include "sched/futex.h"
#include "sched/runtime.h"

#if __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#define IS_SINGLE_THREADED __libc_single_threaded
#else
#define IS_SINGLE_THREADED 0
#endif

#if defined(__SANITIZE_THREAD__)
#define IS_WATCHED 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define IS_WATCHED 1
#endif
#endif

enum { PRIVATE_EXPEDITED = 1 << 3, REGISTER_PRIVATE_EXPEDITED = 1 << 4 };

__thread uint32_t lgi_my_tag = LGI_NO_TAG;
__thread uint32_t *lgi_inside;

static bool possible;

/* Not if ThreadSanitizer watches the program alone: it would not see what is ordered by these stores. */
static bool is_visible(void)
{
#if defined(IS_WATCHED)
    return true;
#else
    return !lgi_is_watched_by_tsan();
#endif
}

/* With other threads about, registering would wait for all processors, for some 10 ms. */
void lgi_bias_begin(void)
{
    LGI_KEEP_ERRNO;
    possible = IS_SINGLE_THREADED && is_visible() &&
               syscall(SYS_membarrier, REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
}

void lgi_bias_worker_begin(struct lgi_worker *w)
{
    __atomic_store_n(&w->inside, &lgi_inside, __ATOMIC_RELEASE);
    if (possible)
        lgi_my_tag = (w->number + 1) * 2;
}

/* The thread-local memory of the parent's threads may be used again or go. What a worker was inside of at the fork is as if the
 * worker held that for ever. */
void lgi_bias_forked(void)
{
    lgi_my_tag = LGI_NO_TAG;
    for (unsigned i = 0; i < lgi_worker_count(); i++) {
        struct lgi_worker *w = lgi_workers[i];
        w->inside_at_fork = w->inside ? *w->inside : NULL;
        w->inside = &w->inside_at_fork;
    }
}

bool lgi_bias_was_inside(const uint32_t *lock, uint32_t tag)
{
    const struct lgi_worker *w = lgi_workers[tag / 2 - 1];
    return w != lgi_worker && w->inside_at_fork == lock;
}

static void barrier(void)
{
    /* Forbidden since it was registered? What a processor stores is seen by all long before this has passed. */
    if (syscall(SYS_membarrier, PRIVATE_EXPEDITED, 0, 0) != 0)
        lgi_nap(20 * LG_MILLISECOND);
}

void lgi_bias_wait(const uint32_t *lock, uint32_t tag)
{
    enum { SPINS = 100 };
    LGI_KEEP_ERRNO;
    const struct lgi_worker *w = lgi_workers[tag / 2 - 1];
    if (w == lgi_worker)
        return; /* it is here, so it is not inside */
    uint32_t *const *inside = __atomic_load_n(&w->inside, __ATOMIC_ACQUIRE);
    barrier();
    for (unsigned i = 0; __atomic_load_n(inside, __ATOMIC_ACQUIRE) == lock; i++) {
        if (i < SPINS)
            lgi_pause();
        else
            sched_yield();
    }
}
