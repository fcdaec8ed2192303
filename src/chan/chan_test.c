/* Tests of channels. The facts are those of Go's language specification and of its own tests; rules are
 * those of docs/rules.md. */
#include "testing/chan.h"

#include <stdint.h>

#include "chan/channel.h"

/* ---- buffers, order ---- */

static void buffered(void)
{
    lg_chan(int) c = lg_chan_make(int, 3);
    lg_defer(lg_chan_unref, c);
    ck_assert_uint_eq(lg_chan_len(c), 0);
    ck_assert_uint_eq(lg_chan_cap(c), 3);
    int next_in = 0, next_out = 0, got;
    for (int round = 0; round < 10; round++) {
        int held = next_in - next_out;
        while (held < 3) {
            lg_chan_send(c, next_in++);
            held++;
            ck_assert_uint_eq(lg_chan_len(c), held);
        }
        ck_assert(!lg_chan_try_send(c, -1));
        for (int i = 0; i <= round % 3; i++) {
            ck_assert(lg_chan_recv(c, &got));
            ck_assert_int_eq(got, next_out++);
        }
    }
    lg_chan_close(c);
    while (lg_chan_recv(c, &got))
        ck_assert_int_eq(got, next_out++);
    ck_assert_int_eq(next_out, next_in);
}

START_TEST(buffered_elements_leave_in_the_order_they_came)
{
    everywhere(buffered);
}
END_TEST

static void send_many(void *c, int count)
{
    lg_chan(int) ints = c;
    for (int i = 0; i < count; i++) {
        lg_chan_send(ints, i);
        if (i % 7 == 3)
            lg_yield();
    }
    lg_chan_close(ints);
    lg_chan_unref(ints);
}

static void each_capacity(void)
{
    for (size_t capacity = 0; capacity < 12; capacity++) {
        lg_chan(int) c = lg_chan_make(int, capacity);
        lg_defer(lg_chan_unref, c);
        lg_go(send_many, lg_chan_ref(c), 100);
        int expected = 0;
        lg_chan_each (c, int, got) {
            ck_assert_int_eq(got, expected++);
            if (got % 5 == 2)
                lg_yield();
        }
        ck_assert_int_eq(expected, 100);
    }
}

START_TEST(order_is_kept_with_every_capacity)
{
    everywhere(each_capacity);
}
END_TEST

/* ---- element types ---- */

struct big {
    int n[100];
};
__extension__ struct nothing {
};
struct aligned {
    _Alignas(256) char c;
};

#define SENT_AND_RECEIVED(T, value, equal)                                                         \
    do {                                                                                           \
        for (size_t capacity = 0; capacity < 2; capacity++) {                                      \
            lg_chan(T) c = lg_chan_make(T, capacity);                                              \
            lg_defer(lg_chan_unref, c);                                                            \
            __typeof__(T) sent = value, got;                                                       \
            struct sending sending = {c, &sent};                                                   \
            lg_go(send_it, &sending);                                                              \
            memset((void *)(uintptr_t)&got, 0xee, sizeof(got));                                    \
            ck_assert(lg_chan_recv(c, &got));                                                      \
            ck_assert(equal);                                                                      \
            lg_chan_close(c);                                                                      \
            memset((void *)(uintptr_t)&got, 0xee, sizeof(got));                                    \
            ck_assert(!lg_chan_recv(c, &got));                                                     \
            const __typeof__(T) zero = {0};                                                        \
            sent = zero;                                                                           \
            ck_assert(equal);                                                                      \
        }                                                                                          \
    } while (0)

struct sending {
    void *channel, *value;
};

static void send_it(struct sending *sending)
{
    lgi_chan_send(sending->channel, sending->value);
}

static void each_type(void)
{
    static struct big bigs;
    SENT_AND_RECEIVED(char, 'x', got == sent);
    SENT_AND_RECEIVED(short, -7, got == sent);
    SENT_AND_RECEIVED(int, 1234567, got == sent);
    SENT_AND_RECEIVED(double, 0.5, got == sent);
    SENT_AND_RECEIVED(long double, 0.25L, got == sent);
    SENT_AND_RECEIVED(struct big *, &bigs, got == sent);
    SENT_AND_RECEIVED(bool, true, got == sent);
    SENT_AND_RECEIVED(__int128, (__int128)1 << 90, got == sent);
    SENT_AND_RECEIVED(struct big, {{[7] = 7}}, memcmp(&got, &sent, sizeof(got)) == 0);
    SENT_AND_RECEIVED(struct aligned, {'a'}, got.c == sent.c);
}

START_TEST(elements_of_every_size_arrive_whole_and_are_zeroed_at_the_end)
{
    everywhere(each_type);
}
END_TEST

START_TEST(an_empty_struct_is_counted)
{
    lg_chan(struct nothing) c = lg_chan_make(struct nothing, 2);
    static struct nothing nothing;
    lg_chan_send(c, nothing);
    lg_chan_send(c, nothing);
    ck_assert(!lg_chan_try_send(c, nothing));
    ck_assert(lg_chan_recv(c, &nothing));
    ck_assert(lg_chan_recv(c, NULL));
    ck_assert_ptr_eq(lg_chan_try_recv(c, &nothing), &lg_error_deadline_exceeded);
    lg_chan_unref(c);
}
END_TEST

START_TEST(a_value_is_evaluated_once_and_converted)
{
    lg_chan(double) c = lg_chan_make(double, 4);
    int n = 3;
    double got;
    lg_chan_send(c, n++);
    ck_assert(lg_chan_try_send(c, n++));
    ck_assert_ptr_null(lg_chan_send_until(c, n++, lg_until_forever()));
    ck_assert_int_eq(n, 6);
    for (int i = 3; i < 6; i++) {
        ck_assert(lg_chan_recv(c, &got));
        ck_assert(got == i);
    }
    lg_chan_unref(c);

    struct pair {
        int a, b;
    };
    lg_chan(struct pair) pairs = lg_chan_make(struct pair, 1);
    struct pair pair;
    lg_chan_send(pairs, (struct pair){1, 2}); /* its comma is no separator */
    ck_assert(lg_chan_recv(pairs, &pair));
    ck_assert(pair.a == 1 && pair.b == 2);
    lg_chan_unref(pairs);
}
END_TEST

/* The type is the same everywhere, and can be nested. */
static lg_chan(long) made_elsewhere(lg_chan(lg_chan(long)) through)
{
    lg_chan(long) c;
    return lg_chan_recv(through, &c) ? c : NULL;
}

START_TEST(channels_go_through_channels)
{
    lg_chan(lg_chan(long)) through = lg_chan_make_owned(lg_chan(long), 2, lg_chan_unref);
    lg_chan(long) c = lg_chan_make(long, 1);
    lg_chan_send(through, lg_chan_ref(c));
    lg_chan_send(through, lg_chan_ref(c)); /* dropped with the channel it is in */
    lg_chan(long) same = made_elsewhere(through);
    ck_assert_ptr_eq(same, c);
    lg_chan_send(c, 77L);
    long got;
    ck_assert(lg_chan_recv(same, &got));
    ck_assert_int_eq(got, 77);
    lg_chan_unref(same);
    lg_chan_unref(through);
    lg_chan_unref(c);
    lg_chan_unref(NULL);
    ck_assert_ptr_null(lg_chan_ref((lg_chan(long))NULL));
}
END_TEST

START_TEST(a_loop_over_a_channel_can_be_left_and_continued)
{
    lg_chan(int) c = lg_chan_make(int, 10);
    for (int i = 0; i < 10; i++)
        lg_chan_send(c, i);
    int sum = 0, evaluated = 0;
    lg_chan_each ((evaluated++, c), int, i) {
        if (i == 3)
            continue;
        if (i == 6)
            break;
        sum += i;
    }
    ck_assert_int_eq(sum, 0 + 1 + 2 + 4 + 5);
    ck_assert_int_eq(evaluated, 1);
    lg_chan_close(c);
    lg_chan_each (c, int, i)
        sum += i;
    ck_assert_int_eq(sum, 12 + 7 + 8 + 9);
    lg_chan_unref(c);
}
END_TEST

/* ---- not waiting, deadlines (C9) ---- */

static void no_waiting(void)
{
    lg_chan(int) c = lg_chan_make(int, 0), d = lg_chan_make(int, 1), none = NULL;
    lg_defer(lg_chan_unref, c);
    lg_defer(lg_chan_unref, d);
    int got = 5;
    ck_assert(!lg_chan_try_send(c, 1));
    ck_assert_ptr_eq(lg_chan_try_recv(c, &got), &lg_error_deadline_exceeded);
    ck_assert(!lg_chan_try_send(none, 1));
    ck_assert_ptr_eq(lg_chan_try_recv(none, &got), &lg_error_deadline_exceeded);
    ck_assert_int_eq(got, 5);
    ck_assert(lg_chan_try_send(d, 1));
    ck_assert(!lg_chan_try_send(d, 2));
    ck_assert_ptr_null(lg_chan_try_recv(d, &got));
    ck_assert_int_eq(got, 1);
    ck_assert_ptr_eq(lg_chan_try_recv(d, &got), &lg_error_deadline_exceeded);
    lg_chan_close(d);
    ck_assert_ptr_eq(lg_chan_try_recv(d, &got), &lg_error_chan_closed);
    ck_assert_int_eq(got, 0);
    ck_assert_ptr_eq(lg_chan_try_recv(d, NULL), &lg_error_chan_closed);
    ck_assert_uint_eq(lg_chan_len(none), 0);
    ck_assert_uint_eq(lg_chan_cap(none), 0);
}

START_TEST(try_never_waits)
{
    everywhere(no_waiting);
}
END_TEST

static void deadlines(void)
{
    lg_chan(int) c = lg_chan_make(int, 0), none = NULL;
    lg_defer(lg_chan_unref, c);
    int got = 5;
    lg_time start = lg_now();
    ck_assert_ptr_eq(lg_chan_send_until(c, 1, lg_until_timeout(2 * LG_MILLISECOND)),
                     &lg_error_deadline_exceeded);
    ck_assert_ptr_eq(lg_chan_recv_until(c, &got, lg_until_timeout(2 * LG_MILLISECOND)),
                     &lg_error_deadline_exceeded);
    ck_assert_ptr_eq(lg_chan_send_until(none, 1, lg_until_timeout(2 * LG_MILLISECOND)),
                     &lg_error_deadline_exceeded);
    ck_assert_ptr_eq(lg_chan_recv_until(none, &got, lg_until_timeout(2 * LG_MILLISECOND)),
                     &lg_error_deadline_exceeded);
    ck_assert_int_ge(lg_now() - start, 8 * LG_MILLISECOND);
    ck_assert_ptr_eq(lg_chan_recv_until(c, &got, lg_until_timeout(0)), &lg_error_deadline_exceeded);
    ck_assert_int_eq(got, 5);
    /* They have left nothing behind. */
    ck_assert(!lg_chan_try_send(c, 1));
    ck_assert_ptr_eq(lg_chan_try_recv(c, &got), &lg_error_deadline_exceeded);

    /* What can be done at once is done, even if it is late. */
    lg_chan(int) d = lg_chan_make(int, 1);
    lg_defer(lg_chan_unref, d);
    ck_assert_ptr_null(lg_chan_send_until(d, 9, lg_until_deadline(0)));
    ck_assert_ptr_null(lg_chan_recv_until(d, &got, lg_until_deadline(0)));
    ck_assert_int_eq(got, 9);
    lg_chan_close(d);
    ck_assert_ptr_eq(lg_chan_recv_until(d, &got, lg_until_deadline(0)), &lg_error_chan_closed);
    ck_assert_int_eq(got, 0);
}

START_TEST(C9_waiting_ends_at_the_deadline)
{
    everywhere(deadlines);
}
END_TEST

static void cancel_soon(struct lgi_done *cancelled)
{
    lg_yield();
    ck_assert(lgi_done_set(cancelled, NULL));
}

static void cancellations(void)
{
    lg_chan(int) c = lg_chan_make(int, 0);
    lg_defer(lg_chan_unref, c);
    static struct lgi_done each[100]; /* used once */
    static unsigned used;
    const lg_until until = {LG_DURATION_MAX, &each[used++]};
    lg_go(cancel_soon, until.lgi_done);
    ck_assert_ptr_eq(lg_chan_send_until(c, 1, until), &lg_error_cancelled);
    ck_assert_ptr_eq(lg_chan_recv_until(c, NULL, until), &lg_error_cancelled);
    ck_assert_ptr_eq(lg_chan_try_recv(c, NULL), &lg_error_deadline_exceeded);
    ck_assert(!lg_chan_try_send(c, 1));
}

START_TEST(C9_waiting_ends_by_cancellation)
{
    everywhere(cancellations);
}
END_TEST

/* ---- receiving as an expression ---- */

struct pair {
    int a;
    double b;
};

START_TEST(a_receive_can_return_the_element)
{
    lg_chan(int) numbers = lg_chan_make(int, 4);
    lg_chan(struct pair) pairs = lg_chan_make(struct pair, 1);
    lg_chan(lg_chan(int)) channels = lg_chan_make(lg_chan(int), 1);
    for (int i = 1; i <= 3; i++)
        lg_chan_send(numbers, i);
    lg_chan_send(pairs, (struct pair){4, 0.5});
    lg_chan_send(channels, numbers);
    ck_assert_int_eq(
        lg_chan_recv_value(numbers) * 10 + lg_chan_recv_value(lg_chan_recv_value(channels)), 12);
    struct pair pair = lg_chan_recv_value(pairs);
    ck_assert(pair.a == 4 && pair.b == 0.5);

    lg_chan_close(numbers);
    lg_chan_close(pairs);
    ck_assert_int_eq(lg_chan_recv_value(numbers), 3); /* then zeros */
    ck_assert_int_eq(lg_chan_recv_value(numbers), 0);
    ck_assert(lg_chan_recv_value(pairs).b == 0);
    lg_chan_unref(numbers);
    lg_chan_unref(pairs);
    lg_chan_unref(channels);
}
END_TEST

RUN_TESTS("chan", buffered_elements_leave_in_the_order_they_came, order_is_kept_with_every_capacity,
          elements_of_every_size_arrive_whole_and_are_zeroed_at_the_end, an_empty_struct_is_counted,
          a_value_is_evaluated_once_and_converted, channels_go_through_channels,
          a_loop_over_a_channel_can_be_left_and_continued, try_never_waits,
          C9_waiting_ends_at_the_deadline, C9_waiting_ends_by_cancellation,
          a_receive_can_return_the_element)
