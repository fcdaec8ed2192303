/* Tests of lg_registry; each name begins with the rule of docs/rules.md that it holds. */
#define _GNU_SOURCE
#define FAILING_ALLOCATIONS
#include "testing/failing_calls.h"
#include "testing/suite.h"

#include <check.h>
#include <lifoguard/panic.h>
#include <lifoguard/registry.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static char trace[256];

static void reset(void)
{
    trace[0] = '\0';
}

static void append(char letter)
{
    size_t length = strlen(trace);
    if (length + 1 == sizeof(trace))
        abort(); /* an assertion of Check's would allocate */
    trace[length] = letter;
    trace[length + 1] = '\0';
}

static void note(void *letter)
{
    append(*(char *)letter);
}

static lg_error *fails(void *letter)
{
    note(letter);
    return lg_error_newf("%s failed", (const char *)letter);
}

static lg_error *succeeds(void *letter)
{
    note(letter);
    return NULL;
}

static void panics(void *letter)
{
    note(letter);
    lg_panic("%s panicked", (const char *)letter);
}

static void ends_the_thread(void *letter)
{
    note(letter);
    lg_goexit();
}

static void check_text(lg_error *error, const char *expected)
{
    char *text = lg_error_text(error);
    ck_assert_str_eq(text, expected);
    free(text);
    lg_error_free(error);
}

static void add(lg_registry *registry, void (*cleanup)(void *), const char *letter)
{
    ck_assert_ptr_null(lg_registry_add(registry, cleanup, (void *)(uintptr_t)letter));
}

static void add_failing(lg_registry *registry, lg_error *(*cleanup)(void *), const char *letter)
{
    ck_assert_ptr_null(lg_registry_add_failing(registry, cleanup, (void *)(uintptr_t)letter));
}

START_TEST(D1_cleanups_run_in_reverse)
{
    lg_registry registry = LG_REGISTRY_INIT;
    reset();
    ck_assert_ptr_null(lg_registry_run(&registry));
    for (int round = 0; round < 2; round++) {
        add(&registry, note, "a");
        add_failing(&registry, succeeds, "b");
        add(&registry, note, "c");
        ck_assert_uint_eq(lg_registry_count(&registry), 3);
        ck_assert_ptr_null(lg_registry_run(&registry));
        ck_assert_uint_eq(lg_registry_count(&registry), 0);
        ck_assert_ptr_null(lg_registry_run(&registry));
    }
    ck_assert_str_eq(trace, "cbacba");
}
END_TEST

static size_t in_order;

static void counts_down(void *number)
{
    in_order -= (uintptr_t)number == in_order;
}

START_TEST(D6_a_registry_takes_any_number)
{
    enum { MANY = 100000 };
    lg_registry registry;
    lg_registry_init(&registry);
    for (uintptr_t i = 1; i <= MANY; i++)
        ck_assert_ptr_null(lg_registry_add(&registry, counts_down, (void *)i));
    in_order = MANY;
    ck_assert_ptr_null(lg_registry_run(&registry));
    ck_assert_uint_eq(in_order, 0);
}
END_TEST

static lg_error *deferred(void)
{
    lg_func (lg_error *, err) {
        lg_registry registry = LG_REGISTRY_INIT;
        lg_defer(lg_registry_close, &registry, &err);
        add_failing(&registry, fails, "a");
        add(&registry, note, "b");
        add_failing(&registry, fails, "c");
        lg_return(lg_error_new("earlier"));
    }
}

START_TEST(E6_errors_are_joined_behind_an_earlier_one)
{
    reset();
    check_text(deferred(), "earlier; c failed; a failed");
    ck_assert_str_eq(trace, "cba");
}
END_TEST

START_TEST(E6_errors_can_be_dropped)
{
    lg_registry registry = LG_REGISTRY_INIT;
    add_failing(&registry, fails, "a");
    add_failing(&registry, fails, "b");
    errno = 4711;
    lg_registry_close(&registry, NULL);
    lg_registry_close(NULL, NULL);
    ck_assert_int_eq(errno, 4711);
    ck_assert_str_eq(trace, "ba");
}
END_TEST

START_TEST(S4_a_panic_becomes_an_error_and_the_rest_run)
{
    lg_registry registry = LG_REGISTRY_INIT;
    reset();
    add_failing(&registry, fails, "a");
    add(&registry, panics, "b");
    add(&registry, note, "c");
    add(&registry, panics, "d");
    add(&registry, note, "e");
    check_text(lg_registry_run(&registry), "d panicked; b panicked; a failed");
    ck_assert_str_eq(trace, "edcba");
}
END_TEST

static void stop(lg_panic_info *panic, lg_error **result)
{
    if (lg_recover(panic))
        *result = lg_error_join(*result, lg_panic_take_error(panic));
}

static lg_error *while_panicking(void)
{
    lg_func_recovers (lg_error *, err) {
        lg_defer_recover(stop, &err);
        lg_registry registry = LG_REGISTRY_INIT;
        lg_defer(lg_registry_close, &registry, &err);
        add(&registry, note, "a");
        add(&registry, panics, "b");
        add_failing(&registry, fails, "c");
        lg_panic("in the body");
    }
}

START_TEST(P1_a_panic_runs_them)
{
    reset();
    check_text(while_panicking(), "c failed; b panicked; in the body");
    ck_assert_str_eq(trace, "cba");
}
END_TEST

static lg_registry shared = LG_REGISTRY_INIT;

static void *ends_while_running(void *drop)
{
    lg_func (void *, result) {
        lg_error *err = NULL;
        lg_defer_block {
            lg_error_free(err);
        }
        add_failing(&shared, fails, "a");
        add(&shared, ends_the_thread, "b");
        add(&shared, panics, "c");
        add(&shared, ends_the_thread, "d");
        add_failing(&shared, fails, "e");
        if (drop)
            lg_registry_close(&shared, NULL);
        else
            lg_registry_close(&shared, &err);
        append('!');
    }
}

START_TEST(P6_a_goexit_of_one_lets_the_rest_run)
{
    for (int drop = 0; drop < 2; drop++) {
        pthread_t thread;
        void *result = &thread;
        reset();
        ck_assert_int_eq(pthread_create(&thread, NULL, ends_while_running, drop ? &drop : NULL), 0);
        ck_assert_int_eq(pthread_join(thread, &result), 0);
        ck_assert_ptr_null(result);
        ck_assert_str_eq(trace, "edcba");
    }
}
END_TEST

static void adds_more(void *letter)
{
    note(letter);
    add(&shared, note, "x");
    add(&shared, note, "y");
}

START_TEST(D8_a_cleanup_may_add)
{
    reset();
    add(&shared, note, "a");
    add(&shared, adds_more, "b");
    ck_assert_ptr_null(lg_registry_run(&shared));
    ck_assert_str_eq(trace, "byxa");
}
END_TEST

static void runs_the_rest(void *letter)
{
    note(letter);
    ck_assert_ptr_null(lg_registry_run(&shared));
    append('!');
}

START_TEST(D8_a_cleanup_may_run_the_others)
{
    reset();
    add(&shared, note, "a");
    add(&shared, note, "b");
    add(&shared, runs_the_rest, "c");
    ck_assert_ptr_null(lg_registry_run(&shared));
    ck_assert_str_eq(trace, "cba!");
}
END_TEST

/* ---- memory ---- */

START_TEST(D6_without_memory_a_cleanup_is_run_at_once)
{
    if (!can_fail_allocations())
        return;
    lg_registry registry = LG_REGISTRY_INIT;
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz";
    for (int forever = 0; forever < 2; forever++) {
        long fails_at = 0;
        bool was_enough;
        do {
            reset();
            lg_error *err = NULL;
            memory_watch(++fails_at, forever);
            int failures = 0;
            for (int i = 0; i < 26; i++) {
                err = lg_error_join(
                    err, lg_registry_add(&registry, note, (void *)(uintptr_t)&letters[i]));
                failures += err != NULL;
            }
            was_enough = memory.made < fails_at;
            size_t kept = lg_registry_count(&registry);
            lg_error *none = lg_registry_run(&registry);
            bool reported = lg_error_is(err, &lg_error_out_of_memory);
            lg_error_free(err);
            memory_ignore();
            ck_assert_ptr_null(none);
            ck_assert_int_eq(memory.live, 0);
            ck_assert_int_eq(reported, !was_enough);
            ck_assert_int_eq(failures == 0, was_enough);
            ck_assert_uint_eq(strlen(trace), 26); /* each once */
            for (int i = 0; i < 26; i++)
                ck_assert_ptr_nonnull(strchr(trace, letters[i]));
            ck_assert_uint_le(kept, 26);
            if (was_enough)
                ck_assert_str_eq(trace, "zyxwvutsrqponmlkjihgfedcba");
        } while (!was_enough);
        ck_assert_int_eq(fails_at, 4); /* 8, 16, 32 */
    }
}
END_TEST

START_TEST(D6_the_error_of_a_cleanup_run_at_once_is_returned_too)
{
    if (!can_fail_allocations())
        return;
    lg_registry registry = LG_REGISTRY_INIT;
    reset();
    memory_watch(1, false);
    lg_error *err = lg_registry_add_failing(&registry, fails, (char[]){"a"});
    memory_ignore();
    check_text(err, "register a cleanup: out of memory; a failed");
    memory_watch(1, false);
    err = lg_registry_add(&registry, panics, (char[]){"b"});
    memory_ignore();
    check_text(err, "register a cleanup: out of memory; b panicked");
    ck_assert_str_eq(trace, "ab");
    ck_assert_uint_eq(lg_registry_count(&registry), 0);
}
END_TEST

/* ---- threads ---- */

static atomic_int cleaned;

static void count(void *unused)
{
    (void)unused;
    atomic_fetch_add(&cleaned, 1);
}

static void *adds_and_runs(void *unused)
{
    for (int i = 0; i < 1000; i++) {
        lg_error *err = lg_registry_add(&shared, count, NULL);
        if (!err && i % 100 == 99)
            err = lg_registry_run(&shared);
        if (err)
            return err;
    }
    return unused;
}

START_TEST(D6_any_thread_may_add_and_run)
{
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, adds_and_runs, NULL), 0);
    for (int i = 0; i < 4; i++) {
        void *err;
        pthread_join(threads[i], &err);
        ck_assert_ptr_null(err);
    }
    ck_assert_ptr_null(lg_registry_run(&shared));
    ck_assert_int_eq(atomic_load(&cleaned), 4000);
}
END_TEST

RUN_TESTS("registry", D1_cleanups_run_in_reverse, D6_a_registry_takes_any_number,
          E6_errors_are_joined_behind_an_earlier_one, E6_errors_can_be_dropped,
          S4_a_panic_becomes_an_error_and_the_rest_run, P1_a_panic_runs_them,
          P6_a_goexit_of_one_lets_the_rest_run, D8_a_cleanup_may_add,
          D8_a_cleanup_may_run_the_others, D6_without_memory_a_cleanup_is_run_at_once,
          D6_the_error_of_a_cleanup_run_at_once_is_returned_too, D6_any_thread_may_add_and_run)
