/* What the library does about code that leaves deferred calls by ways that it does not support, or that are not
 * its own: longjmp, pthread_exit. It notices them, and does not follow what is dead (D10). */
#include "testing/test.h"

#include <setjmp.h>

static jmp_buf target;

static void jump(void)
{
    longjmp(target, 1);
}

static void overwrite_the_stack(void)
{
    volatile char dead[4096];
    for (size_t i = 0; i < sizeof(dead); i++)
        dead[i] = 0x41;
}

static void note_and_stop(lg_panic_info *panic)
{
    note(panic ? lg_panic_message(panic) : "none");
    lg_recover(panic);
}

static void panics_and_recovers(void)
{
    lg_func_recovers_void {
        lg_defer_recover(note_and_stop);
        lg_panic("one");
    }
}

static lg_error *jumps_out_of_a_contained_call(void)
{
    lg_func (lg_error *, err) {
        lg_defer_contained(jump);
    }
}

START_TEST(D10_a_longjmp_out_of_a_contained_call_does_not_catch_a_later_panic)
{
    if (setjmp(target) == 0)
        lg_error_free(jumps_out_of_a_contained_call());
    overwrite_the_stack();
    panics_and_recovers();
    expect_trace("one");
}
END_TEST

static __attribute__((noinline)) void jumps_past_a_record(void)
{
    lg_defer(note, "never");
    longjmp(target, 1);
}

static void sets_and_jumps(void)
{
    if (setjmp(target) == 0)
        jumps_past_a_record();
    note("landed");
}

static void panics_around_a_longjmp(void)
{
    lg_func_recovers_void {
        lg_defer_recover(note_and_stop);
        lg_defer(sets_and_jumps);
        lg_panic("two");
    }
}

START_TEST(D10_a_longjmp_inside_a_deferred_call_leaves_the_panic_recoverable)
{
    panics_around_a_longjmp();
    expect_trace("landed two");
    ck_assert_uint_eq(lg_pending_skipped_count(), 1);
}
END_TEST

static void quit(void)
{
    pthread_exit(NULL);
}

static void leaves_the_thread_in_a_deferred_call(void *data)
{
    (void)data;
    lg_func_recovers_void {
        lg_defer_recover(note_and_stop);
        lg_scope(scope);
        lg_defer_in(&scope, note, "rest of the scope");
        lg_defer_in(&scope, quit);
        lg_panic("three");
    }
    note("not reached");
}

/* On clang, nothing may leave a deferred call that a panic is running but another panic: abort. */
#if !defined(__clang__)
START_TEST(D13_pthread_exit_in_a_deferred_call_overtakes_the_panic)
{
    ck_assert(!on_thread(leaves_the_thread_in_a_deferred_call, NULL));
    expect_trace("rest of the scope none");
    panics_and_recovers();
    expect_trace("one");
}
END_TEST
#else
static void leaves_in_a_child(void *data)
{
    on_thread(leaves_the_thread_in_a_deferred_call, data);
}

START_TEST(D13_pthread_exit_in_a_deferred_call_overtakes_the_panic)
{
    struct outcome *outcome = in_child(leaves_in_a_child, NULL);
    expect_status(outcome, -SIGABRT);
}
END_TEST
#endif

/* ---- what is left after a longjmp went past a newer record ---- */

static void has_a_named_call(void)
{
    lg_defer_as(named, note, "named");
    sets_and_jumps();
    overwrite_the_stack();
}

static lg_error *has_a_call_for_success(void)
{
    lg_func (lg_error *, err) {
        lg_defer_on_success(note, "success");
        sets_and_jumps();
        overwrite_the_stack();
        lg_return(NULL);
    }
}

static void has_a_call_that_recovers(void)
{
    lg_func_recovers_void {
        lg_defer_recover(note_and_stop);
        sets_and_jumps();
        overwrite_the_stack();
    }
}

static void has_only_its_head(void)
{
    lg_func_recovers_void {
        sets_and_jumps();
        overwrite_the_stack();
    }
}

static void jumps_in_a_scopes_call(void)
{
    lg_scope(s);
    lg_defer_in(&s, note, "first");
    lg_defer_in(&s, overwrite_the_stack);
    lg_defer_in(&s, sets_and_jumps);
}

START_TEST(D10_a_longjmp_past_a_newer_call_leaves_the_older_ones)
{
    size_t before = lg_pending_skipped_count();
    has_a_named_call();
    expect_trace("landed named");
    lg_error_free(has_a_call_for_success());
    expect_trace("landed success");
    has_a_call_that_recovers();
    expect_trace("landed none");
    has_only_its_head();
    expect_trace("landed");
    jumps_in_a_scopes_call();
    expect_trace("landed first");
    ck_assert_uint_eq(lg_pending_skipped_count() - before, 5);
    panics_and_recovers();
    expect_trace("one");
}
END_TEST

static void panics_after_the_jump(void)
{
    lg_func_recovers_void {
        sets_and_jumps();
        overwrite_the_stack();
        lg_panic("after it");
    }
}

static void recovers_around(void)
{
    lg_func_recovers_void {
        lg_defer_recover(note_and_stop);
        panics_after_the_jump();
    }
}

START_TEST(D10_a_panic_after_a_longjmp_passes_what_is_dead)
{
    recovers_around();
    expect_trace("landed after it");
    panics_and_recovers();
    expect_trace("one");
}
END_TEST

/* A block whose stack pointer differs between the call that panics and the cleanup. */
static __attribute__((noinline)) void panics_with_arguments_on_the_stack(char *v, long a, long b,
                                                                         long c, long d, long e,
                                                                         long f, long g, long h,
                                                                         long i)
{
    v[0] = (char)(a + b + c + d + e + f + g + h + i);
    lg_panic("four");
}

static __attribute__((noinline)) void has_a_variable_array(int n)
{
    lg_defer(note, "outer");
    lg_defer(note, "inner");
    {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wvla"
        char v[n]; /* what the test is about */
#pragma GCC diagnostic pop
        memset(v, 1, (size_t)n);
        panics_with_arguments_on_the_stack(v, n, 2, 3, 4, 5, 6, 7, 8, 9);
    }
}

static void recovers_from_it(int n)
{
    lg_func_recovers_void {
        lg_defer_recover(note_and_stop);
        lg_defer(note, "head");
        has_a_variable_array(n);
    }
}

START_TEST(D13_a_frame_with_a_variable_array_is_unwound_in_order)
{
    recovers_from_it(1000);
    expect_trace("inner outer head four");
    recovers_from_it(9);
    expect_trace("inner outer head four");
}
END_TEST

/* ---- an abandoned error, however deep unwindings have replaced one another ---- */

#if !defined(__clang__) /* a panic that leaves a block during another one ends the process there */
static int destroyed;

static void destroy(void *payload)
{
    (void)payload;
    destroyed++;
}

static const lg_error_kind kind = {.name = "counted", .free = destroy};

static __attribute__((noinline)) void replaces_its_panic(int times)
{
    lg_defer_block {
        if (times > 4)
            panic_with("6");
    }
    lg_defer_block {
        if (times > 3)
            panic_with("5");
    }
    lg_defer_block {
        if (times > 2)
            panic_with("4");
    }
    lg_defer_block {
        if (times > 1)
            panic_with("3");
    }
    lg_defer_block {
        if (times > 0)
            panic_with("2");
    }
    panic_with("1");
}

static lg_error *holds_an_error(int times)
{
    lg_func (lg_error *, err) {
        err = lg_error_new_kind(&kind, &destroyed, "lost");
        replaces_its_panic(times);
    }
}

static void runs_it_in_a_block(int times)
{
    lg_func_recovers_void {
        lg_defer_recover(note_and_stop);
        lg_defer_block {
            lg_error_free(holds_an_error(times));
        }
        panic_with("0");
    }
}

START_TEST(P5_an_abandoned_error_is_freed_at_every_depth)
{
    for (int times = 0; times < 6; times++) {
        destroyed = 0;
        runs_it_in_a_block(times);
        ck_assert_msg(destroyed == 1, "%d: %d", times, destroyed);
    }
}
END_TEST
#else
START_TEST(P5_an_abandoned_error_is_freed_at_every_depth)
{
    panics_and_recovers(); /* there is no such depth to be reached */
    expect_trace("one");
}
END_TEST
#endif

RUN_TESTS("longjmp", D10_a_longjmp_out_of_a_contained_call_does_not_catch_a_later_panic,
          D10_a_longjmp_inside_a_deferred_call_leaves_the_panic_recoverable,
          D10_a_longjmp_past_a_newer_call_leaves_the_older_ones,
          D10_a_panic_after_a_longjmp_passes_what_is_dead,
          D13_pthread_exit_in_a_deferred_call_overtakes_the_panic,
          D13_a_frame_with_a_variable_array_is_unwound_in_order,
          P5_an_abandoned_error_is_freed_at_every_depth)
