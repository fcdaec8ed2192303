/* Wait groups: waiting until a number of things are done.
 *
 *     lg_waitgroup group = LG_WAITGROUP_INIT;
 *     for (size_t i = 0; i < count; i++)
 *         lg_waitgroup_go(&group, fetch, &urls[i]);     // lg_go; counted until it has ended
 *     lg_waitgroup_wait(&group);
 *
 *     lg_waitgroup_add(&group, 1);                      // the same by hand: before lg_go,
 *     lg_go(fetch_and_tell, &group, url);
 *     ...
 *     lg_defer(lg_waitgroup_done, &group);              // and first in what it calls
 *
 * A counter that must not become negative: that is a panic. A wait ends once the counter is 0 at some moment after it
 * began. So an add that is to be waited for must come before the wait, as in Go; only that here one that comes too late is
 * not waited for, and breaks nothing, where Go may panic. The group can be used again at once.
 *
 * It counts, and does no more. For errors, panics and cancelling see group.h.
 *
 * Memory: no allocation, nothing to destroy. It may be freed when a wait for it has ended and none other is under way,
 * also while the last lg_waitgroup_done has not returned yet. Never copy or move one that is in use.
 *
 * Threads: any, and all goroutines.
 */
#ifndef LIFOGUARD_WAITGROUP_H
#define LIFOGUARD_WAITGROUP_H

#include <lifoguard/go.h>
#include <lifoguard/until.h>

LG_BEGIN_DECLS

typedef struct lg_waitgroup {
    int64_t lgi_state; /* twice the counter; 1 more if somebody waits */
    uint32_t lgi_lock; /* for the list */
    struct lgi_waiters lgi_waiters;
} lg_waitgroup;

/* The counter is 0. The same as all zero. */
#define LG_WAITGROUP_INIT {0, 0, {0, 0}}

/* Adds `delta`, which may be negative, to the counter. If that makes it 0, all who wait go on. */
static inline void lg_waitgroup_add(lg_waitgroup *group, int delta);

/* Subtracts 1. */
static inline void lg_waitgroup_done(lg_waitgroup *group);

/* Waits until the counter is 0. */
LG_API void lg_waitgroup_wait(lg_waitgroup *group);

/* The same until `until` (until.h). */
LG_API lg_error *lg_waitgroup_wait_until(lg_waitgroup *group, lg_until until)
    __attribute__((__warn_unused_result__));

#ifndef __cplusplus
#if !defined(                                                                                      \
    __clang__) /* gcc then shows an error in a macro where the macro is used, without its insides */
#pragma GCC system_header
#endif
/* lg_waitgroup_go(group, fn, args…): lg_go(fn, args…), and the counter is 1 higher from now until the goroutine has
 * run all that it deferred, however it ended; or was dropped by lg_exit without having been started. */
#define lg_waitgroup_go(group, ...)                                                                \
    LGI_NUMBER(LGI_WAITGROUP_GO, LGI_COUNT(__VA_ARGS__), group, #__VA_ARGS__, __VA_ARGS__)
#define LGI_WAITGROUP_GO(id, n, group, text, ...) LGI_WAITGROUP_GO_(id, n, group, text, __VA_ARGS__)
// clang-format off
#define LGI_WAITGROUP_GO_(id, n, group, text, ...)                                                 \
    __extension__({                                                                                \
        LGI_HANDED(id, n, text, __VA_ARGS__)                                                       \
        lgi_waitgroup_go(group, LGI_HANDED_ARGS(id));                                              \
    })
// clang-format on
#endif

/* ---- what is inline -------------------------------------------------------------------------------- */

LG_API void lgi_waitgroup_add(lg_waitgroup *group, int64_t twice_delta);

static inline void lg_waitgroup_add(lg_waitgroup *group, int delta)
{
    int64_t state = __atomic_load_n(&group->lgi_state, __ATOMIC_RELAXED);
    int64_t twice_delta = (int64_t)delta * 2, to = state + twice_delta;
    /* Neither negative nor a 0 that somebody waits for. */
    if (!__builtin_expect((to > 1 || to == 0) &&
                              __atomic_compare_exchange_n(&group->lgi_state, &state, to, false,
                                                          __ATOMIC_ACQ_REL, __ATOMIC_RELAXED),
                          1))
        lgi_waitgroup_add(group, twice_delta);
}

static inline void lg_waitgroup_done(lg_waitgroup *group)
{
    lg_waitgroup_add(group, -1);
}

LG_API void lgi_waitgroup_go(lg_waitgroup *group, const struct lgi_site *site,
                             lgi_function function, const uintptr_t *words);

LG_END_DECLS

#endif
