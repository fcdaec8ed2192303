/* lg_exit while goroutines wait here: each is unwound, and what must be finished is. */
#include "testing/crew.h"

#include <arpa/inet.h>
#include <lifoguard/go.h>
#include <lifoguard/io.h>

static struct ends ends;
static int listener;
static pid_t child;
static _Atomic int begun;

/* By one write: others are told of at the same time. */
static void say(const char *word)
{
    char text[32];
    int length = snprintf(text, sizeof(text), "%s ", word);
    if (write(STDOUT_FILENO, text, (size_t)length) != length)
        _exit(99);
}

static void never(const char *what)
{
    say(what);
    _exit(97);
}

static void read_for_ever(void)
{
    char byte;
    size_t count;
    lg_defer(say, "read");
    begun++;
    lg_error_free(lg_read(ends.from, &byte, 1, lg_until_forever(), &count));
    never("read returned");
}

static void accept_for_ever(void)
{
    int fd;
    lg_defer(say, "accept");
    begun++;
    lg_error_free(lg_accept(listener, NULL, NULL, lg_until_forever(), &fd));
    never("accept returned");
}

static void poll_for_ever(void)
{
    lg_defer(say, "poll");
    begun++;
    lg_error_free(lg_poll(ends.from, POLLIN, lg_until_forever(), NULL));
    never("poll returned");
}

static void wait_for_ever(void)
{
    lg_defer(say, "child");
    begun++;
    lg_error_free(lg_wait_child(child, lg_until_forever(), NULL));
    never("child returned");
}

/* In the middle of the call its arguments are in use: it is not left. */
static void call_slowly(int *number)
{
    begun++;
    pause_ms(100);
    *number = 42;
}

static void block(void)
{
    int number = 0;
    lg_defer(say, "blocking");
    lg_blocking(call_slowly, &number);
    say(number == 42 ? "called" : "not-called");
    lg_sleep(LG_HOUR);
}

static void wait_in_all_ways(void *unused)
{
    (void)unused;
    ends = make_ends(STREAM);
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    must(listener >= 0 && listen(listener, 1) == 0);
    child = fork();
    if (child == 0) {
        close(STDOUT_FILENO); /* else who reads it waits for this one */
        close(STDERR_FILENO);
        pause_ms(900);
        _exit(0);
    }
    must_not_fail(lg_set_workers((unsigned)begun));
    begun = 0;
    lg_go(read_for_ever);
    lg_go(accept_for_ever);
    lg_go(poll_for_ever);
    lg_go(wait_for_ever);
    lg_go(block);
    lg_go_thread(read_for_ever);
    while (begun < 6)
        pause_ms(1);
    pause_ms(30);
    lg_exit(3);
}

START_TEST(D10_an_exit_unwinds_all_who_wait)
{
    static const char *const each[] = {"read ",  "accept ",   "poll ",
                                       "child ", "blocking ", "called "};
    begun = _i ? 8 : 1;
    struct outcome *outcome = in_child(wait_in_all_ways, NULL);
    expect_status(outcome, 3);
    for (size_t i = 0; i < sizeof(each) / sizeof(each[0]); i++)
        ck_assert_msg(strstr(outcome->out, each[i]), "no %s in: %s", each[i], outcome->out);
    ck_assert_msg(occurrences(outcome->out, "read ") == 2, "%s", outcome->out);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, D10_an_exit_unwinds_all_who_wait, 0, 2);
}

RUN_TESTS_OF("exit", add_tests)
