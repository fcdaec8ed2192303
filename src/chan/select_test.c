/* Tests of select. The facts are those of Go's language specification and of its own tests; rules are those of docs/rules.md. */
#include "testing/chan.h"

#include "sched/park.h"
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

/* ---- fair ---- */

START_TEST(among_those_that_can_be_done_each_is_as_likely)
{
    enum { CASES = 5, ROUNDS = 100000 };
    lg_chan(int) c = lg_chan_make(int, 1), full = lg_chan_make(int, 1);
    lg_chan_close(c);
    lg_chan_send(full, 1);
    struct lgi_done done = {0};
    lgi_done_set(&done, NULL);
    int count[CASES + 1] = {0};
    for (int i = 0; i < ROUNDS; i++)
        count[lg_select(lg_case_recv(c, NULL, NULL), lg_case_recv(c, NULL, NULL),
                        lg_case_recv(c, NULL, NULL), lg_case_send(full, 2), lgi_case_done(&done),
                        lg_case_recv(c, NULL, NULL))]++;
    for (int i = 0; i <= CASES; i++) {
        int expected = i == 3 ? 0 : ROUNDS / CASES;
        ck_assert_msg(abs(count[i] - expected) <= ROUNDS / 50, "%d: %d", i, count[i]);
    }
    lg_chan_unref(c);
    lg_chan_unref(full);
}
END_TEST

static void send_always(lg_chan(int) c, lg_chan(int) senders)
{
    lg_chan_each (senders, int, i)
        lg_chan_send(c, i);
    lg_chan_unref(c);
}

static void choose_among_different(void)
{
    enum { ROUNDS = 30000, CASES = 4 };
    lg_chan(int) waits = lg_chan_make(int, 0), buffered = lg_chan_make(int, 1);
    lg_chan(struct wide { char c[100]; }) wide = lg_chan_make(struct wide, 1);
    lg_chan(int) more = lg_chan_make(int, 1);
    struct lgi_done done = {0};
    lgi_done_set(&done, NULL);
    lg_go(send_always, lg_chan_ref(waits), more);
    lg_chan_send(more, 1);
    lg_chan_send(buffered, 1);
    lg_chan_send(wide, (struct wide){{0}});
    int count[CASES] = {0}, got;
    struct wide got_wide;
    for (int i = 0; i < ROUNDS; i++) {
        lg_yield(); /* so that the sender waits */
        size_t chosen = lg_select(lg_case_recv(waits, &got, NULL),
                                  lg_case_recv(buffered, &got, NULL),
                                  lg_case_recv(wide, &got_wide, NULL), lgi_case_done(&done));
        count[chosen]++;
        switch (chosen) {
        case 0: lg_chan_send(more, i); break;
        case 1: lg_chan_send(buffered, i); break;
        case 2: lg_chan_send(wide, got_wide); break;
        default:;
        }
    }
    for (int i = 0; i < CASES; i++)
        ck_assert_msg(abs(count[i] - ROUNDS / CASES) <= ROUNDS / 40, "%d: %d", i, count[i]);
    lg_chan_close(more);
    lg_chan_recv(waits, NULL);
    lg_yield();
    lg_yield();
    lg_chan_unref(waits);
    lg_chan_unref(buffered);
    lg_chan_unref(wide);
    lg_chan_unref(more);
}

/* However they are done: an element in the buffer or at a sender, small or large, no channel at all. */
START_TEST(each_kind_is_as_likely)
{
    ck_assert_ptr_null(lg_set_workers(1));
    finished = lg_chan_make(int, 0);
    lg_go(run_and_finish, choose_among_different);
    ck_assert(lg_chan_recv(finished, NULL));
    lg_chan_unref(finished);
}
END_TEST

static void send_until_done(lg_chan(int) c, struct lgi_done *done, lg_chan(int) senders)
{
    while (lg_select(lg_case_send(c, 1), lgi_case_done(done)) == 0)
        ;
    lg_chan_unref(c);
    lg_chan_send(senders, 1);
}

static void receive_from_two(int least)
{
    struct lgi_done done = {0};
    lg_chan(int) senders = lg_chan_make(int, 0), a = lg_chan_make(int, 0), b = lg_chan_make(int, 0);
    lg_go(send_until_done, lg_chan_ref(a), &done, senders);
    lg_go(send_until_done, lg_chan_ref(b), &done, senders);
    int count[2] = {0};
    for (int i = 0; i < 20000; i++)
        count[lg_select(lg_case_recv(a, NULL, NULL), lg_case_recv(b, NULL, NULL))]++;
    lgi_done_set(&done, NULL);
    lg_chan_recv(senders, NULL);
    lg_chan_recv(senders, NULL);
    ck_assert_msg(count[0] > least && count[1] > least, "%d and %d", count[0], count[1]);
    lg_chan_unref(a);
    lg_chan_unref(b);
    lg_chan_unref(senders);
    lg_chan_send(finished, 1);
}

START_TEST(no_sender_is_left_out)
{
    finished = lg_chan_make(int, 1);
    ck_assert_ptr_null(lg_set_workers(1));
    lg_go(receive_from_two, 8000);
    lg_chan_recv(finished, NULL);
    /* Here the one that runs may find the receiver waiting again and again, and would never have to wait itself. */
    receive_from_two(20);
    lg_chan_recv(finished, NULL);
    ck_assert_ptr_null(lg_set_workers(8));
    lg_go(receive_from_two, 20);
    lg_chan_recv(finished, NULL);
    lg_chan_unref(finished);
}
END_TEST

static lg_chan(int) polled;

static void poll_for_it(void)
{
    int got;
    while (lg_chan_try_recv(polled, &got) == &lg_error_deadline_exceeded)
        ;
    while (lg_select(lg_case_recv(polled, &got, NULL), lg_case_default) != 0)
        ;
    lg_chan_send(finished, got);
}

static void send_two(void)
{
    lg_chan_send(polled, 1);
    lg_chan_send(polled, 2);
}

/* As under Go's preemption. */
START_TEST(polling_lets_others_run)
{
    ck_assert_ptr_null(lg_set_workers(1));
    finished = lg_chan_make(int, 1);
    polled = lg_chan_make(int, 1);
    lg_go(poll_for_it);
    lg_go(send_two);
    int got;
    ck_assert(lg_chan_recv(finished, &got));
    ck_assert_int_eq(got, 2);
    lg_chan_unref(finished);
    lg_chan_unref(polled);
}
END_TEST

/* ---- one moment ---- */

static lg_chan(int) here, there;
static int moving;

/* There is always an element in one of the two. */
static void move(void *none)
{
    (void)none;
    while (__atomic_load_n(&moving, __ATOMIC_RELAXED)) {
        lg_chan_send(there, 1);
        lg_chan_recv(here, NULL);
        lg_chan_send(here, 1);
        lg_chan_recv(there, NULL);
    }
}

static void *move_on_thread(void *none)
{
    move(none);
    return NULL;
}

/* A default is for when there is nothing in both at once, not in one after the other. */
START_TEST(a_default_looks_at_all_channels_in_one_moment)
{
    enum { LOOKS = 20000, BETWEEN = 200 }; /* the others take time to look at */
    pthread_t thread;
    lg_case cases[BETWEEN + 3];
    lg_chan(int) empty = lg_chan_make(int, 1);
    int got;
    here = lg_chan_make(int, 2);
    there = lg_chan_make(int, 2);
    lg_chan_send(here, 1);
    for (int i = 1; i <= BETWEEN; i++)
        cases[i] = lg_case_recv(empty, NULL, NULL);
    cases[0] = lg_case_recv(here, &got, NULL);
    cases[BETWEEN + 1] = lg_case_recv(there, &got, NULL);
    cases[BETWEEN + 2] = lg_case_default;
    moving = 1;
    ck_assert_int_eq(pthread_create(&thread, NULL, move_on_thread, NULL), 0);
    lg_time start = lg_now();
    for (int i = 0; i < LOOKS && lg_now() - start < LG_SECOND; i++) {
        switch (lg_select_n(cases, BETWEEN + 3)) {
        case 0: lg_chan_send(here, got); break;
        case BETWEEN + 1: lg_chan_send(there, got); break;
        default: ck_abort_msg("nothing found, at look %d", i);
        }
    }
    __atomic_store_n(&moving, 0, __ATOMIC_RELAXED);
    pthread_join(thread, NULL);
    lg_chan_unref(empty);
    lg_chan_unref(here);
    lg_chan_unref(there);
}
END_TEST

/* ---- many cases ---- */

static void send_one(lg_chan(int) c, int value)
{
    lg_yield();
    lg_chan_send(c, value);
}

static void many(void)
{
    enum { MANY = 1000 };
    static const size_t counts[] = {0, 1, 15, 16, 17, 100, MANY};
    lg_chan(int) channels[MANY];
    lg_case cases[MANY + 1];
    int got[MANY];
    bool ok[MANY];
    for (int i = 0; i < MANY; i++) {
        channels[i] = lg_chan_make(int, 0);
        cases[i] = lg_case_recv(channels[i], &got[i], &ok[i]);
    }
    for (size_t n = 1; n < sizeof(counts) / sizeof(counts[0]); n++)
        for (int i = 0; i < 5; i++) {
            size_t count = counts[n], from = count * (size_t)i / 5;
            lg_go(send_one, channels[from], i);
            ck_assert_uint_eq(lg_select_n(cases, count), from);
            ck_assert(got[from] == i && ok[from]);
            cases[count] = lg_case_default;
            ck_assert_uint_eq(lg_select_n(cases, count + 1), count);
            cases[count] = lg_case_until(lg_until_timeout(100));
            ck_assert_uint_eq(lg_select_n(cases, count + 1), count);
            if (count < MANY)
                cases[count] = lg_case_recv(channels[count], &got[count], &ok[count]);
        }
    for (int i = 0; i < MANY; i++)
        lg_chan_unref(channels[i]);
}

START_TEST(any_number_of_cases)
{
    everywhere(many);
}
END_TEST

static void select_stopped(const lg_case *cases, size_t count)
{
    lg_func_recovers_void {
        lg_defer_recover(stop);
        lg_select_n(cases, count);
    }
}

START_TEST(D6_out_of_memory_does_nothing)
{
    if (!can_fail_allocations())
        return;
    lg_chan(int) c = lg_chan_make(int, 1), d = lg_chan_make(int, 0);
    lg_case cases[17];
    const int one = 1;
    for (int i = 0; i < 17; i++)
        cases[i] = lg_case_send_from(d, &one);
    memory_watch(1, true);
    select_stopped(cases, 17);
    memory_ignore();
    ck_assert_int_eq(memory.failed, 1);
    expect_trace("stopped: lg_select_n: out of memory for 17 cases");
    ck_assert_ptr_eq(lg_chan_try_recv(d, NULL), &lg_error_deadline_exceeded);
    /* What can be done at once needs no memory. */
    cases[5] = lg_case_send_from(c, &one);
    memory_watch(1, true);
    size_t done = lg_select_n(cases, 17);
    memory_ignore();
    ck_assert_uint_eq(done, 5);
    cases[5] = lg_case_until(lg_until_timeout(LG_MILLISECOND));
    memory_watch(1, true);
    done = lg_select_n(cases, 16);
    memory_ignore();
    ck_assert_uint_eq(done, 5);
    lg_chan_unref(c);
    lg_chan_unref(d);
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
          among_those_that_can_be_done_each_is_as_likely, each_kind_is_as_likely,
          no_sender_is_left_out, polling_lets_others_run,
          a_default_looks_at_all_channels_in_one_moment, any_number_of_cases,
          D6_out_of_memory_does_nothing, no_case_waits_for_ever,
          what_is_received_and_not_wanted_is_dropped)
