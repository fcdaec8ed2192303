/* The deadlock report: no goroutine and no thread can ever go on.
 *
 * This is so if, at one moment, every worker sleeps with empty queues, an empty inbox, no timer and no goroutine that waits for a
 * descriptor, every known thread waits without a deadline, and the process has no other thread: each goroutine or thread that
 * could end a wait is itself waiting. Such a state lasts for ever. So it is enough to see each worker and thread asleep
 * twice, without any activity in between: then all of them slept at the same time.
 *
 * A worker or thread that goes to sleep first announces its sleep and then looks at the others, so the last one sees all of
 * them asleep. The first question is cheap; only a state that has lasted for a while is examined closely. */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "closers/shield.h"
#include "defer/fork.h"
#include "defer/pin.h"
#include "defer/process_threads.h"
#include "inspect/deadlock.h"
#include "inspect/snapshot.h"
#include "report/report.h"
#include "sched/instrument.h"
#include "sched/runtime.h"
#include "time/clock.h"

enum {
    FIRST_AGAIN_MS = 5,
    LAST_AGAIN_MS = 60000,
    APART = 8,
    SHOWN = 100, /* goroutines in the report */
};
/* All workers sleep, so all answer, however little of a processor the program gets. */
#define PATIENCE (10 * LG_SECOND)

static uint32_t main_ends;       /* atomic */
static uint32_t main_ends_early; /* likewise */

/* ---- who can still do anything ---- */

enum verdict { GOES_ON, ALL_WAIT, UNCLEAR };

/* What has not started there cannot, until another goroutine has ended. */
static bool has_no_memory(const struct lgi_worker *w)
{
    return __atomic_load_n(&w->short_of_memory, __ATOMIC_SEQ_CST);
}

/* Goroutines that could begin on any worker, and one of them can take them. */
static bool injected_go_on(void)
{
    unsigned count = lgi_worker_count();
    if (lgi_run_queue_count(&lgi_injected) == 0)
        return false;
    for (unsigned i = 0; i < count && i < lgi_workers_wanted(); i++)
        if (!has_no_memory(lgi_workers[i]))
            return true;
    return count == 0;
}

static enum verdict worker_waits(struct lgi_worker *w, uint64_t *activity)
{
    uint32_t naps = atomic_load(&w->naps);
    *activity += naps;
    if (lgi_timers_next(&w->timers) != LG_DURATION_MAX ||
        __atomic_load_n(&w->fd_waiters, __ATOMIC_RELAXED) > 0)
        return GOES_ON;
    if (lgi_run_queue_count(&w->starts) > 0 && !has_no_memory(w))
        return GOES_ON;
    /* Something is just being done there, or about to be. */
    bool asleep = w == lgi_worker || atomic_load(&w->state) != LGI_W_AWAKE;
    bool has_something = atomic_load(&w->inbox) || atomic_load(&w->nudged);
    return naps % 2 != 0 && asleep && !has_something ? ALL_WAIT : UNCLEAR;
}

/* Adds up what changes when anybody does anything. */
static enum verdict survey(uint64_t *activity)
{
    enum verdict verdict = ALL_WAIT;
    const struct lgi_g *main = __atomic_load_n(&lgi_main, __ATOMIC_ACQUIRE);

    *activity = 0;
    if (__atomic_load_n(&lgi_outside, __ATOMIC_SEQ_CST) > 0 || injected_go_on())
        return GOES_ON;
    if (main && !lgi_thread_waits(main, activity) && !__atomic_load_n(&main_ends, __ATOMIC_ACQUIRE))
        return GOES_ON;
    if (!lgi_threads_wait(activity))
        return GOES_ON;
    unsigned count = lgi_worker_count();
    *activity += count;
    for (unsigned i = 0; i < count; i++) {
        enum verdict one = worker_waits(lgi_workers[i], activity);
        if (one == GOES_ON)
            return GOES_ON;
        if (one == UNCLEAR)
            verdict = UNCLEAR;
    }
    return verdict;
}

/* What goroutines did; not that a worker has woken to find nothing. */
static uint64_t work_done(void)
{
    uint64_t sum = 0;
    unsigned count = lgi_worker_count();
    for (unsigned i = 0; i < count; i++)
        sum += atomic_load_explicit(&lgi_workers[i]->rounds, memory_order_relaxed);
    const struct lgi_g *main = __atomic_load_n(&lgi_main, __ATOMIC_ACQUIRE);
    if (main)
        lgi_thread_waits(main, &sum);
    lgi_threads_wait(&sum);
    return sum;
}

/* The main thread is listed until the process ends. Once it has ended it has no program any more; asking so needs no
 * descriptor. */
static bool main_has_ended(void)
{
    char path[64], program[1];
    snprintf(path, sizeof(path), "/proc/self/task/%d/exe", (int)getpid());
    return readlink(path, program, sizeof(program)) < 0 && errno == ENOENT;
}

static size_t own_threads(void)
{
    return 1 + (size_t)lgi_worker_count() + lgi_threads_count() +
           __atomic_load_n(&lgi_helpers, __ATOMIC_SEQ_CST) + lgi_instrument_threads();
}

/* GOES_ON: there is somebody else. */
static enum verdict survey_closely(void)
{
    uint64_t before, after, unused = 0;
    enum verdict verdict = survey(&before);
    if (verdict != ALL_WAIT)
        return verdict;
    const struct lgi_g *main = __atomic_load_n(&lgi_main, __ATOMIC_ACQUIRE);
    if (!__atomic_load_n(&main_ends_early, __ATOMIC_ACQUIRE) &&
        (!main || !lgi_thread_waits(main, &unused)) && !main_has_ended())
        return GOES_ON;
    if (lgi_count_threads() != own_threads())
        return GOES_ON;
    return survey(&after) == ALL_WAIT && after == before ? ALL_WAIT : UNCLEAR;
}

/* ---- being asked ---- */

static struct {
    pthread_mutex_t lock;
    uint64_t work;     /* done when this was last asked */
    lg_duration at;    /* when to look closely, if no more has been done by then */
    lg_duration delay; /* each time twice as long: what hinders may last as long as the process */
    unsigned times;
    bool reported;
} asked = {.lock = PTHREAD_MUTEX_INITIALIZER};

__attribute__((constructor)) static void register_lock(void)
{
    static struct lgi_free_in_child entry = {.mutex = &asked.lock};
    lgi_register_free_in_child(&entry);
}

static bool decide(lg_time *until)
{
    uint64_t work = work_done(), unused;
    lg_time now = lgi_real_now();
    if (asked.reported || survey(&unused) == GOES_ON)
        return false;
    if (asked.delay == 0 || work != asked.work) {
        asked.work = work;
        asked.delay = FIRST_AGAIN_MS * LG_MILLISECOND;
        asked.at = now + asked.delay;
    } else if (now >= asked.at) {
        enum verdict verdict = survey_closely();
        if (verdict == ALL_WAIT)
            return asked.reported = true;
        if (verdict == GOES_ON && asked.delay < LAST_AGAIN_MS * LG_MILLISECOND)
            asked.delay *= 2;
        asked.at = now + (verdict == GOES_ON ? asked.delay : LG_MILLISECOND);
    }
    /* Two that wake at the same time would each see the other awake, again and again. */
    *until = asked.at + asked.times++ % APART * LG_MILLISECOND / APART;
    return false;
}

static bool deadlocked(lg_time *until)
{
    if (pthread_mutex_trylock(&asked.lock) != 0) {
        *until = lgi_real_now() + LG_MILLISECOND;
        return false;
    }
    /* It reads files; and who waits must not be cancelled while it stands in a list. */
    struct lgi_shield before = lgi_shield_begin();
    bool found = decide(until);
    lgi_shield_end(&before);
    pthread_mutex_unlock(&asked.lock);
    return found;
}

static void nudge_if_all_sleep(void)
{
    if (lgi_worker_count() > 0 && lgi_all_asleep())
        lgi_worker_nudge(lgi_workers[0]);
}

void lgi_main_ends_early(void)
{
    __atomic_store_n(&main_ends_early, 1, __ATOMIC_RELEASE);
    __atomic_store_n(&main_ends, 1, __ATOMIC_RELEASE);
    nudge_if_all_sleep();
}

static pthread_key_t end_key;
static bool has_key;

/* Others' destructors may still lock and wait: the record stays until the last round of them but one, after which
 * ThreadSanitizer takes the thread for ended. */
static void thread_ends(void *data)
{
    struct lgi_g *g = data;
    bool is_main = g->is_main;
    if (++g->end_rounds < PTHREAD_DESTRUCTOR_ITERATIONS - 1 && pthread_setspecific(end_key, g) == 0)
        return;
    if (!is_main)
        lgi_self_end(g);
    else
        __atomic_store_n(&main_ends, 1, __ATOMIC_RELEASE);
    nudge_if_all_sleep();
}

static void make_key(void)
{
    has_key = pthread_key_create(&end_key, thread_ends) == 0;
}

void lgi_deadlock_watch_end(struct lgi_g *g)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    lgi_pin();
    pthread_once(&once, make_key);
    if (has_key)
        (void)pthread_setspecific(end_key, g);
}

/* ---- the report ---- */

static size_t count_without_stack(void)
{
    size_t count = lgi_run_queue_count(&lgi_injected);
    for (unsigned i = 0; i < lgi_worker_count(); i++)
        count += lgi_run_queue_count(&lgi_workers[i]->starts);
    return count;
}

static _Noreturn void report(void)
{
    lgi_report_begin();
    lgi_report_flush();
    if (lg_goroutine_count() == 0 && (!__atomic_load_n(&lgi_main, __ATOMIC_ACQUIRE) ||
                                      __atomic_load_n(&main_ends, __ATOMIC_ACQUIRE)))
        lgi_print(&lgi_to_stderr, "lifoguard: no goroutines, and main has ended - deadlock!\n");
    else
        lgi_print(&lgi_to_stderr, "lifoguard: all goroutines are asleep - deadlock!\n");
    size_t without_stack = count_without_stack();
    if (without_stack > 0)
        lgi_print(&lgi_to_stderr,
                  "lifoguard: out of memory: %zu goroutines could not start, for want of a stack\n",
                  without_stack);
    lgi_dump_goroutines(&lgi_to_stderr, SHOWN, PATIENCE);
    _exit(LGI_REPORT_STATUS);
}

void lgi_deadlock_check(lg_time *until)
{
    if (deadlocked(until))
        report();
}
