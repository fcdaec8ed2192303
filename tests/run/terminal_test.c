/* `lifoguard run` on a terminal: Ctrl-C reaches lifoguard and the job, once each; a job can read from the
 * terminal. The program's path is in LIFOGUARD. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "testing/suite.h"

/* Each test has a folder of its own: the job file, what the jobs make, and the recorded cleanups. A run recovers what
 * others have left in its state, and says so: with the user's state, it would run another's cleanups. */
static char folder[] = "/tmp/lifoguard-terminal-XXXXXX";
static const char *const path = "jobs";
static pid_t child;
static int terminal;
static char seen[16 * 1024];
static size_t length;

static const char *program;

static _Noreturn void run_program(void)
{
    /* NOLINTNEXTLINE(clang-analyzer-optin.taint.GenericTaint): the build says which program */
    execl(program, program, "run", path, NULL);
    _exit(127);
}

static void write_jobs(const char *jobs)
{
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(chdir(folder), 0);
    ck_assert_int_eq(setenv("XDG_STATE_HOME", folder, 1), 0);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, jobs, strlen(jobs)), (ssize_t)strlen(jobs));
    close(fd);
    program = getenv("LIFOGUARD");
    ck_assert_ptr_nonnull(program);
}

static int remove_entry(const char *entry, const struct stat *status, int kind, struct FTW *at)
{
    (void)status, (void)kind, (void)at;
    return remove(entry);
}

static void remove_folder(void)
{
    nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static void start(const char *jobs)
{
    write_jobs(jobs);
    child = forkpty(&terminal, NULL, NULL, NULL);
    ck_assert_int_ge(child, 0);
    if (child == 0)
        run_program();
}

/* As an interactive shell does it: the program is a job of the terminal, and brought back when it stops. */
static void start_below_a_shell(const char *jobs)
{
    write_jobs(jobs);
    child = forkpty(&terminal, NULL, NULL, NULL);
    ck_assert_int_ge(child, 0);
    if (child != 0)
        return;
    signal(SIGTTOU, SIG_IGN);
    pid_t job = fork();
    setpgid(job, 0);
    tcsetpgrp(STDIN_FILENO, job ? job : getpid());
    if (job == 0) {
        signal(SIGTTOU, SIG_DFL);
        run_program();
    }
    int status = 0;
    while (waitpid(job, &status, WUNTRACED) == job && WIFSTOPPED(status)) {
        dprintf(STDERR_FILENO, "shell: stopped\r\n");
        tcsetpgrp(STDIN_FILENO, job);
        kill(-job, SIGCONT);
    }
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 126);
}

/* Opens a named pipe that a line reads, and so lets it go on. */
static void let_go(const char *pipe)
{
    int fd = open(pipe, O_WRONLY | O_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    close(fd);
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
        ssize_t got = read(terminal, seen + length, sizeof(seen) - 1 - length);
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
    remove_folder();
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

START_TEST(ctrl_c_reaches_a_line_once_and_ends_the_run)
{
    start("true\ndefer echo clean''ed\n"
          "trap 'echo int''errupted; trap - INT; kill -INT $$' INT; mkfifo f; echo rea''dy; "
          "read A <f\necho nev''er\n");
    read_until("ready\r\n");
    type("\003");
    finish(130);
    ck_assert_int_eq(count_seen("interrupted"), 1);
    ck_assert_int_eq(count_seen("SIGINT from the terminal: jobs:3 has ended, now the cleanups run"),
                     1);
    ck_assert_int_eq(count_seen("cleaned"), 1);
    ck_assert_int_eq(count_seen("never"), 0);
}
END_TEST

START_TEST(ctrl_c_while_a_line_acquires_is_lifoguards)
{
    start(
        "mkfifo f; echo rea''dy; read A <f; echo acqu''ired\ndefer echo clean''ed; rm f\necho nev''er\n");
    read_until("ready\r\n");
    type("\003");
    read_until(":1 has a cleanup to come");
    let_go("f");
    finish(130);
    ck_assert_int_eq(count_seen("acquired"), 1);
    ck_assert_int_eq(count_seen("cleaned"), 1);
    ck_assert_int_eq(count_seen("never"), 0);
}
END_TEST

/* What wget, git and pv look at before they show their progress. */
START_TEST(a_line_is_in_the_foreground_and_lifoguard_is_again_after_it)
{
    const char *in_front = "read -r A B C D E F G H REST </proc/$$/stat; "
                           "[ $E = $H ] && echo in fr''ont || echo beh''ind";
    char jobs[1024];
    snprintf(jobs, sizeof(jobs), "%s\nA=$(%s)\necho $A\n%s\nread X; echo $X\n%s\n", in_front,
             in_front, in_front, in_front);
    start(jobs);
    read_until("start   read X");
    type("x\n");
    finish(0);
    ck_assert_int_eq(count_seen("in front"), 4);
    ck_assert_int_eq(count_seen("behind"), 0);
}
END_TEST

START_TEST(a_change_of_size_reaches_line_and_cleanup)
{
    start(
        "trap 'echo l''ine; exit 0' WINCH; mkfifo f; echo one re''ady; read A <f\n"
        "true\ndefer sh -c \"trap 'echo clean''up; exit 0' WINCH; echo two re''ady; read A <f\"\n");
    for (int i = 1; i <= 2; i++) {
        read_until(i == 1 ? "one ready" : "two ready");
        struct winsize size = {.ws_row = (unsigned short)(20 + i), .ws_col = 70};
        ck_assert_int_eq(ioctl(terminal, TIOCSWINSZ, &size), 0);
        read_until(i == 1 ? "line\r\n" : "cleanup\r\n");
    }
    finish(0);
}
END_TEST

START_TEST(ctrl_z_stops_line_and_lifoguard_for_the_shell)
{
    start_below_a_shell("mkfifo f; echo rea''dy; read A <f; echo went''on\nread B; echo got:$B\n");
    read_until("ready\r\n");
    type("\032");
    read_until("shell: stopped");
    let_go("f");
    read_until("wenton");
    type("x\n");
    read_until("got:x");
    finish(0);
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
    snprintf(jobs, sizeof(jobs), "true\ndefer rm %s\necho rea''dy; sleep 20\n", marker);
    start(jobs);
    read_until("ready\r\n");
    close(terminal);
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    remove_folder();
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 128 + SIGHUP);
    ck_assert_int_ne(access(marker, F_OK), 0);
}
END_TEST

RUN_TESTS("run/terminal", a_job_can_read_from_the_terminal, an_acquiring_job_and_a_cleanup_can_too,
          ctrl_c_reaches_a_line_once_and_ends_the_run, ctrl_c_while_a_line_acquires_is_lifoguards,
          a_line_is_in_the_foreground_and_lifoguard_is_again_after_it,
          a_change_of_size_reaches_line_and_cleanup, ctrl_z_stops_line_and_lifoguard_for_the_shell,
          ctrl_c_at_a_job_that_has_the_terminal_ends_the_run, a_hangup_runs_the_cleanups)
