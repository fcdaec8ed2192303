/* Tests of channels and select in the corners that Go's own tests look into: what is known to be so there must be so
 * here. Some names say which of them. */
#include "testing/corners.h"

/* ---- select3: what waits, and what does not ---- */

static lg_chan(int) nil, closed, empty, full;

static void waits(int what)
{
    int got;
    switch (what) {
    case 0: lg_chan_send(nil, 1); break;
    case 1: lg_chan_recv(nil, &got); break;
    case 2: lg_chan_recv(empty, &got); break;
    case 3: lg_chan_send(full, 1); break;
    case 4: lg_select(); break;
    case 5: lg_select(lg_case_recv(nil, &got, NULL)); break;
    case 6: lg_select(lg_case_send(nil, 1)); break;
    case 7: lg_select(lg_case_send(nil, 1), lg_case_recv(nil, &got, NULL)); break;
    case 8: lg_select(lg_case_recv(empty, &got, NULL)); break;
    case 9: lg_select(lg_case_send(full, 1), lg_case_recv(empty, &got, NULL)); break;
    case 10:
        lg_chan_each (empty, int, i)
            tell("element");
        break;
    case 11: { /* a select does not find itself */
        lg_chan(int) c = lg_chan_make(int, 0);
        lg_select(lg_case_send(c, 1), lg_case_recv(c, &got, NULL));
        break;
    }
    default: tell("no-such"); return;
    }
    tell("goes-on");
}

static void wait_in_many(void *none)
{
    (void)none;
    empty = lg_chan_make(int, 1);
    full = lg_chan_make(int, 1);
    lg_chan_send(full, 1);
    for (int i = 0; i < 12; i++)
        lg_go(waits, i);
    lg_go_thread(waits, 7);
    lg_sleep(30 * LG_MILLISECOND);
}

START_TEST(select3_these_wait)
{
    struct outcome *outcome = in_child(wait_in_many, NULL);
    expect_status(outcome, 0);
    expect_out(outcome, "");
}
END_TEST

static void these_go_on(void)
{
    int got = 7;
    bool ok = true;
    lg_chan(int) c = lg_chan_make(int, 1);
    lg_defer(lg_chan_unref, c);
    closed = lg_chan_make(int, 0);
    lg_defer(lg_chan_unref, closed);
    lg_chan_close(closed);
    for (int i = 0; i < 10; i++) {
        ck_assert(!lg_chan_recv(closed, &got));
        ck_assert_int_eq(got, 0);
    }
    lg_chan_send(c, 1);
    lg_chan_recv(c, NULL);
    ck_assert_uint_eq(lg_select(lg_case_default), 0);
    ck_assert_uint_eq(lg_select(lg_case_recv(nil, &got, NULL), lg_case_default), 1);
    ck_assert_uint_eq(lg_select(lg_case_send(nil, 1), lg_case_default), 1);
    ck_assert_uint_eq(lg_select(lg_case_send(c, 5), lg_case_default), 0);
    ck_assert_uint_eq(lg_select(lg_case_recv(c, &got, &ok), lg_case_default), 0);
    ck_assert(ok && got == 5);
    ck_assert_uint_eq(lg_select(lg_case_recv(closed, &got, &ok)), 0);
    ck_assert(!ok && got == 0);
}

START_TEST(select3_these_do_not)
{
    on_workers(these_go_on);
}
END_TEST

/* ---- races of what does not wait ---- */

static void is_there(lg_chan(int) c, lg_chan(bool) found)
{
    lg_chan_send(found, lg_select(lg_case_recv(c, NULL, NULL), lg_case_default) == 0);
}

static void is_in_either(lg_chan(int) a, lg_chan(int) b, lg_chan(bool) found)
{
    lg_chan_send(found, lg_select(lg_case_recv(a, NULL, NULL), lg_case_recv(b, NULL, NULL),
                                  lg_case_default) != 2);
}

enum race { CLOSES, MOVES, MOVES_BY_CLOSING };

static void race(enum race which)
{
    lg_chan(bool) result = lg_chan_make(bool, 1);
    lg_defer(lg_chan_unref, result);
    for (int i = 0; i < 2000; i++) {
        lg_chan(int) a = lg_chan_make(int, 1), b = lg_chan_make(int, which == MOVES);
        bool found = false;
        lg_chan_send(a, 1);
        if (which == CLOSES) {
            lg_go(is_there, a, result);
            lg_chan_close(a);
            lg_chan_recv(a, NULL);
        } else {
            lg_go(is_in_either, a, b, result);
            if (which == MOVES)
                lg_chan_send(b, 1);
            else
                lg_chan_close(b);
            (void)!lg_chan_try_recv(a, NULL);
        }
        lg_chan_recv(result, &found);
        ck_assert_msg(found, "race %d, time %d", which, i);
        lg_chan_unref(a);
        lg_chan_unref(b);
    }
}

static void races(void)
{
    race(CLOSES);
    race(MOVES);
    race(MOVES_BY_CLOSING);
}

START_TEST(NonblockRecvRace_and_NonblockSelectRace)
{
    on_workers(races);
    races(); /* from a thread, at the same time as a worker */
}
END_TEST

/* ---- chains ---- */

static void pass_on(lg_chan(int) from, lg_chan(int) to)
{
    lg_chan_each (from, int, i)
        lg_chan_send(to, i);
    lg_chan_close(to);
    lg_chan_unref(from);
}

static void long_chain(void)
{
    lg_chan(int) first = lg_chan_make(int, 0), c = first;
    for (int i = 0; i < 500; i++) {
        lg_chan(int) next = lg_chan_make(int, (size_t)i % 3);
        lg_go(pass_on, c, next);
        c = next;
    }
    lg_go(send_up_to, first, 20);
    int expected = 2;
    lg_chan_each (c, int, i)
        ck_assert_int_eq(i, expected++);
    ck_assert_int_eq(expected, 21);
    lg_chan_unref(c);
}

START_TEST(goroutines_and_fifo_a_long_chain_keeps_the_order)
{
    on_workers(long_chain);
}
END_TEST

static void sift(lg_chan(int) from, lg_chan(int) to, int prime)
{
    lg_chan_each (from, int, i)
        if (i % prime != 0)
            lg_chan_send(to, i);
    lg_chan_close(to);
    lg_chan_unref(from);
}

static void sieve(void)
{
    static const int primes[] = {2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59};
    lg_chan(int) c = lg_chan_make(int, 0);
    lg_go(send_up_to, c, 60);
    for (size_t i = 0; i < sizeof(primes) / sizeof(primes[0]); i++) {
        int prime;
        ck_assert(lg_chan_recv(c, &prime));
        ck_assert_int_eq(prime, primes[i]);
        lg_chan(int) next = lg_chan_make(int, 0);
        lg_go(sift, c, next, prime);
        c = next;
    }
    ck_assert(!lg_chan_recv(c, NULL));
    lg_chan_unref(c);
}

START_TEST(sieve1_the_primes)
{
    on_workers(sieve);
}
END_TEST

/* ---- lg_exit ends whoever waits ---- */

static int about_to_wait;

static void wait_somehow(int how)
{
    lg_chan(int) c = empty, none = nil;
    lg_case many[20];
    int got, value = 1;
    static const char *const words[] = {"send",   "receive", "until", "nil",
                                        "select", "many",    "drop",  "each"};
    lg_defer(tell, words[how]);
    for (int i = 0; i < 20; i++)
        many[i] = i % 2 ? lg_case_recv(c, &got, NULL) : lgi_case(LGI_CASE_SEND, full, &value, NULL);
    __atomic_fetch_add(&about_to_wait, 1, __ATOMIC_RELEASE);
    switch (how) {
    case 0: lg_chan_send(full, 1); break;
    case 1: lg_chan_recv(c, &got); break;
    case 2: (void)!lg_chan_recv_until(c, &got, lg_until_timeout(LG_MINUTE)); break;
    case 3: lg_chan_recv(none, &got); break;
    case 4: lg_select(lg_case_recv(c, &got, NULL), lg_case_send(full, 1)); break;
    case 5: lg_select_n(many, 20); break;
    case 6: lg_chan_recv(c, NULL); break;
    default: lg_chan_each (c, int, i) tell("element");
    }
    tell("goes-on");
}

static void exit_while_they_wait(void *none)
{
    enum { WAYS_TO_WAIT = 8 };
    (void)none;
    ck_assert_ptr_null(lg_set_workers(2));
    empty = lg_chan_make(int, 1);
    full = lg_chan_make(int, 1);
    lg_chan_send(full, 1);
    for (int i = 0; i < WAYS_TO_WAIT; i++) {
        if (i == 1)
            lg_go_thread(wait_somehow, i);
        else
            lg_go(wait_somehow, i);
    }
    while (__atomic_load_n(&about_to_wait, __ATOMIC_ACQUIRE) < WAYS_TO_WAIT)
        lg_yield();
    lg_sleep(5 * LG_MILLISECOND);
    lg_exit(3);
}

START_TEST(D10_exit_runs_what_they_have_deferred)
{
    struct outcome *outcome = in_child(exit_while_they_wait, NULL);
    expect_status(outcome, 3);
    static const char *const words[] = {"send ",   "receive ", "until ", "nil ",
                                        "select ", "many ",    "drop ",  "each "};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        ck_assert_msg(occurrences(outcome->out, words[i]) == 1, "%s: %s", words[i], outcome->out);
    ck_assert_int_eq(occurrences(outcome->out, "goes-on"), 0);
}
END_TEST

/* ---- making one ---- */

struct widely_aligned {
    _Alignas(8192) char value[8192];
};

static void make_of_widely_aligned(void *data)
{
    (void)data;
    lg_chan(struct widely_aligned) c = lg_chan_make(struct widely_aligned, 1);
    lg_chan_unref(c);
}

START_TEST(C1_an_alignment_of_more_than_a_page_is_refused)
{
    struct outcome *outcome = in_child(make_of_widely_aligned, NULL);
    expect_status(outcome, 2);
    expect_in_err(outcome, "lg_chan_make: the elements' alignment of 8192 is more than 4096");
}
END_TEST

RUN_TESTS("corners", C1_an_alignment_of_more_than_a_page_is_refused,
          D10_exit_runs_what_they_have_deferred, select3_these_wait, select3_these_do_not,
          NonblockRecvRace_and_NonblockSelectRace, goroutines_and_fifo_a_long_chain_keeps_the_order,
          sieve1_the_primes)
