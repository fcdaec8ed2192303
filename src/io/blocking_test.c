/* Calls on helper threads. */
#include "testing/crew.h"

#include <stdarg.h>
#include <stdint.h>

#include <lifoguard/go.h>

#include "sched/runtime.h"

/* ---- results and arguments ---- */

enum color { RED = 3, GREEN };

static _Atomic pthread_t last_thread;
static unsigned calls; /* atomic */

static void nothing(void)
{
    __atomic_fetch_add(&calls, 1, __ATOMIC_RELAXED);
}

static int minus(int a)
{
    last_thread = pthread_self();
    return -a;
}

static bool is_even(int a)
{
    return a % 2 == 0;
}

static unsigned char low_byte(int a)
{
    return (unsigned char)a;
}

static short as_short(int a)
{
    return (short)a;
}

static enum color color_of(int a)
{
    return a > 0 ? GREEN : RED;
}

static const char *second(const char *a, const char *b)
{
    return a ? b : NULL;
}

static uint64_t three(uint64_t a, uint64_t b, uint64_t c)
{
    return a + b * c;
}

static long four(int a, long b, const int *c, unsigned d)
{
    return a + b + *c + (long)d;
}

static void call_all(void *unused)
{
    const int nine = 9;
    (void)unused;
    lg_blocking(nothing);
    int result = lg_blocking(minus, 5);
    must(result == -5);
    must(lg_blocking(minus, -INT32_MAX) == INT32_MAX);
    must(lg_blocking(is_even, 4) == true && lg_blocking(is_even, 5) == false);
    must(lg_blocking(low_byte, 0x1234) == 0x34);
    must(lg_blocking(as_short, -2) == -2);
    must(lg_blocking(color_of, 1) == GREEN && lg_blocking(color_of, -1) == RED);
    must(strcmp(lg_blocking(second, "a", "b"), "b") == 0);
    must(lg_blocking(second, NULL, "b") == NULL);
    must(lg_blocking(three, UINT64_MAX, 3, 4) == 11);
    must(lg_blocking(four, -1, 1L << 40, &nine, 7U) == (1L << 40) + 15);
    int (*pointer)(int) = minus;
    must(lg_blocking(pointer, 1) == -1);
    lg_blocking(minus, 2); /* dropped */
}

START_TEST(C9_results_and_arguments)
{
    on(_i, call_all, NULL);
    ck_assert_uint_eq(calls, 1);
}
END_TEST

/* ---- errno ---- */

static int look_at_errno(int expected, int next)
{
    int found = errno == expected;
    errno = next;
    return found;
}

static void keep_errno(void *unused)
{
    (void)unused;
    errno = 71;
    int found = lg_blocking(look_at_errno, 71, 72);
    must(errno == 72);
    must(found);
}

START_TEST(C9_errno_is_as_if_called_directly)
{
    on(_i, keep_errno, NULL);
}
END_TEST

/* ---- threads ---- */

static void find_threads(void *data)
{
    pthread_t mine = pthread_self();
    lg_blocking(minus, 1);
    must(pthread_equal(mine, pthread_self())); /* G5 */
    *(bool *)data = pthread_equal(mine, last_thread);
}

START_TEST(G5_only_goroutines_need_a_helper)
{
    bool direct = true;
    on(ON_GOROUTINE, find_threads, &direct);
    ck_assert(!direct);
    on(ON_THREAD, find_threads, &direct);
    ck_assert(direct);
}
END_TEST

enum { BLOCKERS = 20 };
static atomic_int blocked;

/* Returns when all of them are here. */
static int block_until_all_do(int all)
{
    for (atomic_fetch_add(&blocked, 1); atomic_load(&blocked) < all;)
        pause_ms(1);
    return all;
}

static void block_together(void *unused)
{
    (void)unused;
    must(lg_blocking(block_until_all_do, BLOCKERS) == BLOCKERS);
}

static void yield_meanwhile(void *unused)
{
    (void)unused;
    for (int i = 0; i < 10 || atomic_load(&blocked) < BLOCKERS; i++)
        lg_yield();
}

START_TEST(C9_others_go_on)
{
    must_not_fail(lg_set_workers(1));
    for (int i = 0; i < BLOCKERS; i++)
        crew_go(block_together, NULL);
    crew_go(yield_meanwhile, NULL);
    crew_wait();
}
END_TEST

/* ---- how many ---- */

static unsigned now, most, awaited; /* atomic */

static void count_callers(int ms)
{
    unsigned mine = __atomic_add_fetch(&now, 1, __ATOMIC_SEQ_CST);
    unsigned before = __atomic_load_n(&most, __ATOMIC_SEQ_CST);
    while (before < mine && !__atomic_compare_exchange_n(&most, &before, mine, false,
                                                         __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
        ;
    /* Until as many have been here at once as are to come; then for more, if there are. */
    for (int i = 0; __atomic_load_n(&most, __ATOMIC_SEQ_CST) < awaited && i < 60000; i++)
        pause_ms(1);
    pause_ms(ms);
    __atomic_fetch_sub(&now, 1, __ATOMIC_SEQ_CST);
}

static void call_counted(void *data)
{
    lg_blocking(count_callers, *(int *)data);
}

static int count_threads(void)
{
    int count = -2;
    DIR *listing = opendir("/proc/self/task");
    ck_assert_ptr_nonnull(listing);
    while (readdir(listing))
        count++;
    closedir(listing);
    return count;
}

START_TEST(C9_helpers_are_limited_and_used_again)
{
    int ms = 2;
    must_not_fail(lg_set_workers(2));
    ck_assert_uint_eq(lg_blocking_threads(), 128);
    must_not_fail(lg_blocking_set_threads(3));
    ck_assert_uint_eq(lg_blocking_threads(), 3);
    awaited = 3;
    for (int i = 0; i < 100; i++)
        crew_go(call_counted, &ms);
    crew_wait();
    ck_assert_uint_eq(most, 3);
    int threads = count_threads();
    for (int i = 0; i < 100; i++)
        crew_go(call_counted, &ms);
    crew_wait();
    ck_assert_int_le(count_threads(), threads);
    must_not_fail(lg_blocking_set_threads(10));
    most = 0;
    awaited = 10;
    for (int i = 0; i < 100; i++)
        crew_go(call_counted, &ms);
    crew_wait();
    ck_assert_uint_eq(most, 10);
    /* Those too many go. */
    threads = count_threads();
    must_not_fail(lg_blocking_set_threads(1));
    for (int i = 0; count_threads() > threads - 9; i++) {
        ck_assert_int_lt(i, 300000);
        pause_ms(1);
    }
    most = 0;
    awaited = 1;
    for (int i = 0; i < 20; i++)
        crew_go(call_counted, &ms);
    crew_wait();
    ck_assert_uint_eq(most, 1);
}
END_TEST

START_TEST(C9_more_helpers_help_at_once)
{
    int ms = 2;
    awaited = 5;
    must_not_fail(lg_blocking_set_threads(1));
    for (int i = 0; i < 5; i++)
        crew_go(call_counted, &ms);
    pause_ms(30);
    must_not_fail(lg_blocking_set_threads(5));
    crew_wait();
    ck_assert_uint_eq(most, 5);
}
END_TEST

START_TEST(C9_numbers_that_cannot_be)
{
    lg_error *error = lg_blocking_set_threads(0);
    ck_assert_ptr_nonnull(error);
    ck_assert_ptr_nonnull(strstr(lg_error_message(error), "from 1 to 65536, not 0"));
    lg_error_free(error);
    error = lg_blocking_set_threads(65537);
    ck_assert_ptr_nonnull(error);
    lg_error_free(error);
    ck_assert_uint_eq(lg_blocking_threads(), 128);
}
END_TEST

/* ---- no threads to be had ---- */

static bool no_threads;

/* (pthread_create itself is the sanitizers'.) */
int pthread_attr_init(pthread_attr_t *attributes)
{
    int (*real)(pthread_attr_t *);
    if (no_threads)
        return ENOMEM;
    *(void **)&real = dlsym(RTLD_NEXT, "pthread_attr_init");
    return real(attributes);
}

START_TEST(C9_without_threads_the_call_is_made_directly)
{
    bool direct = false;
    must_not_fail(lg_set_workers(1));
    blocked = BLOCKERS;
    crew_go(yield_meanwhile, NULL); /* the worker is there before */
    crew_wait();
    no_threads = true;
    crew_go(find_threads, &direct);
    crew_go(keep_errno, NULL);
    crew_wait();
    ck_assert(direct);
    no_threads = false;
    crew_go(find_threads, &direct);
    crew_wait();
    ck_assert(!direct);
    no_threads = true; /* there is one now, for all */
    int ms = 1;
    for (int i = 0; i < 10; i++)
        crew_go(call_counted, &ms);
    crew_wait();
    ck_assert_uint_eq(most, 1);
    no_threads = false;
}
END_TEST

/* ---- panics, goexit, exit ---- */

static LG_ERROR_DEFINE(broken, "broken");
static int somewhere;

static void leave(int how)
{
    const char *word = "in-helper";
    lg_defer(note, word);
    switch (how) {
    case 0: lg_panic("number %d", 7);
    case 1: lg_panic_with_error(lg_error_wrap(&broken, "it is"));
    case 2: lg_panic_with_pointer(&somewhere);
    case 3: lg_goexit();
    case 4: lg_exit(41);
    default: pthread_exit(NULL);
    }
}

static void stop_it(lg_panic_info *panic)
{
    if (!lg_recover(panic))
        return;
    note(lg_panic_message(panic));
    if (lg_error_is(lg_panic_error(panic), &broken))
        note("error");
    if (lg_panic_pointer(panic) == &somewhere)
        note("pointer");
    ck_assert_ptr_nonnull(strstr(lg_panic_file(panic), "blocking_test.c"));
}

static void recover_from(void *how)
{
    lg_func_recovers_void {
        lg_defer_recover(stop_it);
        lg_defer(note, "in-goroutine");
        lg_blocking(leave, *(int *)how);
        note("not-reached");
    }
}

START_TEST(P1_a_panic_goes_on_in_the_goroutine)
{
    int how = 0;
    on(_i, recover_from, &how);
    expect_trace("in-helper in-goroutine number 7");
    how = 1;
    on(_i, recover_from, &how);
    expect_trace("in-helper in-goroutine it is: broken error");
    how = 2;
    on(_i, recover_from, &how);
    ck_assert_ptr_nonnull(strstr(trace_text, "in-helper in-goroutine pointer 0x"));
    trace_text[0] = '\0';
    /* The helper is as good as before. */
    on(_i, call_all, NULL);
}
END_TEST

START_TEST(P6_a_goexit_ends_the_goroutine)
{
    int how = 3;
    crew_go(recover_from, &how);
    crew_wait();
    expect_trace("in-helper in-goroutine");
    crew_go(call_all, NULL);
    crew_wait();
}
END_TEST

static void tell_goroutine(void *how)
{
    lg_defer(tell, "goroutine");
    lg_blocking(leave, *(int *)how);
}

static void leave_in_child(void *how)
{
    crew_go(tell_goroutine, how);
    pause_ms(900);
    pause_ms(900);
    _exit(98);
}

START_TEST(P8_a_panic_that_nothing_stops_ends_the_process)
{
    int how = 0;
    struct outcome *outcome = in_child(leave_in_child, &how);
    expect_status(outcome, 2);
    expect_out(outcome, "goroutine ");
    expect_in_err(outcome, "number 7");
    expect_in_err(outcome, "blocking_test.c");
}
END_TEST

START_TEST(D10_an_exit_unwinds_the_goroutine_too)
{
    int how = 4;
    struct outcome *outcome = in_child(leave_in_child, &how);
    expect_status(outcome, 41);
    expect_out(outcome, "goroutine ");
}
END_TEST

START_TEST(P14_pthread_exit_is_refused)
{
    int how = 5;
    struct outcome *outcome = in_child(leave_in_child, &how);
    expect_status(outcome, 2);
    expect_in_err(outcome, "pthread_exit in a call made by lg_blocking");
}
END_TEST

static void call_null(void *unused)
{
    void (*volatile null)(void) = NULL;
    (void)unused;
    lg_blocking(null);
}

static void null_in_child(void *place)
{
    on(*(int *)place, call_null, NULL);
    pause_ms(900); /* it is panicking */
}

START_TEST(D9_a_NULL_function_panics)
{
    struct outcome *outcome = in_child(null_in_child, &_i);
    expect_status(outcome, 2);
    expect_in_err(outcome, "lg_blocking of a NULL function");
}
END_TEST

/* ---- waiting in a helper ---- */

static struct ends channel;

static size_t read_there(char *buffer)
{
    size_t count;
    must_not_fail(lg_read(channel.from, buffer, 5, lg_until_forever(), &count));
    lg_sleep(LG_MILLISECOND);
    return count;
}

static void read_by_helper(void *unused)
{
    char buffer[5];
    (void)unused;
    must(lg_blocking(read_there, buffer) == 5);
    must(memcmp(buffer, "hello", 5) == 0);
}

START_TEST(C9_the_function_may_wait)
{
    channel = make_ends(PIPE);
    for (int i = 0; i < 10; i++)
        crew_go(read_by_helper, NULL);
    pause_ms(10);
    for (int i = 0; i < 10; i++)
        ck_assert_int_eq(write(channel.to, "hello", 5), 5);
    crew_wait();
    close_ends(channel);
}
END_TEST

static int blocked_signals(void)
{
    sigset_t set;
    int signals = 0;
    pthread_sigmask(SIG_SETMASK, NULL, &set);
    for (int number = 1; number < 32; number++)
        signals |= sigismember(&set, number) << number;
    return signals;
}

static void look_at_signals(void *unused)
{
    (void)unused;
    must(lg_blocking(blocked_signals) == 1 << SIGUSR2);
}

START_TEST(G7_helpers_have_the_programs_mask)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    pthread_sigmask(SIG_SETMASK, &set, NULL);
    crew_go(look_at_signals, NULL);
    crew_wait();
}
END_TEST

static void call_often(void *unused)
{
    (void)unused;
    for (int i = 0; i < 200; i++) {
        must(lg_blocking(three, (uint64_t)i, 2, 3) == (uint64_t)i + 6);
        if (i % 5 == 0)
            lg_yield();
    }
}

START_TEST(C9_many_calls)
{
    must_not_fail(lg_set_workers((unsigned[]){1, 2, 8}[_i]));
    must_not_fail(lg_blocking_set_threads(4));
    for (int i = 0; i < 50; i++)
        crew_go(call_often, NULL);
    crew_wait();
    ck_assert_uint_eq(__atomic_load_n(&lgi_outside, __ATOMIC_SEQ_CST), 0);
}
END_TEST

static void add_tests(TCase *tests)
{
    const TTest *const both[] = {
        C9_results_and_arguments,
        C9_errno_is_as_if_called_directly,
        P1_a_panic_goes_on_in_the_goroutine,
        D9_a_NULL_function_panics,
    };
    const TTest *const once[] = {
        G5_only_goroutines_need_a_helper,
        C9_others_go_on,
        C9_helpers_are_limited_and_used_again,
        C9_more_helpers_help_at_once,
        C9_numbers_that_cannot_be,
        C9_without_threads_the_call_is_made_directly,
        P6_a_goexit_ends_the_goroutine,
        P8_a_panic_that_nothing_stops_ends_the_process,
        D10_an_exit_unwinds_the_goroutine_too,
        P14_pthread_exit_is_refused,
        C9_the_function_may_wait,
        G7_helpers_have_the_programs_mask,
    };
    for (size_t i = 0; i < sizeof(both) / sizeof(both[0]); i++)
        tcase_add_loop_test(tests, both[i], 0, PLACES);
    for (size_t i = 0; i < sizeof(once) / sizeof(once[0]); i++)
        tcase_add_test(tests, once[i]);
    tcase_add_loop_test(tests, C9_many_calls, 0, 3);
}

RUN_TESTS_OF("blocking", add_tests)
