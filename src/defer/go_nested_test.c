/* What Go's own tests of nested panics, recoveries and goexits check. Rules are those of docs/rules.md. */
#include "testing/nested.h"

static void log_panic(lg_panic_info *panic, const char *who)
{
    note(who);
    note(panic ? lg_panic_message(panic) : "nothing");
}

static void look_and_stop(lg_panic_info *panic, const char *who)
{
    log_panic(panic, who);
    lg_recover(panic);
}

/* ---- P9: what Go's own tests of nested panics do ---- */

static void wraps(lg_panic_info *panic)
{
    if (lg_recover(panic)) {
        note("wrap:");
        note(lg_panic_message(panic));
    }
}

static void bad_inside(void)
{
    lg_func_recovers_void {
        lg_defer_recover(wraps);
        lg_panic("bad");
    }
}

static void nothing_left(void)
{
    lg_func_recovers_void {
        lg_defer_recover(look_and_stop, "outer:");
        bad_inside();
    }
}

START_TEST(P9_a_panic_recovered_inside_is_gone)
{
    nothing_left();
    expect_trace("wrap: bad outer: nothing");
}
END_TEST

static void deferred_that_recovers_its_own(void)
{
    lg_func_recovers_void {
        lg_defer_recover(stop);
        lg_defer(panic_with, "2b");
        lg_panic("2a");
    }
}

static void in_the_middle(void)
{
    lg_func_recovers_void {
        lg_defer_recover(chain);
        lg_defer(panic_with, "3");
        lg_defer(deferred_that_recovers_its_own);
        lg_panic("1");
    }
}

START_TEST(P9_a_recovery_inside_a_deferred_call_leaves_the_outer_panic)
{
    in_the_middle();
    expect_trace("stopped: 2b 3 1");
}
END_TEST

static void panics_deeper(int depth)
{
    lg_func_recovers_void {
        if (depth % 2 == 0) {
            lg_defer_recover(stop);
            lg_defer(panics_deeper, depth - 1);
            if (depth > 0)
                lg_panic("%d", depth);
            lg_return_void();
        }
        lg_defer(note_number, depth);
        if (depth > 0) {
            lg_defer(panics_deeper, depth - 1);
            lg_panic("%d", depth);
        }
    }
}

START_TEST(P9_panics_and_recoveries_nest_to_any_depth)
{
    panics_deeper(4);
    /* 4 panics; its deferred call 3 panics; its deferred call 2 panics; 1 panics; 0 leaves nothing to stop;
     * 1's panic is stopped in 2 in place of 2's, 3's in 4 in place of 4's. */
    expect_trace("-1 1 stopped: 1 3 stopped: 3");
}
END_TEST

static void panics_of_a_call_that_panicked(void)
{
    lg_defer(panic_with, "inner second");
    lg_panic("inner first");
}

static void combines(void)
{
    lg_func_recovers_void {
        lg_defer_recover(chain);
        lg_defer(panics_of_a_call_that_panicked);
        lg_panic("outer");
    }
}

START_TEST(P9_chains_of_a_deferred_call_join_the_outer_chain)
{
    combines();
    expect_trace("inner second inner first outer");
}
END_TEST

static void re_panics(lg_panic_info *panic, int *times)
{
    if (panic && --*times > 0)
        lg_panic("%s+", lg_panic_message(panic));
    lg_recover(panic);
}

static void re_panics_often(void)
{
    int times = 4;
    lg_func_recovers_void {
        lg_defer_recover(log_panic, "end:");
        for (int i = 0; i < 1; i++) {
            lg_defer_recover(re_panics, &times);
            lg_defer_recover(re_panics, &times);
            lg_defer_recover(re_panics, &times);
            lg_defer_recover(re_panics, &times);
            lg_panic("p");
        }
    }
}

START_TEST(P9_a_panic_may_be_raised_again_and_again)
{
    re_panics_often();
    expect_trace("end: nothing");
}
END_TEST

static void many_times(int times)
{
    for (int i = 0; i < times; i++) {
        catches(2, 0);
        trace_text[0] = '\0';
    }
}

START_TEST(P9_a_great_many_panics_one_after_another)
{
    many_times(20000);
}
END_TEST

RUN_TESTS("go_nested", P9_a_panic_recovered_inside_is_gone,
          P9_a_recovery_inside_a_deferred_call_leaves_the_outer_panic,
          P9_panics_and_recoveries_nest_to_any_depth,
          P9_chains_of_a_deferred_call_join_the_outer_chain,
          P9_a_panic_may_be_raised_again_and_again, P9_a_great_many_panics_one_after_another)
