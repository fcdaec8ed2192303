/* Tests of what lg_go does, and of the threads that goroutines run on. Rules are those of docs/rules.md. */
#include "testing/sched.h"
#include <fenv.h>
#include <lifoguard/waitgroup.h>

/* ---- the forms ---- */

static atomic_int ended;

static void none(void)
{
    add_one(&ended);
}

static int sum_of[5];

static int one(int a)
{
    sum_of[1] = a;
    add_one(&ended);
    return a;
}

static char *two(int a, const char *text)
{
    sum_of[2] = a + (int)strtol(text, NULL, 10);
    add_one(&ended);
    return NULL;
}

static void three(int a, unsigned long b, const int *c)
{
    sum_of[3] = a + (int)b + *c;
    add_one(&ended);
}

static lg_error *four(int a, long long b, size_t c, atomic_int *counter)
{
    sum_of[4] = a + (int)b + (int)c;
    add_one(counter);
    return NULL;
}

START_TEST(forms_with_up_to_four_arguments)
{
    static const int five = 5;
    int value = 1;
    void (*pointer)(void) = none;
    lg_go(none);
    lg_go(pointer);
    lg_go(one, value);
    lg_go_thread(two, 1, "20");
    lg_go_with(((lg_go_options){.name = "three"}), three, 1, 20UL, &five);
    lg_go(four, 1, 20LL, (size_t)300, &ended);
    value = 7; /* D2: arguments are evaluated at once */
    pointer = NULL;
    wait_for_value(&ended, 6);
    ck_assert_int_eq(sum_of[1], 1);
    ck_assert_int_eq(sum_of[2], 21);
    ck_assert_int_eq(sum_of[3], 26);
    ck_assert_int_eq(sum_of[4], 321);
    (void)value;
    (void)pointer;
}
END_TEST

static void drop(atomic_int *counter)
{
    atomic_fetch_sub(counter, 1000);
}

START_TEST(g4_an_owned_argument_is_not_dropped_if_the_goroutine_started)
{
    for (int i = 0; i < 100; i++)
        lg_go_owned(add_one, &ended, drop);
    wait_for_value(&ended, 100);
    usleep(1000);
    ck_assert_int_eq(ended, 100);
}
END_TEST

static void end_at_once(void)
{
    atomic_fetch_add(&ended, 1);
}

static atomic_int total;

static void add_two(atomic_int *to, int a)
{
    atomic_fetch_add(to, a);
}

static void add_three(atomic_int *to, int a, const char *b)
{
    atomic_fetch_add(to, a + (int)strlen(b));
}

static void add_four(atomic_int *to, int a, const char *b, long c)
{
    atomic_fetch_add(to, a + (int)strlen(b) + (int)c);
}

START_TEST(g4_what_has_no_argument_owns_none)
{
    const lg_go_options options = {.free = LGI_FREE(drop, &ended)};
    ended = 0;
    lg_go_with(options, end_at_once);
    wait_for_value(&ended, 1);
}
END_TEST

START_TEST(g4_an_owned_argument_with_up_to_three_others)
{
    total = ended = 0;
    lg_go_owned(add_one, &total, drop);
    lg_go_owned(add_two, &total, 10, drop);
    lg_go_owned(add_three, &total, 100, "12", drop);
    lg_go_owned(add_four, &total, 1000, "123", 10000L, drop);
    wait_for_value(&total, 11116);
    ck_assert_int_eq(total, 11116);
}
END_TEST

static void never_called(const char *word, int number)
{
    (void)word, (void)number;
    tell("called");
}

static atomic_int dropped;

static void drop_word(const char *word)
{
    tell(word);
    add_one(&dropped);
}

static atomic_int busy;

static void keep_worker_busy(void)
{
    add_one(&busy);
    wait_for_value(&dropped, 1);
}

static void start_while_exiting(void)
{
    lg_go_owned(never_called, "dropped", 1, drop_word);
}

static void exit_and_start(void *data)
{
    (void)data;
    ck_assert_ptr_null(lg_set_workers(1));
    lg_go(keep_worker_busy); /* the only one, until the argument has been dropped: nothing starts */
    wait_for_value(&busy, 1);
    lg_defer(start_while_exiting);
    lg_exit(0);
}

START_TEST(g4_the_first_of_several_arguments_is_dropped)
{
    struct outcome *outcome = in_child(exit_and_start, NULL);
    expect_status(outcome, 0);
    ck_assert_str_eq(outcome->out, "dropped ");
}
END_TEST

/* ---- misuse ---- */

static void go_null(void *drops)
{
    void (*null)(const char *) = NULL;
    if (drops)
        lg_go_owned(null, "dropped", tell);
    else
        lg_go_thread(null, "text");
}

static void go_too_large(void *unused)
{
    (void)unused;
    const lg_go_options options = {.stack_size = ((size_t)1 << 30) + 1,
                                   .free = LGI_FREE(tell, "text")};
    lg_go_with(options, tell, "dropped");
}

START_TEST(d9_misuse_panics_at_once)
{
    struct outcome *outcome = in_child(go_null, NULL);
    expect_status(outcome, 2);
    expect_in_err(outcome, "panic: goroutine of a NULL function");
    outcome = in_child(go_null, &outcome);
    expect_status(outcome, 2);
    expect_out(outcome, "dropped "); /* G4 */
    outcome = in_child(go_too_large, NULL);
    expect_status(outcome, 2);
    expect_in_err(outcome, "panic: a goroutine's stack of more than 1 GB");
    expect_out(outcome, "dropped ");
}
END_TEST

/* ---- names and numbers ---- */

static uint64_t ids[1000];
static char names[4][32];

static void note_id(int i)
{
    ids[i] = lg_goroutine_id();
    lg_yield();
    ck_assert_uint_eq(ids[i], lg_goroutine_id());
    add_one(&ended);
}

static void note_name(int i)
{
    snprintf(names[i], sizeof(names[i]), "%s", lg_goroutine_name());
    add_one(&ended);
}

static int compare_ids(const void *a, const void *b)
{
    uint64_t first = *(const uint64_t *)a, second = *(const uint64_t *)b;
    return first < second ? -1 : first > second;
}

static void name_of_thread(void *unused)
{
    (void)unused;
    ck_assert_str_eq(lg_goroutine_name(), "thread");
    ck_assert_uint_eq(lg_goroutine_id(), 0);
}

START_TEST(names_and_numbers)
{
    ck_assert_ptr_null(lg_set_workers(8));
    ck_assert_str_eq(lg_goroutine_name(), "main");
    ck_assert_uint_eq(lg_goroutine_id(), 0);
    ck_assert(on_thread(name_of_thread, NULL));
    for (int i = 0; i < 1000; i++) {
        if (i % 100 == 0)
            lg_go_thread(note_id, i);
        else
            lg_go(note_id, i);
    }
    wait_for_value(&ended, 1000);
    qsort(ids, 1000, sizeof(ids[0]), compare_ids);
    ck_assert_uint_ge(ids[0], 1);
    for (int i = 1; i < 1000; i++)
        ck_assert_uint_lt(ids[i - 1], ids[i]);

    void (*pointer)(int) = note_name;
    lg_go(note_name, 0);
    lg_go_thread(pointer, 1);
    lg_go_with(((lg_go_options){.name = "given"}), note_name, 2);
    lg_go_with(((lg_go_options){.name = "thread's", .thread = true}), note_name, 3);
    wait_for_value(&ended, 1004);
    ck_assert_str_eq(names[0], "note_name");
    ck_assert_str_eq(names[1], "pointer");
    ck_assert_str_eq(names[2], "given");
    ck_assert_str_eq(names[3], "thread's");
}
END_TEST

/* ---- the floating-point mode ---- */

static void rounds(int mode)
{
    volatile double one = 1, three = 3, third;
    ck_assert_int_eq(fegetround(), FE_TONEAREST); /* as a program begins */
    ck_assert_int_eq(fesetround(mode), 0);
    third = one / three;
    for (int i = 0; i < 50; i++) {
        if (i % 10 == 0)
            lg_sleep(LG_MICROSECOND);
        else
            lg_yield();
        ck_assert_int_eq(fegetround(), mode);
        ck_assert_double_eq(one / three, third);
    }
    add_one(&ended);
}

START_TEST(the_floating_point_mode_is_each_goroutines_own)
{
    static const int modes[] = {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
    ck_assert_ptr_null(lg_set_workers(2));
    for (int i = 0; i < 400; i++)
        lg_go(rounds, modes[i % 4]);
    wait_for_value(&ended, 400);
    ck_assert_int_eq(fegetround(), FE_TONEAREST);
}
END_TEST

/* ---- many ---- */

static struct lgi_done all_may_end;
static atomic_int parked;

static void park_until_all_may_end(void)
{
    add_one(&parked);
    struct lgi_g *g = lgi_self();
    lgi_wait_begin(g, "test");
    const lg_until until = {LG_DURATION_MAX, &all_may_end};
    ck_assert_uint_eq(lgi_park(g, until), LGI_IS_DONE);
    ck_assert_ptr_eq(lgi_wait_failed(LGI_IS_DONE, until), &lg_error_cancelled);
    add_one(&ended);
}

START_TEST(a_hundred_thousand_parked_at_once)
{
    ck_assert_ptr_null(lg_set_workers(2));
    for (int i = 0; i < many(); i++)
        lg_go(park_until_all_may_end);
    wait_for_value(&parked, many());
    ck_assert_int_eq(ended, 0);
    ck_assert(lgi_done_set(&all_may_end, NULL));
    wait_for_value(&ended, many());
}
END_TEST

RUN_TESTS("go", forms_with_up_to_four_arguments,
          g4_an_owned_argument_is_not_dropped_if_the_goroutine_started,
          g4_what_has_no_argument_owns_none, g4_an_owned_argument_with_up_to_three_others,
          g4_the_first_of_several_arguments_is_dropped, d9_misuse_panics_at_once, names_and_numbers,
          the_floating_point_mode_is_each_goroutines_own, a_hundred_thousand_parked_at_once)
