/* Tests of the one order of all forms, of foreign cleanups and of destructors (D13). Rules are those of docs/rules.md. */
#include "testing/exits.h"

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

RUN_TESTS("one_order", D13_one_order_with_what_is_foreign, D13_one_order_on_return,
          D13_what_is_pointed_to_is_alive, D13_a_block_sees_locals_as_they_are_under_panic,
          D13_the_same_way_out_again_and_again, P4_a_replaced_panic_on_a_way_out_that_is_known)
