/* S1, S2: the order of the stops, and how the time is divided. */
#include "testing/shutdown.h"

#include "shutdown/order.h"

enum { MOST = 24 };

static struct lgi_order order;

static void add(const char *name, const char *const *needs, lg_duration limit)
{
    ck_assert(lgi_order_reserve(&order, 1));
    lgi_order_add(&order, NULL, name, needs, limit);
}

#define AFTER(...) ((const char *const[]){__VA_ARGS__, NULL})
static const char *const none[] = {NULL};

/* Stops one after the other, as the trace. */
static void stop_all(void)
{
    ptrdiff_t i;
    while ((i = lgi_order_next(&order)) >= 0) {
        lgi_order_stop_begun(&order, (size_t)i);
        note(order.nodes[i].name);
        lgi_order_ended(&order, (size_t)i);
    }
}

START_TEST(S1_last_added_first_stopped)
{
    add("a", NULL, 0);
    add("b", NULL, 0);
    add("c", NULL, 0);
    lgi_order_begin(&order, LG_SECOND);
    ck_assert_int_eq(lgi_order_next(&order), 2);
    lgi_order_stop_begun(&order, 2);
    ck_assert_int_eq(lgi_order_next(&order), -1);
    lgi_order_ended(&order, 2);
    stop_all();
    expect_trace("b a");
    lgi_order_free(&order);
}
END_TEST

START_TEST(S1_what_comes_after_another_is_stopped_before_it)
{
    add("log", none, 0);
    add("http", AFTER("database", "cache"), 0); /* these come later */
    add("cache", none, 0);
    add("database", AFTER("log"), 0);
    lgi_order_begin(&order, LG_SECOND);
    stop_all();
    expect_trace("http database cache log");
    lgi_order_free(&order);
}
END_TEST

START_TEST(S1_a_stage_that_declares_nothing_comes_after_all_before_it)
{
    add("a", none, 0);
    add("b", none, 0);
    add("c", NULL, 0);
    add("d", AFTER("a"), 0);
    lgi_order_begin(&order, LG_SECOND);
    ck_assert(lgi_order_after(&order, 2, 0) && lgi_order_after(&order, 2, 1));
    ck_assert(!lgi_order_after(&order, 2, 3) && !lgi_order_after(&order, 3, 2));
    stop_all();
    expect_trace("d c b a");
    lgi_order_free(&order);
}
END_TEST

START_TEST(S1_an_unknown_name_orders_nothing)
{
    add("a", AFTER("never added"), 0);
    add("b", none, 0);
    lgi_order_begin(&order, LG_SECOND);
    stop_all();
    expect_trace("b a");
    lgi_order_free(&order);
}
END_TEST

START_TEST(S1_of_several_with_one_name_all_are_meant)
{
    add("pool", none, 0);
    add("pool", none, 0);
    add("user", AFTER("pool"), 0);
    lgi_order_begin(&order, LG_SECOND);
    ck_assert_uint_eq(order.nodes[0].blockers, 1);
    ck_assert_uint_eq(order.nodes[1].blockers, 1);
    lgi_order_free(&order);
}
END_TEST

static void expect_cycle(const char *expected)
{
    char text[256] = "";
    size_t length = lgi_order_cycle(&order, text, sizeof(text));
    ck_assert_str_eq(text, expected);
    ck_assert_uint_eq(length, strlen(expected));
}

START_TEST(S1_a_cycle_is_found_and_named)
{
    add("a", AFTER("c"), 0);
    expect_cycle("");
    add("b", AFTER("a"), 0);
    expect_cycle("");
    add("c", AFTER("b"), 0);
    expect_cycle("c after b after a after c");
    lgi_order_drop_last(&order);
    add("d", AFTER("d"), 0);
    expect_cycle("d after d");
    lgi_order_drop_last(&order);
    add("c", NULL, 0);
    expect_cycle("c after a after c");
    lgi_order_free(&order);
}
END_TEST

START_TEST(S1_a_cycle_is_cut_as_by_snprintf)
{
    char text[8];
    add("a", AFTER("a"), 0);
    ck_assert_uint_eq(lgi_order_cycle(&order, NULL, 0), strlen("a after a"));
    ck_assert_uint_eq(lgi_order_cycle(&order, text, sizeof(text)), strlen("a after a"));
    ck_assert_str_eq(text, "a after");
    lgi_order_free(&order);
}
END_TEST

/* ---- random graphs, beside a matrix ---- */

static char names[MOST][8];
static const char *afters[MOST][MOST + 1];
static bool model[MOST][MOST], closure[MOST][MOST];

static void close_model(size_t count)
{
    memcpy(closure, model, sizeof(model));
    for (size_t k = 0; k < count; k++)
        for (size_t i = 0; i < count; i++)
            for (size_t j = 0; j < count; j++)
                closure[i][j] = closure[i][j] || (closure[i][k] && closure[k][j]);
}

/* Adds a stage with random names after it, of any number. What is a cycle is dropped again. */
static void add_random(unsigned density)
{
    size_t n = order.count, used = 0;
    bool all = random_below(4) == 0;
    for (size_t j = 0; j < MOST; j++) {
        bool named = (unsigned)random_below(100) < density;
        if (named)
            afters[n][used++] = names[j];
        model[n][j] = all ? j < n : named;
    }
    afters[n][used] = NULL;
    add(names[n], all ? NULL : afters[n], random_below(3) ? (random_below(50) + 1) * LG_SECOND : 0);
    close_model(n + 1);
    bool cycle = closure[n][n];
    ck_assert_int_eq(lgi_order_cycle(&order, NULL, 0) > 0, cycle);
    if (cycle) {
        lgi_order_drop_last(&order);
        memset(model[n], 0, sizeof(model[n]));
    }
}

/* Several at a time: what is started must have nothing above it that has not ended, and nothing may stand still. */
static void run_random(unsigned at_once)
{
    bool started[MOST] = {false}, ended[MOST] = {false};
    size_t running = 0, done = 0;
    while (done < order.count) {
        ptrdiff_t next = lgi_order_next(&order);
        ptrdiff_t expected = -1;
        for (size_t i = 0; i < order.count; i++) {
            bool free = !started[i];
            for (size_t k = 0; k < order.count; k++)
                free = free && (!model[k][i] || ended[k]);
            if (free)
                expected = (ptrdiff_t)i;
        }
        ck_assert_int_eq(next, expected);
        ck_assert(next >= 0 || running > 0);
        if (next >= 0 && running < at_once) {
            started[next] = true;
            running++;
            lgi_order_stop_begun(&order, (size_t)next);
        } else {
            size_t i;
            do {
                i = (size_t)random_below((int)order.count);
            } while (!started[i] || ended[i]);
            ended[i] = true;
            running--;
            done++;
            lgi_order_ended(&order, i);
        }
    }
    ck_assert_int_eq(lgi_order_next(&order), -1);
    ck_assert_int_eq(order.waiting[LGI_CLAIMED], 0);
    ck_assert_int_eq(order.waiting[LGI_UNLIMITED], 0);
}

START_TEST(S1_random_graphs_against_a_model)
{
    for (unsigned round = 0; round < 3000; round++) {
        random_seed(round);
        memset(model, 0, sizeof(model));
        for (size_t i = 0; i < MOST; i++)
            snprintf(names[i], sizeof(names[i]), "s%zu", i);
        size_t count = (size_t)random_below(MOST) + 1;
        for (size_t i = 0; i < count; i++)
            add_random((unsigned)random_below(25));
        order.at_once = (unsigned)random_below(5) + 1;
        lgi_order_begin(&order, 30 * LG_SECOND);
        run_random(order.at_once);
        lgi_order_free(&order);
    }
}
END_TEST

/* ---- time ---- */

static lg_duration allowance(size_t i, lg_duration remaining)
{
    lg_duration linger, given = lgi_order_allowance(&order, i, remaining, &linger);
    return given + linger;
}

/* Without the time that it is waited for beyond. */
static lg_duration given(size_t i, lg_duration remaining)
{
    lg_duration linger;
    return lgi_order_allowance(&order, i, remaining, &linger);
}

START_TEST(S2_limits_that_fit_are_kept)
{
    add("a", NULL, 2 * LG_SECOND);
    add("b", NULL, 3 * LG_SECOND);
    lgi_order_begin(&order, 10 * LG_SECOND);
    ck_assert_int_eq(order.claimed, 5 * LG_SECOND);
    ck_assert_int_eq(given(1, 10 * LG_SECOND), 3 * LG_SECOND);
    ck_assert_int_eq(allowance(1, 10 * LG_SECOND), 3 * LG_SECOND + 250 * LG_MILLISECOND);
    lgi_order_stop_begun(&order, 1);
    lgi_order_ended(&order, 1);
    ck_assert_int_eq(given(0, 7 * LG_SECOND), 2 * LG_SECOND);
    ck_assert_int_eq(allowance(0, 7 * LG_SECOND), 2 * LG_SECOND + 200 * LG_MILLISECOND);
    ck_assert_int_eq(allowance(0, LG_SECOND), LG_SECOND);
    ck_assert_int_lt(given(0, LG_SECOND), LG_SECOND);
    ck_assert_int_eq(allowance(0, 0), 0);
    ck_assert_int_eq(allowance(0, -5), 0);
    lgi_order_free(&order);
}
END_TEST

START_TEST(S2_limits_that_do_not_fit_are_cut_in_proportion)
{
    add("a", NULL, 15 * LG_SECOND);
    add("b", NULL, 15 * LG_SECOND);
    add("c", NULL, LG_HOUR); /* counted as the budget */
    lgi_order_begin(&order, 20 * LG_SECOND);
    ck_assert_int_eq(order.claimed, 50 * LG_SECOND);
    ck_assert_int_eq(allowance(2, 20 * LG_SECOND), 8 * LG_SECOND);
    lgi_order_stop_begun(&order, 2);
    ck_assert_int_eq(allowance(1, 10 * LG_SECOND), 5 * LG_SECOND);
    ck_assert_int_eq(allowance(1, 19 * LG_SECOND), 19 * LG_SECOND / 2);
    lgi_order_free(&order);
}
END_TEST

START_TEST(S2_without_a_limit_a_stage_gets_what_the_others_do_not_claim)
{
    add("a", NULL, 4 * LG_SECOND);
    add("b", NULL, 0);
    add("c", NULL, 0);
    lgi_order_begin(&order, 12 * LG_SECOND);
    ck_assert_int_eq(order.claimed, 4 * LG_SECOND);
    ck_assert_int_eq(allowance(2, 12 * LG_SECOND), 4 * LG_SECOND); /* half of what a leaves */
    lgi_order_stop_begun(&order, 2);
    lgi_order_ended(&order, 2);
    ck_assert_int_eq(allowance(1, 12 * LG_SECOND), 8 * LG_SECOND); /* all of it */
    lgi_order_free(&order);
}
END_TEST

START_TEST(S2_limits_come_before_stages_without)
{
    add("a", NULL, 0);
    add("b", NULL, 9 * LG_SECOND);
    lgi_order_begin(&order, 10 * LG_SECOND);
    ck_assert_int_eq(given(1, 10 * LG_SECOND), 9 * LG_SECOND);
    /* but something is left for the others: a twentieth */
    ck_assert_int_eq(allowance(1, 9 * LG_SECOND), 9 * LG_SECOND - 9 * LG_SECOND / 20);
    lgi_order_free(&order);
    add("a", NULL, 20 * LG_SECOND);
    add("b", NULL, 0);
    lgi_order_begin(&order, 10 * LG_SECOND);
    ck_assert_int_eq(allowance(1, 10 * LG_SECOND), LG_SECOND / 2);
    lgi_order_free(&order);
}
END_TEST

START_TEST(S2_stages_that_stop_together_share_no_time)
{
    order.at_once = 3;
    add("a", none, 10 * LG_SECOND);
    add("b", none, 10 * LG_SECOND);
    add("c", none, 10 * LG_SECOND);
    lgi_order_begin(&order, 10 * LG_SECOND);
    ck_assert_int_eq(order.claimed, 10 * LG_SECOND);
    order.at_once = 1;
    lgi_order_begin(&order, 10 * LG_SECOND);
    ck_assert_int_eq(order.claimed, 30 * LG_SECOND);
    lgi_order_free(&order);
    order.at_once = 0;
}
END_TEST

START_TEST(S2_limits_without_end_do_not_overflow)
{
    for (int i = 0; i < MOST; i++)
        add("forever", NULL, LG_DURATION_MAX);
    lgi_order_begin(&order, 24 * LG_SECOND);
    ck_assert_int_gt(order.claimed, 0);
    lg_duration all = allowance(MOST - 1, 24 * LG_SECOND);
    ck_assert_int_ge(all, LG_SECOND - LG_MILLISECOND);
    ck_assert_int_le(all, LG_SECOND + LG_MILLISECOND);
    lgi_order_free(&order);
}
END_TEST

/* If every stage takes all that it may, one after the other, each still gets something, and all end in time. */
START_TEST(S2_whatever_the_limits_everybody_gets_time)
{
    for (unsigned round = 0; round < 2000; round++) {
        random_seed(round);
        size_t count = (size_t)random_below(MOST) + 1;
        for (size_t i = 0; i < count; i++)
            add("s", random_below(2) ? NULL : none,
                random_below(3) ? (random_below(9000) + 1) * LG_MILLISECOND : 0);
        order.at_once = 1;
        lg_duration budget = (random_below(20000) + 1000) * LG_MILLISECOND, used = 0;
        lgi_order_begin(&order, budget);
        ptrdiff_t i;
        while ((i = lgi_order_next(&order)) >= 0) {
            lg_duration linger;
            lg_duration most = lgi_order_allowance(&order, (size_t)i, budget - used, &linger);
            ck_assert_int_gt(most, 0);
            ck_assert_int_ge(linger, 0);
            if (order.nodes[i].limit > 0)
                ck_assert_int_le(most, order.nodes[i].limit);
            lgi_order_stop_begun(&order, (size_t)i);
            lgi_order_ended(&order, (size_t)i);
            used += most + linger;
        }
        ck_assert_int_le(used, budget);
        lgi_order_free(&order);
    }
    order.at_once = 0;
}
END_TEST

RUN_TESTS("order", S1_last_added_first_stopped, S1_what_comes_after_another_is_stopped_before_it,
          S1_a_stage_that_declares_nothing_comes_after_all_before_it,
          S1_an_unknown_name_orders_nothing, S1_of_several_with_one_name_all_are_meant,
          S1_a_cycle_is_found_and_named, S1_a_cycle_is_cut_as_by_snprintf,
          S1_random_graphs_against_a_model, S2_limits_that_fit_are_kept,
          S2_limits_that_do_not_fit_are_cut_in_proportion,
          S2_without_a_limit_a_stage_gets_what_the_others_do_not_claim,
          S2_limits_come_before_stages_without, S2_stages_that_stop_together_share_no_time,
          S2_limits_without_end_do_not_overflow, S2_whatever_the_limits_everybody_gets_time)
