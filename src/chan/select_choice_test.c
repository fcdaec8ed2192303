/* Tests of how select chooses: fairly, at one moment, among many cases. Rules are those of docs/rules.md. */
#include "sched/park.h"
#include "testing/chan.h"
#include "testing/failing_malloc.h"

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

RUN_TESTS("select_choice", among_those_that_can_be_done_each_is_as_likely, each_kind_is_as_likely,
          no_sender_is_left_out, polling_lets_others_run,
          a_default_looks_at_all_channels_in_one_moment, any_number_of_cases,
          D6_out_of_memory_does_nothing)
