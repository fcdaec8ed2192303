/* Panics in panics, and without memory: P4, P9, P10. */
#include "testing/nested.h"

/* ---- P4 ---- */

static void replaces(void)
{
    lg_func_recovers_void {
        lg_defer(note, "a");
        lg_defer_recover(chain);
        lg_defer(note, "b");
        lg_defer(panic_with, "third");
        lg_defer(note, "c");
        lg_defer(panic_with, "second");
        lg_defer(note, "d");
        lg_panic("first");
    }
}

START_TEST(P4_a_new_panic_replaces_the_old_one_which_stays_reachable)
{
    replaces();
    expect_trace("d c b third second first a");
}
END_TEST

static void replaced_in_outer_frames(void)
{
    lg_defer(panic_with, "second");
    lg_panic("first");
}

static void replaced_across(void)
{
    lg_func_recovers_void {
        lg_defer_recover(chain);
        lg_scope(s);
        lg_defer_in(&s, panic_with, "third");
        replaced_in_outer_frames();
    }
}

START_TEST(P4_across_functions_and_scopes)
{
    replaced_across();
    expect_trace("third second first");
}
END_TEST

static void panics_while_leaving(void)
{
    lg_func_recovers_void {
        lg_defer_recover(chain);
        lg_defer(note, "a");
        lg_defer(panic_with, "only");
        lg_defer(note, "b");
        lg_return_void();
    }
}

START_TEST(P4_a_panic_of_a_deferred_call_on_return_leaves_the_rest_to_run)
{
    panics_while_leaving();
    expect_trace("b a only");
}
END_TEST

static void recovers_and_panics(lg_panic_info *panic, const char *message)
{
    lg_recover(panic);
    lg_panic("%s", message);
}

static void panics_again(void)
{
    lg_func_recovers_void {
        lg_defer_recover(chain);
        lg_defer(note, "a");
        lg_defer_recover(recovers_and_panics, "again");
        lg_panic("first");
    }
}

START_TEST(P4_a_recovering_call_may_panic_again)
{
    panics_again();
    expect_trace("a again first");
}
END_TEST

static void panics_after_recovery(void)
{
    lg_func_recovers_void {
        lg_defer_recover(chain);
        lg_defer(panic_with, "new");
        lg_defer_recover(stop);
        lg_panic("old");
    }
}

START_TEST(P4_a_recovered_panic_is_not_the_previous_of_a_later_one)
{
    panics_after_recovery();
    expect_trace("stopped: old new");
}
END_TEST

/* A panic may leave a deferred block when nothing else is being unwound. */
static void from_a_block(void)
{
    lg_func_recovers_void {
        lg_defer_recover(chain);
        lg_defer(note, "a");
        lg_defer_block {
            lg_panic("block");
        }
        lg_defer(note, "b");
        lg_return_void();
    }
}

START_TEST(P4_a_block_may_panic_when_its_function_returns)
{
    from_a_block();
    expect_trace("b a block");
}
END_TEST

static void block_in_panic(void *data)
{
    (void)data;
    lg_func_recovers_void {
        lg_defer_recover(tell_stop);
        lg_defer(tell, "a");
        lg_defer_block {
            lg_panic("block");
        }
        lg_panic("first");
    }
}

/* As with a C++ destructor, clang's code cannot pass on a panic that leaves a block run by another. */
START_TEST(P4_a_block_run_by_a_panic_must_not_panic_on_clang)
{
    struct outcome *outcome = in_child(block_in_panic, NULL);
#if defined(__clang__)
    expect_status(outcome, 2);
    expect_in_err(outcome, "panic: block");
    expect_in_err(outcome, "put what may panic into lg_defer(function, ...)");
#else
    expect_status(outcome, 0);
    expect_out(outcome, "a block ");
#endif
}
END_TEST

/* ---- P10 ---- */

static void count_chain(lg_panic_info *panic, int *length)
{
    for (const lg_panic_info *p = panic; p; p = lg_panic_previous(p))
        ++*length;
    lg_recover(panic);
}

static void panics_in_a_row(int number, int *length)
{
    lg_func_recovers_void {
        lg_defer_recover(count_chain, length);
        lg_scope(s);
        for (int i = 0; i < number; i++)
            lg_defer_in(&s, panic_with, "one of many");
        lg_panic("first");
    }
}

START_TEST(P10_panicking_needs_no_memory)
{
    catches(2, 0); /* the first panic of a process may load what the unwinder needs */
    memory_watch(1);
    catches(2, 0);
    catches(2, 1);
    replaces();
    memory_ignore();
    ck_assert_int_eq(memory.made, 0);
    trace_text[0] = '\0';
}
END_TEST

static void raises(int number)
{
    lg_panic("%d", number);
}

/* More panics than there are places for, with no memory: the newest ones are kept, and nothing is lost but
 * history. */
static void row_of_eight_per_scope(int levels, int *length)
{
    lg_scope(s);
    for (int i = 0; i < 8; i++)
        lg_defer_in(&s, raises, levels * 10 + i);
    if (levels > 0)
        row_of_eight_per_scope(levels - 1, length);
    else
        lg_panic("first");
}

static int last_number;

static void row_of_many(int levels, int *length)
{
    lg_func_recovers_void {
        lg_defer_recover(count_chain, length);
        row_of_eight_per_scope(levels, length);
    }
}

START_TEST(P10_more_replaced_panics_than_places_without_memory)
{
    int length = 0;
    row_of_many(20, &length);
    ck_assert_int_eq(length, 8 * 21 + 1);
    if (!memory_can_fail())
        return;
    length = 0;
    memory_watch(1);
    row_of_many(20, &length);
    memory_ignore();
    ck_assert_int_ge(length, 60);
    ck_assert_int_le(length, 64);
    length = 0;
    row_of_many(20, &length);
    ck_assert_int_eq(length, 8 * 21 + 1); /* every place was given back */
    panics_in_a_row(300, &last_number);
    ck_assert_int_eq(last_number, 301);
}
END_TEST

/* Each begun in a deferred call of the one before, and none over yet. */
static void (*volatile nested)(int);

static void nested_panics(int depth)
{
    if (depth > 0) {
        lg_defer(nested, depth - 1);
        lg_panic("%d", depth);
    }
}

static void nest(int depth, int *length)
{
    lg_func_recovers_void {
        lg_defer_recover(count_chain, length);
        nested = nested_panics;
        nested_panics(depth);
    }
}

START_TEST(P10_nested_panics_in_any_number)
{
    int length = 0;
    nest(300, &length);
    ck_assert_int_eq(length, 300);
    length = 0;
    memory_watch(1);
    nest(60, &length);
    memory_ignore();
    ck_assert_int_eq(length, 60);
}
END_TEST

static void nest_without_memory(void *data)
{
    int length = 0;
    memory_watch(1);
    nest(200, &length);
    memory_ignore();
    tell_stop(data);
}

/* Where no place can be won back, since every panic is still under way, the process ends, and says why. */
START_TEST(P10_nested_panics_without_memory_end_clearly)
{
    if (!memory_can_fail())
        return;
    struct outcome *outcome = in_child(nest_without_memory, NULL);
    expect_status(outcome, 2);
    expect_in_err(outcome, "out of memory, with more than 64 panics under way at once");
}
END_TEST

RUN_TESTS("nested", P4_a_new_panic_replaces_the_old_one_which_stays_reachable,
          P4_across_functions_and_scopes,
          P4_a_panic_of_a_deferred_call_on_return_leaves_the_rest_to_run,
          P4_a_recovering_call_may_panic_again,
          P4_a_recovered_panic_is_not_the_previous_of_a_later_one,
          P4_a_block_may_panic_when_its_function_returns,
          P4_a_block_run_by_a_panic_must_not_panic_on_clang, P10_panicking_needs_no_memory,
          P10_more_replaced_panics_than_places_without_memory, P10_nested_panics_in_any_number,
          P10_nested_panics_without_memory_end_clearly)
