/* Every way of leaving a block, and those that skip what is deferred: D4, D5, D6, D10; the one order: D13. */
#include "testing/exits.h"

/* ---- D4 ---- */

FORM(block, lg_defer_block { note("x"); })

FORM(two, lg_defer(note, "y"); lg_defer_block { note("x"); })
FORM(nested, lg_defer(note, "y"); { lg_defer(note, "x"); } lg_defer(note, "z");)

static int func_recovering(enum leaving how)
{
    lg_func_recovers (int, result) {
        LOOP(lg_return(3), lg_defer_recover(note_only, "x");)
        lg_return(3);
    }
}

static void leave_recovering(enum leaving how)
{
    ck_assert_int_eq(func_recovering(how), 3);
}

static void expect_leavings(void (*leave)(enum leaving), const char *const expected[LEAVINGS])
{
    for (int how = 0; how < LEAVINGS; how++) {
        struct drive data = {leave, (enum leaving)how};
        bool returned = on_thread(drive, &data);
        ck_assert_int_eq(returned, how != GOEXIT);
        expect_trace(expected[how]);
    }
}

static const char *const one[LEAVINGS] = {
    [FALL_THROUGH] = "body x body x after",
    [RETURN] = "x",
    [BREAK] = "x after",
    [CONTINUE] = "x x after",
    [GOTO] = "x out",
    [PANIC] = "x stopped: out",
    [GOEXIT] = "x",
};

START_TEST(D4_every_exit_runs_a_block)
{
    expect_leavings(leave_block, one);
}
END_TEST

START_TEST(D4_every_exit_runs_a_call)
{
    expect_leavings(leave_call, one);
    expect_leavings(leave_call_in_func, one);
}
END_TEST

START_TEST(D4_every_exit_runs_a_named_call)
{
    expect_leavings(leave_as, one);
}
END_TEST

START_TEST(D4_every_exit_runs_a_scope)
{
    expect_leavings(leave_scope, one);
}
END_TEST

START_TEST(D4_every_exit_runs_a_contained_call)
{
    expect_leavings(leave_contained, one);
}
END_TEST

START_TEST(D4_every_exit_runs_a_recovering_call)
{
    expect_leavings(leave_recovering, one);
}
END_TEST

START_TEST(D1_D4_every_exit_runs_in_reverse)
{
    static const char *const expected[LEAVINGS] = {
        [FALL_THROUGH] = "body x y body x y after",
        [RETURN] = "x y",
        [BREAK] = "x y after",
        [CONTINUE] = "x y x y after",
        [GOTO] = "x y out",
        [PANIC] = "x y stopped: out",
        [GOEXIT] = "x y",
    };
    expect_leavings(leave_two, expected);
}
END_TEST

START_TEST(D4_an_inner_block_is_left_first)
{
    static const char *const expected[LEAVINGS] = {
        [FALL_THROUGH] = "x body z y x body z y after",
        [RETURN] = "x z y",
        [BREAK] = "x z y after",
        [CONTINUE] = "x z y x z y after",
        [GOTO] = "x z y out",
        [PANIC] = "x z y stopped: out",
        [GOEXIT] = "x z y",
    };
    expect_leavings(leave_nested, expected);
}
END_TEST

static int goes_back(int times)
{
    int turns = 0;
again: {
    lg_defer(note_number, turns);
    if (++turns < times)
        goto again;
}
    return turns;
}

START_TEST(D4_goto_back_leaves_the_block_too)
{
    ck_assert_int_eq(goes_back(3), 3);
    expect_trace("0 1 2");
}
END_TEST

static void in_switch(int n)
{
    switch (n) {
    case 0: {
        lg_defer(note, "zero");
        break;
    }
    case 1: {
        lg_defer(note, "one");
    }
        __attribute__((fallthrough));
    default: {
        lg_defer(note, "default");
        note("body");
    }
    }
}

START_TEST(D4_a_case_with_braces_is_a_block)
{
    in_switch(0);
    expect_trace("zero");
    in_switch(1);
    expect_trace("one body default");
    in_switch(2);
    expect_trace("body default");
}
END_TEST

/* ---- D5 ---- */

static void returns_early(bool early)
{
    lg_defer(note, "first");
    if (early)
        return;
    lg_defer(note, "second");
    lg_defer_block {
        note("third");
    }
}

START_TEST(D5_registered_only_when_reached)
{
    returns_early(true);
    expect_trace("first");
    returns_early(false);
    expect_trace("third second first");
}
END_TEST

static void panics_early(bool early)
{
    lg_func_recovers_void {
        lg_defer_recover(stop);
        if (early)
            lg_panic("early");
        lg_defer(note, "late");
        lg_defer_block {
            note("later");
        }
        lg_panic("late");
    }
}

START_TEST(D5_a_panic_does_not_run_what_was_not_reached)
{
    panics_early(true);
    expect_trace("stopped: early");
    panics_early(false);
    expect_trace("later late stopped: late");
}
END_TEST

/* ---- D6, the loop body ---- */

START_TEST(D6_a_defer_in_a_loop_body_runs_at_the_end_of_each_pass)
{
    for (int i = 0; i < 3; i++) {
        lg_defer(note_pair, "end", i);
        note_pair("pass", i);
    }
    expect_trace("pass0 end0 pass1 end1 pass2 end2");
}
END_TEST

/* ---- D10 ---- */

static void skipped(const char *word)
{
    tell(word);
}

static void at_exit(void)
{
    tell("atexit");
}

static void at_quick_exit_too(void)
{
    tell("at_quick_exit");
}

enum ending { EXIT, UNDERSCORE_EXIT, QUICK_EXIT, EXEC, ABORT, SIGNAL };

static void ends(void *data)
{
    const enum ending *ending = data;
    lg_defer(skipped, "call");
    lg_defer_block {
        skipped("block");
    }
    lg_scope(s);
    lg_defer_in(&s, skipped, "scope");
    atexit(at_exit);
    at_quick_exit(at_quick_exit_too);
    switch (*ending) {
    case EXIT: exit(3);
    case UNDERSCORE_EXIT: _exit(4);
    case QUICK_EXIT: quick_exit(5);
    case EXEC: execlp("sh", "sh", "-c", "exit 6", (char *)NULL); break;
    case ABORT: abort();
    case SIGNAL:
        signal(SIGUSR1, SIG_DFL);
        raise(SIGUSR1);
        break;
    }
    _exit(99);
}

START_TEST(D10_what_ends_the_process_skips_defers)
{
    static const struct {
        enum ending ending;
        int status;
        const char *out;
    } cases[] = {
        {EXIT, 3, "atexit "}, {UNDERSCORE_EXIT, 4, ""}, {QUICK_EXIT, 5, "at_quick_exit "},
        {EXEC, 6, ""},        {ABORT, -SIGABRT, ""},    {SIGNAL, -SIGUSR1, ""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        enum ending ending = cases[i].ending;
        struct outcome *outcome = in_child(ends, &ending);
        expect_status(outcome, cases[i].status);
        expect_out(outcome, cases[i].out);
    }
}
END_TEST

RUN_TESTS("exits", D4_every_exit_runs_a_block, D4_every_exit_runs_a_call,
          D4_every_exit_runs_a_named_call, D4_every_exit_runs_a_scope,
          D4_every_exit_runs_a_contained_call, D4_every_exit_runs_a_recovering_call,
          D1_D4_every_exit_runs_in_reverse, D4_an_inner_block_is_left_first,
          D4_goto_back_leaves_the_block_too, D4_a_case_with_braces_is_a_block,
          D5_registered_only_when_reached, D5_a_panic_does_not_run_what_was_not_reached,
          D6_a_defer_in_a_loop_body_runs_at_the_end_of_each_pass,
          D10_what_ends_the_process_skips_defers)
