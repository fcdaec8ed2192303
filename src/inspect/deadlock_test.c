/* Deadlocks: noticed exactly when nothing can go on, whoever sleeps last; and named in full. */
#include "testing/deadlock.h"

#include "sched/runtime.h"
#include "testing/emulated.h"

/* ---- it is noticed ---- */

static void main_and_goroutines(void *data)
{
    set_workers((unsigned)(uintptr_t)data);
    printf("printed before");
    for (int i = 0; i < 3; i++)
        lg_go(sleeps_for_ever, i);
    lg_defer(tell, "of main");
    sleep_named(FOR_EVER);
}

START_TEST(a_deadlock_is_reported_with_all_that_wait)
{
    for (uintptr_t workers = 1; workers <= 8; workers *= 2) {
        struct outcome *outcome = in_child(main_and_goroutines, (void *)workers);
        expect_status(outcome, 2);
        expect_out(outcome, "printed before");
        expect_in_err(outcome, "all goroutines are asleep - deadlock!\n");
        expect_in_err(outcome, "\nmain, waits for sleep:\n");
        expect_in_err(outcome, "deferred: tell(\"of main\")  ");
        ck_assert_int_eq(occurrences(outcome->err, ", sleeps_for_ever, waits for sleep:\n"), 3);
        ck_assert_int_eq(occurrences(outcome->err, "deferred: close_it(fd)  "), 3);
        ck_assert_int_eq(occurrences(outcome->err, "    started at "), 3);
        expect_in_err(outcome, "deadlock_test.c:");
        expect_in_err(outcome, "in main_and_goroutines\n");
        expect_not_in_err(outcome, "woken");
    }
}
END_TEST

START_TEST(its_stacks_have_the_names_of_functions)
{
    if (!dlopen("libdw.so.1", RTLD_NOW))
        return;
    struct outcome *outcome = in_child(main_and_goroutines, (void *)2);
    ck_assert_int_eq(occurrences(outcome->err, "    lg_sleep\n"), 4);
    ck_assert_int_eq(occurrences(outcome->err, "    sleeps_for_ever  "), 3);
    /* The library's own frames are left out, below and above. */
    expect_not_in_err(outcome, "lgi_");
}
END_TEST

static void main_alone(void *data)
{
    (void)data;
    lg_sleep(FOR_EVER);
}

START_TEST(main_alone_is_a_deadlock)
{
    struct outcome *outcome = in_child(main_alone, NULL);
    expect_status(outcome, 2);
    expect_in_err(outcome, "all goroutines are asleep - deadlock!\n");
    expect_in_err(outcome, "main, waits for sleep:\n");
}
END_TEST

static void ends_at(lg_duration duration)
{
    lg_sleep(duration);
}

/* The last one to do anything is a goroutine, which ends. */
static void goroutine_ends_last(void *data)
{
    set_workers((unsigned)(uintptr_t)data);
    lg_go(ends_at, 20 * LG_MILLISECOND);
    lg_sleep(FOR_EVER);
}

static void thread_ends_last(void *data)
{
    set_workers((unsigned)(uintptr_t)data);
    lg_go(sleeps_for_ever, 1);
    lg_go_thread(usleep, 20000U);
    lg_sleep(FOR_EVER);
}

static void thread_sleeps_last(void *data)
{
    set_workers((unsigned)(uintptr_t)data);
    lg_go(sleeps_for_ever, 1);
    lg_go_thread(sleeps_for_ever, 2);
    lg_sleep(FOR_EVER);
}

static void sleeps_after(int ms)
{
    usleep((unsigned)ms * 1000);
    lg_sleep(FOR_EVER);
}

static void thread_sleeps_late(void *data)
{
    set_workers((unsigned)(uintptr_t)data);
    lg_go(sleeps_for_ever, 1);
    lg_go_thread(sleeps_after, 30);
    lg_sleep(FOR_EVER);
}

static void main_sleeps_late(void *data)
{
    set_workers((unsigned)(uintptr_t)data);
    lg_go(sleeps_for_ever, 1);
    usleep(30000);
    lg_sleep(FOR_EVER);
}

static void *just_ends(void *ms)
{
    usleep((unsigned)(uintptr_t)ms * 1000);
    return NULL;
}

/* A thread of the program's own could still do something, until it ends. */
static void foreign_thread_ends(void *data)
{
    pthread_t thread;
    set_workers((unsigned)(uintptr_t)data);
    lg_go(sleeps_for_ever, 1);
    pthread_create(&thread, NULL, just_ends, (void *)50);
    pthread_detach(thread);
    lg_sleep(FOR_EVER);
}

static void *waits_and_ends(void *ms)
{
    lg_sleep((lg_duration)(uintptr_t)ms * LG_MILLISECOND);
    return NULL;
}

static void known_thread_ends(void *data)
{
    pthread_t thread;
    set_workers((unsigned)(uintptr_t)data);
    lg_go(sleeps_for_ever, 1);
    pthread_create(&thread, NULL, waits_and_ends, (void *)50);
    pthread_detach(thread);
    lg_sleep(FOR_EVER);
}

/* A timer that was stopped is none. */
static void timer_stopped(void *data)
{
    struct lgi_timer timer = {.fire = NULL};
    set_workers((unsigned)(uintptr_t)data);
    lg_go(sleeps_for_ever, 1);
    ck_assert(lgi_timer_start(&timer, lg_now() + LG_HOUR));
    usleep(1000);
    ck_assert(lgi_timer_stop(&timer));
    lg_sleep(FOR_EVER);
}

START_TEST(whoever_sleeps_or_ends_last_it_is_noticed)
{
    void (*const programs[])(void *) = {goroutine_ends_last, thread_ends_last, thread_sleeps_last,
                                        thread_sleeps_late,  main_sleeps_late, foreign_thread_ends,
                                        known_thread_ends,   timer_stopped};
    for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
        for (uintptr_t workers = 1; workers <= 8; workers *= 2) {
            struct outcome *outcome = in_child(programs[i], (void *)workers);
            expect_status(outcome, 2);
            expect_in_err(outcome, "all goroutines are asleep - deadlock!\n");
        }
    }
}
END_TEST

/* P14: main has ended by lg_goexit, and the others went on. */
static void main_has_gone(void *data)
{
    set_workers((unsigned)(uintptr_t)data);
    lg_go(sleeps_for_ever, 1);
    lg_goexit();
}

static void only_main_was_there(void *data)
{
    set_workers((unsigned)(uintptr_t)data);
    lg_go(ends_at, LG_MILLISECOND);
    lg_goexit();
}

static void main_has_ended_by_pthread_exit(void *data)
{
    set_workers((unsigned)(uintptr_t)data);
    lg_go(sleeps_for_ever, 1);
    lg_sleep(LG_MILLISECOND);
    pthread_exit(NULL);
}

START_TEST(P14_main_gone_and_the_rest_asleep)
{
    for (uintptr_t workers = 1; workers <= 8; workers *= 2) {
        struct outcome *outcome = in_child(main_has_gone, (void *)workers);
        expect_status(outcome, 2);
        expect_in_err(outcome, "all goroutines are asleep - deadlock!\n");
        outcome = in_child(main_has_ended_by_pthread_exit, (void *)workers);
        expect_status(outcome, 2);
        expect_in_err(outcome, "all goroutines are asleep - deadlock!\n");
        /* As Go: "no goroutines (main called runtime.Goexit) - deadlock!" */
        outcome = in_child(only_main_was_there, (void *)workers);
        expect_status(outcome, 2);
        expect_in_err(outcome, "no goroutines, and main has ended - deadlock!\n");
    }
}
END_TEST

static void many(void *data)
{
    (void)data;
    for (int i = 0; i < 5000; i++)
        lg_go(sleeps_for_ever, i);
    lg_sleep(FOR_EVER);
}

START_TEST(of_very_many_some_are_shown)
{
    struct outcome *outcome = in_child(many, NULL);
    expect_status(outcome, 2);
    expect_in_err(outcome, "and 4900 more\n");
}
END_TEST

/* The stack of the main thread grows as it is used, which takes addresses. */
__attribute__((noinline)) static void use_stack(void)
{
    volatile char room[256 << 10];
    for (size_t i = 0; i < sizeof(room); i += 1024)
        room[i] = 1;
}

/* Neither memory nor a descriptor is left when the last one goes to sleep. */
static void nothing_is_left(void *data)
{
    use_stack();
    set_workers((unsigned)(uintptr_t)data);
    lg_go(sleeps_for_ever, 1);
    lg_sleep(LG_MILLISECOND);
    setrlimit(RLIMIT_NOFILE, &(struct rlimit){0, 0});
    setrlimit(RLIMIT_AS, &(struct rlimit){1, 1});
    static void *volatile kept; /* compilers take a malloc without a user for one that succeeds */
    while ((kept = malloc(1 << 10)))
        ;
    lg_sleep(FOR_EVER);
}

/* Likewise, and main has gone. */
static void nothing_is_left_without_main(void *data)
{
    set_workers((unsigned)(uintptr_t)data);
    lg_go(sleeps_for_ever, 1);
    lg_sleep(LG_MILLISECOND);
    setrlimit(RLIMIT_NOFILE, &(struct rlimit){0, 0});
    pthread_exit(NULL);
}

START_TEST(a_deadlock_is_noticed_without_memory_and_descriptors)
{
    uintptr_t most = lgi_in_valgrind() ? 0 : 2; /* which needs memory of its own, as does */
#ifdef HAS_SANITIZER
    most = 0;
#endif
    for (uintptr_t workers = 1; workers <= most; workers++) {
        struct outcome *outcome = in_child(nothing_is_left, (void *)workers);
        expect_status(outcome, 2);
        expect_in_err(outcome, "all goroutines are asleep - deadlock!\n");
        outcome = in_child(nothing_is_left_without_main, (void *)workers);
        expect_status(outcome, 2);
        expect_in_err(outcome, "all goroutines are asleep - deadlock!\n");
    }
}
END_TEST

static void add_tests(TCase *tests)
{
    if (!deadlocks_are_found())
        return;
    tcase_add_test(tests, a_deadlock_is_reported_with_all_that_wait);
    tcase_add_test(tests, its_stacks_have_the_names_of_functions);
    tcase_add_test(tests, main_alone_is_a_deadlock);
    tcase_add_test(tests, whoever_sleeps_or_ends_last_it_is_noticed);
    tcase_add_test(tests, P14_main_gone_and_the_rest_asleep);
    tcase_add_test(tests, of_very_many_some_are_shown);
    tcase_add_test(tests, a_deadlock_is_noticed_without_memory_and_descriptors);
}

RUN_TESTS_OF("deadlock", add_tests)
