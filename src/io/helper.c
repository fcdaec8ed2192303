#define _GNU_SOURCE
#include "io/helper.h"

#include <errno.h>
#include <lifoguard/go.h>
#include <pthread.h>

#include "error/keep_errno.h"
#include "sched/hooks.h"
#include "sched/make_thread.h"
#include "sched/runtime.h"
#include "time/clock.h"

enum { AT_FIRST = 128, MOST = 65536, KEPT_SECONDS = 10 };

static struct {
    pthread_mutex_t lock;
    pthread_cond_t work;
    struct lgi_list jobs;
    unsigned waiting; /* jobs */
    unsigned idle;    /* helpers that wait for one, told so or not yet */
    unsigned count;   /* helpers */
    unsigned limit;
} pool = {.lock = PTHREAD_MUTEX_INITIALIZER, .limit = AT_FIRST};

/* ---- the queue, under the lock ---- */

static void put(struct lgi_job *job)
{
    job->queued = true;
    lgi_list_add(&pool.jobs, &job->link);
    pool.waiting++;
}

static void take(struct lgi_job *job)
{
    job->queued = false;
    lgi_list_remove(&pool.jobs, &job->link);
    pool.waiting--;
}

/* ---- the threads ---- */

/* False: nothing came for long, and the thread may end. */
static bool await_job(void)
{
    const struct timespec until = lgi_timespec(lgi_time_in(KEPT_SECONDS * LG_SECOND));
    int failed = 0;
    pool.idle++;
    while (!pool.jobs.first && failed != ETIMEDOUT && pool.count <= pool.limit)
        failed = pthread_cond_timedwait(&pool.work, &pool.lock, &until);
    pool.idle--;
    return pool.jobs.first || lgi_has_children();
}

static void begin_thread(void)
{
    lgi_helper_waits();
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    pthread_setname_np(pthread_self(), "lg-helper");
    lgi_take_mask();
    lgi_sched_hooks.thread_begins();
}

static void *help(void *unused)
{
    begin_thread();
    pthread_mutex_lock(&pool.lock);
    while (pool.count <= pool.limit && (pool.jobs.first || await_job())) {
        struct lgi_job *job = LGI_HOLDER(pool.jobs.first, struct lgi_job, link);
        if (!job)
            continue;
        take(job);
        pthread_mutex_unlock(&pool.lock);
        job->run(job);
        pthread_mutex_lock(&pool.lock);
    }
    pool.count--;
    pthread_mutex_unlock(&pool.lock);
    lgi_sched_hooks.thread_ends();
    lgi_outlive_children();
    lgi_helper_works();
    return unused;
}

static void *help_apart(void *job)
{
    begin_thread();
    ((struct lgi_job *)job)->run(job);
    lgi_sched_hooks.thread_ends();
    lgi_helper_works();
    return NULL;
}

static bool create_thread(void *(*function)(void *), void *argument)
{
    lgi_note_mask();
    return lgi_make_thread(NULL, 0, function, argument) == 0;
}

/* The threads, and what they were to do, stayed in the parent. */
static void in_child(void)
{
    pthread_mutex_init(&pool.lock, NULL);
    pool.jobs = (struct lgi_list){0};
    pool.waiting = pool.idle = pool.count = 0;
}

static void begin(void)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&pool.work, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_atfork(NULL, NULL, in_child);
}

/* ---- for everyone ---- */

bool lgi_help(struct lgi_job *job)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    LGI_KEEP_ERRNO;
    pthread_once(&once, begin);
    pthread_mutex_lock(&pool.lock);
    put(job);
    bool helped = true;
    if (pool.waiting <= pool.idle) {
        pthread_cond_signal(&pool.work);
    } else if (pool.count < pool.limit) {
        if (create_thread(help, NULL))
            pool.count++;
        else
            helped = pool.count > 0; /* one of those will have time for it */
    }
    if (!helped)
        take(job);
    pthread_mutex_unlock(&pool.lock);
    return helped;
}

bool lgi_help_apart(struct lgi_job *job)
{
    LGI_KEEP_ERRNO;
    job->queued = false;
    bool helped = create_thread(help_apart, job);
    return helped;
}

bool lgi_help_withdraw(struct lgi_job *job)
{
    pthread_mutex_lock(&pool.lock);
    bool queued = job->queued;
    if (queued)
        take(job);
    pthread_mutex_unlock(&pool.lock);
    return queued;
}

lg_error *lg_blocking_set_threads(unsigned count)
{
    if (count == 0 || count > MOST)
        return lg_error_newf("the number of helper threads must be from 1 to %d, not %u", MOST,
                             count);
    pthread_mutex_lock(&pool.lock);
    pool.limit = count;
    /* For what waits there may be more now; or those too many go. */
    for (unsigned more = pool.waiting > pool.idle ? pool.waiting - pool.idle : 0;
         more > 0 && pool.count < pool.limit && create_thread(help, NULL); more--)
        pool.count++;
    pthread_cond_broadcast(&pool.work);
    pthread_mutex_unlock(&pool.lock);
    return NULL;
}

unsigned lg_blocking_threads(void)
{
    pthread_mutex_lock(&pool.lock);
    unsigned limit = pool.limit;
    pthread_mutex_unlock(&pool.lock);
    return limit;
}

/* ---- errands ---- */

static void run_errand(struct lgi_job *job)
{
    struct lgi_errand *errand = (struct lgi_errand *)job; /* its first member */
    errand->work(errand);
    lgi_lock(&errand->lock);
    errand->done = true;
    struct lgi_g *g = errand->g;
    /* Under the lock: its maker cannot have gone on to another wait. */
    bool claimed = g && lgi_claim(g, LGI_READY);
    lgi_unlock(&errand->lock);
    if (claimed)
        lgi_unpark(g);
    if (!g)
        errand->drop(errand);
}

/* Its maker waits no longer. True: it is done all the same. */
static bool leave_behind(struct lgi_errand *errand)
{
    if (!errand->apart && lgi_help_withdraw(&errand->job)) {
        errand->drop(errand);
        return false;
    }
    lgi_lock(&errand->lock);
    bool done = errand->done;
    errand->g = NULL;
    lgi_unlock(&errand->lock);
    return done;
}

bool lgi_errand_is_left(struct lgi_errand *errand)
{
    lgi_lock(&errand->lock);
    bool left = errand->g == NULL;
    lgi_unlock(&errand->lock);
    return left;
}

lg_error *lgi_errand(struct lgi_errand *errand, const char *what, lg_until until)
{
    struct lgi_g *g = lgi_self();
    errand->job.run = run_errand;
    errand->lock = LGI_LOCK_FREE;
    errand->done = false;
    errand->g = g;
    lgi_wait_begin(g, what);
    __atomic_fetch_add(&lgi_outside, 1, __ATOMIC_SEQ_CST);
    if (!(errand->apart ? lgi_help_apart : lgi_help)(&errand->job)) {
        uint32_t claim = lgi_claim(g, LGI_READY) ? LGI_READY : lgi_park_through(g);
        __atomic_fetch_sub(&lgi_outside, 1, __ATOMIC_SEQ_CST);
        g->waits_for = NULL;
        if (claim >= LGI_READY) {
            errand->work(errand);
            return NULL;
        }
        errand->drop(errand);
        return lgi_wait_failed(claim, until);
    }
    lgi_wait_outside(g);
    uint32_t claim = lgi_park(g, until);
    __atomic_fetch_sub(&lgi_outside, 1, __ATOMIC_SEQ_CST);
    if (claim >= LGI_READY)
        return NULL;
    if (!leave_behind(errand))
        return lgi_wait_failed(claim, until);
    if (claim == LGI_STOPPED) {
        errand->drop(errand);
        return lgi_wait_failed(claim, until);
    }
    return NULL;
}
