/* Reports where something is missing that they would like to have: stack, memory, a reader; or where somebody cancels. */
#include "testing/emulated.h"
#include "testing/failing_calls.h"
#include "testing/memory_use.h"
#include "testing/test.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <ucontext.h>

/* ---- stack, of which what finds the lines takes much ---- */

enum { SMALL_STACK = 96 * 1024 };

/* Of each thread, on its stack: also of one that finds the lines. */
static __thread char thread_local_[2 << 20];

static void panics(void)
{
    lg_defer(tell, "innermost");
    lg_panic("out of luck");
}

static void *panics_on_thread(void *unused)
{
    (void)unused;
    memset(thread_local_, 1, sizeof(thread_local_));
    panics();
    return NULL;
}

static void on_small_thread(void *data)
{
    (void)data;
    pthread_t thread;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, SMALL_STACK + sizeof(thread_local_));
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
    const char *frames = strstr(outcome->err, "\nstack:\n    ");
    ck_assert_ptr_nonnull(frames);
    if (dlopen("libdw.so.1", RTLD_NOW))
        ck_assert_ptr_nonnull(strstr(frames, "hindered_test.c"));
}

START_TEST(P5_a_report_needs_no_large_stack_of_a_thread)
{
#if !defined(HAS_SANITIZER) /* which itself takes more */
    reports_on(on_small_thread);
#else
    (void)on_small_thread, (void)reports_on;
#endif
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

/* ---- a stdout that nobody reads ---- */

static void fill_stdout(void)
{
    static const char filler[4096];
    int ends[2];
    if (pipe(ends) != 0)
        _exit(1);
    fcntl(ends[1], F_SETPIPE_SZ, sizeof(filler));
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    while (write(ends[1], filler, sizeof(filler)) > 0)
        ;
    fcntl(ends[1], F_SETFL, 0);
    dup2(ends[1], STDOUT_FILENO);
    printf("buffered");
}

static void panics_with_a_full_stdout(void *data)
{
    (void)data;
    fill_stdout();
    lg_panic("out of luck");
}

static void ignore(int signal_number)
{
    (void)signal_number;
}

static void panics_while_a_timer_interrupts(void *data)
{
    const struct sigaction action = {.sa_handler = ignore, .sa_flags = SA_RESTART};
    const struct itimerval often = {{.tv_usec = 20000}, {.tv_usec = 20000}};
    (void)data;
    fill_stdout();
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
    lg_panic("out of luck");
}

static void reports_with(void (*panic)(void *), void *data)
{
    struct outcome *outcome = in_child(panic, data);
    expect_status(outcome, 2);
    expect_in_err(outcome, "panic: out of luck\n");
}

START_TEST(P5_a_report_does_not_wait_for_ever_for_a_full_stdout)
{
#if defined(HAS_TSAN) /* which flushes stdout in _exit itself */
    (void)panics_with_a_full_stdout, (void)panics_while_a_timer_interrupts;
#else
    reports_with(panics_with_a_full_stdout, NULL);
    reports_with(panics_while_a_timer_interrupts, NULL);
#endif
}
END_TEST

/* ---- a thread that is to be cancelled ---- */

static void *panics_when_cancelled(void *begun)
{
    int before;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
    pthread_barrier_wait(begun);
    pthread_barrier_wait(begun);
    pthread_setcancelstate(before, NULL);
    lg_panic("out of luck");
}

static void cancels_what_panics(void *data)
{
    (void)data;
    pthread_t thread;
    pthread_barrier_t begun;
    pthread_barrier_init(&begun, NULL, 2);
    pthread_create(&thread, NULL, panics_when_cancelled, &begun);
    pthread_barrier_wait(&begun);
    pthread_cancel(thread);
    pthread_barrier_wait(&begun);
    pthread_join(thread, NULL);
}

START_TEST(P5_a_report_cannot_be_cancelled)
{
    reports_with(cancels_what_panics, NULL);
}
END_TEST

/* ---- too little memory for what finds the lines ---- */

static void panics_with_little_memory(void *quarters)
{
    const rlim_t limit = memory_use().mapped * 1024 + ((rlim_t)(*(int *)quarters) << 18);
    setrlimit(RLIMIT_AS, &(struct rlimit){limit, limit});
    lg_panic("out of luck");
}

static void panics_with_little_data(void *quarters)
{
    const rlim_t limit = memory_use().data * 1024 + ((rlim_t)(*(int *)quarters) << 18);
    setrlimit(RLIMIT_DATA, &(struct rlimit){limit, limit});
    lg_panic("out of luck");
}

START_TEST(P10_a_report_does_without_what_takes_memory)
{
#if defined(HAS_SANITIZER)
    (void)panics_with_little_memory,
        (void)panics_with_little_data; /* it has mapped too much already */
#else
    if (lgi_in_valgrind() || is_emulated()) /* likewise */
        return;
    for (int quarters = 0; quarters < 40; quarters++) {
        reports_with(panics_with_little_memory, &quarters);
        reports_with(panics_with_little_data, &quarters);
    }
#endif
}
END_TEST

RUN_TESTS("hindered", P5_a_report_needs_no_large_stack_of_a_thread,
          P5_a_report_needs_no_large_stack_of_the_program,
          P5_a_report_does_not_wait_for_ever_for_a_full_stdout, P5_a_report_cannot_be_cancelled,
          P10_a_report_does_without_what_takes_memory)
