#include <lifoguard/chan.h>

#include <stdlib.h>

#include <lifoguard/panic.h>

#include "chan/channel.h"
#include "sched/goroutine.h"

enum {
    NONE = -1, /* of cases */
    FEW = 16,  /* cases for which there is room on the stack */
};

static inline struct lgi_chan *channel_of(const lg_case *it)
{
    return (struct lgi_chan *)it->lgi_channel;
}

static inline bool is_channel(const lg_case *it)
{
    return it->lgi_channel != NULL; /* the others have none */
}

/* ---- choosing ---- */

/* Marsaglia's xorshift. Any start but 0 will do; threads differ by the address. */
static inline uint64_t next_random(void)
{
    static __thread uint64_t state __attribute__((tls_model("initial-exec")));
    uint64_t x = state;
    if (__builtin_expect(x == 0, 0))
        x = (uint64_t)(uintptr_t)&state * 0x9e3779b97f4a7c15U ^ (uint64_t)lg_now();
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    state = x;
    return x;
}

static inline size_t random_below(size_t limit)
{
    return (size_t)(__extension__(unsigned __int128) next_random() * limit >> 64);
}

/* Is the case worth trying? Exact while the channel is locked, except for waiters that were claimed by something else.
 * Without the lock: see lgi_chan_may_recv. */
static inline bool may_be_done(const lg_case *it)
{
    const struct lgi_chan *c = channel_of(it);
    if (is_channel(it)) {
        lgi_chan_check(c);
        return it->lgi_kind == LGI_CASE_RECV ? lgi_chan_may_recv(c) : lgi_chan_may_send(c);
    }
    return it->lgi_kind == LGI_CASE_DONE && lgi_done_happened(it->lgi_until.lgi_done);
}

/* One of the cases that may be done, each as likely as the others. */
static inline ptrdiff_t choose(const lg_case *cases, size_t count)
{
    ptrdiff_t chosen = NONE;
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        if (!may_be_done(&cases[i]))
            continue;
        found++;
        if (found == 1 || random_below(found) == 0)
            chosen = (ptrdiff_t)i;
    }
    return chosen;
}

/* (lgi_until_over is for calls that return an error: it keeps that.) */
static inline bool is_over(lg_until until)
{
    return (until.lgi_done && lgi_done_happened(until.lgi_done)) ||
           (until.lgi_deadline != LG_DURATION_MAX && lg_now() >= until.lgi_deadline);
}

/* What is chosen if no channel is ready: what has happened once and for all, or a default. (So this was not so when the
 * channels were checked, if it is not now: there was a moment when nothing could be done.) */
static ptrdiff_t otherwise(const lg_case *cases, size_t count)
{
    ptrdiff_t none = NONE;
    for (size_t i = 0; i < count; i++) {
        if (cases[i].lgi_kind == LGI_CASE_DONE && may_be_done(&cases[i]))
            return (ptrdiff_t)i;
        if (cases[i].lgi_kind == LGI_CASE_UNTIL && is_over(cases[i].lgi_until))
            return (ptrdiff_t)i;
        if (cases[i].lgi_kind == LGI_CASE_DEFAULT && none == NONE)
            none = (ptrdiff_t)i;
    }
    return none;
}

/* Where the value is, or goes. `scratch` is for what is received only to be dropped. */
static inline void *value_of(const lg_case *it, void *scratch)
{
    return it->lgi_value.at || it->lgi_kind == LGI_CASE_SEND ? it->lgi_value.at : scratch;
}

/* Under the channel's lock, if it has one. Must be finished after unlocking. */
static inline enum lgi_chan_attempt attempt(const lg_case *it, void *scratch, struct lgi_g **woken)
{
    *woken = NULL;
    switch (it->lgi_kind) {
    case LGI_CASE_RECV: return lgi_chan_recv_now(channel_of(it), value_of(it, scratch), woken);
    case LGI_CASE_SEND: return lgi_chan_send_now(channel_of(it), it->lgi_value.at, woken);
    default: return LGI_CHAN_DONE;
    }
}

static inline void finish(const lg_case *it, void *scratch, struct lgi_g *woken, bool ok)
{
    if (woken)
        lgi_unpark(woken);
    if (it->lgi_kind == LGI_CASE_RECV) {
        if (it->lgi_value.ok)
            *it->lgi_value.ok = ok;
        if (__builtin_expect(scratch && !it->lgi_value.at && ok, 0))
            lgi_chan_drop_value(channel_of(it), scratch);
    } else if (__builtin_expect(it->lgi_kind == LGI_CASE_SEND && !ok, 0)) {
        lgi_chan_sent_on_closed();
    }
}

/* Does one of the cases that seem to be ready; NONE if there are none. Takes one lock. `chosen` is tried first. (Choosing
 * again would favour cases that are done the fast way.) */
static inline ptrdiff_t perform_ready(const lg_case *cases, size_t count, ptrdiff_t chosen,
                                      void *scratch)
{
    for (;; chosen = NONE) {
        if (chosen == NONE && (chosen = choose(cases, count)) == NONE)
            return NONE;
        const lg_case *it = &cases[chosen];
        struct lgi_chan *c = channel_of(it);
        struct lgi_g *woken;
        if (!c)
            return chosen;
        lgi_chan_lock(c);
        enum lgi_chan_attempt done = attempt(it, scratch, &woken);
        lgi_chan_unlock(c);
        if (__builtin_expect(done != LGI_CHAN_MUST_WAIT, 1)) {
            finish(it, scratch, woken, done == LGI_CHAN_DONE);
            return chosen;
        }
        /* Another thread was faster, or the waiter's wait had ended. */
    }
}

/* ---- waiting ---- */

struct waiting {
    const lg_case *cases;
    size_t count;
    void *scratch;                   /* for what is received only to be dropped; NULL: nothing is */
    struct lgi_chan_waiter *waiters; /* one a case */
    struct lgi_chan **channels;      /* each once, by address: the order in which they are locked */
    size_t channel_count;
};

static inline struct lgi_waiters *waiters_of(const lg_case *it)
{
    struct lgi_chan *c = channel_of(it);
    return it->lgi_kind == LGI_CASE_RECV ? &c->receivers : &c->senders;
}

static inline struct lgi_done *done_of(const lg_case *it)
{
    return it->lgi_kind == LGI_CASE_DONE || it->lgi_kind == LGI_CASE_UNTIL ? it->lgi_until.lgi_done
                                                                           : NULL;
}

/* Shell's sort: short, without memory, and fast enough for thousands. */
static void sort(struct lgi_chan **channels, size_t count)
{
    for (size_t gap = count / 2; gap > 0; gap = gap == 2 ? 1 : gap * 5 / 11)
        for (size_t i = gap; i < count; i++) {
            struct lgi_chan *c = channels[i];
            size_t j = i;
            for (; j >= gap && (uintptr_t)channels[j - gap] > (uintptr_t)c; j -= gap)
                channels[j] = channels[j - gap];
            channels[j] = c;
        }
}

/* Returns how many cases have one. */
static size_t find_channels(struct waiting *w)
{
    size_t found = 0, different = 0;
    for (size_t i = 0; i < w->count; i++)
        if (is_channel(&w->cases[i]))
            w->channels[found++] = channel_of(&w->cases[i]);
    sort(w->channels, found);
    for (size_t i = 0; i < found; i++)
        if (different == 0 || w->channels[i] != w->channels[different - 1])
            w->channels[different++] = w->channels[i];
    w->channel_count = different;
    return found;
}

static void lock_all(const struct waiting *w)
{
    for (size_t i = 0; i < w->channel_count; i++)
        lgi_chan_lock_unbiased(w->channels[i]);
}

static void unlock_all(const struct waiting *w)
{
    for (size_t i = 0; i < w->channel_count; i++)
        lgi_chan_unlock(w->channels[i]);
}

/* The deadline that comes first. */
static ptrdiff_t earliest(const struct waiting *w, lg_until *until)
{
    ptrdiff_t first = NONE;
    *until = lg_until_forever();
    for (size_t i = 0; i < w->count; i++)
        if (w->cases[i].lgi_kind == LGI_CASE_UNTIL &&
            w->cases[i].lgi_until.lgi_deadline < until->lgi_deadline) {
            until->lgi_deadline = w->cases[i].lgi_until.lgi_deadline;
            first = (ptrdiff_t)i;
        }
    return first;
}

/* All channels are locked, so that the caller cannot be claimed before it is in all lists: a thread that claims it does one
 * of its cases, which would otherwise have to be undone if the caller itself could do another. Of several cases with one
 * channel, chance decides which is the first in the list. */
static void enqueue(const struct waiting *w, size_t channel_cases, struct lgi_g *g)
{
    size_t first = channel_cases > w->channel_count ? random_below(w->count) : 0;
    for (size_t n = 0; n < w->count; n++) {
        size_t i = first + n < w->count ? first + n : first + n - w->count;
        const lg_case *it = &w->cases[i];
        struct lgi_chan_waiter *waiter = &w->waiters[i];
        waiter->waiter.queued = waiter->waiter.watches = false;
        waiter->waiter.g = g;
        waiter->waiter.index = LGI_READY + (uint32_t)i;
        waiter->waiter.data = value_of(it, w->scratch);
        waiter->ok = false;
        if (is_channel(it))
            lgi_waiters_push(waiters_of(it), &waiter->waiter);
    }
}

static void dequeue(const struct waiting *w)
{
    for (size_t i = 0; i < w->count; i++) {
        const lg_case *it = &w->cases[i];
        struct lgi_chan *c = channel_of(it);
        struct lgi_done *done = done_of(it);
        if (is_channel(it)) {
            lgi_chan_lock(c);
            lgi_waiters_remove(waiters_of(it), &w->waiters[i].waiter);
            lgi_chan_unlock(c);
        } else if (done) {
            lgi_done_unwatch(done, &w->waiters[i].waiter);
        }
    }
}

/* With all channels locked: does one case, if one can be done without waiting. Then the channels are unlocked. */
static ptrdiff_t perform_ready_locked(const struct waiting *w)
{
    ptrdiff_t chosen;
    while ((chosen = choose(w->cases, w->count)) != NONE) {
        const lg_case *it = &w->cases[chosen];
        struct lgi_g *woken;
        enum lgi_chan_attempt done = attempt(it, w->scratch, &woken);
        if (done != LGI_CHAN_MUST_WAIT) {
            unlock_all(w);
            finish(it, w->scratch, woken, done == LGI_CHAN_DONE);
            return chosen;
        }
    }
    chosen = otherwise(w->cases, w->count);
    if (chosen != NONE)
        unlock_all(w);
    return chosen;
}

/* Watches what the cases without a channel wait for. If it has happened already, ends the wait and returns its claim; else
 * returns LGI_WAITING. */
static uint32_t watch_all(const struct waiting *w, struct lgi_g *g)
{
    for (size_t i = 0; i < w->count; i++) {
        struct lgi_done *done = done_of(&w->cases[i]);
        struct lgi_waiter *waiter = &w->waiters[i].waiter;
        if (done && !lgi_done_watch(done, waiter) && lgi_claim(g, waiter->index))
            return waiter->index;
    }
    return LGI_WAITING;
}

/* Waits until a case has been claimed, and returns the claim. */
static uint32_t park_for_all(const struct waiting *w, struct lgi_g *g, lg_until until)
{
    uint32_t claim = watch_all(w, g);
    if (claim == LGI_WAITING) {
        for (size_t i = 0; lgi_bubbles_exist() && i < w->channel_count; i++)
            lgi_chan_wait_outside(g, w->channels[i]);
        claim = lgi_park(g, until);
    } else {
        g->waits_for = NULL;
    }
    dequeue(w);
    return claim;
}

/* The case that was claimed is done, but for what the caller does itself. */
static size_t finish_claimed(const struct waiting *w, uint32_t claim)
{
    size_t done = (size_t)claim - LGI_READY;
    if (done >= w->count) { /* lg_exit ends the goroutine */
        (void)lgi_wait_failed(claim, lg_until_forever());
        __builtin_unreachable();
    }
    finish(&w->cases[done], w->scratch, NULL, w->waiters[done].ok);
    return done;
}

/* It seemed that nothing could be done without waiting. */
static size_t wait_for_case(struct waiting *w)
{
    struct lgi_g *g = lgi_self();
    size_t channel_cases = find_channels(w);
    lock_all(w);
    ptrdiff_t chosen = perform_ready_locked(w);
    if (chosen != NONE)
        return (size_t)chosen;
    lgi_wait_begin(g, w->count == 0 ? "select without cases" : "select");
    enqueue(w, channel_cases, g);
    unlock_all(w);

    lg_until until;
    ptrdiff_t deadline = earliest(w, &until);
    uint32_t claim = park_for_all(w, g, until);
    return claim == LGI_TIMED_OUT ? (size_t)deadline : finish_claimed(w, claim);
}

static __attribute__((noinline)) size_t wait_for_few(const lg_case *cases, size_t count,
                                                     void *scratch)
{
    struct lgi_chan_waiter waiters[FEW];
    struct lgi_chan *channels[FEW];
    struct waiting w = {cases, count, scratch, waiters, channels, 0};
    return wait_for_case(&w);
}

static void free_it(void **memory)
{
    free(*memory);
}

static __attribute__((noinline)) size_t wait_for_one_of_many(const lg_case *cases, size_t count,
                                                             void *scratch)
{
    struct one {
        struct lgi_chan_waiter waiter;
        struct lgi_chan *channel;
    };
    if (count > UINT32_MAX - LGI_READY - 1)
        lg_panic("lg_select_n: %zu cases are too many", count);
    void *memory __attribute__((cleanup(free_it))) = calloc(count, sizeof(struct one));
    if (!memory)
        lg_panic("lg_select_n: out of memory for %zu cases", count);
    struct lgi_chan_waiter *waiters = memory;
    struct waiting w = {cases, count, scratch, waiters, (struct lgi_chan **)(waiters + count), 0};
    return wait_for_case(&w);
}

/* ---- all of it ---- */

/* Lets the owners of channels send what is due. False: no channel has an owner. */
static bool refresh(const lg_case *cases, size_t count)
{
    bool owned = false;
    for (size_t i = 0; i < count; i++) {
        const struct lgi_chan *c = channel_of(&cases[i]);
        if (__builtin_expect(cases[i].lgi_kind == LGI_CASE_RECV && c && c->owner, 0)) {
            lgi_chan_validate(c);
            owned = true;
        }
    }
    return owned;
}

static inline size_t select_case(const lg_case *cases, size_t count, ptrdiff_t chosen,
                                 void *scratch)
{
    ptrdiff_t done = perform_ready(cases, count, chosen, scratch);
    if (done == NONE && refresh(cases, count))
        done = perform_ready(cases, count, NONE, scratch);
    if (done != NONE)
        return (size_t)done;
    size_t channels = 0;
    for (size_t i = 0; i < count; i++)
        channels += is_channel(&cases[i]);
    /* One channel is checked in one moment, several are not: one may become ready while another ceases to be. */
    if (channels <= 1 && (done = otherwise(cases, count)) != NONE)
        return (size_t)done;
    return count <= FEW ? wait_for_few(cases, count, scratch)
                        : wait_for_one_of_many(cases, count, scratch);
}

static inline bool drops(const lg_case *it)
{
    const struct lgi_chan *c = channel_of(it);
    return it->lgi_kind == LGI_CASE_RECV && !it->lgi_value.at && c && c->drop;
}

/* Only one case is done, so they can all have the same memory. */
static __attribute__((noinline)) size_t select_and_drop(const lg_case *cases, size_t count,
                                                        ptrdiff_t chosen)
{
    size_t size = 0, alignment = 1;
    for (size_t i = 0; i < count; i++) {
        const struct lgi_chan *c = channel_of(&cases[i]);
        if (cases[i].lgi_kind != LGI_CASE_RECV || cases[i].lgi_value.at || !c)
            continue;
        size = c->size > size ? c->size : size;
        alignment = c->alignment > alignment ? c->alignment : alignment;
    }
    return select_case(cases, count, chosen, LGI_CHAN_SCRATCH(size, alignment));
}

static __attribute__((noinline)) size_t select_otherwise(const lg_case *cases, size_t count,
                                                         ptrdiff_t chosen)
{
    for (size_t i = 0; i < count; i++)
        if (drops(&cases[i]))
            return select_and_drop(cases, count, chosen);
    return select_case(cases, count, chosen, NULL);
}

/* Under the lock. An element that is there, or none since the channel is closed. */
static inline bool recv_fast(const lg_case *it, struct lgi_chan *c)
{
    bool has_element = c->count > 0;
    if (has_element) {
        if (!it->lgi_value.at || !lgi_waiters_empty(&c->senders) ||
            !lgi_chan_copy_small(it->lgi_value.at, c->out, c->size))
            return false;
        lgi_chan_was_taken(c);
    } else {
        if (!c->closed)
            return false;
        lgi_chan_zero(it->lgi_value.at, c->size);
    }
    if (it->lgi_value.ok)
        *it->lgi_value.ok = has_element;
    return true;
}

/* Under the lock. Into a buffer that has room. */
static inline bool send_fast(const lg_case *it, struct lgi_chan *c)
{
    if (c->closed || c->count >= c->capacity || !lgi_waiters_empty(&c->receivers) ||
        !lgi_chan_copy_small(c->in, it->lgi_value.at, c->size))
        return false;
    lgi_chan_was_put(c);
    return true;
}

/* Does a case that wakes nobody and whose value is small. False: the case is not such a one, or has ceased to be ready. */
static inline bool do_fast(const lg_case *it)
{
    struct lgi_chan *c = channel_of(it);
    if (!c)
        return true; /* it has happened */
    lgi_chan_lock(c);
    bool done = it->lgi_kind == LGI_CASE_RECV ? recv_fast(it, c) : send_fast(it, c);
    lgi_chan_unlock(c);
    return done;
}

/* What one pass over all cases finds. */
struct survey {
    ptrdiff_t chosen;   /* one of the cases that may be done, each as likely as the others; NONE */
    ptrdiff_t default_; /* NONE */
    size_t channels;    /* that are not ready */
    bool plain; /* channels without an owner, cases that never come, and a default: nothing else */
};

static inline __attribute__((always_inline)) struct survey survey(const lg_case *cases,
                                                                  size_t count)
{
    struct survey all = {.chosen = NONE, .default_ = NONE, .plain = true};
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        const struct lgi_chan *c = channel_of(&cases[i]);
        if (may_be_done(&cases[i])) {
            found++;
            if (found == 1 || random_below(found) == 0)
                all.chosen = (ptrdiff_t)i;
        } else if (c) {
            all.channels++;
            all.plain &= !c->owner;
        } else if (cases[i].lgi_kind == LGI_CASE_DEFAULT) {
            all.default_ = (ptrdiff_t)i;
        } else {
            all.plain &= cases[i].lgi_kind == LGI_CASE_NEVER;
        }
    }
    return all;
}

/* The usual cases, in one pass and without a call. */
size_t lg_select_n(const lg_case *cases, size_t count)
{
    lgi_chan_fairness();
    const struct survey all = survey(cases, count);
    if (all.chosen != NONE) {
        if (do_fast(&cases[all.chosen]))
            return (size_t)all.chosen;
    } else if (all.default_ != NONE && all.channels <= 1 && all.plain) {
        return (size_t)all.default_;
    }
    return select_otherwise(cases, count, all.chosen);
}
