/* What a panic leaves behind for a debugger, and what is no panic: P12, P13. */
#include "testing/test.h"

static void uncaught(void *data)
{
    (void)data;
    printf("buffered"); /* must come out */
    lg_defer(tell, "deferred");
    lg_panic("out of luck");
}

static void core(void *data)
{
    setenv("LIFOGUARD_PANIC", "core", 1);
    uncaught(data);
}

START_TEST(P12_core_aborts_before_unwinding)
{
    struct outcome *outcome = in_child(core, NULL);
    expect_status(outcome, -SIGABRT);
    expect_out(outcome, "buffered");
    expect_in_err(outcome, "panic: out of luck\n");
    expect_in_err(outcome, "LIFOGUARD_PANIC=core");
}
END_TEST

static void core_recovered(void *data)
{
    (void)data;
    setenv("LIFOGUARD_PANIC", "core", 1);
    {
        lg_func_recovers_void {
            lg_defer_recover(tell_stop);
            lg_panic("stopped");
        }
    }
}

START_TEST(P12_a_panic_that_is_recovered_leaves_no_core)
{
    struct outcome *outcome = in_child(core_recovered, NULL);
    expect_status(outcome, 0);
    expect_out(outcome, "stopped ");
}
END_TEST

static void declines(lg_panic_info *panic)
{
    tell(lg_panic_message(panic));
}

static void core_declined(void *data)
{
    (void)data;
    setenv("LIFOGUARD_PANIC", "core", 1);
    lg_func_recovers_void {
        lg_defer_recover(declines);
        lg_panic("declined");
    }
}

/* Whether a recovering call will stop it cannot be known before; if none does, the core comes late. */
START_TEST(P12_a_panic_that_a_recovering_call_declines_leaves_a_core_too)
{
    struct outcome *outcome = in_child(core_declined, NULL);
    expect_in_err(outcome, "panic: declined\n");
    expect_status(outcome, -SIGABRT);
}
END_TEST

static void other_value(void *data)
{
    setenv("LIFOGUARD_PANIC", "", 1);
    uncaught(data);
}

START_TEST(P12_other_values_mean_nothing)
{
    expect_status(in_child(other_value, NULL), 2);
}
END_TEST

static void faults(void *data)
{
    signal(SIGSEGV, SIG_DFL); /* a sanitizer has its own handler */
    lg_func_recovers_void {
        lg_defer_recover(tell_stop);
        lg_defer(tell, "deferred");
        *(volatile int *)data = 1;
    }
}

static void kills_itself(void *data)
{
    int signal_number = *(int *)data;
    signal(signal_number, SIG_DFL);
    lg_func_recovers_void {
        lg_defer_recover(tell_stop);
        raise(signal_number);
    }
}

START_TEST(P13_hardware_faults_are_not_panics)
{
    static const int signals[] = {SIGSEGV, SIGFPE, SIGBUS, SIGILL};
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        int number = signals[i];
        struct outcome *outcome = in_child(kills_itself, &number);
        expect_status(outcome, -number);
        expect_out(outcome, "");
    }
#if !defined(HAS_SANITIZER)
    struct outcome *outcome = in_child(faults, (void *)8);
    expect_status(outcome, -SIGSEGV);
    expect_out(outcome, "");
#else
    (void)faults;
#endif
}
END_TEST

RUN_TESTS("core", P12_core_aborts_before_unwinding, P12_a_panic_that_is_recovered_leaves_no_core,
          P12_a_panic_that_a_recovering_call_declines_leaves_a_core_too,
          P12_other_values_mean_nothing, P13_hardware_faults_are_not_panics)
