/* `lifoguard run` on a terminal: Ctrl-C reaches lifoguard and the job, once each; a job can read from the
 * terminal. The program's path is in LIFOGUARD. */
#define _GNU_SOURCE
#include <check.h>
#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char path[] = "/tmp/lifoguard-terminal-XXXXXX";
static pid_t child;
static int terminal;
static char seen[16 * 1024];
static size_t length;

static void start(const char *jobs)
{
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, jobs, strlen(jobs)), (ssize_t)strlen(jobs));
    close(fd);
    const char *program = getenv("LIFOGUARD");
    ck_assert_ptr_nonnull(program);
    child = forkpty(&terminal, NULL, NULL, NULL);
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        /* NOLINTNEXTLINE(clang-analyzer-optin.taint.GenericTaint): the build says which program */
        execl(program, program, "run", path, NULL);
        _exit(127);
    }
}

/* Reads until `text` has been seen; NULL: to the end. */
static void read_until(const char *text)
{
    for (;;) {
        if (text && strstr(seen, text))
            return;
        struct pollfd fd = {.fd = terminal, .events = POLLIN};
        if (poll(&fd, 1, 20000) <= 0)
            break;
        ssize_t got = read(terminal, seen + length, sizeof seen - 1 - length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        length += (size_t)got;
        seen[length] = '\0';
    }
    if (text)
        ck_abort_msg("not seen: %s\nin: %s", text, seen);
}

static void type(const char *text)
{
    ck_assert_int_eq(write(terminal, text, strlen(text)), (ssize_t)strlen(text));
}

static void finish(int wanted)
{
    read_until(NULL);
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    unlink(path);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != wanted)
        ck_abort_msg("ended with %x instead of exit status %d\n%s", (unsigned)status, wanted, seen);
}

static int count_seen(const char *text)
{
    int count = 0;
    for (const char *at = seen; (at = strstr(at, text)) != NULL; at++)
        count++;
    return count;
}

START_TEST(a_job_can_read_from_the_terminal)
{
    start("read A; echo \"got:$A\"\nread B </dev/tty; echo \"had:$B\"\n");
    read_until("start   read A");
    type("first\n");
    read_until("got:first");
    type("second\n");
    read_until("had:second");
    finish(0);
}
END_TEST

START_TEST(an_acquiring_job_and_a_cleanup_can_too)
{
    start("read A; echo \"got:$A\"\ndefer sh -c 'read B; echo \"had:$B\"'\n");
    type("first\n");
    read_until("got:first");
    type("second\n");
    read_until("had:second");
    finish(0);
}
END_TEST

START_TEST(ctrl_c_reaches_job_and_lifoguard_once)
{
    start("true\ndefer echo clean''ed\n"
          "trap 'echo int''errupted' INT; echo rea''dy; sleep 20; sleep 0.5; exit 1\n");
    read_until("ready\r\n");
    /* dash swallows a signal that comes while it starts a command. */
    usleep(500000);
    type("\003");
    finish(130);
    ck_assert_int_eq(count_seen("interrupted"), 1);
    ck_assert_int_eq(count_seen("lifoguard: SIGINT: ending line 3"), 1);
    ck_assert_int_eq(count_seen("cleaned"), 1);
}
END_TEST

START_TEST(ctrl_c_at_a_job_that_has_the_terminal_ends_the_run)
{
    start("true\ndefer echo clean''ed\nread A; echo nev''er\necho nev''er\n");
    read_until("start   read A");
    /* Once it has the terminal, what is typed is its own. */
    for (int i = 0; i < 30000 && tcgetpgrp(terminal) == child; i++)
        usleep(10000);
    ck_assert_int_ne(tcgetpgrp(terminal), child);
    type("\003");
    finish(130);
    ck_assert_int_eq(count_seen("cleaned"), 1);
    ck_assert_int_eq(count_seen("never"), 0);
}
END_TEST

START_TEST(a_hangup_runs_the_cleanups)
{
    char marker[] = "/tmp/lifoguard-marker-XXXXXX";
    close(mkstemp(marker));
    char jobs[256];
    snprintf(jobs, sizeof jobs, "true\ndefer rm %s\necho rea''dy; sleep 20\n", marker);
    start(jobs);
    read_until("ready\r\n");
    close(terminal);
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    unlink(path);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 128 + SIGHUP);
    ck_assert_int_ne(access(marker, F_OK), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("run/terminal");
    TCase *cases = tcase_create("terminal");
    tcase_set_timeout(cases, 600);
    tcase_add_test(cases, a_job_can_read_from_the_terminal);
    tcase_add_test(cases, an_acquiring_job_and_a_cleanup_can_too);
    tcase_add_test(cases, ctrl_c_reaches_job_and_lifoguard_once);
    tcase_add_test(cases, ctrl_c_at_a_job_that_has_the_terminal_ends_the_run);
    tcase_add_test(cases, a_hangup_runs_the_cleanups);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
