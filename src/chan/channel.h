/* Channels as objects, for this room.
 *
 * A value is handed over under the channel's lock: a sender copies it to the first waiting receiver; a receiver takes it from
 * the buffer, and moves the value of the first waiting sender into the room that this made, or takes it from that
 * sender. So the buffer has elements only if no receiver waits, and room only if no sender waits. But a waiter in the list
 * may have been claimed by something else (another case of a select, a deadline) and not have left the list yet. */
#ifndef LGI_CHAN_CHANNEL_H
#define LGI_CHAN_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "sched/bias.h"
#include "sched/bubble.h"
#include "sched/park.h"

#define LGI_CHAN_MAGIC 0x4e41684cU
/* Of a channel that was made in a bubble: so it takes the slow way, where the caller's bubble is compared. */
#define LGI_CHAN_MAGIC_BUBBLE 0x4e42684cU

/* A channel may belong to an object that sends on it: a timer. */
struct lgi_chan_owner {
    /* A receiver is about to check the channel: sends what is due. Called without any lock. */
    void (*refresh)(struct lgi_chan_owner *owner);
    /* The last reference is gone. The channel's memory is the owner's. */
    void (*end)(struct lgi_chan_owner *owner);
};

struct lgi_chan {
    uint32_t magic;
    uint32_t lock;
    uint32_t closed; /* read without the lock too, as `count` and whether the lists are empty */
    uint32_t references;
    uint32_t
        when_free; /* what the lock's word is to be when it is free: a tag (bias.h) or lgi_lock_free_value() */
    uint32_t candidate;           /* the worker that lately took the lock, by its tag */
    size_t count, capacity, size; /* of elements, an element */
    char *in, *out, *first, *end; /* where the next element goes and comes from; the buffer */
    struct lgi_waiters receivers, senders;
    struct lgi_chan_owner *owner; /* NULL: none */
    void (*drop)(void *);
    size_t alignment;
    bool of_pointers; /* drop takes them, not pointers to them */
    uint8_t revocations;
    uint32_t streak; /* so many operations in a row were the candidate's, as far as was seen */
    uint32_t bubble; /* in which it was made (sched/bubble.h); 0: in none */
};

/* The waiter's data is the place of the value; NULL: none. The waiter's index is what it is claimed as. */
struct lgi_chan_waiter {
    struct lgi_waiter waiter;
    bool ok; /* set by the waker: a value was handed over. Otherwise the channel was closed */
};

/* The result of an attempt, under the lock or without it. */
enum lgi_chan_attempt {
    LGI_CHAN_MUST_WAIT,
    LGI_CHAN_DONE,
    LGI_CHAN_WAS_CLOSED,
};

/* The first step of every operation: from time to time lets the other goroutines of the worker run, for goroutines that
 * never have to wait because a thread or another worker always serves them. (The first step, since lg_exit may end the
 * goroutine there, while it holds nothing.) */
extern __thread uint32_t lgi_chan_operations __attribute__((tls_model("initial-exec")));
void lgi_chan_let_others(void) __attribute__((cold));
enum { LGI_CHAN_YIELD_EVERY = 64 };
static inline void lgi_chan_fairness(void)
{
    if (__builtin_expect(++lgi_chan_operations >= LGI_CHAN_YIELD_EVERY, 0))
        lgi_chan_let_others();
}

/* Panics: the pointer is not a channel's, or the channel is of a bubble that the caller is not in. */
void lgi_chan_refuse(const struct lgi_chan *c) __attribute__((noreturn, cold));
/* In a bubble: a wait for a channel of no bubble is one for something outside. */
void lgi_chan_wait_outside(struct lgi_g *g, const struct lgi_chan *c) __attribute__((cold));
void lgi_chan_sent_on_closed(void) __attribute__((noreturn, cold));

/* For those who send, receive or close. */
static inline void lgi_chan_check(const struct lgi_chan *c)
{
    uint32_t magic = __atomic_load_n(&c->magic, __ATOMIC_RELAXED);
    if (__builtin_expect(magic != LGI_CHAN_MAGIC, 0) &&
        (magic != LGI_CHAN_MAGIC_BUBBLE || c->bubble != lgi_bubble_id()))
        lgi_chan_refuse(c);
}

/* For those who own it, or ask. */
static inline void lgi_chan_check_owned(const struct lgi_chan *c)
{
    uint32_t magic = __atomic_load_n(&c->magic, __ATOMIC_RELAXED);
    if (__builtin_expect(magic != LGI_CHAN_MAGIC, 0) && magic != LGI_CHAN_MAGIC_BUBBLE)
        lgi_chan_refuse(c);
}

static inline void lgi_chan_validate(const struct lgi_chan *c)
{
    if (__builtin_expect(c->owner != NULL, 0))
        c->owner->refresh(c->owner);
}

/* For an owner: a channel of `capacity` elements without a drop function, with the buffer right behind it. */
void lgi_chan_init(struct lgi_chan *c, size_t size, size_t capacity, struct lgi_chan_owner *owner);

/* For what sends on it: never waits, and never panics; false if there was no room, or it was closed. */
bool lgi_chan_offer(struct lgi_chan *c, const void *value);

/* Closes it; false if it was closed. */
bool lgi_chan_shut(struct lgi_chan *c);

/* Takes that back: for those who have not noticed yet, it was never closed. */
void lgi_chan_reopen(struct lgi_chan *c);

static inline bool lgi_chan_is_closed(const struct lgi_chan *c)
{
    bool closed = __atomic_load_n(&c->closed, __ATOMIC_ACQUIRE) != 0;
    if (closed)
        lgi_acquired(&c->closed);
    return closed;
}

static inline size_t lgi_chan_count(const struct lgi_chan *c)
{
    return __atomic_load_n(&c->count, __ATOMIC_ACQUIRE);
}

/* Without the lock. False: there was a moment, since the call, when it was open and would have had to wait. (That it had
 * to is told by one of the two words, which one depends on whether there is a buffer, and the other one tells
 * nothing then; and what is open afterwards was open before.) True: it is worth trying. */
static inline bool lgi_chan_may_send(const struct lgi_chan *c)
{
    return lgi_chan_count(c) < c->capacity || !lgi_waiters_empty(&c->receivers) ||
           lgi_chan_is_closed(c);
}

static inline bool lgi_chan_may_recv(const struct lgi_chan *c)
{
    return lgi_chan_count(c) > 0 || !lgi_waiters_empty(&c->senders) || lgi_chan_is_closed(c);
}

/* In a child: those who waited for it stayed in the parent. */
void lgi_chan_forget_parents(struct lgi_chan *c) __attribute__((cold));

static inline void lgi_chan_lock_unbiased(struct lgi_chan *c)
{
    if (__builtin_expect(lgi_lock_whole(&c->lock), 0))
        lgi_chan_forget_parents(c);
}

static inline void lgi_chan_lock(struct lgi_chan *c)
{
    if (lgi_bias_enter(&c->lock))
        lgi_acquired(&c->lock);
    else
        lgi_chan_lock_unbiased(c);
}

/* So many operations of one worker in a row, and the lock is biased to it. Only tests write it. */
extern uint32_t lgi_chan_bias_after;

/* The lock was biased to another worker. From now on it is not, for longer each time. */
void lgi_chan_end_bias(struct lgi_chan *c) __attribute__((cold));

static inline void lgi_chan_unlock(struct lgi_chan *c)
{
    lgi_releases(&c->lock);
    if (lgi_bias_is_inside(&c->lock)) {
        lgi_bias_leave();
        return;
    }
    if (__builtin_expect(c->when_free != lgi_lock_free_value() && c->when_free != lgi_my_tag, 0))
        lgi_chan_end_bias(c);
    __atomic_store_n(&c->lock, c->when_free, __ATOMIC_RELEASE);
}

/* Is there nothing special about an operation? */
static inline bool lgi_chan_is_usual(const struct lgi_chan *c)
{
    return ++lgi_chan_operations < LGI_CHAN_YIELD_EVERY && c &&
           __atomic_load_n(&c->magic, __ATOMIC_RELAXED) == LGI_CHAN_MAGIC;
}

/* Without a call, if the size is a usual one; else false. */
static inline bool lgi_chan_copy_small(void *to, const void *from, size_t size)
{
    switch (size) {
    case 8: memcpy(to, from, 8); return true;
    case 4: memcpy(to, from, 4); return true;
    case 16: memcpy(to, from, 16); return true;
    case 1: memcpy(to, from, 1); return true;
    case 2: memcpy(to, from, 2); return true;
    default: return size == 0;
    }
}

static inline void lgi_chan_copy(void *to, const void *from, size_t size)
{
    if (!lgi_chan_copy_small(to, from, size))
        memcpy(to, from, size);
}

static inline void lgi_chan_zero(void *to, size_t size)
{
    if (to && size > 0)
        memset(to, 0, size);
}

static inline struct lgi_chan_waiter *lgi_chan_claim(struct lgi_waiters *list)
{
    struct lgi_waiter *waiter;
    while (__builtin_expect((waiter = list->first) != NULL, 0)) {
        lgi_waiters_remove(list, waiter);
        if (lgi_claim(waiter->g, waiter->index))
            return (struct lgi_chan_waiter *)waiter;
    }
    return NULL;
}

/* The element that `in` points to is there, the one that `out` points to is not any more. */
static inline void lgi_chan_was_put(struct lgi_chan *c)
{
    c->in += c->size;
    if (c->in == c->end)
        c->in = c->first;
    __atomic_store_n(&c->count, c->count + 1, __ATOMIC_RELEASE);
}

static inline void lgi_chan_was_taken(struct lgi_chan *c)
{
    c->out += c->size;
    if (c->out == c->end)
        c->out = c->first;
    __atomic_store_n(&c->count, c->count - 1, __ATOMIC_RELEASE);
}

static inline void lgi_chan_put(struct lgi_chan *c, const void *value)
{
    lgi_chan_copy(c->in, value, c->size);
    lgi_chan_was_put(c);
}

static inline void lgi_chan_take(struct lgi_chan *c, void *to)
{
    if (to)
        lgi_chan_copy(to, c->out, c->size);
    lgi_chan_was_taken(c);
}

/* Under the lock. The caller must unpark *woken, if that is not NULL, after unlocking. */
static inline __attribute__((always_inline)) enum lgi_chan_attempt
lgi_chan_send_now(struct lgi_chan *c, const void *value, struct lgi_g **woken)
{
    *woken = NULL;
    if (__builtin_expect(c->closed, 0))
        return LGI_CHAN_WAS_CLOSED;
    struct lgi_chan_waiter *receiver = lgi_chan_claim(&c->receivers);
    if (receiver) {
        if (receiver->waiter.data)
            lgi_chan_copy(receiver->waiter.data, value, c->size);
        receiver->ok = true;
        *woken = receiver->waiter.g;
        return LGI_CHAN_DONE;
    }
    if (c->count == c->capacity)
        return LGI_CHAN_MUST_WAIT;
    lgi_chan_put(c, value);
    return LGI_CHAN_DONE;
}

/* Likewise. */
static inline __attribute__((always_inline)) enum lgi_chan_attempt
lgi_chan_recv_now(struct lgi_chan *c, void *to, struct lgi_g **woken)
{
    *woken = NULL;
    if (c->count > 0) {
        lgi_chan_take(c, to);
        struct lgi_chan_waiter *sender = lgi_chan_claim(&c->senders);
        if (sender) {
            lgi_chan_put(c, sender->waiter.data);
            sender->ok = true;
            *woken = sender->waiter.g;
        }
        return LGI_CHAN_DONE;
    }
    struct lgi_chan_waiter *sender = lgi_chan_claim(&c->senders);
    if (sender) {
        if (to)
            lgi_chan_copy(to, sender->waiter.data, c->size);
        sender->ok = true;
        *woken = sender->waiter.g;
        return LGI_CHAN_DONE;
    }
    if (!c->closed)
        return LGI_CHAN_MUST_WAIT;
    lgi_chan_zero(to, c->size);
    return LGI_CHAN_WAS_CLOSED;
}

/* A value that nobody wants. */
void lgi_chan_drop_value(const struct lgi_chan *c, void *value);

/* Memory for one that is received only to be dropped, on the caller's stack. */
#define LGI_CHAN_SCRATCH(size, alignment)                                                          \
    lgi_chan_align(__builtin_alloca((size) + (alignment)), (alignment))
static inline char *lgi_chan_align(char *memory, size_t alignment)
{
    return memory + (-(uintptr_t)memory & (alignment - 1));
}

#endif
