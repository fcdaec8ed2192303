/* C9: every wait of the library ends when the context does that it is given, and says why, on threads and in goroutines. */
#include "testing/context.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

/* ---- all that can be waited for, none of which ever comes ---- */

static lg_mutex mutex, cond_mutex;
static lg_rwmutex read_held, write_held;
static lg_cond cond;
static lg_semaphore semaphore;
static lg_waitgroup group;
static lg_once once;
static lg_once_value once_value;
static lg_chan(int) unbuffered;
static lg_chan(int) empty;
static lg_chan(int) full;
static lg_context *never, *done_already;
static lg_group members;
static int pipe_ends[2], full_pipe[2], listener;
static pid_t process;
static _Atomic bool held, let_go;
static lg_context_func func;

static lg_error *sleeping(lg_until until)
{
    return lg_sleep_until(LG_HOUR, until);
}
static lg_error *locking(lg_until until)
{
    return lg_mutex_lock_until(&mutex, until);
}
static lg_error *read_locking(lg_until until)
{
    return lg_rwmutex_rlock_until(&write_held, until);
}
static lg_error *write_locking(lg_until until)
{
    return lg_rwmutex_lock_until(&read_held, until);
}
static lg_error *waiting_for_a_condition(lg_until until)
{
    lg_mutex_lock(&cond_mutex);
    lg_error *err = lg_cond_wait_until(&cond, &cond_mutex, until);
    lg_mutex_unlock(&cond_mutex);
    return err;
}
static lg_error *acquiring(lg_until until)
{
    return lg_semaphore_acquire_until(&semaphore, 1, until);
}
static lg_error *waiting_for_a_group(lg_until until)
{
    return lg_waitgroup_wait_until(&group, until);
}
static void not_called(void)
{
    ck_abort();
}
static void *not_made(void)
{
    ck_abort();
}
static lg_error *calling_once(lg_until until)
{
    return lg_once_do_until(&once, until, not_called);
}
static lg_error *making_once(lg_until until)
{
    void *result;
    return lg_once_get_until(&once_value, until, &result, not_made);
}
static lg_error *sending(lg_until until)
{
    return lg_chan_send_until(unbuffered, 1, until);
}
static lg_error *sending_into_a_full_one(lg_until until)
{
    return lg_chan_send_until(full, 1, until);
}
static lg_error *receiving(lg_until until)
{
    int x;
    return lg_chan_recv_until(empty, &x, until);
}
static lg_error *receiving_from_none(lg_until until)
{
    lg_chan(int) none = NULL;
    return lg_chan_recv_until(none, NULL, until);
}
static lg_error *waiting_for_another_context(lg_until until)
{
    return lg_context_wait_until(never, until);
}
static lg_error *waiting_for_a_function(lg_until until)
{
    return lg_context_func_stop_and_wait_until(&func, until, NULL);
}
static lg_error *waiting_for_members(lg_until until)
{
    return lg_group_wait_until(&members, until);
}
static lg_error *waiting_for_room(lg_until until)
{
    return lg_group_go_with(&members, ((lg_go_options){.until = (const lg_until[]){until}}),
                            not_called);
}
static lg_error *polling(lg_until until)
{
    return lg_poll(pipe_ends[0], POLLIN, until, NULL);
}
static lg_error *reading(lg_until until)
{
    char byte;
    size_t count;
    return lg_read(pipe_ends[0], &byte, 1, until, &count);
}
static lg_error *reading_all(lg_until until)
{
    char bytes[10];
    return lg_read_full(pipe_ends[0], bytes, sizeof(bytes), until, NULL);
}
static lg_error *writing(lg_until until)
{
    return lg_write(full_pipe[1], "x", 1, until, NULL);
}
static lg_error *accepting(lg_until until)
{
    int fd;
    lg_error *err = lg_accept(listener, NULL, NULL, until, &fd);
    ck_assert_int_eq(fd, -1);
    return err;
}
static lg_error *waiting_for_a_child(lg_until until)
{
    return lg_wait_child(process, until, NULL);
}
/* The case tells only that the time has come; the context, why. */
static const lg_context *selected;
static lg_error *selecting(lg_until until)
{
    int x;
    size_t which = lg_select(lg_case_recv(empty, &x, NULL), lg_case_context(never),
                             lg_case_until(until), lg_case_context(lg_context_background()));
    ck_assert_uint_eq(which, 2);
    return until.lgi_done->error;
}
static lg_error *selecting_a_context(lg_until until)
{
    size_t which = lg_select(lg_case_context(never), lg_case_context(selected),
                             lg_case_send(full, 2));
    ck_assert_uint_eq(which, 1);
    ck_assert_ptr_eq(until.lgi_done, &selected->done);
    return lg_context_error(selected);
}

static const struct wait {
    const char *name;
    lg_error *(*wait)(lg_until until);
} waits[] = {
    {"sleeping", sleeping},
    {"locking", locking},
    {"read_locking", read_locking},
    {"write_locking", write_locking},
    {"waiting_for_a_condition", waiting_for_a_condition},
    {"acquiring", acquiring},
    {"waiting_for_a_group", waiting_for_a_group},
    {"calling_once", calling_once},
    {"making_once", making_once},
    {"sending", sending},
    {"sending_into_a_full_one", sending_into_a_full_one},
    {"receiving", receiving},
    {"receiving_from_none", receiving_from_none},
    {"waiting_for_another_context", waiting_for_another_context},
    {"waiting_for_a_function", waiting_for_a_function},
    {"waiting_for_members", waiting_for_members},
    {"waiting_for_room", waiting_for_room},
    {"polling", polling},
    {"reading", reading},
    {"reading_all", reading_all},
    {"writing", writing},
    {"accepting", accepting},
    {"waiting_for_a_child", waiting_for_a_child},
    {"selecting", selecting},
    {"selecting_a_context", selecting_a_context},
};
enum { WAITS = sizeof(waits) / sizeof(waits[0]) };

/* ---- what keeps them waiting ---- */

static void stay(void)
{
    while (!atomic_load(&let_go))
        lg_sleep(LG_MILLISECOND);
}
static void *stay_too(void)
{
    stay();
    return NULL;
}
static void call_once_for_long(void)
{
    lg_once_do(&once, stay);
}
static void make_once_for_long(void)
{
    lg_once_get(&once_value, stay_too);
}

static void hold(void)
{
    lg_mutex_lock(&mutex);
    lg_rwmutex_rlock(&read_held);
    lg_rwmutex_lock(&write_held);
    atomic_store(&held, true);
    stay();
    lg_rwmutex_unlock(&write_held);
    lg_rwmutex_runlock(&read_held);
    lg_mutex_unlock(&mutex);
}

static void open_files(void)
{
    struct sockaddr_un none = {.sun_family = AF_UNIX};
    char page[4096] = "";
    ck_assert_int_eq(pipe(pipe_ends), 0);
    ck_assert_int_eq(pipe(full_pipe), 0);
    ck_assert_ptr_null(lg_set_nonblocking(full_pipe[1]));
    while (write(full_pipe[1], page, sizeof(page)) > 0)
        ;
    listener = socket(AF_UNIX, SOCK_STREAM, 0);
    ck_assert_int_ge(listener, 0);
    ck_assert_int_eq(bind(listener, (struct sockaddr *)&none, sizeof(sa_family_t)), 0);
    ck_assert_int_eq(listen(listener, 1), 0);
    ck_assert_ptr_null(lg_set_nonblocking(listener));
    process = fork();
    ck_assert_int_ge(process, 0);
    if (process == 0) {
        pause();
        _exit(0);
    }
}

static void close_files(void)
{
    kill(process, SIGKILL);
    ck_assert_ptr_null(lg_wait_child(process, lg_until_timeout(LG_HOUR), NULL));
    close(pipe_ends[0]);
    close(pipe_ends[1]);
    close(full_pipe[0]);
    close(full_pipe[1]);
    close(listener);
}

static void set_up(void)
{
    open_files();
    unbuffered = lg_chan_make(int, 0);
    empty = lg_chan_make(int, 1);
    full = lg_chan_make(int, 1);
    lg_chan_send(full, 0);
    never = lg_context_with_cancel(lg_context_background());
    done_already = lg_context_with_cancel(lg_context_background());
    lg_context_cancel(done_already);
    func = lg_context_on_done(done_already, stay);
    lg_waitgroup_add(&group, 1);
    lg_group_set_limit(&members, 1);
    lg_group_go(&members, stay);
    lg_go(hold);
    lg_go(call_once_for_long);
    lg_go(make_once_for_long);
    eventually(atomic_load(&held));
    lg_sleep(5 * LG_MILLISECOND); /* those two are being called */
}

static void tear_down(void)
{
    atomic_store(&let_go, true);
    lg_waitgroup_done(&group);
    lg_group_free(&members);
    close_files();
    lg_context_func_stop_and_wait(&func);
    lg_context_free(never);
    lg_context_free(done_already);
    lg_chan_unref(unbuffered);
    lg_chan_unref(empty);
    lg_chan_unref(full);
    eventually(lg_mutex_try_lock(&mutex));
}

/* ---- in each of the ways ---- */

static LG_ERROR_DEFINE(why, "why");

static void expect(const struct wait *wait, const lg_context *ctx, const lg_error *error)
{
    selected = ctx;
    const lg_error *err = wait->wait(lg_until_context(ctx));
    ck_assert_msg(err == error, "%s: %s", wait->name, lg_error_message(err));
}

static void cancel_soon(lg_context *ctx)
{
    lg_defer(lg_context_free, ctx);
    lg_sleep(LG_MILLISECOND / 2);
    lg_context_cancel_cause(ctx, &why);
}

static void wait_in_all_ways(void)
{
    for (size_t i = 0; i < WAITS; i++) {
        lg_auto_context lg_context *parent = lg_context_with_cancel(lg_context_background());
        lg_context_cancel_cause(parent, &why);
        expect(&waits[i], parent, &lg_error_cancelled); /* done before */

        lg_auto_context lg_context *timed = lg_context_with_timeout(lg_context_background(),
                                                                    LG_MILLISECOND, .name = "x");
        lg_auto_context lg_context *child = lg_context_with_cancel(timed);
        expect(&waits[i], child, &lg_error_deadline_exceeded);

        lg_context *soon = lg_context_with_cancel(lg_context_background());
        lg_auto_context lg_context *below = lg_context_with_cancel(soon);
        lg_go(cancel_soon, soon);
        expect(&waits[i], below, &lg_error_cancelled);
        ck_assert_ptr_eq(lg_context_cause(below), &why);
    }
}

START_TEST(C9_every_wait_ends_with_its_context)
{
    set_up();
    on_both(wait_in_all_ways);
    tear_down();
}
END_TEST

/* ---- what can be done at once is done, whatever the context says ---- */

START_TEST(C9_what_can_be_done_at_once_is_done)
{
    lg_auto_context lg_context *ctx = lg_context_with_cancel(lg_context_background());
    lg_context_cancel(ctx);
    lg_until until = lg_until_context(ctx);
    ck_assert_ptr_null(lg_mutex_lock_until(&mutex, until));
    lg_mutex_unlock(&mutex);
    ck_assert_ptr_null(lg_rwmutex_lock_until(&read_held, until));
    lg_rwmutex_unlock(&read_held);
    ck_assert_ptr_null(lg_rwmutex_rlock_until(&read_held, until));
    lg_rwmutex_runlock(&read_held);
    ck_assert_ptr_null(lg_waitgroup_wait_until(&group, until));
    full = lg_chan_make(int, 1);
    int x = 0;
    ck_assert_ptr_null(lg_chan_send_until(full, 7, until));
    ck_assert_ptr_null(lg_chan_recv_until(full, &x, until));
    ck_assert_int_eq(x, 7);
    lg_chan_unref(full);
}
END_TEST

/* ---- waits of others ---- */

static bool can_be_read(int fd, int timeout)
{
    struct pollfd pollfd = {.fd = fd, .events = POLLIN};
    return poll(&pollfd, 1, timeout) == 1 && pollfd.revents == POLLIN;
}

static void poll_with_fd(void)
{
    int fd, again, late, never_read;
    lg_context *ctx = lg_context_with_timeout(lg_context_background(), 3 * LG_MILLISECOND);
    errno = 4711;
    ck_assert_ptr_null(lg_context_fd(ctx, &fd));
    ck_assert_ptr_null(lg_context_fd(ctx, &again));
    ck_assert_int_eq(errno, 4711);
    ck_assert_int_eq(fd, again);
    ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
    ck_assert(can_be_read(fd, 20000));
    ck_assert_ptr_eq(lg_context_error(ctx), &lg_error_deadline_exceeded);
    ck_assert(can_be_read(fd, 0)); /* for ever */
    lg_context *child = lg_context_with_cancel(ctx);
    ck_assert_ptr_null(lg_context_fd(child, &late));
    ck_assert_int_ne(late, fd);
    ck_assert(can_be_read(late, 0));
    ck_assert_ptr_null(lg_context_fd(lg_context_background(), &never_read));
    ck_assert(!can_be_read(never_read, 1));
    lg_context_free(child);
    lg_context_free(ctx);
    ck_assert_int_eq(fcntl(late, F_GETFD), -1);
    ck_assert_int_eq(fcntl(fd, F_GETFD), -1);
}

static void poll_and_tell(lg_context *told)
{
    lg_defer(lg_context_cancel, told);
    poll_with_fd();
}

START_TEST(C9_a_descriptor_for_loops_of_the_programs_own)
{
    lg_auto_context lg_context *told = lg_context_with_cancel(lg_context_background());
    poll_with_fd();
    lg_go_thread(poll_and_tell, told); /* what blocks has a thread of its own */
    lg_context_wait(told);
}
END_TEST

START_TEST(C9_no_descriptors_left)
{
    struct rlimit before;
    int fd = 0;
    lg_auto_context lg_context *ctx = lg_context_with_cancel(lg_context_background());
    getrlimit(RLIMIT_NOFILE, &before);
    setrlimit(RLIMIT_NOFILE, &(struct rlimit){3, before.rlim_max});
    lg_error *err = lg_context_fd(ctx, &fd);
    setrlimit(RLIMIT_NOFILE, &before);
    ck_assert(lg_error_is_errno(err, EMFILE));
    ck_assert_int_eq(fd, -1);
    lg_error_free(err);
    ck_assert_ptr_null(lg_context_fd(ctx, &fd));
    lg_context_cancel(ctx);
    ck_assert(can_be_read(fd, 0));
}
END_TEST

static void ask_for_fd(const lg_context *ctx, _Atomic int *fds)
{
    int fd;
    ck_assert_ptr_null(lg_context_fd(ctx, &fd));
    ck_assert(can_be_read(fd, 20000));
    atomic_fetch_add(fds, 1);
}

START_TEST(C10_many_ask_for_it_at_once)
{
    enum { THREADS = 8 };
    for (int round = 0; round < 20; round++) {
        _Atomic int fds = 0;
        lg_auto_context lg_context *ctx = lg_context_with_cancel(lg_context_background());
        for (int i = 0; i < THREADS; i++)
            lg_go_thread(ask_for_fd, ctx, &fds);
        if (round % 2)
            lg_sleep(50 * LG_MICROSECOND);
        lg_context_cancel(ctx);
        eventually(atomic_load(&fds) == THREADS);
    }
}
END_TEST

/* ---- many wait with one, for different things ---- */

static _Atomic int ended;

static void wait_with(const struct wait *wait, lg_context *mine)
{
    lg_defer(lg_context_free, mine);
    const lg_error *err = wait->wait(lg_until_context(mine));
    ck_assert_msg(err == &lg_error_cancelled, "%s", wait->name);
    atomic_fetch_add(&ended, 1);
}

START_TEST(C9_one_cancel_ends_them_all)
{
    enum { EACH = 20 };
    int count = 0;
    set_up();
    lg_context *root = lg_context_with_cancel(lg_context_background());
    for (size_t i = 0; i < WAITS; i++) {
        if (waits[i].wait == selecting_a_context)
            continue;
        for (int j = 0; j < EACH; j++, count++) {
            if (j % 10 == 0)
                lg_go_thread(wait_with, &waits[i], lg_context_with_cancel(root));
            else
                lg_go(wait_with, &waits[i], lg_context_with_cancel(root));
        }
    }
    lg_sleep(5 * LG_MILLISECOND);
    lg_context_free(root);
    eventually(atomic_load(&ended) == count);
    tear_down();
}
END_TEST

RUN_TESTS("waits", C9_every_wait_ends_with_its_context, C9_what_can_be_done_at_once_is_done,
          C9_a_descriptor_for_loops_of_the_programs_own, C9_no_descriptors_left,
          C10_many_ask_for_it_at_once, C9_one_cancel_ends_them_all)
