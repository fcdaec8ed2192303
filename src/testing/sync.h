/* What the tests of this room share. */
#ifndef LGI_TESTING_SYNC_H
#define LGI_TESTING_SYNC_H

#include "sched/identity.h"
#include "sched/instrument.h"
#include "testing/emulated.h"
#include "testing/test.h"

/* Nobody owns the mutex, and nobody waits for it. Whether it is biased makes no difference. */
static inline bool is_free(const lg_mutex *mutex)
{
    return (mutex->lgi_word & ~LGI_IDENTITY_HIGH_FLAG) == 0 && !mutex->lgi_waiters.first;
}

/* A goroutine or thread of its own that a test waits for by pthread means: what it tests is not what it relies on. */
struct signal {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int count;
};
#define SIGNAL_INIT {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0}

static inline void signal_add(struct signal *signal)
{
    pthread_mutex_lock(&signal->lock);
    signal->count++;
    pthread_cond_broadcast(&signal->changed);
    pthread_mutex_unlock(&signal->lock);
}

/* On a thread, not in a goroutine: it blocks. */
static inline void signal_wait(struct signal *signal, int count)
{
    pthread_mutex_lock(&signal->lock);
    while (signal->count < count)
        pthread_cond_wait(&signal->changed, &signal->lock);
    pthread_mutex_unlock(&signal->lock);
}

/* ---- many at once ---- */

struct crew {
    void (*work)(void *data, unsigned number);
    void *data;
    struct signal ended;
};

static inline void crew_member(struct crew *crew, unsigned number)
{
    lg_defer(signal_add, &crew->ended);
    crew->work(crew->data, number);
}

struct crew_thread {
    struct crew *crew;
    unsigned number;
};

static inline void *crew_thread(void *data)
{
    struct crew_thread *thread = data;
    crew_member(thread->crew, thread->number);
    return NULL;
}

/* Runs work(data, number) in so many goroutines, on so many workers, and in so many threads, all at once; returns when all
 * have ended. */
static inline void run_crew(unsigned workers, unsigned goroutines, unsigned threads,
                            void (*work)(void *data, unsigned number), void *data)
{
    enum { MOST_THREADS = 16 };
    struct crew crew = {work, data, SIGNAL_INIT};
    struct crew_thread others[MOST_THREADS];
    pthread_t ids[MOST_THREADS];
    ck_assert_uint_le(threads, MOST_THREADS);
    ck_assert_ptr_null(lg_set_workers(workers));
    for (unsigned i = 0; i < goroutines; i++)
        lg_go(crew_member, &crew, i);
    for (unsigned i = 0; i < threads; i++) {
        others[i] = (struct crew_thread){&crew, goroutines + i};
        ck_assert_int_eq(pthread_create(&ids[i], NULL, crew_thread, &others[i]), 0);
    }
    for (unsigned i = 0; i < threads; i++)
        ck_assert_int_eq(pthread_join(ids[i], NULL), 0);
    signal_wait(&crew.ended, (int)(goroutines + threads));
    /* (The last of them may still be in pthread_mutex_unlock.) */
    pthread_mutex_lock(&crew.ended.lock);
    pthread_mutex_unlock(&crew.ended.lock);
}

/* Runs work(data) in a goroutine and waits for its end. */
struct alone {
    void (*work)(void *);
    void *data;
    struct signal ended;
};

static inline void alone_main(struct alone *alone)
{
    lg_defer(signal_add, &alone->ended);
    alone->work(alone->data);
}

static inline void on_goroutine(void (*work)(void *), void *data)
{
    struct alone alone = {work, data, SIGNAL_INIT};
    lg_go(alone_main, &alone);
    signal_wait(&alone.ended, 1);
    pthread_mutex_lock(&alone.ended.lock);
    pthread_mutex_unlock(&alone.ended.lock);
}

/* In a child, as a thread and as a goroutine: ends with status 2 and says so. */
#define expect_panic(work, data, message)                                                          \
    do {                                                                                           \
        struct outcome *outcome_ = in_child(work, data);                                           \
        expect_status(outcome_, 2);                                                                \
        expect_in_err(outcome_, message);                                                          \
        struct thread_work in_goroutine_ = {work, data};                                           \
        outcome_ = in_child(child_goroutine, &in_goroutine_);                                      \
        expect_status(outcome_, 2);                                                                \
        expect_in_err(outcome_, message);                                                          \
    } while (0)

/* The report of a panic reads debug information, by means that want much stack. */
static inline void large_stacks(void)
{
    ck_assert_ptr_null(lg_set_stack_size(4 << 20));
}

static inline void child_goroutine(void *data)
{
    struct thread_work *work = data;
    large_stacks();
    lg_go(work->work, work->data);
    lg_sleep(LG_HOUR);
}

static inline void stop_quietly(lg_panic_info *panic)
{
    lg_recover(panic);
}

static const unsigned worker_counts[] = {1, 2, 8};

/* ---- random numbers ---- */

static inline unsigned random_below(uint64_t *state, unsigned below)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(*state >> 33) % below;
}

static inline void yield_at_random(uint64_t *state)
{
    if (random_below(state, 4) == 0)
        lg_yield();
}

/* So many rounds, or fewer where each takes longer. */
static inline unsigned stress(unsigned rounds)
{
#if defined(HAS_SANITIZER)
    return rounds / 8;
#else
    return lgi_in_valgrind() || is_emulated() ? rounds / 50 : rounds;
#endif
}

/* The rounds of each member of a crew, as far as they go in a while: on a machine with much else to do each of them waits for
 * processors, and thousands would take until the test's limit. */
struct stint {
    unsigned rounds;
    lg_time enough;
    _Atomic unsigned long begun; /* by all together */
};

static inline struct stint stint(unsigned rounds)
{
    return (struct stint){.rounds = stress(rounds), .enough = lg_now() + 10 * LG_SECOND};
}

static inline bool another_round(struct stint *stint, unsigned done)
{
    enum { AT_LEAST = 20 };
    if (done >= stint->rounds || (done >= AT_LEAST && lg_now() > stint->enough))
        return false;
    stint->begun++;
    return true;
}

/* An object that the last of its holders frees. */
struct held {
    union {
        lg_mutex mutex;
        lg_rwmutex rwmutex;
    };
    int holders;
};

/* Many objects, each with six holders at once: let_go(object, number) gives one up, and frees the object when it was the last. */
struct all_held {
    void (*let_go)(struct held *object, unsigned number);
    unsigned count;
    struct held **objects;
};

static inline void let_all_go(void *data, unsigned number)
{
    const struct all_held *all = data;
    for (unsigned i = 0; i < all->count; i++)
        all->let_go(all->objects[i], number + i);
}

static inline void let_go_of_many(void (*let_go)(struct held *object, unsigned number))
{
    enum { OBJECTS = 2000, GOROUTINES = 4, THREADS = 2 };
    struct held *objects[OBJECTS];
    struct all_held all = {let_go, stress(OBJECTS), objects};
    for (unsigned i = 0; i < all.count; i++) {
        objects[i] = calloc(1, sizeof(*objects[i]));
        ck_assert_ptr_nonnull(objects[i]);
        objects[i]->holders = GOROUTINES + THREADS;
    }
    run_crew(2, GOROUTINES, THREADS, let_all_go, &all);
}

#endif
