/* Panics that nothing stops, in goroutines: what becomes of the process, and of main. As in Go 1.23, main's deferred
 * calls do not run, even if main waits. */
#include "testing/test.h"

#include <stdatomic.h>

static void panic_telling(lg_waitgroup *done)
{
    lg_defer(lg_waitgroup_done, done);
    lg_defer(tell, "goroutine");
    lg_panic("boom");
}

static lg_waitgroup group;

static void main_waits_for_ever(void *data)
{
    (void)data;
    lg_defer(tell, "main");
    lg_waitgroup_add(&group, 1);
    lg_go(panic_telling, &group);
    lg_sleep(LG_HOUR);
}

static void main_waits_for_its_end(void *data)
{
    (void)data;
    lg_defer(tell, "main");
    lg_waitgroup_add(&group, 1);
    lg_go(panic_telling, &group);
    lg_waitgroup_wait(&group);
    lg_sleep(LG_HOUR);
}

static void main_does_not_wait(void *data)
{
    (void)data;
    lg_defer(tell, "main");
    lg_waitgroup_add(&group, 1);
    lg_go(panic_telling, &group);
    for (;;)
        ;
}

START_TEST(P5_P8_of_a_goroutine_main_runs_nothing_whether_it_waits_or_not)
{
    void (*const mains[])(void *) = {main_waits_for_ever, main_waits_for_its_end,
                                     main_does_not_wait};
    for (size_t i = 0; i < sizeof(mains) / sizeof(mains[0]); i++) {
        struct outcome *outcome = in_child(mains[i], NULL);
        expect_status(outcome, 2);
        expect_out(outcome, "goroutine ");
        expect_in_err(outcome, "panic: boom");
        expect_in_err(outcome, "panic_telling");
    }
}
END_TEST

/* What the panicking goroutine has deferred wakes main, which returns: that is not the end of it. */
static void main_returns_then(void *data)
{
    (void)data;
    lg_waitgroup_add(&group, 1);
    lg_go(panic_telling, &group);
    lg_waitgroup_wait(&group);
}

static void tell_and_panic(void *panicking)
{
    lg_defer(tell, "thread");
    lg_defer_block {
        *(atomic_bool *)panicking = true; /* it is under way */
    }
    lg_panic("boom");
}

static void *panic_on_thread(void *panicking)
{
    tell_and_panic(panicking);
    return NULL;
}

static void main_returns_beside_a_thread(void *data)
{
    static atomic_bool panicking;
    pthread_t thread;
    (void)data;
    ck_assert_int_eq(pthread_create(&thread, NULL, panic_on_thread, &panicking), 0);
    while (!panicking)
        ;
    usleep(20);
}

START_TEST(P8_main_cannot_return_before_a_panic_has_ended_the_process)
{
    for (int i = 0; i < 20; i++) {
        struct outcome *outcome = in_child(main_returns_then, NULL);
        expect_status(outcome, 2);
        expect_in_err(outcome, "panic: boom");
        outcome = in_child(main_returns_beside_a_thread, NULL);
        expect_status(outcome, 2);
        expect_in_err(outcome, "panic: boom");
    }
}
END_TEST

static void panic_and_stop(lg_waitgroup *done)
{
    lg_func_recovers_void {
        lg_defer_recover(tell_stop);
        lg_defer(lg_waitgroup_done, done);
        lg_panic("boom");
    }
}

static void main_returns_beside_a_stopped_one(void *data)
{
    (void)data;
    lg_defer(tell, "main");
    lg_waitgroup_add(&group, 1);
    lg_go(panic_and_stop, &group);
    lg_waitgroup_wait(&group);
    lg_sleep(20 * LG_MILLISECOND);
}

START_TEST(P2_a_panic_that_its_goroutine_stops_does_not_end_the_process)
{
    struct outcome *outcome = in_child(main_returns_beside_a_stopped_one, NULL);
    expect_status(outcome, 0);
    expect_out(outcome, "boom main ");
    expect_not_in_err(outcome, "panic");
}
END_TEST

/* As in Go, it is not waited for long. */
static void never_end(void)
{
    lg_sleep(LG_HOUR);
}

static void panic_for_long(atomic_bool *panicking)
{
    lg_defer(never_end);
    lg_defer_block {
        *panicking = true;
    }
    lg_panic("boom");
}

static void main_returns_early(void *data)
{
    static atomic_bool panicking;
    (void)data;
    lg_go(panic_for_long, &panicking);
    while (!panicking)
        lg_yield();
}

START_TEST(P8_a_panic_whose_deferred_calls_take_long_does_not_hold_up_main)
{
    struct outcome *outcome = in_child(main_returns_early, NULL);
    expect_status(outcome, 0);
}
END_TEST

/* Nor is its own, of whoever calls exit in the middle of it; nor the parent's, in a forked child. */
static void exit_three(void)
{
    exit(3);
}

static void exit_while_panicking(void *data)
{
    (void)data;
    lg_defer(exit_three);
    lg_panic("boom");
}

static void fork_and_exit(void)
{
    pid_t child = fork();
    if (child == 0)
        exit(3);
    int status = 0;
    waitpid(child, &status, 0);
    _exit(WEXITSTATUS(status));
}

static void fork_while_panicking(void *data)
{
    (void)data;
    lg_defer(fork_and_exit);
    lg_panic("boom");
}

START_TEST(D10_exit_while_panicking_is_at_once)
{
    expect_status(in_child(exit_while_panicking, NULL), 3);
    expect_status(in_child(fork_while_panicking, NULL), 3);
}
END_TEST

/* ---- what the compiler let no panic reach ---- */

static void panics(void)
{
    lg_panic("through");
}

static void (*volatile called)(void) = panics;

/* So its callers have no cleanups for this call. */
__attribute__((noinline, nothrow)) static void promises_not_to(void)
{
    called();
}

static void is_passed(void)
{
    lg_scope(scope);
    lg_defer_in(&scope, tell, "scope");
    lg_defer(tell, "passed");
    promises_not_to();
    tell("no");
}

static void is_reached(void)
{
    lg_defer(tell, "reached");
    is_passed();
}

static void is_passed_somewhere(void *where)
{
    switch (*(int *)where) {
    case 0: is_passed(); break;
    case 1: is_reached(); break;
    case 2: lg_go(is_passed); break;
    case 3: lg_go(is_reached); break;
    case 4: lg_go_thread(is_passed); break;
    default: lg_go_thread(is_reached);
    }
    lg_sleep(LG_HOUR);
}

/* (The report of a goroutine named none of them, or what was left of their records.) */
START_TEST(P5_the_report_names_what_could_not_be_reached)
{
#if defined(HAS_ASAN)
    (void)is_passed_somewhere; /* it keeps records elsewhere */
#else
    for (int where = 0; where < 6; where++) {
        struct outcome *outcome = in_child(is_passed_somewhere, &where);
        expect_status(outcome, 2);
        expect_out(outcome, where % 2 ? "reached " : "");
        expect_in_err(outcome, "deferred calls that could not be reached");
        const char *after = strstr(outcome->err, "could not be reached");
        ck_assert_ptr_nonnull(strstr(after, "tell(\"passed\")"));
        ck_assert_ptr_nonnull(strstr(after, "tell(\"scope\")"));
        expect_not_in_err(outcome, "longjmp");
        ck_assert_int_eq(occurrences(outcome->err, "tell(\"passed\")"), 1);
    }
#endif
}
END_TEST

RUN_TESTS("uncaught", P5_the_report_names_what_could_not_be_reached,
          P5_P8_of_a_goroutine_main_runs_nothing_whether_it_waits_or_not,
          P8_main_cannot_return_before_a_panic_has_ended_the_process,
          P2_a_panic_that_its_goroutine_stops_does_not_end_the_process,
          P8_a_panic_whose_deferred_calls_take_long_does_not_hold_up_main,
          D10_exit_while_panicking_is_at_once)
