/* Calls made once whose result is of any type. */
#include "testing/sync.h"

#include <stdatomic.h>

#include <lifoguard/panic.h>

struct limits {
    double most;
    char name[20];
    int least;
};

static _Atomic int calls;

static struct limits read_limits(const char *name, double most, char least)
{
    calls++;
    struct limits limits = {.most = most, .least = least};
    snprintf(limits.name, sizeof(limits.name), "%s", name);
    return limits;
}

static double pi(void)
{
    calls++;
    return 3.25;
}

static short add(char a, short b, float c, long d)
{
    calls++;
    return (short)(a + b + (short)c + (short)d);
}

/* ---- any type ---- */

static void of_each_type(void *data)
{
    (void)data;
    lg_once_of(struct limits) limits = {0};
    lg_once_of(double) number = {0};
    lg_once_of(short) sum = {0};
    calls = 0;
    for (int i = 0; i < 3; i++) {
        struct limits l = lg_once_of_get(&limits, read_limits, "first", 2.5 + i, 'x');
        ck_assert(l.most == 2.5 && l.least == 'x');
        ck_assert_str_eq(l.name, "first");
        ck_assert(lg_once_of_get(&number, pi) == 3.25);
        ck_assert_int_eq(lg_once_of_get(&sum, add, 1, 2, 3.0F, 4L), 10);
        ck_assert_int_eq(calls, 3);
    }
}

START_TEST(G1_a_value_of_any_type_is_made_once)
{
    of_each_type(NULL);
    ck_assert(on_thread(of_each_type, NULL));
    on_goroutine(of_each_type, NULL);
}
END_TEST

START_TEST(arguments_are_evaluated_only_for_the_call)
{
    static lg_once_of(short) sum;
    int evaluated = 0;
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(lg_once_of_get(&sum, add, (char)++evaluated, 0, 0.0F, 0L), 1);
    ck_assert_int_eq(evaluated, 1);
}
END_TEST

/* ---- panics ---- */

static struct limits panics(const char *message)
{
    calls++;
    lg_panic("%s", message);
}

static LG_ERROR_DEFINE(broken, "broken");

static int panics_with_error(void)
{
    calls++;
    lg_panic_with_error(&broken);
}

static int ends_itself(void)
{
    calls++;
    lg_goexit();
}

typedef lg_once_of(struct limits) once_limits;
typedef lg_once_of(int) once_int;

static void ask(once_limits *once)
{
    struct limits limits = lg_once_of_get(once, panics, "no limits");
    (void)limits;
}

static void ask_int(once_int *once, bool goexit)
{
    int number = goexit ? lg_once_of_get(once, ends_itself)
                        : lg_once_of_get(once, panics_with_error);
    (void)number;
}

static void ask_for_error(once_int *once)
{
    ask_int(once, false);
}

static void ask_and_end(once_int *once)
{
    ask_int(once, true);
}

static void expect_text(lg_error *error, const char *text)
{
    char line[256];
    lg_error_format(error, line, sizeof(line));
    ck_assert_str_eq(line, text);
    lg_error_free(error);
}

START_TEST(P7_a_panic_is_seen_by_all_who_want_the_value)
{
    once_limits once = {0};
    once_int other = {0};
    calls = 0;
    for (int i = 0; i < 3; i++) {
        expect_text(lg_call_contained(ask, &once), "panic: no limits");
        ck_assert_int_eq(calls, 1);
    }
    for (int i = 0; i < 3; i++) {
        lg_error *error = lg_call_contained(ask_for_error, &other);
        ck_assert(lg_error_is(error, &broken));
        lg_error_free(error);
    }
    ck_assert_int_eq(calls, 2);
}
END_TEST

static void end_in_goroutine(void *data)
{
    ask_and_end(data);
}

START_TEST(P6_a_goexit_counts_as_a_call)
{
    once_int once = {0};
    on_goroutine(end_in_goroutine, &once);
    expect_text(lg_call_contained(ask_and_end, &once),
                "panic: no value: the function of the once has ended its goroutine");
}
END_TEST

static int ask_for_itself(once_int *once)
{
    return lg_once_of_get(once, ask_for_itself, once);
}

static void begin_asking(once_int *once)
{
    ask_for_itself(once);
}

START_TEST(who_asks_for_itself_panics)
{
    once_int once = {0};
    lg_error *error = lg_call_contained(begin_asking, &once);
    char line[256];
    lg_error_format(error, line, sizeof(line));
    ck_assert_ptr_nonnull(strstr(line, "would wait for itself"));
    lg_error_free(error);
}
END_TEST

/* ---- many at once, and limits ---- */

static once_limits shared;

static struct limits slow(unsigned number)
{
    calls++;
    lg_yield();
    return (struct limits){.least = (int)number, .most = number};
}

static void ask_at_once(void *data, unsigned number)
{
    (void)data;
    struct limits limits = lg_once_of_get(&shared, slow, number);
    ck_assert(limits.most == limits.least);
    ck_assert_int_eq(limits.least, shared.lgi_result.least);
}

START_TEST(of_many_who_ask_at_once_one_calls)
{
    for (size_t i = 0; i < 3; i++) {
        memset(&shared, 0, sizeof(shared));
        calls = 0;
        run_crew(worker_counts[i], stress(200), 4, ask_at_once, NULL);
        ck_assert_int_eq(calls, 1);
    }
}
END_TEST

static struct signal begun = SIGNAL_INIT;
static _Atomic bool may_return;

static int wait_to_return(void)
{
    signal_add(&begun);
    while (!may_return)
        lg_sleep(20 * LG_MICROSECOND);
    return 7;
}

static void make_call(once_int *once)
{
    ck_assert_int_eq(lg_once_of_get(once, wait_to_return), 7);
}

START_TEST(C9_a_wait_for_the_call_has_a_limit)
{
    static once_int once;
    int result = -1;
    lg_go(make_call, &once);
    signal_wait(&begun, 1);
    lg_error *error = lg_once_of_get_until(&once, lg_until_timeout(LG_MILLISECOND), &result,
                                           wait_to_return);
    ck_assert_ptr_eq(error, &lg_error_deadline_exceeded);
    ck_assert_int_eq(result, -1);
    may_return = true;
    error = lg_once_of_get_until(&once, lg_until_forever(), &result, wait_to_return);
    ck_assert_ptr_null(error);
    ck_assert_int_eq(result, 7);
    ck_assert_int_eq(begun.count, 1);
}
END_TEST

RUN_TESTS("once_of", G1_a_value_of_any_type_is_made_once, arguments_are_evaluated_only_for_the_call,
          P7_a_panic_is_seen_by_all_who_want_the_value, P6_a_goexit_counts_as_a_call,
          who_asks_for_itself_panics, of_many_who_ask_at_once_one_calls,
          C9_a_wait_for_the_call_has_a_limit)
