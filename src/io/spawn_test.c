/* G7: a child process that a goroutine starts is as one that main starts. */
#include "testing/crew.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdatomic.h>
#include <sys/prctl.h>

#include "sched/make_thread.h"

/* ---- what a child tells of itself ---- */

static char look_command[] = "grep -E '^(SigBlk|SigIgn|Seccomp|NoNewPrivs)' /proc/self/status; "
                             "cat /proc/self/timerslack_ns 2>/dev/null; ls /proc/self/fd | wc -w";
static char shell[] = "sh", option[] = "-c";
static char *look_arguments[] = {shell, option, look_command, NULL};

struct look {
    int how;
    char text[512];
};

static void read_to_end(int fd, struct look *look)
{
    size_t length = 0;
    ssize_t got;
    while ((got = read(fd, look->text + length, sizeof(look->text) - 1 - length)) != 0) {
        must(got > 0 || errno == EINTR);
        length += got > 0 ? (size_t)got : 0;
    }
    look->text[length] = '\0';
}

static void by_popen(struct look *look)
{
    FILE *output = popen(look_command, "re"); // NOLINT(bugprone-command-processor,cert-env33-c)
    must(output);
    read_to_end(fileno(output), look);
    must(pclose(output) == 0);
}

static void by_system(struct look *look)
{
    char command[512], path[] = "/tmp/lg-spawn-XXXXXX";
    int fd = mkostemp(path, O_CLOEXEC);
    must(fd >= 0);
    snprintf(command, sizeof(command), "(%s) >%s", look_command, path);
    must(system(command) == 0); // NOLINT(bugprone-command-processor,cert-env33-c)
    read_to_end(fd, look);
    close(fd);
    unlink(path);
}

static void by_spawn(struct look *look)
{
    int ends[2], status;
    pid_t child;
    posix_spawn_file_actions_t actions;
    must(pipe2(ends, O_CLOEXEC) == 0);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    must(posix_spawn(&child, "/bin/sh", &actions, NULL, look_arguments, environ) == 0);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    read_to_end(ends[0], look);
    close(ends[0]);
    must_not_fail(lg_wait_child(child, lg_until_forever(), &status));
    must(status == 0);
}

static void by_fork(struct look *look)
{
    int ends[2], status;
    must(pipe2(ends, O_CLOEXEC) == 0);
    pid_t child = fork();
    must(child >= 0);
    if (child == 0) {
        dup2(ends[1], STDOUT_FILENO);
        execv("/bin/sh", look_arguments);
        _exit(127);
    }
    close(ends[1]);
    read_to_end(ends[0], look);
    close(ends[0]);
    must_not_fail(lg_wait_child(child, lg_until_forever(), &status));
    must(status == 0);
}

static void (*const ways[])(struct look *) = {by_popen, by_system, by_spawn, by_fork};
enum { WAYS = sizeof(ways) / sizeof(ways[0]) };

static void look_here(struct look *look)
{
    ways[look->how](look);
}

/* ---- the places ---- */

static atomic_int looked;

static void look_and_tell(struct look *look)
{
    look_here(look);
    atomic_fetch_add(&looked, 1);
}

static void in_helper(struct look *look)
{
    lg_blocking(look_and_tell, look);
}

static void in_goroutine(struct look *look)
{
    lg_go(look_and_tell, look);
}

static void in_helper_of_goroutine(struct look *look)
{
    lg_go(in_helper, look);
}

static void in_thread_of_its_own(struct look *look)
{
    lg_go_thread(look_and_tell, look);
}

static void in_function_of_context(struct look *look)
{
    lg_context *ctx = lg_context_with_timeout(lg_context_background(), LG_MILLISECOND);
    lg_context_on_done(ctx, look_and_tell, look);
    lg_context_wait(ctx);
    lg_context_free(ctx);
}

static lg_error *stop_of_stage(void *look, const lg_context *context)
{
    (void)context;
    look_and_tell(look);
    return NULL;
}

static void in_stage(struct look *look)
{
    lg_shutdown *down;
    must_not_fail(lg_shutdown_new(&down, &(lg_shutdown_options){.no_signals = true}));
    must_not_fail(lg_shutdown_add(
        down, &(lg_stage){.name = "look", .stop = stop_of_stage, .argument = look}));
    lg_shutdown_close(down, NULL);
}

static void (*const places[])(struct look *) = {
    in_goroutine, in_helper_of_goroutine, in_thread_of_its_own, in_function_of_context, in_stage};
enum { LOOK_PLACES = sizeof(places) / sizeof(places[0]) };

/* What the library keeps open is closed by exec, so descriptors are the same too. */
static void all_places_are_as_main(void)
{
    for (int how = 0; how < WAYS; how++) {
        struct look of_main = {.how = how};
        look_here(&of_main);
        for (int place = 0; place < LOOK_PLACES; place++) {
            struct look look = {.how = how};
            atomic_store(&looked, 0);
            places[place](&look);
            while (atomic_load(&looked) == 0)
                usleep(100);
            ck_assert_msg(strcmp(look.text, of_main.text) == 0, "way %d, place %d:\n%snot\n%s", how,
                          place, look.text, of_main.text);
        }
    }
}

START_TEST(G7_children_have_the_state_of_mains)
{
    all_places_are_as_main();
}
END_TEST

START_TEST(G7_also_if_main_blocks_and_ignores_some)
{
    sigset_t some;
    sigemptyset(&some);
    sigaddset(&some, SIGUSR1);
    sigaddset(&some, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &some, NULL);
    signal(SIGHUP, SIG_IGN);
    all_places_are_as_main();
}
END_TEST

/* ---- what the shell expects ---- */

/* The end of a background job is seen, a pipe's writer ends when nobody reads, and kill works. */
static void run_script(void *unused)
{
    (void)unused;
    const char *script = "exec 2>/dev/null; sleep 0.01 & wait; "
                         "sleep 100 & p=$!; kill $p; wait $p; [ $? = 143 ] || exit 1; "
                         "s=$( ( { yes; echo $? >&3; } | head -1 >/dev/null ) 3>&1 ); "
                         "[ \"$s\" = 141 ] || exit 2";
    must(system(script) == 0); // NOLINT(bugprone-command-processor,cert-env33-c)
}

START_TEST(G7_scripts_work_as_ever)
{
    on(_i, run_script, NULL);
}
END_TEST

/* ---- exec itself ---- */

static void exec_now(void)
{
    execv("/bin/sh", look_arguments);
    _exit(127);
}

static void exec_in(void *place)
{
    switch (*(int *)place) {
    case 0: exec_now(); break;
    case 1: lg_go(exec_now); break;
    default: lg_go_thread(exec_now); break;
    }
    for (;;)
        pause();
}

START_TEST(G7_exec_of_a_goroutine_is_as_of_main)
{
    char of_main[512];
    for (int place = 0; place < 3; place++) {
        struct outcome *outcome = in_child(exec_in, &place);
        expect_status(outcome, 0);
        if (place == 0)
            memcpy(of_main, outcome->out, sizeof(of_main));
        else
            ck_assert_str_eq(outcome->out, of_main);
    }
}
END_TEST

/* ---- the end of the parent ---- */

/* A child that is killed when its parent ends. */
static pid_t new_dependent(void)
{
    signal(SIGTERM, SIG_DFL); /* Check has a handler */
    pid_t child = fork();
    must(child >= 0);
    if (child > 0)
        return child;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;)
        pause();
}

static void start_dependent(_Atomic pid_t *pid)
{
    atomic_store(pid, new_dependent());
}

static pid_t await_dependent(_Atomic pid_t *pid)
{
    while (atomic_load(pid) == 0)
        usleep(100);
    return *pid;
}

static void must_end_by_sigterm(_Atomic pid_t *pid)
{
    int status;
    kill(await_dependent(pid), SIGTERM);
    must_not_fail(lg_wait_child(*pid, lg_until_forever(), &status));
    ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM, "status %x",
                  (unsigned)status);
}

enum { COULD_END_MS = 50 };

START_TEST(G7_a_thread_of_its_own_does_not_end_before_its_child)
{
    _Atomic pid_t pid = 0;
    lg_go_thread(start_dependent, &pid);
    await_dependent(&pid);
    pause_ms(COULD_END_MS);
    must_end_by_sigterm(&pid);
}
END_TEST

static atomic_int both;

/* Two helpers at once. */
static void start_dependent_together(_Atomic pid_t *pid)
{
    atomic_fetch_add(&both, 1);
    while (atomic_load(&both) < 2)
        usleep(100);
    start_dependent(pid);
}

static void call_helper(void *pid)
{
    lg_blocking(start_dependent_together, (_Atomic pid_t *)pid);
}

START_TEST(G7_a_helper_does_not_end_before_its_child)
{
    _Atomic pid_t pids[2] = {0, 0};
    crew_go(call_helper, &pids[0]);
    crew_go(call_helper, &pids[1]);
    crew_wait();
    must_not_fail(lg_blocking_set_threads(1)); /* one of them is to end now */
    pause_ms(COULD_END_MS);
    must_end_by_sigterm(&pids[0]);
    must_end_by_sigterm(&pids[1]);
}
END_TEST

static void *has_child_and_outlives_it(void *pid)
{
    must(!lgi_has_children());
    start_dependent(pid);
    must(lgi_has_children());
    lgi_outlive_children();
    must(atomic_load(&both) == 1);
    return NULL;
}

START_TEST(G7_a_thread_knows_its_own_children)
{
    _Atomic pid_t pid = 0;
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, has_child_and_outlives_it, &pid), 0);
    await_dependent(&pid);
    ck_assert(!lgi_has_children());
    atomic_store(&both, 1);
    must_end_by_sigterm(&pid);
    pthread_join(thread, NULL);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, G7_children_have_the_state_of_mains);
    tcase_add_test(tests, G7_also_if_main_blocks_and_ignores_some);
    tcase_add_loop_test(tests, G7_scripts_work_as_ever, 0, PLACES);
    tcase_add_test(tests, G7_exec_of_a_goroutine_is_as_of_main);
    tcase_add_test(tests, G7_a_thread_of_its_own_does_not_end_before_its_child);
    tcase_add_test(tests, G7_a_helper_does_not_end_before_its_child);
    tcase_add_test(tests, G7_a_thread_knows_its_own_children);
}

RUN_TESTS_OF("spawn", add_tests)
