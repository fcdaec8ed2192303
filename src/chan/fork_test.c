/* Tests of channels in a forked child: those who wait for one in the parent are not there. Nothing is handed to them, and nothing
 * is taken from them (G7). */
#include "testing/fork.h"

#include <lifoguard/chan.h>

#include "chan/channel.h"

static lg_chan(int) empty, full; /* one without room, and one of the capacity 1 */

static struct lgi_chan *object(void *chan)
{
    return chan;
}

static void *receive_one(void *unused)
{
    (void)lg_chan_recv_value(empty);
    return unused;
}

static void *send_two(void *unused)
{
    lg_chan_send(full, 2);
    return unused;
}

static void *select_both(void *unused)
{
    int value;
    (void)lg_select(lg_case_recv(empty, &value, NULL), lg_case_send(full, 3));
    return unused;
}

static void *send_on(void *unused)
{
    for (int i = 0; i < 100; i++)
        must(!lg_chan_send_until(empty, i, WITHIN_LIMIT));
    return unused;
}

static void use_channels(void *unused)
{
    int value = 0;
    pthread_t thread;
    begin_child();
    must(!lg_chan_try_send(empty, 7));
    must(lg_chan_send_until(empty, 7, AT_LAST) == &lg_error_deadline_exceeded);
    must(!lg_chan_recv_until(full, &value, AT_LAST) && value == 1);
    must(lg_chan_recv_until(full, &value, AT_LAST) == &lg_error_deadline_exceeded);
    must(pthread_create(&thread, NULL, send_on, unused) == 0);
    for (int i = 0; i < 100; i++)
        must(!lg_chan_recv_until(empty, &value, WITHIN_LIMIT) && value == i);
    pthread_join(thread, NULL);
    lg_chan_close(empty);
    must(lg_chan_recv_until(empty, &value, AT_LAST) == &lg_error_chan_closed);
    must(lg_select(lg_case_recv(empty, &value, NULL), lg_case_until(AT_LAST)) == 0);
    lg_chan_unref(full);
    _exit(0);
}

static void unref_at_once(void *unused)
{
    (void)unused;
    begin_child();
    lg_chan_unref(empty);
    lg_chan_unref(full);
    _exit(0);
}

static void fork_while_threads_wait(void)
{
    empty = lg_chan_make(int, 0);
    full = lg_chan_make(int, 1);
    lg_chan_send(full, 1);
    pthread_t threads[] = {start_thread(receive_one, NULL), start_thread(send_two, NULL),
                           start_thread(select_both, NULL)};
    while (!object(empty)->receivers.first || !object(empty)->receivers.first->next ||
           !object(full)->senders.first || !object(full)->senders.first->next)
        pause_shortly();
    struct outcome used = *in_child(use_channels, NULL), left = *in_child(unref_at_once, NULL);
    lg_chan_close(empty); /* ends the receive and the select */
    (void)lg_chan_recv_value(full);
    for (size_t i = 0; i < sizeof(threads) / sizeof(threads[0]); i++)
        pthread_join(threads[i], NULL);
    lg_chan_unref(empty);
    lg_chan_unref(full);
    expect_status(&used, 0);
    expect_status(&left, 0);
}

START_TEST(G7_a_child_does_not_hand_a_value_to_a_thread_of_its_parent)
{
    before_and_after_goroutines(fork_while_threads_wait);
}
END_TEST

/* ---- a worker that is just at the channel ---- */

static atomic_int is_inside, may_leave;
static lg_chan(int) numbers;

static void stay_inside(void)
{
    for (int i = 0; i < 100 + 2 * LGI_CHAN_YIELD_EVERY; i++) {
        lg_chan_send(numbers, i);
        (void)lg_chan_recv_value(numbers);
    }
    bool entered = lgi_bias_enter(&object(numbers)->lock);
    atomic_store(&is_inside, entered ? 2 : 1);
    wait_for_value(&may_leave, 1);
    if (entered)
        lgi_bias_leave();
}

static void send_number(void *unused)
{
    (void)unused;
    alarm(200);
    lg_chan_send(numbers, 1);
    _exit(0);
}

START_TEST(G7_a_channel_that_a_worker_is_changing_is_refused_at_once)
{
    if (!can_fork_with_threads())
        return;
    lgi_chan_bias_after = 100;
    numbers = lg_chan_make(int, 8);
    lg_go(stay_inside);
    wait_for_value(&is_inside, 1);
    bool biased = atomic_load(&is_inside) == 2; /* the kernel may have no such barrier */
    struct outcome outcome = *in_child(send_number, NULL);
    add_one(&may_leave);
    expect_status(&outcome, biased ? 2 : 0);
    if (biased)
        expect_in_err(&outcome, "another thread of the parent was changing an object at the fork");
}
END_TEST

RUN_TESTS("chan fork", G7_a_child_does_not_hand_a_value_to_a_thread_of_its_parent,
          G7_a_channel_that_a_worker_is_changing_is_refused_at_once)
