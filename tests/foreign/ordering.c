/* Hand-overs between goroutines and threads, each correct: built with ThreadSanitizer, beside a library that is not, this is
 * to be silent. It ends with status 0 if what was handed over has arrived. */
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
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

static void by_context_fd(void)
{
    for (int i = 0; i < MANY; i++) {
        lg_context *context = lg_context_with_cancel(lg_context_background());
        int fd;
        lg_error_free(lg_context_fd(context, &fd));
        lg_go(add_and_cancel, context);
        lg_error_free(lg_poll(fd, POLLIN, lg_until_forever(), NULL));
        plain++;
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

/* ---- what the library itself hands over: errors, panics, reports ---- */

static void print_and_free(lg_error *error)
{
    char text[1024];
    lg_error_format(error, text, sizeof(text));
    lg_error_free(error);
}

static lg_error *fail(int number)
{
    if (number % 2 == 0)
        lg_panic("number %d", number);
    return lg_error_newf("number %d", number);
}

static void by_failures(void)
{
    for (int i = 0; i < MANY / 10; i++) {
        lg_group group = {0};
        for (int k = 0; k < 2 * WORKERS; k++)
            lg_group_go(&group, fail, k);
        print_and_free(lg_group_wait(&group));
        lg_group_free(&group);
    }
}

static lg_error *give_the_cause(lg_context *context)
{
    lg_context_wait(context);
    lg_error *cause = lg_context_cause_copy(context);
    lg_context_free(context);
    return cause;
}

/* An error that several own, the last of whom frees it. */
static void by_shared_error(void)
{
    for (int i = 0; i < MANY / 10; i++) {
        lg_context *context = lg_context_with_cancel(lg_context_background());
        lg_group group = {0};
        for (int k = 0; k < WORKERS; k++)
            lg_group_go(&group, give_the_cause, lg_context_with_cancel(context));
        lg_context_cancel_cause(context, lg_error_newf("number %d", i));
        lg_context_free(context);
        print_and_free(lg_group_wait(&group));
        lg_group_free(&group);
    }
}

static lg_error *fail_to_close(void *unused)
{
    (void)unused;
    plain++;
    return lg_error_newf("number %ld", plain);
}

static lg_close_once closing;

static void close_it(void)
{
    lg_error *error = NULL;
    lg_close_once_into(&closing, &error);
    print_and_free(error);
}

static void by_close_once(void)
{
    for (int i = 0; i < MANY / 10; i++) {
        lg_close_once_init(&closing, fail_to_close, NULL);
        among(close_it);
        lg_close_once_close(&closing, NULL);
    }
}

static lg_error *fail_twice(const lg_context *context, int *starts)
{
    if (++*starts <= 2)
        return lg_error_newf("start %d", *starts);
    lg_member_ready();
    lg_context_wait(context);
    return NULL;
}

static void by_supervisor(void)
{
    for (int i = 0; i < MANY / 20; i++) {
        const lg_supervisor_options options = {.backoff = LG_MICROSECOND};
        lg_supervisor *supervisor;
        char text[4096];
        int starts = 0;
        lg_error_free(lg_supervisor_new(&supervisor, lg_context_background(), &options));
        lg_error_free(lg_supervisor_go(supervisor, fail_twice, &starts));
        while (lg_supervisor_restart_count(supervisor) < 2)
            lg_supervisor_report_text(supervisor, text, sizeof(text));
        lg_supervisor_close(supervisor, NULL);
        starts++;
    }
}

static void wait_for_the_end(lg_chan(int) end)
{
    lg_chan_recv(end, NULL);
}

static bool read_name(const lg_goroutine_info *info, void *length)
{
    *(size_t *)length += strlen(info->name);
    return true;
}

/* Workers write down what their goroutines do. */
static void by_list(void)
{
    lg_waitgroup group = {0};
    lg_chan(int) end = lg_chan_make(int, 0);
    size_t length = 0;
    for (int i = 0; i < 2 * WORKERS; i++)
        lg_waitgroup_go(&group, wait_for_the_end, end);
    for (int i = 0; i < MANY / 20; i++)
        lg_error_free(lg_goroutine_visit(read_name, &length));
    lg_chan_close(end);
    lg_waitgroup_wait(&group);
    lg_chan_unref(end);
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
    by_context_fd();
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
    by_failures();
    by_shared_error();
    by_close_once();
    by_supervisor();
    by_list();
    for (int i = 0; i < MANY / 10; i++) {
        once = (lg_once){0};
        among(add_once);
    }
    long expected = 4 * MANY + 3 * (WORKERS + 1) * MANY + 2 * MANY + 4 * MANY + 2 * MANY +
                    2 * (MANY / 10) + 2 + 4 * MANY + 4 * MANY + 4 * MANY + 2 * (MANY / 10) +
                    MANY / 10 + MANY / 10 + 2 * MANY;
    if (plain != expected)
        fprintf(stderr, "%ld, not %ld\n", plain, expected);
    return plain != expected;
}
