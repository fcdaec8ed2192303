/* What happens to those who wait for a descriptor that is closed, and to numbers that are used again. */
#include "testing/crew.h"

#include <sys/epoll.h>
#include <sys/syscall.h>

#include "poll/poll.h"

/* How often a goroutine has come to wait for a descriptor. */
static _Atomic unsigned armed;

/* … and a thread. */
static _Atomic unsigned polled;

int ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *mask)
{
    struct timespec copy = timeout ? *timeout : (struct timespec){0};
    polled += count == 2;
    return (int)syscall(SYS_ppoll, fds, count, timeout ? &copy : NULL, mask, 8);
}

int epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event)
{
    int result = (int)syscall(SYS_epoll_ctl, epoll, operation, fd, event);
    if (result == 0 && event->events & EPOLLONESHOT)
        armed++;
    return result;
}

/* Here descriptors are closed while others use them, which the thread sanitizer would report. */
int close(int fd)
{
    return (int)syscall(SYS_close, fd);
}

static void await_armed(unsigned count)
{
    for (int i = 0; armed < count; i++) {
        must(i < 5000);
        pause_ms(1);
    }
    pause_ms(1);
}

struct waiting {
    int fd;
    short events;
    lg_until until;
    lg_error *error;
    size_t count;
};

static void wait_to_read(void *data)
{
    struct waiting *waiting = data;
    char buffer[16];
    waiting->error = lg_read(waiting->fd, buffer, sizeof(buffer), waiting->until, &waiting->count);
}

static void wait_to_write(void *data)
{
    struct waiting *waiting = data;
    static const char much[1 << 20];
    waiting->error = lg_write(waiting->fd, much, sizeof(much), waiting->until, &waiting->count);
}

static void wait_by_poll(void *data)
{
    struct waiting *waiting = data;
    waiting->error = lg_poll(waiting->fd, POLLIN, waiting->until, NULL);
}

static void wait_to_accept(void *data)
{
    struct waiting *waiting = data;
    int fd;
    waiting->error = lg_accept(waiting->fd, NULL, NULL, waiting->until, &fd);
    must(fd == -1);
}

static void (*const waits[])(void *) = {wait_to_read, wait_to_write, wait_by_poll};
enum { WAITS = 3, OF_EACH = 4 };

static void *on_own_thread(void *data)
{
    wait_to_read(data);
    return NULL;
}

START_TEST(C9_closing_wakes_all_who_wait)
{
    for (int kind = 0; kind < KINDS; kind++) {
        /* The second one is for the writers. */
        struct ends ends[2] = {make_ends(kind), make_ends(kind)};
        struct waiting waiting[WAITS][OF_EACH], on_threads[2];
        pthread_t threads[2];
        armed = polled = 0;
        for (int i = 0; i < WAITS; i++) {
            for (int k = 0; k < OF_EACH; k++) {
                int fd = waits[i] == wait_to_write ? ends[1].to : ends[0].from;
                waiting[i][k] = (struct waiting){.fd = fd, .until = lg_until_forever()};
                crew_go(waits[i], &waiting[i][k]);
            }
        }
        for (int i = 0; i < 2; i++) {
            on_threads[i] = (struct waiting){.fd = ends[0].from, .until = lg_until_forever()};
            ck_assert_int_eq(pthread_create(&threads[i], NULL, on_own_thread, &on_threads[i]), 0);
        }
        await_armed(WAITS * OF_EACH);
        while (polled < 2)
            pause_ms(1);
        lg_error *error = NULL;
        lg_close(ends[0].from, &error);
        lg_close(ends[1].to, &error);
        ck_assert_ptr_null(error);
        for (int i = 0; i < 2; i++) {
            pthread_join(threads[i], NULL);
            must_be(on_threads[i].error, &lg_error_closed);
        }
        crew_wait();
        for (int i = 0; i < WAITS * OF_EACH; i++)
            must_be(waiting[i / OF_EACH][i % OF_EACH].error, &lg_error_closed);
        close(ends[0].to);
        close(ends[1].from);
    }
}
END_TEST

START_TEST(C9_closing_a_stream_or_file_wakes_too)
{
    for (int round = 0; round < 2; round++) {
        struct ends ends = make_ends(STREAM), others = make_ends(STREAM);
        struct waiting waiting = {.fd = ends.from, .until = lg_until_forever()};
        struct waiting other = {.fd = others.from, .until = lg_until_forever()};
        FILE *stream = fdopen(ends.from, "r");
        lg_file *file;
        must_not_fail(lg_file_adopt(others.from, "others", &file));
        armed = 0;
        crew_go(wait_to_read, &waiting);
        crew_go(wait_to_read, &other);
        await_armed(2);
        lg_fclose(stream, NULL);
        must_not_fail(lg_file_close_now(file));
        crew_wait();
        must_be(waiting.error, &lg_error_closed);
        must_be(other.error, &lg_error_closed);
        lg_file_free(file);
        close(ends.to);
        close(others.to);
    }
}
END_TEST

START_TEST(C9_closing_a_listener_wakes_who_accepts)
{
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | (_i ? SOCK_NONBLOCK : 0), 0);
    must(listener >= 0 && listen(listener, 10) == 0);
    struct waiting waiting[OF_EACH];
    for (int i = 0; i < OF_EACH; i++) {
        waiting[i] = (struct waiting){.fd = listener, .until = lg_until_forever()};
        crew_go(wait_to_accept, &waiting[i]);
    }
    await_armed(OF_EACH);
    lg_close(listener, NULL);
    crew_wait();
    for (int i = 0; i < OF_EACH; i++)
        must_be(waiting[i].error, &lg_error_closed);
}
END_TEST

/* A call that began before the close does not wait for what has the number now. */
/* A call that begins before the first wait of all, and is closed before it waits. */
START_TEST(C9_a_close_before_the_first_wait_changes_the_generation)
{
    int ends[2];
    must(pipe(ends) == 0);
    uint32_t before = lgi_fd_generation(ends[0]);
    lg_close(ends[0], NULL);
    ck_assert_uint_ne(before, lgi_fd_generation(ends[0]));
    close(ends[1]);
}
END_TEST

START_TEST(C9_a_wait_of_an_earlier_generation_is_refused)
{
    struct ends ends = make_ends(STREAM);
    short revents;
    struct waiting first = {.fd = ends.from, .until = lg_until_timeout(0)};
    wait_to_read(&first);
    uint32_t before = lgi_fd_generation(ends.from);
    lg_close(ends.from, NULL);
    ck_assert_uint_ne(before, lgi_fd_generation(ends.from));
    struct ends others = make_ends(STREAM);
    int again = others.from;
    ck_assert_int_eq(again, ends.from); /* the lowest number there is */
    must_be(lgi_wait_fd_of(again, before, POLLIN, lg_until_forever(), &revents), &lg_error_closed);
    must_be(lgi_wait_fd(again, POLLIN, lg_until_timeout(0), &revents), &lg_error_deadline_exceeded);
    close_ends(others);
    close(ends.to);
}
END_TEST

/* ---- close(2), of which nobody knows ---- */

START_TEST(C9_after_a_plain_close_the_deadline_ends_the_wait)
{
    struct ends ends = make_ends(PIPE);
    struct waiting waiting = {.fd = ends.from, .until = lg_until_timeout(50 * LG_MILLISECOND)};
    armed = 0;
    crew_go(wait_to_read, &waiting);
    await_armed(1); /* a read that begins after the close would fail with EBADF */
    close(ends.from);
    crew_wait();
    must_be(waiting.error, &lg_error_deadline_exceeded);
    close(ends.to);
}
END_TEST

struct reuse {
    int at;
    int rounds;
};

/* The number is the old one, the file another, whatever is still armed. */
static void reuse_number(void *data)
{
    const struct reuse *reuse = data;
    for (int i = 0; i < reuse->rounds; i++) {
        struct ends ends = make_ends(i % KINDS);
        must(dup3(ends.from, reuse->at, O_CLOEXEC) == reuse->at);
        struct waiting waiting = {.fd = reuse->at, .until = lg_until_timeout(LG_MILLISECOND / 2)};
        wait_to_read(&waiting);
        must_be(waiting.error, &lg_error_deadline_exceeded);
        if (i % 3 == 0) { /* what is armed still has its file, by the other number */
            must(write(ends.to, "x", 1) == 1);
        }
        if (i % 2 == 0)
            close(reuse->at);
        else
            lg_close(reuse->at, NULL);
        struct ends next = make_ends((i + 1) % KINDS);
        must(dup3(next.from, reuse->at, O_CLOEXEC) == reuse->at);
        waiting.until = lg_until_timeout(LG_MILLISECOND);
        wait_to_read(&waiting);
        must_be(waiting.error, &lg_error_deadline_exceeded);
        must(write(next.to, "hello", 5) == 5);
        waiting.until = lg_until_forever();
        wait_to_read(&waiting);
        must(!waiting.error && waiting.count == 5);
        close(reuse->at);
        close_ends(ends);
        close_ends(next);
    }
}

START_TEST(C9_numbers_are_used_again)
{
    struct reuse reuse[2] = {{200, 100}, {201, 100}};
    crew_go(reuse_number, &reuse[0]);
    crew_go(reuse_number, &reuse[1]);
    crew_wait();
    reuse_number(&reuse[0]);
}
END_TEST

/* ---- closing at any moment ---- */

enum { VICTIMS = 400 };

static void close_at_random(void *data)
{
    const struct waiting *waiting = data;
    int spins = waiting->fd * 7919 % 3000;
    for (int i = 0; i < spins; i++)
        __asm__ volatile("");
    if (spins % 3 == 0)
        lg_yield();
    lg_close(waiting->fd, NULL);
}

START_TEST(C9_closing_at_any_moment)
{
    static struct waiting waiting[VICTIMS];
    static struct ends ends[VICTIMS];
    must_not_fail(lg_set_workers((unsigned[]){1, 2, 8}[_i]));
    /* Not to be used again: what the workers open has low numbers. */
    for (int i = 0; i < VICTIMS; i++) {
        struct ends low = make_ends(STREAM);
        ends[i] = (struct ends){fcntl(low.from, F_DUPFD_CLOEXEC, 500), low.to};
        must(ends[i].from >= 500);
        close(low.from);
    }
    for (int i = 0; i < VICTIMS; i++) {
        waiting[i] = (struct waiting){.fd = ends[i].from, .until = lg_until_forever()};
        crew_go(i % 2 ? wait_to_read : wait_by_poll, &waiting[i]);
        crew_go(close_at_random, &waiting[i]);
    }
    crew_wait();
    for (int i = 0; i < VICTIMS; i++) {
        /* It came first, or too late. */
        must(waiting[i].error == &lg_error_closed || lg_error_is_errno(waiting[i].error, EBADF));
        lg_error_free(waiting[i].error);
        close(ends[i].to);
    }
}
END_TEST

/* ---- what the library opens ---- */

static void open_all_there_is(void *data)
{
    struct waiting waiting = {.fd = *(const int *)data,
                              .until = lg_until_timeout(10 * LG_MICROSECOND)};
    wait_to_read(&waiting);
    must_be(waiting.error, &lg_error_deadline_exceeded);
}

START_TEST(C9_nothing_is_inherited_or_leaks)
{
    struct ends ends = make_ends(PIPE);
    must_not_fail(lg_set_workers(1)); /* more would open theirs at any time */
    open_all_there_is(&ends.from);
    for (int i = 0; i < 100; i++)
        crew_go(open_all_there_is, &ends.from);
    crew_wait();
    int before = count_open();
    for (int fd = STDERR_FILENO + 1; fd < 1024; fd++) {
        int flags = fcntl(fd, F_GETFD);
        char link[64], target[256] = "";
        snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
        if (flags < 0 || readlink(link, target, sizeof(target) - 1) < 0 ||
            strncmp(target, "anon_inode:", 11) != 0)
            continue; /* Check's own */
        ck_assert_msg(flags & FD_CLOEXEC, "%d, %s, is inherited by exec", fd, target);
    }
    for (int i = 0; i < 1000; i++)
        crew_go(open_all_there_is, &ends.from);
    crew_wait();
    for (int i = 0; i < 20; i++) /* and a thread leaves nothing behind */
        on(ON_THREAD, open_all_there_is, &ends.from);
    ck_assert_int_eq(count_open(), before);
    close_ends(ends);
}
END_TEST

/* The child has the parent's descriptors, and must not take what it is told for its own. */
START_TEST(C9_a_forked_child_of_a_thread_can_wait)
{
    struct ends ends = make_ends(PIPE), wakes = make_ends(PIPE);
    struct waiting waiting = {.fd = ends.from, .until = lg_until_timeout(LG_MILLISECOND)};
    struct lgi_done done = {0};
    wait_to_read(&waiting);
    must_be(waiting.error, &lg_error_deadline_exceeded);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        int failed = 0;
        waiting.until = lg_until_timeout(50 * LG_MILLISECOND);
        waiting.until.lgi_done = &done;
        for (int i = 0; i < 3; i++) {
            wait_to_read(&waiting);
            failed += waiting.error != &lg_error_deadline_exceeded;
        }
        _exit(failed);
    }
    for (int i = 0; i < 100; i++) { /* its own waits are cancelled meanwhile */
        struct lgi_done mine = {0};
        waiting.until = lg_until_timeout(LG_SECOND);
        waiting.until.lgi_done = &mine;
        lgi_done_set(&mine, NULL);
        wait_to_read(&waiting);
        must_be(waiting.error, &lg_error_cancelled);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    close_ends(ends);
    close_ends(wakes);
}
END_TEST

/* … nor tell those who wait in the parent. */
START_TEST(C9_a_forked_child_closes_what_is_waited_for)
{
    struct ends ends = make_ends(STREAM);
    struct waiting waiting = {.fd = ends.from, .until = lg_until_forever()};
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, on_own_thread, &waiting), 0);
    while (polled == 0)
        pause_ms(1);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        lg_close(ends.from, NULL);
        _exit(0);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    pause_ms(20);
    ck_assert_uint_eq(polled, 1); /* it has not been woken */
    ck_assert_int_eq(write(ends.to, "hello", 5), 5);
    pthread_join(thread, NULL);
    must_be(waiting.error, NULL);
    ck_assert_uint_eq(waiting.count, 5);
    close_ends(ends);
}
END_TEST

/* pthread_cancel does not end a wait; what is waited for then goes on to the cancellation. */
static void *wait_and_be_cancelled(void *data)
{
    wait_to_read(data);
    pthread_testcancel();
    return data;
}

START_TEST(C9_a_wait_is_no_cancellation_point)
{
    struct ends ends = make_ends(STREAM);
    struct waiting waiting = {.fd = ends.from, .until = lg_until_forever()};
    pthread_t thread;
    void *result;
    ck_assert_int_eq(pthread_create(&thread, NULL, wait_and_be_cancelled, &waiting), 0);
    while (polled == 0)
        pause_ms(1);
    pthread_cancel(thread);
    pause_ms(10);
    lg_close(ends.from, NULL);
    pthread_join(thread, &result);
    ck_assert_ptr_eq(result, PTHREAD_CANCELED);
    must_be(waiting.error, &lg_error_closed);
    close(ends.to);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, C9_closing_wakes_all_who_wait);
    tcase_add_test(tests, C9_closing_a_stream_or_file_wakes_too);
    tcase_add_loop_test(tests, C9_closing_a_listener_wakes_who_accepts, 0, 2);
    tcase_add_test(tests, C9_a_close_before_the_first_wait_changes_the_generation);
    tcase_add_test(tests, C9_a_wait_of_an_earlier_generation_is_refused);
    tcase_add_test(tests, C9_after_a_plain_close_the_deadline_ends_the_wait);
    tcase_add_test(tests, C9_numbers_are_used_again);
    tcase_add_loop_test(tests, C9_closing_at_any_moment, 0, 3);
    tcase_add_test(tests, C9_nothing_is_inherited_or_leaks);
    tcase_add_test(tests, C9_a_forked_child_of_a_thread_can_wait);
    tcase_add_test(tests, C9_a_forked_child_closes_what_is_waited_for);
    tcase_add_test(tests, C9_a_wait_is_no_cancellation_point);
}

RUN_TESTS_OF("closing", add_tests)
