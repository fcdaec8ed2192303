/* Tests of goroutines and the process: constructors, exit handlers and threads that start goroutines, the end of main, lg_exit and
 * fork. Rules are those of docs/rules.md. */
#include "testing/sched.h"

#include <lifoguard/waitgroup.h>

static atomic_int ended, may_end;

static void none(void)
{
    add_one(&ended);
}

static void sleep_some(void)
{
    for (int i = 0; i < 10; i++)
        lg_sleep(100 * LG_MICROSECOND);
    add_one(&may_end);
}

/* ---- wherever it is called ---- */

/* Runs in this program's child, before main. */
__attribute__((constructor)) static void in_constructor(void)
{
    if (!getenv("GO_TEST_CONSTRUCTOR"))
        return;
    for (int i = 0; i < 100; i++)
        lg_go(none);
    lg_go_thread(none);
    lg_sleep(LG_MILLISECOND);
    wait_for_value(&ended, 101);
    tell("constructed");
    exit(0);
}

static void run_constructor(void *unused)
{
    (void)unused;
    setenv("GO_TEST_CONSTRUCTOR", "1", 1);
    execl("/proc/self/exe", "go_test", (char *)NULL);
}

static void at_exit(void)
{
    lg_go(none);
    lg_go_thread(none);
    lg_sleep(LG_MILLISECOND);
    wait_for_value(&ended, 2);
    tell("exited");
}

static void register_at_exit(void *after_goroutines)
{
    atexit(at_exit);
    if (after_goroutines) {
        lg_go(add_one, &may_end);
        wait_for_value(&may_end, 1);
    }
}

static void go_from_thread(void *unused)
{
    (void)unused;
    for (int i = 0; i < 100; i++)
        lg_go(none);
    lg_yield();
}

START_TEST(from_constructors_exit_handlers_and_threads)
{
    struct outcome *outcome;
    if (!lgi_in_valgrind() && !is_emulated()) {
        outcome = in_child(run_constructor, NULL);
        expect_status(outcome, 0);
        expect_out(outcome, "constructed ");
    }
    outcome = in_child(register_at_exit, NULL);
    expect_status(outcome, 0);
    expect_out(outcome, "exited ");
    outcome = in_child(register_at_exit, &outcome);
    expect_status(outcome, 0);
    expect_out(outcome, "exited ");
    for (int i = 0; i < 10; i++)
        ck_assert(on_thread(go_from_thread, NULL));
    wait_for_value(&ended, 1000);
}
END_TEST

static void exit_with_goroutines(void *unused)
{
    (void)unused;
    for (int i = 0; i < 1000; i++)
        lg_go(sleep_some);
    lg_go_thread(sleep_some);
    lg_sleep(100 * LG_MICROSECOND);
}

START_TEST(mains_return_ends_them_where_they_are)
{
    for (int i = 0; i < 20; i++) {
        struct outcome *outcome = in_child(exit_with_goroutines, NULL);
        expect_status(outcome, 0);
        ck_assert_str_eq(outcome->err, "");
    }
}
END_TEST

static atomic_bool main_unwinds;

static void tell_of_main(void)
{
    tell("main's");
    atomic_store(&main_unwinds, true);
}

static void outlives_main(void)
{
    while (!atomic_load(&main_unwinds))
        lg_sleep(LG_MILLISECOND);
    lg_sleep(5 * LG_MILLISECOND); /* main's thread has probably ended then */
    tell("goroutine");
    lg_exit(4);
}

static void main_goexits(void *unused)
{
    (void)unused;
    lg_defer(tell_of_main);
    lg_go(outlives_main);
    lg_goexit();
}

START_TEST(p14_goroutines_go_on_after_mains_goexit)
{
    for (int i = 0; i < 10; i++) {
        struct outcome *outcome = in_child(main_goexits, NULL);
        expect_status(outcome, 4);
        expect_out(outcome, "main's goroutine ");
    }
}
END_TEST

/* ---- lg_exit while what is deferred lets main return ---- */

static lg_waitgroup released;

static void exits_and_releases(void)
{
    lg_defer(tell, "last");
    lg_defer(lg_waitgroup_done, &released);
    lg_exit(3);
}

static void *thread_exits(void *unused)
{
    exits_and_releases();
    return unused;
}

static void main_returns(void *how)
{
    pthread_t thread;
    lg_waitgroup_add(&released, 1);
    switch (*(int *)how) {
    case 0: lg_go(exits_and_releases); break;
    case 1: lg_go_thread(exits_and_releases); break;
    default: ck_assert_int_eq(pthread_create(&thread, NULL, thread_exits, NULL), 0); break;
    }
    lg_waitgroup_wait(&released);
}

START_TEST(d10_main_cannot_return_before_lg_exit)
{
    for (int i = 0; i < 60; i++) {
        int how = i % 3;
        struct outcome *outcome = in_child(main_returns, &how);
        expect_status(outcome, 3);
        expect_out(outcome, "last ");
    }
}
END_TEST

static void go_after_fork(void *unused)
{
    (void)unused;
    lg_go(none);
    wait_for_value(&ended, 1);
    pid_t child = fork();
    if (child == 0) {
        lg_go(none);
        _exit(0);
    }
    int status;
    waitpid(child, &status, 0);
    _exit(WIFEXITED(status) ? 100 + WEXITSTATUS(status) : 99);
}

START_TEST(after_fork_it_is_refused)
{
    struct outcome *outcome = in_child(go_after_fork, NULL);
    expect_status(outcome, 102);
    expect_in_err(outcome, "in a child after fork");
}
END_TEST

RUN_TESTS("process", from_constructors_exit_handlers_and_threads,
          mains_return_ends_them_where_they_are, p14_goroutines_go_on_after_mains_goexit,
          d10_main_cannot_return_before_lg_exit, after_fork_it_is_refused)
