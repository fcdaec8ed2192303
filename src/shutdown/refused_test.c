/* A kernel or a seccomp profile that refuses newer system calls: everything works in the older way, and nothing spins. */
#include "testing/shutdown.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <lifoguard/lifoguard.h>

#include "poll/poll.h"
#include "sched/runtime.h"

#ifndef SYS_epoll_pwait2
#define SYS_epoll_pwait2 441
#endif
#ifndef SYS_process_madvise
#define SYS_process_madvise 440
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
enum { GUARD_INSTALL = 102 };

/* What is refused. */
static const struct call {
    const char *name;
    long number;
    unsigned third; /* only with this third argument; 0: always */
    bool any; /* whatever it is refused with: it has no error that says that something is short */
    bool old; /* it has no flag that a kernel may not know: EINVAL would be the caller's fault */
} calls[] = {
    {"epoll_pwait2", SYS_epoll_pwait2, 0, true, false},
    {.name = "recvfrom", .number = SYS_recvfrom, .old = true},
    {.name = "sendto", .number = SYS_sendto, .old = true},
    {.name = "getsockopt", .number = SYS_getsockopt, .old = true},
    {.name = "getpeername", .number = SYS_getpeername, .old = true},
    {"preadv2", SYS_preadv2, 0, false, false},
    {"pwritev2", SYS_pwritev2, 0, false, false},
    {"pidfd_open", SYS_pidfd_open, 0, false, false},
    {"process_madvise", SYS_process_madvise, 0, false, false},
    {"MADV_GUARD_INSTALL", SYS_madvise, GUARD_INSTALL, false, false},
    {"accept4", SYS_accept4, 0, false, false},
    {"waitid", SYS_waitid, 0, false, false},
    {"epoll_create1", SYS_epoll_create1, 0, false, false},
    {"eventfd2", SYS_eventfd2, 0, false, false},
    {"epoll_ctl", SYS_epoll_ctl, 0, false, false},
#if defined(SYS_pipe)
    {"pipe2", SYS_pipe2, 0, false, false},
#endif
    {"membarrier", SYS_membarrier, 0, true, false},
#if !defined(HAS_SANITIZER) /* which asks for it too, when a thread begins */
    {"sched_getaffinity", SYS_sched_getaffinity, 0, true, false},
#endif
    {"getrandom", SYS_getrandom, 0, false, false},
    {"renameat2", SYS_renameat2, 0, false, false},
    {"linkat", SYS_linkat, 0, false, false},
    {"dup3", SYS_dup3, 0, false, false},
    {"O_TMPFILE", SYS_openat, O_TMPFILE | O_WRONLY | O_CLOEXEC, false, false},
    {"statx", SYS_statx, 0, false, false},
    {"prctl", SYS_prctl, 0, false, false},
    {"madvise", SYS_madvise, 0, false, false},
#if defined(SYS_poll)
    {"ppoll", SYS_ppoll, 0, true, false},
#endif
};
static const int errors[] = {ENOSYS, EPERM, EACCES, EINVAL,
                             ENOMEM}; /* the last for calls with .any */
enum { CALLS = sizeof(calls) / sizeof(calls[0]), ERRORS = sizeof(errors) / sizeof(errors[0]) };

static bool refuse(const struct call *call, int error)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)call->number, 0, 4),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call->third, 1, 0),
        BPF_STMT(BPF_JMP | BPF_JA, call->third ? 1 : 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)error),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof(code) / sizeof(code[0]), code};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/* ---- a program that uses all of it ---- */

static int failed_at; /* the first thing that failed */

static void must(bool holds, int otherwise)
{
    int none = 0;
    if (!holds)
        __atomic_compare_exchange_n(&failed_at, &none, otherwise, false, __ATOMIC_RELAXED,
                                    __ATOMIC_RELAXED);
}

#define LONG_ENOUGH lg_until_timeout(30 * LG_SECOND)
enum { NOTHING_MS = 150 }; /* as long nothing happens */

static void reads(int fd, int otherwise)
{
    char text[8];
    size_t count = 0;
    must(!lg_read(fd, text, sizeof(text), LONG_ENOUGH, &count) && count == 5, otherwise);
}

static void writes(int fd, int otherwise)
{
    must(!lg_write(fd, "hello", 5, LONG_ENOUGH, NULL), otherwise);
}

static void accepts(int listener)
{
    int fd = -1;
    must(!lg_accept(listener, NULL, NULL, LONG_ENOUGH, &fd), 20);
    must(fcntl(fd, F_GETFD) == FD_CLOEXEC && fcntl(fd, F_GETFL) & O_NONBLOCK, 21);
    reads(fd, 22);
    close(fd);
}

static void connects(int listener)
{
    struct sockaddr_in address;
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(getsockname(listener, (struct sockaddr *)&address, &size) == 0, 23);
    must(!lg_connect(fd, (struct sockaddr *)&address, size, LONG_ENOUGH), 24);
    writes(fd, 25);
    close(fd);
}

static void connects_to_nobody(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof(address);
    int taken = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(taken >= 0 && fd >= 0, 80);
    must(bind(taken, (struct sockaddr *)&address, size) == 0, 26); /* it does not listen */
    must(getsockname(taken, (struct sockaddr *)&address, &size) == 0, 27);
    must(lg_error_is_errno(lg_connect(fd, (struct sockaddr *)&address, size, LONG_ENOUGH),
                           ECONNREFUSED),
         28);
    close(fd);
    close(taken);
}

static void sends_nothing(void)
{
    int datagrams[2];
    char byte;
    size_t count = 1;
    must(socketpair(AF_UNIX, SOCK_DGRAM, 0, datagrams) == 0, 32);
    must(!lg_write(datagrams[0], "", 0, LONG_ENOUGH, NULL), 33);
    must(!lg_read(datagrams[1], &byte, 1, LONG_ENOUGH, &count) && count == 0, 34);
    close(datagrams[0]);
    close(datagrams[1]);
}

static void waits_for_child(void)
{
    int status = -1;
    pid_t child = fork();
    if (child == 0) {
        nap(20 * MS);
        _exit(3);
    }
    must(!lg_wait_child(child, LONG_ENOUGH, &status), 30);
    must(WIFEXITED(status) && WEXITSTATUS(status) == 3, 31);
}

static char folder[] = "/tmp/lifoguard-refused-XXXXXX";

/* A new file, and another in its place. */
static void writes_whole_files(void)
{
    char path[sizeof(folder) + 8], text[4] = "";
    if (!mkdtemp(folder)) {
        must(false, 70);
        return;
    }
    snprintf(path, sizeof(path), "%s/file", folder);
    for (int i = 0; i < 2; i++) {
        lg_whole_file *file = NULL;
        must(!lg_whole_file_open(path, 0600, 0, &file), 71);
        must(!lg_whole_file_write(file, i ? "two" : "one", 3), 72);
        must(!lg_whole_file_commit(file), 73);
        lg_whole_file_close(file, NULL);
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    must(read(fd, text, 3) == 3 && strcmp(text, "two") == 0, 74);
    close(fd);
    must(unlink(path) == 0 && rmdir(folder) == 0, 75); /* nothing else is left */
}

static lg_mutex mutex;
static int counted;

/* Alone on a worker at first, then from others. */
static void count_up(int times)
{
    for (int i = 0; i < times; i++) {
        lg_mutex_lock(&mutex);
        counted++;
        lg_mutex_unlock(&mutex);
    }
}

static void counts(void)
{
    enum { OFTEN = 2000 };
    lg_waitgroup group = LG_WAITGROUP_INIT;
    lg_waitgroup_go(&group, count_up, OFTEN);
    lg_waitgroup_wait(&group);
    for (int i = 0; i < 100; i++)
        lg_waitgroup_go(&group, count_up, 10);
    count_up(OFTEN);
    lg_waitgroup_wait(&group);
    must(counted == 2 * OFTEN + 1000, 76);
}

static int new_listener(void)
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(fd >= 0 && bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 &&
             listen(fd, 5) == 0,
         40);
    return fd;
}

static lg_error *stop_nothing(void *argument, const lg_context *context)
{
    (void)argument;
    (void)context;
    return NULL;
}

static int ends[2];

static void use_all(void)
{
    int sockets[2], listener = new_listener();
    lg_context *ctx;
    lg_shutdown *down;
    must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) == 0, 41);
    must(!lg_context_with_signals(lg_context_background(), &ctx, SIGUSR1), 42);
    must(!lg_shutdown_new(&down, NULL), 43);
    must(!lg_shutdown_add(down, &(lg_stage){.name = "x", .stop = stop_nothing}), 44);
    lg_waitgroup group = LG_WAITGROUP_INIT;
    lg_waitgroup_go(&group, reads, sockets[0], 50);
    lg_waitgroup_go(&group, reads, ends[0], 51);
    lg_waitgroup_go(&group, accepts, listener);
    lg_sleep(NOTHING_MS * MS);
    lg_waitgroup_go(&group, writes, sockets[1], 52);
    lg_waitgroup_go(&group, writes, ends[1], 53);
    lg_waitgroup_go(&group, connects, listener);
    lg_waitgroup_go(&group, connects_to_nobody);
    lg_waitgroup_go(&group, sends_nothing);
    lg_waitgroup_go(&group, waits_for_child);
    must(!lg_waitgroup_wait_until(&group, LONG_ENOUGH), 54);
    writes(ends[1], 55);
    reads(ends[0], 56);
    must(lg_error_is(lg_poll(ends[0], POLLIN, lg_until_timeout(NOTHING_MS * MS), NULL),
                     &lg_error_deadline_exceeded),
         57);
    char byte = 0;
    size_t count;
    must(lg_error_is_errno(lg_read(ends[1], &byte, 1, LONG_ENOUGH, &count), EBADF),
         45); /* the wrong end */
    must(lg_error_is_errno(lg_write(ends[0], &byte, 1, LONG_ENOUGH, NULL), EBADF), 46);
    close(sockets[0]);
    must(lg_error_is_errno(lg_write(sockets[1], &byte, 1, LONG_ENOUGH, NULL), EPIPE),
         47); /* and no SIGPIPE */
    waits_for_child();
    writes_whole_files();
    counts();
    raise(SIGUSR1);
    must(SIGNALS_COME_LATE || !lg_context_wait_until(ctx, LONG_ENOUGH), 58);
    lg_shutdown_close(down, NULL);
    lg_context_free(ctx);
}

/* In milliseconds. */
static long processor_time(void)
{
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000 +
           (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1000;
}

static void refused(void *data)
{
    int i = *(int *)data;
    if (pipe(ends) != 0)
        _exit(2);
    if (!refuse(&calls[i / ERRORS], errors[i % ERRORS])) {
        tell("SKIPPED: no seccomp here");
        _exit(0);
    }
    long before = processor_time();
    use_all();
#if !defined(HAS_SANITIZER)
    must(processor_time() - before < while_quick(NOTHING_MS), 60);
#else
    (void)before;
#endif
    _exit(failed_at);
}

START_TEST(every_refused_call_has_an_older_way)
{
    if (errors[_i % ERRORS] == ENOMEM && !calls[_i / ERRORS].any)
        return;
    if (errors[_i % ERRORS] == EINVAL && calls[_i / ERRORS].old)
        return;
    struct outcome *outcome = in_child(refused, &_i);
    ck_assert_msg(outcome->status == 0, "%s refused with %s: failed at %d\n%s%s",
                  calls[_i / ERRORS].name, strerror(errors[_i % ERRORS]), outcome->status,
                  outcome->out, outcome->err);
}
END_TEST

/* ---- without eventfds ---- */

static bool waits_for_descriptor(const lg_goroutine_info *info, void *count)
{
    *(int *)count += info->waits_for && strcmp(info->waits_for, "descriptor") == 0;
    return true;
}

static int thread_ends[2];

static void reads_and_is_done(lg_waitgroup *group)
{
    reads(thread_ends[0], 3);
    lg_waitgroup_done(group);
}

static lg_semaphore permits;

static void acquires(int otherwise)
{
    must(!lg_semaphore_acquire_until(&permits, 1, LONG_ENOUGH), otherwise);
}

static void until_on_epoll(struct lgi_worker *w)
{
    while (atomic_load(&w->state) != LGI_W_ON_EPOLL)
        nap(MS);
}

/* A goroutine and a thread wait for a descriptor in the kernel, and do not ask from time to time; the worker can be woken
 * again and again. */
static void wait_without_eventfds(void *data)
{
    int count = 0;
    must(!lg_set_workers(1), 9);
    must(pipe2(ends, O_NONBLOCK) == 0 && pipe2(thread_ends, O_NONBLOCK) == 0, 2);
    if (!refuse(&(struct call){.number = SYS_eventfd2}, *(const int *)data)) {
        tell("SKIPPED: no seccomp here");
        _exit(0);
    }
    lg_waitgroup group = LG_WAITGROUP_INIT, woken = LG_WAITGROUP_INIT;
    lg_waitgroup_add(&group, 1);
    lg_waitgroup_go(&group, reads, ends[0], 4);
    lg_waitgroup_go(&woken, acquires, 5);
    lg_go_thread(reads_and_is_done, &group);
    while (count < 2) {
        count = 0;
        lg_error_free(lg_goroutine_visit(waits_for_descriptor, &count));
        nap(MS);
    }
    for (int i = 0; i < 20000; i++) /* more than a pipe has room for */
        lgi_poll_wake(lgi_workers[0]);
    until_on_epoll(lgi_workers[0]);
    lg_semaphore_release(&permits, 1);
    lg_waitgroup_wait(&woken);
    writes(ends[1], 6);
    writes(thread_ends[1], 7);
    lg_waitgroup_wait(&group);
    _exit(failed_at);
}

START_TEST(without_eventfds_pipes_wake)
{
    for (int i = 0; i < ERRORS - 1; i++) {
        struct outcome *outcome = in_child(wait_without_eventfds, (void *)(uintptr_t)&errors[i]);
        ck_assert_msg(outcome->status == 0, "failed at %d\n%s%s", outcome->status, outcome->out,
                      outcome->err);
    }
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, every_refused_call_has_an_older_way, 0, CALLS * ERRORS);
    tcase_add_test(tests, without_eventfds_pipes_wake);
}

RUN_TESTS_OF("refused", add_tests)
