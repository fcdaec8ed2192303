/* What locks promise, checked on recorded histories against a plain model. Each call notes a number from one counter before
 * it begins and after it has returned, so numbers are ordered as the moments are. Held for certain is what lies between
 * the return of a lock and the call of its unlock; possibly held, what lies between the call of a lock and the return of
 * its unlock. The model: what is held for certain excludes what it should exclude; and a try may fail only if
 * somebody has possibly held, or wanted, what was in the way, at some moment between its call and its return. */
#include "testing/sync.h"

#include <stdatomic.h>

enum kind { NOTHING, READ, WRITE };

struct act {
    uint32_t called, returned;          /* the lock */
    uint32_t unlocked, unlock_returned; /* 0: it was not got */
    uint8_t kind;
    uint8_t units;
    bool tried; /* and would not wait */
};

enum { GOROUTINES = 12, THREADS = 3, ALL = GOROUTINES + THREADS, ACTS = 1200 };

struct locks {
    lg_mutex mutex;
    lg_rwmutex rw;
    lg_semaphore semaphore;
};

struct history {
    struct locks locks;
    bool (*lock)(struct locks *locks, struct act *act, uint64_t *random);
    void (*unlock)(struct locks *locks, const struct act *act);
    _Atomic uint32_t now;
    unsigned each; /* how many acts each of them has */
    struct act acts[ALL * ACTS];
};

static void hold(struct history *history, struct act *act, uint64_t *random)
{
    lg_func_recovers_void {
        lg_defer_recover(stop_quietly);
        lg_defer_block {
            act->unlocked = atomic_fetch_add(&history->now, 1);
            history->unlock(&history->locks, act);
            act->unlock_returned = atomic_fetch_add(&history->now, 1);
        }
        yield_at_random(random);
        if (random_below(random, 8) == 0)
            lg_panic("while holding");
    }
}

static void make_history(void *data, unsigned number)
{
    struct history *history = data;
    uint64_t random = number * UINT64_C(77);
    for (unsigned i = 0; i < history->each; i++) {
        struct act *act = &history->acts[number * history->each + i];
        act->called = atomic_fetch_add(&history->now, 1);
        bool got = history->lock(&history->locks, act, &random);
        act->returned = atomic_fetch_add(&history->now, 1);
        if (got)
            hold(history, act, &random);
        yield_at_random(&random);
    }
}

/* ---- the model ---- */

static int by_return(const void *a, const void *b)
{
    uint32_t x = ((const struct act *)a)->returned, y = ((const struct act *)b)->returned;
    return (x > y) - (x < y);
}

static bool excludes(const struct act *a, const struct act *b)
{
    return a->kind == WRITE || b->kind == WRITE;
}

/* Sorted by return: what is held for certain begins in this order. */
static void check_exclusion(const struct act *acts, unsigned count)
{
    uint32_t last_read = 0, last_write = 0; /* until when */
    for (unsigned i = 0; i < count; i++) {
        if (!acts[i].unlocked)
            continue;
        ck_assert_uint_gt(acts[i].returned, last_write);
        if (acts[i].kind == WRITE)
            ck_assert_uint_gt(acts[i].returned, last_read);
        uint32_t *last = acts[i].kind == WRITE ? &last_write : &last_read;
        if (*last < acts[i].unlocked)
            *last = acts[i].unlocked;
    }
}

static void check_failures(const struct act *acts, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        bool in_the_way = false;
        if (acts[i].unlocked || !acts[i].tried)
            continue;
        for (unsigned k = 0; k < count && !in_the_way; k++) {
            uint32_t end = acts[k].unlocked ? acts[k].unlock_returned : acts[k].returned;
            in_the_way = k != i && excludes(&acts[i], &acts[k]) &&
                         acts[k].called < acts[i].returned && end > acts[i].called;
        }
        ck_assert_msg(in_the_way, "a try failed, called at %u, and nobody was in the way",
                      acts[i].called);
    }
}

static void record_and_check(struct history *history, unsigned workers,
                             void (*check)(struct act *acts, unsigned count))
{
    memset(history->acts, 0, sizeof(history->acts));
    history->now = 1;
    history->each = stress(ACTS);
    run_crew(workers, GOROUTINES, THREADS, make_history, history);
    qsort(history->acts, (size_t)ALL * history->each, sizeof(struct act), by_return);
    check(history->acts, ALL * history->each);
}

static void check_locks(struct act *acts, unsigned count)
{
    unsigned got = 0, failed = 0;
    check_exclusion(acts, count);
    check_failures(acts, count);
    for (unsigned i = 0; i < count; i++)
        ++*(acts[i].unlocked ? &got : &failed);
    ck_assert_uint_gt(got, count / 8);
    ck_assert_uint_gt(failed, 0);
}

/* ---- a mutex ---- */

static bool lock_mutex(struct locks *locks, struct act *act, uint64_t *random)
{
    lg_error *err = NULL;
    act->kind = WRITE;
    switch (random_below(random, 4)) {
    case 0: act->tried = true; return lg_mutex_try_lock(&locks->mutex);
    case 1:
        act->tried = random_below(random, 2);
        err = lg_mutex_lock_until(&locks->mutex,
                                  act->tried ? lg_until_deadline(0)
                                             : lg_until_timeout(random_below(random, 20000)));
        return !err;
    default: lg_mutex_lock(&locks->mutex); return true;
    }
}

static void unlock_mutex(struct locks *locks, const struct act *act)
{
    (void)act;
    lg_mutex_unlock(&locks->mutex);
}

static struct history history;

START_TEST(histories_of_a_mutex_are_those_of_the_model)
{
    history.lock = lock_mutex;
    history.unlock = unlock_mutex;
    for (unsigned i = 0; i < 3; i++)
        record_and_check(&history, worker_counts[i], check_locks);
}
END_TEST

/* ---- a read-write mutex ---- */

static bool lock_rw(struct locks *locks, struct act *act, uint64_t *random)
{
    lg_error *err = NULL;
    lg_rwmutex *rw = &locks->rw;
    unsigned how = random_below(random, 4);
    act->kind = random_below(random, 3) == 0 ? WRITE : READ;
    act->tried = how < 2;
    if (how == 0)
        return act->kind == WRITE ? lg_rwmutex_try_lock(rw) : lg_rwmutex_try_rlock(rw);
    if (how == 3) {
        if (act->kind == WRITE)
            lg_rwmutex_lock(rw);
        else
            lg_rwmutex_rlock(rw);
        return true;
    }
    lg_until until = how == 1 ? lg_until_deadline(0)
                              : lg_until_timeout(random_below(random, 20000));
    err = act->kind == WRITE ? lg_rwmutex_lock_until(rw, until) : lg_rwmutex_rlock_until(rw, until);
    return !err;
}

static void unlock_rw(struct locks *locks, const struct act *act)
{
    if (act->kind == WRITE)
        lg_rwmutex_unlock(&locks->rw);
    else
        lg_rwmutex_runlock(&locks->rw);
}

START_TEST(histories_of_a_read_write_mutex_are_those_of_the_model)
{
    history.lock = lock_rw;
    history.unlock = unlock_rw;
    for (unsigned i = 0; i < 3; i++)
        record_and_check(&history, worker_counts[i], check_locks);
}
END_TEST

/* ---- a semaphore ---- */

enum { SIZE = 5 };

static bool acquire(struct locks *locks, struct act *act, uint64_t *random)
{
    lg_error *err = NULL;
    unsigned how = random_below(random, 4);
    act->units = (uint8_t)(1 + random_below(random, SIZE));
    if (how == 0)
        return lg_semaphore_try_acquire(&locks->semaphore, act->units);
    if (how == 1) {
        err = lg_semaphore_acquire_until(&locks->semaphore, act->units,
                                         lg_until_timeout(random_below(random, 20000)));
        return !err;
    }
    lg_semaphore_acquire(&locks->semaphore, act->units);
    return true;
}

static void release(struct locks *locks, const struct act *act)
{
    lg_semaphore_release(&locks->semaphore, act->units);
}

/* How many units are held for certain, at each moment. */
static void check_units(struct act *acts, unsigned count)
{
    static int8_t change[6 * ALL * ACTS];
    int held = 0, most = 0;
    memset(change, 0, sizeof(change));
    for (unsigned i = 0; i < count; i++) {
        if (acts[i].unlocked) {
            change[acts[i].returned] = (int8_t)acts[i].units;
            change[acts[i].unlocked] = (int8_t)-acts[i].units;
        }
    }
    for (unsigned now = 0; now < sizeof(change); now++) {
        held += change[now];
        ck_assert_int_le(held, SIZE);
        if (most < held)
            most = held;
    }
    ck_assert_int_eq(held, 0);
    ck_assert_int_gt(most, SIZE / 2);
}

START_TEST(histories_of_a_semaphore_are_those_of_the_model)
{
    history.lock = acquire;
    history.unlock = release;
    for (unsigned i = 0; i < 3; i++) {
        history.locks.semaphore = (lg_semaphore)LG_SEMAPHORE_INIT(SIZE);
        record_and_check(&history, worker_counts[i], check_units);
    }
}
END_TEST

RUN_TESTS("history", histories_of_a_mutex_are_those_of_the_model,
          histories_of_a_read_write_mutex_are_those_of_the_model,
          histories_of_a_semaphore_are_those_of_the_model)
