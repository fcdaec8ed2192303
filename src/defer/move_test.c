/* D17: what a scope holds moves to another owner. */
#include "testing/memory.h"
#include "testing/test.h"

static void add(lg_scope *scope, int from, int to)
{
    for (int i = from; i < to; i++)
        lg_defer_in(scope, note_number, i);
}

static void expect_numbers(int from, int down_to)
{
    static char expected[sizeof(trace_text)];
    expected[0] = '\0';
    size_t used = 0;
    for (int i = from; i >= down_to; i--)
        used += (size_t)snprintf(expected + used, sizeof(expected) - used, "%s%d", used ? " " : "",
                                 i);
    expect_trace(expected);
}

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
    static const int numbers[] = {0, 1, 7, 8, 9, 23, 24, 25, 56, 57, 130};
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

/* ---- to an object ---- */

struct object {
    const char *name;
    lg_cleanups cleanups;
};

static void object_freed(struct object *object)
{
    note("freed");
    free(object);
}

static struct object *object_new(bool fails, int calls)
{
    lg_scope(undo);
    struct object *object = lg_adopt(&undo, (struct object *)calloc(1, sizeof(*object)),
                                     object_freed);
    ck_assert_ptr_nonnull(object);
    add(&undo, 0, calls);
    if (fails)
        return NULL;
    lg_move(&undo, &object->cleanups);
    note("made");
    return object;
}

START_TEST(D17_a_constructor_fails_half_way_or_succeeds_whole)
{
    ck_assert_ptr_null(object_new(true, 3));
    expect_trace("2 1 0 freed");
    struct object *object = object_new(false, 3);
    expect_trace("made");
    lg_defer_in(&object->cleanups, note, "later");
    const char *adopted = lg_adopt(&object->cleanups, "adopted", note);
    ck_assert_str_eq(adopted, "adopted");
    lg_cleanups_run(&object->cleanups);
    expect_trace("adopted later 2 1 0 freed");
}
END_TEST

START_TEST(D17_an_object_holds_any_number)
{
    for (int calls = 0; calls < 60; calls++) {
        struct object *object = object_new(false, calls);
        ck_assert_uint_eq(lg_cleanups_count(&object->cleanups), (size_t)calls + 1);
        trace_text[0] = '\0';
        lg_cleanups_run(&object->cleanups);
    }
}
END_TEST

START_TEST(D17_cleanups_can_be_filled_directly_moved_on_and_dismissed)
{
    lg_cleanups a = {0}, b = {0};
    lg_cleanups_run(&a);
    lg_cleanups_run(NULL);
    lg_cleanups_dismiss(&a);
    ck_assert_uint_eq(lg_cleanups_count(&a), 0);
    for (int i = 0; i < 30; i++)
        lg_defer_in(&a, note_number, i);
    lg_move(&a, &b);
    ck_assert_uint_eq(lg_cleanups_count(&a), 0);
    lg_defer_in(&a, note, "never");
    lg_cleanups_dismiss(&a);
    {
        lg_scope(s);
        lg_move(&b, &s);
    }
    expect_numbers(29, 0);
}
END_TEST

static void run_panicking(lg_cleanups *cleanups)
{
    lg_func_recovers_void {
        lg_defer_recover(stop);
        lg_cleanups_run(cleanups);
    }
}

START_TEST(D17_a_panic_in_one_call_of_an_object_keeps_none_from_running)
{
    lg_cleanups cleanups = {0};
    lg_defer_in(&cleanups, note, "a");
    lg_defer_in(&cleanups, panic_with, "b");
    lg_defer_in(&cleanups, note, "c");
    run_panicking(&cleanups);
    expect_trace("c a stopped: b");
    ck_assert_uint_eq(lg_cleanups_count(&cleanups), 0);
}
END_TEST

START_TEST(D17_the_calls_of_an_object_can_be_printed)
{
    static char text[4096];
    lg_cleanups cleanups = {0};
    lg_defer_in(&cleanups, note, "a");
    lg_defer_in(&cleanups, note_number, 7);
    FILE *file = fmemopen(text, sizeof(text), "w");
    ck_assert_ptr_nonnull(file);
    lg_cleanups_print(&cleanups, file);
    fclose(file);
    const char *second = strstr(text, "note(\"a\")  ");
    ck_assert_msg(strncmp(text, "note_number(7)  ", 16) == 0, "%s", text);
    ck_assert_msg(second && strstr(text, " 0x7\n") && strstr(text, "move_test.c:"), "%s", text);
    lg_cleanups_run(&cleanups);
    expect_trace("7 a");
}
END_TEST

/* ---- pending lists ---- */

static bool add_text(const lg_pending_call *call, void *text)
{
    strcat(strcat(text, call->call), ";");
    return true;
}

START_TEST(D12_pending_lists_show_moved_calls_at_their_new_owner)
{
    char text[256] = "", held[256] = "";
    {
        lg_cleanups cleanups = {0};
        lg_scope(outer);
        lg_defer(note, "between");
        lg_scope(inner);
        lg_defer_in(&inner, note, "moved");
        lg_move(&inner, &outer);
        lg_pending_visit(add_text, text);
        ck_assert_str_eq(text, "note(\"between\");note(\"moved\");");
        lg_move(&outer, &cleanups);
        text[0] = '\0';
        lg_pending_visit(add_text, text);
        ck_assert_str_eq(text, "note(\"between\");");
        ck_assert_uint_eq(lg_cleanups_visit(&cleanups, add_text, held), 1);
        ck_assert_str_eq(held, "note(\"moved\");");
        lg_move(&cleanups, &inner);
    }
    expect_trace("moved between");
}
END_TEST

/* ---- threads ---- */

static void take_from(void *scope)
{
    lg_func_recovers_void {
        lg_defer_recover(stop);
        lg_scope(mine);
        lg_move((lg_scope *)scope, &mine);
    }
}

static void give_to(void *scope)
{
    lg_func_recovers_void {
        lg_defer_recover(stop);
        lg_scope(mine);
        lg_defer_in(&mine, note, "stays");
        lg_move(&mine, (lg_scope *)scope);
    }
}

#define REFUSED                                                                                    \
    "stopped: lg_move: a scope belongs to another goroutine or thread, which alone may move its "  \
    "calls: hand them over in an lg_cleanups"

static void in_goroutine(void (*function)(void *), lg_scope *scope)
{
    lg_waitgroup group = LG_WAITGROUP_INIT;
    lg_waitgroup_go(&group, function, (void *)scope);
    lg_waitgroup_wait(&group);
}

START_TEST(D17_a_scope_of_another_thread_is_refused)
{
    {
        lg_scope(s);
        lg_defer_in(&s, note, "mine");
        on_thread(take_from, &s);
        expect_trace(REFUSED);
        on_thread(give_to, &s);
        expect_trace("stays " REFUSED);
        in_goroutine(take_from, &s);
        expect_trace(REFUSED);
        ck_assert_uint_eq(lg_scope_count(&s), 1);
    }
    expect_trace("mine");
}
END_TEST

static void fill(void *cleanups)
{
    lg_scope(s);
    lg_defer_in(&s, note, "from another thread");
    lg_move(&s, (lg_cleanups *)cleanups);
}

START_TEST(D17_calls_change_their_thread_in_an_lg_cleanups)
{
    lg_cleanups cleanups = {0};
    on_thread(fill, &cleanups);
    {
        lg_scope(s);
        lg_move(&cleanups, &s);
    }
    expect_trace("from another thread");
}
END_TEST

RUN_TESTS("defer/move", D17_all_calls_run_at_the_new_owner_in_their_order, D17_any_number_moves,
          D17_emptied_chunks_on_both_sides_do_no_harm, D17_dismissed_calls_are_not_moved,
          D17_moving_to_itself_does_nothing, D17_a_scope_can_be_moved_while_it_is_run,
          D17_what_is_moved_to_a_scope_that_is_run_runs_next, D17_a_panic_runs_what_was_moved,
          D17_moving_needs_no_memory_where_the_receiver_has_room,
          D17_without_memory_everything_stays_where_it_was,
          D17_a_constructor_fails_half_way_or_succeeds_whole, D17_an_object_holds_any_number,
          D17_cleanups_can_be_filled_directly_moved_on_and_dismissed,
          D17_the_calls_of_an_object_can_be_printed,
          D17_a_panic_in_one_call_of_an_object_keeps_none_from_running,
          D12_pending_lists_show_moved_calls_at_their_new_owner,
          D17_a_scope_of_another_thread_is_refused, D17_calls_change_their_thread_in_an_lg_cleanups)
