/* Further tests of select and of channels under it. Rules are those of docs/rules.md. */
#include "testing/corners.h"

static void wait_for(void *channel)
{
    struct lgi_chan *c = channel;
    while (lgi_waiters_empty(&c->receivers) && lgi_waiters_empty(&c->senders))
        lg_yield();
}

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

RUN_TESTS("select_corners", SelectDuplicateChannel, SelfSelect,
          PseudoRandomSend_also_of_those_that_wait, doubleselect_each_value_goes_one_way,
          SelectStress, MultiConsumer, select2_waiting_takes_no_memory,
          select7_every_kind_of_send_meets_every_kind_of_receive)
