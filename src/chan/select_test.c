/* Tests of select. The facts are those of Go's language specification and of its own tests; rules are those of docs/rules.md. */
#include "sched/park.h"
#include "testing/chan.h"
#include "testing/failing_malloc.h"

/* ---- what is ready ---- */

static void one_ready(void)
{
    lg_chan(int) a = lg_chan_make(int, 1);
    lg_defer(lg_chan_unref, a);
    lg_chan(long) b = lg_chan_make(long, 1), none = NULL;
    lg_defer(lg_chan_unref, b);
    int from_a = 7;
    long from_b = 7;
    bool ok = false;
    for (int i = 0; i < 20; i++) {
        lg_chan_send(a, i);
        switch (lg_select(lg_case_recv(b, &from_b, &ok), lg_case_recv(a, &from_a, &ok),
                          lg_case_recv(none, &from_b, &ok), lg_case_send(none, 4L))) {
        case 1: ck_assert(ok && from_a == i); break;
        default: ck_abort();
        }
        ck_assert_uint_eq(lg_select(lg_case_recv(a, &from_a, NULL), lg_case_send(b, i * 3L)), 1);
        ck_assert_uint_eq(lg_select(lg_case_send(b, -1L), lg_case_recv(b, &from_b, &ok)), 1);
        ck_assert(ok && from_b == i * 3L);
        ck_assert_int_eq(from_a, i);
        ck_assert_uint_eq(lg_select(lg_case_recv(a, &from_a, NULL), lg_case_default), 1);
    }
    lg_chan_close(b);
    ck_assert_uint_eq(lg_select(lg_case_recv(a, &from_a, NULL), lg_case_recv(b, &from_b, &ok)), 1);
    ck_assert(!ok && from_b == 0);
    ck_assert_uint_eq(lg_select(lg_case_recv(b, NULL, NULL)), 0);
}

START_TEST(the_case_that_can_be_done_is_done)
{
    everywhere(one_ready);
}
END_TEST

static void defaults(void)
{
    lg_chan(int) a = lg_chan_make(int, 0), b = lg_chan_make(int, 1), none = NULL;
    lg_defer(lg_chan_unref, a);
    lg_defer(lg_chan_unref, b);
    int got = 5;
    bool ok = true;
    ck_assert_uint_eq(lg_select(lg_case_default), 0);
    ck_assert_uint_eq(lg_select(lg_case_default, lg_case_recv(none, &got, NULL)), 0);
    ck_assert_uint_eq(lg_select(lg_case_send(a, 1), lg_case_recv(a, &got, &ok),
                                lg_case_recv(b, &got, &ok), lg_case_default),
                      3);
    ck_assert_uint_eq(lg_select(lg_case_default, lg_case_send(b, 8)), 1);
    ck_assert_uint_eq(lg_select(lg_case_send(b, 9), lg_case_default), 1);
    ck_assert_uint_eq(lg_select(lg_case_send(b, 9), lg_case_default, lg_case_send(a, 9)), 1);
    ck_assert(got == 5 && ok);
    /* A deadline that has passed comes before, and after what can be done. */
    ck_assert_uint_eq(
        lg_select(lg_case_send(b, 9), lg_case_default, lg_case_until(lg_until_deadline(0))), 2);
    ck_assert_uint_eq(lg_select(lg_case_send(b, 9), lg_case_send(a, 9), lg_case_default,
                                lg_case_until(lg_until_deadline(0))),
                      3);
    ck_assert_uint_eq(lg_select(lg_case_until(lg_until_deadline(0)), lg_case_recv(b, &got, &ok)),
                      1);
    ck_assert(got == 8 && ok);
    ck_assert_uint_eq(lg_select(lg_case_default, lg_case_until(lg_until_timeout(LG_MINUTE))), 0);
}

START_TEST(a_default_is_for_when_nothing_can_be_done)
{
    everywhere(defaults);
}
END_TEST

/* ---- waiting ---- */

static void deadlines(void)
{
    lg_chan(int) a = lg_chan_make(int, 0), b = lg_chan_make(int, 0), none = NULL;
    lg_defer(lg_chan_unref, a);
    lg_defer(lg_chan_unref, b);
    int got = 5;
    lg_time start = lg_now();
    ck_assert_uint_eq(lg_select(lg_case_recv(a, &got, NULL),
                                lg_case_until(lg_until_timeout(LG_MINUTE)), lg_case_send(b, 1),
                                lg_case_until(lg_until_deadline(start + LG_MILLISECOND)),
                                lg_case_until(lg_until_forever())),
                      3);
    ck_assert_uint_eq(lg_select(lg_case_until(lg_until_timeout(LG_MILLISECOND))), 0);
    ck_assert_uint_eq(
        lg_select(lg_case_recv(none, NULL, NULL), lg_case_until(lg_until_timeout(LG_MILLISECOND))),
        1);
    ck_assert_int_ge(lg_now() - start, 3 * LG_MILLISECOND);
    ck_assert_int_eq(got, 5);
    /* Nothing is left behind. */
    ck_assert(!lg_chan_try_send(a, 1));
    ck_assert_ptr_eq(lg_chan_try_recv(b, &got), &lg_error_deadline_exceeded);
}

START_TEST(C9_the_first_deadline_ends_it)
{
    everywhere(deadlines);
}
END_TEST

static struct lgi_done never;

/* (Who sets it may not be through when others have seen it: each is used once.) */
static struct lgi_done *new_one(void)
{
    static struct lgi_done ones[100];
    static unsigned used;
    return &ones[used++];
}

static void let_it_happen(struct lgi_done *it)
{
    lg_yield();
    lgi_done_set(it, NULL);
}

static void things_happen(void)
{
    lg_chan(int) a = lg_chan_make(int, 0), b = lg_chan_make(int, 1);
    lg_defer(lg_chan_unref, a);
    lg_defer(lg_chan_unref, b);
    struct lgi_done *happens = new_one(), *later = new_one();
    lg_go(let_it_happen, happens);
    ck_assert_uint_eq(lg_select(lg_case_send(a, 1), lgi_case_done(&never), lgi_case_done(happens)),
                      2);
    ck_assert_uint_eq(lg_select(lg_case_send(a, 1), lgi_case_done(NULL), lgi_case_done(happens)),
                      2);
    ck_assert_uint_eq(lg_select(lg_case_default, lgi_case_done(happens)), 1);
    const lg_until until = {LG_DURATION_MAX, happens}, until_later = {LG_DURATION_MAX, later};
    ck_assert_uint_eq(lg_select(lg_case_default, lg_case_until(until)), 1);
    ck_assert_uint_eq(lg_select(lg_case_until(until), lg_case_send(b, 1)), 1);
    lg_go(let_it_happen, later);
    ck_assert_uint_eq(
        lg_select(lgi_case_done(&never), lg_case_until(until_later), lg_case_send(b, 1)), 1);
}

START_TEST(C9_what_happens_once_ends_it)
{
    everywhere(things_happen);
}
END_TEST

static void send_ints(lg_chan(int) c, int from, int count)
{
    for (int i = from; i < from + count; i++) {
        lg_chan_send(c, i);
        if (i % 5 == 1)
            lg_yield();
    }
    lg_chan_close(c);
    lg_chan_unref(c);
}

static void merge(void)
{
    lg_chan(int) c[3];
    for (int i = 0; i < 3; i++) {
        c[i] = lg_chan_make(int, (size_t)i);
        lg_go(send_ints, lg_chan_ref(c[i]), i * 1000, 200);
    }
    lg_defer(lg_chan_unref, c[0]);
    lg_defer(lg_chan_unref, c[1]);
    lg_defer(lg_chan_unref, c[2]);
    lg_chan(int) open[3] = {c[0], c[1], c[2]};
    int next[3] = {0, 1000, 2000}, got, left = 3;
    while (left > 0) {
        bool ok;
        size_t i = lg_select(lg_case_recv(open[0], &got, &ok), lg_case_recv(open[1], &got, &ok),
                             lg_case_recv(open[2], &got, &ok));
        if (ok) {
            ck_assert_int_eq(got, next[i]++);
        } else {
            open[i] = NULL; /* never again */
            left--;
        }
    }
    ck_assert(next[0] == 200 && next[1] == 1200 && next[2] == 2200);
}

START_TEST(a_closed_channel_is_left_out_by_setting_it_to_NULL)
{
    everywhere(merge);
}
END_TEST

/* Two that may both send or receive on one channel. */
static void exchange(lg_chan(int) c, lg_chan(int) sums, int rounds)
{
    int sum = 0;
    for (int i = 0; i < rounds; i++) {
        int got;
        if (lg_select(lg_case_send(c, i), lg_case_recv(c, &got, NULL)) == 0)
            sum += i;
        else
            sum -= got;
        if (i % 7 == 0)
            lg_yield();
    }
    lg_chan_send(sums, sum);
}

static void exchanges(void)
{
    lg_chan(int) c = lg_chan_make(int, 0), sums = lg_chan_make(int, 2);
    lg_defer(lg_chan_unref, c);
    lg_defer(lg_chan_unref, sums);
    lg_go(exchange, c, sums, 500);
    exchange(c, sums, 500);
    int a, b;
    lg_chan_recv(sums, &a);
    lg_chan_recv(sums, &b);
    ck_assert_int_eq(a, -b);
}

START_TEST(a_channel_may_be_sent_to_and_received_from_in_one_select)
{
    everywhere(exchanges);
}
END_TEST

/* Two that offer each other both directions, on two channels in opposite order (Go: no deadlock, and exactly one
 * of the two is done). */
static void cross(lg_chan(int) a, lg_chan(int) b, lg_chan(int) done)
{
    for (int i = 0; i < 500; i++) {
        int got = -1;
        if (lg_select(lg_case_send(a, i), lg_case_recv(b, &got, NULL)) == 1)
            ck_assert_int_eq(got, i);
    }
    lg_chan_send(done, 1);
}

static void crossing(void)
{
    lg_chan(int) a = lg_chan_make(int, 0), b = lg_chan_make(int, 0), done = lg_chan_make(int, 2);
    lg_defer(lg_chan_unref, a);
    lg_defer(lg_chan_unref, b);
    lg_defer(lg_chan_unref, done);
    lg_go(cross, a, b, done);
    for (int i = 0; i < 500; i++) {
        int got = -1;
        if (lg_select(lg_case_recv(a, &got, NULL), lg_case_send(b, i)) == 0)
            ck_assert_int_eq(got, i);
    }
    lg_chan_recv(done, NULL);
}

START_TEST(two_selects_meet)
{
    everywhere(crossing);
}
END_TEST

static lg_chan(int) shared;

static void close_soon(void)
{
    lg_yield();
    lg_chan_close(shared);
}

static void select_send(void)
{
    lg_func_recovers_void {
        lg_defer_recover(stop);
        lg_chan(int) other = lg_chan_make(int, 0);
        lg_defer(lg_chan_unref, other);
        lg_select(lg_case_send(shared, 1), lg_case_recv(other, NULL, NULL));
        note("sent");
    }
}

START_TEST(a_send_on_a_closed_channel_panics)
{
    shared = lg_chan_make(int, 0);
    lg_go(close_soon);
    select_send(); /* waits */
    expect_trace("stopped: send on closed channel");
    select_send();
    expect_trace("stopped: send on closed channel");
    lg_chan_unref(shared);
}
END_TEST

START_TEST(closing_ends_a_select_that_receives)
{
    shared = lg_chan_make(int, 0);
    lg_chan(int) other = lg_chan_make(int, 0);
    int got = 5;
    bool ok = true;
    lg_go(close_soon);
    ck_assert_uint_eq(lg_select(lg_case_recv(other, NULL, NULL), lg_case_recv(shared, &got, &ok)),
                      1);
    ck_assert(got == 0 && !ok);
    lg_chan_unref(shared);
    lg_chan_unref(other);
}
END_TEST

/* ---- no case ---- */

static int waiting;

static void select_nothing(void *none)
{
    lg_chan(int) c = NULL;
    (void)none;
    tell("waits");
    __atomic_store_n(&waiting, 1, __ATOMIC_RELEASE);
    lg_select(lg_case_recv(c, NULL, NULL), lg_case_send(c, 1));
    tell("goes-on");
}

static void select_no_cases(void)
{
    lg_select();
    tell("goes-on");
}

static void select_nothing_in_a_goroutine(void *none)
{
    (void)none;
    lg_go(select_no_cases);
    lg_go(select_nothing, NULL);
    while (!__atomic_load_n(&waiting, __ATOMIC_ACQUIRE))
        lg_yield();
    lg_sleep(20 * LG_MILLISECOND);
}

START_TEST(no_case_waits_for_ever)
{
    struct outcome *outcome = in_child(select_nothing_in_a_goroutine, NULL);
    expect_status(outcome, 0);
    expect_out(outcome, "waits ");
}
END_TEST

/* ---- elements that nobody wants ---- */

static void note_pointer(const int *element)
{
    note_pair("drop", *element);
}

START_TEST(what_is_received_and_not_wanted_is_dropped)
{
    static int numbers[] = {0, 1, 2};
    lg_chan(int *) a = lg_chan_make_owned(int *, 1, note_pointer);
    lg_chan(int *) b = lg_chan_make_owned(int *, 0, note_pointer);
    bool ok = false;
    lg_chan_send(a, &numbers[1]);
    ck_assert_uint_eq(lg_select(lg_case_recv(b, NULL, NULL), lg_case_recv(a, NULL, &ok)), 1);
    ck_assert(ok);
    expect_trace("drop1");
    lg_go(lgi_chan_send, b, &(int *){&numbers[2]}); /* handed to who waits */
    ck_assert_uint_eq(lg_select(lg_case_recv(b, NULL, NULL), lg_case_recv(a, NULL, &ok)), 0);
    expect_trace("drop2");
    lg_chan(int) plain = lg_chan_make(int, 1); /* whose elements need no end */
    lg_chan_send(plain, 3);
    ck_assert_uint_eq(lg_select(lg_case_recv(b, NULL, NULL), lg_case_recv(plain, NULL, &ok)), 1);
    ck_assert(ok);
    expect_trace("");
    lg_chan_unref(plain);
    lg_chan_close(a);
    ck_assert_uint_eq(lg_select(lg_case_recv(b, NULL, NULL), lg_case_recv(a, NULL, &ok)), 1);
    ck_assert(!ok);
    expect_trace("");
    lg_chan_unref(a);
    lg_chan_unref(b);
}
END_TEST

RUN_TESTS("select", the_case_that_can_be_done_is_done, a_default_is_for_when_nothing_can_be_done,
          C9_the_first_deadline_ends_it, C9_what_happens_once_ends_it,
          a_closed_channel_is_left_out_by_setting_it_to_NULL,
          a_channel_may_be_sent_to_and_received_from_in_one_select, two_selects_meet,
          a_send_on_a_closed_channel_panics, closing_ends_a_select_that_receives,
          no_case_waits_for_ever, what_is_received_and_not_wanted_is_dropped)
