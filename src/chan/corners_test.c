/* Tests of channels and select in the corners that Go's own tests look into: what is known to be so there must be so
 * here. Some names say which of them. */
#include "testing/test.h"

#include <lifoguard/chan.h>
#include <lifoguard/mutex.h>
#include <lifoguard/waitgroup.h>

#include "chan/channel.h"
#include "testing/failing_malloc.h"

/* Runs work in a goroutine on 1, 2 and 8 workers. */
static lg_chan(int) finished;

static void run_and_finish(void (*work)(void))
{
    work();
    lg_chan_send(finished, 1);
}

static void on_workers(void (*work)(void))
{
    for (unsigned workers = 1; workers <= 8; workers = workers == 1 ? 2 : workers * 4) {
        ck_assert_ptr_null(lg_set_workers(workers));
        finished = lg_chan_make(int, 0);
        lg_go(run_and_finish, work);
        ck_assert(lg_chan_recv(finished, NULL));
        lg_chan_unref(finished);
    }
}

static void wait_for(void *channel)
{
    struct lgi_chan *c = channel;
    while (lgi_waiters_empty(&c->receivers) && lgi_waiters_empty(&c->senders))
        lg_yield();
}

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

/* ---- one channel in several cases ---- */

static void queued_twice(lg_chan(int) c, lg_chan(int) d, lg_chan(int) e)
{
    lg_select(lg_case_recv(c, NULL, NULL), lg_case_recv(c, NULL, NULL),
              lg_case_recv(d, NULL, NULL));
    lg_chan_send(e, 9);
}

static void receive_and_tell(lg_chan(int) c, lg_chan(int) e)
{
    int got;
    lg_chan_recv(c, &got);
    lg_chan_send(e, got);
}

static void duplicates(void)
{
    lg_chan(int) c = lg_chan_make(int, 0), d = lg_chan_make(int, 0), e = lg_chan_make(int, 0);
    int got;
    lg_go(queued_twice, c, d, e);
    wait_for(d);
    lg_go(receive_and_tell, c, e);
    lg_yield();
    lg_chan_send(d, 7); /* the first leaves both its places at c */
    lg_chan_recv(e, &got);
    ck_assert_int_eq(got, 9);
    lg_chan_send(c, 8); /* and the second is found behind them */
    lg_chan_recv(e, &got);
    ck_assert_int_eq(got, 8);
    lg_chan_unref(c);
    lg_chan_unref(d);
    lg_chan_unref(e);
}

START_TEST(SelectDuplicateChannel)
{
    on_workers(duplicates);
}
END_TEST

static void send_or_receive_self(lg_chan(int) c, int self, lg_waitgroup *group)
{
    for (int i = 0; i < 1000; i++) {
        int got;
        size_t received = 1 - lg_select(lg_case_send(c, self), lg_case_recv(c, &got, NULL));
        if (received == 0 && lg_chan_cap(c) == 0)
            ck_assert_int_ne(got, self);
    }
    lg_waitgroup_done(group);
}

static void self_select(void)
{
    for (size_t capacity = 0; capacity <= 10; capacity += 10) {
        lg_chan(int) c = lg_chan_make(int, capacity);
        lg_waitgroup group = {0};
        lg_waitgroup_add(&group, 2);
        lg_go(send_or_receive_self, c, 0, &group);
        lg_go(send_or_receive_self, c, 1, &group);
        lg_waitgroup_wait(&group);
        lg_chan_unref(c);
    }
}

START_TEST(SelfSelect)
{
    on_workers(self_select);
}
END_TEST

static void receive_slowly(lg_chan(int) c, lg_chan(int) ones, int count)
{
    int sum = 0, got;
    for (int i = 0; i < count; i++) {
        lg_yield();
        lg_chan_recv(c, &got);
        sum += got;
    }
    lg_chan_send(ones, sum);
}

static void either_value(void)
{
    enum { COUNT = 2000 };
    for (int capacity = 0; capacity <= COUNT; capacity += COUNT) {
        lg_chan(int) c = lg_chan_make(int, (size_t)capacity), ones = lg_chan_make(int, 0);
        int sum;
        lg_go(receive_slowly, c, ones, COUNT);
        for (int i = 0; i < COUNT; i++)
            lg_select(lg_case_send(c, 1), lg_case_send(c, 0));
        lg_chan_recv(ones, &sum);
        ck_assert_msg(sum > COUNT * 2 / 5 && sum < COUNT * 3 / 5, "%d ones", sum);
        lg_chan_unref(c);
        lg_chan_unref(ones);
    }
}

START_TEST(PseudoRandomSend_also_of_those_that_wait)
{
    on_workers(either_value);
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

static void send_up_to(lg_chan(int) to, int last)
{
    for (int i = 2; i <= last; i++)
        lg_chan_send(to, i);
    lg_chan_close(to);
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

/* ---- doubleselect: each value goes one way only ---- */

enum { WAYS = 4, VALUES = 3000 };

static void send_some_way(lg_chan(int) * ways)
{
    for (int i = 0; i < VALUES; i++)
        lg_select(lg_case_send(ways[0], i), lg_case_send(ways[1], i), lg_case_send(ways[2], i),
                  lg_case_send(ways[3], i));
    for (int i = 0; i < WAYS; i++)
        lg_chan_close(ways[i]);
}

static void collect(lg_chan(int) from, lg_chan(int) to, lg_waitgroup *group)
{
    lg_chan_each (from, int, i)
        lg_chan_send(to, i);
    lg_waitgroup_done(group);
}

static void close_after(lg_waitgroup *group, lg_chan(int) c)
{
    lg_waitgroup_wait(group);
    lg_chan_close(c);
}

static void one_way_each(void)
{
    lg_chan(int) ways[WAYS], all = lg_chan_make(int, 0);
    lg_waitgroup group = {0};
    char seen[VALUES] = {0};
    int count = 0;
    lg_waitgroup_add(&group, WAYS);
    for (int i = 0; i < WAYS; i++) {
        ways[i] = lg_chan_make(int, 0);
        lg_go(collect, ways[i], all, &group);
    }
    lg_go(send_some_way, ways);
    lg_go(close_after, &group, all);
    lg_chan_each (all, int, i) {
        ck_assert_int_eq(seen[i]++, 0);
        count++;
    }
    ck_assert_int_eq(count, VALUES);
    for (int i = 0; i < WAYS; i++)
        lg_chan_unref(ways[i]);
    lg_chan_unref(all);
}

START_TEST(doubleselect_each_value_goes_one_way)
{
    on_workers(one_way_each);
}
END_TEST

/* ---- SelectStress, MultiConsumer ---- */

enum { STRESS = 1500 };
static lg_chan(int) stressed[4];
static lg_waitgroup stressing;

static void send_one_way(int k)
{
    for (int i = 0; i < STRESS; i++)
        lg_chan_send(stressed[k], 0);
    lg_waitgroup_done(&stressing);
}

static void receive_one_way(int k)
{
    for (int i = 0; i < STRESS; i++)
        lg_chan_recv(stressed[k], NULL);
    lg_waitgroup_done(&stressing);
}

static void all_ways(int sends)
{
    lg_chan(int) left[4] = {stressed[0], stressed[1], stressed[2], stressed[3]};
    int count[4] = {0};
    for (int i = 0; i < 4 * STRESS; i++) {
        size_t k =
            sends ? 3 - lg_select(lg_case_send(left[3], 0), lg_case_send(left[2], 0),
                                  lg_case_send(left[1], 0), lg_case_send(left[0], 0))
                  : lg_select(lg_case_recv(left[0], NULL, NULL), lg_case_recv(left[1], NULL, NULL),
                              lg_case_recv(left[2], NULL, NULL), lg_case_recv(left[3], NULL, NULL));
        if (++count[k] == STRESS)
            left[k] = NULL;
    }
    lg_waitgroup_done(&stressing);
}

static void stress(void)
{
    lg_waitgroup_add(&stressing, 10);
    for (int k = 0; k < 4; k++)
        stressed[k] = lg_chan_make(int, k < 2 ? 0 : (size_t)k);
    for (int k = 0; k < 4; k++) {
        if (k == 1)
            lg_go_thread(send_one_way, k);
        else
            lg_go(send_one_way, k);
        if (k == 2)
            lg_go_thread(receive_one_way, k);
        else
            lg_go(receive_one_way, k);
    }
    lg_go(all_ways, 1);
    lg_go(all_ways, 0);
    lg_waitgroup_wait(&stressing);
    for (int k = 0; k < 4; k++)
        lg_chan_unref(stressed[k]);
}

START_TEST(SelectStress)
{
    on_workers(stress);
}
END_TEST

static void consume(lg_chan(int) from, lg_chan(int) to, lg_waitgroup *group, int skip)
{
    lg_chan_each (from, int, i) {
        if (i % 31 == skip)
            lg_yield();
        lg_chan_send(to, i);
    }
    lg_waitgroup_done(group);
}

static void many_consumers(void)
{
    enum { CONSUMERS = 23, ROOM = 3 * CONSUMERS, LAST = 20000 };
    lg_chan(int) in = lg_chan_make(int, ROOM), out = lg_chan_make(int, ROOM);
    lg_waitgroup group = {0};
    long sum = 0, count = 0;
    lg_waitgroup_add(&group, CONSUMERS);
    for (int i = 0; i < CONSUMERS; i++)
        lg_go(consume, in, out, &group, i);
    lg_go(send_up_to, in, LAST);
    lg_go(close_after, &group, out);
    lg_chan_each (out, int, i) {
        sum += i;
        count++;
    }
    ck_assert_int_eq(count, LAST - 1);
    ck_assert_int_eq(sum, (long)LAST * (LAST + 1) / 2 - 1);
    lg_chan_unref(in);
    lg_chan_unref(out);
}

START_TEST(MultiConsumer)
{
    on_workers(many_consumers);
}
END_TEST

/* ---- select2, select7 ---- */

static void send_count(lg_chan(int) c, int count)
{
    for (int i = 0; i < count; i++)
        lg_chan_send(c, i);
}

START_TEST(select2_waiting_takes_no_memory)
{
    enum { COUNT = 20000 };
    lg_chan(int) c = lg_chan_make(int, 0), d = lg_chan_make(int, 0);
    int got, sum = 0;
    lg_go(send_count, c, COUNT);
    memory_watch(0, false);
    for (int i = 0; i < COUNT; i++) {
        lg_select(lg_case_recv(c, &got, NULL), lg_case_recv(d, &got, NULL));
        sum += got == i;
    }
    memory_ignore();
    ck_assert_int_eq(memory.made, 0);
    ck_assert_int_eq(sum, COUNT);
    lg_chan_unref(c);
    lg_chan_unref(d);
}
END_TEST

static void receive_by(lg_chan(int) c, int how)
{
    lg_chan(int) other = lg_chan_make(int, 0);
    if (how == 0)
        lg_chan_recv(c, NULL);
    else if (how == 1)
        lg_select(lg_case_recv(c, NULL, NULL));
    else
        lg_select(lg_case_recv(c, NULL, NULL), lg_case_recv(other, NULL, NULL));
    lg_chan_unref(other);
    lg_chan_send(finished, 1);
}

START_TEST(select7_every_kind_of_send_meets_every_kind_of_receive)
{
    finished = lg_chan_make(int, 0);
    lg_chan(int) other = lg_chan_make(int, 0);
    for (int i = 0; i < 100; i++)
        for (int send = 0; send < 3; send++)
            for (int receive = 0; receive < 3; receive++) {
                lg_chan(int) c = lg_chan_make(int, 0);
                lg_go(receive_by, c, receive);
                if (i % 2 == 0)
                    wait_for(c);
                if (send == 0)
                    lg_chan_send(c, 1);
                else if (send == 1)
                    lg_select(lg_case_send(c, 1));
                else
                    lg_select(lg_case_send(c, 1), lg_case_send(other, 1));
                lg_chan_recv(finished, NULL);
                lg_chan_unref(c);
            }
    lg_chan_unref(other);
    lg_chan_unref(finished);
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
          NonblockRecvRace_and_NonblockSelectRace, SelectDuplicateChannel, SelfSelect,
          PseudoRandomSend_also_of_those_that_wait,
          goroutines_and_fifo_a_long_chain_keeps_the_order, sieve1_the_primes,
          doubleselect_each_value_goes_one_way, SelectStress, MultiConsumer,
          select2_waiting_takes_no_memory, select7_every_kind_of_send_meets_every_kind_of_receive)
