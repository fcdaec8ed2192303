/* lg_go without memory and without threads: it panics, and what a goroutine owns is dropped (G4). */
#include "testing/failing_malloc.h"

#include "testing/sched.h"

/* ---- threads that cannot be created ---- */

static int threads_to_come = -1; /* after that many it fails; -1: it never does */
static int refusal = EAGAIN;     /* what it returns then */

#ifdef CAN_FAIL_ALLOCATIONS
int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*function)(void *),
                   void *argument)
{
    if (threads_to_come == 0)
        return refusal;
    if (threads_to_come > 0)
        threads_to_come--;
    typedef int create(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    static create *real;
    if (!real) {
        void *symbol = dlsym(RTLD_NEXT, "pthread_create");
        memcpy(&real, &symbol, sizeof(real));
    }
    return real(thread, attributes, function, argument);
}
#endif

/* ---- */

static atomic_int called, dropped;

static void call_it(atomic_int *argument)
{
    (void)argument;
    add_one(&called);
}

static void drop_it(atomic_int *argument)
{
    require(argument == &dropped);
    add_one(&dropped);
}

static bool caught;

static void catch_panic(lg_panic_info *panic)
{
    memory_ignore();
    threads_to_come = -1;
    caught = panic != NULL;
    if (panic)
        ck_assert_str_eq(lg_panic_message(panic),
                         refusal == EAGAIN ? "out of memory or threads for a goroutine"
                                           : "out of memory or threads for a goroutine "
                                             "(pthread_create: operation not permitted)");
    lg_recover(panic);
}

/* The n-th allocation and all after it fail; 0: none does. */
static void go_failing(const lg_go_options *options, long failing, int threads)
{
    lg_func_recovers_void {
        lg_defer_recover(catch_panic);
        threads_to_come = threads;
        if (failing > 0)
            memory_watch(failing, true);
        lg_go_with(*options, call_it, &dropped);
        lg_return_void();
    }
}

static bool panics(const lg_go_options *options, long failing, int threads)
{
    go_failing(options, failing, threads);
    return caught;
}

static const lg_go_options plain = {0}, owned = {.free = (void (*)(void *))(void (*)(void))drop_it},
                           thread = {.free = (void (*)(void *))(void (*)(void))drop_it,
                                     .thread = true};

START_TEST(g4_the_first_goroutine_without_memory)
{
    if (!can_fail_allocations())
        return;
    /* Until there is enough for a worker, and then it works. */
    int failures = 0;
    while (panics(&owned, failures + 1, -1)) {
        failures++;
        ck_assert_int_eq(dropped, failures);
        ck_assert_int_le(failures, 20);
    }
    ck_assert_int_ge(failures, 1);
    wait_for_value(&called, 1);
    ck_assert_int_eq(dropped, failures);
}
END_TEST

START_TEST(a_refusal_of_the_kernel_is_named)
{
    if (!can_fail_allocations())
        return;
    refusal = EPERM;
    ck_assert(panics(&plain, 0, 0));
    ck_assert(panics(&thread, 0, 0));
    ck_assert(!panics(&plain, 0, -1));
    wait_for_value(&called, 1);
}
END_TEST

START_TEST(g4_the_first_goroutine_without_threads)
{
    if (!can_fail_allocations())
        return;
    ck_assert(panics(&plain, 0, 0));
    ck_assert(panics(&owned, 0, 0));
    ck_assert(panics(&thread, 0, 0));
    ck_assert_int_eq(dropped, 2);
    /* One worker is enough. */
    ck_assert(!panics(&owned, 0, 1));
    wait_for_value(&called, 1);
    ck_assert(!panics(&plain, 0, 0));
    wait_for_value(&called, 2);
    ck_assert(panics(&thread, 0, 0));
    ck_assert_int_eq(dropped, 3);
    ck_assert(!panics(&thread, 0, -1));
    wait_for_value(&called, 3);
    ck_assert_int_eq(dropped, 3);
}
END_TEST

static void go_from_goroutine(void)
{
    int before = dropped;
    for (int i = 0; i < 20; i++)
        ck_assert(!panics(&owned, 1000, -1));
    ck_assert(panics(&thread, 0, 0));
    ck_assert_int_eq(dropped, before + 1);
    add_one(&called);
}

START_TEST(g4_in_a_goroutine)
{
    if (!can_fail_allocations())
        return;
    ck_assert_ptr_null(lg_set_workers(1));
    lg_go(go_from_goroutine);
    wait_for_value(&called, 21);
    ck_assert_int_eq(dropped, 1);
}
END_TEST

/* The first stack of a size is there before the goroutine counts as started. Others that cannot be made for want of
 * memory are waited for: on the worker, mid-way. */
static void fail_allocations_and_stay(void)
{
    memory_watch(1, true);
    add_one(&called);
    while (memory.on)
        lg_yield();
}

static void allow_allocations(void)
{
    memory_ignore();
    add_one(&called);
}

static void on_large_stack(void)
{
    add_one(&called);
}

START_TEST(without_memory_for_its_stack_a_goroutine_waits)
{
    const lg_go_options large = {.stack_size = 256 << 20}; /* a mapping for each */
    if (!can_fail_allocations())
        return;
    ck_assert_ptr_null(lg_set_workers(1));
    ck_assert(!panics(&large, 0, -1));
    wait_for_value(&called, 1);
    /* When this one runs, the large stack is free, and the next goroutine gets it. */
    lg_go(add_one, &called);
    wait_for_value(&called, 2);
    lg_go_with(large, fail_allocations_and_stay);
    wait_for_value(&called, 3);
    lg_go_with(large, on_large_stack);
    lg_sleep(5 * LG_MILLISECOND);
    ck_assert_int_eq(called, 3);
    ck_assert(lg_workers() == 1);
    lg_go(allow_allocations);
    wait_for_value(&called, 5);
}
END_TEST

START_TEST(without_memory_for_the_first_stack_of_its_size_none_starts)
{
    const lg_go_options large = {.stack_size = 64 << 20};
    if (!can_fail_allocations())
        return;
    ck_assert(!panics(&plain, 0, -1));
    wait_for_value(&called, 1);
    ck_assert(panics(&large, 2, -1));
    ck_assert(!panics(&large, 0, -1));
    wait_for_value(&called, 2);
}
END_TEST

static void start_some_and_wait(atomic_int *ended)
{
    enum { AT_ONCE = 8 };
    *ended = 0;
    for (int i = 0; i < AT_ONCE; i++)
        lg_go(add_one, ended);
    wait_for_value(ended, AT_ONCE);
}

/* Else a program whose main starts all goroutines grows with each, up to what is kept at most. */
START_TEST(what_goroutines_of_main_need_is_used_again)
{
    enum { WARM = 1000, TIMES = 500 };
    atomic_int ended;
    if (!can_fail_allocations())
        return;
    ck_assert_ptr_null(lg_set_workers(1));
    for (int i = 0; i < WARM; i++)
        start_some_and_wait(&ended);
    memory_watch(0, false);
    for (int i = 0; i < TIMES; i++)
        start_some_and_wait(&ended);
    memory_ignore();
    ck_assert_int_lt(memory.made, TIMES);
}
END_TEST

RUN_TESTS("sched memory", what_goroutines_of_main_need_is_used_again,
          g4_the_first_goroutine_without_memory, a_refusal_of_the_kernel_is_named,
          g4_the_first_goroutine_without_threads, g4_in_a_goroutine,
          without_memory_for_its_stack_a_goroutine_waits,
          without_memory_for_the_first_stack_of_its_size_none_starts)
