/* Waiting for child processes. */
#include "testing/crew.h"

#include <dirent.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/syscall.h>

#include <lifoguard/io.h>

/* ---- a kernel without pidfds, and one without threads ---- */

static int pidfd_errno; /* what pidfd_open fails with; 0: it works */
static _Atomic unsigned pidfds;

static long real_syscall(long number, long a, long b, long c, long d, long e, long f)
{
    long result;
#if defined(__x86_64__)
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
#else
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;
    register long x5 __asm__("x5") = f;
    __asm__ volatile("svc 0"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                     : "memory");
    result = x0;
#endif
    if (result < 0 && result > -4096) {
        errno = (int)-result;
        return -1;
    }
    return result;
}

long syscall(long number, ...)
{
    va_list arguments;
    long a[6];
    va_start(arguments, number);
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(arguments, long);
    va_end(arguments);
    if (number == SYS_pidfd_open) {
        pidfds++;
        if (pidfd_errno) {
            errno = pidfd_errno;
            return -1;
        }
    }
    return real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* ---- children ---- */

static pid_t new_child(int ms, int status)
{
    pid_t child = fork();
    must(child >= 0);
    if (child == 0) {
        pause_ms(ms);
        if (status < 0)
            kill(getpid(), -status);
        _exit(status);
    }
    return child;
}

struct waiting {
    lg_until until;
    lg_error *error;
    pid_t pid;
    int status;
};

static void wait_for_it(void *data)
{
    struct waiting *waiting = data;
    errno = 74;
    waiting->status = 0x7777;
    waiting->error = lg_wait_child(waiting->pid, waiting->until, &waiting->status);
    must(errno == 74);
}

static const int without[] = {0, ENOSYS, EMFILE};
enum { WAYS = 3 };

/* _i: a place and a way. */
#define PLACE (_i % PLACES)
#define WAY (_i / PLACES)

START_TEST(C9_a_child_ends)
{
    pidfd_errno = without[WAY];
    for (int ms = 0; ms < 40 || pidfds == 0; ms += 20) { /* at least one has to be waited for */
        struct waiting waiting = {.pid = new_child(ms, 42), .until = lg_until_forever()};
        if (ms == 0)
            pause_ms(10);
        on(PLACE, wait_for_it, &waiting);
        must_not_fail(waiting.error);
        ck_assert(WIFEXITED(waiting.status) && WEXITSTATUS(waiting.status) == 42);
        waiting.pid = new_child(ms, -SIGKILL);
        on(PLACE, wait_for_it, &waiting);
        must_not_fail(waiting.error);
        ck_assert(WIFSIGNALED(waiting.status) && WTERMSIG(waiting.status) == SIGKILL);
        must_not_fail(lg_wait_child(new_child(ms, 1), lg_until_forever(), NULL));
    }
    must(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
}
END_TEST

/* Of those that the library makes for one wait. */
static unsigned helpers(void)
{
    unsigned count = 0;
    DIR *tasks = opendir("/proc/self/task");
    must(tasks != NULL);
    for (struct dirent *entry; (entry = readdir(tasks));) {
        char path[300], name[32] = "";
        snprintf(path, sizeof(path), "/proc/self/task/%s/comm", entry->d_name);
        FILE *file = fopen(path, "r");
        if (!file)
            continue;
        if (fgets(name, sizeof(name), file) && strcmp(name, "lg-helper\n") == 0)
            count++;
        fclose(file);
    }
    closedir(tasks);
    return count;
}

START_TEST(waits_that_end_early_leave_no_threads)
{
    pidfd_errno = without[WAY];
    pid_t child = fork();
    must(child >= 0);
    if (child == 0)
        for (;;)
            pause();
    for (int i = 0; i < 20; i++) {
        struct waiting waiting = {.pid = child, .until = lg_until_timeout(LG_MILLISECOND)};
        on(PLACE, wait_for_it, &waiting);
        must_be(waiting.error, &lg_error_deadline_exceeded);
    }
    while (helpers() > 0) /* the child lives; Check's limit ends this */
        pause_ms(1);
    kill(child, SIGKILL);
    must_not_fail(lg_wait_child(child, lg_until_forever(), NULL));
}
END_TEST

START_TEST(C9_the_deadline_leaves_the_child)
{
    pidfd_errno = without[WAY];
    struct ends ends = make_ends(PIPE);
    pid_t child = fork();
    must(child >= 0);
    if (child == 0) {
        char byte;
        close(ends.to);
        _exit(read(ends.from, &byte, 1) == 0 ? 3 : 4);
    }
    struct waiting waiting = {.pid = child, .until = lg_until_timeout(15 * LG_MILLISECOND)};
    on(PLACE, wait_for_it, &waiting);
    must_be(waiting.error, &lg_error_deadline_exceeded);
    ck_assert_int_eq(waiting.status, 0x7777);
    struct lgi_done done = {0};
    lgi_done_set(&done, NULL);
    waiting.until = lg_until_forever();
    waiting.until.lgi_done = &done;
    on(PLACE, wait_for_it, &waiting);
    must_be(waiting.error, &lg_error_cancelled);
    close_ends(ends); /* now it ends, and whoever was left behind sees it */
    siginfo_t info;
    int status;
    ck_assert_int_eq(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), 0);
    pause_ms(20);
    ck_assert_int_eq(waitpid(waiting.pid, &status, WNOHANG), waiting.pid);
    ck_assert_int_eq(WEXITSTATUS(status), 3);
}
END_TEST

static void wait_for_strangers(void *unused)
{
    (void)unused;
    int status;
    must_be_errno(lg_wait_child(0, lg_until_forever(), &status), EINVAL);
    must_be_errno(lg_wait_child(-1, lg_until_forever(), &status), EINVAL);
    must_be_errno(lg_wait_child(1, lg_until_forever(), &status), ECHILD);
    must_be_errno(lg_wait_child(getpid(), lg_until_forever(), &status), ECHILD);
    must_be_errno(lg_wait_child(getppid(), lg_until_forever(), &status), ECHILD);
    must_be_errno(lg_wait_child(INT32_MAX, lg_until_forever(), &status), ECHILD);
    pid_t child = new_child(0, 0);
    must(waitpid(child, NULL, 0) == child);
    must_be_errno(lg_wait_child(child, lg_until_forever(), &status), ECHILD);
}

START_TEST(C9_other_processes_are_no_children)
{
    pidfd_errno = without[WAY];
    on(PLACE, wait_for_strangers, NULL);
}
END_TEST

START_TEST(C9_ignored_children_leave_nothing)
{
    pidfd_errno = without[WAY];
    signal(SIGCHLD, SIG_IGN);
    struct waiting waiting = {.pid = new_child(20, 0), .until = lg_until_forever()};
    on(PLACE, wait_for_it, &waiting);
    must_be_errno(waiting.error, ECHILD);
}
END_TEST

START_TEST(C9_stops_are_not_ends)
{
    pidfd_errno = without[WAY];
    siginfo_t info;
    pid_t child = fork();
    must(child >= 0);
    if (child == 0) {
        raise(SIGSTOP);
        _exit(0);
    }
    ck_assert_int_eq(waitid(P_PID, (id_t)child, &info, WSTOPPED | WNOWAIT), 0);
    struct waiting waiting = {.pid = child, .until = lg_until_timeout(80 * LG_MILLISECOND)};
    on(PLACE, wait_for_it, &waiting);
    must_be(waiting.error, &lg_error_deadline_exceeded);
    kill(child, SIGCONT);
    waiting.until = lg_until_forever();
    on(PLACE, wait_for_it, &waiting);
    must_be(waiting.error, NULL);
    ck_assert(WIFEXITED(waiting.status));
}
END_TEST

enum { CHILDREN = 60 };

START_TEST(C9_many_children_at_once)
{
    static struct waiting waiting[CHILDREN];
    pidfd_errno = without[WAY];
    must_not_fail(lg_set_workers(2));
    int before = count_open();
    for (int i = 0; i < CHILDREN; i++)
        waiting[i] = (struct waiting){.pid = new_child(i * 7 % 30, i), .until = lg_until_forever()};
    for (int i = 0; i < CHILDREN; i++)
        crew_go(wait_for_it, &waiting[i]);
    crew_wait();
    for (int i = 0; i < CHILDREN; i++) {
        must_be(waiting[i].error, NULL);
        ck_assert_int_eq(WEXITSTATUS(waiting[i].status), i);
    }
    ck_assert_int_le(count_open(), before + 4); /* what two workers keep */
}
END_TEST

/* One of them gets it. */
START_TEST(C9_two_wait_for_one_child)
{
    struct waiting waiting[2];
    pidfd_errno = without[WAY];
    pid_t child = new_child(30, 5);
    for (int i = 0; i < 2; i++) {
        waiting[i] = (struct waiting){.pid = child, .until = lg_until_forever()};
        crew_go(wait_for_it, &waiting[i]);
    }
    crew_wait();
    int got = waiting[0].error ? 1 : 0;
    must_be(waiting[got].error, NULL);
    ck_assert_int_eq(WEXITSTATUS(waiting[got].status), 5);
    must_be_errno(waiting[!got].error, ECHILD);
}
END_TEST

static void add_tests(TCase *tests)
{
    const TTest *const all[] = {
        C9_a_child_ends,
        waits_that_end_early_leave_no_threads,
        C9_the_deadline_leaves_the_child,
        C9_other_processes_are_no_children,
        C9_ignored_children_leave_nothing,
        C9_stops_are_not_ends,
        C9_many_children_at_once,
        C9_two_wait_for_one_child,
    };
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        tcase_add_loop_test(tests, all[i], 0, PLACES * WAYS);
}

RUN_TESTS_OF("child", add_tests)
