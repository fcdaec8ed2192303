/* Tests of lg_close_once; each name begins with the rule of docs/rules.md that it holds. */
#define _GNU_SOURCE
#define FAILING_ALLOCATIONS
#include "testing/test.h"

#include "testing/failing_calls.h"

#include <check.h>
#include <lifoguard/go.h>
#include <lifoguard/once.h>
#include <lifoguard/panic.h>
#include <lifoguard/waitgroup.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sched/park.h"

static LG_ERROR_DEFINE(sentinel, "no carrier");

static atomic_int calls;

static lg_error *succeeds(void *object)
{
    ck_assert_ptr_eq(object, &calls);
    atomic_fetch_add(&calls, 1);
    return NULL;
}

static lg_error *fails(void *object)
{
    (void)object;
    atomic_fetch_add(&calls, 1);
    return lg_error_wrap(lg_error_join(&sentinel, lg_error_new_code(EIO, "line")), "hang up");
}
#define FAILED "hang up: no carrier; line: Input/output error"

static lg_error *fails_statically(void *object)
{
    (void)object;
    atomic_fetch_add(&calls, 1);
    return &sentinel;
}

static void check_text(const lg_error *error, const char *expected)
{
    char *text = lg_error_text(error);
    ck_assert_str_eq(text, expected);
    free(text);
}

START_TEST(E6_a_second_close_is_a_no_op)
{
    lg_close_once once = LG_CLOSE_ONCE_INIT(succeeds, &calls);
    lg_error *err = NULL;
    ck_assert_ptr_null(lg_close_once_result(&once));
    for (int i = 0; i < 3; i++)
        ck_assert_ptr_null(lg_close_once_now(&once));
    lg_close_once_into(&once, &err);
    lg_close_once_close(&once, &err);
    ck_assert_ptr_null(err);
    ck_assert_int_eq(atomic_load(&calls), 1);
    lg_close_once_close(NULL, &err);
    ck_assert_ptr_null(err);
}
END_TEST

START_TEST(E6_a_second_close_gives_the_first_ones_result)
{
    lg_close_once once;
    lg_error *errors[4];
    lg_close_once_init(&once, fails, NULL);
    for (int i = 0; i < 4; i++)
        errors[i] = lg_close_once_now(&once);
    ck_assert_int_eq(atomic_load(&calls), 1);
    ck_assert(lg_error_is(lg_close_once_result(&once), &sentinel));
    ck_assert_ptr_nonnull(lg_error_cause(lg_close_once_result(&once)));
    lg_close_once_close(&once, NULL);
    /* They outlive it, and each other. */
    for (int i = 0; i < 4; i++) {
        check_text(errors[i], FAILED);
        ck_assert(lg_error_is(errors[i], &sentinel));
        ck_assert(!lg_error_is(errors[i], &lg_error_out_of_memory));
        ck_assert(lg_error_is_errno(errors[i], EIO));
        ck_assert_ptr_nonnull(strstr(lg_error_file(errors[i]), "once_test.c"));
        for (int j = i + 1; j < 4; j++) {
            ck_assert_ptr_ne(errors[i], errors[j]);
            ck_assert(lg_error_is(errors[i], errors[j]));
            ck_assert(lg_error_is(errors[j], errors[i]));
        }
        lg_error_free(errors[i]);
    }
}
END_TEST

START_TEST(E5_the_tree_of_a_result_shows_what_it_is_made_of)
{
    lg_close_once once = LG_CLOSE_ONCE_INIT(fails, &calls);
    char *tree = NULL;
    size_t size;
    lg_error *err = lg_close_once_now(&once);
    FILE *file = open_memstream(&tree, &size);
    ck_assert_ptr_nonnull(file);
    lg_error_print_tree(err, file);
    fclose(file);
    const char *first = "hang up (";
    ck_assert_msg(strncmp(tree, first, strlen(first)) == 0, "%s", tree);
    ck_assert_msg(strstr(tree, "\n  2 errors\n    no carrier (") &&
                      strstr(tree, "\n    line: Input/output error ("),
                  "%s", tree);
    free(tree);
    lg_error_free(err);
    lg_close_once_close(&once, NULL);
}
END_TEST

START_TEST(E6_results_of_different_closes_are_different)
{
    lg_close_once one = LG_CLOSE_ONCE_INIT(fails, NULL), other = LG_CLOSE_ONCE_INIT(fails, NULL);
    lg_error *first = lg_close_once_now(&one), *second = lg_close_once_now(&other);
    ck_assert(!lg_error_is(first, second));
    ck_assert(!lg_error_is(second, first));
    lg_error *wrapped = lg_error_wrap(second, "wrapped");
    ck_assert(!lg_error_is(first, wrapped));
    lg_error_free(first);
    lg_error_free(wrapped);
    lg_close_once_close(&one, NULL);
    lg_close_once_close(&other, NULL);
}
END_TEST

START_TEST(E6_a_static_result_is_given_as_it_is)
{
    lg_close_once once = LG_CLOSE_ONCE_INIT(fails_statically, NULL);
    ck_assert_ptr_eq(lg_close_once_now(&once), &sentinel);
    ck_assert_ptr_eq(lg_close_once_now(&once), &sentinel);
    ck_assert_ptr_eq(lg_close_once_result(&once), &sentinel);
    lg_close_once_close(&once, NULL);
    ck_assert_int_eq(atomic_load(&calls), 1);
}
END_TEST

static lg_error *deferred_twice(lg_error *(*close)(void *))
{
    lg_func (lg_error *, err) {
        lg_close_once once = LG_CLOSE_ONCE_INIT(close, NULL);
        lg_defer(lg_close_once_close, &once, &err);
        lg_defer(lg_close_once_into, &once, &err);
        lg_defer(lg_close_once_into, &once, &err);
        lg_return(lg_error_new("earlier"));
    }
}

START_TEST(E6_deferred_closes_land_the_result_once_behind_an_earlier_error)
{
    lg_error *err = deferred_twice(fails);
    check_text(err, "earlier; " FAILED);
    lg_error_free(err);
    err = deferred_twice(fails_statically);
    check_text(err, "earlier; no carrier");
    lg_error_free(err);
    ck_assert_int_eq(atomic_load(&calls), 2);
}
END_TEST

static lg_error *closes_itself(void *object)
{
    lg_close_once *once = *(lg_close_once **)object;
    ck_assert_ptr_null(lg_close_once_result(once));
    return lg_close_once_now(once);
}

START_TEST(E6_a_close_that_closes_itself_is_told)
{
    static lg_close_once *self;
    lg_close_once once = LG_CLOSE_ONCE_INIT(closes_itself, &self);
    self = &once;
    lg_error *err = NULL;
    lg_close_once_close(&once, &err);
    check_text(err,
               "the function of a close closes the same object: the call would wait for itself");
    lg_error_free(err);
}
END_TEST

/* ---- left otherwise ---- */

static lg_error *panics(void *message)
{
    atomic_fetch_add(&calls, 1);
    lg_panic("%s", (const char *)message);
}

static void take(lg_panic_info *panic, lg_error **result)
{
    if (lg_recover(panic))
        *result = lg_error_join(*result, lg_panic_take_error(panic));
}

static lg_error *now_recovering(lg_close_once *once)
{
    lg_func_recovers (lg_error *, err) {
        lg_defer_recover(take, &err);
        lg_return(lg_close_once_now(once));
    }
}

static lg_error *finish_recovering(lg_close_once *once)
{
    lg_func_recovers (lg_error *, err) {
        lg_defer_recover(take, &err);
        lg_defer(lg_close_once_close, once, &err);
        lg_return(NULL);
    }
}

START_TEST(D8_a_panic_of_the_close_goes_on_and_counts_as_made)
{
    lg_close_once once = LG_CLOSE_ONCE_INIT(panics, (char[]){"broken pipe"});
    lg_error *err = now_recovering(&once);
    check_text(err, "broken pipe");
    lg_error_free(err);
    for (int i = 0; i < 2; i++) {
        err = lg_close_once_now(&once);
        check_text(err, "the function of the close panicked, or ended its goroutine or thread");
        lg_error_free(err);
    }
    lg_close_once_close(&once, NULL);
    ck_assert_int_eq(atomic_load(&calls), 1);

    once = (lg_close_once)LG_CLOSE_ONCE_INIT(panics, (char[]){"in finish"});
    err = finish_recovering(&once);
    check_text(err, "in finish");
    lg_error_free(err);
}
END_TEST

/* Until it is cancelled. Not in a blocking call: a thread cancelled there is one whose locks
 * ThreadSanitizer no longer sees. */
static lg_error *close_waits(void *started)
{
    while (started) {
        atomic_fetch_add((atomic_int *)started, 1);
        pthread_testcancel();
        sched_yield();
    }
    return NULL;
}

static void *closes(void *once)
{
    return lg_close_once_now(once);
}

START_TEST(D4_cancelling_the_closing_thread_wakes_the_others)
{
    atomic_int started = 0;
    lg_close_once once = LG_CLOSE_ONCE_INIT(close_waits, &started);
    pthread_t first, second;
    void *result;
    ck_assert_int_eq(pthread_create(&first, NULL, closes, &once), 0);
    while (atomic_load(&started) == 0)
        sched_yield();
    ck_assert_int_eq(pthread_create(&second, NULL, closes, &once), 0);
    while (lgi_waiters_empty(&once.lgi_once.lgi_waiters))
        sched_yield();
    pthread_cancel(first);
    pthread_join(first, &result);
    ck_assert_ptr_eq(result, PTHREAD_CANCELED);
    pthread_join(second, &result);
    check_text(result, "the function of the close panicked, or ended its goroutine or thread");
    lg_close_once_close(&once, NULL);
}
END_TEST

/* ---- threads ---- */

static lg_error *fails_slowly(void *object)
{
    struct timespec pause = {.tv_nsec = 10000000L};
    nanosleep(&pause, NULL);
    return fails(object);
}

START_TEST(E6_of_many_threads_one_closes_and_all_get_its_result)
{
    enum { THREADS = 8 };
    lg_close_once once = LG_CLOSE_ONCE_INIT(fails_slowly, NULL);
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, closes, &once), 0);
    for (int i = 0; i < THREADS; i++) {
        void *result;
        pthread_join(threads[i], &result);
        check_text(result, FAILED);
        lg_error_free(result);
    }
    ck_assert_int_eq(atomic_load(&calls), 1);
    lg_close_once_close(&once, NULL);
}
END_TEST

/* ---- goroutines ---- */

/* Other goroutines of the same thread run meanwhile. */
static lg_error *fails_after_a_wait(void *others)
{
    while (atomic_load((atomic_int *)others) > 0)
        lg_yield();
    lg_sleep(LG_MILLISECOND);
    return fails(NULL);
}

static lg_close_once shared;
static atomic_int others_to_begin;

static void close_and_check(void)
{
    atomic_fetch_sub(&others_to_begin, 1);
    lg_error *error = lg_close_once_now(&shared);
    check_text(error, FAILED);
    lg_error_free(error);
}

START_TEST(E6_goroutines_of_one_thread_wait_for_each_others_close)
{
    enum { GOROUTINES = 8 };
    ck_assert_ptr_null(lg_set_workers(1));
    others_to_begin = GOROUTINES;
    lg_close_once_init(&shared, fails_after_a_wait, &others_to_begin);
    lg_waitgroup all = LG_WAITGROUP_INIT;
    for (int i = 0; i < GOROUTINES; i++)
        lg_waitgroup_go(&all, close_and_check);
    lg_waitgroup_wait(&all);
    ck_assert_int_eq(atomic_load(&calls), 1);
    lg_close_once_close(&shared, NULL);
}
END_TEST

/* ---- memory ---- */

START_TEST(E7_no_allocation_that_fails_loses_the_failure)
{
    if (!can_fail_allocations())
        return;
    for (int forever = 0; forever < 2; forever++) {
        long fails_at = 0;
        bool was_enough;
        do {
            lg_close_once once = LG_CLOSE_ONCE_INIT(fails, NULL);
            memory_watch(++fails_at, forever);
            lg_error *first = lg_close_once_now(&once), *second = lg_close_once_now(&once);
            lg_error *landed = NULL;
            lg_close_once_close(&once, &landed);
            was_enough = memory.made < fails_at;
            bool all_there = first && second && landed;
            lg_error_free(first);
            lg_error_free(second);
            lg_error_free(landed);
            memory_ignore();
            ck_assert(all_there);
            ck_assert_int_eq(memory.live, 0);
        } while (!was_enough);
        ck_assert_int_ge(fails_at, 5);
    }
    /* Short just when the result is to be kept: the first caller has it whole. */
    memory_watch(0, false);
    lg_error_free(fails(NULL));
    long of_the_close = memory.made;
    memory_ignore();
    lg_close_once once = LG_CLOSE_ONCE_INIT(fails, NULL);
    memory_watch(of_the_close + 1, true);
    lg_error *first = lg_close_once_now(&once), *second = lg_close_once_now(&once);
    memory_ignore();
    check_text(first, FAILED);
    ck_assert_ptr_eq(second, &lg_error_out_of_memory);
    lg_error_free(first);
    lg_close_once_close(&once, NULL);
}
END_TEST

RUN_TESTS("once", E6_a_second_close_is_a_no_op, E6_a_second_close_gives_the_first_ones_result,
          E5_the_tree_of_a_result_shows_what_it_is_made_of,
          E6_results_of_different_closes_are_different, E6_a_static_result_is_given_as_it_is,
          E6_deferred_closes_land_the_result_once_behind_an_earlier_error,
          E6_a_close_that_closes_itself_is_told, D8_a_panic_of_the_close_goes_on_and_counts_as_made,
          D4_cancelling_the_closing_thread_wakes_the_others,
          E6_of_many_threads_one_closes_and_all_get_its_result,
          E6_goroutines_of_one_thread_wait_for_each_others_close,
          E7_no_allocation_that_fails_loses_the_failure)
