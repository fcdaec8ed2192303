/* Hand-overs between goroutines and threads, each correct: built with ThreadSanitizer, beside a library that is not, this is
 * to be silent. It ends with status 0 if what was handed over has arrived. */
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <lifoguard/lifoguard.h>

enum { MANY = 200, WORKERS = 4 };

static long plain; /* what is handed over; no atomic operations, no lock of its own */

static void read_plain(void)
{
    volatile long value = plain;
    (void)value;
}

/* ---- one after the other: start and end ---- */

static void add_one(void)
{
    plain++;
}

static void by_start_and_wait(void)
{
    lg_waitgroup group = {0};
    for (int i = 0; i < MANY; i++) {
        plain++;
        if (i % 10 == 0) {
            lg_waitgroup_add(&group, 1);
            lg_go_thread(lg_waitgroup_done, &group);
            lg_waitgroup_wait(&group);
        }
        lg_waitgroup_go(&group, add_one);
        lg_waitgroup_wait(&group);
    }
}

static lg_error *add_one_in_group(void)
{
    plain++;
    return NULL;
}

static void by_group(void)
{
    for (int i = 0; i < MANY; i++) {
        lg_group group = {0};
        plain++;
        lg_group_go(&group, add_one_in_group);
        lg_error_free(lg_group_wait(&group));
    }
}

/* ---- locks ---- */

static lg_mutex mutex;
static lg_rwmutex rwmutex;
static lg_semaphore semaphore = LG_SEMAPHORE_INIT(1);
static lg_cond cond;
static long turn;

static void in_mutex(void)
{
    for (int i = 0; i < MANY; i++) {
        lg_mutex_lock(&mutex);
        plain++;
        if (i % 8 == 0)
            lg_yield();
        lg_mutex_unlock(&mutex);
    }
}

static void in_rwmutex(void)
{
    for (int i = 0; i < MANY; i++) {
        lg_rwmutex_lock(&rwmutex);
        plain++;
        lg_rwmutex_unlock(&rwmutex);
        lg_rwmutex_rlock(&rwmutex);
        read_plain();
        if (i % 8 == 0)
            lg_yield();
        lg_rwmutex_runlock(&rwmutex);
    }
}

static void in_semaphore(void)
{
    for (int i = 0; i < MANY; i++) {
        lg_semaphore_acquire(&semaphore, 1);
        plain++;
        if (i % 8 == 0)
            lg_yield();
        lg_semaphore_release(&semaphore, 1);
    }
}

static void in_turns(int odd)
{
    for (int i = 0; i < MANY; i++) {
        lg_mutex_lock(&mutex);
        while (turn % 2 != odd)
            lg_cond_wait(&cond, &mutex);
        turn++;
        plain++;
        lg_cond_broadcast(&cond);
        lg_mutex_unlock(&mutex);
    }
}

static void *on_thread(void *function)
{
    ((void (*)(void))(uintptr_t)function)();
    return NULL;
}

static void among(void (*function)(void))
{
    lg_waitgroup group = {0};
    pthread_t thread;
    pthread_create(&thread, NULL, on_thread, (void *)(uintptr_t)function);
    for (int i = 0; i < WORKERS; i++)
        lg_waitgroup_go(&group, function);
    lg_waitgroup_wait(&group);
    pthread_join(thread, NULL);
}

static void by_condition(void)
{
    lg_waitgroup group = {0};
    turn = 0;
    lg_waitgroup_go(&group, in_turns, 0);
    lg_waitgroup_go(&group, in_turns, 1);
    lg_waitgroup_wait(&group);
}

/* ---- channels, contexts, timers, calls made once ---- */

static void pass_on(lg_chan(long *) from, lg_chan(long *) to)
{
    for (long *value; lg_chan_recv(from, &value);) {
        ++*value;
        lg_chan_send(to, value);
    }
    lg_chan_close(to);
}

static void by_channel(int capacity)
{
    lg_chan(long *) there = lg_chan_make(long *, capacity), back = lg_chan_make(long *, capacity);
    lg_waitgroup group = {0};
    lg_waitgroup_go(&group, pass_on, there, back);
    for (int i = 0; i < MANY; i++) {
        long *value = &plain;
        plain++;
        lg_chan_send(there, value);
        lg_chan_recv(back, &value);
    }
    lg_chan_close(there);
    lg_waitgroup_wait(&group);
    lg_chan_unref(there);
    lg_chan_unref(back);
}

static void add_and_cancel(lg_context *context)
{
    plain++;
    lg_context_cancel(context);
}

static void by_context(void)
{
    for (int i = 0; i < MANY; i++) {
        lg_context *context = lg_context_with_cancel(lg_context_background());
        plain++;
        lg_go(add_and_cancel, context);
        lg_context_wait(context);
        lg_context_free(context);
    }
}

static lg_chan(int) fired;

static void add_and_tell(void)
{
    plain++;
    lg_chan_send(fired, 1);
}

static void by_timer(void)
{
    fired = lg_chan_make(int, 1);
    for (int i = 0; i < MANY / 10; i++) {
        plain++;
        lg_timer *timer = lg_timer_new_func(100 * LG_MICROSECOND, add_and_tell);
        lg_chan_recv(fired, NULL);
        lg_timer_free(timer);
    }
    lg_chan_unref(fired);
}

static void by_ticker(void)
{
    lg_ticker *ticker = lg_ticker_new(100 * LG_MICROSECOND);
    lg_time time;
    plain++;
    lg_chan_recv(lg_ticker_channel(ticker), &time);
    plain++;
    lg_ticker_free(ticker);
}

/* ---- select ---- */

static void select_and_pass_on(lg_chan(long *) from[2], lg_chan(long *) to[2])
{
    long *value;
    bool ok;
    for (int i = 0; i < MANY; i++) {
        lg_select(lg_case_recv(from[0], &value, &ok), lg_case_recv(from[1], &value, &ok));
        ++*value;
        lg_select(lg_case_send(to[0], value), lg_case_send(to[1], value));
    }
}

static void by_select(int capacity)
{
    lg_chan(long *) there[2], back[2];
    lg_waitgroup group = {0};
    for (int i = 0; i < 2; i++) {
        there[i] = lg_chan_make(long *, capacity);
        back[i] = lg_chan_make(long *, capacity);
    }
    lg_waitgroup_go(&group, select_and_pass_on, there, back);
    for (int i = 0; i < MANY; i++) {
        long *value = &plain;
        bool ok;
        plain++;
        lg_select(lg_case_send(there[0], value), lg_case_send(there[1], value));
        lg_select(lg_case_recv(back[0], &value, &ok), lg_case_recv(back[1], &value, &ok));
    }
    lg_waitgroup_wait(&group);
    for (int i = 0; i < 2; i++) {
        lg_chan_unref(there[i]);
        lg_chan_unref(back[i]);
    }
}

/* ---- descriptors, blocking calls ---- */

static void read_and_write(int from, int to)
{
    char byte;
    size_t count;
    for (int i = 0; i < MANY; i++) {
        lg_error_free(lg_read(from, &byte, 1, lg_until_forever(), &count));
        plain++;
        lg_error_free(lg_write(to, &byte, 1, lg_until_forever(), NULL));
    }
}

static void by_descriptors(int (*make)(int fds[2]))
{
    int there[2], back[2];
    char byte = 0;
    size_t count;
    lg_waitgroup group = {0};
    if (make(there) != 0 || make(back) != 0)
        return;
    lg_waitgroup_go(&group, read_and_write, there[0], back[1]);
    for (int i = 0; i < MANY; i++) {
        plain++;
        lg_error_free(lg_write(there[1], &byte, 1, lg_until_forever(), NULL));
        lg_error_free(lg_read(back[0], &byte, 1, lg_until_forever(), &count));
    }
    lg_waitgroup_wait(&group);
    for (int i = 0; i < 2; i++) {
        close(there[i]);
        close(back[i]);
    }
}

static int make_sockets(int fds[2])
{
    return socketpair(AF_UNIX, SOCK_STREAM, 0, fds);
}

static void add_one_elsewhere(void *unused)
{
    (void)unused;
    plain++;
}

static void by_blocking(void)
{
    for (int i = 0; i < MANY; i++) {
        plain++;
        lg_blocking(add_one_elsewhere, NULL);
    }
}

/* ---- a shutdown, whose threads may end after it has been closed ---- */

static lg_error *stop_and_add(void *unused, const lg_context *context)
{
    (void)unused;
    (void)context;
    add_one();
    return NULL;
}

static void by_shutdown(void)
{
    for (int i = 0; i < MANY / 10; i++) {
        lg_shutdown *down;
        lg_error *error = lg_shutdown_new(&down, NULL);
        if (error)
            lg_panic_with_error(error);
        error = lg_shutdown_add(down, &(lg_stage){.name = "adder", .stop = stop_and_add});
        plain++;
        lg_shutdown_close(down, &error);
        lg_error_free(error);
    }
}

static lg_once once;

static void add_once(void)
{
    lg_once_do(&once, add_one);
    read_plain();
}

int main(void)
{
    lg_error_free(lg_set_workers(WORKERS));
    by_start_and_wait();
    by_group();
    among(in_mutex);
    among(in_rwmutex);
    among(in_semaphore);
    by_condition();
    by_channel(0);
    by_channel(3);
    by_context();
    by_timer();
    by_ticker();
    by_select(0);
    by_select(3);
    by_descriptors(pipe);
    by_descriptors(make_sockets);
    lg_waitgroup group = {0};
    lg_waitgroup_go(&group, by_blocking);
    lg_waitgroup_wait(&group);
    by_blocking();
    by_shutdown();
    for (int i = 0; i < MANY / 10; i++) {
        once = (lg_once){0};
        among(add_once);
    }
    long expected = 4 * MANY + 3 * (WORKERS + 1) * MANY + 2 * MANY + 4 * MANY + 2 * MANY +
                    2 * (MANY / 10) + 2 + 4 * MANY + 4 * MANY + 4 * MANY + 2 * (MANY / 10) +
                    MANY / 10;
    if (plain != expected)
        fprintf(stderr, "%ld, not %ld\n", plain, expected);
    return plain != expected;
}
