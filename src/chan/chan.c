/* Sending and receiving. (channel.c: making, closing and ending a channel.) */
#include <lifoguard/chan.h>

#include <lifoguard/panic.h>

#include "chan/channel.h"
#include "sched/goroutine.h"
#include "sched/worker.h"

LG_ERROR_DEFINE(lg_error_chan_closed, "the channel is closed");

void lgi_chan_refuse(const struct lgi_chan *c)
{
    if (__atomic_load_n(&c->magic, __ATOMIC_RELAXED) == LGI_CHAN_MAGIC_BUBBLE)
        lg_panic("use of a channel of a test in virtual time from outside of that test");
    lg_panic("%p is not a channel, or one whose last reference was dropped", (const void *)c);
}

void lgi_chan_wait_outside(struct lgi_g *g, const struct lgi_chan *c)
{
    if (g->bubble && c->bubble == 0)
        lgi_wait_outside(g);
}

void lgi_chan_sent_on_closed(void)
{
    lg_panic("send on closed channel");
}

__thread uint32_t lgi_chan_operations __attribute__((tls_model("initial-exec")));

void lgi_chan_let_others(void)
{
    lgi_chan_operations = 0;
    struct lgi_g *g = lgi_self();
    if (lgi_on_fiber(g))
        lgi_worker_yield(g); /* lg_yield is where lg_exit ends a goroutine; this is not */
}

/* ---- the bias of the lock ---- */

void lgi_chan_end_bias(struct lgi_chan *c)
{
    enum { MOST = 8 };
    c->when_free = lgi_lock_free_value();
    c->candidate = LGI_NO_TAG;
    if (c->revocations < MOST)
        c->revocations++;
}

void lgi_chan_forget_parents(struct lgi_chan *c)
{
    c->when_free = lgi_lock_free_value();
    c->candidate = LGI_NO_TAG;
    lgi_waiters_forget(&c->receivers);
    lgi_waiters_forget(&c->senders);
}

uint32_t lgi_chan_bias_after = 4096;

/* Under the lock, for one of so many operations: is it always the same worker that comes? */
static inline void consider_bias(struct lgi_chan *c, uint32_t operations)
{
    uint32_t tag = lgi_my_tag;
    if (c->when_free == tag || tag == LGI_NO_TAG)
        return;
    if (c->candidate != tag) {
        c->candidate = tag;
        c->streak = 0;
    }
    c->streak += operations;
    if (c->streak >= lgi_chan_bias_after << c->revocations && c->when_free == lgi_lock_free_value())
        c->when_free = tag;
}

/* ---- waiting ---- */

static lg_error *wait_for_null(const char *what, lg_until until)
{
    struct lgi_g *g = lgi_self();
    lgi_wait_begin(g, what);
    return lgi_wait_failed(lgi_park(g, until), until);
}

/* The channel is locked, and its list is `list`. Unlocks it, and waits until the value was handed over or the channel
 * closed: then NULL. */
/* (Inlined, as what calls it: after a switch every return is mispredicted.) */
static inline __attribute__((always_inline)) lg_error *
wait_for_other(struct lgi_chan *c, struct lgi_waiters *list, struct lgi_chan_waiter *waiter,
               lg_until until, const char *what)
{
    struct lgi_g *g = lgi_self();
    waiter->waiter.g = g;
    waiter->waiter.index = LGI_READY;
    if (lgi_bubbles_exist())
        lgi_chan_wait_outside(g, c);
    if (until.lgi_done || until.lgi_deadline != LG_DURATION_MAX)
        lgi_wait_begin(g, what);
    else
        lgi_wait_begin_under(g, what, &c->lock);
    lgi_waiters_push(list, &waiter->waiter);
    lgi_chan_unlock(c);
    uint32_t claim = lgi_park(g, until);
    if (__builtin_expect(claim >= LGI_READY, 1))
        return NULL;
    lgi_chan_lock(c);
    lgi_waiters_remove(list, &waiter->waiter);
    lgi_chan_unlock(c);
    return lgi_wait_failed(claim, until);
}

/* ---- sending ---- */

/* The channel is locked. (Who wakes the caller has taken the waiter out of the list and set `ok`, which the analyzer does not
 * see.) NOLINTBEGIN(clang-analyzer-core.StackAddressEscape,clang-analyzer-core.CallAndMessage,clang-analyzer-core.uninitialized.Branch) */
static inline __attribute__((always_inline)) lg_error *
send_holding(struct lgi_chan *c, const void *value, lg_until until)
{
    struct lgi_g *woken;
    enum lgi_chan_attempt sent = lgi_chan_send_now(c, value, &woken);
    if (sent == LGI_CHAN_MUST_WAIT) {
        struct lgi_chan_waiter waiter;
        waiter.waiter.data = (void *)(uintptr_t)value;
        lg_error *error = wait_for_other(c, &c->senders, &waiter, until, "send to a channel");
        if (error)
            return error;
        if (__builtin_expect(!waiter.ok, 0))
            lgi_chan_sent_on_closed();
        return NULL;
    }
    lgi_chan_unlock(c);
    if (woken)
        lgi_unpark(woken);
    if (__builtin_expect(sent == LGI_CHAN_WAS_CLOSED, 0))
        lgi_chan_sent_on_closed();
    return NULL;
}
/* NOLINTEND(clang-analyzer-core.StackAddressEscape,clang-analyzer-core.CallAndMessage,clang-analyzer-core.uninitialized.Branch) */

static inline lg_error *send_until(struct lgi_chan *c, const void *value, lg_until until)
{
    if (__builtin_expect(!c, 0))
        return wait_for_null("send to a NULL channel", until);
    lgi_chan_check(c);
    lgi_chan_lock(c);
    consider_bias(c, LGI_CHAN_YIELD_EVERY);
    return send_holding(c, value, until);
}

static __attribute__((noinline)) void send_otherwise(struct lgi_chan *c, const void *value)
{
    lgi_chan_fairness();
    (void)send_until(c, value, lg_until_forever());
}

static __attribute__((noinline)) void send_locked(struct lgi_chan *c, const void *value)
{
    consider_bias(c, 1);
    (void)send_holding(c, value, lg_until_forever());
}

/* Under the lock. Into a buffer that has room, if nobody waits and the value is small. */
static inline bool send_fast(struct lgi_chan *c, const void *value)
{
    if (c->closed || !lgi_waiters_empty(&c->receivers) || c->count >= c->capacity ||
        !lgi_chan_copy_small(c->in, value, c->size))
        return false;
    lgi_chan_was_put(c);
    return true;
}

static __attribute__((noinline)) void send_unbiased(struct lgi_chan *c, const void *value)
{
    lgi_chan_lock_unbiased(c);
    if (send_fast(c, value))
        lgi_chan_unlock(c);
    else
        send_locked(c, value);
}

/* The usual case makes no call, and so saves no register. */
void lgi_chan_send(void *channel, const void *value)
{
    struct lgi_chan *c = channel;
    if (__builtin_expect(!lgi_chan_is_usual(c), 0))
        send_otherwise(c, value);
    else if (!lgi_bias_enter(&c->lock))
        send_unbiased(c, value);
    else if (__builtin_expect(send_fast(c, value), 1))
        lgi_bias_leave();
    else
        send_locked(c, value);
}

lg_error *lgi_chan_send_until(void *channel, const void *value, lg_until until)
{
    lgi_chan_fairness();
    return send_until(channel, value, until);
}

bool lgi_chan_try_send(void *channel, const void *value)
{
    struct lgi_chan *c = channel;
    struct lgi_g *woken;
    lgi_chan_fairness();
    if (!c)
        return false;
    lgi_chan_check(c);
    if (!lgi_chan_may_send(c))
        return false;
    lgi_chan_lock(c);
    enum lgi_chan_attempt sent = lgi_chan_send_now(c, value, &woken);
    lgi_chan_unlock(c);
    if (woken)
        lgi_unpark(woken);
    if (__builtin_expect(sent == LGI_CHAN_WAS_CLOSED, 0))
        lgi_chan_sent_on_closed();
    return sent == LGI_CHAN_DONE;
}

bool lgi_chan_offer(struct lgi_chan *c, const void *value)
{
    struct lgi_g *woken;
    lgi_chan_lock(c);
    enum lgi_chan_attempt sent = lgi_chan_send_now(c, value, &woken);
    lgi_chan_unlock(c);
    if (woken)
        lgi_unpark(woken);
    return sent == LGI_CHAN_DONE;
}

/* ---- receiving ---- */

/* The channel is locked. (As in send_holding.) NOLINTBEGIN(clang-analyzer-core.StackAddressEscape,clang-analyzer-core.CallAndMessage,clang-analyzer-core.uninitialized.Branch) */
static inline __attribute__((always_inline)) lg_error *recv_holding(struct lgi_chan *c, void *to,
                                                                    lg_until until)
{
    struct lgi_g *woken;
    enum lgi_chan_attempt received = lgi_chan_recv_now(c, to, &woken);
    if (received == LGI_CHAN_MUST_WAIT) {
        struct lgi_chan_waiter waiter;
        waiter.waiter.data = to;
        lg_error *error = wait_for_other(c, &c->receivers, &waiter, until,
                                         "receive from a channel");
        return error || waiter.ok ? error : &lg_error_chan_closed;
    }
    lgi_chan_unlock(c);
    if (woken)
        lgi_unpark(woken);
    return received == LGI_CHAN_DONE ? NULL : &lg_error_chan_closed;
}
/* NOLINTEND(clang-analyzer-core.StackAddressEscape,clang-analyzer-core.CallAndMessage,clang-analyzer-core.uninitialized.Branch) */

static inline lg_error *recv_until(struct lgi_chan *c, void *to, lg_until until)
{
    lgi_chan_lock(c);
    consider_bias(c, LGI_CHAN_YIELD_EVERY);
    return recv_holding(c, to, until);
}

static inline lg_error *try_recv(struct lgi_chan *c, void *to)
{
    if (!lgi_chan_may_recv(c)) {
        lgi_chan_validate(c);
        if (!lgi_chan_may_recv(c))
            return &lg_error_deadline_exceeded;
    }
    struct lgi_g *woken;
    lgi_chan_lock(c);
    enum lgi_chan_attempt received = lgi_chan_recv_now(c, to, &woken);
    lgi_chan_unlock(c);
    if (woken)
        lgi_unpark(woken);
    switch (received) {
    case LGI_CHAN_DONE: return NULL;
    case LGI_CHAN_MUST_WAIT: return &lg_error_deadline_exceeded;
    default: return &lg_error_chan_closed;
    }
}

/* What is received belongs to nobody. */
static __attribute__((noinline)) lg_error *recv_and_drop(struct lgi_chan *c, lg_until until)
{
    void *value = LGI_CHAN_SCRATCH(c->size, c->alignment);
    lg_error *error = recv_until(c, value, until);
    if (!error)
        lgi_chan_drop_value(c, value);
    return error;
}

static __attribute__((noinline)) lg_error *try_recv_and_drop(struct lgi_chan *c)
{
    void *value = LGI_CHAN_SCRATCH(c->size, c->alignment);
    lg_error *error = try_recv(c, value);
    if (!error)
        lgi_chan_drop_value(c, value);
    return error;
}

static __attribute__((noinline)) bool recv_otherwise(struct lgi_chan *c, void *to)
{
    lgi_chan_fairness();
    if (!c) {
        (void)wait_for_null("receive from a NULL channel", lg_until_forever());
        return false;
    }
    lgi_chan_check(c);
    if (!to && c->drop)
        return !recv_and_drop(c, lg_until_forever());
    return !recv_until(c, to, lg_until_forever());
}

static __attribute__((noinline)) bool recv_locked(struct lgi_chan *c, void *to)
{
    consider_bias(c, 1);
    return !recv_holding(c, to, lg_until_forever());
}

/* Under the lock. An element that is there, if it is small and nobody waits. */
static inline bool recv_fast(struct lgi_chan *c, void *to)
{
    if (c->count == 0 || !lgi_waiters_empty(&c->senders) ||
        !lgi_chan_copy_small(to, c->out, c->size))
        return false;
    lgi_chan_was_taken(c);
    return true;
}

static __attribute__((noinline)) bool recv_unbiased(struct lgi_chan *c, void *to)
{
    lgi_chan_lock_unbiased(c);
    if (!recv_fast(c, to))
        return recv_locked(c, to);
    lgi_chan_unlock(c);
    return true;
}

bool lgi_chan_recv(void *channel, void *to)
{
    struct lgi_chan *c = channel;
    if (__builtin_expect(!to || !lgi_chan_is_usual(c), 0))
        return recv_otherwise(c, to);
    if (!lgi_bias_enter(&c->lock))
        return recv_unbiased(c, to);
    if (__builtin_expect(!recv_fast(c, to), 0))
        return recv_locked(c, to);
    lgi_bias_leave();
    return true;
}

lg_error *lgi_chan_recv_until(void *channel, void *to, lg_until until)
{
    struct lgi_chan *c = channel;
    lgi_chan_fairness();
    if (!c)
        return wait_for_null("receive from a NULL channel", until);
    lgi_chan_check(c);
    return to || !c->drop ? recv_until(c, to, until) : recv_and_drop(c, until);
}

lg_error *lgi_chan_try_recv(void *channel, void *to)
{
    struct lgi_chan *c = channel;
    lgi_chan_fairness();
    if (!c)
        return &lg_error_deadline_exceeded;
    lgi_chan_check(c);
    return to || !c->drop ? try_recv(c, to) : try_recv_and_drop(c);
}
