/* Tests of waits with deadlines, signals and the ends of threads. Rules are those of docs/rules.md. */
#include "testing/park.h"

/* ---- deadlines ---- */

static void deadlines(void)
{
    struct thing thing = {0};
    struct lgi_done done = {0};
    lg_time start = lg_now();
    ck_assert_ptr_eq(thing_wait(&thing, lg_until_timeout(LG_MILLISECOND)),
                     &lg_error_deadline_exceeded);
    ck_assert_int_ge(lg_now() - start, LG_MILLISECOND);
    ck_assert_ptr_eq(thing_wait(&thing, lg_until_deadline(0)), &lg_error_deadline_exceeded);
    ck_assert_ptr_eq(thing_wait(&thing, lg_until_deadline(-LG_HOUR)), &lg_error_deadline_exceeded);
    ck_assert_ptr_eq(thing_wait(&thing, lg_until_timeout(-LG_DURATION_MAX)),
                     &lg_error_deadline_exceeded);
    ck_assert(lgi_waiters_empty(&thing.waiters));
    /* What is there is taken, whatever the time. */
    thing_signal(&thing);
    ck_assert_ptr_null(thing_wait(&thing, lg_until_deadline(0)));

    /* C9: both at once. */
    lg_until until = lg_until_timeout(LG_MILLISECOND);
    until.lgi_done = &done;
    ck_assert_ptr_eq(thing_wait(&thing, until), &lg_error_deadline_exceeded);
    ck_assert(lgi_waiters_empty(&done.waiters));
    ck_assert(lgi_done_set(&done, &lg_error_out_of_memory));
    until = lg_until_timeout(LG_HOUR);
    until.lgi_done = &done;
    ck_assert_ptr_eq(thing_wait(&thing, until), &lg_error_out_of_memory);
    ck_assert(lgi_waiters_empty(&thing.waiters));
    add_one(&ended);
}

START_TEST(c9_deadlines)
{
    deadlines();
    for (int i = 0; i < 100; i++)
        lg_go(deadlines);
    for (int i = 0; i < 5; i++)
        lg_go_thread(deadlines);
    wait_for_value(&ended, 106);
    ck_assert_int_eq(lg_error_errno(&lg_error_deadline_exceeded), ETIMEDOUT);
    ck_assert_int_eq(lg_error_errno(&lg_error_cancelled), ECANCELED);
}
END_TEST

START_TEST(untils)
{
    ck_assert_int_eq(lg_until_forever().lgi_deadline, LG_DURATION_MAX);
    ck_assert_int_eq(lg_until_timeout(LG_DURATION_MAX).lgi_deadline, LG_DURATION_MAX);
    lg_duration before = lg_now(), within = lg_until_timeout(LG_SECOND).lgi_deadline,
                after = lg_now();
    ck_assert_int_ge(within, before + LG_SECOND);
    ck_assert_int_le(within, after + LG_SECOND);
    struct lgi_done done = {0};
    lg_until until = {LG_DURATION_MAX, &done};
    ck_assert_uint_eq(lgi_until_over(lg_until_forever()), LGI_WAITING);
    ck_assert_uint_eq(lgi_until_over(until), LGI_WAITING);
    ck_assert_uint_eq(lgi_until_over(lg_until_deadline(0)), LGI_TIMED_OUT);
    ck_assert_uint_eq(lgi_until_over(lg_until_timeout(LG_MINUTE)), LGI_WAITING);
    lgi_done_set(&done, NULL);
    ck_assert_uint_eq(lgi_until_over(until), LGI_IS_DONE);
    ck_assert_ptr_eq(lgi_wait_failed(LGI_IS_DONE, until), &lg_error_cancelled);
}
END_TEST

/* Signals and deadlines at the same time: a signal is used once, by somebody who then does not say that it was late. */
static atomic_int in_time;

static void wait_briefly(struct thing *thing, int microseconds)
{
    lg_error *err = thing_wait(thing, lg_until_timeout(microseconds * LG_MICROSECOND));
    ck_assert(!err || err == &lg_error_deadline_exceeded);
    if (!err)
        add_one(&in_time);
    add_one(&ended);
}

START_TEST(a_deadline_and_a_signal_at_once_lose_nothing)
{
    enum { WAITERS = 2000 };
    struct thing thing = {0};
    for (int i = 0; i < WAITERS; i++)
        lg_go(wait_briefly, &thing, i % 100);
    int signals = 0;
    while (ended < WAITERS) {
        thing_signal(&thing);
        signals++;
        if (signals % 10 == 0)
            usleep(20);
    }
    ck_assert_int_eq(in_time + (int)tokens_of(&thing), signals);
    ck_assert(lgi_waiters_empty(&thing.waiters));
}
END_TEST

/* ---- sleeping ---- */

static void sleeps(void)
{
    lg_time start = lg_now();
    lg_sleep(0);
    lg_sleep(-LG_HOUR);
    lg_sleep(LG_MILLISECOND);
    ck_assert_int_ge(lg_now() - start, LG_MILLISECOND);
    ck_assert_ptr_null(lg_sleep_until(LG_MILLISECOND, lg_until_timeout(LG_HOUR)));
    ck_assert_int_ge(lg_now() - start, 2 * LG_MILLISECOND);
    ck_assert_ptr_eq(lg_sleep_until(LG_HOUR, lg_until_timeout(LG_MILLISECOND)),
                     &lg_error_deadline_exceeded);
    ck_assert_int_ge(lg_now() - start, 3 * LG_MILLISECOND);
    ck_assert_ptr_null(lg_sleep_until(-1, lg_until_forever()));
    ck_assert_int_lt(lg_now() - start, LG_HOUR);
    add_one(&ended);
}

START_TEST(sleeping)
{
    sleeps();
    for (int i = 0; i < 100; i++)
        lg_go(sleeps);
    lg_go_thread(sleeps);
    wait_for_value(&ended, 102);
}
END_TEST

/* ---- signals (EINTR) and pthread_cancel do not end a wait ---- */

static atomic_int signals;

static void count_signal(int number)
{
    (void)number;
    add_one(&signals);
}

static void *waits_among_signals(void *thing)
{
    lg_time start = lg_now();
    ck_assert_ptr_eq(thing_wait(&(struct thing){0}, lg_until_timeout(20 * LG_MILLISECOND)),
                     &lg_error_deadline_exceeded);
    ck_assert_int_ge(lg_now() - start, 20 * LG_MILLISECOND);
    lg_sleep(20 * LG_MILLISECOND);
    ck_assert_int_ge(lg_now() - start, 40 * LG_MILLISECOND);
    wait_once(thing);
    return NULL;
}

static void *waits_once(void *thing)
{
    wait_once(thing);
    return NULL;
}

static void is_busy(void)
{
    add_one(&waiting);
    while (ended == 0)
        ;
}

/* ThreadSanitizer keeps signals back until the thread does something that it knows: as the look for a deadlock does, for
 * which there is no reason here. */
START_TEST(a_thread_that_waits_handles_signals)
{
    const struct sigaction action = {.sa_handler = count_signal, .sa_flags = SA_RESTART};
    struct thing thing = {0};
    pthread_t thread;
    sigaction(SIGUSR1, &action, NULL);
    lg_go(is_busy);
    wait_for_value(&waiting, 1);
    ck_assert_int_eq(pthread_create(&thread, NULL, waits_once, &thing), 0);
    wait_for_value(&waiting, 2);
    usleep(10000); /* it sleeps by now */
    for (int i = 1; i <= 3; i++) {
        pthread_kill(thread, SIGUSR1);
        wait_for_value(&signals, i);
    }
    ck_assert_int_eq(ended, 0);
    thing_signal(&thing);
    pthread_join(thread, NULL);
}
END_TEST

START_TEST(signals_do_not_end_a_wait)
{
    struct sigaction action = {.sa_handler = count_signal}; /* no SA_RESTART */
    ck_assert_int_eq(sigaction(SIGUSR1, &action, NULL), 0);
    struct thing thing = {0};
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, waits_among_signals, &thing), 0);
    for (int i = 0; i < 2000 && (waiting == 0 || i < 200); i++) {
        ck_assert_int_eq(pthread_kill(thread, SIGUSR1), 0);
        usleep(200);
    }
    wait_for_value(&waiting, 1);
    ck_assert_int_eq(ended, 0);
    thing_signal(&thing);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_int_eq(ended, 1);
    ck_assert_int_ge(signals, 1);
}
END_TEST

static sigset_t mask_of_main;

static void reads_mask(void)
{
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    for (int number = 1; number <= SIGRTMAX; number++) {
        bool is_fault = number == SIGBUS || number == SIGFPE || number == SIGILL ||
                        number == SIGSEGV || number == SIGSYS || number == SIGTRAP;
        ck_assert_int_eq(sigismember(&mask, number),
                         !is_fault && sigismember(&mask_of_main, number));
    }
    add_one(&ended);
}

/* Blocks these, and starts the library's first threads. */
static void look_at_masks(const sigset_t *blocked)
{
    pthread_sigmask(SIG_BLOCK, blocked, NULL);
    pthread_sigmask(SIG_SETMASK, NULL, &mask_of_main);
    lg_go(reads_mask);
    lg_go_thread(reads_mask);
    wait_for_value(&ended, 2);
}

START_TEST(G7_the_librarys_threads_block_nothing_by_themselves)
{
    sigset_t none;
    sigemptyset(&none);
    look_at_masks(&none);
}
END_TEST

START_TEST(G7_they_block_what_the_starter_of_the_first_blocks)
{
    sigset_t some;
    sigemptyset(&some);
    sigaddset(&some, SIGUSR1);
    sigaddset(&some, SIGRTMIN + 3);
    look_at_masks(&some);
}
END_TEST

START_TEST(G7_they_never_block_faults)
{
    sigset_t all;
    sigfillset(&all);
    look_at_masks(&all);
}
END_TEST

static void *is_cancelled_parked(void *thing)
{
    lg_defer(add_one, &ended);
    lg_error *err =
        thing_wait(thing, lg_until_forever()); /* (Check's assertions are cancellation points.) */
    add_one(&waiting);
    pthread_testcancel();
    add_one(&waiting);
    return err;
}

/* A wait is no cancellation point: whoever waits holds a place in a list, on its stack. */
START_TEST(pthread_cancel_waits_for_the_wait)
{
    struct thing thing = {0};
    pthread_t thread;
    void *result;
    ck_assert_int_eq(pthread_create(&thread, NULL, is_cancelled_parked, &thing), 0);
    usleep(2000);
    ck_assert_int_eq(pthread_cancel(thread), 0);
    usleep(50000); /* it has a look for a deadlock meanwhile, too */
    ck_assert_int_eq(ended, 0);
    thing_signal(&thing);
    ck_assert_int_eq(pthread_join(thread, &result), 0);
    ck_assert_ptr_eq(result, PTHREAD_CANCELED);
    ck_assert_int_eq(waiting, 1);
    ck_assert_int_eq(ended, 1);
}
END_TEST

/* ---- threads that end just after they were woken ---- */

static void *waits_and_ends(void *thing)
{
    lg_error *err = thing_wait(thing, lg_until_forever());
    return err;
}

START_TEST(a_thread_may_end_as_soon_as_it_is_woken)
{
    struct thing thing = {0};
    for (int i = 0; i < 300; i++) {
        pthread_t thread;
        void *result;
        ck_assert_int_eq(pthread_create(&thread, NULL, waits_and_ends, &thing), 0);
        if (i % 2)
            usleep(20);
        if (i % 3)
            thing_signal(&thing);
        else
            lg_go(thing_signal, &thing);
        ck_assert_int_eq(pthread_join(thread, &result), 0);
        ck_assert_ptr_null(result);
    }
}
END_TEST

RUN_TESTS("park_limit", c9_deadlines, untils, a_deadline_and_a_signal_at_once_lose_nothing,
          sleeping, a_thread_that_waits_handles_signals, signals_do_not_end_a_wait,
          G7_the_librarys_threads_block_nothing_by_themselves,
          G7_they_block_what_the_starter_of_the_first_blocks, G7_they_never_block_faults,
          pthread_cancel_waits_for_the_wait, a_thread_may_end_as_soon_as_it_is_woken)
