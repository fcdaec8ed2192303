/* What POSIX threads take for what goroutines do in sched_bench.c. */
#include <pthread.h>
#include <semaphore.h>

#include "bench.h"

static long counter;

static void __attribute__((noinline)) count(void)
{
    counter++;
}

static void *work(void *unused)
{
    count();
    return unused;
}

static KERNEL int create_join(struct resource *r, int n)
{
    pthread_t thread;
    (void)r;
    (void)n;
    return pthread_create(&thread, NULL, work, NULL) == 0 ? pthread_join(thread, NULL) : -1;
}

/* ---- a channel for one number, by hand ---- */

struct slot {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int value, full;
};

static struct slot ping = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0};
static struct slot pong = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0};

static void put(struct slot *slot, int value)
{
    pthread_mutex_lock(&slot->lock);
    slot->value = value;
    slot->full = 1;
    pthread_cond_signal(&slot->changed);
    pthread_mutex_unlock(&slot->lock);
}

static int take(struct slot *slot)
{
    pthread_mutex_lock(&slot->lock);
    while (!slot->full)
        pthread_cond_wait(&slot->changed, &slot->lock);
    slot->full = 0;
    int value = slot->value;
    pthread_mutex_unlock(&slot->lock);
    return value;
}

static void *answer(void *unused)
{
    int value;
    do {
        value = take(&ping);
        put(&pong, value);
    } while (value >= 0);
    return unused;
}

static KERNEL int ping_pong(struct resource *r, int n)
{
    (void)r;
    put(&ping, n);
    return take(&pong) == n ? 0 : -1;
}

/* ---- a mutex ---- */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static KERNEL int lock_unlock(struct resource *r, int n)
{
    (void)r;
    (void)n;
    pthread_mutex_lock(&mutex);
    counter++;
    pthread_mutex_unlock(&mutex);
    return 0;
}

static void *lock_often(void *unused)
{
    enum { TIMES = 100 };
    for (int i = 0; i < TIMES; i++) {
        pthread_mutex_lock(&mutex);
        count();
        pthread_mutex_unlock(&mutex);
    }
    return unused;
}

static KERNEL int contend(struct resource *r, int n)
{
    pthread_t threads[64];
    int failed = 0;
    (void)r;
    for (int i = 0; i < n; i++)
        failed |= pthread_create(&threads[i], NULL, lock_often, NULL);
    for (int i = 0; i < n && !failed; i++)
        failed |= pthread_join(threads[i], NULL);
    return failed;
}

/* ---- semaphore, rwlock, condition, once ---- */

static sem_t semaphore;

static KERNEL int acquire_release(struct resource *r, int n)
{
    (void)r;
    (void)n;
    while (sem_wait(&semaphore) != 0)
        ;
    counter++;
    return sem_post(&semaphore);
}

static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;

static KERNEL int read_lock(struct resource *r, int n)
{
    (void)r;
    (void)n;
    pthread_rwlock_rdlock(&rwlock);
    counter++;
    return pthread_rwlock_unlock(&rwlock);
}

static KERNEL int write_lock(struct resource *r, int n)
{
    (void)r;
    (void)n;
    pthread_rwlock_wrlock(&rwlock);
    counter++;
    return pthread_rwlock_unlock(&rwlock);
}

static pthread_once_t once = PTHREAD_ONCE_INIT;

static KERNEL int once_done(struct resource *r, int n)
{
    (void)r;
    (void)n;
    return pthread_once(&once, count);
}

static const struct subject subjects[] = {
    {"thread_create_join", create_join, 1, 1},   {"thread_ping_pong", ping_pong, 1, 1},
    {"thread_mutex", lock_unlock, 1, 1},         {"thread_mutex_contended", contend, 10, 1000},
    {"thread_semaphore", acquire_release, 1, 1}, {"thread_rwmutex_read", read_lock, 1, 1},
    {"thread_rwmutex_write", write_lock, 1, 1},  {"thread_once", once_done, 1, 1},
};

int main(int argc, char **argv)
{
    pthread_t answerer;
    if (sem_init(&semaphore, 0, 4) != 0 || pthread_create(&answerer, NULL, answer, NULL) != 0)
        return 1;
    int status = bench_main(subjects, sizeof(subjects) / sizeof(subjects[0]), argc, argv);
    put(&ping, -1);
    pthread_join(answerer, NULL);
    return status;
}
