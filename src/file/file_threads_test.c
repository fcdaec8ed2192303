/* Tests of an lg_file that several threads use, or that a child has from its parent. */
#define _GNU_SOURCE
#define FAILING_CALLS
#include "testing/failing_calls.h"
#include "testing/file.h"
#include "testing/suite.h"

#include <lifoguard/time.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

static lg_file *shared;
static atomic_int started, finished, failures_not_closed;

static void *uses(void *unused)
{
    char buffer[16];
    size_t size;
    atomic_fetch_add(&started, 1);
    for (;;) {
        lg_error *err = lg_file_write(shared, "x", 1);
        if (!err)
            err = lg_file_read(shared, buffer, sizeof(buffer), &size);
        if (!err)
            continue;
        if (!lg_error_is(err, &lg_error_closed))
            atomic_fetch_add(&failures_not_closed, 1);
        lg_error_free(err);
        return unused;
    }
}

static void *closes(void *closed)
{
    lg_error *err = lg_file_close_now(shared);
    if (!err)
        atomic_fetch_add((atomic_int *)closed, 1);
    else if (!lg_error_is(err, &lg_error_closed))
        atomic_fetch_add(&failures_not_closed, 1);
    lg_error_free(err);
    return NULL;
}

START_TEST(E6_threads_that_use_a_file_while_it_is_closed_are_told)
{
    for (int round = 0; round < 20; round++) {
        pthread_t users[4], closers[3];
        atomic_int closed = 0;
        atomic_store(&started, 0);
        ok(lg_file_open("/dev/null", O_RDWR, 0, &shared));
        for (int i = 0; i < 4; i++)
            ck_assert_int_eq(pthread_create(&users[i], NULL, uses, NULL), 0);
        while (atomic_load(&started) < 4)
            sched_yield();
        for (int i = 0; i < 3; i++)
            ck_assert_int_eq(pthread_create(&closers[i], NULL, closes, &closed), 0);
        for (int i = 0; i < 3; i++)
            pthread_join(closers[i], NULL);
        for (int i = 0; i < 4; i++)
            pthread_join(users[i], NULL);
        ck_assert_int_eq(atomic_load(&closed), 1);
        ck_assert_int_eq(atomic_load(&failures_not_closed), 0);
        lg_file_free(shared);
    }
}
END_TEST

static void pause_for(lg_duration duration)
{
    struct timespec pause = {.tv_nsec = (long)duration};
    nanosleep(&pause, NULL);
}

static void *reads_a_byte(void *unused)
{
    char byte;
    size_t size;
    atomic_fetch_add(&started, 1);
    lg_error *err = lg_file_read(shared, &byte, 1, &size);
    atomic_fetch_add(&finished, err == NULL && size == 1);
    lg_error_free(err);
    return unused;
}

static void *closes_and_finishes(void *unused)
{
    lg_error *err = lg_file_close_now(shared);
    atomic_fetch_add(&finished, err ? 100 : 10);
    lg_error_free(err);
    return unused;
}

/* Shares a pipe, and waits until a thread reads from it. */
static void begin_read(int ends[2], pthread_t *reader)
{
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    ok(lg_file_adopt(ends[0], "pipe", &shared));
    ck_assert_int_eq(pthread_create(reader, NULL, reads_a_byte, NULL), 0);
    while (failing_read.made == 0)
        pause_for(LG_MILLISECOND);
}

START_TEST(E6_close_waits_for_a_read_under_way)
{
    int ends[2];
    pthread_t reader, closer;
    begin_read(ends, &reader);
    ck_assert_int_eq(pthread_create(&closer, NULL, closes_and_finishes, NULL), 0);
    /* From when it begins, others are refused, though it has not ended. */
    lg_error *err = NULL;
    do {
        lg_error_free(err);
        pause_for(LG_MILLISECOND);
        err = lg_file_sync(shared); /* which a pipe does not know */
    } while (!lg_error_is(err, &lg_error_closed));
    lg_error_free(err);
    pause_for(20 * LG_MILLISECOND);
    ck_assert_int_eq(atomic_load(&finished), 0);
    ck_assert_int_ne(fcntl(ends[0], F_GETFD), -1);
    ck_assert_int_eq(write(ends[1], "x", 1), 1);
    pthread_join(reader, NULL);
    pthread_join(closer, NULL);
    ck_assert_int_eq(atomic_load(&finished), 11);
    ck_assert_int_eq(fcntl(ends[0], F_GETFD), -1);
    lg_file_free(shared);
    close(ends[1]);
}
END_TEST

static void *waits_for_ever(void *data)
{
    size_t size;
    lg_error *err = lg_file_read_all(shared, data, &size);
    ck_abort_msg("read %zu bytes, %s", size, lg_error_message(err));
    return NULL;
}

START_TEST(D4_a_cancelled_read_leaves_a_file_that_can_be_closed)
{
    int ends[2];
    pthread_t reader;
    void *result;
    char *data = path;
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    ok(lg_file_adopt(ends[0], "pipe", &shared));
    ck_assert_int_eq(pthread_create(&reader, NULL, waits_for_ever, &data), 0);
    pause_for(20 * LG_MILLISECOND);
    pthread_cancel(reader);
    pthread_join(reader, &result);
    ck_assert_ptr_eq(result, PTHREAD_CANCELED);
    ck_assert_ptr_null(data); /* the buffer was freed */
    ok(lg_file_close_now(shared));
    lg_file_free(shared);
    close(ends[1]);
}
END_TEST

/* ---- in a forked child ---- */

/* Neither the read that is under way in the parent is waited for here, nor the parent's close. */
static int close_here(void)
{
    alarm(60);
    lg_error *err = lg_file_sync(shared);
    bool was_closed = lg_error_is(err, &lg_error_closed);
    lg_error_free(err);
    err = lg_file_close_now(shared);
    bool closes_now = err == NULL;
    lg_error_free(err);
    lg_file_free(shared);
    return was_closed == closes_now ? 1 : was_closed ? 2 : 3;
}

static int in_forked_child(int (*work)(void))
{
    int status;
    fflush(NULL);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0)
        _exit(work());
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

START_TEST(G7_a_child_can_close_a_file_that_its_parent_reads)
{
    int ends[2];
    pthread_t reader, closer;
    begin_read(ends, &reader);
    ck_assert_int_eq(in_forked_child(close_here), 3);
    ck_assert_int_eq(pthread_create(&closer, NULL, closes_and_finishes, NULL), 0);
    int ended;
    do
        ended = in_forked_child(close_here);
    while (ended == 3); /* the closer has not begun yet */
    ck_assert_int_eq(ended, 2);
    ck_assert_int_eq(write(ends[1], "x", 1), 1);
    pthread_join(reader, NULL);
    pthread_join(closer, NULL);
    lg_file_free(shared);
    close(ends[1]);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, make_directory, remove_directory);
    tcase_add_test(tests, E6_threads_that_use_a_file_while_it_is_closed_are_told);
    tcase_add_test(tests, E6_close_waits_for_a_read_under_way);
    tcase_add_test(tests, D4_a_cancelled_read_leaves_a_file_that_can_be_closed);
    tcase_add_test(tests, G7_a_child_can_close_a_file_that_its_parent_reads);
}

RUN_TESTS_OF("file_threads", add_tests)
