/* Tests of waiting and waking: goroutines and threads, claims, deadlines, things that happen once. */
#include "testing/park.h"

/* ---- lists ---- */

START_TEST(lists_of_waiters)
{
    struct lgi_waiters list = {0};
    struct lgi_waiter w[4];
    memset(w, 0, sizeof(w));
    ck_assert(lgi_waiters_empty(&list));
    lgi_waiters_remove(&list, &w[0]); /* it is in none */
    lgi_waiters_push(&list, &w[1]);
    lgi_waiters_push(&list, &w[2]);
    lgi_waiters_push_front(&list, &w[0]);
    lgi_waiters_push(&list, &w[3]);
    lgi_waiters_remove(&list, &w[2]);
    lgi_waiters_remove(&list, &w[2]);
    ck_assert_ptr_eq(list.first, &w[0]);
    ck_assert_ptr_eq(w[0].next, &w[1]);
    ck_assert_ptr_eq(w[1].next, &w[3]);
    ck_assert_ptr_eq(w[3].previous, &w[1]);
    ck_assert_ptr_eq(list.last, &w[3]);
    lgi_waiters_remove(&list, &w[3]);
    lgi_waiters_remove(&list, &w[0]);
    ck_assert_ptr_eq(list.first, &w[1]);
    ck_assert_ptr_eq(list.last, &w[1]);
    lgi_waiters_remove(&list, &w[1]);
    ck_assert(lgi_waiters_empty(&list));
    ck_assert_ptr_null(list.last);
    lgi_waiters_push_front(&list, &w[2]);
    ck_assert_ptr_eq(list.last, &w[2]);
}
END_TEST

/* ---- who waits and who wakes ---- */

static void *thread_signals(void *thing)
{
    for (int i = 0; i < 1000; i++)
        thing_signal(thing);
    return NULL;
}

static void *thread_waits(void *thing)
{
    for (int i = 0; i < 100; i++)
        wait_once(thing);
    return NULL;
}

static void goroutine_signals(struct thing *thing)
{
    for (int i = 0; i < 10; i++) {
        thing_signal(thing);
        lg_yield();
    }
}

START_TEST(goroutines_and_threads_wake_each_other)
{
    for (unsigned workers = 1; workers <= 8; workers = workers == 1 ? 2 : workers * 4) {
        ck_assert_ptr_null(lg_set_workers(workers));
        struct thing thing = {0};
        pthread_t signaller, waiters[2];
        ended = 0;
        for (int i = 0; i < 1500; i++)
            lg_go(wait_once, &thing);
        for (int i = 0; i < 2; i++)
            ck_assert_int_eq(pthread_create(&waiters[i], NULL, thread_waits, &thing), 0);
        ck_assert_int_eq(pthread_create(&signaller, NULL, thread_signals, &thing), 0);
        for (int i = 0; i < 80; i++)
            lg_go(goroutine_signals, &thing);
        wait_once(&thing); /* main too */
        thing_signal(&thing);
        ck_assert_int_eq(pthread_join(signaller, NULL), 0);
        for (int i = 0; i < 2; i++)
            ck_assert_int_eq(pthread_join(waiters[i], NULL), 0);
        /* 1000 + 800 + 1 signals for 1500 + 200 + 1 waits. */
        wait_for_value(&ended, 1701);
        while (tokens_of(&thing) < 100)
            usleep(50);
        ck_assert_uint_eq(tokens_of(&thing), 100);
        ck_assert(lgi_waiters_empty(&thing.waiters));
    }
}
END_TEST

/* Woken before it parks: nothing is lost, and the next wait is not taken for this one. */
static void claimed_early(void)
{
    struct lgi_g *g = lgi_self();
    for (uint32_t i = 0; i < 100; i++) {
        lgi_wait_begin(g, "test");
        ck_assert(lgi_claim(g, LGI_READY + i));
        ck_assert(!lgi_claim(g, LGI_READY + i + 1));
        lgi_unpark(g);
        ck_assert_uint_eq(i % 2 ? lgi_park(g, lg_until_forever()) : lgi_park_through(g),
                          LGI_READY + i);
        ck_assert(!lgi_claim(g, LGI_READY)); /* it is over */
    }
    add_one(&ended);
}

START_TEST(woken_before_it_parks)
{
    claimed_early();
    lg_go(claimed_early);
    lg_go_thread(claimed_early);
    wait_for_value(&ended, 3);
}
END_TEST

/* ---- of all who try for one wait, one succeeds ---- */

enum { CLAIMERS = 3 };

static struct {
    struct thing things[CLAIMERS];
    atomic_int claims;
    atomic_bool over;
} target;

static void *claims(void *number)
{
    struct thing *thing = &target.things[(uintptr_t)number];
    while (!target.over) {
        lgi_lock(&thing->lock);
        struct lgi_waiter *waiter = lgi_waiters_claim(&thing->waiters, (uint32_t)(uintptr_t)number);
        if (waiter)
            atomic_fetch_add(&target.claims, 1);
        lgi_unlock(&thing->lock);
        if (waiter)
            lgi_unpark(waiter->g);
        else
            usleep(5);
    }
    return NULL;
}

/* In the lists of all at once, as a select is. */
static void is_claimed(int rounds)
{
    struct lgi_g *g = lgi_self();
    for (int i = 0; i < rounds; i++) {
        int before = target.claims;
        struct lgi_waiter waiters[CLAIMERS];
        lgi_wait_begin(g, "test");
        for (int k = 0; k < CLAIMERS; k++) {
            waiters[k] = (struct lgi_waiter){.g = g};
            lgi_lock(&target.things[k].lock);
            lgi_waiters_push(&target.things[k].waiters, &waiters[k]);
            lgi_unlock(&target.things[k].lock);
        }
        uint32_t claim = lgi_park(g, i % 10 == 9 ? lg_until_forever()
                                                 : lg_until_timeout(i % 3 * LG_MICROSECOND));
        for (int k = 0; k < CLAIMERS; k++) {
            lgi_lock(&target.things[k].lock);
            /* Who claimed it has taken it out of the list; the others may have, and found it claimed. */
            ck_assert(claim != LGI_READY + (uint32_t)k || !waiters[k].queued);
            lgi_waiters_remove(&target.things[k].waiters, &waiters[k]);
            lgi_unlock(&target.things[k].lock);
        }
        ck_assert((claim == LGI_TIMED_OUT && i % 10 != 9) || claim >= LGI_READY);
        ck_assert_int_eq(target.claims, before + (claim != LGI_TIMED_OUT));
    }
    add_one(&ended);
}

START_TEST(one_claim_a_wait)
{
    enum { ROUNDS = 2000 };
    pthread_t threads[CLAIMERS];
    for (uintptr_t i = 0; i < CLAIMERS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, claims, (void *)i), 0);
    is_claimed(ROUNDS);
    lg_go(is_claimed, ROUNDS);
    wait_for_value(&ended, 2);
    lg_go_thread(is_claimed, ROUNDS);
    wait_for_value(&ended, 3);
    target.over = true;
    for (int i = 0; i < CLAIMERS; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
}
END_TEST

/* ---- what must be finished is not ended by a deadline or by something that is done ---- */

static void *wakes_late(void *g)
{
    usleep(2000);
    ck_assert(lgi_claim(g, LGI_READY + 5));
    lgi_unpark(g);
    return NULL;
}

static void parks_through(void)
{
    struct lgi_g *g = lgi_self();
    pthread_t thread;
    lgi_wait_begin(g, "test");
    ck_assert_int_eq(pthread_create(&thread, NULL, wakes_late, g), 0);
    ck_assert_uint_eq(lgi_park_through(g), LGI_READY + 5);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    add_one(&ended);
}

START_TEST(parking_through)
{
    parks_through();
    lg_go(parks_through);
    wait_for_value(&ended, 2);
}
END_TEST

/* ---- things that happen once ---- */

struct storm {
    struct lgi_done done;
    atomic_int woken, winners;
};

static void wait_in_storm(struct storm *storm, int how)
{
    const lg_until until = {how % 3 ? LG_DURATION_MAX : lg_now() + how * LG_MICROSECOND,
                            &storm->done};
    lg_error *err = lg_sleep_until(LG_HOUR, until);
    ck_assert(err == &lg_error_out_of_memory ||
              (how % 3 == 0 && err == &lg_error_deadline_exceeded));
    add_one(&storm->woken);
}

static void set_in_storm(struct storm *storm)
{
    if (lgi_done_set(&storm->done, &lg_error_out_of_memory))
        add_one(&storm->winners);
    ck_assert(lgi_done_happened(&storm->done));
    add_one(&storm->woken);
}

static void *thread_in_storm(void *storm)
{
    wait_in_storm(storm, 1);
    return NULL;
}

START_TEST(storms_of_waits_and_sets)
{
    enum { WAITERS = 500, SETTERS = 20, THREADS = 4 };
    for (int round = 0; round < 20; round++) {
        struct storm storm = {0};
        pthread_t threads[THREADS];
        ck_assert_ptr_null(lg_set_workers(1U + (unsigned)round % 8));
        for (int i = 0; i < THREADS; i++)
            ck_assert_int_eq(pthread_create(&threads[i], NULL, thread_in_storm, &storm), 0);
        for (int i = 0; i < WAITERS; i++) {
            lg_go(wait_in_storm, &storm, i);
            if (i > WAITERS / 2 && i % (WAITERS / 2 / SETTERS) == 0 && i / 12 <= 40)
                lg_go(set_in_storm, &storm);
        }
        lg_go_thread(set_in_storm, &storm);
        set_in_storm(&storm);
        for (int i = 0; i < THREADS; i++)
            ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
        int setters = 2;
        for (int i = 0; i < WAITERS; i++)
            setters += i > WAITERS / 2 && i % (WAITERS / 2 / SETTERS) == 0 && i / 12 <= 40;
        wait_for_value(&storm.woken, WAITERS + setters + THREADS);
        ck_assert_int_eq(storm.winners, 1);
        lgi_done_lock(&storm.done);
        ck_assert(lgi_waiters_empty(&storm.done.waiters));
        lgi_done_unlock(&storm.done);
    }
}
END_TEST

START_TEST(what_happened_first_stays)
{
    struct lgi_done done = {0};
    struct lgi_waiter waiter = {.g = lgi_self(), .index = LGI_READY};
    ck_assert(!lgi_done_happened(&done));
    ck_assert(lgi_done_watch(&done, &waiter));
    lgi_done_unwatch(&done, &waiter);
    lgi_done_unwatch(&done, &waiter);
    ck_assert(lgi_waiters_empty(&done.waiters));
    ck_assert(lgi_done_set(&done, &lg_error_out_of_memory));
    ck_assert(!lgi_done_set(&done, &lg_error_cancelled));
    ck_assert_ptr_eq(done.error, &lg_error_out_of_memory);
    ck_assert(!lgi_done_watch(&done, &waiter));
    lgi_done_unwatch(&done, &waiter);
}
END_TEST

RUN_TESTS("park", lists_of_waiters, goroutines_and_threads_wake_each_other, woken_before_it_parks,
          one_claim_a_wait, parking_through, storms_of_waits_and_sets, what_happened_first_stays)
