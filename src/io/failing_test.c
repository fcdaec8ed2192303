/* Every system call of this room made to fail once, each in its turn, with several errors. Whatever fails: nothing hangs, no
 * descriptor is lost, and there is an error that tells of it, or what was to be done is done all the same. */
#include "testing/crew.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include <lifoguard/io.h>

/* ---- what is to go wrong ---- */

static struct plan {
    _Atomic bool armed;
    int fails_at; /* the number of the call */
    int error;
} plan;

/* What came of it; the parent reads it. */
static struct outcome_of_run {
    _Atomic int made;
    _Atomic int failed;
    const char *which;
    int errors[2]; /* errno values of what the two ends got; 0: none; -1: without */
    bool done[2];
    int lost; /* descriptors */
} *ran;

static bool can_be_interrupted(const char *name)
{
    static const char *const never[] = {"fcntl",         "fstat",     "getsockopt", "getpeername",
                                        "epoll_create1", "epoll_ctl", "eventfd",    "pidfd_open"};
    for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
        if (strcmp(name, never[i]) == 0)
            return false;
    }
    return true;
}

static bool fails(const char *name)
{
    if (!plan.armed || (plan.error == EINTR && !can_be_interrupted(name)) ||
        ++ran->made != plan.fails_at)
        return false;
    ran->failed++;
    ran->which = name;
    errno = plan.error;
    return true;
}

/* ---- the calls ---- */

ssize_t recv(int fd, void *buffer, size_t size, int flags)
{
    return fails("recv") ? -1 : syscall(SYS_recvfrom, fd, buffer, size, flags, NULL, NULL);
}

ssize_t send(int fd, const void *data, size_t size, int flags)
{
    return fails("send") ? -1 : syscall(SYS_sendto, fd, data, size, flags, NULL, 0);
}

/* Eight bytes are an eventfd's, which does not fail. */
ssize_t read(int fd, void *buffer, size_t size)
{
    return size != 8 && fails("read") ? -1 : syscall(SYS_read, fd, buffer, size);
}

ssize_t write(int fd, const void *data, size_t size)
{
    return size != 8 && fails("write") ? -1 : syscall(SYS_write, fd, data, size);
}

ssize_t preadv2(int fd, const struct iovec *parts, int count, off_t offset, int flags)
{
    return fails("preadv2") ? -1 : syscall(SYS_preadv2, fd, parts, count, offset, 0, flags);
}

ssize_t pwritev2(int fd, const struct iovec *parts, int count, off_t offset, int flags)
{
    return fails("pwritev2") ? -1 : syscall(SYS_pwritev2, fd, parts, count, offset, 0, flags);
}

int fstat(int fd, struct stat *status)
{
    return fails("fstat") ? -1 : fstatat(fd, "", status, AT_EMPTY_PATH);
}

int fcntl(int fd, int command, ...)
{
    va_list arguments;
    va_start(arguments, command);
    long argument = va_arg(arguments, long);
    va_end(arguments);
    return fails("fcntl") ? -1 : (int)syscall(SYS_fcntl, fd, command, argument);
}

int poll(struct pollfd *fds, nfds_t count, int ms)
{
    struct timespec time = {ms / 1000, ms % 1000 * 1000000L};
    return fails("poll") ? -1 : (int)syscall(SYS_ppoll, fds, count, ms < 0 ? NULL : &time, NULL, 8);
}

int ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *mask)
{
    struct timespec copy = timeout ? *timeout : (struct timespec){0};
    return fails("ppoll") ? -1
                          : (int)syscall(SYS_ppoll, fds, count, timeout ? &copy : NULL, mask, 8);
}

int accept4(int fd, __SOCKADDR_ARG peer, socklen_t *length, int flags)
{
    return fails("accept4") ? -1 : (int)syscall(SYS_accept4, fd, peer.__sockaddr__, length, flags);
}

/* Interrupted, it goes on all the same. */
int connect(int fd, __CONST_SOCKADDR_ARG to, socklen_t length)
{
    bool now = fails("connect");
    if (!now || plan.error == EINTR) {
        int result = (int)syscall(SYS_connect, fd, to.__sockaddr__, length);
        if (!now)
            return result;
        errno = EINTR;
    }
    return -1;
}

int getsockopt(int fd, int level, int option, void *value, socklen_t *length)
{
    return fails("getsockopt") ? -1
                               : (int)syscall(SYS_getsockopt, fd, level, option, value, length);
}

int getpeername(int fd, __SOCKADDR_ARG peer, socklen_t *length)
{
    return fails("getpeername") ? -1 : (int)syscall(SYS_getpeername, fd, peer.__sockaddr__, length);
}

int epoll_create1(int flags)
{
    return fails("epoll_create1") ? -1 : (int)syscall(SYS_epoll_create1, flags);
}

int eventfd(unsigned value, int flags)
{
    return fails("eventfd") ? -1 : (int)syscall(SYS_eventfd2, value, flags);
}

int epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event)
{
    return fails("epoll_ctl") ? -1 : (int)syscall(SYS_epoll_ctl, epoll, operation, fd, event);
}

int epoll_pwait2(int epoll, struct epoll_event *events, int count, const struct timespec *timeout,
                 const sigset_t *mask)
{
    return fails("epoll_pwait2")
               ? -1
               : (int)syscall(SYS_epoll_pwait2, epoll, events, count, timeout, mask, 8);
}

pid_t wait4(pid_t pid, int *status, int options, struct rusage *usage)
{
    return fails("wait4") ? -1 : (pid_t)syscall(SYS_wait4, pid, status, options, usage);
}

/* As Linux does it: the descriptor is gone in any case. */
int close(int fd)
{
    long result = syscall(SYS_close, fd);
    return fails("close") ? -1 : (int)result;
}

/* ---- what is done meanwhile ---- */

/* The first error of an end; NULL stays NULL. */
static void note_error(int end, lg_error *error)
{
    if (error && ran->errors[end] == 0)
        ran->errors[end] = lg_error_errno(error) ? lg_error_errno(error) : -1;
    lg_error_free(error);
}

static int listener;
static struct sockaddr_in address;

static lg_error *serve(int *fd)
{
    char buffer[5];
    lg_error *error = lg_accept(listener, NULL, NULL, lg_until_forever(), fd);
    if (!error)
        error = lg_read_full(*fd, buffer, 5, lg_until_forever(), NULL);
    if (!error)
        lg_sleep(2 * LG_MILLISECOND);
    return error ? error : lg_write(*fd, buffer, 5, lg_until_forever(), NULL);
}

static void be_server(void *unused)
{
    int fd = -1;
    lg_error *error = serve(&fd);
    (void)unused;
    ran->done[0] = !error;
    note_error(0, error);
    error = NULL;
    lg_close(fd, &error);
    note_error(0, error);
    lg_close(listener, NULL); /* the client is not to wait for ever */
}

static lg_error *ask(int fd)
{
    char buffer[5] = "";
    lg_error *error = lg_connect(fd, (const struct sockaddr *)&address, sizeof(address),
                                 lg_until_forever());
    lg_sleep(2 * LG_MILLISECOND);
    if (!error)
        error = lg_write(fd, "hello", 5, lg_until_forever(), NULL);
    if (!error)
        error = lg_read_full(fd, buffer, 5, lg_until_forever(), NULL);
    if (!error && memcmp(buffer, "hello", 5) != 0)
        error = lg_error_new("something else was read");
    return error;
}

static int client;

static void be_client(void *unused)
{
    lg_error *error = ask(client);
    (void)unused;
    ran->done[1] = !error;
    note_error(1, error);
    error = NULL;
    lg_close(client, &error);
    note_error(1, error);
    lg_close(listener, NULL); /* the server neither */
}

static void open_sockets(void)
{
    socklen_t length = sizeof(address);
    address = (struct sockaddr_in){.sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(listener >= 0);
    must(bind(listener, (struct sockaddr *)&address, sizeof(address)) == 0);
    must(getsockname(listener, (struct sockaddr *)&address, &length) == 0);
    must(listen(listener, 10) == 0);
    client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(client >= 0);
}

/* ---- by pipes, without O_NONBLOCK ---- */

static struct ends there, back;

static void be_pipe_server(void *unused)
{
    char buffer[5];
    (void)unused;
    lg_error *error = lg_read_full(there.from, buffer, 5, lg_until_forever(), NULL);
    if (!error)
        lg_sleep(2 * LG_MILLISECOND);
    if (!error)
        error = lg_write(back.to, buffer, 5, lg_until_forever(), NULL);
    ran->done[0] = !error;
    note_error(0, error);
    lg_close(there.from, NULL);
    lg_close(back.to, NULL);
}

static void be_pipe_client(void *unused)
{
    char buffer[5];
    (void)unused;
    lg_sleep(2 * LG_MILLISECOND);
    lg_error *error = lg_write(there.to, "hello", 5, lg_until_forever(), NULL);
    if (!error)
        error = lg_read_full(back.from, buffer, 5, lg_until_forever(), NULL);
    if (!error && memcmp(buffer, "hello", 5) != 0)
        error = lg_error_new("something else was read");
    ran->done[1] = !error;
    note_error(1, error);
    lg_close(there.to, NULL);
    lg_close(back.from, NULL);
}

static void open_pipes(void)
{
    there = make_ends(PIPE);
    back = make_ends(PIPE);
}

/* ---- by children ---- */

static pid_t children[2];

static void wait_for_child(void *data)
{
    int number = *(int *)data, status = 0;
    lg_error *error = lg_wait_child(children[number], lg_until_forever(), &status);
    if (!error && WEXITSTATUS(status) != 42)
        error = lg_error_new("something else was its status");
    ran->done[number] = !error;
    note_error(number, error);
}

static void wait_for_first(void *unused)
{
    int number = 0;
    (void)unused;
    wait_for_child(&number);
}

static void wait_for_second(void *unused)
{
    int number = 1;
    (void)unused;
    wait_for_child(&number);
}

static void make_children(void)
{
    for (int i = 0; i < 2; i++) {
        children[i] = fork();
        must(children[i] >= 0);
        if (children[i] == 0) {
            pause_ms(5);
            _exit(42);
        }
    }
}

static const struct {
    const char *name;
    void (*open)(void);
    void (*ends[2])(void *);
} scenes[] = {
    {"sockets", open_sockets, {be_server, be_client}},
    {"pipes", open_pipes, {be_pipe_server, be_pipe_client}},
    {"children", make_children, {wait_for_first, wait_for_second}},
};
enum { SCENES = 3 };

/* ---- runs ---- */

static void *on_its_thread(void *end)
{
    (*(void (*const *)(void *))end)(NULL);
    return NULL;
}

static void nothing(void *unused)
{
    (void)unused;
}

static void run(int scene, int place)
{
    pthread_t threads[2];
    signal(SIGPIPE, SIG_IGN);
    signal(SIGALRM, SIG_DFL);
    alarm(500); /* a machine may have more to do */
    must_not_fail(lg_set_workers(1));
    if (place == ON_GOROUTINE)
        on(ON_GOROUTINE, nothing, NULL); /* what is opened once is not what is counted */
    int before = count_open();
    scenes[scene].open();
    plan.armed = true;
    for (int i = 0; i < 2; i++) {
        if (place == ON_GOROUTINE)
            crew_go(scenes[scene].ends[i], NULL);
        else if (pthread_create(&threads[i], NULL, on_its_thread,
                                (void *)(uintptr_t)&scenes[scene].ends[i]) != 0)
            _exit(98);
    }
    if (place == ON_GOROUTINE)
        crew_wait();
    for (int i = 0; i < 2 && place == ON_THREAD; i++)
        pthread_join(threads[i], NULL);
    plan.armed = false;
    ran->lost = count_open() - before;
    _exit(0);
}

/* The two that a worker keeps. */
static int kept(int place)
{
    return place == ON_GOROUTINE ? 2 : 0;
}

static void try_plan(int scene, int place, int fails_at, int error)
{
    memset(ran, 0, sizeof(*ran));
    plan.fails_at = fails_at;
    plan.error = error;
    fflush(NULL);
    pid_t child = fork();
    must(child >= 0);
    if (child == 0)
        run(scene, place);
    int status;
    must(waitpid(child, &status, 0) == child);
    char what[128];
    snprintf(what, sizeof(what), "%s on %s: call %d, %s, fails with %s", scenes[scene].name,
             place == ON_GOROUTINE ? "goroutines" : "threads", fails_at,
             ran->failed ? ran->which : "none", strerrorname_np(error));
    ck_assert_msg(status == 0, "%s: status %#x, errors %d %d", what, (unsigned)status,
                  ran->errors[0], ran->errors[1]);
    ck_assert_msg(ran->lost >= 0 && ran->lost <= kept(place), "%s: %d descriptors lost", what,
                  ran->lost);
    const int *errors = ran->errors;
    if (errors[0] == 0 && errors[1] == 0) {
        ck_assert_msg(ran->done[0] && ran->done[1], "%s: not done, and no error", what);
        return;
    }
    ck_assert_msg(ran->failed, "%s: errors %d %d for nothing", what, errors[0], errors[1]);
    /* One end tells what has failed; the other one may have other troubles then. */
    ck_assert_msg(errors[0] == error || errors[1] == error, "%s: errors %d %d", what, errors[0],
                  errors[1]);
    ck_assert_msg(error != EINTR, "%s: errors %d %d", what, errors[0], errors[1]);
}

START_TEST(C9_every_call_fails_once)
{
    static const int errors[] = {EIO, EINTR, ENOMEM};
    int scene = _i % SCENES, place = _i / SCENES % PLACES, error = errors[_i / SCENES / PLACES];
    ran = mmap(NULL, sizeof(*ran), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    must(ran != MAP_FAILED);
    int number = 0;
    do
        try_plan(scene, place, ++number, error);
    while (ran->failed);
    ck_assert_int_ge(number, scene == 2 ? 3 : 8);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, C9_every_call_fails_once, 0, SCENES * PLACES * 3);
}

RUN_TESTS_OF("failing", add_tests)
