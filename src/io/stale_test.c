/* What the kernel goes on telling of a descriptor that was closed by close(2), while its open file lives on and its number
 * is another's. */
#define _GNU_SOURCE
#include "testing/crew.h"

#include <sys/syscall.h>
#include <termios.h>

#include <lifoguard/waitgroup.h>

/* A number that a worker's instance has for an old socket, whose peer is `peer`, and whose file lives on as `copy`. */
struct old {
    int number, peer, copy;
};

static struct old new_old(bool by_library)
{
    struct ends ends = make_ends(STREAM);
    struct old old = {.number = ends.from, .peer = ends.to};
    must_be(lg_poll(old.number, POLLIN, lg_until_timeout(LG_MILLISECOND), NULL),
            &lg_error_deadline_exceeded);
    old.copy = fcntl(old.number, F_DUPFD_CLOEXEC, 0);
    must(old.copy >= 0);
    if (by_library)
        lg_close(old.number, NULL);
    else
        close(old.number);
    return old;
}

/* The number is `fd` from here on. */
static void take_number(const struct old *old, int fd)
{
    must(dup3(fd, old->number, O_CLOEXEC) == old->number);
    close(fd);
}

static void end_old(const struct old *old)
{
    close(old->number);
    close(old->peer);
    close(old->copy);
}

/* Here descriptors are closed while others have used them, which the thread sanitizer would report. */
int close(int fd)
{
    return (int)syscall(SYS_close, fd);
}

/* Something comes for the old descriptor; some time later, the wait for the new one is over. */
static void poke_later(int fd, lg_context *end)
{
    lg_sleep(2 * LG_MILLISECOND);
    must(write(fd, "x", 1) == 1);
    lg_sleep(20 * LG_MILLISECOND);
    lg_context_cancel(end);
}

/* (The way is two bits: closed by the library, and what has the number then.) */
static void polls_another(void *way)
{
    struct ends ends = make_ends(*(int *)way & 2 ? PIPE : STREAM);
    struct old old = new_old(*(int *)way & 1);
    short revents = 0;
    lg_auto_context lg_context *end = lg_context_with_cancel(lg_context_background());
    take_number(&old, ends.from);
    lg_waitgroup poke = LG_WAITGROUP_INIT;
    lg_waitgroup_go(&poke, poke_later, old.peer, end);
    must_be(lg_poll(old.number, POLLIN, lg_until_context(end), &revents), &lg_error_cancelled);
    must(revents == 0);
    must(write(ends.to, "y", 1) == 1);
    must_not_fail(lg_poll(old.number, POLLIN, lg_until_forever(), &revents));
    must(revents & POLLIN);
    lg_waitgroup_wait(&poke);
    close(ends.to);
    end_old(&old);
}

START_TEST(C9_what_is_told_of_an_older_descriptor_is_not_believed)
{
    must_not_fail(lg_set_workers(1));
    for (int way = 0; way < 4; way++)
        on(_i, polls_another, &way);
}
END_TEST

/* ---- a terminal, whose reads block ---- */

static struct ends make_terminal(void)
{
    struct termios raw;
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0)
        return (struct ends){-1, -1};
    int slave = open(ptsname(master),
                     O_RDWR | O_NOCTTY | O_CLOEXEC); // NOLINT(concurrency-mt-unsafe)
    must(slave >= 0 && tcgetattr(slave, &raw) == 0);
    cfmakeraw(&raw);
    must(tcsetattr(slave, TCSANOW, &raw) == 0);
    return (struct ends){slave, master};
}

static void reads_terminal(void *way)
{
    struct ends terminal = make_terminal();
    char byte;
    size_t count;
    if (terminal.from < 0) {
        puts("SKIPPED: no terminals here");
        return;
    }
    struct old old = new_old(*(int *)way & 1);
    lg_auto_context lg_context *end = lg_context_with_cancel(lg_context_background());
    take_number(&old, terminal.from);
    lg_waitgroup poke = LG_WAITGROUP_INIT;
    lg_waitgroup_go(&poke, poke_later, old.peer, end);
    must_be(lg_read(old.number, &byte, 1, lg_until_context(end), &count), &lg_error_cancelled);
    must(write(terminal.to, "y", 1) == 1);
    must_not_fail(lg_read(old.number, &byte, 1, lg_until_forever(), &count));
    must(count == 1 && byte == 'y');
    lg_waitgroup_wait(&poke);
    close(terminal.to);
    end_old(&old);
}

/* (If it blocks, the test's time is over.) */
START_TEST(C9_a_read_of_a_terminal_does_not_block_the_worker)
{
    must_not_fail(lg_set_workers(1));
    for (int way = 0; way < 2; way++)
        on(_i, reads_terminal, &way);
}
END_TEST

/* As closefrom(3) does. */
static void close_the_librarys(void)
{
    for (int fd = STDERR_FILENO + 1; fd < 256; fd++) {
        char path[64], target[64] = "";
        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        if (readlink(path, target, sizeof(target) - 1) > 0 &&
            strncmp(target, "anon_inode:", 11) == 0)
            close(fd);
    }
}

static void write_later(int fd)
{
    lg_sleep(2 * LG_MILLISECOND);
    must(write(fd, "x", 1) == 1);
}

static void read_after_closing_the_librarys(void *unused)
{
    (void)unused;
    char byte = 0;
    size_t count;
    struct ends ends = make_ends(STREAM);
    lg_waitgroup later = {0};
    for (int closed = 0; closed < 2; closed++) {
        if (closed)
            close_the_librarys();
        lg_waitgroup_go(&later, write_later, ends.to);
        must_not_fail(lg_read(ends.from, &byte, 1, lg_until_forever(), &count));
        must(count == 1 && byte == 'x');
        lg_waitgroup_wait(&later);
    }
    close_ends(ends);
}

/* It ought not to; but the message would be that the program's own descriptor is not open. */
START_TEST(C9_a_program_that_has_closed_the_librarys_descriptors_can_still_wait)
{
    must_not_fail(lg_set_workers(1));
    on(ON_GOROUTINE, read_after_closing_the_librarys, NULL);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, C9_what_is_told_of_an_older_descriptor_is_not_believed, 0, PLACES);
    tcase_add_loop_test(tests, C9_a_read_of_a_terminal_does_not_block_the_worker, 0, PLACES);
    tcase_add_test(tests, C9_a_program_that_has_closed_the_librarys_descriptors_can_still_wait);
}

RUN_TESTS_OF("stale", add_tests)
