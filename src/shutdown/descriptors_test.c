/* The library's own descriptors, in a program that was started with 0, 1 and 2 closed. */
#include "testing/shutdown.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <lifoguard/lifoguard.h>

static int status;

static void must(bool holds, int otherwise)
{
    if (!holds && status == 0)
        status = otherwise;
}

static bool is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

static void none_is_low(int otherwise)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        must(!is_open(fd), otherwise);
}

static int pair[2];

enum { FDS = 1000 };
static bool was_open[FDS]; /* before the library had any */

static void waits_for_descriptor(void)
{
    char byte;
    size_t count;
    lg_error_free(lg_read(pair[0], &byte, 1, lg_until_timeout(LG_MILLISECOND), &count));
}

static void waits_for_child(void)
{
    pid_t child = fork();
    if (child == 0) {
        nap(20 * MS);
        _exit(0);
    }
    lg_error_free(lg_wait_child(child, lg_until_timeout(MS), NULL));
    none_is_low(13);
    lg_error_free(lg_wait_child(child, lg_until_forever(), NULL));
}

/* Finding the lines of frames opens files, which stay open. */
static void prints_frames(void)
{
    char text[16384] = "";
    FILE *stream = fmemopen(text, sizeof(text), "w");
    lg_goroutine_print(stream);
    fclose(stream);
    must(strstr(text, "main, ") != NULL, 14);
    none_is_low(15);
    for (int fd = 0; fd < FDS; fd++)
        must(!is_open(fd) || was_open[fd] || (fcntl(fd, F_GETFD) & FD_CLOEXEC), 16);
}

static void all_of_them(void)
{
    lg_context *ctx, *timed = lg_context_with_timeout(lg_context_background(), LG_HOUR);
    lg_shutdown *down;
    int fd;
    must(!lg_context_with_signals(lg_context_background(), &ctx, SIGUSR1, SIGHUP), 3);
    none_is_low(4);
    must(!lg_shutdown_new(&down, NULL), 5);
    none_is_low(6);
    must(!lg_context_fd(timed, &fd) && fd > STDERR_FILENO, 7);
    lg_notify *notify = lg_notify_open_at("@lifoguard-test");
    must(notify, 8);
    none_is_low(9);
    waits_for_descriptor();
    none_is_low(10);
    lg_waitgroup group = LG_WAITGROUP_INIT;
    lg_waitgroup_go(&group, waits_for_descriptor);
    lg_waitgroup_wait(&group);
    none_is_low(11);
    lg_waitgroup_go(&group, waits_for_child);
    lg_waitgroup_wait(&group);
    waits_for_child();
    none_is_low(12);
    prints_frames();
    lg_notify_free(notify);
    lg_shutdown_close(down, NULL);
    lg_context_free(timed);
    lg_context_free(ctx);
}

static void without_stdio(void *closed)
{
    /* Its pair of sockets is not what is looked at. */
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        _exit(2);
    for (int fd = 0; fd < 2; fd++)
        pair[fd] = fcntl(pair[fd], F_DUPFD_CLOEXEC, 20);
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        close(fd);
    (void)closed;
    for (int fd = 0; fd < FDS; fd++)
        was_open[fd] = is_open(fd);
    all_of_them();
    _exit(status);
}

START_TEST(the_librarys_descriptors_are_above_2)
{
    struct outcome *outcome = in_child(without_stdio, NULL);
    expect_status(outcome, 0);
}
END_TEST

RUN_TESTS("descriptors", the_librarys_descriptors_are_above_2)
