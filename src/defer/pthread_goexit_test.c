/* Tests of lg_goexit on threads that the program has made (P14). Rules are those of docs/rules.md. */
#include "testing/test.h"

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

RUN_TESTS("pthread_goexit", P14_goexit_ends_a_plain_thread_as_pthread_exit_NULL_does,
          P14_the_thread_s_own_data_is_destroyed_afterwards, P14_on_main_the_others_go_on,
          P14_on_main_alone_the_process_ends_with_0)
