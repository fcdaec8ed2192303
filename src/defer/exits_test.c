/* Every way of leaving a block, and those that skip what is deferred: D4, D5, D6, D10; the one order: D13. */
#include "testing/test.h"

/* ---- D4 ---- */

enum leaving { FALL_THROUGH, RETURN, BREAK, CONTINUE, GOTO, PANIC, GOEXIT, LEAVINGS };

/* A function that registers something in a loop of two passes, and leaves the body in any way. */
#define LOOP(returning, ...)                                                                       \
    for (int pass = 0; pass < 2; pass++) {                                                         \
        __VA_ARGS__                                                                                \
        if (how == RETURN)                                                                         \
            returning;                                                                             \
        if (how == BREAK)                                                                          \
            break;                                                                                 \
        if (how == CONTINUE)                                                                       \
            continue;                                                                              \
        if (how == GOTO)                                                                           \
            goto out;                                                                              \
        if (how == PANIC)                                                                          \
            lg_panic("out");                                                                       \
        if (how == GOEXIT)                                                                         \
            lg_goexit();                                                                           \
        note("body");                                                                              \
    }                                                                                              \
    note("after");                                                                                 \
    returning;                                                                                     \
    out:                                                                                           \
    note("out");

#define FORM(name, ...)                                                                            \
    static void leave_##name(enum leaving how)                                                     \
    {                                                                                              \
        LOOP(return, __VA_ARGS__)                                                                  \
    }

#define FORM_IN_FUNC(name, ...)                                                                    \
    static lg_error *func_##name(enum leaving how)                                                 \
    {                                                                                              \
        lg_func (lg_error *, err) {                                                                \
            LOOP(lg_return(NULL), __VA_ARGS__)                                                     \
            lg_return(NULL);                                                                       \
        }                                                                                          \
    }                                                                                              \
    static void leave_##name(enum leaving how)                                                     \
    {                                                                                              \
        ck_assert_ptr_null(func_##name(how));                                                      \
    }

FORM(block, lg_defer_block { note("x"); })
FORM(call, lg_defer(note, "x");)
FORM(as, lg_defer_as(x, note, "x");)
FORM(scope, lg_scope(s); lg_defer_in(&s, note, "x");)
FORM(two, lg_defer(note, "y"); lg_defer_block { note("x"); })
FORM(nested, lg_defer(note, "y"); { lg_defer(note, "x"); } lg_defer(note, "z");)
FORM_IN_FUNC(call_in_func, lg_defer(note, "x");)
FORM_IN_FUNC(contained, lg_defer_contained(note, "x");)

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

struct drive {
    void (*leave)(enum leaving);
    enum leaving how;
};

static void drive(void *data)
{
    const struct drive *drive = data;
    lg_func_recovers_void {
        lg_defer_recover(stop);
        drive->leave(drive->how);
    }
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

/* ---- D13 ---- */

static void old_cleanup(void *word)
{
    note(word);
}

static void mixed(enum leaving how)
{
    static char in_push[] = "push", in_push2[] = "push2";
    FOREIGN(a, "foreign1");
    lg_defer(note, "call1");
    lg_scope(s);
    lg_defer_in(&s, note, "scope1");
    FOREIGN(b, "foreign2");
    lg_defer_block {
        note("block1");
    }
    pthread_cleanup_push(old_cleanup, in_push);
    lg_defer(note, "call2");
    lg_defer_in(&s, note, "scope2");
    FOREIGN(c, "foreign3");
    lg_defer_as(named, note, "named");
    pthread_cleanup_push(old_cleanup, in_push2);
    {
        FOREIGN(d, "foreign4");
        lg_scope(inner);
        lg_defer_in(&inner, note, "inner1");
        lg_defer_in(&inner, note, "inner2");
        lg_defer_block {
            note("block2");
        }
        if (how == PANIC)
            lg_panic("end");
        if (how == GOEXIT)
            lg_goexit();
        if (how == RETURN)
            note("body");
    }
    pthread_cleanup_pop(1);
    pthread_cleanup_pop(1);
}

static void mixed_recovering(enum leaving how)
{
    lg_func_recovers_void {
        FOREIGN(a, "foreign0");
        lg_defer(note, "call0");
        lg_defer_recover(stop);
        FOREIGN(b, "foreign00");
        mixed(how);
    }
}

START_TEST(D13_one_order_with_what_is_foreign)
{
#define MIXED                                                                                      \
    "block2 inner2 inner1 foreign4 push2 named foreign3 call2 push block1 foreign2 scope2 scope1 " \
    "call1 foreign1"
#define NORMALLY                                                                                   \
    "block2 inner2 inner1 foreign4 push2 named foreign3 call2 push block1 foreign2 scope2 scope1 " \
    "call1 foreign1"
    struct drive data = {mixed, PANIC};
    ck_assert(on_thread(drive, &data));
    expect_trace(MIXED " stopped: end");
    data.how = GOEXIT;
    ck_assert(!on_thread(drive, &data));
    expect_trace(MIXED);
    mixed_recovering(PANIC);
    expect_trace(MIXED " foreign00 stopped: end call0 foreign0");
}
END_TEST

/* glibc's pthread_cleanup_pop ends the block after it has run the handler, so what stands in that block and
 * was declared after the push runs at the closing brace: the order of a normal exit is C's own. */
static void mixed_without_push(void)
{
    FOREIGN(a, "foreign1");
    lg_defer(note, "call1");
    lg_scope(s);
    lg_defer_in(&s, note, "scope1");
    FOREIGN(b, "foreign2");
    lg_defer_block {
        note("block1");
    }
    lg_defer_in(&s, note, "scope2");
    FOREIGN(c, "foreign3");
    lg_defer_as(named, note, "named");
}

START_TEST(D13_one_order_on_return)
{
    mixed_without_push();
    expect_trace("named foreign3 block1 foreign2 scope2 scope1 call1 foreign1");
}
END_TEST

struct buffer {
    char text[64];
};

static void note_buffer(const struct buffer *buffer)
{
    note(buffer->text);
}

__attribute__((noinline)) static void dirty_the_stack(void)
{
    volatile char junk[2048];
    for (size_t i = 0; i < sizeof(junk); i++)
        junk[i] = 'j';
}

static void alive(enum leaving how)
{
    lg_func_recovers_void {
        lg_defer_recover(stop);
        struct buffer outer = {"outer"};
        lg_defer(note_buffer, &outer);
        lg_scope(s);
        lg_defer_in(&s, note_buffer, &outer);
        {
            struct buffer inner = {"inner"};
            lg_defer(note_buffer, &inner);
            {
                struct buffer innermost = {"innermost"};
                lg_defer_block {
                    dirty_the_stack();
                    note_buffer(&innermost);
                }
                if (how == PANIC) {
                    struct buffer last = {"last"};
                    lg_defer(note_buffer, &last);
                    lg_panic("end");
                }
            }
        }
    }
}

START_TEST(D13_what_is_pointed_to_is_alive)
{
    alive(RETURN);
    expect_trace("innermost inner outer outer");
    alive(PANIC);
    expect_trace("last innermost inner outer outer stopped: end");
}
END_TEST

/* Locals changed after the defer are seen as changed by the block, in memory or in a register, also when an
 * unwinding runs it. */
static void counts(int passes)
{
    lg_func_recovers_void {
        lg_defer_recover(stop);
        int n = 0;
        long total = 0;
        lg_defer_block {
            note_number(n);
            note_number((int)total);
        }
        for (; n < passes; n++) {
            total += n;
            if (n == 5)
                lg_panic("five");
        }
    }
}

START_TEST(D13_a_block_sees_locals_as_they_are_under_panic)
{
    counts(4);
    expect_trace("4 6");
    counts(10);
    expect_trace("5 15 stopped: five");
}
END_TEST

/* What an unwinding learns of a cleanup the first time must be right the next times. */

static void one_call(void (*out)(void))
{
    lg_defer(note, "1");
    out();
}

static void two_calls(void (*out)(void))
{
    lg_defer(note, "3");
    lg_defer(note, "2");
    one_call(out);
}

static void foreign_outside(void (*out)(void))
{
    FOREIGN(last, "5");
    lg_defer(note, "4");
    two_calls(out);
}

static void foreign_inside(void (*out)(void))
{
    lg_defer(note, "7");
    FOREIGN(first, "6");
    foreign_outside(out);
}

static void block_and_scope(void (*out)(void))
{
    lg_scope(scope);
    lg_defer_in(&scope, note, "9");
    lg_defer_block {
        note("8");
    }
    foreign_inside(out);
}

static void panics(void)
{
    lg_panic("out");
}

static void through_all_kinds(void)
{
    lg_func_recovers_void {
        lg_defer_recover(stop);
        block_and_scope(panics);
    }
}

START_TEST(D13_the_same_way_out_again_and_again)
{
    for (int i = 0; i < 5; i++) {
        through_all_kinds();
        expect_trace("1 2 3 4 5 6 7 8 9 stopped: out");
    }
}
END_TEST

static void through_and_replaced(void)
{
    lg_func_recovers_void {
        lg_defer_recover(stop);
        lg_defer(panic_with, "second");
        two_calls(panics);
    }
}

START_TEST(P4_a_replaced_panic_on_a_way_out_that_is_known)
{
    for (int i = 0; i < 5; i++) {
        through_and_replaced();
        expect_trace("1 2 3 stopped: second");
        through_all_kinds();
        expect_trace("1 2 3 4 5 6 7 8 9 stopped: out");
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
          D10_what_ends_the_process_skips_defers, D13_one_order_with_what_is_foreign,
          D13_one_order_on_return, D13_what_is_pointed_to_is_alive,
          D13_a_block_sees_locals_as_they_are_under_panic, D13_the_same_way_out_again_and_again,
          P4_a_replaced_panic_on_a_way_out_that_is_known)
