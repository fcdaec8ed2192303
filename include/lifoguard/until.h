/* How long to wait. Every call that may wait has a form that takes an lg_until (C9):
 *
 *     err = lg_mutex_lock_until(&mutex, lg_within(2 * LG_SECOND));
 *     err = lg_mutex_lock_until(&mutex, lg_at(start + LG_MINUTE));
 *     err = lg_mutex_lock_until(&mutex, lg_with(context));             // context.h
 *     err = lg_mutex_lock_until(&mutex, lg_with_group(&group));        // group.h
 *     err = lg_mutex_lock_until(&mutex, lg_forever());
 *
 * Such a call returns NULL when it has done what it is for, and otherwise has done nothing and returns a static
 * error, which may be wrapped, joined and freed as any other, and is found by lg_error_is:
 *
 *     &lg_deadline_exceeded    the time came first
 *     what the context or group says (lg_cancelled, …), if that was cancelled first
 *
 * What can be done at once is done, even if the time has come or the context is cancelled already.
 *
 * Threads: an lg_until is a value, without an owner. It must not outlive the context or group it was made of.
 */
#ifndef LIFOGUARD_UNTIL_H
#define LIFOGUARD_UNTIL_H

#include <lifoguard/duration.h>
#include <lifoguard/error.h>
#include <lifoguard/impl/time.h>
#include <lifoguard/impl/wait.h>

LG_BEGIN_DECLS

typedef struct lg_until {
    lg_duration lgi_deadline; /* on lg_now's clock */
    struct lgi_done *lgi_done;
} lg_until;

/* Its errno value is ETIMEDOUT. */
extern LG_API lg_error lg_deadline_exceeded;

/* Its errno value is ECANCELED. */
extern LG_API lg_error lg_cancelled;

/* Without end. */
static inline lg_until lg_forever(void)
{
    const lg_until until = {LG_DURATION_MAX, (struct lgi_done *)0};
    return until;
}

/* Until lg_now() returns `time`. */
static inline lg_until lg_at(lg_duration time)
{
    const lg_until until = {time, (struct lgi_done *)0};
    return until;
}

/* For that long from now; not at all, if it is 0 or less. */
static inline lg_until lg_within(lg_duration duration)
{
    return lg_at(lgi_time_add(lg_now(), duration));
}

LG_END_DECLS

#endif
