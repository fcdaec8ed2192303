/* Tests of cleanups that overrun their limit during a shutdown (D20). Rules are those of docs/rules.md. */
#include "testing/shutdown_report.h"

#include <pthread.h>

/* ---- D20: a cleanup that overruns its limit and still runs ---- */

static sem_t release;

static void wait_for_release(void)
{
    sem_wait(&release);
}

static lg_error *stop_with_a_cleanup(void *argument, const lg_context *context)
{
    (void)argument, (void)context;
    lg_defer_within(LG_NANOSECOND, NULL, wait_for_release);
    return NULL;
}

static void *stop_it(void *data)
{
    lg_error_free(lg_shutdown_stop(data));
    return NULL;
}

START_TEST(D20_a_cleanup_that_overruns_its_limit_is_told)
{
    pthread_t stopping;
    sem_init(&release, 0, 0);
    lg_shutdown *s = new_shutdown(quiet);
    ok(lg_shutdown_add(s, &(lg_stage){.name = "database", .stop = stop_with_a_cleanup}));
    ck_assert_ptr_null(strstr(json(s), "overruns"));
    ck_assert_int_eq(pthread_create(&stopping, NULL, stop_it, s), 0);
    while (!strstr(text_of(s), "  wait_for_release()  "))
        nap(MS);
    expect_text(text_of(s), "overrun_test.c:");
    expect_text(text_of(s), ": still running after ");
    expect_text(text_of(s), ", limit 1ns\n");
    expect_text(json(s), "],\"overruns\":[{\"call\":\"wait_for_release()\",\"file\":");
    sem_post(&release);
    pthread_join(stopping, NULL);
    ck_assert_ptr_null(strstr(text_of(s), "wait_for_release"));
    lg_shutdown_close(s, NULL);
}
END_TEST

static void *clean_up(void *unused)
{
    lg_defer_within(LG_NANOSECOND, NULL, wait_for_release);
    return unused;
}

START_TEST(D20_such_a_cleanup_is_logged_too)
{
    int ends[2];
    pthread_t cleaning;
    sem_init(&release, 0, 0);
    lg_shutdown *s = new_shutdown((lg_shutdown_options){.no_signals = true, .log = open_log(ends)});
    ck_assert_int_eq(pthread_create(&cleaning, NULL, clean_up, NULL), 0);
    while (!strstr(text_of(s), "  wait_for_release()  "))
        nap(MS);
    ok(lg_shutdown_stop(s));
    sem_post(&release);
    pthread_join(cleaning, NULL);
    lg_shutdown_close(s, NULL);
    const char *text = read_log(ends);
    expect_text(text, "shutdown:   wait_for_release()  ");
    expect_text(text, ", limit 1ns\n");
}
END_TEST

/* ---- a thread that is cancelled while it closes ---- */

static void *close_when_cancelled(void *asked)
{
    int before;
    lg_shutdown *down;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
    ck_assert_ptr_null(lg_shutdown_new(&down, NULL));
    pthread_barrier_wait(asked);
    pthread_barrier_wait(asked);
    pthread_setcancelstate(before, NULL);
    lg_shutdown_close(down, NULL);
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
    return asked;
}

START_TEST(S4_no_cancellation_interrupts_a_close)
{
    pthread_t thread;
    pthread_barrier_t asked;
    void *end;
    pthread_barrier_init(&asked, NULL, 2);
    pthread_create(&thread, NULL, close_when_cancelled, &asked);
    pthread_barrier_wait(&asked);
    pthread_cancel(thread);
    pthread_barrier_wait(&asked);
    pthread_join(thread, &end);
    ck_assert_ptr_eq(end, &asked);
}
END_TEST

RUN_TESTS("overrun", S4_no_cancellation_interrupts_a_close, D20_such_a_cleanup_is_logged_too,
          D20_a_cleanup_that_overruns_its_limit_is_told)
