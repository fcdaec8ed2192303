#include "poll/descriptor.h"

#include <errno.h>
#include <lifoguard/file.h>
#include <pthread.h>
#include <stdlib.h>

#include "closers/hooks.h"
#include "poll/poll.h"

/* Entries are made at the first wait, many at a time, and never freed. */
enum { CHUNK = 512, CHUNKS = 32768 };
static struct lgi_fd *chunks[CHUNKS]; /* atomic */
static size_t chunks_end;             /* likewise: there are none from here on */

struct lgi_fd *lgi_fd_known(int fd)
{
    size_t number = (unsigned)fd / CHUNK;
    if (number >= CHUNKS)
        return NULL;
    struct lgi_fd *chunk = __atomic_load_n(&chunks[number], __ATOMIC_ACQUIRE);
    return chunk ? &chunk[(unsigned)fd % CHUNK] : NULL;
}

static void before_close(int fd);
static void after_close(int fd);

/* Those who wait stayed in the parent: the child must not tell them anything. */
static void in_child(void)
{
    for (size_t i = 0; i < chunks_end; i++) {
        for (size_t k = 0; chunks[i] && k < CHUNK; k++) {
            chunks[i][k].lock = LGI_LOCK_FREE;
            lgi_waiters_forget(&chunks[i][k].waiters);
        }
    }
}

static void begin(void)
{
    static const struct lgi_closers_hooks hooks = {before_close, after_close};
    pthread_atfork(NULL, NULL, in_child);
    __atomic_store_n(&lgi_closers_hooks, &hooks, __ATOMIC_RELEASE);
}

/* Not inlined: what is allocated here stays, and is known by this one place. */
static __attribute__((noinline, cold)) struct lgi_fd *make_entry(int fd)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    size_t number = (unsigned)fd / CHUNK;
    if (number >= CHUNKS)
        return NULL;
    pthread_once(&once, begin); /* whoever sees the entry can rely on closes being told */
    struct lgi_fd *chunk = calloc(CHUNK, sizeof(*chunk)), *none = NULL;
    if (!chunk)
        return NULL;
    if (!__atomic_compare_exchange_n(&chunks[number], &none, chunk, false, __ATOMIC_ACQ_REL,
                                     __ATOMIC_ACQUIRE))
        free(chunk);
    size_t end = __atomic_load_n(&chunks_end, __ATOMIC_RELAXED);
    while (end <= number && !__atomic_compare_exchange_n(&chunks_end, &end, number + 1, false,
                                                         __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        ;
    return lgi_fd_known(fd);
}

struct lgi_fd *lgi_fd_get(int fd)
{
    struct lgi_fd *entry = lgi_fd_known(fd);
    return entry ? entry : make_entry(fd);
}

/* ---- generations ---- */

/* Makes the entry, since a close of what has no entry leaves no trace: a call that begins now would wait for what gets the number
 * next. */
uint32_t lgi_fd_generation(int fd)
{
    const struct lgi_fd *entry = lgi_fd_get(fd);
    return entry ? __atomic_load_n(&entry->generation, __ATOMIC_ACQUIRE) : 0;
}

/* What workers have kept is about something else. */
static void begin_life(struct lgi_fd *entry, bool stream)
{
    __atomic_store_n(&entry->life, entry->life + 1, __ATOMIC_RELEASE);
    entry->stream = stream;
}

void lgi_fd_is_stream(int fd)
{
    struct lgi_fd *entry = lgi_fd_get(fd);
    if (!entry)
        return;
    lgi_lock(&entry->lock);
    if (lgi_waiters_empty(&entry->waiters)) /* else somebody waits for what it was */
        begin_life(entry, true);
    lgi_unlock(&entry->lock);
}

/* Ends all waits for the descriptor. */
static void wake_all(int fd, uint32_t as)
{
    struct lgi_fd *entry = lgi_fd_known(fd);
    struct lgi_woken woken = {0};
    if (!entry)
        return;
    lgi_lock(&entry->lock);
    if (as == LGI_FD_CLOSED) {
        __atomic_store_n(&entry->generation, entry->generation + 1, __ATOMIC_RELEASE);
        begin_life(entry, false);
    }
    lgi_waiters_claim_all(&entry->waiters, as - LGI_READY, &woken);
    lgi_unlock(&entry->lock);
    lgi_unpark_all(&woken);
}

static void before_close(int fd)
{
    wake_all(fd, LGI_FD_CLOSED);
}

/* A wait that began in between may be for the closed descriptor: it ends, and its caller tries again. */
static void after_close(int fd)
{
    wake_all(fd, LGI_READY);
}

/* ---- those who wait ---- */

bool lgi_fd_enter(struct lgi_fd *entry, uint32_t generation, struct lgi_fd_wait *wait)
{
    lgi_lock(&entry->lock);
    bool same = entry->generation == generation;
    if (same)
        lgi_waiters_push(&entry->waiters, &wait->waiter);
    lgi_unlock(&entry->lock);
    return same;
}

void lgi_fd_leave(struct lgi_fd *entry, struct lgi_fd_wait *wait)
{
    lgi_lock(&entry->lock);
    lgi_waiters_remove(&entry->waiters, &wait->waiter);
    lgi_unlock(&entry->lock);
}

lg_error *lgi_fd_not_open(int fd)
{
    return lg_error_new_code(EBADF, "waiting for descriptor %d", fd);
}

lg_error *lgi_fd_wait_result(const struct lgi_fd_wait *wait, uint32_t claim, lg_until until,
                             short *revents)
{
    if (claim < LGI_READY)
        return lgi_wait_failed(claim, until);
    *revents = wait->revents;
    if (claim == LGI_FD_CLOSED)
        return &lg_error_closed;
    return wait->revents & POLLNVAL ? lgi_fd_not_open(wait->fd) : NULL;
}
