/* D21: scopes whose calls run at once. */
#include "testing/failing_malloc.h"

#include "testing/group.h"

#include <lifoguard/at_once.h>
#include <lifoguard/panic.h>

static void expect_text(lg_error *error, const char *text)
{
    char buffer[256];
    lg_error_format(error, buffer, sizeof(buffer));
    ck_assert_str_eq(buffer, text);
    lg_error_free(error);
}

/* ---- at once, and waited for ---- */

enum { MANY = 20 };

/* Returns when all have begun. */
static void meet(atomic_int *begun, int count, atomic_int *ended)
{
    atomic_fetch_add(begun, 1);
    while (*begun < count)
        lg_sleep(20 * LG_MICROSECOND);
    atomic_fetch_add(ended, 1);
}

static void all_meet(void)
{
    atomic_int begun = 0, ended = 0;
    for (int count = 0; count <= MANY; count += count < 3 ? 1 : 17) {
        begun = ended = 0;
        {
            lg_at_once(scope, NULL);
            for (int i = 0; i < count; i++)
                lg_defer_at_once(&scope, meet, &begun, count, &ended);
            ck_assert_int_eq(begun, 0);
        }
        ck_assert_int_eq(ended, count);
    }
}

START_TEST(d21_the_calls_run_at_the_same_time_and_are_waited_for)
{
    everywhere(all_meet);
}
END_TEST

static void append(char *order, const char *what)
{
    strcat(order, what);
}

START_TEST(d21_it_has_its_place_in_the_one_order)
{
    char order[16] = "";
    {
        lg_defer(append, order, "c");
        lg_at_once(scope, NULL);
        lg_defer_at_once(&scope, append, order, "b");
        lg_defer(append, order, "a");
    }
    ck_assert_str_eq(order, "abc");
}
END_TEST

/* ---- errors ---- */

static const char *const names[] = {"0", "1", "2", "3"};

/* Each ends when those that were registered before it have: the reverse of the order of the errors. */
static lg_error *fail_in_turn(atomic_int *turn, int number)
{
    while (*turn < number)
        lg_sleep(20 * LG_MICROSECOND);
    atomic_fetch_add(turn, 1);
    return number == 2 ? NULL : lg_error_new(names[number]);
}

static lg_error *fail_all(void)
{
    lg_func (lg_error *, err) {
        atomic_int turn = 0;
        lg_at_once(scope, &err);
        for (int i = 0; i < 4; i++)
            lg_defer_at_once(&scope, fail_in_turn, &turn, i);
        lg_return(lg_error_new("first"));
    }
}

static void errors_in_order(void)
{
    expect_text(fail_all(), "first; 3; 1; 0");
}

START_TEST(d21_errors_are_joined_in_the_order_of_a_scope)
{
    everywhere(errors_in_order);
}
END_TEST

static int return_int(int number)
{
    return number;
}

static void panic_now(const char *what)
{
    lg_panic("%s", what);
}

static void leave_by_goexit(void)
{
    lg_goexit();
}

static lg_error *end_in_every_way(atomic_int *count)
{
    lg_func (lg_error *, err) {
        lg_at_once(scope, &err);
        lg_defer_at_once(&scope, add_one, count);
        lg_defer_at_once(&scope, panic_now, "broken");
        lg_defer_at_once(&scope, leave_by_goexit);
        lg_defer_at_once(&scope, return_int, 3);
        void (*null)(void) = NULL;
        lg_defer_at_once(&scope, null);
        lg_defer_at_once(&scope, fail_with, &one_error);
    }
}

START_TEST(d21_a_panic_is_an_error_and_stops_no_other)
{
    atomic_int count = 0;
    lg_error *error = end_in_every_way(&count);
    ck_assert_int_eq(count, 1);
    ck_assert_ptr_nonnull(lg_error_find(error, &lg_panic_kind));
    expect_text(error, "one; panic: deferred call of a NULL function: null(); panic: broken");
}
END_TEST

static void take_time(void)
{
    lg_time began = lg_now();
    while (lg_since(began) < LG_MICROSECOND)
        ;
}

static lg_error *overrun(void)
{
    lg_func (lg_error *, err) {
        lg_at_once(scope, &err);
        lg_defer_at_once_within(&scope, LG_HOUR, take_time);
        lg_defer_at_once_within(&scope, LG_NANOSECOND, take_time);
    }
}

START_TEST(d20_d21_a_call_has_a_limit)
{
    lg_error *error = overrun();
    ck_assert(lg_error_is(error, &lg_error_overrun));
    char text[256];
    lg_error_format(error, text, sizeof(text));
    ck_assert_int_eq(occurrences(text, "take_time() took "), 1);
    lg_error_free(error);
}
END_TEST

/* ---- however the block is left ---- */

static void leave_by_panic(atomic_int *count)
{
    lg_at_once(scope, NULL);
    lg_defer_at_once(&scope, meet, count, 2, count);
    lg_defer_at_once(&scope, meet, count, 2, count);
    lg_panic("left");
}

static void by_panic(void)
{
    atomic_int count = 0;
    expect_text(lg_call_contained(leave_by_panic, &count), "panic: left");
    ck_assert_int_eq(count, 4);
}

START_TEST(d21_also_when_a_panic_leaves_the_block)
{
    everywhere(by_panic);
}
END_TEST

static void register_here(lg_at_once *scope, atomic_int *count)
{
    lg_defer_at_once(scope, add_one, count);
}

START_TEST(d21_a_helper_registers_calls)
{
    atomic_int count = 0;
    for (int i = 0; i < 3; i++) {
        lg_at_once(scope, NULL);
        register_here(&scope, &count);
        if (i == 1)
            continue;
        register_here(&scope, &count);
    }
    ck_assert_int_eq(count, 5);
}
END_TEST

static void tell_it(const char *word)
{
    tell(word);
}

static void exit_within(void *data)
{
    (void)data;
    lg_at_once(scope, NULL);
    lg_defer_at_once(&scope, tell_it, "closed");
    lg_defer_at_once(&scope, tell_it, "closed");
    lg_exit(7);
}

START_TEST(d21_an_exit_makes_the_calls)
{
    struct outcome *outcome = in_child(exit_within, NULL);
    expect_status(outcome, 7);
    expect_out(outcome, "closed closed ");
}
END_TEST

/* ---- memory ---- */

static lg_error *register_many(atomic_int *count)
{
    lg_func (lg_error *, err) {
        lg_at_once(scope, &err);
        for (int i = 0; i < MANY; i++)
            lg_defer_at_once(&scope, add_one, count);
    }
}

static lg_error *contained_many(atomic_int *count, long failing)
{
    memory_watch(failing, true);
    lg_error *error = lg_call_contained(register_many, count);
    memory_ignore();
    return error;
}

/* D6: one for which there is no memory is made at once. One for which there is no goroutine is made by the caller. */
START_TEST(d21_without_memory_every_registered_call_is_made)
{
    if (!can_fail_allocations())
        return;
    ck_assert_ptr_null(lg_set_workers(2));
    atomic_int count = 0;
    for (long failing = 1; failing <= MANY - LGI_SCOPE_FIRST; failing++) {
        count = 0;
        lg_error_free(contained_many(&count, failing));
        ck_assert_int_eq(count, LGI_SCOPE_FIRST + failing);
    }
    for (long failing = MANY - LGI_SCOPE_FIRST + 1; failing < 3 * MANY; failing++) {
        count = 0;
        ck_assert_ptr_null(contained_many(&count, failing));
        ck_assert_int_eq(count, MANY);
    }
}
END_TEST

RUN_TESTS("at-once", d21_the_calls_run_at_the_same_time_and_are_waited_for,
          d21_it_has_its_place_in_the_one_order, d21_errors_are_joined_in_the_order_of_a_scope,
          d21_a_panic_is_an_error_and_stops_no_other, d20_d21_a_call_has_a_limit,
          d21_also_when_a_panic_leaves_the_block, d21_a_helper_registers_calls,
          d21_an_exit_makes_the_calls, d21_without_memory_every_registered_call_is_made)
