/* Reading contexts, and waiting for their end. */
#define _GNU_SOURCE
#include <errno.h>
#include <unistd.h>

#include "closers/own_fd.h"
#include "context/context.h"
#include "error/keep_errno.h"
#include "error/ordering.h"
#include "error/share.h"
#include "sched/futex.h"

lg_error *lg_context_error(const lg_context *ctx)
{
    const struct lg_context *self = lgi_context_of(ctx, "lg_context_error");
    return lgi_done_happened(&self->done) ? self->done.error : NULL;
}

const lg_error *lg_context_cause(const lg_context *ctx)
{
    const struct lg_context *self = lgi_context_of(ctx, "lg_context_cause");
    return lgi_done_happened(&self->done) ? self->cause : NULL;
}

bool lg_context_deadline(const lg_context *ctx, lg_time *when)
{
    const struct lg_context *self = lgi_context_of(ctx, "lg_context_deadline");
    if (self->deadline == LG_DURATION_MAX)
        return false;
    *when = self->deadline;
    return true;
}

/* ---- the cause, for keeping ---- */

static void release(void *ctx)
{
    lgi_context_release(ctx);
}

lg_error *lg_context_cause_copy(const lg_context *ctx)
{
    struct lg_context *self = lgi_context_of(ctx, "lg_context_cause_copy");
    if (!lgi_done_happened(&self->done))
        return NULL;
    if (self->cause == self->done.error) /* static */
        return self->done.error;
    lgi_context_hold(self);
    lg_error *copy = lgi_error_borrow(self->cause, self->done.error, release, self);
    if (copy == &lg_error_out_of_memory)
        lgi_context_release(self);
    return copy;
}

/* ---- waiting ---- */

lg_until lg_until_context(const lg_context *ctx)
{
    struct lg_context *self = lgi_context_of(ctx, "lg_until_context");
    const lg_until until = {LG_DURATION_MAX, lgi_context_is_root(self) ? NULL : &self->done};
    return until;
}

lg_error *lg_context_wait_until(const lg_context *ctx, lg_until until)
{
    struct lg_context *self = lgi_context_of(ctx, "lg_context_wait");
    if (lgi_done_happened(&self->done))
        return NULL;
    struct lgi_g *g = lgi_self();
    struct lgi_waiter waiter = {.g = g, .index = LGI_READY};
    uint32_t claim = LGI_READY;
    lgi_wait_begin(g, "context");
    if (lgi_done_watch(&self->done, &waiter) || !lgi_claim(g, LGI_READY))
        claim = lgi_park(g, until);
    else
        g->waits_for = NULL;
    lgi_done_unwatch(&self->done, &waiter);
    return claim < LGI_READY ? lgi_wait_failed(claim, until) : NULL;
}

void lg_context_wait(const lg_context *ctx)
{
    lg_error *none = lg_context_wait_until(ctx, lg_until_forever());
    (void)none;
}

/* ---- a descriptor ---- */

void lgi_context_tell_fd(const struct lg_context *ctx)
{
    lgi_releases(lgi_polled_fd(ctx->fd - 1));
    lgi_event_signal(ctx->fd_writer);
}

lg_error *lg_context_fd(const lg_context *ctx, int *fd)
{
    struct lg_context *self = lgi_context_of(ctx, "lg_context_fd");
    LGI_KEEP_ERRNO;
    int made = __atomic_load_n(&self->fd, __ATOMIC_RELAXED);
    if (!made) {
        int event[2];
        if (lgi_own_event(event) != 0) {
            lg_error *error = lg_error_new_errno("a descriptor for a context");
            *fd = -1;
            return error;
        }
        lgi_done_lock(&self->done);
        if (!self->fd) {
            self->fd_writer = event[1];
            __atomic_store_n(&self->fd, event[0] + 1, __ATOMIC_RELAXED);
        }
        made = self->fd;
        bool done = self->done.happened;
        lgi_done_unlock(&self->done);
        if (made != event[0] + 1) /* another thread was faster */
            lgi_close_event(event);
        else if (done)
            lgi_context_tell_fd(self);
    }
    *fd = made - 1;
    return NULL;
}
