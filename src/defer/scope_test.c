/* Scopes: D6, and what other rules say of them. */
#include <pthread.h>

#include "testing/memory.h"
#include "testing/test.h"

static void count(long *counter)
{
    ++*counter;
}

/* ---- D6: from a conditional, a loop, a helper ---- */

static void registers(lg_scope *scope, const char *word)
{
    lg_defer_in(scope, note, word);
}

static void conditionally(bool condition)
{
    lg_scope(s);
    if (condition)
        lg_defer_in(&s, note, "conditional");
    for (int i = 0; i < 3; i++)
        lg_defer_in(&s, note_number, i);
    registers(&s, "helper");
    note("body");
}

START_TEST(D6_a_scope_takes_calls_from_conditionals_loops_and_helpers)
{
    conditionally(true);
    expect_trace("body helper 2 1 0 conditional");
    conditionally(false);
    expect_trace("body helper 2 1 0");
}
END_TEST

static void in_expression(lg_scope *scope)
{
    lg_deferred *a = lg_defer_in(scope, note, "a"), *b = lg_defer_in(scope, note, "b");
    lg_deferred_dismiss(a != b ? a : b);
}

START_TEST(D6_registering_is_an_expression)
{
    {
        lg_scope(s);
        in_expression(&s);
    }
    expect_trace("b");
}
END_TEST

static void into_the_outer(lg_scope *outer)
{
    lg_scope(inner);
    lg_defer_in(&inner, note, "inner");
    lg_defer_in(outer, note, "outer");
    note("body");
}

START_TEST(D6_each_scope_runs_its_own)
{
    {
        lg_scope(s);
        lg_defer(note, "between");
        into_the_outer(&s);
        note("left");
    }
    expect_trace("body inner left between outer");
}
END_TEST

/* ---- D6: any number ---- */

static void check_order(int *next, int number)
{
    if (*next != number)
        note_pair("out of order: ", number);
    --*next;
}

static void many(int *next, int number, bool panics)
{
    lg_func_recovers_void {
        lg_defer_recover(stop);
        lg_scope(s);
        for (int i = 0; i < number; i++)
            lg_defer_in(&s, check_order, next, i);
        ck_assert_uint_eq(lg_scope_count(&s), (size_t)number);
        if (panics)
            lg_panic("many");
    }
}

START_TEST(D6_scope_takes_a_million)
{
    int next = 999999;
    many(&next, 1000000, false);
    ck_assert_int_eq(next, -1);
    expect_trace("");
}
END_TEST

START_TEST(D6_a_million_run_on_panic_too)
{
    int next = 999999;
    many(&next, 1000000, true);
    ck_assert_int_eq(next, -1);
    expect_trace("stopped: many");
}
END_TEST

START_TEST(D6_any_number_in_reverse)
{
    for (int number = 0; number < 200; number++)
        for (int panics = 0; panics < 2; panics++) {
            int next = number - 1;
            many(&next, number, panics);
            ck_assert_int_eq(next, -1);
        }
}
END_TEST

static void scope_of(long *counter, int number)
{
    lg_scope(s);
    for (int i = 0; i < number; i++)
        lg_defer_in(&s, count, counter);
}

START_TEST(D6_the_first_eight_need_no_allocation)
{
    long ran = 0;
    memory_watch(0);
    scope_of(&ran, 8);
    memory_ignore();
    ck_assert_int_eq(ran, 8);
    ck_assert_int_eq(memory.made, 0);
    memory_watch(0);
    scope_of(&ran, 9);
    memory_ignore();
    ck_assert_int_eq(ran, 17);
    long made = memory.made;
    if (memory_can_fail())
        ck_assert_int_eq(made, 1);
}
END_TEST

static void calls_of_other_forms(long *counter)
{
    lg_func_recovers_void {
        lg_defer_recover(stop);
        lg_defer(count, counter);
        lg_defer_as(named, count, counter);
        lg_defer_block {
            count(counter);
        }
        lg_defer_on_error(count, counter);
        lg_panic("end");
    }
}

START_TEST(D6_the_other_forms_never_allocate)
{
    long ran = 0;
    calls_of_other_forms(&ran); /* the first panic of a process may load what the unwinder needs */
    memory_watch(0);
    calls_of_other_forms(&ran);
    memory_ignore();
    ck_assert_int_eq(ran, 8);
    ck_assert_int_eq(memory.made, 0);
}
END_TEST

static void hundred(void)
{
    long ran = 0;
    {
        lg_scope(s);
        for (int i = 0; i < 100; i++)
            lg_defer_in(&s, count, &ran);
    }
    ck_assert_int_eq(ran, 100);
}

START_TEST(D6_a_thread_keeps_room_for_the_next_scope)
{
    if (!memory_can_fail())
        return;
    hundred();
    memory_watch(0);
    hundred();
    memory_ignore();
    ck_assert_int_eq(memory.made, 1);
}
END_TEST

/* A scope that is left while the thread ends, after what the thread kept may have been freed. */
static void in_destructor(void *rounds)
{
    hundred();
    ++*(int *)rounds;
}

static void *uses_scopes(void *rounds)
{
    pthread_key_t key;
    hundred();
    ck_assert_int_eq(pthread_key_create(&key, in_destructor), 0);
    ck_assert_int_eq(pthread_setspecific(key, rounds), 0);
    return NULL;
}

START_TEST(D6_a_scope_grows_while_its_thread_ends)
{
    int rounds = 0;
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, uses_scopes, &rounds), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_int_eq(rounds, 1);
}
END_TEST

/* ---- D6: out of memory ---- */

static void full(int number)
{
    lg_func_recovers_void {
        lg_defer_recover(stop);
        lg_defer(note, "outer");
        lg_scope(s);
        for (int i = 0; i < number; i++)
            lg_defer_in(&s, note_number, i);
        note("not reached");
    }
}

START_TEST(D6_out_of_memory_the_call_is_made_at_once_and_then_it_panics)
{
    if (!memory_can_fail())
        return;
    memory_watch(1);
    full(100);
    memory_ignore();
    ck_assert_int_eq(memory.failed, 1);
    expect_trace(
        "8 7 6 5 4 3 2 1 0 outer stopped: out of memory for a deferred call, which was made "
        "at once");
    memory_watch(2);
    full(100);
    memory_ignore();
    expect_trace(
        "28 27 26 25 24 23 22 21 20 19 18 17 16 15 14 13 12 11 10 9 8 7 6 5 4 3 2 1 0 outer "
        "stopped: out of memory for a deferred call, which was made at once");
}
END_TEST

static void full_of_panics(void)
{
    lg_func_recovers_void {
        lg_defer_recover(stop);
        lg_scope(s);
        for (int i = 0; i < 8; i++)
            lg_defer_in(&s, note_number, i);
        lg_defer_in(&s, panic_with, "itself");
        note("not reached");
    }
}

START_TEST(D6_out_of_memory_and_the_call_panics_itself)
{
    if (!memory_can_fail())
        return;
    memory_watch(1);
    full_of_panics();
    memory_ignore();
    expect_trace("7 6 5 4 3 2 1 0 stopped: itself");
}
END_TEST

/* Every allocation made to fail once: nothing is lost and nothing runs twice. */
static void fill(long *ran, long *registered)
{
    lg_func_recovers_void {
        lg_defer_recover(stop);
        lg_scope(s);
        for (int i = 0; i < 2000; i++) {
            ++*registered;
            lg_defer_in(&s, count, ran);
        }
    }
}

START_TEST(D6_out_of_memory_anywhere_nothing_is_lost)
{
    if (!memory_can_fail())
        return;
    for (long failing = 1;; failing++) {
        long ran = 0, registered = 0;
        memory_watch(failing);
        fill(&ran, &registered);
        memory_ignore();
        ck_assert_int_eq(ran, registered);
        trace_text[0] = '\0';
        if (memory.failed == 0)
            break;
    }
}
END_TEST

RUN_TESTS("scope", D6_a_scope_takes_calls_from_conditionals_loops_and_helpers,
          D6_registering_is_an_expression, D6_each_scope_runs_its_own, D6_scope_takes_a_million,
          D6_a_million_run_on_panic_too, D6_any_number_in_reverse,
          D6_the_first_eight_need_no_allocation, D6_the_other_forms_never_allocate,
          D6_a_thread_keeps_room_for_the_next_scope, D6_a_scope_grows_while_its_thread_ends,
          D6_out_of_memory_the_call_is_made_at_once_and_then_it_panics,
          D6_out_of_memory_and_the_call_panics_itself, D6_out_of_memory_anywhere_nothing_is_lost)
