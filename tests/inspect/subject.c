/* What `lifoguard inspect` is pointed at: subject CASE. Prints "ready" when all stands as it will be read, and ends when its
 * standard input does. */
#define _GNU_SOURCE
#include <lifoguard/lifoguard.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static void release(void *thing)
{
    (void)thing;
}

static void ready(void)
{
    puts("ready");
    fflush(stdout);
}

/* False: standard input has ended. */
static bool await_byte(void)
{
    char byte;
    return read(STDIN_FILENO, &byte, 1) > 0;
}

static void await_end(void)
{
    while (await_byte())
        ;
}

/* ---- what each case shows ---- */

static void plain(void)
{
    int thing = 0;
    lg_defer(release, &thing);
    lg_defer_as(second, release, NULL);
    lg_defer_as(dismissed, release, stdout);
    lg_scope(scope);
    for (int i = 0; i < 100; i++)
        lg_defer_in(&scope, release, &scope);
    lg_deferred_dismiss(dismissed);
    (void)second;
    ready();
    await_end();
}

static void serve(lg_chan(int) requests, lg_waitgroup *started)
{
    int request;
    lg_defer(release, requests);
    lg_waitgroup_done(started);
    lg_chan_recv(requests, &request);
}

static void compute(lg_waitgroup *started, atomic_bool *over)
{
    lg_defer(release, started);
    lg_waitgroup_done(started);
    while (!*over)
        ;
}

static void goroutines(void)
{
    enum { COUNT = 1000 };
    static atomic_bool over;
    lg_waitgroup started = LG_WAITGROUP_INIT;
    lg_chan(int) requests = lg_chan_make(int, 0);
    lg_defer(lg_chan_unref, requests);
    lg_waitgroup_add(&started, COUNT + 1);
    lg_error *err = NULL;
    {
        lg_group_scope(group, &err);
        for (int i = 0; i < COUNT; i++)
            lg_group_go(&group, serve, requests, &started);
        lg_group_go_with(&group, ((lg_go_options){.thread = true, .name = "apart\x1b[2J"}), serve,
                         requests, &started);
        lg_waitgroup_wait(&started);
        ready();
        /* One that computes keeps those of its worker that have started from going on (G5): it starts when all wait. */
        await_byte();
        lg_waitgroup_add(&started, 1);
        lg_group_go(&group, compute, &started, &over);
        lg_waitgroup_wait(&started);
        ready();
        await_end();
        over = true;
        lg_chan_close(requests);
    }
    lg_error_free(err);
}

static void *thread(void *ready_and_over)
{
    pthread_barrier_t *barriers = ready_and_over;
    lg_defer(release, ready_and_over);
    pthread_barrier_wait(&barriers[0]);
    pthread_barrier_wait(&barriers[1]);
    return NULL;
}

static void threads(void)
{
    pthread_barrier_t barriers[2];
    pthread_t other;
    for (int i = 0; i < 2; i++)
        pthread_barrier_init(&barriers[i], NULL, 2);
    pthread_create(&other, NULL, thread, barriers);
    pthread_setname_np(other, "other");
    pthread_barrier_wait(&barriers[0]);
    ready();
    await_end();
    pthread_barrier_wait(&barriers[1]);
    pthread_join(other, NULL);
}

static void during_a_panic(void)
{
    ready();
    await_end();
}

static void panicking(void)
{
    lg_defer(release, stderr);
    lg_defer(during_a_panic);
    lg_panic("to be seen");
}

static void skip(jmp_buf *out)
{
    lg_defer(release, out);
    longjmp(*out, 1);
}

/* Of each of three locks somebody else is the holder: main, a goroutine, one that has ended. */
static lg_mutex of_main, of_goroutine, of_ended;

static void hold_and_wait(lg_waitgroup *started)
{
    lg_mutex_lock(&of_goroutine);
    lg_defer(lg_mutex_unlock, &of_goroutine);
    lg_waitgroup_done(started);
    lg_mutex_lock(&of_main);
    lg_mutex_unlock(&of_main);
}

static void wait_for_goroutine(void)
{
    lg_mutex_lock(&of_goroutine);
    lg_mutex_unlock(&of_goroutine);
}

static void hold_and_end(lg_chan(int) until_closed, lg_waitgroup *started)
{
    lg_mutex_lock(&of_ended);
    lg_waitgroup_done(started);
    (void)lg_chan_recv_value(until_closed);
}

static lg_error *wait_for_ended(lg_group *group)
{
    return lg_mutex_lock_until(&of_ended, lg_until_group(group));
}

/* Whoever waits when the holder ends. */
static void abandon(lg_group *group)
{
    lg_chan(int) until_closed = lg_chan_make(int, 0);
    lg_defer(lg_chan_unref, until_closed);
    lg_waitgroup started = LG_WAITGROUP_INIT;
    lg_group holder;
    lg_group_init(&holder);
    lg_waitgroup_add(&started, 1);
    lg_group_go(&holder, hold_and_end, until_closed, &started);
    lg_waitgroup_wait(&started);
    lg_group_go(group, wait_for_ended, group);
    while (!__atomic_load_n(&of_ended.lgi_waiters.first, __ATOMIC_ACQUIRE))
        lg_sleep(LG_MILLISECOND);
    lg_chan_close(until_closed);
    lg_error_free(lg_group_wait(&holder));
}

static void locks(void)
{
    lg_waitgroup started = LG_WAITGROUP_INIT;
    lg_group group;
    lg_group_init(&group);
    lg_mutex_lock(&of_main);
    lg_waitgroup_add(&started, 1);
    lg_group_go(&group, hold_and_wait, &started);
    lg_waitgroup_wait(&started);
    for (int i = 0; i < 2; i++)
        lg_group_go(&group, wait_for_goroutine);
    abandon(&group);
    ready();
    await_end();
    lg_group_cancel(&group, NULL);
    lg_mutex_unlock(&of_main);
    lg_error_free(lg_group_wait(&group));
}

/* The chain begins with a record whose frame is gone. */
static void jumped(void)
{
    jmp_buf out;
    if (setjmp(out) == 0)
        skip(&out);
    memset(alloca(4096), 0x5a, 4096);
    ready();
    await_end();
}

static lg_error *stop_now(void *argument, const lg_context *context)
{
    (void)argument, (void)context;
    return NULL;
}

static lg_error *stop_at_the_end(void *argument, const lg_context *context)
{
    (void)argument, (void)context;
    ready();
    await_end();
    return NULL;
}

static void stopping(void)
{
    lg_shutdown *down;
    lg_error *err = lg_shutdown_new(&down, NULL);
    for (int i = 0; i < 4 && !err; i++) {
        static const char *const names[] = {"database", "cache", "listener", "gate"};
        err = lg_shutdown_add(
            down, &(lg_stage){.name = names[i], .stop = i == 2 ? stop_at_the_end : stop_now});
    }
    if (err)
        abort();
    lg_shutdown_close(down, &err);
}

/* A child that a goroutine has forked, beside others, while there are stages. */
static lg_error *fork_beside(const int *number)
{
    pid_t child = fork();
    if (child == 0) {
        lg_defer(release, &child);
        printf("%d\n", (int)getpid());
        ready();
        await_end();
        _exit(0);
    }
    lg_defer(release, (void *)(uintptr_t)number);
    lg_blocking(waitpid, child, NULL, 0);
    return NULL;
}

static void forking(void)
{
    const int number = 1;
    lg_shutdown *down;
    lg_waitgroup started = LG_WAITGROUP_INIT;
    lg_chan(int) requests = lg_chan_make(int, 0);
    lg_error *err = lg_shutdown_new(&down, NULL);
    if (err || (err = lg_shutdown_add(down, &(lg_stage){.name = "database", .stop = stop_now})))
        abort();
    lg_group group = {0};
    lg_waitgroup_add(&started, 2);
    for (int i = 0; i < 2; i++)
        lg_group_go(&group, serve, requests, &started);
    lg_waitgroup_wait(&started);
    lg_group_go(&group, fork_beside, &number);
    await_end();
    lg_chan_close(requests);
    lg_error_free(lg_group_wait(&group));
    lg_chan_unref(requests);
    lg_shutdown_close(down, &err);
}

/* All kinds of changes all the time: it is stopped anywhere. */
static void churn_member(int depth)
{
    lg_scope(scope);
    for (int i = 0; i < 20; i++)
        lg_defer_in(&scope, release, &scope);
    lg_defer(release, stdin);
    if (depth > 0)
        churn_member(depth - 1);
    lg_yield();
}

static bool input_has_ended(void)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    return poll(&input, 1, 0) == 1;
}

static void churn(void)
{
    ready();
    lg_error *err = NULL;
    while (!input_has_ended()) {
        lg_group_scope(group, &err);
        for (int i = 0; i < 100; i++)
            lg_group_go(&group, churn_member, i % 7);
    }
    if (err)
        abort();
    puts("ended well");
}

/* Traced already. */
static void traced(void)
{
    pid_t child = fork();
    if (child == 0) {
        ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        raise(SIGSTOP);
        await_end();
        _exit(0);
    }
    waitpid(child, NULL, WUNTRACED);
    printf("%d\n", (int)child);
    ready();
    await_end();
    kill(child, SIGKILL);
}

/* The main thread has ended; another goes on. */
static void *outlive_main(void *argument)
{
    char state[64] = "";
    lg_defer(release, argument);
    while (!strstr(state, ") Z ")) {
        char line[512] = "";
        FILE *stat = fopen("/proc/self/stat", "re");
        if (stat && fgets(line, sizeof(line), stat))
            snprintf(state, sizeof(state), "%.63s", strchr(line, ' '));
        if (stat)
            fclose(stat);
    }
    ready();
    await_end();
    _exit(0); /* LeakSanitizer takes what the C library has kept for the main thread for lost */
}

static void without_main(void)
{
    pthread_t other;
    pthread_create(&other, NULL, outlive_main, NULL);
    pthread_exit(NULL);
}

/* The kernel holds a thread until the child of its vfork has ended; a debugger cannot stop such a thread: that is what is wanted here.
 * NOLINTBEGIN(clang-analyzer-security.insecureAPI.vfork,clang-analyzer-unix.Vfork,bugprone-unsafe-functions,cert-msc24-c,cert-msc33-c) */
static void *hold(void *argument)
{
    (void)argument;
    pid_t child = vfork();
    if (child == 0) {
        ready();
        await_end();
        _exit(0);
    }
    waitpid(child, NULL, 0);
    return NULL;
}
/* NOLINTEND(clang-analyzer-security.insecureAPI.vfork,clang-analyzer-unix.Vfork,bugprone-unsafe-functions,cert-msc24-c,cert-msc33-c) */

static void held(void)
{
    enum { COUNT = 1000 };
    pthread_t other;
    lg_waitgroup started = LG_WAITGROUP_INIT;
    lg_chan(int) requests = lg_chan_make(int, 0);
    lg_defer(lg_chan_unref, requests);
    lg_waitgroup_add(&started, COUNT);
    lg_error *err = NULL;
    {
        lg_group_scope(group, &err);
        for (int i = 0; i < COUNT; i++)
            lg_group_go(&group, serve, requests, &started);
        lg_waitgroup_wait(&started);
        pthread_create(&other, NULL, hold, NULL);
        pthread_join(other, NULL);
        lg_chan_close(requests);
    }
    lg_error_free(err);
}

/* Leaves a core file in the working directory, if the system lets it. */
static void core(void)
{
    const struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};
    setrlimit(RLIMIT_CORE, &unlimited);
    lg_defer(release, stdout);
    abort();
}

int main(int count, char **arguments)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } cases[] = {{"plain", plain},
                 {"goroutines", goroutines},
                 {"threads", threads},
                 {"panicking", panicking},
                 {"jumped", jumped},
                 {"locks", locks},
                 {"churn", churn},
                 {"traced", traced},
                 {"stopping", stopping},
                 {"core", core},
                 {"without_main", without_main},
                 {"held", held},
                 {"forking", forking}};
    for (size_t i = 0; count > 1 && i < sizeof(cases) / sizeof(cases[0]); i++)
        if (strcmp(arguments[1], cases[i].name) == 0)
            return cases[i].run(), 0;
    return 2;
}
