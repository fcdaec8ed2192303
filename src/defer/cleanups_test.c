/* Tests of lg_cleanups: deferred calls that an object holds. Rules are those of docs/rules.md. */
#include "testing/move.h"

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
    ck_assert_msg(second && strstr(text, " 0x7\n") && strstr(text, "cleanups_test.c:"), "%s", text);
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

RUN_TESTS("cleanups", D17_a_constructor_fails_half_way_or_succeeds_whole,
          D17_an_object_holds_any_number,
          D17_cleanups_can_be_filled_directly_moved_on_and_dismissed,
          D17_the_calls_of_an_object_can_be_printed,
          D17_a_panic_in_one_call_of_an_object_keeps_none_from_running,
          D12_pending_lists_show_moved_calls_at_their_new_owner,
          D17_a_scope_of_another_thread_is_refused, D17_calls_change_their_thread_in_an_lg_cleanups)
