/* The end of a panic that nothing stops: P5, P8. */
#include "report/print.h"
#include "testing/test.h"

#include <fcntl.h>
#include <limits.h>

#include <lifoguard/chan.h>
#include <lifoguard/go.h>
#include <lifoguard/mutex.h>

__attribute__((noinline)) static void panics_here(void)
{
    lg_defer(tell, "innermost");
    lg_panic("out of %s", "luck");
}

static void at_exit(void)
{
    tell("atexit");
}

__attribute__((noinline)) static void calls_it(void)
{
    lg_defer(tell, "middle");
    lg_defer_block {
        tell("block");
    }
    panics_here();
    tell("not reached");
}

static void uncaught(void *data)
{
    (void)data;
    atexit(at_exit);
    printf("buffered"); /* must come out */
    lg_defer(tell, "outermost");
    calls_it();
    tell("not reached");
}

START_TEST(P5_uncaught_defers_run_then_the_report_and_status_2)
{
    struct outcome *outcome = in_child(uncaught, NULL);
    expect_status(outcome, 2);
    expect_out(outcome, "innermost block middle outermost buffered");
    expect_in_err(outcome, "panic: out of luck\n");
    expect_in_err(outcome, "report_test.c:15\n");
    /* the deferred calls that ran, in order */
    const char *first = strstr(outcome->err, "tell(\"innermost\")"),
               *second = strstr(outcome->err, "tell(\"middle\")"),
               *third = strstr(outcome->err, "tell(\"outermost\")");
    ck_assert(first && second && third && first < second && second < third);
    expect_in_err(outcome, "in calls_it");
}
END_TEST

START_TEST(P5_the_stack_has_the_names_of_functions)
{
    struct outcome *outcome = in_child(uncaught, NULL);
    const char *stack = strstr(outcome->err, "stack:");
    ck_assert_ptr_nonnull(stack);
    if (!dlopen("libdw.so.1",
                RTLD_NOW)) /* without it, the names of static functions are not known */
        return;
    const char *first = strstr(stack, "panics_here"), *second = strstr(stack, "calls_it"),
               *third = strstr(stack, "uncaught");
    ck_assert_msg(first && second && third, "%s", outcome->err);
    ck_assert(first < second && second < third);
    ck_assert_ptr_null(strstr(stack, "lgi_")); /* nothing of the library itself */
}
END_TEST

static void chained(void *data)
{
    (void)data;
    lg_defer(panic_with, "third");
    lg_defer(panic_with, "second");
    lg_panic("first");
}

START_TEST(P4_P5_the_chain_is_printed_oldest_first)
{
    struct outcome *outcome = in_child(chained, NULL);
    expect_status(outcome, 2);
    const char *first = strstr(outcome->err, "panic: first\n"),
               *second = strstr(outcome->err, "panic: second\n"),
               *third = strstr(outcome->err, "panic: third\n");
    ck_assert_msg(first && second && third && first < second && second < third, "%s", outcome->err);
}
END_TEST

static void recover_and_panic(lg_panic_info *panic)
{
    lg_recover(panic);
    lg_panic("again");
}

static void recovered_then_panicked(void *data)
{
    (void)data;
    lg_func_recovers_void {
        lg_defer_recover(recover_and_panic);
        lg_panic("first");
    }
}

START_TEST(P5_a_recovered_panic_is_marked_in_the_chain)
{
    struct outcome *outcome = in_child(recovered_then_panicked, NULL);
    expect_status(outcome, 2);
    expect_in_err(outcome, "panic: first [recovered]\n");
    expect_in_err(outcome, "panic: again\n");
}
END_TEST

static lg_error *abandons(void)
{
    lg_func (lg_error *, err) {
        err = lg_error_new_code(ENOENT, "open %s", "file");
        lg_panic("in between");
    }
}

static void abandoned(void *data)
{
    (void)data;
    lg_error_free(abandons());
}

START_TEST(P5_an_abandoned_error_is_named)
{
    struct outcome *outcome = in_child(abandoned, NULL);
    expect_status(outcome, 2);
    expect_in_err(outcome, "abandoned");
    expect_in_err(outcome, "open file: No such file or directory");
}
END_TEST

static void free_payload(void *payload)
{
    tell(payload);
}

static lg_error *abandons_a_payload(void)
{
    static const lg_error_kind kind = {.name = "kind", .free = free_payload};
    static char payload[] = "payload";
    lg_func (lg_error *, err) {
        err = lg_error_new_kind(&kind, payload, "half done");
        lg_panic("out of luck");
    }
}

static void payload_panic(void *data)
{
    (void)data;
    lg_error_free(abandons_a_payload());
}

START_TEST(P5_the_payload_of_an_abandoned_error_is_freed_behind_the_report)
{
    struct outcome *outcome = in_child(payload_panic, NULL);
    expect_status(outcome, 2);
    expect_in_err(outcome, "abandoned by it: half done\n");
    expect_out(outcome, "payload ");
}
END_TEST

static void error_panic(void *data)
{
    (void)data;
    lg_panic_with_error(lg_error_wrap(lg_error_new("inner"), "outer"));
}

static void pointer_panic(void *data)
{
    lg_panic_with_pointer(data);
}

START_TEST(P7_P5_every_kind_of_value_is_reported)
{
    expect_in_err(in_child(error_panic, NULL), "panic: outer: inner\n");
    expect_in_err(in_child(pointer_panic, (void *)0x1234), "panic: pointer 0x1234\n");
}
END_TEST

static void in_thread(void *data)
{
    lg_defer(tell, "mine");
    (void)data;
    lg_panic("in a thread");
}

static void other_thread(void *data)
{
    lg_defer(tell, "not of this goroutine");
    on_thread(in_thread, data);
}

START_TEST(P5_P8_in_any_goroutine_it_ends_the_process_and_runs_only_its_own_defers)
{
    struct outcome *outcome = in_child(other_thread, NULL);
    expect_status(outcome, 2);
    expect_out(outcome, "mine ");
    expect_in_err(outcome, "panic: in a thread\n");
}
END_TEST

static pthread_barrier_t barrier;

static void *panics_with_others(void *data)
{
    pthread_barrier_wait(&barrier);
    (void)data;
    lg_panic("one of many");
}

static void many_at_once(void *data)
{
    (void)data;
    pthread_t thread;
    pthread_barrier_init(&barrier, NULL, 20);
    for (int i = 0; i < 20; i++)
        pthread_create(&thread, NULL, panics_with_others, NULL);
    pthread_join(thread, NULL);
    tell("not reached");
}

START_TEST(P8_many_panics_at_once_make_one_report)
{
    for (int i = 0; i < 5; i++) {
        struct outcome *outcome = in_child(many_at_once, NULL);
        expect_status(outcome, 2);
        expect_out(outcome, "");
        ck_assert_int_eq(occurrences(outcome->err, "panic: one of many\n"), 1);
    }
}
END_TEST

static void closed_stderr(void *data)
{
    close(STDERR_FILENO);
    uncaught(data);
}

static void *locks_stdout(void *data)
{
    flockfile(stdout);
    pthread_barrier_wait(&barrier);
    pause();
    return data;
}

static void locked_stdout(void *data)
{
    pthread_t thread;
    (void)data;
    pthread_barrier_init(&barrier, NULL, 2);
    pthread_create(&thread, NULL, locks_stdout, NULL);
    pthread_barrier_wait(&barrier);
    lg_panic("must not hang");
}

START_TEST(P5_neither_a_closed_stderr_nor_a_locked_stdout_holds_it_up)
{
    expect_status(in_child(closed_stderr, NULL), 2);
#if defined(HAS_TSAN)
    (void)
        locked_stdout; /* ThreadSanitizer flushes stdout in _exit itself, and waits for the lock */
#else
    struct outcome *outcome = in_child(locked_stdout, NULL);
    expect_status(outcome, 2);
    expect_in_err(outcome, "panic: must not hang\n");
#endif
}
END_TEST

static void exits_with_handlers(void *data)
{
    (void)data;
    lg_panic("in the middle");
}

__attribute__((destructor)) static void destructs(void)
{
    if (getenv("LG_TEST_CHILD"))
        tell("destructor");
}

static void with_destructor(void *data)
{
    setenv("LG_TEST_CHILD", "1", 1);
    exits_with_handlers(data);
}

START_TEST(P5_no_destructors_either)
{
    struct outcome *outcome = in_child(with_destructor, NULL);
    expect_status(outcome, 2);
    expect_out(outcome, "");
}
END_TEST

static void deep(int depth)
{
    if (depth == 0)
        lg_panic("deep");
    lg_defer_block {
        (void)depth;
    }
    deep(depth - 1);
    __asm__ volatile("");
}

static void very_deep(void *data)
{
    deep(*(int *)data);
}

START_TEST(P5_a_deep_stack_is_cut)
{
    int depth = 2000;
    struct outcome *outcome = in_child(very_deep, &depth);
    expect_status(outcome, 2);
    expect_in_err(outcome, "(more frames were not kept)");
}
END_TEST

/* ---- a stderr that takes no more at the moment ---- */

static void panics_with_a_full_stderr(void *data)
{
    static const char filler[256] = {'\n'};
    (void)data;
    fcntl(STDERR_FILENO, F_SETPIPE_SZ, 4096);
    fcntl(STDERR_FILENO, F_SETFL, O_NONBLOCK);
    for (int i = 0; i < 40 && write(STDERR_FILENO, filler, sizeof(filler)) > 0; i++)
        ; /* more than the pipe takes, unless the parent reads as fast */
    lg_panic("out of luck");
}

START_TEST(P5_a_report_waits_for_a_full_stderr)
{
    struct outcome *outcome = in_child(panics_with_a_full_stderr, NULL);
    expect_status(outcome, 2);
    ck_assert_ptr_nonnull(memmem(outcome->err, outcome->err_length, "panic: out of luck\n", 19));
}
END_TEST

static void does_nothing(int number)
{
    (void)number;
}

static void panics_above_many(void *data)
{
    (void)data;
    lg_scope(scope);
    for (int i = 0; i < 20; i++)
        lg_defer_in(&scope, does_nothing, i);
    lg_panic("above twenty");
}

START_TEST(P5_of_many_deferred_calls_that_ran_the_last_are_listed)
{
    struct outcome *outcome = in_child(panics_above_many, NULL);
    expect_status(outcome, 2);
    expect_in_err(outcome, "deferred calls that it ran, first to last:\n    (4 before these)\n");
    unsigned listed = 0;
    for (const char *at = outcome->err; (at = strstr(at, "does_nothing(i)")); at++)
        listed++;
    ck_assert_uint_eq(listed, 16);
}
END_TEST

struct collector {
    struct lgi_sink sink;
    char text[4000];
    size_t length;
};

static void collect(struct lgi_sink *sink, const char *text, size_t length)
{
    struct collector *to = (struct collector *)sink;
    ck_assert_uint_lt(to->length + length, sizeof(to->text));
    memcpy(to->text + to->length, text, length);
    to->length += length;
}

START_TEST(P5_negative_numbers_and_long_texts_are_printed_whole)
{
    struct collector all = {.sink.put = collect};
    char text[3000], expected[4000];
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    lgi_print(&all.sink, "%d, %d, %d: %s\n", -5, INT_MIN, 12, text);
    snprintf(expected, sizeof(expected), "-5, %d, 12: %s\n", INT_MIN, text);
    ck_assert_str_eq(all.text, expected);
}
END_TEST

RUN_TESTS("report", P5_uncaught_defers_run_then_the_report_and_status_2,
          P5_the_stack_has_the_names_of_functions, P4_P5_the_chain_is_printed_oldest_first,
          P5_a_recovered_panic_is_marked_in_the_chain, P5_an_abandoned_error_is_named,
          P5_the_payload_of_an_abandoned_error_is_freed_behind_the_report,
          P7_P5_every_kind_of_value_is_reported,
          P5_P8_in_any_goroutine_it_ends_the_process_and_runs_only_its_own_defers,
          P8_many_panics_at_once_make_one_report,
          P5_neither_a_closed_stderr_nor_a_locked_stdout_holds_it_up, P5_no_destructors_either,
          P5_a_deep_stack_is_cut, P5_a_report_waits_for_a_full_stderr,
          P5_of_many_deferred_calls_that_ran_the_last_are_listed,
          P5_negative_numbers_and_long_texts_are_printed_whole)
