/* Wait groups: waiting until a number of tasks are done.
 *
 *     lg_waitgroup group = LG_WAITGROUP_INIT;
 *     for (size_t i = 0; i < count; i++)
 *         lg_waitgroup_go(&group, fetch, &urls[i]);     // lg_go, counted until the goroutine has ended
 *     lg_waitgroup_wait(&group);
 *
 *     lg_waitgroup_add(&group, 1);                      // the same by hand: add before lg_go,
 *     lg_go(fetch_and_tell, &group, url);
 *     ...
 *     lg_defer(lg_waitgroup_done, &group);              // and defer this first in the goroutine
 *
 * A wait group is a counter of tasks. A call that makes the counter negative panics. A wait ends when the counter is 0 at some
 * moment after the wait began. As in Go, call lg_waitgroup_add before the wait that shall include the task. The wait does
 * not include a task that is added later; a later add does no harm, whereas Go may panic. After a wait, the wait group can be
 * used again at once. A wait group handles neither errors nor panics nor cancelling; a group (group.h) does.
 *
 * Memory: no allocation, no destroy function. Free a wait group when a wait has ended and no other wait is under way; the
 * last lg_waitgroup_done need not have returned yet. Never copy or move a wait group that is in use.
 *
 * Deadlock: a task that waits for its own wait group waits for itself.
 *
 * Threads: goroutines and all other threads may call every function here.
 */
#ifndef LIFOGUARD_WAITGROUP_H
#define LIFOGUARD_WAITGROUP_H

#include <lifoguard/go.h>
#include <lifoguard/until.h>

LG_BEGIN_DECLS

typedef struct lg_waitgroup {
    /* Four times the counter, plus 1 if there is a waiter, plus 2 while a thread uses the list of waiters. */
    int64_t lgi_state;
    struct lgi_waiters lgi_waiters;
    uint32_t lgi_process; /* whose waiters they are: see src/sync/waitgroup.c */
} lg_waitgroup;

/* Initialises a wait group with counter 0; equal to all zero. */
#define LG_WAITGROUP_INIT {0, {0, 0}, 0}

/* Adds `delta`, which may be negative, to the counter. If the counter becomes 0, all waits end. */
static inline void lg_waitgroup_add(lg_waitgroup *group, int delta);

/* Subtracts 1 from the counter. */
static inline void lg_waitgroup_done(lg_waitgroup *group);

/* Waits until the counter is 0; no limit. */
LG_API void lg_waitgroup_wait(lg_waitgroup *group);

/* Waits until the counter is 0, or returns an error if `until` comes first (until.h). */
LG_API lg_error *lg_waitgroup_wait_until(lg_waitgroup *group, lg_until until)
    __attribute__((__warn_unused_result__));

#ifndef __cplusplus
#if !defined(                                                                                      \
    __clang__) /* With system_header, gcc reports an error in a macro at the place of use, without the expansion. */
#pragma GCC system_header
#endif
/* lg_waitgroup_go(group, fn, args…): starts fn(args…) like lg_go, and adds 1 to the counter. Subtracts 1 when the goroutine
 * has run all its deferred calls, however it ended, or when lg_exit discards the goroutine before its start. */
// clang-format off: the compilers show every line of a macro with an error
#define lg_waitgroup_go(group, ...)                                                                \
    LGI_EXPRESSION(LGI_WAITGROUP_GO, LGI_ID, LGI_COUNT(__VA_ARGS__), group, #__VA_ARGS__, __VA_ARGS__)
// clang-format on
// clang-format off
#define LGI_WAITGROUP_GO(id, n, group, text, ...)                                                 \
    __extension__({                                                                                \
        enum { lgi_right_##id = LGI_IS_AT(lg_waitgroup, group) }; \
        _Static_assert(!!lgi_right_##id, "the group stands first, by its address: write &group, the function, and its arguments"); \
        LGI_PRELUDE_##n(id, LGI_OPEN(id), LGI_CLOSE, , LGI_ADVICE_GO, __VA_ARGS__)   \
        LGI_HANDED(id, n, text)                                                                    \
        lgi_waitgroup_go(LGI_ADDRESS_OF(lg_waitgroup, group), LGI_HANDED_ARGS(id));                                              \
    })
// clang-format on
#endif

/* ---- internal: inline functions ---------------------------------------------------------------------- */

LG_API void lgi_waitgroup_add(lg_waitgroup *group, int64_t delta_of_state);

static inline void lg_waitgroup_add(lg_waitgroup *group, int delta)
{
    int64_t state = __atomic_load_n(&group->lgi_state, __ATOMIC_RELAXED);
    int64_t delta_of_state = (int64_t)delta * 4, to = state + delta_of_state;
    /* Nobody uses the list, and the counter becomes neither negative nor a 0 that somebody waits for. */
    if (!__builtin_expect(!(state & 2) && (to > 1 || to == 0) &&
                              __atomic_compare_exchange_n(&group->lgi_state, &state, to, false,
                                                          __ATOMIC_ACQ_REL, __ATOMIC_RELAXED),
                          1))
        lgi_waitgroup_add(group, delta_of_state);
}

static inline void lg_waitgroup_done(lg_waitgroup *group)
{
    lg_waitgroup_add(group, -1);
}

LG_API void lgi_waitgroup_go(lg_waitgroup *group, const struct lgi_site *site,
                             lgi_function function, const uintptr_t *words);

LG_END_DECLS

#endif
