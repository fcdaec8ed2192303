/* Tests of calls made once; names begin with the rule of docs/rules.md that they hold. */
#include "testing/sync.h"

#include <setjmp.h>
#include <stdatomic.h>

static _Atomic int calls;

static void counts(void)
{
    calls++;
}

static int adds_three(int a, long b, const char *c)
{
    calls += a + (int)b + (int)strlen(c);
    return calls;
}

static void panics(const char *message)
{
    calls++;
    lg_panic("%s", message);
}

static void ends_itself(void)
{
    calls++;
    lg_goexit();
}

/* ---- lg_once ---- */

static void asks_often(void *data)
{
    (void)data;
    lg_once once = LG_ONCE_INIT, other = LG_ONCE_INIT;
    lg_error *err;
    int evaluated = 0;
    calls = 0;
    ck_assert(!lg_once_is_done(&once));
    for (int i = 0; i < 3; i++) {
        lg_once_do(&once, counts);
        ck_assert(lg_once_is_done(&once));
        ck_assert_int_eq(calls, 1);
    }
    lg_once_do(&once, panics, "another function makes no difference");
    for (int i = 0; i < 3; i++)
        lg_once_do(&other, adds_three, ++evaluated, 10L, "123456");
    ck_assert_int_eq(calls, 18);
    ck_assert_int_eq(evaluated, 1);
    err = lg_once_do_until(&other, lg_until_deadline(0), counts);
    ck_assert_ptr_null(err);
    lg_once third;
    memset(&third, 0, sizeof(third));
    ck_assert_ptr_null(lg_once_do_until(&third, lg_until_deadline(0), counts));
    ck_assert_int_eq(calls, 19);
}

START_TEST(G1_a_function_is_called_once_on_any_thread_and_goroutine)
{
    asks_often(NULL);
    ck_assert(on_thread(asks_often, NULL));
    on_goroutine(asks_often, NULL);
}
END_TEST

static void asks(lg_once *once, const char *message)
{
    lg_func_recovers_void {
        lg_defer_recover(stop);
        lg_once_do(once, panics, message);
        note("returned");
    }
}

START_TEST(P1_a_panic_of_the_function_goes_on_and_counts_as_a_call)
{
    lg_once once = LG_ONCE_INIT;
    asks(&once, "first");
    asks(&once, "second");
    expect_trace("stopped: first returned");
    ck_assert_int_eq(calls, 1);
}
END_TEST

static void asks_and_ends(void *once)
{
    lg_once_do((lg_once *)once, ends_itself);
}

START_TEST(P6_a_goexit_of_the_function_counts_as_a_call)
{
    lg_once once = LG_ONCE_INIT;
    ck_assert(!on_thread(asks_and_ends, &once));
    ck_assert(on_thread(asks_and_ends, &once));
    ck_assert_int_eq(calls, 1);
}
END_TEST

static lg_once own = LG_ONCE_INIT;

static void asks_for_itself(void *data)
{
    lg_once_do(&own, asks_for_itself, data);
}

static void asks_for_itself_until(void *data)
{
    lg_error *err = lg_once_do_until(&own, lg_until_deadline(0), asks_for_itself_until, data);
    tell(err ? "error" : "done");
}

static lg_once left = LG_ONCE_INIT;
static jmp_buf outside;

static void jumps_out(void)
{
    longjmp(outside, 1);
}

static void leaves_it_by_a_jump(void *unused)
{
    (void)unused;
    if (!setjmp(outside))
        lg_once_do(&left, jumps_out);
}

/* The function does not end, and nobody is left who could end it. */
static void asks_for_what_was_left(void *unused)
{
    on_thread(leaves_it_by_a_jump, unused);
    lg_once_do(&left, counts);
}

static lg_once_value own_value = LG_ONCE_VALUE_INIT;

static void *value_of_itself(void)
{
    return lg_once_get(&own_value, value_of_itself);
}

static void gets_itself(void *data)
{
    (void)data;
    lg_once_get(&own_value, value_of_itself);
}

static void asks_for_null(void *data)
{
    void (*nothing)(void *) = NULL;
    lg_once_do(&own, nothing, data);
}

START_TEST(misuse_of_once_panics)
{
    expect_panic(asks_for_itself, NULL, "would wait for itself");
    expect_panic(asks_for_itself_until, NULL, "would wait for itself");
    expect_panic(gets_itself, NULL, "would wait for itself");
    expect_panic(asks_for_null, NULL, "call of a NULL function, once");
    expect_panic(asks_for_what_was_left, NULL,
                 "the goroutine or thread that called the function of a once has ended before the "
                 "function returned: the caller would wait for ever");
}
END_TEST

/* ---- waiting ---- */

static void takes_time(struct signal *started)
{
    signal_add(started);
    lg_sleep(30 * LG_MILLISECOND);
    calls++;
}

struct slow {
    lg_once once;
    struct signal started;
};

static void asks_first(struct slow *slow)
{
    lg_once_do(&slow->once, takes_time, &slow->started);
}

static void asks_later(void *data, unsigned number)
{
    struct slow *slow = data;
    struct lgi_done done = {.happened = 1};
    const lg_until cancelled = {LG_DURATION_MAX, &done};
    if (number % 3 == 0) {
        lg_error *err = lg_once_do_until(&slow->once, lg_until_timeout(LG_MILLISECOND), counts);
        if (err)
            ck_assert_ptr_eq(err, &lg_error_deadline_exceeded);
        else
            ck_assert_int_eq(calls, 1);
        err = lg_once_do_until(&slow->once, cancelled, counts);
        if (err)
            ck_assert_ptr_eq(err, &lg_error_cancelled);
    }
    lg_once_do(&slow->once, counts);
    ck_assert_int_eq(calls, 1);
}

START_TEST(C9_others_wait_for_the_call_or_until_their_deadline)
{
    struct slow slow = {LG_ONCE_INIT, SIGNAL_INIT};
    ck_assert_ptr_null(lg_set_workers(2));
    lg_go(asks_first, &slow);
    signal_wait(&slow.started, 1);
    run_crew(2, 12, 6, asks_later, &slow);
    ck_assert_ptr_null(slow.once.lgi_waiters.first);
}
END_TEST

/* ---- many ---- */

enum { ONCES = 500 };

struct many {
    lg_once once[ONCES];
    lg_once_value value[ONCES];
    int called[ONCES], made[ONCES]; /* not atomic */
};

static void call_one(int *called)
{
    lg_yield();
    ++*called;
}

static int *make_one(int *made)
{
    ++*made;
    lg_yield();
    return made;
}

static void call_all(void *data, unsigned number)
{
    struct many *many = data;
    uint64_t random = number;
    const unsigned count = stress(ONCES);
    for (unsigned i = 0; i < count; i++) {
        if (random_below(&random, 3) == 0) {
            lg_error *err = lg_once_do_until(&many->once[i],
                                             lg_until_timeout(random_below(&random, 5000)),
                                             call_one, &many->called[i]);
            if (err) {
                i--;
                continue;
            }
        } else {
            lg_once_do(&many->once[i], call_one, &many->called[i]);
        }
        ck_assert_int_eq(many->called[i], 1);
        ck_assert_ptr_eq(lg_once_get(&many->value[i], make_one, &many->made[i]), &many->made[i]);
        ck_assert_int_eq(many->made[i], 1);
    }
}

START_TEST(of_many_who_ask_at_once_one_calls_and_all_see_what_it_did)
{
    static struct many many;
    for (unsigned i = 0; i < 3; i++) {
        memset(&many, 0, sizeof(many));
        run_crew(worker_counts[i], 20, 3, call_all, &many);
    }
}
END_TEST

RUN_TESTS("once", G1_a_function_is_called_once_on_any_thread_and_goroutine,
          P1_a_panic_of_the_function_goes_on_and_counts_as_a_call,
          P6_a_goexit_of_the_function_counts_as_a_call, misuse_of_once_panics,
          C9_others_wait_for_the_call_or_until_their_deadline,
          of_many_who_ask_at_once_one_calls_and_all_see_what_it_did)
