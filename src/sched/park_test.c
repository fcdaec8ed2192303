/* Tests of waiting and waking: goroutines and threads, claims, deadlines, things that happen once. */
#include "testing/sched.h"

/* ---- a thing to wait for, as the rooms above build them: who signals wakes one, or leaves a token ---- */

struct thing {
    uint32_t lock;
    unsigned tokens;
    struct lgi_waiters waiters;
};

static lg_error *thing_wait(struct thing *thing, lg_until until)
{
    struct lgi_g *g = lgi_self();
    struct lgi_waiter waiter = {.g = g};
    lgi_lock(&thing->lock);
    if (thing->tokens > 0) {
        thing->tokens--;
        lgi_unlock(&thing->lock);
        return NULL;
    }
    lgi_wait_begin(g, "thing");
    lgi_waiters_push(&thing->waiters, &waiter);
    lgi_unlock(&thing->lock);
    uint32_t claim = lgi_park(g, until);
    if (claim == LGI_READY)
        return NULL;
    ck_assert_uint_lt(claim, LGI_READY);
    lgi_lock(&thing->lock);
    lgi_waiters_remove(&thing->waiters, &waiter);
    lgi_unlock(&thing->lock);
    return lgi_wait_failed(claim, until);
}

static void thing_signal(struct thing *thing)
{
    lgi_lock(&thing->lock);
    struct lgi_waiter *waiter = lgi_waiters_claim(&thing->waiters, 0);
    if (!waiter)
        thing->tokens++;
    lgi_unlock(&thing->lock);
    if (waiter)
        lgi_unpark(waiter->g);
}

static atomic_int ended, waiting;

static void wait_once(struct thing *thing)
{
    add_one(&waiting);
    ck_assert_ptr_null(thing_wait(thing, lg_until_forever()));
    add_one(&ended);
}

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

static unsigned tokens_of(struct thing *thing)
{
    lgi_lock(&thing->lock);
    unsigned tokens = thing->tokens;
    lgi_unlock(&thing->lock);
    return tokens;
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

/* ---- deadlines ---- */

static void deadlines(void)
{
    struct thing thing = {0};
    struct lgi_done done = {0};
    lg_time start = lg_now();
    ck_assert_ptr_eq(thing_wait(&thing, lg_until_timeout(LG_MILLISECOND)),
                     &lg_error_deadline_exceeded);
    ck_assert_int_ge(lg_now() - start, LG_MILLISECOND);
    ck_assert_ptr_eq(thing_wait(&thing, lg_until_deadline(0)), &lg_error_deadline_exceeded);
    ck_assert_ptr_eq(thing_wait(&thing, lg_until_deadline(-LG_HOUR)), &lg_error_deadline_exceeded);
    ck_assert_ptr_eq(thing_wait(&thing, lg_until_timeout(-LG_DURATION_MAX)),
                     &lg_error_deadline_exceeded);
    ck_assert(lgi_waiters_empty(&thing.waiters));
    /* What is there is taken, whatever the time. */
    thing_signal(&thing);
    ck_assert_ptr_null(thing_wait(&thing, lg_until_deadline(0)));

    /* C9: both at once. */
    lg_until until = lg_until_timeout(LG_MILLISECOND);
    until.lgi_done = &done;
    ck_assert_ptr_eq(thing_wait(&thing, until), &lg_error_deadline_exceeded);
    ck_assert(lgi_waiters_empty(&done.waiters));
    ck_assert(lgi_done_set(&done, &lg_error_out_of_memory));
    until = lg_until_timeout(LG_HOUR);
    until.lgi_done = &done;
    ck_assert_ptr_eq(thing_wait(&thing, until), &lg_error_out_of_memory);
    ck_assert(lgi_waiters_empty(&thing.waiters));
    add_one(&ended);
}

START_TEST(c9_deadlines)
{
    deadlines();
    for (int i = 0; i < 100; i++)
        lg_go(deadlines);
    for (int i = 0; i < 5; i++)
        lg_go_thread(deadlines);
    wait_for_value(&ended, 106);
    ck_assert_int_eq(lg_error_errno(&lg_error_deadline_exceeded), ETIMEDOUT);
    ck_assert_int_eq(lg_error_errno(&lg_error_cancelled), ECANCELED);
}
END_TEST

START_TEST(untils)
{
    ck_assert_int_eq(lg_until_forever().lgi_deadline, LG_DURATION_MAX);
    ck_assert_int_eq(lg_until_timeout(LG_DURATION_MAX).lgi_deadline, LG_DURATION_MAX);
    lg_duration before = lg_now(), within = lg_until_timeout(LG_SECOND).lgi_deadline,
                after = lg_now();
    ck_assert_int_ge(within, before + LG_SECOND);
    ck_assert_int_le(within, after + LG_SECOND);
    struct lgi_done done = {0};
    lg_until until = {LG_DURATION_MAX, &done};
    ck_assert_uint_eq(lgi_until_over(lg_until_forever()), LGI_WAITING);
    ck_assert_uint_eq(lgi_until_over(until), LGI_WAITING);
    ck_assert_uint_eq(lgi_until_over(lg_until_deadline(0)), LGI_TIMED_OUT);
    ck_assert_uint_eq(lgi_until_over(lg_until_timeout(LG_MINUTE)), LGI_WAITING);
    lgi_done_set(&done, NULL);
    ck_assert_uint_eq(lgi_until_over(until), LGI_IS_DONE);
    ck_assert_ptr_eq(lgi_wait_failed(LGI_IS_DONE, until), &lg_error_cancelled);
}
END_TEST

/* Signals and deadlines at the same time: a signal is used once, by somebody who then does not say that it was late. */
static atomic_int in_time;

static void wait_briefly(struct thing *thing, int microseconds)
{
    lg_error *err = thing_wait(thing, lg_until_timeout(microseconds * LG_MICROSECOND));
    ck_assert(!err || err == &lg_error_deadline_exceeded);
    if (!err)
        add_one(&in_time);
    add_one(&ended);
}

START_TEST(a_deadline_and_a_signal_at_once_lose_nothing)
{
    enum { WAITERS = 2000 };
    struct thing thing = {0};
    for (int i = 0; i < WAITERS; i++)
        lg_go(wait_briefly, &thing, i % 100);
    int signals = 0;
    while (ended < WAITERS) {
        thing_signal(&thing);
        signals++;
        if (signals % 10 == 0)
            usleep(20);
    }
    ck_assert_int_eq(in_time + (int)tokens_of(&thing), signals);
    ck_assert(lgi_waiters_empty(&thing.waiters));
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
        lgi_lock(&storm.done.lock);
        ck_assert(lgi_waiters_empty(&storm.done.waiters));
        lgi_unlock(&storm.done.lock);
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

/* ---- sleeping ---- */

static void sleeps(void)
{
    lg_time start = lg_now();
    lg_sleep(0);
    lg_sleep(-LG_HOUR);
    lg_sleep(LG_MILLISECOND);
    ck_assert_int_ge(lg_now() - start, LG_MILLISECOND);
    ck_assert_ptr_null(lg_sleep_until(LG_MILLISECOND, lg_until_timeout(LG_HOUR)));
    ck_assert_int_ge(lg_now() - start, 2 * LG_MILLISECOND);
    ck_assert_ptr_eq(lg_sleep_until(LG_HOUR, lg_until_timeout(LG_MILLISECOND)),
                     &lg_error_deadline_exceeded);
    ck_assert_int_ge(lg_now() - start, 3 * LG_MILLISECOND);
    ck_assert_ptr_null(lg_sleep_until(-1, lg_until_forever()));
    ck_assert_int_lt(lg_now() - start, LG_HOUR);
    add_one(&ended);
}

START_TEST(sleeping)
{
    sleeps();
    for (int i = 0; i < 100; i++)
        lg_go(sleeps);
    lg_go_thread(sleeps);
    wait_for_value(&ended, 102);
}
END_TEST

/* ---- signals (EINTR) and pthread_cancel do not end a wait ---- */

static atomic_int signals;

static void count_signal(int number)
{
    (void)number;
    add_one(&signals);
}

static void *waits_among_signals(void *thing)
{
    lg_time start = lg_now();
    ck_assert_ptr_eq(thing_wait(&(struct thing){0}, lg_until_timeout(20 * LG_MILLISECOND)),
                     &lg_error_deadline_exceeded);
    ck_assert_int_ge(lg_now() - start, 20 * LG_MILLISECOND);
    lg_sleep(20 * LG_MILLISECOND);
    ck_assert_int_ge(lg_now() - start, 40 * LG_MILLISECOND);
    wait_once(thing);
    return NULL;
}

static void *waits_once(void *thing)
{
    wait_once(thing);
    return NULL;
}

static void is_busy(void)
{
    add_one(&waiting);
    while (ended == 0)
        ;
}

/* ThreadSanitizer keeps signals back until the thread does something that it knows: as the look for a deadlock does, for
 * which there is no reason here. */
START_TEST(a_thread_that_waits_handles_signals)
{
    const struct sigaction action = {.sa_handler = count_signal, .sa_flags = SA_RESTART};
    struct thing thing = {0};
    pthread_t thread;
    sigaction(SIGUSR1, &action, NULL);
    lg_go(is_busy);
    wait_for_value(&waiting, 1);
    ck_assert_int_eq(pthread_create(&thread, NULL, waits_once, &thing), 0);
    wait_for_value(&waiting, 2);
    usleep(10000); /* it sleeps by now */
    for (int i = 1; i <= 3; i++) {
        pthread_kill(thread, SIGUSR1);
        wait_for_value(&signals, i);
    }
    ck_assert_int_eq(ended, 0);
    thing_signal(&thing);
    pthread_join(thread, NULL);
}
END_TEST

START_TEST(signals_do_not_end_a_wait)
{
    struct sigaction action = {.sa_handler = count_signal}; /* no SA_RESTART */
    ck_assert_int_eq(sigaction(SIGUSR1, &action, NULL), 0);
    struct thing thing = {0};
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, waits_among_signals, &thing), 0);
    for (int i = 0; i < 2000 && (waiting == 0 || i < 200); i++) {
        ck_assert_int_eq(pthread_kill(thread, SIGUSR1), 0);
        usleep(200);
    }
    wait_for_value(&waiting, 1);
    ck_assert_int_eq(ended, 0);
    thing_signal(&thing);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_int_eq(ended, 1);
    ck_assert_int_ge(signals, 1);
}
END_TEST

static sigset_t mask_of_main;

static void reads_mask(void)
{
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    for (int number = 1; number <= SIGRTMAX; number++) {
        bool is_fault = number == SIGBUS || number == SIGFPE || number == SIGILL ||
                        number == SIGSEGV || number == SIGSYS || number == SIGTRAP;
        ck_assert_int_eq(sigismember(&mask, number),
                         !is_fault && sigismember(&mask_of_main, number));
    }
    add_one(&ended);
}

/* Blocks these, and starts the library's first threads. */
static void look_at_masks(const sigset_t *blocked)
{
    pthread_sigmask(SIG_BLOCK, blocked, NULL);
    pthread_sigmask(SIG_SETMASK, NULL, &mask_of_main);
    lg_go(reads_mask);
    lg_go_thread(reads_mask);
    wait_for_value(&ended, 2);
}

START_TEST(G7_the_librarys_threads_block_nothing_by_themselves)
{
    sigset_t none;
    sigemptyset(&none);
    look_at_masks(&none);
}
END_TEST

START_TEST(G7_they_block_what_the_starter_of_the_first_blocks)
{
    sigset_t some;
    sigemptyset(&some);
    sigaddset(&some, SIGUSR1);
    sigaddset(&some, SIGRTMIN + 3);
    look_at_masks(&some);
}
END_TEST

START_TEST(G7_they_never_block_faults)
{
    sigset_t all;
    sigfillset(&all);
    look_at_masks(&all);
}
END_TEST

static void *is_cancelled_parked(void *thing)
{
    lg_defer(add_one, &ended);
    lg_error *err =
        thing_wait(thing, lg_until_forever()); /* (Check's assertions are cancellation points.) */
    add_one(&waiting);
    pthread_testcancel();
    add_one(&waiting);
    return err;
}

/* A wait is no cancellation point: whoever waits holds a place in a list, on its stack. */
START_TEST(pthread_cancel_waits_for_the_wait)
{
    struct thing thing = {0};
    pthread_t thread;
    void *result;
    ck_assert_int_eq(pthread_create(&thread, NULL, is_cancelled_parked, &thing), 0);
    usleep(2000);
    ck_assert_int_eq(pthread_cancel(thread), 0);
    usleep(50000); /* it has a look for a deadlock meanwhile, too */
    ck_assert_int_eq(ended, 0);
    thing_signal(&thing);
    ck_assert_int_eq(pthread_join(thread, &result), 0);
    ck_assert_ptr_eq(result, PTHREAD_CANCELED);
    ck_assert_int_eq(waiting, 1);
    ck_assert_int_eq(ended, 1);
}
END_TEST

/* ---- threads that end just after they were woken ---- */

static void *waits_and_ends(void *thing)
{
    lg_error *err = thing_wait(thing, lg_until_forever());
    return err;
}

START_TEST(a_thread_may_end_as_soon_as_it_is_woken)
{
    struct thing thing = {0};
    for (int i = 0; i < 300; i++) {
        pthread_t thread;
        void *result;
        ck_assert_int_eq(pthread_create(&thread, NULL, waits_and_ends, &thing), 0);
        if (i % 2)
            usleep(20);
        if (i % 3)
            thing_signal(&thing);
        else
            lg_go(thing_signal, &thing);
        ck_assert_int_eq(pthread_join(thread, &result), 0);
        ck_assert_ptr_null(result);
    }
}
END_TEST

RUN_TESTS("park", lists_of_waiters, goroutines_and_threads_wake_each_other, woken_before_it_parks,
          one_claim_a_wait, c9_deadlines, untils, a_deadline_and_a_signal_at_once_lose_nothing,
          parking_through, storms_of_waits_and_sets, what_happened_first_stays, sleeping,
          a_thread_that_waits_handles_signals, signals_do_not_end_a_wait,
          G7_the_librarys_threads_block_nothing_by_themselves,
          G7_they_block_what_the_starter_of_the_first_blocks, G7_they_never_block_faults,
          pthread_cancel_waits_for_the_wait, a_thread_may_end_as_soon_as_it_is_woken)
