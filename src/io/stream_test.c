/* TCP connections, which stay armed from wait to wait: as few system calls as can be, and whatever is not as usual. */
#include "testing/crew.h"

#include <arpa/inet.h>
#include <linux/sockios.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "poll/descriptor.h"
#include "poll/poll.h"
#include "time/clock.h"

/* ---- what is counted ---- */

static _Atomic unsigned arms, reads;

int epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event)
{
    arms++;
    return (int)syscall(SYS_epoll_ctl, epoll, operation, fd, event);
}

ssize_t recv(int fd, void *buffer, size_t size, int flags)
{
    reads++;
    return syscall(SYS_recvfrom, fd, buffer, size, flags, NULL, NULL);
}

/* ---- two ends, made by this library ---- */

static int listener;
static struct sockaddr_in address;

static void begin(void)
{
    socklen_t length = sizeof(address);
    must_not_fail(lg_set_workers(1));
    address = (struct sockaddr_in){.sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    must(listener >= 0);
    must(bind(listener, (struct sockaddr *)&address, sizeof(address)) == 0);
    must(getsockname(listener, (struct sockaddr *)&address, &length) == 0);
    must(listen(listener, 100) == 0);
}

struct link {
    int near, far; /* far: blocking, for the test's own thread */
};

static struct link new_link(void)
{
    struct link link;
    int one = 1;
    link.far = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(link.far >= 0);
    must(connect(link.far, (struct sockaddr *)&address, sizeof(address)) == 0);
    must(setsockopt(link.far, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) == 0);
    must_not_fail(lg_accept(listener, NULL, NULL, lg_until_forever(), &link.near));
    return link;
}

/* What was written has come to the other end, which may take a while on a busy machine. */
static void until_delivered(const struct link *link)
{
    int left;
    while (ioctl(link->far, SIOCOUTQ, &left) == 0 && left > 0)
        pause_ms(1);
}

/* ---- one goroutine that echoes ---- */

static void echo(void *data)
{
    const struct link *link = data;
    char buffer[64];
    for (size_t count;;) {
        must_not_fail(lg_read(link->near, buffer, sizeof(buffer), lg_until_forever(), &count));
        if (count == 0)
            return;
        must_not_fail(lg_write(link->near, buffer, count, lg_until_forever(), NULL));
    }
}

static void expect_echo(const struct link *link, const char *text, size_t size)
{
    char buffer[4096];
    must(write(link->far, text, size) == (ssize_t)size);
    for (size_t done = 0; done < size;) {
        ssize_t some = read(link->far, buffer + done, size - done);
        must(some > 0);
        done += (size_t)some;
    }
    must(memcmp(buffer, text, size) == 0);
}

START_TEST(C9_two_system_calls_for_an_echo)
{
    enum { ECHOS = 200 };
    struct link link = new_link();
    crew_go(echo, &link);
    expect_echo(&link, "first", 5);
    pause_ms(5);
    arms = reads = 0;
    unsigned slow = 0; /* a wait was perhaps so long that it was armed */
    for (int i = 0; i < ECHOS; i++) {
        lg_time begun = lgi_real_now();
        expect_echo(&link, "hello", 5);
        slow += lgi_real_now() - begun > 20 * LG_MILLISECOND;
    }
    ck_assert_uint_ge(reads, ECHOS);
    ck_assert_uint_le(reads, ECHOS + 20 + slow);
    ck_assert_uint_le(arms, 20 + slow);
    shutdown(link.far, SHUT_WR);
    crew_wait();
    close(link.near);
    close(link.far);
}
END_TEST

START_TEST(C9_messages_of_all_sizes)
{
    struct link link = new_link();
    char text[4096];
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = (char)(i * 7);
    crew_go(echo, &link);
    for (size_t size = 1; size < 200; size++) /* the buffer's size, and its multiples, too */
        expect_echo(&link, text, size);
    expect_echo(&link, text, sizeof(text));
    pause_ms(250); /* it is armed */
    expect_echo(&link, text, 64);
    expect_echo(&link, text, 65);
    shutdown(link.far, SHUT_WR);
    crew_wait();
    close(link.near);
    close(link.far);
}
END_TEST

/* A read ends before urgent data, though there is more: that is no reason to wait for what has come already. */
static void read_around_urgent(void *data)
{
    const struct link *link = data;
    char buffer[64];
    size_t count;
    must_be(lg_read(link->near, buffer, 1, lg_until_timeout(LG_MILLISECOND), &count),
            &lg_error_deadline_exceeded); /* it is armed */
    must(write(link->far, "abc", 3) == 3);
    must(send(link->far, "!", 1, MSG_OOB) == 1);
    must(write(link->far, "def", 3) == 3);
    until_delivered(link); /* what has come is told at once */
    must_not_fail(lg_read(link->near, buffer, sizeof(buffer), lg_until_forever(), &count));
    must(count == 3 && memcmp(buffer, "abc", 3) == 0);
    must(lgi_fd_may_be_read(link->near));
    must_not_fail(lg_read(link->near, buffer, sizeof(buffer), lg_until_forever(), &count));
    must(count == 3 && memcmp(buffer, "def", 3) == 0);
    must_be(lg_read(link->near, buffer, 1, lg_until_timeout(LG_MILLISECOND), &count),
            &lg_error_deadline_exceeded);
    must(write(link->far, "ghi", 3) == 3);
    must_not_fail(lg_read(link->near, buffer, sizeof(buffer), lg_until_forever(), &count));
    must(count == 3 && memcmp(buffer, "ghi", 3) == 0);
}

START_TEST(C9_data_behind_urgent_data)
{
    struct link link = new_link();
    crew_go(read_around_urgent, &link);
    crew_wait();
    close(link.near);
    close(link.far);
}
END_TEST

/* The last data and the end come together. */
START_TEST(C9_data_and_end_at_once)
{
    for (int i = 0; i < 100; i++) {
        struct link link = new_link();
        crew_go(echo, &link);
        expect_echo(&link, "hello", 5);
        if (i % 2)
            pause_ms(1);
        int cork = 1;
        char buffer[16];
        must(setsockopt(link.far, IPPROTO_TCP, TCP_CORK, &cork, sizeof(cork)) == 0);
        must(write(link.far, "last", 4) == 4);
        shutdown(link.far, SHUT_WR);
        crew_wait();
        must(read(link.far, buffer, sizeof(buffer)) == 4);
        close(link.near);
        close(link.far);
    }
}
END_TEST

/* ---- what is not as usual ---- */

static void read_with_no_time(void *data)
{
    const struct link *link = data;
    char buffer[64];
    size_t count;
    must_not_fail(lg_read(link->near, buffer, sizeof(buffer), lg_until_forever(), &count));
    must_be(lg_read(link->near, buffer, sizeof(buffer), lg_until_timeout(0), &count),
            &lg_error_deadline_exceeded);
    must(write(link->far, "more", 4) == 4);
    until_delivered(link);
    must_not_fail(lg_read(link->near, buffer, sizeof(buffer), lg_until_timeout(0), &count));
    must(count == 4);
    struct lgi_done done = {0};
    lgi_done_set(&done, NULL);
    lg_until until = lg_until_forever();
    until.lgi_done = &done;
    must_be(lg_read(link->near, buffer, sizeof(buffer), until, &count), &lg_error_cancelled);
    must(write(link->far, "mores", 5) == 5);
    until_delivered(link);
    must_not_fail(lg_read(link->near, buffer, sizeof(buffer), until, &count));
    must(count == 5);
}

START_TEST(C9_what_can_be_read_at_once_is_read)
{
    struct link link = new_link();
    must(write(link.far, "hello", 5) == 5);
    crew_go(read_with_no_time, &link);
    crew_wait();
    close(link.near);
    close(link.far);
}
END_TEST

/* A read ends before urgent data, though there is more. */
START_TEST(C9_urgent_data)
{
    struct link link = new_link();
    char buffer[16];
    crew_go(echo, &link);
    expect_echo(&link, "hello", 5);
    must(send(link.far, "ab", 2, MSG_OOB) == 2);
    must(write(link.far, "cd", 2) == 2);
    for (int done = 0; done < 3;) { /* without the urgent byte */
        ssize_t some = read(link.far, buffer + done, sizeof(buffer) - (size_t)done);
        must(some > 0);
        done += (int)some;
    }
    must(memcmp(buffer, "acd", 3) == 0);
    shutdown(link.far, SHUT_WR);
    crew_wait();
    close(link.near);
    close(link.far);
}
END_TEST

/* Closed without our knowing, and the number is another socket's, of which we do not know either. */
static void replace(void *data)
{
    struct link *link = data;
    char buffer[64];
    size_t count;
    for (int i = 0; i < 4; i++) {
        must_not_fail(lg_read(link->near, buffer, sizeof(buffer), lg_until_forever(), &count));
        must(count == 5);
        struct ends ends = make_ends(i % 2 ? PIPE : STREAM);
        must(dup3(ends.from, link->near, O_CLOEXEC) == link->near);
        must(write(ends.to, "hello", 5) == 5);
        must_not_fail(
            lg_read(link->near, buffer, sizeof(buffer), lg_until_timeout(LG_HOUR), &count));
        must(count == 5);
        must(write(ends.to, "again", 5) == 5);
        must_not_fail(
            lg_read(link->near, buffer, sizeof(buffer), lg_until_timeout(LG_MINUTE), &count));
        must(count == 5);
        must_be(
            lg_read(link->near, buffer, sizeof(buffer), lg_until_timeout(LG_MILLISECOND), &count),
            &lg_error_deadline_exceeded);
        close_ends(ends);
        close(link->near);
        close(link->far);
        struct link next = new_link();
        must(next.near == link->near || next.far == link->near);
        *link = next;
        must(write(link->far, "hello", 5) == 5);
    }
}

START_TEST(C9_a_number_is_used_again_unknown_to_us)
{
    struct link link = new_link();
    must(write(link.far, "hello", 5) == 5);
    crew_go(replace, &link);
    crew_wait();
    close(link.near);
    close(link.far);
}
END_TEST

/* … and is closed while it is waited for, without having been armed anew. */
static _Atomic bool has_read;

static void wait_for_closed(void *data)
{
    const struct link *link = data;
    char buffer[64];
    size_t count;
    must_not_fail(lg_read(link->near, buffer, sizeof(buffer), lg_until_forever(), &count));
    has_read = true;
    must_be_errno(lg_read(link->near, buffer, sizeof(buffer), lg_until_timeout(LG_MINUTE), &count),
                  EBADF);
}

static bool is_waited_for(int fd)
{
    const struct lgi_fd *entry = lgi_fd_known(fd);
    return entry && !lgi_waiters_empty(&entry->waiters);
}

/* On the same worker, which does nothing else meanwhile: an event that has come is lost if the descriptor is closed before the
 * worker has asked for events, and a wait of some length arms. */
static void close_what_is_waited_for(void *data)
{
    const struct link *link = data;
    while (!is_waited_for(link->near))
        lg_yield();
    must(write(link->far, "hello", 5) == 5);
    while (!has_read || !is_waited_for(link->near))
        lg_yield();
    syscall(SYS_close, link->near);
}

START_TEST(C9_a_plain_close_of_a_stream_is_found_out)
{
    struct link link = new_link();
    crew_go(wait_for_closed, &link);
    crew_go(close_what_is_waited_for, &link);
    crew_wait();
    close(link.far);
}
END_TEST

/* ---- many readers, writers at the same time ---- */

enum { READERS = 10, BYTES = 20000 };
static _Atomic unsigned received;

static void read_bytes(void *data)
{
    const struct link *link = data;
    char buffer[7];
    for (size_t count;;) {
        must_not_fail(lg_read(link->near, buffer, sizeof(buffer), lg_until_forever(), &count));
        if (count == 0)
            return;
        received += (unsigned)count;
        if (received % 5 == 0)
            lg_yield();
    }
}

START_TEST(C9_many_readers_of_one_stream)
{
    struct link link = new_link();
    must_not_fail(lg_set_workers((unsigned[]){1, 2, 8}[_i]));
    for (int i = 0; i < READERS; i++)
        crew_go(read_bytes, &link);
    char text[100] = "";
    for (int i = 0; i < BYTES / 100; i++) {
        must(write(link.far, text, sizeof(text)) == sizeof(text));
        if (i % 10 == 0)
            pause_ms(1);
    }
    shutdown(link.far, SHUT_WR);
    crew_wait();
    ck_assert_uint_eq(received, BYTES);
    close(link.near);
    close(link.far);
}
END_TEST

enum { MUCH = 1 << 20 };

static void write_much(void *data)
{
    static const char text[MUCH];
    must_not_fail(lg_write(((struct link *)data)->near, text, MUCH, lg_until_forever(), NULL));
    shutdown(((struct link *)data)->near, SHUT_WR);
}

/* A writer waits while what comes is read. */
START_TEST(C9_reading_while_another_writes)
{
    struct link link = new_link();
    char buffer[4096];
    crew_go(read_bytes, &link);
    pause_ms(5);
    crew_go(write_much, &link);
    size_t total = 0;
    for (ssize_t some; (some = read(link.far, buffer, sizeof(buffer))) > 0; total += (size_t)some) {
        if (total / sizeof(buffer) % 16 == 0)
            must(write(link.far, "x", 1) == 1);
    }
    ck_assert_uint_eq(total, MUCH);
    shutdown(link.far, SHUT_WR);
    crew_wait();
    ck_assert_uint_gt(received, 0);
    close(link.near);
    close(link.far);
}
END_TEST

/* From goroutine to goroutine. */
static void read_once(void *data)
{
    char buffer[64];
    size_t count;
    must_not_fail(
        lg_read(((struct link *)data)->near, buffer, sizeof(buffer), lg_until_forever(), &count));
    must(count == 5);
}

START_TEST(C9_a_connection_is_handed_on)
{
    struct link link = new_link();
    must_not_fail(lg_set_workers((unsigned[]){1, 2, 8}[_i]));
    for (int i = 0; i < 200; i++) {
        crew_go(read_once, &link);
        if (i % 3)
            lg_sleep(100 * LG_MICROSECOND);
        must(write(link.far, "hello", 5) == 5);
        crew_wait();
    }
    close(link.near);
    close(link.far);
}
END_TEST

static void add_tests(TCase *tests)
{
    const TTest *const once[] = {
        C9_two_system_calls_for_an_echo,
        C9_messages_of_all_sizes,
        C9_data_and_end_at_once,
        C9_data_behind_urgent_data,
        C9_what_can_be_read_at_once_is_read,
        C9_urgent_data,
        C9_a_number_is_used_again_unknown_to_us,
        C9_a_plain_close_of_a_stream_is_found_out,
        C9_reading_while_another_writes,
    };
    tcase_add_checked_fixture(tests, begin, NULL);
    for (size_t i = 0; i < sizeof(once) / sizeof(once[0]); i++)
        tcase_add_test(tests, once[i]);
    tcase_add_loop_test(tests, C9_many_readers_of_one_stream, 0, 3);
    tcase_add_loop_test(tests, C9_a_connection_is_handed_on, 0, 3);
}

RUN_TESTS_OF("stream", add_tests)
