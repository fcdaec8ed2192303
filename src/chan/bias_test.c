/* Tests of channels whose lock is biased to the worker that uses them nearly always: nobody can tell. */
#include "testing/sched.h"

#include <lifoguard/chan.h>
#include <lifoguard/waitgroup.h>

#include "chan/channel.h"

typedef lg_chan(int) numbers;

#ifdef HAS_SANITIZER
enum { ROUNDS = 20, AFTER = 100 };
#else
enum { ROUNDS = 300, AFTER = 100 };
#endif

static atomic_int ended;

static bool is_biased(numbers c)
{
    const void *channel = c;
    const struct lgi_chan *chan = channel;
    return chan->when_free != lgi_lock_free_value();
}

/* Alone on its worker, so often that the channel becomes biased to it. */
static void use_alone(numbers c)
{
    int got;
    for (int i = 0; i < AFTER + 2 * LGI_CHAN_YIELD_EVERY; i++) {
        lg_chan_send(c, i);
        ck_assert(lg_chan_recv(c, &got));
        ck_assert_int_eq(got, i);
    }
    ck_assert(is_biased(c) || lgi_my_tag == LGI_NO_TAG);
}

static void use_alone_and_end(numbers c)
{
    use_alone(c);
    add_one(&ended);
}

static numbers make_biased(void)
{
    numbers c = lg_chan_make(int, 8);
    lgi_chan_bias_after = AFTER;
    ended = 0;
    lg_go(use_alone_and_end, c);
    wait_for_value(&ended, 1);
    return c;
}

START_TEST(another_thread_ends_the_bias)
{
    int got;
    numbers c = make_biased();
    lg_chan_send(c, 1);
    ck_assert(!is_biased(c));
    ck_assert(lg_chan_recv(c, &got));
    ck_assert_int_eq(got, 1);
    lg_chan_unref(c);
}
END_TEST

START_TEST(asking_does_not_end_the_bias)
{
    numbers c = make_biased();
    bool biased = is_biased(c);
    int got;
    ck_assert_uint_eq(lg_chan_len(c), 0);
    ck_assert_uint_eq(lg_chan_cap(c), 8);
    ck_assert_ptr_nonnull(lg_chan_try_recv(c, &got));
    ck_assert(is_biased(c) == biased);
    lg_chan_unref(c);
}
END_TEST

/* What becomes of numbers that are sent by the worker to which the channel is biased, and received there and by two
 * threads. */
static long sum;

static void *receive_all(void *channel)
{
    numbers c = channel;
    int got;
    while (lg_chan_recv(c, &got))
        __atomic_fetch_add(&sum, got, __ATOMIC_RELAXED);
    return NULL;
}

static void send_some(numbers c, int count)
{
    int got;
    use_alone(c);
    add_one(&ended); /* from here on the threads may come */
    for (int i = 1; i <= count; i++) {
        lg_chan_send(c, i);
        if (i % 3 == 0 && !lg_chan_try_recv(c, &got))
            __atomic_fetch_add(&sum, got, __ATOMIC_RELAXED);
    }
    lg_chan_close(c);
    add_one(&ended);
}

START_TEST(nothing_is_lost_when_the_bias_ends)
{
    enum { COUNT = 100 };
    pthread_t threads[2];
    lgi_chan_bias_after = AFTER;
    for (int round = 0; round < ROUNDS; round++) {
        numbers c = lg_chan_make(int, 8);
        sum = 0;
        ended = 0;
        lg_go(send_some, c, COUNT);
        wait_for_value(&ended, 1);
        for (int i = 0; i < 2; i++)
            ck_assert_int_eq(pthread_create(&threads[i], NULL, receive_all, c), 0);
        for (int i = 0; i < 2; i++)
            ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
        wait_for_value(&ended, 2);
        ck_assert_int_eq(sum, COUNT * (COUNT + 1) / 2);
        lg_chan_unref(c);
    }
}
END_TEST

/* The worker waits inside of a select and of a receive; a thread serves it. */
static void echo(numbers from, numbers to)
{
    int got;
    use_alone(from);
    add_one(&ended);
    for (bool ok = true; ok;) {
        if (lg_select(lg_case_recv(from, &got, &ok)) == 0 && ok)
            lg_chan_send(to, got);
    }
    add_one(&ended);
}

START_TEST(waits_on_a_channel_that_was_biased)
{
    numbers from = lg_chan_make(int, 1), to = lg_chan_make(int, 0);
    int got;
    lgi_chan_bias_after = AFTER;
    ended = 0;
    lg_go(echo, from, to);
    wait_for_value(&ended, 1);
    for (int i = 0; i < ROUNDS * 10; i++) {
        lg_chan_send(from, i);
        ck_assert(lg_chan_recv(to, &got));
        ck_assert_int_eq(got, i);
    }
    lg_chan_close(from);
    wait_for_value(&ended, 2);
    lg_chan_unref(from);
    lg_chan_unref(to);
}
END_TEST

RUN_TESTS("bias", another_thread_ends_the_bias, asking_does_not_end_the_bias,
          nothing_is_lost_when_the_bias_ends, waits_on_a_channel_that_was_biased)
