/* Looking at contexts, and waiting with them. */
#define _GNU_SOURCE
#include <lifoguard/panic.h>

#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "closers/own_fd.h"
#include "context/context.h"
#include "error/escape.h"
#include "error/keep_errno.h"
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

/* ---- values ---- */

lg_context *lg_context_with_value(const lg_context *parent, const lg_context_key *key, void *value)
{
    struct lg_context *up = lgi_context_of(parent, "lg_context_with_value");
    if (!key)
        lg_panic("lg_context_with_value with a NULL key");
    struct lg_context *ctx = lgi_context_new(up, LGI_WITH_VALUE, sizeof(struct lgi_valued));
    if (!ctx) {
        if (value && key->destroy)
            key->destroy(value);
        lgi_context_no_memory("lg_context_with_value");
    }
    ((struct lgi_valued *)ctx)->key = key;
    ((struct lgi_valued *)ctx)->value = value;
    lgi_context_attach(ctx);
    return ctx;
}

/* Only as deep as contexts merge others. */
static const struct lgi_valued *find(const struct lg_context *ctx, const lg_context_key *key)
{
    for (; ctx; ctx = ctx->parent) {
        if (ctx->kind == LGI_WITH_VALUE && ((const struct lgi_valued *)ctx)->key == key)
            return (const struct lgi_valued *)ctx;
        if (ctx->kind == LGI_MERGED) {
            const struct lgi_valued *found = find(ctx->parent, key);
            if (found)
                return found;
            return find(((const struct lgi_merged *)ctx)->second, key);
        }
    }
    return NULL;
}

void *lg_context_value(const lg_context *ctx, const lg_context_key *key)
{
    const struct lgi_valued *found = find(lgi_context_of(ctx, "lg_context_value"), key);
    return found ? found->value : NULL;
}

/* ---- for reports ---- */

/* A name of the program's, as it may stand in a report. */
static size_t describe_name(const char *kind, const char *name, char *buffer, size_t size)
{
    char escaped[128];
    if (!name)
        return (size_t)snprintf(buffer, size, "%s", kind);
    lgi_escape(name, escaped, sizeof(escaped));
    return (size_t)snprintf(buffer, size, "%s %s", kind, escaped);
}

static size_t describe_one(const struct lg_context *ctx, char *buffer, size_t size)
{
    static const char *const kinds[] = {
        [LGI_BACKGROUND] = "background",
        [LGI_WITH_CANCEL] = ", with cancel",
        [LGI_WITH_DEADLINE] = ", with deadline",
        [LGI_FOR_CLEANUP] = ", with deadline",
        [LGI_WITH_VALUE] = ", with value",
        [LGI_WITHOUT_CANCEL] = ", without cancel",
        [LGI_MERGED] = ", merged",
        [LGI_WITH_SIGNALS] = ", with signals",
    };
    const char *kind = kinds[ctx->kind];
    char signals[LGI_SIGNALS_TEXT];
    switch (ctx->kind) {
    case LGI_WITH_VALUE:
        return describe_name(kind, ((const struct lgi_valued *)ctx)->key->name, buffer, size);
    case LGI_WITH_SIGNALS:
        lgi_signals_names(ctx, signals, sizeof(signals));
        return (size_t)snprintf(buffer, size, "%s %s", kind, signals);
    case LGI_WITH_DEADLINE:
    case LGI_FOR_CLEANUP: {
        const lg_error *cause = ((const struct lgi_timeout *)ctx)->cause;
        return describe_name(kind, cause ? lg_error_message(cause) : NULL, buffer, size);
    }
    default: return describe_name(kind, NULL, buffer, size);
    }
}

/* From the root down, in two passes and without recursion, however deep it is. */
size_t lg_context_describe(const lg_context *ctx, char *buffer, size_t size)
{
    const struct lg_context *self = lgi_context_of(ctx, "lg_context_describe");
    size_t length = 0, end;
    for (const struct lg_context *at = self; at; at = at->parent)
        length += describe_one(at, NULL, 0);
    end = length;
    for (const struct lg_context *at = self; at && size > 0; at = at->parent) {
        char text[LGI_SIGNALS_TEXT + 32];
        size_t part = describe_one(at, text, sizeof(text));
        end -= part;
        for (size_t i = 0; i < part && end + i < size - 1; i++)
            buffer[end + i] = i < sizeof(text) - 1 ? text[i] : '.';
    }
    if (size > 0)
        buffer[length < size - 1 ? length : size - 1] = '\0';
    return length;
}

/* ---- waiting ---- */

lg_until lg_until_context(const lg_context *ctx)
{
    struct lg_context *self = lgi_context_of(ctx, "lg_until_context");
    const lg_until until = {LG_DURATION_MAX, self->kind == LGI_BACKGROUND ? NULL : &self->done};
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
    lgi_event_signal(ctx->fd - 1);
}

lg_error *lg_context_fd(const lg_context *ctx, int *fd)
{
    struct lg_context *self = lgi_context_of(ctx, "lg_context_fd");
    LGI_KEEP_ERRNO;
    int made = __atomic_load_n(&self->fd, __ATOMIC_RELAXED);
    if (!made) {
        int event = lgi_own_fd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
        if (event < 0) {
            lg_error *err = lg_error_new_errno("a descriptor for a context");
            *fd = -1;
            return err;
        }
        lgi_lock(&self->done.lock);
        if (!self->fd)
            __atomic_store_n(&self->fd, event + 1, __ATOMIC_RELAXED);
        made = self->fd;
        bool done = self->done.happened;
        lgi_unlock(&self->done.lock);
        if (made != event + 1) /* another thread was faster */
            close(event);
        else if (done)
            lgi_context_tell_fd(self);
    }
    *fd = made - 1;
    return NULL;
}
