/* Tests of closed and freed channels, and of misuse. Rules are those of docs/rules.md. */
#include "chan/channel.h"
#include "testing/chan.h"
#include <stdint.h>

/* ---- closing, and misuse ---- */

static lg_chan(int) shared;

/* Until so many wait for it. */
static void wait_for(lg_chan(int) channel, unsigned waiters)
{
    void *object = channel;
    struct lgi_chan *c = object;
    for (unsigned count = 0; count < waiters;) {
        lg_yield();
        count = 0;
        lgi_chan_lock(c);
        for (const struct lgi_waiter *w = c->receivers.first; w; w = w->next)
            count++;
        for (const struct lgi_waiter *w = c->senders.first; w; w = w->next)
            count++;
        lgi_chan_unlock(c);
    }
}

static void send_to_shared(int value)
{
    lg_chan_send(shared, value);
}

static void recv_from_shared(lg_chan(int) results)
{
    int got = 5;
    bool ok = lg_chan_recv(shared, &got);
    lg_chan_send(results, ok ? -1 : got);
    lg_chan_unref(results);
}

START_TEST(close_wakes_all_who_wait_to_receive)
{
    shared = lg_chan_make(int, 0);
    lg_chan(int) results = lg_chan_make(int, 10);
    for (int i = 0; i < 9; i++)
        lg_go(recv_from_shared, lg_chan_ref(results));
    lg_go_thread(recv_from_shared, lg_chan_ref(results));
    wait_for(shared, 10);
    lg_chan_close(shared);
    for (int i = 0; i < 10; i++) {
        int got;
        ck_assert(lg_chan_recv(results, &got));
        ck_assert_int_eq(got, 0);
    }
    lg_chan_unref(results);
    lg_chan_unref(shared);
}
END_TEST

static void recv_until_closed(lg_chan(int) results)
{
    lg_chan_send(results, lg_chan_recv(shared, NULL) ? 1 : 0);
}

/* They are woken in several batches. */
START_TEST(close_wakes_any_number)
{
    enum { MANY = 1000 };
    shared = lg_chan_make(int, 0);
    lg_chan(int) results = lg_chan_make(int, 0);
    for (int i = 0; i < MANY; i++)
        lg_go(recv_until_closed, results);
    wait_for(shared, MANY);
    lg_chan_close(shared);
    for (int i = 0; i < MANY; i++) {
        int got;
        ck_assert(lg_chan_recv(results, &got));
        ck_assert_int_eq(got, 0);
    }
    lg_chan_unref(shared);
    lg_chan_unref(results);
}
END_TEST

static void end_of(lg_chan(int) c, int how)
{
    if (how == 0)
        lg_chan_send(c, 1);
    else
        lg_chan_close(c);
}

/* Who sends or closes need not have a reference, if the other one ends the channel only when it has been told. */
START_TEST(the_one_that_is_told_of_the_end_may_drop_the_channel)
{
    for (unsigned workers = 1; workers <= 2; workers++) {
        ck_assert_ptr_null(lg_set_workers(workers));
        for (int i = 0; i < 3000; i++) {
            lg_chan(int) c = lg_chan_make(int, (size_t)i / 2 % 2);
            int got = 7;
            lg_go(end_of, c, i % 2);
            if (i % 3 == 0)
                while (lg_chan_try_recv(c, &got) == &lg_error_deadline_exceeded)
                    lg_yield();
            else
                lg_chan_recv(c, &got);
            ck_assert_int_eq(got, i % 2 == 0);
            lg_chan_unref(c);
        }
    }
}
END_TEST

static void stop_and_tell(lg_panic_info *panic)
{
    if (lg_recover(panic)) /* one note, as others make theirs at the same time */
        note(strcmp(lg_panic_message(panic), "send on closed channel") == 0 ? "closed" : "other");
    lg_chan_send(finished, 1);
}

static void send_recovered(int value)
{
    lg_func_recovers_void {
        lg_defer_recover(stop_and_tell);
        lg_chan_send(shared, value);
        note("sent");
    }
}

START_TEST(close_panics_in_all_who_wait_to_send)
{
    shared = lg_chan_make(int, 1);
    finished = lg_chan_make(int, 4);
    lg_chan_send(shared, 41);
    for (int i = 0; i < 3; i++)
        lg_go(send_recovered, i);
    lg_go_thread(send_recovered, 3);
    wait_for(shared, 4);
    lg_chan_close(shared);
    for (int i = 0; i < 4; i++)
        ck_assert(lg_chan_recv(finished, NULL));
    expect_trace("closed closed closed closed");
    int got;
    ck_assert(lg_chan_recv(shared, &got)); /* what was in it before is not lost */
    ck_assert_int_eq(got, 41);
    ck_assert(!lg_chan_recv(shared, &got));
    lg_chan_unref(shared);
    lg_chan_unref(finished);
}
END_TEST

static void misuse(int what)
{
    lg_chan(int) c = lg_chan_make(int, 1), none = NULL;
    char other[sizeof(struct lgi_done) * 4] = "something else";
    int got;
    lg_defer(lg_chan_unref, c);
    switch (what) {
    case 0: lg_chan_close(none); break;
    case 1:
        lg_chan_close(c);
        lg_chan_close(c);
        break;
    case 2:
        lg_chan_close(c);
        lg_chan_send(c, 1);
        break;
    case 3:
        lg_chan_close(c);
        got = lg_chan_try_send(c, 1);
        break;
    case 4:
        lg_chan_close(c);
        got = lg_chan_send_until(c, 1, lg_until_deadline(0)) != NULL;
        break;
    // NOLINTNEXTLINE(readability-redundant-parentheses): the function; the macro asks for a channel's type
    case 5: (lg_chan_unref)(other); break;
    case 6: {
        void *object = other;
        c = object;
        lg_chan_recv(c, &got);
        break;
    }
    case 7: (void)lg_chan_make(int, SIZE_MAX / 2); break;
    case 8: (void)lg_chan_make(char, -1); break;
    case 9: (void)lg_chan_make(char, PTRDIFF_MAX - 4); break;
    case 10: (void)lg_chan_make(char, PTRDIFF_MAX / 2); break;
    default: note("no such");
    }
}

static void misuse_recovered(int what)
{
    lg_func_recovers_void {
        lg_defer_recover(stop);
        misuse(what);
    }
}

START_TEST(misuse_panics)
{
    static const char *const messages[] = {"close of a NULL channel",
                                           "close of closed channel",
                                           "send on closed channel",
                                           "send on closed channel",
                                           "send on closed channel",
                                           "is not a channel",
                                           "is not a channel",
                                           "is out of range",
                                           "is out of range",
                                           "is out of range",
                                           "out of memory"};
    for (int i = 0; i < (int)(sizeof(messages) / sizeof(messages[0])); i++) {
#if defined(HAS_SANITIZER)
        if (i == 10)
            continue; /* it would end the process */
#endif
        trace_text[0] = '\0';
        misuse_recovered(i);
        ck_assert_msg(strstr(trace_text, messages[i]), "%d: %s", i, trace_text);
    }
}
END_TEST

static void drop_while_others_wait(void *none)
{
    (void)none;
    shared = lg_chan_make(int, 0);
    lg_go(recv_from_shared, lg_chan_make(int, 1));
    wait_for(shared, 1);
    lg_chan_unref(shared);
}

START_TEST(the_last_reference_must_not_be_dropped_while_somebody_waits)
{
    struct outcome *outcome = in_child(drop_while_others_wait, NULL);
    expect_status(outcome, 2);
    expect_in_err(outcome, "while a goroutine waits on the channel");
}
END_TEST

static void send_uncaught(void *none)
{
    (void)none;
    shared = lg_chan_make(int, 0);
    lg_go_thread(send_to_shared, 1);
    wait_for(shared, 1);
    lg_chan_close(shared);
    lg_sleep(LG_MINUTE);
}

START_TEST(P8_a_send_on_a_closed_channel_ends_the_process_if_nobody_recovers)
{
    struct outcome *outcome = in_child(send_uncaught, NULL);
    expect_status(outcome, 2);
    expect_in_err(outcome, "send on closed channel");
}
END_TEST

/* ---- many at once ---- */

enum { PRODUCERS = 8, CONSUMERS = 6, EACH = 400 };
static long made, dropped;
static int producing;

static void drop_box(long *box)
{
    __atomic_fetch_add(&dropped, *box, __ATOMIC_RELAXED);
    free(box);
}

static void recover_quietly(lg_panic_info *panic)
{
    lg_recover(panic);
}

static void produce_some(lg_chan(long *) c, int from)
{
    lg_func_recovers_void {
        lg_defer_recover(recover_quietly);
        for (int i = from; i < EACH; i++) {
            long *box = malloc(sizeof(*box));
            lg_defer_as(free_it, drop_box, box);
            *box = i;
            __atomic_fetch_add(&made, i, __ATOMIC_RELAXED);
            if (i % 50 == 49)
                lg_panic("in the middle, with one in hand");
            lg_chan_send(c, box);
            lg_deferred_dismiss(free_it);
            if (i % 11 == 0)
                lg_yield();
        }
    }
}

static void produce(lg_chan(long *) c)
{
    lg_defer(lg_chan_unref, c);
    for (int from = 0; from < EACH; from += 50)
        produce_some(c, from);
    if (__atomic_sub_fetch(&producing, 1, __ATOMIC_RELAXED) == 0)
        lg_chan_close(c);
}

static void consume_some(lg_chan(long *) c, bool *more)
{
    lg_func_recovers_void {
        lg_defer_recover(recover_quietly);
        for (;;) {
            long *box;
            *more = lg_chan_recv(c, &box);
            if (!*more)
                break;
            lg_defer(drop_box, box);
            if (*box % 37 == 36)
                lg_panic("in the middle, with one in hand");
            if (*box % 13 == 0)
                lg_yield();
        }
    }
}

static void consume(lg_chan(long *) c, int leaves_early)
{
    lg_defer(lg_chan_unref, c);
    bool more = true;
    for (int i = 0; more && (!leaves_early || i < 5); i++)
        consume_some(c, &more);
    lg_chan_send(finished, 1);
}

START_TEST(producers_and_consumers_that_panic_lose_nothing)
{
    for (unsigned workers = 1; workers <= 8; workers = workers == 1 ? 2 : workers * 4)
        for (size_t capacity = 0; capacity <= 10; capacity += 5) {
            ck_assert_ptr_null(lg_set_workers(workers));
            made = dropped = 0;
            producing = PRODUCERS;
            finished = lg_chan_make(int, 0);
            lg_chan(long *) c = lg_chan_make_owned(long *, capacity, drop_box);
            for (int i = 0; i < PRODUCERS; i++) {
                if (i == 0)
                    lg_go_thread(produce, lg_chan_ref(c));
                else
                    lg_go(produce, lg_chan_ref(c));
            }
            for (int i = 0; i < CONSUMERS; i++) {
                if (i == 0)
                    lg_go_thread(consume, lg_chan_ref(c), 1);
                else
                    lg_go(consume, lg_chan_ref(c), i < 3);
            }
            for (int i = 0; i < CONSUMERS; i++)
                ck_assert(lg_chan_recv(finished, NULL));
            lg_chan_unref(finished);
            lg_chan_unref(c);
            ck_assert_int_eq(made, dropped);
            ck_assert_int_ge(made, (long)PRODUCERS * EACH);
        }
}
END_TEST

RUN_TESTS("close", close_wakes_all_who_wait_to_receive, close_wakes_any_number,
          the_one_that_is_told_of_the_end_may_drop_the_channel,
          close_panics_in_all_who_wait_to_send, misuse_panics,
          the_last_reference_must_not_be_dropped_while_somebody_waits,
          P8_a_send_on_a_closed_channel_ends_the_process_if_nobody_recovers,
          producers_and_consumers_that_panic_lose_nothing)
