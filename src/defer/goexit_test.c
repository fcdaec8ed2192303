/* lg_goexit and lg_exit: P6, P14, D10, and what P9 says of them. */
#include "testing/test.h"

static void leaf(void)
{
    lg_defer(note, "c");
    lg_defer_block {
        note("block");
    }
    lg_goexit();
}

static void through(void *data)
{
    (void)data;
    FOREIGN(foreign, "foreign");
    lg_defer(note, "a");
    lg_scope(s);
    lg_defer_in(&s, note, "b");
    leaf();
    note("not reached");
}

START_TEST(P6_goexit_runs_all_defers_and_ends_the_goroutine)
{
    ck_assert(!on_thread(through, NULL));
    expect_trace("block c b a foreign");
}
END_TEST

static void look(lg_panic_info *panic, const char *who)
{
    note(who);
    note(panic ? lg_panic_message(panic) : "nothing");
    lg_recover(panic);
}

static void goexit_cannot_be_stopped(void *data)
{
    (void)data;
    lg_func_recovers_void {
        lg_defer_recover(look, "outer:");
        lg_defer_recover(look, "inner:");
        lg_goexit();
    }
}

START_TEST(P2_P6_goexit_is_no_panic)
{
    ck_assert(!on_thread(goexit_cannot_be_stopped, NULL));
    expect_trace("inner: nothing outer: nothing");
}
END_TEST

static void panic_during_goexit(void *data)
{
    (void)data;
    lg_defer(note, "end");
    lg_func_recovers_void {
        lg_defer(note, "a");
        lg_defer_recover(look, "stopper:");
        lg_defer(panic_with, "p");
        lg_goexit();
    }
}

static void goes_on_afterwards(void *data)
{
    panic_during_goexit(data);
    note("not reached");
}

START_TEST(P6_recovering_a_panic_of_a_deferred_call_does_not_stop_the_goexit)
{
    ck_assert(!on_thread(goes_on_afterwards, NULL));
    expect_trace("stopper: p a end");
}
END_TEST

static void panics_and_recovers(void)
{
    lg_func_recovers_void {
        lg_defer_recover(look, "inside:");
        lg_panic("p");
    }
}

static void recovered_within_a_deferred_call(void *data)
{
    (void)data;
    lg_defer(note, "a");
    lg_defer(panics_and_recovers);
    lg_defer_block {
        panics_and_recovers();
    }
    lg_goexit();
}

START_TEST(P6_panics_recovered_within_deferred_calls_of_a_goexit)
{
    ck_assert(!on_thread(recovered_within_a_deferred_call, NULL));
    expect_trace("inside: p inside: p a");
}
END_TEST

static void goexit_during_panic(void *data)
{
    (void)data;
    lg_func_recovers_void {
        lg_defer_recover(look, "outer:");
        lg_defer(note, "a");
        lg_defer(lg_goexit);
        lg_defer(note, "b");
        lg_panic("aborted");
    }
    note("not reached");
}

START_TEST(P9_a_goexit_in_a_deferred_call_aborts_the_panic)
{
    ck_assert(!on_thread(goexit_during_panic, NULL));
    expect_trace("b a outer: nothing");
}
END_TEST

static void goexit_on_return(void *data)
{
    (void)data;
    lg_defer(note, "a");
    lg_defer(lg_goexit);
    lg_defer(note, "b");
}

START_TEST(P9_a_goexit_in_a_deferred_call_on_return)
{
    ck_assert(!on_thread(goexit_on_return, NULL));
    expect_trace("b a");
}
END_TEST

static void goexits_twice(void *data)
{
    (void)data;
    lg_defer(note, "a");
    lg_defer(lg_goexit);
    lg_defer(note, "b");
    lg_goexit();
}

START_TEST(P9_a_goexit_during_a_goexit)
{
    ck_assert(!on_thread(goexits_twice, NULL));
    expect_trace("b a");
}
END_TEST

static void mixes(void *data)
{
    (void)data;
    lg_func_recovers_void {
        lg_defer_recover(look, "d:");
        lg_defer(panic_with, "3");
        lg_defer_recover(look, "c:");
        lg_defer(panic_with, "2");
        lg_defer(lg_goexit);
        lg_defer_recover(look, "b:");
        lg_panic("1");
    }
}

static void mixes_on(void *data)
{
    mixes(data);
    note("returned");
    lg_goexit();
}

/* b stops 1, so no more panics; then the goexit; 2 is stopped by c, 3 by d, and the goexit goes on. */
START_TEST(P9_panics_and_goexits_mixed)
{
    ck_assert(!on_thread(mixes_on, NULL));
    expect_trace("b: 1 c: 2 d: 3");
}
END_TEST

static void recovers_then_goexits(lg_panic_info *panic)
{
    lg_recover(panic);
    lg_goexit();
}

static void recovering_call_goexits(void *data)
{
    (void)data;
    lg_func_recovers_void {
        lg_defer_recover(look, "outer:");
        lg_defer_recover(recovers_then_goexits);
        lg_panic("p");
    }
    note("not reached");
}

START_TEST(P9_a_recovering_call_may_goexit)
{
    ck_assert(!on_thread(recovering_call_goexits, NULL));
    expect_trace("outer: nothing");
}
END_TEST

static void unrecovered(void *data)
{
    (void)data;
    lg_defer(tell, "a");
    lg_defer(panic_with, "after goexit");
    lg_goexit();
}

static void unrecovered_on_thread(void *data)
{
    on_thread(unrecovered, data);
    tell("not reached");
}

START_TEST(P8_P9_an_unrecovered_panic_during_goexit_ends_the_process)
{
    struct outcome *outcome = in_child(unrecovered_on_thread, NULL);
    expect_status(outcome, 2);
    expect_in_err(outcome, "panic: after goexit");
    expect_out(outcome, "a ");
}
END_TEST

/* ---- P14 ---- */

static void *goexits(void *data)
{
    (void)data;
    lg_defer(note, "a");
    lg_goexit();
}

START_TEST(P14_goexit_ends_a_plain_thread_as_pthread_exit_NULL_does)
{
    pthread_t thread;
    void *result = &thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, goexits, NULL), 0);
    ck_assert_int_eq(pthread_join(thread, &result), 0);
    ck_assert_ptr_null(result);
    expect_trace("a");
}
END_TEST

static pthread_key_t key;

static void destroy_key(void *data)
{
    note(data);
}

static void has_a_key(void *data)
{
    static char value[] = "key";
    (void)data;
    pthread_setspecific(key, value);
    lg_defer(note, "a");
    lg_goexit();
}

START_TEST(P14_the_thread_s_own_data_is_destroyed_afterwards)
{
    ck_assert_int_eq(pthread_key_create(&key, destroy_key), 0);
    ck_assert(!on_thread(has_a_key, NULL));
    expect_trace("a key");
}
END_TEST

static bool main_has_ended; /* atomic */

static void *works_on(void *data)
{
    while (!__atomic_load_n(&main_has_ended, __ATOMIC_SEQ_CST))
        usleep(1000);
    tell(data);
    exit(7);
}

static void main_goexits(void *data)
{
    static char word[] = "others";
    (void)data;
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, works_on, word), 0);
    lg_defer_block {
        __atomic_store_n(&main_has_ended, true, __ATOMIC_SEQ_CST);
    }
    lg_defer(tell, "main");
    lg_goexit();
}

START_TEST(P14_on_main_the_others_go_on)
{
    struct outcome *outcome = in_child(main_goexits, NULL);
    expect_status(outcome, 7); /* from the other thread, which was let finish */
    expect_out(outcome, "main others ");
}
END_TEST

static void main_goexits_alone(void *data)
{
    (void)data;
    lg_defer(tell, "main");
    lg_goexit();
}

/* In a forked child ThreadSanitizer's own thread keeps the process alive: not tested there. */
START_TEST(P14_on_main_alone_the_process_ends_with_0)
{
#if defined(HAS_TSAN)
    (void)main_goexits_alone;
#else
    struct outcome *outcome = in_child(main_goexits_alone, NULL);
    expect_status(outcome, 0);
    expect_out(outcome, "main ");
#endif
}
END_TEST

/* ---- D10: lg_exit ---- */

static void at_exit(void)
{
    tell("atexit");
}

static void inner_exit(int status)
{
    lg_defer(tell, "inner");
    lg_exit(status);
}

static void exits(void *data)
{
    atexit(at_exit);
    lg_defer(tell, "a");
    lg_scope(s);
    lg_defer_in(&s, tell, "scope");
    lg_defer_block {
        tell("block");
    }
    inner_exit(*(int *)data);
    tell("not reached");
}

START_TEST(D10_lg_exit_unwinds_first)
{
    for (int status = 0; status < 6; status += 5) {
        struct outcome *outcome = in_child(exits, &status);
        expect_status(outcome, status);
        expect_out(outcome, "inner block scope a atexit ");
    }
}
END_TEST

static void exits_on_thread(void *data)
{
    lg_defer(tell, "not of this goroutine");
    on_thread(exits, data);
    tell("not reached");
}

START_TEST(D10_lg_exit_unwinds_only_the_calling_goroutine)
{
    int status = 4;
    struct outcome *outcome = in_child(exits_on_thread, &status);
    expect_status(outcome, 4);
    expect_out(outcome, "inner block scope a atexit ");
}
END_TEST

static void stop_quietly(lg_panic_info *panic)
{
    tell(panic ? "panic" : "none");
    lg_recover(panic);
}

static void exit_is_not_recovered(void *data)
{
    (void)data;
    lg_func_recovers_void {
        lg_defer_recover(stop_quietly);
        lg_defer(panic_with, "stopped");
        lg_defer_recover(stop_quietly);
        lg_exit(6);
    }
    tell("not reached");
}

START_TEST(D10_recovering_a_panic_of_a_deferred_call_does_not_stop_lg_exit)
{
    struct outcome *outcome = in_child(exit_is_not_recovered, NULL);
    expect_status(outcome, 6);
    expect_out(outcome, "none panic ");
}
END_TEST

static void exit_in_panic(void *data)
{
    (void)data;
    atexit(at_exit);
    lg_defer(tell, "a");
    lg_defer(lg_exit, 9);
    lg_panic("aborted");
}

START_TEST(D10_P9_lg_exit_in_a_deferred_call_aborts_the_panic)
{
    struct outcome *outcome = in_child(exit_in_panic, NULL);
    expect_status(outcome, 9);
    expect_out(outcome, "a atexit ");
    ck_assert_str_eq(outcome->err, "");
}
END_TEST

static void panics_in_exit(void *data)
{
    (void)data;
    atexit(at_exit);
    lg_defer(tell, "a");
    lg_defer(panic_with, "during exit");
    lg_exit(9);
}

START_TEST(D10_P8_an_unrecovered_panic_during_lg_exit_is_reported)
{
    struct outcome *outcome = in_child(panics_in_exit, NULL);
    expect_status(outcome, 2);
    expect_out(outcome, "a ");
    expect_in_err(outcome, "panic: during exit");
}
END_TEST

static void later_exit_wins(void *data)
{
    (void)data;
    lg_defer(tell, "a");
    lg_defer(lg_exit, 8);
    lg_exit(7);
}

static void exit_then_goexit(void *data)
{
    (void)data;
    lg_defer(tell, "a");
    lg_defer(lg_goexit);
    lg_exit(7);
}

START_TEST(D10_P9_lg_exit_twice_and_with_goexit)
{
    struct outcome *outcome = in_child(later_exit_wins, NULL);
    expect_status(outcome, 8);
    expect_out(outcome, "a ");
#if defined(HAS_TSAN)
    (void)exit_then_goexit;
#else
    outcome = in_child(exit_then_goexit, NULL); /* on the only thread: the process ends with 0 */
    expect_status(outcome, 0);
    expect_out(outcome, "a ");
#endif
}
END_TEST

RUN_TESTS("goexit", P6_goexit_runs_all_defers_and_ends_the_goroutine, P2_P6_goexit_is_no_panic,
          P6_recovering_a_panic_of_a_deferred_call_does_not_stop_the_goexit,
          P6_panics_recovered_within_deferred_calls_of_a_goexit,
          P9_a_goexit_in_a_deferred_call_aborts_the_panic, P9_a_goexit_in_a_deferred_call_on_return,
          P9_a_goexit_during_a_goexit, P9_panics_and_goexits_mixed, P9_a_recovering_call_may_goexit,
          P8_P9_an_unrecovered_panic_during_goexit_ends_the_process,
          P14_goexit_ends_a_plain_thread_as_pthread_exit_NULL_does,
          P14_the_thread_s_own_data_is_destroyed_afterwards, P14_on_main_the_others_go_on,
          P14_on_main_alone_the_process_ends_with_0, D10_lg_exit_unwinds_first,
          D10_lg_exit_unwinds_only_the_calling_goroutine,
          D10_recovering_a_panic_of_a_deferred_call_does_not_stop_lg_exit,
          D10_P9_lg_exit_in_a_deferred_call_aborts_the_panic,
          D10_P8_an_unrecovered_panic_during_lg_exit_is_reported,
          D10_P9_lg_exit_twice_and_with_goexit)
