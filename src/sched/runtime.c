#define _GNU_SOURCE
#include "sched/runtime.h"
#include "sched/bias.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "defer/hooks.h"
#include "error/keep_errno.h"
#include "error/libc.h"
#include "sched/hooks.h"
#include "sched/identity.h"
#include "sched/instrument.h"
#include "sched/make_thread.h"
#include "sched/ticks.h"
#include "time/clock.h"

struct lgi_worker *lgi_workers[LGI_WORKERS_MOST];
unsigned lgi_wanted;
struct lgi_run_queue lgi_injected;
bool lgi_forked;
uint32_t lgi_special_waits;
uint32_t lgi_exiting, lgi_outside, lgi_helpers;

static unsigned worker_count;   /* written atomically, under the lock */
static bool begun;              /* likewise: there is one that runs */
static unsigned processors = 1; /* atomic: threads that wait read it before there are workers */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

unsigned lgi_worker_count(void)
{
    return __atomic_load_n(&worker_count, __ATOMIC_ACQUIRE);
}

bool lgi_may_spin(void)
{
    return __atomic_load_n(&processors, __ATOMIC_RELAXED) > 1;
}

static unsigned count_processors(void)
{
    cpu_set_t set;
    long count = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set)
                                                              : sysconf(_SC_NPROCESSORS_ONLN);
    unsigned found = count > 0 ? (unsigned)count : 1;
    __atomic_store_n(&processors, found, __ATOMIC_RELAXED);
    return found;
}

static unsigned first_wanted(void)
{
    unsigned found = count_processors();
    const char *said = getenv("LIFOGUARD_WORKERS");
    if (said) {
        char *end;
        unsigned long count = strtoul(said, &end, 10);
        if (end != said && *end == '\0' && count > 0 && count <= LGI_WORKERS_MOST)
            return (unsigned)count;
    }
    return found <= LGI_WORKERS_MOST ? found : LGI_WORKERS_MOST;
}

/* ---- making one ---- */

void lgi_thread_bounds(struct lgi_stack_bounds *bounds)
{
    pthread_attr_t attributes;
    void *low;
    size_t size;

    if (pthread_getattr_np(pthread_self(), &attributes) != 0)
        return;
    if (pthread_attr_getstack(&attributes, &low, &size) == 0)
        *bounds = (struct lgi_stack_bounds){(uintptr_t)low, (uintptr_t)low + size};
    pthread_attr_destroy(&attributes);
}

void lgi_worker_thread_begin(struct lgi_worker *w)
{
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    pthread_setname_np(pthread_self(), "lg-worker");
    lgi_take_mask();
    __atomic_store_n(&w->thread_id, gettid(), __ATOMIC_RELAXED);
    lgi_thread_bounds(&w->native_bounds);
    w->errno_value = &errno;
    lgi_bias_worker_begin(w);
    lgi_cxx_find(&w->cxx);
    if (__tsan_get_current_fiber)
        w->native.tsan_fiber = __tsan_get_current_fiber();
    lgi_sched_hooks.thread_begins();
}

static struct lgi_worker *new_worker(unsigned number)
{
    struct lgi_worker *w;
    if (posix_memalign((void **)&w, _Alignof(struct lgi_worker), sizeof(*w)) != 0)
        return NULL;
    memset(w, 0, sizeof(*w));
    w->seen = calloc(LGI_WORKERS_MOST, sizeof(*w->seen));
    if (!w->seen) {
        free(w);
        return NULL;
    }
    w->number = number;
    w->ready_end = &w->ready;
    w->epoll = w->event[0] = w->event[1] = -1;
    w->native.worker = w;
    w->native.identity = lgi_identity_none(LGI_PLACES_OF_WORKERS + number);
    w->native.claim = LGI_READY;
    lgi_timers_init(&w->timers, lgi_real_now());
    return w;
}

/* A worker is counted before its thread can run anything, so that a reader of lgi_workers misses none. A worker whose
 * thread could not be made may have been seen by a reader, so it is kept for the next time. */
static bool add(void)
{
    static struct lgi_worker *spare;
    struct lgi_worker *w = spare ? spare : new_worker(worker_count);
    if (!w)
        return false;
    spare = NULL;
    lgi_workers[worker_count] = w;
    __atomic_store_n(&worker_count, worker_count + 1, __ATOMIC_RELEASE);
    if (lgi_make_thread(&w->thread, 0, lgi_worker_main, w) != 0) {
        __atomic_store_n(&worker_count, worker_count - 1, __ATOMIC_RELEASE);
        spare = w;
        return false;
    }
    pthread_detach(w->thread);
    __atomic_store_n(&begun, true, __ATOMIC_RELEASE);
    return true;
}

void lgi_worker_add(void)
{
    LGI_KEEP_ERRNO;
    if (lgi_worker_count() < lgi_workers_wanted() && pthread_mutex_trylock(&lock) == 0) {
        if (worker_count < lgi_workers_wanted())
            add();
        pthread_mutex_unlock(&lock);
    }
}

/* ---- the first ones ---- */

/* A child can start goroutines if its parent had none, and can wait in any case: what that needs is not in the midst of a
 * change at the fork. (None of these locks is taken under another.) */
static void before_fork(void)
{
    pthread_mutex_lock(&lock);
    lgi_stacks_lock();
    lgi_records_lock();
}

static void after_fork(void)
{
    lgi_records_unlock();
    lgi_stacks_unlock();
    pthread_mutex_unlock(&lock);
}

static void in_child(void)
{
    after_fork();
    if (worker_count > 0) {
        lgi_forked = true;
        lgi_special_waits++;
        lgi_bias_forked();
    }
}

__attribute__((constructor)) static void watch_forks(void)
{
    pthread_atfork(before_fork, after_fork, in_child);
}

void lgi_refuse_after_fork(void)
{
    lg_panic("goroutines, in a child after fork: they stayed in the parent; the child must call "
             "exec or _exit");
}

void lgi_ended_in_child(void)
{
    lgi_fatal(
        NULL,
        "the function of a goroutine, or of lg_blocking, has ended in a child after fork, where nothing goes on: "
        "the child must call exec or _exit");
}

static void begin_once(void)
{
    unsigned undecided = 0, wanted = first_wanted();
    __atomic_compare_exchange_n(&lgi_wanted, &undecided, wanted, false, __ATOMIC_RELAXED,
                                __ATOMIC_RELAXED);
    lgi_note_mask();
    lgi_measure_ticks();
    lgi_bias_begin();
    lgi_sched_hooks.begin();
}

bool lgi_workers_begin(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    if (__builtin_expect(__atomic_load_n(&begun, __ATOMIC_ACQUIRE) && !lgi_forked, 1))
        return true;
    if (lgi_forked)
        lgi_refuse_after_fork();
    LGI_KEEP_ERRNO;
    pthread_once(&once, begin_once);
    pthread_mutex_lock(&lock);
    /* The second worker watches the first (worker.h). */
    while (worker_count < 2 && worker_count < lgi_workers_wanted() && add())
        ;
    bool some = worker_count > 0;
    pthread_mutex_unlock(&lock);
    return some;
}

struct lgi_worker *lgi_worker_for_timers(void)
{
    if (lgi_worker)
        return lgi_worker;
    return lgi_workers_begin() ? lgi_workers[0] : NULL;
}

/* ---- how many ---- */

static bool some_wait(void)
{
    unsigned waiting = lgi_run_queue_count(&lgi_injected), count = lgi_worker_count();
    for (unsigned i = 0; i < count; i++)
        waiting += lgi_run_queue_count(&lgi_workers[i]->starts);
    return waiting > 0;
}

lg_error *lg_set_workers(unsigned count)
{
    if (count == 0 || count > LGI_WORKERS_MOST)
        return lg_error_newf("the number of workers must be from 1 to %d, not %u", LGI_WORKERS_MOST,
                             count);
    __atomic_store_n(&lgi_wanted, count, __ATOMIC_SEQ_CST);
    if (!lgi_forked && some_wait()) /* for one that may start them now */
        lgi_task_enqueued(false);
    return NULL;
}

unsigned lg_workers(void)
{
    unsigned wanted = lgi_workers_wanted();
    return wanted > 0 ? wanted : first_wanted();
}
