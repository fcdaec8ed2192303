/* Tests of the queues of goroutines that have not started. */
#include "defer/test_help.h"

#include "sched/starts.h"

enum { MOST = 9 };
static struct lgi_start starts[MOST];

/* All that are in it, in order, by their numbers. */
static void note_all(struct lgi_starts *queue)
{
    struct lgi_start *start;
    unsigned count = lgi_starts_count(queue);
    note("(");
    while ((start = lgi_starts_take(queue))) {
        note_number((int)(start - starts));
        count--;
    }
    note(")");
    ck_assert_uint_eq(count, 0);
    ck_assert_uint_eq(lgi_starts_count(queue), 0);
}

START_TEST(first_come_first_served)
{
    struct lgi_starts queue = {0};
    lgi_starts_put_own(&queue, &starts[0]);
    lgi_starts_put_own(&queue, &starts[1]);
    lgi_starts_put(&queue, &starts[2]);
    note_all(&queue);
    lgi_starts_put(&queue, &starts[3]);
    lgi_starts_put_own(&queue, &starts[4]);
    lgi_starts_put_back(&queue, lgi_starts_take(&queue));
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
            struct lgi_starts from = {0}, to = {0};
            for (unsigned i = 0; i < count; i++)
                (own ? lgi_starts_put_own : lgi_starts_put)(&from, &starts[i]);
            unsigned all = lgi_starts_count(&from);
            lgi_starts_steal(&from, &to);
            ck_assert_uint_eq(all, count);
            ck_assert_uint_eq(lgi_starts_count(&from) + lgi_starts_count(&to), count);
            note_all(&from);
            note_all(&to);
            expect_trace(expected[count]);
        }
    }
}
END_TEST

RUN_TESTS("starts", first_come_first_served, what_is_stolen_and_what_stays_is_all)
