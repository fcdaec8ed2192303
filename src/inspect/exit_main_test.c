/* Tests of the exit of a process: the return of main, and other threads that exit. Rules are those of docs/rules.md. */
#include "testing/exit.h"

/* ---- main's return ---- */

static void returns(void *data)
{
    set_workers((unsigned)(uintptr_t)data);
    atexit(at_exit);
    for (int i = 0; i < 10; i++)
        lg_go(sleeps);
    lg_go_thread(sleeps);
    lg_go(computes);
    until(&entered, 11); /* all but perhaps the last */
}

START_TEST(mains_return_ends_them_as_in_go)
{
    for (uintptr_t workers = 1; workers <= 8; workers *= 2) {
        struct outcome *outcome = in_child(returns, (void *)workers);
        expect_status(outcome, 0);
        expect_out(outcome, "ran:0 ");
        ck_assert_str_eq(outcome->err, "");
    }
}
END_TEST

static void at_exit_in_a_goroutine(void)
{
    volatile char frame[256 << 10]; /* more than a goroutine's stack */
    for (size_t i = sizeof(frame); i > 0; i -= 1024)
        frame[i - 1] = 1;
    tell("roomy");
}

static void exits_with_large_handler(void *data)
{
    (void)data;
    atexit(at_exit_in_a_goroutine);
    lg_go(calls_exit, 4);
    lg_sleep(LG_HOUR);
}

START_TEST(what_atexit_calls_has_room)
{
    struct outcome *outcome = in_child(exits_with_large_handler, NULL);
    expect_status(outcome, 4);
    expect_out(outcome, "roomy ");
}
END_TEST

/* ---- main's return while another exits ---- */

/* What is registered with atexit runs while main is in exit too: nothing of it is cut off. */
static void slow_handler(void)
{
    tell("handler");
    count(&entered);
    usleep(100000); /* main comes to exit now */
    tell("done");
}

static void main_returns_during_the_exit(void *how)
{
    atexit(slow_handler);
    if (how)
        lg_go(calls_exit, 7);
    else
        lg_go_thread(calls_exit, 7);
    until(&entered, 1);
}

/* Main is in exit first. */
static void exits_after_main(unsigned how)
{
    until(&entered, 1);
    if (how % 2 == 0)
        lg_exit(7);
    else
        exit(7);
}

static void main_returns_first(void *data)
{
    unsigned how = *(unsigned *)data;
    atexit(slow_handler);
    if (how / 2 == 0)
        lg_go(exits_after_main, how);
    else
        lg_go_thread(exits_after_main, how);
}

/* The status is that of lg_exit; of two that call exit, it is that of the first. */
START_TEST(D10_nothing_cuts_short_what_mains_exit_calls)
{
    for (unsigned how = 0; how < 4; how++) {
        struct outcome *outcome = in_child(main_returns_first, &how);
        expect_status(outcome, how % 2 == 0 ? 7 : 0);
        expect_out(outcome, "handler done ");
        ck_assert_str_eq(outcome->err, "");
    }
}
END_TEST

static void release_main(void)
{
    count(&entered);
    usleep(20000); /* main comes to exit now */
    tell("released");
}

static void releases_main_and_exits(void)
{
    lg_defer(release_main);
    lg_exit(7);
}

static void main_returns_before_the_exit(void *how)
{
    atexit(at_exit);
    if (how)
        lg_go(releases_main_and_exits);
    else
        lg_go_thread(releases_main_and_exits);
    until(&entered, 1);
}

START_TEST(D10_mains_return_neither_cuts_an_exit_short_nor_changes_its_status)
{
    for (int i = 0; i < 4; i++) {
        struct outcome *outcome = in_child(main_returns_during_the_exit, i % 2 ? &i : NULL);
        expect_status(outcome, 7);
        expect_out(outcome, "handler done ");
        outcome = in_child(main_returns_before_the_exit, i % 2 ? &i : NULL);
        expect_status(outcome, 7);
        expect_out(outcome, "released ran:0 ");
    }
}
END_TEST

/* Every moment between the two. */
static void releases_main_soon_and_exits(unsigned spins)
{
    count(&entered);
    for (volatile unsigned i = 0; i < spins; i++)
        ;
    lg_exit(7);
}

static void main_returns_at_any_time(void *data)
{
    unsigned spins = *(unsigned *)data;
    lg_defer(count, &ran);
    lg_go_thread(releases_main_soon_and_exits, spins);
    until(&entered, 1);
    for (volatile unsigned i = 0; i < 3000; i++)
        ;
}

START_TEST(D10_mains_return_at_any_time)
{
    for (unsigned i = 0; i < 300; i++) {
        unsigned spins = i * 37 % 6000;
        struct outcome *outcome = in_child(main_returns_at_any_time, &spins);
        ck_assert(outcome->status == 7 || outcome->status == 0);
        ck_assert_str_eq(outcome->err, "");
    }
}
END_TEST

/* ---- exit beside lg_exit ---- */

/* Its goroutine has to run on after another one has come to exit. */
static void long_cleanup(void)
{
    count(&entered);
    while (__atomic_load_n(&ran, __ATOMIC_SEQ_CST) == 0)
        lg_yield();
    lg_sleep(20 * LG_MILLISECOND); /* until exit has come to the library's destructor */
    tell("cleaned");
}

static void exits_slowly(void)
{
    lg_defer(long_cleanup);
    lg_exit(7);
}

static void comes_to_exit(void)
{
    count(&ran);
}

static void calls_plain_exit(void)
{
    while (__atomic_load_n(&entered, __ATOMIC_SEQ_CST) == 0)
        lg_yield();
    exit(3);
}

static void exits_beside_lg_exit(void *data)
{
    unsigned how = *(unsigned *)data;
    set_workers(how / 2 + 1);
    atexit(comes_to_exit);
    lg_set_exit_timeout(LG_HOUR); /* the goroutine in exit is not waited for */
    lg_go(exits_slowly);
    if (how % 2 == 0)
        lg_go(calls_plain_exit);
    else
        lg_go_thread(calls_plain_exit);
    lg_sleep(LG_HOUR);
}

START_TEST(D10_exit_in_another_goroutine_waits_for_lg_exit)
{
    for (unsigned how = 0; how < 8; how++) {
        struct outcome *outcome = in_child(exits_beside_lg_exit, &how);
        expect_status(outcome, 7);
        expect_out(outcome, "cleaned ");
        ck_assert_str_eq(outcome->err, "");
    }
}
END_TEST

/* ---- lg_exit and goexit in a function that exit calls ---- */

static bool handler_goexits;

static void ending_handler(void)
{
    lg_defer(tell, "ending");
    if (handler_goexits)
        lg_goexit();
    lg_exit(9);
}

static void last_handler(void)
{
    tell("last");
}

static void *exits_on_thread(void *data)
{
    (void)data;
    lg_exit(7);
}

static void exits_with_ending_handler(void *data)
{
    pthread_t thread;
    atexit(last_handler);
    atexit(ending_handler);
    lg_go(sleeps);
    until(&entered, 1);
    switch (*(int *)data) {
    case 0: lg_exit(7);
    case 1: lg_go(calls_exit, 7); break;
    case 2: lg_go_thread(calls_exit, 7); break;
    default: ck_assert_int_eq(pthread_create(&thread, NULL, exits_on_thread, NULL), 0);
    }
    lg_sleep(LG_HOUR);
}

/* (The thread that ends the process ended, and the process stayed for ever.) */
START_TEST(D10_lg_exit_in_what_exit_calls_goes_on_with_its_status)
{
    for (int how = 0; how < 4; how++) {
        struct outcome *outcome = in_child(exits_with_ending_handler, &how);
        expect_status(outcome, 9);
        expect_out(outcome, "ending last ");
        ck_assert_str_eq(outcome->err, "");
    }
}
END_TEST

START_TEST(D10_P6_goexit_in_what_lg_exit_calls_leaves_the_status)
{
    handler_goexits = true;
    for (int how = 0; how < 4; how++) {
        struct outcome *outcome = in_child(exits_with_ending_handler, &how);
        expect_status(outcome, 7);
        expect_out(outcome, "ending last ");
        ck_assert_str_eq(outcome->err, "");
    }
    handler_goexits = false;
}
END_TEST

RUN_TESTS("exit_main", D10_lg_exit_in_what_exit_calls_goes_on_with_its_status,
          D10_P6_goexit_in_what_lg_exit_calls_leaves_the_status,
          D10_nothing_cuts_short_what_mains_exit_calls,
          D10_exit_in_another_goroutine_waits_for_lg_exit,
          D10_mains_return_neither_cuts_an_exit_short_nor_changes_its_status,
          D10_mains_return_at_any_time, mains_return_ends_them_as_in_go, what_atexit_calls_has_room)
