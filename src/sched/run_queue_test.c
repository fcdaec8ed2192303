/* Tests of the queues of goroutines that have not started. */
#include "testing/test.h"

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

/* The older half, rounded up, whether the oldest stands in its own place or not; and nothing is lost. */
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

RUN_TESTS("run_queue", first_come_first_served, what_is_stolen_and_what_stays_is_all)
