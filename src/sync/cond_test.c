/* Tests of conditions; names begin with the rule of docs/rules.md that they hold. */
#include "testing/sync.h"

#include <stdatomic.h>

struct box {
    lg_mutex mutex;
    lg_cond changed, taken;
    int count;
    _Atomic int waiting, woken;
};

/* ---- order ---- */

static void takes_in_turn(struct box *box, int number)
{
    lg_mutex_lock(&box->mutex);
    lg_defer(lg_mutex_unlock, &box->mutex);
    box->waiting++;
    lg_cond_wait(&box->changed, &box->mutex);
    ck_assert(lg_mutex_is_owned(&box->mutex));
    note_number(number);
    box->woken++;
}

static void wait_for_waiting(struct box *box, int count)
{
    while (box->waiting < count)
        lg_sleep(100 * LG_MICROSECOND);
    lg_mutex_lock(&box->mutex); /* they have given it up, so they wait */
    lg_mutex_unlock(&box->mutex);
}

static void signals_in_turn(void *data)
{
    struct box box = {0};
    lg_waitgroup all = LG_WAITGROUP_INIT;
    (void)data;
    for (int i = 0; i < 6; i++) {
        lg_waitgroup_go(&all, takes_in_turn, &box, i);
        wait_for_waiting(&box, i + 1);
    }
    for (int i = 0; i < 3; i++) {
        lg_cond_signal(&box.changed);
        while (box.woken <= i)
            lg_sleep(100 * LG_MICROSECOND);
    }
    lg_mutex_lock(&box.mutex);
    expect_trace("0 1 2");
    lg_cond_broadcast(&box.changed);
    lg_mutex_unlock(&box.mutex);
    lg_waitgroup_wait(&all);
    ck_assert_uint_eq(strlen(trace_text), 5);
    trace_text[0] = '\0';
    /* Nobody waits: nothing is kept. */
    lg_cond_signal(&box.changed);
    lg_cond_broadcast(&box.changed);
    lg_mutex_lock(&box.mutex);
    ck_assert_ptr_eq(lg_cond_wait_until(&box.changed, &box.mutex, lg_until_timeout(LG_MILLISECOND)),
                     &lg_error_deadline_exceeded);
    lg_mutex_unlock(&box.mutex);
    ck_assert_ptr_null(box.changed.lgi_waiters.first);
}

START_TEST(G1_signals_go_to_who_waited_longest_and_broadcasts_to_all)
{
    ck_assert(on_thread(signals_in_turn, NULL));
    on_goroutine(signals_in_turn, NULL);
}
END_TEST

/* ---- misuse ---- */

static void waits_without_mutex(void *data)
{
    (void)data;
    static struct box box;
    lg_cond_wait(&box.changed, &box.mutex);
}

static void locks_it(void *data)
{
    struct box *box = data;
    lg_mutex_lock(&box->mutex);
}

static void waits_with_anothers(void *data)
{
    (void)data;
    static struct box box;
    on_thread(locks_it, &box);
    lg_cond_wait(&box.changed, &box.mutex);
}

START_TEST(a_wait_without_the_mutex_panics)
{
    expect_panic(waits_without_mutex, NULL, "wait for a condition without its mutex");
    expect_panic(waits_with_anothers, NULL, "wait for a condition without its mutex");
}
END_TEST

/* ---- the mutex is held on every exit ---- */

static void waits_in_vain(void *data)
{
    struct box *box = data;
    struct lgi_done done = {.happened = 1};
    const lg_until ends[] = {lg_until_deadline(0),
                             lg_until_timeout(2 * LG_MILLISECOND),
                             {LG_DURATION_MAX, &done},
                             lg_until_timeout(0)};
    errno = 4711;
    lg_mutex_lock(&box->mutex);
    for (unsigned i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        ck_assert_ptr_eq(lg_cond_wait_until(&box->changed, &box->mutex, ends[i]),
                         ends[i].lgi_done ? &lg_error_cancelled : &lg_error_deadline_exceeded);
        ck_assert(lg_mutex_is_owned(&box->mutex));
    }
    lg_mutex_unlock(&box->mutex);
    ck_assert_int_eq(errno, 4711);
    ck_assert_ptr_null(box->changed.lgi_waiters.first);
    ck_assert_uint_eq(box->changed.lgi_waiting, 0);
}

START_TEST(C9_a_wait_that_gives_up_holds_the_mutex)
{
    struct box box = {0};
    ck_assert(on_thread(waits_in_vain, &box));
    on_goroutine(waits_in_vain, &box);
    ck_assert(is_free(&box.mutex));
}
END_TEST

static void holds_for_long(struct box *box)
{
    lg_mutex_lock(&box->mutex);
    box->waiting++;
    lg_sleep(30 * LG_MILLISECOND);
    lg_mutex_unlock(&box->mutex);
}

static void gives_up_while_another_holds(void *data)
{
    struct box box = {0};
    lg_waitgroup other = LG_WAITGROUP_INIT;
    (void)data;
    lg_mutex_lock(&box.mutex);
    lg_waitgroup_go(&other, holds_for_long, &box);
    lg_time start = lg_now();
    ck_assert_ptr_eq(
        lg_cond_wait_until(&box.changed, &box.mutex, lg_until_timeout(10 * LG_MILLISECOND)),
        &lg_error_deadline_exceeded);
    ck_assert(lg_mutex_is_owned(&box.mutex));
    /* The other one had it, or did not come to it yet. */
    ck_assert(box.waiting == 0 || lg_now() - start >= 30 * LG_MILLISECOND);
    lg_mutex_unlock(&box.mutex);
    lg_waitgroup_wait(&other);
}

START_TEST(C9_the_deadline_does_not_count_for_taking_the_mutex_again)
{
    ck_assert_ptr_null(lg_set_workers(2));
    ck_assert(on_thread(gives_up_while_another_holds, NULL));
    on_goroutine(gives_up_while_another_holds, NULL);
}
END_TEST

/* ---- many ---- */

enum { CAPACITY = 3 };

struct queue {
    struct box box;
    unsigned rounds;
    _Atomic unsigned long put, taken;
};

static void put(struct queue *queue, uint64_t *random)
{
    struct box *box = &queue->box;
    lg_mutex_lock(&box->mutex);
    lg_defer(lg_mutex_unlock, &box->mutex);
    while (box->count == CAPACITY) {
        lg_error *err = lg_cond_wait_until(&box->taken, &box->mutex,
                                           lg_until_timeout(random_below(random, 200000)));
        if (err)
            ck_assert_ptr_eq(err, &lg_error_deadline_exceeded);
    }
    ck_assert_int_lt(box->count, CAPACITY);
    box->count++;
    queue->put++;
    lg_cond_signal(&box->changed);
}

/* Panics now and then, when it has its item. */
static void take(struct queue *queue, uint64_t *random)
{
    lg_func_recovers_void {
        struct box *box = &queue->box;
        lg_defer_recover(stop_quietly);
        lg_mutex_lock(&box->mutex);
        lg_defer(lg_mutex_unlock, &box->mutex);
        while (box->count == 0)
            lg_cond_wait(&box->changed, &box->mutex);
        box->count--;
        queue->taken++;
        if (random_below(random, 2))
            lg_cond_signal(&box->taken);
        else
            lg_cond_broadcast(&box->taken);
        if (random_below(random, 5) == 0)
            lg_panic("with an item");
    }
}

static void put_or_take(void *data, unsigned number)
{
    struct queue *queue = data;
    uint64_t random = number;
    for (unsigned i = 0; i < queue->rounds; i++) {
        if (number % 2)
            put(queue, &random);
        else
            take(queue, &random);
        yield_at_random(&random);
    }
}

START_TEST(D13_producers_and_consumers_that_panic_lose_nothing)
{
    for (unsigned i = 0; i < 3; i++) {
        struct queue queue = {.rounds = stress(2000)};
        run_crew(worker_counts[i], 20, 4, put_or_take, &queue);
        ck_assert_uint_eq(queue.put, 12UL * queue.rounds);
        ck_assert_uint_eq(queue.taken, queue.put);
        ck_assert_int_eq(queue.box.count, 0);
    }
}
END_TEST

struct ping_pong {
    lg_mutex mutex;
    lg_cond changed;
    unsigned turn, rounds;
};

static void plays(void *data, unsigned number)
{
    struct ping_pong *game = data;
    for (unsigned i = 0; i < game->rounds; i++) {
        lg_mutex_lock(&game->mutex);
        while (game->turn % 3 != number)
            lg_cond_wait(&game->changed, &game->mutex);
        game->turn++;
        lg_cond_broadcast(&game->changed);
        lg_mutex_unlock(&game->mutex);
    }
}

START_TEST(no_signal_is_lost_between_goroutines_and_threads)
{
    for (unsigned i = 0; i < 3; i++) {
        struct ping_pong game = {.rounds = stress(2000)};
        run_crew(worker_counts[i], 2, 1, plays, &game);
        ck_assert_uint_eq(game.turn / 3, game.rounds);
    }
}
END_TEST

/* ---- the end of the process ---- */

static void tells_whether_held(lg_mutex *mutex)
{
    tell(lg_mutex_is_owned(mutex) ? "held" : "not-held");
}

static void waits_and_is_stopped(struct box *box)
{
    lg_mutex_lock(&box->mutex);
    lg_defer(lg_mutex_unlock, &box->mutex);
    lg_defer(tells_whether_held, &box->mutex);
    box->waiting++;
    lg_cond_wait(&box->changed, &box->mutex);
    tell("went-on");
}

static void holds_until_stopped(struct box *box)
{
    lg_mutex_lock(&box->mutex);
    lg_defer(lg_mutex_unlock, &box->mutex);
    box->waiting++;
    lg_sleep(LG_HOUR);
}

static void exits_while_they_wait(void *data)
{
    static struct box box;
    (void)data;
    lg_go(waits_and_is_stopped, &box);
    wait_for_waiting(&box, 1);
    lg_go(waits_and_is_stopped, &box);
    wait_for_waiting(&box, 2);
    lg_go(holds_until_stopped, &box);
    while (box.waiting < 3)
        lg_sleep(100 * LG_MICROSECOND);
    lg_exit(3);
}

START_TEST(D10_lg_exit_ends_a_wait_for_a_condition_with_the_mutex_held)
{
    struct outcome *outcome = in_child(exits_while_they_wait, NULL);
    expect_status(outcome, 3);
    expect_out(outcome, "held held ");
}
END_TEST

RUN_TESTS("cond", G1_signals_go_to_who_waited_longest_and_broadcasts_to_all,
          a_wait_without_the_mutex_panics, C9_a_wait_that_gives_up_holds_the_mutex,
          C9_the_deadline_does_not_count_for_taking_the_mutex_again,
          D13_producers_and_consumers_that_panic_lose_nothing,
          no_signal_is_lost_between_goroutines_and_threads,
          D10_lg_exit_ends_a_wait_for_a_condition_with_the_mutex_held)
