/* Stack overflows are told from other faults, and those go to whom they went before. */
#include "testing/test.h"

#include <stdatomic.h>
#include <sys/mman.h>

static void set_workers(unsigned count)
{
    lg_error *error = lg_set_workers(count);
    ck_assert_ptr_null(error);
}

/* Its frames are large enough for 8 MB to hold fewer than 65,536: ThreadSanitizer remembers no more calls of a thread, and
 * writes past the end of that memory. (Clang leaves of an array only what is used.) */
__attribute__((noinline)) static int recurse(int depth)
{
    volatile char frame[200];
    __asm__ volatile("" : : "r"(frame) : "memory");
    frame[0] = (char)depth;
    return depth < 0 ? 0 : recurse(depth + 1) + frame[0];
}

static void deep(int depth)
{
    lg_defer(tell, "not run");
    tell(recurse(depth) ? "one" : "other");
}

static void overflows(void *data)
{
    (void)data;
    lg_go_with(((lg_go_options){.name = "climber"}), deep, 1);
    lg_sleep(LG_HOUR);
}

START_TEST(an_overflow_is_reported_with_who_and_where)
{
    struct outcome *outcome = in_child(overflows, NULL);
    expect_status(outcome, 2);
    expect_out(outcome, "");
    expect_in_err(outcome, "lifoguard: stack overflow: the stack of ");
    expect_in_err(outcome, "in goroutine 1, climber, started at ");
    expect_in_err(outcome, "overflow_test.c:");
    expect_in_err(outcome, "in overflows\n");
    /* what to write instead */
    expect_in_err(outcome, "stack_size in lg_go_options, or lg_set_stack_size, or lg_go_thread\n");
#ifndef HAS_SANITIZER
    expect_in_err(outcome, "more …\n");
    if (dlopen("libdw.so.1", RTLD_NOW)) {
        expect_in_err(outcome, "    recurse  ");
        expect_in_err(outcome, "    deep  ");
    }
#endif
}
END_TEST

static void overflows_on_thread(void *data)
{
    (void)data;
    lg_go_thread(deep, 1);
    lg_sleep(LG_HOUR);
}

START_TEST(a_thread_of_its_own_can_overflow_too)
{
    struct outcome *outcome = in_child(overflows_on_thread, NULL);
    expect_status(outcome, 2);
    expect_in_err(outcome, "lifoguard: stack overflow: the stack of ");
    expect_in_err(outcome, "in goroutine 1, deep, started at ");
    expect_in_err(outcome, "stack_size in lg_go_options, or lg_set_stack_size\n");
}
END_TEST

static void overflows_in_blocking_call(void)
{
    lg_blocking(deep, 1);
}

static void overflows_on_helper(void *data)
{
    (void)data;
    lg_go(overflows_in_blocking_call);
    lg_sleep(LG_HOUR);
}

static lg_error *overflow_in_stage(void *argument, const lg_context *context)
{
    (void)argument;
    (void)context;
    deep(1);
    return NULL;
}

static void nothing(void) {}

static void overflows_in_stop(void *data)
{
    lg_shutdown *down;
    (void)data;
    lg_go(nothing); /* a program without goroutines has its own handler of the signal, or none */
    if (!lg_shutdown_new(&down, NULL) &&
        !lg_shutdown_add(down, &(lg_stage){.name = "deep", .stop = overflow_in_stage}))
        lg_error_free(lg_shutdown_stop(down));
    _exit(9);
}

START_TEST(G8_other_threads_of_the_library_can_overflow_too)
{
    void (*const ways[])(void *) = {overflows_on_helper, overflows_in_stop};
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        struct outcome *outcome = in_child(ways[i], NULL);
#ifdef HAS_SANITIZER
        ck_assert_int_ne(outcome->status, 0); /* the sanitizer may report it */
#else
        expect_status(outcome, 2);
        expect_in_err(outcome, "lifoguard: stack overflow: the stack of ");
        expect_in_err(outcome, "in a call that the library makes on a thread of its own");
        expect_in_err(outcome, "`ulimit -s`");
        if (dlopen("libdw.so.1", RTLD_NOW))
            expect_in_err(outcome, "    recurse  ");
#endif
    }
}
END_TEST

static void chosen_size(void *size)
{
    lg_go_with(((lg_go_options){.stack_size = (size_t)size}), deep, 1);
    lg_sleep(LG_HOUR);
}

START_TEST(its_size_is_named)
{
    struct outcome *outcome = in_child(chosen_size, (void *)(64 << 10));
    expect_status(outcome, 2);
    expect_in_err(outcome, "the stack of 64 KB is full");
    outcome = in_child(chosen_size, (void *)(8 << 20));
    expect_status(outcome, 2);
    expect_in_err(outcome, "the stack of 8192 KB is full");
}
END_TEST

/* Frames larger than the stack and its guard: compiled with -fstack-clash-protection they touch each page as they grow, and
 * so the guard (G8). Their users look at the far end only. */
__attribute__((noinline)) static void use_far_end(char *frame)
{
    snprintf(frame, 8, "far");
    __asm__ volatile("" : : "r"(frame) : "memory"); /* it is looked at */
}

__attribute__((noinline)) static void frame_of_a_megabyte(void)
{
    char frame[1 << 20];
    use_far_end(frame);
}

__attribute__((noinline)) static void frame_of_64_megabytes(void)
{
    char frame[64 << 20];
    use_far_end(frame);
}

static void far_below(void *function)
{
    lgi_function frame = (lgi_function)(uintptr_t)function;
    set_workers(1);
    for (int i = 0; i < 20; i++)
        lg_go(lg_sleep, LG_MINUTE); /* neighbours */
    lg_go_with(((lg_go_options){.stack_size = 64 << 10}), frame);
    lg_sleep(LG_HOUR);
}

START_TEST(G8_a_frame_larger_than_stack_and_guard)
{
    const lgi_function frames[] = {frame_of_a_megabyte, frame_of_64_megabytes};
    for (size_t i = 0; i < 2; i++) {
        struct outcome *outcome = in_child(far_below, (void *)(uintptr_t)frames[i]);
        expect_status(outcome, 2);
        expect_in_err(outcome, "lifoguard: stack overflow: the stack of 64 KB is full");
    }
}
END_TEST

/* The overflow happens where the allocator's lock is held, maybe: the report must not hang. */
static void *held_block;
__attribute__((noinline)) static int recurse_with_malloc(int depth)
{
    volatile char frame[64];
    frame[0] = (char)depth;
    held_block = malloc((size_t)depth % 2000);
    free(held_block);
    return depth < 0 ? 0 : recurse_with_malloc(depth + 1) + frame[0];
}

static void overflows_in_malloc(void *data)
{
    (void)data;
    lg_go_with(((lg_go_options){.stack_size = 16 << 10}), recurse_with_malloc, 1);
    lg_sleep(LG_HOUR);
}

START_TEST(an_overflow_within_malloc)
{
    struct outcome *outcome = in_child(overflows_in_malloc, NULL);
    expect_status(outcome, 2);
    expect_in_err(outcome, "lifoguard: stack overflow: ");
}
END_TEST

static void overflow_for_a_core(void *data)
{
    setenv("LIFOGUARD_PANIC", "core", 1);
    overflows(data);
}

START_TEST(P12_an_overflow_for_a_core)
{
    struct outcome *outcome = in_child(overflow_for_a_core, NULL);
    expect_status(outcome, -SIGSEGV);
    expect_in_err(outcome, "lifoguard: stack overflow: ");
}
END_TEST

/* ---- P13: other faults go where they went before ---- */

#ifndef HAS_SANITIZER
static int *volatile nowhere = (int *)16;

static void faults(void)
{
    *nowhere = 1;
}

static void has_a_worker(void)
{
    lg_go(lg_yield);
    lg_sleep(LG_MILLISECOND);
}

static void faults_in_goroutine(void *data)
{
    (void)data;
    lg_go(faults);
    lg_sleep(LG_HOUR);
}

static void faults_in_main(void *data)
{
    (void)data;
    has_a_worker();
    faults();
}

static void is_sent_one(void *data)
{
    (void)data;
    has_a_worker();
    kill(getpid(), SIGSEGV);
    sleep(10);
}

static void ignores(void *data)
{
    signal(SIGSEGV, SIG_IGN);
    has_a_worker();
    kill(getpid(), SIGSEGV);
    lg_sleep(50 * LG_MILLISECOND);
    tell("ignored");
    faults_in_goroutine(data);
}

START_TEST(P13_by_default_a_fault_ends_the_process)
{
    struct outcome *outcome = in_child(faults_in_goroutine, NULL);
    expect_status(outcome, -SIGSEGV);
    ck_assert_str_eq(outcome->err, "");
    outcome = in_child(faults_in_main, NULL);
    expect_status(outcome, -SIGSEGV);
    outcome = in_child(is_sent_one, NULL);
    expect_status(outcome, -SIGSEGV);
    /* One that is sent is ignored; a fault cannot be. */
    outcome = in_child(ignores, NULL);
    expect_status(outcome, -SIGSEGV);
    expect_out(outcome, "ignored ");
}
END_TEST

static void plain_handler(int signal_number)
{
    tell(signal_number == SIGSEGV ? "plain" : "wrong");
    sigset_t now;
    pthread_sigmask(SIG_BLOCK, NULL, &now);
    tell(sigismember(&now, SIGUSR1) ? "masked" : "open");
    tell(sigismember(&now, SIGSEGV) ? "self-masked" : "self-open");
    _exit(7);
}

static void with_plain(void *data)
{
    struct sigaction action = {.sa_handler = plain_handler};
    sigemptyset(&action.sa_mask);
    sigaddset(&action.sa_mask, SIGUSR1);
    sigaction(SIGSEGV, &action, NULL);
    faults_in_goroutine(data);
}

static void with_nodefer(void *data)
{
    struct sigaction action = {.sa_handler = plain_handler, .sa_flags = SA_NODEFER};
    sigemptyset(&action.sa_mask);
    sigaction(SIGSEGV, &action, NULL);
    has_a_worker();
    kill(getpid(), SIGSEGV);
    faults_in_goroutine(data);
}

START_TEST(P13_a_plain_handler_is_called_with_its_mask)
{
    struct outcome *outcome = in_child(with_plain, NULL);
    expect_status(outcome, 7);
    expect_out(outcome, "plain masked self-masked ");
    outcome = in_child(with_nodefer, NULL);
    expect_status(outcome, 7);
    expect_out(outcome, "plain open self-open ");
}
END_TEST

static volatile int repaired;
static char *page;

/* As garbage collectors and virtual machines do it: makes the page accessible, and goes on. */
static void repairs(int signal_number, siginfo_t *info, void *context)
{
    if (signal_number != SIGSEGV || info->si_addr != page || !context)
        _exit(9);
    mprotect(page, 4096, PROT_READ | PROT_WRITE);
    repaired++;
}

static atomic_int has_written;

static void writes_to_page(void)
{
    int errno_value = errno = 77;
    *page = 'x';
    tell(*page == 'x' && errno == errno_value ? "written" : "lost");
    has_written++;
}

static void wait_until_written(int times)
{
    while (has_written < times)
        lg_sleep(LG_MILLISECOND);
}

static void with_repair(void *data)
{
    struct sigaction action = {.sa_sigaction = repairs, .sa_flags = SA_SIGINFO};
    (void)data;
    page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    sigaction(SIGSEGV, &action, NULL);
    for (int i = 0; i < 3; i++) {
        mprotect(page, 4096, PROT_NONE);
        lg_go(writes_to_page);
        wait_until_written(i + 1);
    }
    mprotect(page, 4096, PROT_NONE);
    writes_to_page(); /* in main */
    tell(repaired == 4 ? "four" : "other");
}

START_TEST(P13_a_handler_that_repairs_goes_on)
{
    struct outcome *outcome = in_child(with_repair, NULL);
    expect_status(outcome, 0);
    expect_out(outcome, "written written written written four ");
}
END_TEST

static void repairs_once(int signal_number)
{
    (void)signal_number;
    tell("once");
    mprotect(page, 4096, PROT_READ | PROT_WRITE);
}

static void with_one_shot(void *data)
{
    struct sigaction action = {.sa_handler = repairs_once, .sa_flags = (int)SA_RESETHAND};
    (void)data;
    page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    sigaction(SIGSEGV, &action, NULL);
    lg_go(writes_to_page);
    wait_until_written(1);
    mprotect(page, 4096, PROT_NONE);
    lg_go(writes_to_page);
    lg_sleep(LG_HOUR);
}

START_TEST(P13_a_handler_for_one_signal_is_called_once)
{
    struct outcome *outcome = in_child(with_one_shot, NULL);
    expect_status(outcome, -SIGSEGV);
    expect_out(outcome, "once written ");
}
END_TEST

static void declines(void *data)
{
    lg_decline_segv_handler();
    overflows(data);
}

static void declines_by_environment(void *data)
{
    setenv("LIFOGUARD_SEGV", "off", 1);
    overflows(data);
}

static bool is_default(void)
{
    struct sigaction now;
    sigaction(SIGSEGV, NULL, &now);
    return now.sa_handler == SIG_DFL;
}

static void not_before_the_first(void *data)
{
    (void)data;
    tell(is_default() ? "none" : "some");
    has_a_worker();
    tell(is_default() ? "none" : "some");
}

START_TEST(it_can_be_declined)
{
    struct outcome *outcome = in_child(declines, NULL);
    expect_status(outcome, -SIGSEGV);
    ck_assert_str_eq(outcome->err, "");
    outcome = in_child(declines_by_environment, NULL);
    expect_status(outcome, -SIGSEGV);
    ck_assert_str_eq(outcome->err, "");
    outcome = in_child(not_before_the_first, NULL);
    expect_out(outcome, "none some ");
}
END_TEST

/* A fault on another stack than the goroutine's, elsewhere in memory: it is not about the goroutine's stack. */
static void faults_on_alternate(int signal_number)
{
    (void)signal_number;
    faults();
}

static void handler_faults(void)
{
    static char stack[64 << 10];
    sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof(stack)}, NULL);
    struct sigaction action = {.sa_handler = faults_on_alternate, .sa_flags = SA_ONSTACK};
    sigaction(SIGFPE, &action, NULL);
    raise(SIGFPE);
}

static void fault_elsewhere(void *data)
{
    (void)data;
    lg_go(handler_faults);
    lg_sleep(LG_HOUR);
}

START_TEST(P13_a_fault_on_another_stack)
{
    struct outcome *outcome = in_child(fault_elsewhere, NULL);
    expect_status(outcome, -SIGSEGV);
    ck_assert_str_eq(outcome->err, "");
}
END_TEST
#define PLAIN_ONLY                                                                                 \
    P13_by_default_a_fault_ends_the_process, P13_a_plain_handler_is_called_with_its_mask,          \
        P13_a_handler_that_repairs_goes_on, P13_a_handler_for_one_signal_is_called_once,           \
        it_can_be_declined, P13_a_fault_on_another_stack,
#else
#define PLAIN_ONLY
#endif

#ifdef HAS_ASAN
static int *volatile nowhere = (int *)16;

static void faults_under_asan(void)
{
    *nowhere = 1;
}

static void asan_reports(void *data)
{
    (void)data;
    lg_go(faults_under_asan);
    lg_sleep(LG_HOUR);
}

START_TEST(P13_a_fault_is_reported_by_the_sanitizer)
{
    struct outcome *outcome = in_child(asan_reports, NULL);
    expect_in_err(outcome, "AddressSanitizer");
    expect_in_err(outcome, "faults_under_asan");
    expect_not_in_err(outcome, "lifoguard: ");
}
END_TEST
#define ASAN_ONLY P13_a_fault_is_reported_by_the_sanitizer,
#else
#define ASAN_ONLY
#endif

RUN_TESTS("overflow", PLAIN_ONLY ASAN_ONLY an_overflow_is_reported_with_who_and_where,
          a_thread_of_its_own_can_overflow_too, G8_other_threads_of_the_library_can_overflow_too,
          its_size_is_named, G8_a_frame_larger_than_stack_and_guard, an_overflow_within_malloc,
          P12_an_overflow_for_a_core)
