/* D17: what a scope holds moves to another owner. */
#include "testing/move.h"

/* ---- to another scope ---- */

START_TEST(D17_all_calls_run_at_the_new_owner_in_their_order)
{
    {
        lg_scope(outer);
        lg_defer_in(&outer, note, "outer");
        {
            lg_scope(inner);
            lg_defer_in(&inner, note, "first");
            lg_defer_in(&inner, note, "second");
            lg_move(&inner, &outer);
            ck_assert_uint_eq(lg_scope_count(&inner), 0);
            ck_assert_uint_eq(lg_scope_count(&outer), 3);
            lg_defer_in(&inner, note, "inner");
        }
        note("between");
    }
    expect_trace("inner between second first outer");
}
END_TEST

/* Every number of calls on both sides, around where they begin to stand in chunks. */
static void move_numbers(int before, int moved, int after)
{
    {
        lg_scope(to);
        add(&to, 0, before);
        {
            lg_scope(from);
            add(&from, before, before + moved);
            lg_move(&from, &to);
            ck_assert_uint_eq(lg_scope_count(&from), 0);
        }
        add(&to, before + moved, before + moved + after);
        ck_assert_uint_eq(lg_scope_count(&to), (size_t)(before + moved + after));
    }
    expect_numbers(before + moved + after - 1, 0);
}

START_TEST(D17_any_number_moves)
{
    static const int numbers[] = {0, 1, 7, 8, 9, 27, 28, 29, 112, 113, 130};
    enum { COUNT = sizeof(numbers) / sizeof(numbers[0]) };
    for (int i = 0; i < COUNT * COUNT * COUNT; i++)
        move_numbers(numbers[i % COUNT], numbers[i / COUNT % COUNT], numbers[i / COUNT / COUNT]);
}
END_TEST

START_TEST(D17_emptied_chunks_on_both_sides_do_no_harm)
{
    {
        lg_scope(to);
        lg_scope(from);
        add(&to, 0, 100);
        lg_scope_dismiss(&to);
        add(&from, 0, 100);
        lg_scope_dismiss(&from);
        add(&to, 0, 10);
        add(&from, 10, 60);
        lg_move(&from, &to);
        add(&from, 60, 90);
        lg_move(&from, &to);
        add(&from, 90, 95);
        lg_move(&from, &to);
        add(&to, 95, 200);
    }
    expect_numbers(199, 0);
}
END_TEST

START_TEST(D17_dismissed_calls_are_not_moved)
{
    {
        lg_scope(to);
        lg_scope(from);
        lg_deferred *a = lg_defer_in(&from, note, "a");
        lg_defer_in(&from, note, "b");
        lg_deferred_dismiss(a);
        lg_move(&from, &to);
        lg_deferred_dismiss(a);
        lg_deferred_run(a);
        ck_assert_uint_eq(lg_scope_count(&to), 1);
    }
    expect_trace("b");
}
END_TEST

START_TEST(D17_moving_to_itself_does_nothing)
{
    {
        lg_scope(s);
        add(&s, 0, 20);
        lg_move(&s, &s);
        ck_assert_uint_eq(lg_scope_count(&s), 20);
    }
    expect_numbers(19, 0);
}
END_TEST

static void move_away(lg_scope *from, lg_scope *to)
{
    note("move");
    lg_move(from, to);
}

static void moves_while_it_is_run(bool panics)
{
    lg_func_recovers_void {
        lg_defer_recover(stop);
        lg_scope(to);
        lg_defer_in(&to, note, "to");
        lg_defer(note, "between");
        lg_scope(from);
        add(&from, 0, 20);
        lg_defer_in(&from, move_away, &from, &to);
        lg_defer_in(&from, note, "newest");
        if (panics)
            lg_panic("moving");
    }
}

START_TEST(D17_a_scope_can_be_moved_while_it_is_run)
{
    for (int panics = 0; panics < 2; panics++) {
        moves_while_it_is_run(panics);
        expect_trace(
            panics
                ? "newest move between 19 18 17 16 15 14 13 12 11 10 9 8 7 6 5 4 3 2 1 0 to stopped: moving"
                : "newest move between 19 18 17 16 15 14 13 12 11 10 9 8 7 6 5 4 3 2 1 0 to");
    }
}
END_TEST

START_TEST(D17_what_is_moved_to_a_scope_that_is_run_runs_next)
{
    {
        lg_scope(from);
        lg_defer_in(&from, note, "moved");
        lg_scope(to);
        lg_defer_in(&to, note, "oldest");
        lg_defer_in(&to, move_away, &from, &to);
    }
    expect_trace("move moved oldest");
}
END_TEST

static void panic_after_moving(void)
{
    lg_func_recovers_void {
        lg_defer_recover(stop);
        lg_scope(to);
        {
            lg_scope(from);
            add(&from, 0, 12);
            lg_move(&from, &to);
            lg_panic("after");
        }
    }
}

START_TEST(D17_a_panic_runs_what_was_moved)
{
    panic_after_moving();
    expect_trace("11 10 9 8 7 6 5 4 3 2 1 0 stopped: after");
}
END_TEST

/* ---- memory ---- */

START_TEST(D17_moving_needs_no_memory_where_the_receiver_has_room)
{
    lg_scope(to);
    lg_scope(from);
    for (int i = 0; i < 50; i++) {
        lg_defer_in(&from, note_number, i);
        lg_defer_in(&to, note_number, i);
    }
    lg_move(&from, &to); /* learns where the stack ends */
    lg_scope_dismiss(&to);
    add(&from, 0, 50);
    memory_watch(0);
    lg_move(&from, &to);
    memory_ignore();
    ck_assert_int_eq(memory.made, 0);
    lg_scope_dismiss(&to);
}
END_TEST

static void move_without_memory(void)
{
    lg_func_recovers_void {
        lg_defer_recover(stop);
        lg_scope(to);
        lg_scope(from);
        lg_move(&from, &to);
        lg_defer_in(&from, note, "f");
        lg_defer_in(&from, note, "g");
        add(&to, 0, 7);
        memory_watch(1);
        lg_move(&from, &to);
    }
}

START_TEST(D17_without_memory_everything_stays_where_it_was)
{
    if (!memory_can_fail())
        return;
    move_without_memory();
    memory_ignore();
    expect_trace(
        "g f 6 5 4 3 2 1 0 stopped: lg_move: out of memory; the calls stay where they were");
}
END_TEST

RUN_TESTS("move", D17_all_calls_run_at_the_new_owner_in_their_order, D17_any_number_moves,
          D17_emptied_chunks_on_both_sides_do_no_harm, D17_dismissed_calls_are_not_moved,
          D17_moving_to_itself_does_nothing, D17_a_scope_can_be_moved_while_it_is_run,
          D17_what_is_moved_to_a_scope_that_is_run_runs_next, D17_a_panic_runs_what_was_moved,
          D17_moving_needs_no_memory_where_the_receiver_has_room,
          D17_without_memory_everything_stays_where_it_was)
