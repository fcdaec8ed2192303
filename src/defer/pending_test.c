/* What is pending (D12), and what a longjmp skipped (D10). */
#include "testing/test.h"

#include <setjmp.h>

static unsigned line_of_pair;

static bool note_call(const lg_pending_call *call, void *data)
{
    const int *stop_after = data;
    note(call->call);
    if (call->count > 0)
        note_number((int)call->words[0]);
    return !stop_after || strlen(trace_text) < (size_t)*stop_after;
}

static void list(void)
{
    lg_pending_visit(note_call, NULL);
}

static void inner(int n)
{
    lg_defer(note_number, n + 1);
    list();
}

START_TEST(D12_what_is_pending_is_listed_innermost_first_with_arguments)
{
    {
        lg_defer(note_number, 7);
        lg_defer_block {
            note("block");
        }
        FOREIGN(foreign, "foreign");
        lg_scope(s);
        lg_defer_in(&s, note_number, 1);
        lg_defer_in(&s, note_number, 2);
        lg_defer_as(named, note_number, 3);
        lg_defer_as(dismissed, note_number, 4);
        lg_deferred_dismiss(dismissed);
        inner(4);
        expect_trace("note_number(n + 1) 5 note_number(3) 3 note_number(2) 2 note_number(1) 1 "
                     "note_number(7) 7 5");
    }
    expect_trace("3 2 1 foreign block 7");
}
END_TEST

struct call {
    char call[64], file[256], caller[64];
    unsigned line, count;
    uintptr_t words[4];
};

static bool keep(const lg_pending_call *call, void *data)
{
    struct call *kept = data;
    snprintf(kept->call, sizeof(kept->call), "%s", call->call);
    snprintf(kept->file, sizeof(kept->file), "%s", call->file);
    snprintf(kept->caller, sizeof(kept->caller), "%s", call->caller);
    kept->line = call->line;
    kept->count = call->count;
    memcpy(kept->words, call->words, call->count * sizeof(call->words[0]));
    return false;
}

static void registers(const char *word, struct call *kept)
{
    line_of_pair = __LINE__ + 1;
    lg_defer(note_pair, word, -7);
    lg_defer_block {
        note("block");
    }
    ck_assert_uint_eq(lg_pending_visit(keep, kept), 1);
}

START_TEST(D12_with_call_text_place_function_and_argument_words)
{
    static const char word[] = "word";
    struct call kept;
    registers(word, &kept);
    ck_assert_str_eq(kept.call, "note_pair(word, -7)");
    ck_assert_str_eq(kept.file, __FILE__);
    ck_assert_str_eq(kept.caller, "registers");
    ck_assert_uint_eq(kept.line, line_of_pair);
    ck_assert_uint_eq(kept.count, 2);
    ck_assert_uint_eq(kept.words[0], (uintptr_t)word);
    ck_assert_int_eq((int)kept.words[1], -7);
    trace_text[0] = '\0';
}
END_TEST

static bool count_only(const lg_pending_call *call, void *data)
{
    (void)call;
    (void)data;
    return true;
}

static size_t pending_in_deferred_call;

static void count_pending(void)
{
    pending_in_deferred_call = lg_pending_visit(count_only, NULL);
}

static void three(bool panics)
{
    lg_func_recovers_void {
        lg_defer_recover(stop);
        lg_defer(note, "b");
        lg_defer(count_pending);
        lg_defer(note, "c");
        ck_assert_uint_eq(lg_pending_visit(count_only, NULL), 4);
        if (panics)
            lg_panic("p");
    }
}

START_TEST(D12_in_a_deferred_call_only_what_is_left)
{
    ck_assert_uint_eq(lg_pending_visit(count_only, NULL), 0);
    three(false);
    ck_assert_uint_eq(pending_in_deferred_call, 2);
    expect_trace("c b");
    three(true);
    ck_assert_uint_eq(pending_in_deferred_call, 2);
    expect_trace("c b stopped: p");
    ck_assert_uint_eq(lg_pending_visit(count_only, NULL), 0);
}
END_TEST

static void list_on_another_thread(void *data)
{
    *(size_t *)data = lg_pending_visit(count_only, NULL);
}

START_TEST(D12_G1_only_those_of_the_calling_goroutine)
{
    size_t count = 99;
    {
        lg_defer(note, "mine");
        ck_assert(on_thread(list_on_another_thread, &count));
    }
    ck_assert_uint_eq(count, 0);
}
END_TEST

static void print_to(FILE *stream)
{
    lg_defer(note_pair, "printed", 255);
    lg_pending_print(stream);
}

START_TEST(D12_printed_one_a_line)
{
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    print_to(stream);
    fclose(stream);
    ck_assert_ptr_nonnull(strstr(text, "note_pair(\"printed\", 255)"));
    ck_assert_ptr_nonnull(strstr(text, "pending_test.c:"));
    ck_assert_ptr_nonnull(strstr(text, " in print_to"));
    ck_assert_ptr_nonnull(strstr(text, "0xff\n"));
    ck_assert_int_eq(occurrences(text, "\n"), 1);
    free(text);
}
END_TEST

static bool defers_itself(const lg_pending_call *call, void *data)
{
    lg_defer(note, "visit");
    (void)data;
    note(call->call);
    return true;
}

START_TEST(D12_the_visitor_may_defer)
{
    {
        lg_defer(note, "a");
        lg_defer(note, "b");
        ck_assert_uint_eq(lg_pending_visit(defers_itself, NULL), 2);
        expect_trace("note(\"b\") visit note(\"a\") visit");
    }
}
END_TEST

static void many_in_scope(void)
{
    lg_scope(s);
    for (int i = 0; i < 1000; i++)
        lg_defer_in(&s, note_number, i);
    ck_assert_uint_eq(lg_pending_visit(count_only, NULL), 1000);
    int enough = 60;
    size_t seen = lg_pending_visit(note_call, &enough);
    ck_assert_uint_lt(seen, 1000);
    ck_assert_uint_gt(seen, 0);
    lg_scope_dismiss(&s);
    ck_assert_uint_eq(lg_pending_visit(count_only, NULL), 0);
}

START_TEST(D12_all_of_a_large_scope_until_told_to_stop)
{
    many_in_scope();
}
END_TEST

/* ---- longjmp ---- */

static jmp_buf target;

static void jumps(void)
{
    lg_defer(note, "skipped");
    longjmp(target, 1);
}

static void skips(void)
{
    lg_defer(note, "outer");
    if (setjmp(target) == 0)
        jumps();
    note("landed");
}

START_TEST(D10_a_longjmp_past_a_record_is_noticed_and_not_followed)
{
    ck_assert_uint_eq(lg_pending_skipped_count(), 0);
    skips();
    expect_trace("landed outer");
    ck_assert_uint_eq(lg_pending_skipped_count(), 1);
    {
        lg_defer(note, "as before");
    }
    expect_trace("as before");
    ck_assert_uint_eq(lg_pending_skipped_count(), 1);
}
END_TEST

__attribute__((noinline)) static void overwrite_the_stack(void)
{
    volatile unsigned char junk[4096];
    for (size_t i = 0; i < sizeof(junk); i++)
        junk[i] = 0x5a;
}

static void skips_then_panics(void)
{
    lg_func_recovers_void {
        lg_defer_recover(stop);
        lg_defer(note, "outer");
        if (setjmp(target) == 0)
            jumps();
        overwrite_the_stack();
        lg_defer(note, "registered after");
        lg_panic("p");
    }
}

START_TEST(D10_a_panic_after_a_longjmp_runs_what_is_alive)
{
    skips_then_panics();
    expect_trace("registered after outer stopped: p");
    ck_assert_uint_eq(lg_pending_skipped_count(), 1);
    ck_assert_uint_eq(lg_pending_visit(count_only, NULL), 0);
}
END_TEST

static void skips_a_scope(void)
{
    lg_scope(s);
    lg_defer_in(&s, note, "outer scope");
    if (setjmp(target) == 0) {
        lg_defer(note, "skipped too");
        jumps();
    }
    overwrite_the_stack();
    lg_pending_visit(count_only, NULL); /* must not believe what is dead */
}

START_TEST(D10_D12_dead_records_are_not_believed)
{
    skips_a_scope();
    expect_trace("outer scope");
    ck_assert_uint_ge(lg_pending_skipped_count(), 1);
}
END_TEST

static void panics_uncaught_after_longjmp(void *data)
{
    (void)data;
    lg_defer(tell, "outer");
    if (setjmp(target) == 0)
        jumps();
    overwrite_the_stack();
    lg_panic("after the jump");
}

START_TEST(D10_P5_the_report_tells_of_skipped_calls)
{
    struct outcome *outcome = in_child(panics_uncaught_after_longjmp, NULL);
    expect_status(outcome, 2);
    expect_out(outcome, "outer ");
    expect_in_err(outcome, "panic: after the jump");
    expect_in_err(outcome, "skipped by a longjmp");
}
END_TEST

RUN_TESTS("pending", D12_what_is_pending_is_listed_innermost_first_with_arguments,
          D12_with_call_text_place_function_and_argument_words,
          D12_in_a_deferred_call_only_what_is_left, D12_G1_only_those_of_the_calling_goroutine,
          D12_printed_one_a_line, D12_the_visitor_may_defer,
          D12_all_of_a_large_scope_until_told_to_stop,
          D10_a_longjmp_past_a_record_is_noticed_and_not_followed,
          D10_a_panic_after_a_longjmp_runs_what_is_alive, D10_D12_dead_records_are_not_believed,
          D10_P5_the_report_tells_of_skipped_calls)
