/* A report on a stack that has no room for what finds the lines. */
#include "testing/failing_calls.h"
#include "testing/test.h"

#include <pthread.h>
#include <ucontext.h>

enum { SMALL_STACK = 96 * 1024 };

static void panics(void)
{
    lg_defer(tell, "innermost");
    lg_panic("out of luck");
}

static void *panics_on_thread(void *unused)
{
    (void)unused;
    panics();
    return NULL;
}

static void on_small_thread(void *data)
{
    (void)data;
    pthread_t thread;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, SMALL_STACK);
    pthread_create(&thread, &attributes, panics_on_thread, NULL);
    pthread_join(thread, NULL);
}

static void on_stack_of_its_own(void *data)
{
    (void)data;
    static ucontext_t here, there;
    static char stack[SMALL_STACK];
    getcontext(&there);
    there.uc_stack = (stack_t){.ss_sp = stack, .ss_size = sizeof(stack)};
    there.uc_link = &here;
    makecontext(&there, panics, 0);
    swapcontext(&here, &there);
}

static void reports_on(void (*stack)(void *))
{
    struct outcome *outcome = in_child(stack, NULL);
    expect_status(outcome, 2);
    expect_out(outcome, "innermost ");
    expect_in_err(outcome, "panic: out of luck\n");
    expect_in_err(outcome, "\nstack:\n    ");
}

START_TEST(P5_a_report_needs_no_large_stack_of_a_thread)
{
    reports_on(on_small_thread);
}
END_TEST

START_TEST(P5_a_report_needs_no_large_stack_of_the_program)
{
#if !defined(HAS_SANITIZER) /* which does not know that stack */
    reports_on(on_stack_of_its_own);
#else
    (void)on_stack_of_its_own;
#endif
}
END_TEST

RUN_TESTS("small_stack", P5_a_report_needs_no_large_stack_of_a_thread,
          P5_a_report_needs_no_large_stack_of_the_program)
