/* Tests of the queues of goroutines that have not started. */
#include "testing/sched.h"

#include "sched/run_queue.h"

enum { MOST = 9 };
static struct lgi_task starts[MOST];

/* All that are in it, in order, by their numbers. */
static void note_all(struct lgi_run_queue *queue)
{
    struct lgi_task *start;
    unsigned count = lgi_run_queue_count(queue);
    note("(");
    while ((start = lgi_run_queue_take(queue))) {
        note_number((int)(start - starts));
        count--;
    }
    note(")");
    ck_assert_uint_eq(count, 0);
    ck_assert_uint_eq(lgi_run_queue_count(queue), 0);
}

START_TEST(first_come_first_served)
{
    struct lgi_run_queue queue = {0};
    lgi_run_queue_put_own(&queue, &starts[0]);
    lgi_run_queue_put_own(&queue, &starts[1]);
    lgi_run_queue_put(&queue, &starts[2]);
    note_all(&queue);
    lgi_run_queue_put(&queue, &starts[3]);
    lgi_run_queue_put_own(&queue, &starts[4]);
    lgi_run_queue_put_back(&queue, lgi_run_queue_take(&queue));
    note_all(&queue);
    expect_trace("( 0 1 2 ) ( 3 4 )");
}
END_TEST

/* The older half, rounded up, whoever has put them in; and nothing is lost. */
START_TEST(what_is_stolen_and_what_stays_is_all)
{
    static const char *const expected[] = {
        "( ) ( )",         "( ) ( 0 )",         "( 1 ) ( 0 )",        "( 2 ) ( 0 1 )",
        "( 2 3 ) ( 0 1 )", "( 3 4 ) ( 0 1 2 )", "( 3 4 5 ) ( 0 1 2 )"};
    for (unsigned count = 0; count < sizeof(expected) / sizeof(expected[0]); count++) {
        for (int own = 0; own < 2; own++) {
            struct lgi_run_queue from = {0}, to = {0};
            for (unsigned i = 0; i < count; i++)
                (own ? lgi_run_queue_put_own : lgi_run_queue_put)(&from, &starts[i]);
            unsigned all = lgi_run_queue_count(&from);
            lgi_run_queue_steal(&from, &to);
            ck_assert_uint_eq(all, count);
            ck_assert_uint_eq(lgi_run_queue_count(&from) + lgi_run_queue_count(&to), count);
            note_all(&from);
            note_all(&to);
            expect_trace(expected[count]);
        }
    }
}
END_TEST

/* ---- a worker and another thread ---- */

static struct lgi_run_queue shared;
static atomic_int biased, worker_ended;

static void turn_over(struct lgi_run_queue *queue)
{
    struct lgi_task *start = lgi_run_queue_take_own(queue);
    if (start)
        lgi_run_queue_put_own(queue, start);
}

/* On a worker, as if the queue were the worker's own. */
static void use_own_queue(void)
{
    for (int i = 0; i < MOST; i++)
        lgi_run_queue_put_own(&shared, &starts[i]);
    while (biased < 100) {
        turn_over(&shared);
        if (lgi_my_tag == LGI_NO_TAG ||
            __atomic_load_n(&shared.lock, __ATOMIC_RELAXED) == lgi_my_tag)
            add_one(&biased);
    }
    while (worker_ended == 0)
        turn_over(&shared);
    add_one(&worker_ended);
}

/* The lock is biased to the worker again and again, while this thread takes some and puts them back. */
START_TEST(a_queue_that_is_biased_loses_nothing)
{
    lg_go(use_own_queue);
    wait_for_value(&biased, 100);
    for (int i = 0; i < 300; i++) {
        struct lgi_run_queue stolen = {0};
        lgi_run_queue_steal(&shared, &stolen);
        for (struct lgi_task *start; (start = lgi_run_queue_take(&stolen));)
            lgi_run_queue_put(&shared, start);
        usleep(i % 3 * 20);
    }
    add_one(&worker_ended);
    wait_for_value(&worker_ended, 2);
    bool seen[MOST] = {false};
    for (struct lgi_task *start; (start = lgi_run_queue_take(&shared));)
        seen[start - starts] = true;
    for (int i = 0; i < MOST; i++)
        ck_assert(seen[i]);
    ck_assert_uint_eq(lgi_run_queue_count(&shared), 0);
}
END_TEST

RUN_TESTS("run_queue", first_come_first_served, what_is_stolen_and_what_stays_is_all,
          a_queue_that_is_biased_loses_nothing)
