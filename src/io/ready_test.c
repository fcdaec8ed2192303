/* Descriptors that are always ready, closed ones, and the waits for readiness; each name begins with the rule that the test
 * holds. */
#include "testing/pair.h"

/* ---- what is no channel ---- */

static void use_files(void *unused)
{
    char path[] = "/tmp/lifoguard-io-XXXXXX", buffer[64];
    size_t count;
    short revents;
    (void)unused;
    int fd = mkostemp(path, O_CLOEXEC);
    must(fd >= 0);
    unlink(path);
    must_not_fail(lg_write(fd, "hello", 5, lg_until_timeout(0), &count));
    must(count == 5 && lseek(fd, 0, SEEK_SET) == 0);
    must_not_fail(lg_read(fd, buffer, sizeof(buffer), lg_until_timeout(0), &count));
    must(count == 5 && memcmp(buffer, "hello", 5) == 0);
    must_not_fail(lg_read(fd, buffer, sizeof(buffer), lg_until_forever(), &count));
    must(count == 0);
    must_not_fail(lg_poll(fd, POLLIN | POLLOUT, lg_until_timeout(0), &revents));
    must(revents == (POLLIN | POLLOUT));
    close(fd);

    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    must_not_fail(lg_write(null, large(), LARGE, lg_until_timeout(0), &count));
    must(count == LARGE);
    must_not_fail(lg_read(null, buffer, sizeof(buffer), lg_until_timeout(0), &count));
    must(count == 0);
    must_not_fail(lg_poll(null, POLLIN, lg_until_timeout(0), NULL));
    close(null);

    int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    must_not_fail(lg_read_full(zero, buffer, sizeof(buffer), lg_until_timeout(0), &count));
    must(count == sizeof(buffer));
    close(zero);

    int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    must_be_errno(lg_write(full, "hello", 5, lg_until_timeout(0), &count), ENOSPC);
    close(full);

    int directory = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    must_be_errno(lg_read(directory, buffer, sizeof(buffer), lg_until_timeout(0), &count), EISDIR);
    close(directory);
}

START_TEST(C9_files_are_always_ready)
{
    large();
    on(_i, use_files, NULL);
}
END_TEST

static void use_closed(void *unused)
{
    char byte = 0;
    size_t count = 9;
    short revents = 9;
    (void)unused;
    /* So high that no worker makes its descriptors there meanwhile. */
    struct ends ends = make_ends(PIPE);
    int high = fcntl(ends.from, F_DUPFD_CLOEXEC, 600);
    must(high >= 600 && close(high) == 0);
    close_ends(ends);
    const int closed[] = {-1, INT32_MIN, INT32_MAX, high};
    for (size_t i = 0; i < sizeof(closed) / sizeof(closed[0]); i++) {
        int fd = closed[i], accepted = 9;
        must_be_errno(lg_read(fd, &byte, 1, lg_until_forever(), &count), EBADF);
        must(count == 0);
        must_be_errno(lg_read_full(fd, &byte, 1, lg_until_forever(), NULL), EBADF);
        must_be_errno(lg_write(fd, &byte, 1, lg_until_forever(), &count), EBADF);
        must_be_errno(lg_poll(fd, POLLIN, lg_until_forever(), &revents), EBADF);
        must(revents == 0);
        must_be_errno(lg_accept(fd, NULL, NULL, lg_until_forever(), &accepted), EBADF);
        must(accepted == -1);
        struct sockaddr address = {.sa_family = AF_UNIX};
        must_be_errno(lg_connect(fd, &address, sizeof(address), lg_until_forever()), EBADF);
        must_be_errno(lg_set_nonblocking(fd), EBADF);
    }
    /* The wrong end. */
    ends = make_ends(PIPE);
    must_be_errno(lg_read(ends.to, &byte, 1, lg_until_forever(), &count), EBADF);
    must_be_errno(lg_write(ends.from, &byte, 1, lg_until_forever(), &count), EBADF);
    close_ends(ends);
}

START_TEST(C9_what_is_not_open_is_an_error)
{
    on(_i, use_closed, NULL);
}
END_TEST

/* ---- poll ---- */

static void poll_them(void *unused)
{
    short revents = 9;
    struct ends ends = make_ends(STREAM);
    (void)unused;
    errno = 79;
    must_not_fail(lg_poll(ends.from, POLLIN | POLLOUT, lg_until_forever(), &revents));
    must(revents == POLLOUT);
    must_be(lg_poll(ends.from, POLLIN, lg_until_timeout(0), &revents), &lg_error_deadline_exceeded);
    must(revents == 0);
    must_be(lg_poll(ends.from, 0, lg_until_timeout(5 * LG_MILLISECOND), NULL),
            &lg_error_deadline_exceeded);
    must(write(ends.to, "x", 1) == 1);
    /* Ready already: neither time nor cancelling matters. */
    struct lgi_done done = {0};
    lgi_done_set(&done, NULL);
    lg_until until = lg_until_timeout(0);
    until.lgi_done = &done;
    must_not_fail(lg_poll(ends.from, POLLIN, until, &revents));
    must(revents == POLLIN);
    must_be(lg_poll(ends.from, POLLPRI, until, &revents), &lg_error_cancelled);
    shutdown(ends.to, SHUT_WR);
    must_not_fail(lg_poll(ends.from, POLLIN | POLLRDHUP, lg_until_forever(), &revents));
    must(revents == (POLLIN | POLLRDHUP));
    close(ends.to);
    must_not_fail(lg_poll(ends.from, 0, lg_until_forever(), &revents));
    must(revents == POLLHUP);
    must(errno == 79);
    close(ends.from);
    ends = make_ends(PIPE);
    close(ends.from);
    must_not_fail(lg_poll(ends.to, POLLOUT, lg_until_forever(), &revents));
    must(revents == (POLLOUT | POLLERR));
    close(ends.to);
}

START_TEST(C9_poll_says_what_it_is_ready_for)
{
    on(_i, poll_them, NULL);
}
END_TEST

static void add_tests(TCase *tests)
{
    const TTest *const all[] = {
        C9_files_are_always_ready,
        C9_what_is_not_open_is_an_error,
        C9_poll_says_what_it_is_ready_for,
    };
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        tcase_add_loop_test(tests, all[i], 0, PLACES);
}

RUN_TESTS_OF("ready", add_tests)
