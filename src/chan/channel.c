/* Channels as objects: making, sharing, closing and ending them. */
#include "chan/channel.h"

#include <stdlib.h>

#include <lifoguard/chan.h>
#include <lifoguard/panic.h>

/* Its maker is in a bubble, perhaps. */
static void mark(struct lgi_chan *c)
{
    c->bubble = lgi_bubble_id();
    if (c->bubble != 0)
        c->magic = LGI_CHAN_MAGIC_BUBBLE;
}

/* ---- beginning and end ---- */

void *lgi_chan_make(size_t size, size_t alignment, size_t capacity, void (*drop)(void *),
                    bool of_pointers)
{
    size_t buffer, all;
    size_t extra = alignment > _Alignof(max_align_t) ? alignment : 0;
    if (alignment > 4096)
        lg_panic("lg_chan_make: the elements' alignment of %zu is more than 4096", alignment);
    if (__builtin_mul_overflow(size, capacity, &buffer) ||
        __builtin_add_overflow(buffer, sizeof(struct lgi_chan) + extra, &all) || all > PTRDIFF_MAX)
        lg_panic("lg_chan_make: capacity %zu is out of range", capacity);
    struct lgi_chan *c = malloc(all);
    if (!c)
        lg_panic("lg_chan_make: out of memory");
    *c = (struct lgi_chan){
        .magic = LGI_CHAN_MAGIC,
        .references = 1,
        .capacity = capacity,
        .size = size,
        .alignment = alignment,
        .drop = drop,
        .of_pointers = of_pointers,
    };
    c->in = c->out = c->first = extra ? lgi_chan_align((char *)(c + 1), alignment)
                                      : (char *)(c + 1);
    c->end = c->first + buffer;
    if (lgi_bubbles_exist())
        mark(c);
    return c;
}

void *lgi_chan_keep(void *channel)
{
    struct lgi_chan *c = channel;
    if (c) {
        lgi_chan_check_owned(c);
        __atomic_fetch_add(&c->references, 1, __ATOMIC_RELAXED);
    }
    return c;
}

/* It is a function of some pointer, whichever. */
#if defined(__clang__)
__attribute__((no_sanitize("function", "cfi-icall")))
#endif
void lgi_chan_drop_value(const struct lgi_chan *c, void *value)
{
    if (!c->drop)
        return;
    if (c->of_pointers)
        memcpy(&value, value, sizeof(value));
    c->drop(value);
}

void lgi_chan_init(struct lgi_chan *c, size_t size, size_t capacity, struct lgi_chan_owner *owner)
{
    *c = (struct lgi_chan){
        .magic = LGI_CHAN_MAGIC,
        .references = 1,
        .capacity = capacity,
        .size = size,
        .alignment = _Alignof(max_align_t),
        .owner = owner,
    };
    c->in = c->out = c->first = (char *)(c + 1);
    c->end = c->first + size * capacity;
    if (lgi_bubbles_exist())
        mark(c);
}

/* If one of them panics, the others still have their turn. */
static void end(struct lgi_chan *c)
{
    if (c->count == 0 || !c->drop) {
        c->magic = 0;
        free(c);
        return;
    }
    lg_defer(end, c);
    while (c->count > 0) {
        char *value = c->out;
        lgi_chan_take(c, NULL); /* it stays where it is */
        lgi_chan_drop_value(c, value);
    }
}

static bool has_waiters(struct lgi_chan *c)
{
    if (lgi_waiters_empty(&c->receivers) && lgi_waiters_empty(&c->senders))
        return false;
    lgi_chan_lock(c); /* in a child: forgets those of the parent */
    lgi_chan_unlock(c);
    return !lgi_waiters_empty(&c->receivers) || !lgi_waiters_empty(&c->senders);
}

void(lg_chan_unref)(void *channel)
{
    struct lgi_chan *c = channel;
    if (!c)
        return;
    lgi_chan_check_owned(c);
    lgi_releases(&c->references);
    if (__atomic_sub_fetch(&c->references, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    lgi_acquired(&c->references);
    if (has_waiters(c)) {
        __atomic_fetch_add(&c->references, 1, __ATOMIC_RELAXED);
        lg_panic(
            "lg_chan_unref of the last reference while a goroutine waits on the channel: let each "
            "user of a channel have a reference, from lg_chan_ref");
    }
    if (!c->owner) {
        end(c);
        return;
    }
    c->magic = 0;
    c->owner->end(c->owner);
}

size_t(lg_chan_len)(const void *channel)
{
    const struct lgi_chan *c = channel;
    if (!c)
        return 0;
    lgi_chan_check_owned(c);
    lgi_chan_validate(c);
    return lgi_chan_count(c);
}

size_t(lg_chan_cap)(const void *channel)
{
    const struct lgi_chan *c = channel;
    if (!c)
        return 0;
    lgi_chan_check_owned(c);
    return c->capacity;
}

/* ---- closing ---- */

enum { AT_ONCE = 32 };

/* The channel is closed and locked. Claims some that wait, at most as many as there is room for. */
static unsigned claim_some(struct lgi_chan *c, struct lgi_g **woken)
{
    struct lgi_chan_waiter *waiter;
    unsigned count = 0;
    while (count < AT_ONCE && (waiter = lgi_chan_claim(&c->receivers))) {
        lgi_waiters_fetch(&waiter->waiter);
        lgi_chan_zero(waiter->waiter.data, c->size);
        waiter->ok = false;
        woken[count++] = waiter->waiter.g;
    }
    while (count < AT_ONCE && (waiter = lgi_chan_claim(&c->senders))) {
        lgi_waiters_fetch(&waiter->waiter);
        waiter->ok = false;
        woken[count++] = waiter->waiter.g;
    }
    return count;
}

/* They are woken some at a time, so that what was looked at is still in the cache, and the lock is not held for long. After
 * the last of them the channel is not touched, as who was told of the end may end it: only if there are many, it is
 * kept meanwhile. */
bool lgi_chan_shut(struct lgi_chan *c)
{
    struct lgi_g *woken[AT_ONCE];
    bool kept = false, more;

    lgi_chan_lock(c);
    if (c->closed) {
        lgi_chan_unlock(c);
        return false;
    }
    lgi_releases(&c->closed);
    __atomic_store_n(&c->closed, 1, __ATOMIC_RELEASE); /* from here on nobody begins to wait */
    do {
        unsigned count = claim_some(c, woken);
        more = c->receivers.first || c->senders.first;
        if (more && !kept) {
            lgi_chan_keep(c);
            kept = true;
        }
        lgi_chan_unlock(c);
        lgi_unpark_some(woken, count);
        if (more)
            lgi_chan_lock(c);
    } while (more);
    if (kept)
        // NOLINTNEXTLINE(readability-redundant-parentheses): the function; the macro asks for a channel's type
        (lg_chan_unref)(c);
    return true;
}

void lgi_chan_reopen(struct lgi_chan *c)
{
    lgi_chan_lock(c);
    __atomic_store_n(&c->closed, 0, __ATOMIC_RELEASE);
    lgi_chan_unlock(c);
}

void(lg_chan_close)(void *channel)
{
    struct lgi_chan *c = channel;
    if (!c)
        lg_panic("close of a NULL channel");
    lgi_chan_check(c);
    if (!lgi_chan_shut(c))
        lg_panic("close of closed channel");
}
