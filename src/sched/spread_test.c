/* Tests of where a goroutine starts: lg_go_options.spread. */
#include "testing/sched.h"

#include <lifoguard/waitgroup.h>

static const lg_go_options spread = {.spread = true};

static atomic_int computing, may_end, ended, is_placed;

/* Keeps its worker busy, without a wait. */
static void compute(void)
{
    add_one(&computing);
    while (!may_end)
        ;
    add_one(&ended);
}

static void end(void)
{
    add_one(&ended);
}

static size_t goroutines_of[2];

/* Of two workers one runs this, and the other computes: neither begins anything, or takes anything from the other. */
static void place_ten(void)
{
    lg_go_with(spread, compute);
    wait_for_value(&computing, 1);
    for (int i = 0; i < 10; i++)
        lg_go_with(spread, end);
    for (int i = 0; i < 2; i++)
        goroutines_of[i] = __atomic_load_n(&lgi_workers[i]->alive, __ATOMIC_RELAXED) +
                           lgi_run_queue_count(&lgi_workers[i]->starts);
    add_one(&is_placed);
}

START_TEST(g5_goroutines_are_spread_over_the_workers)
{
    ck_assert_ptr_null(lg_set_workers(2));
    lg_go(place_ten);
    wait_for_value(&is_placed, 1);
    ck_assert_uint_eq(goroutines_of[0], 6);
    ck_assert_uint_eq(goroutines_of[1], 6);
    add_one(&may_end);
    wait_for_value(&ended, 11);
}
END_TEST

static lg_waitgroup parked, gate;

static void park(void)
{
    lg_waitgroup_done(&parked);
    lg_waitgroup_wait(&gate);
    add_one(&ended);
}

static void park_four(void)
{
    lg_waitgroup_add(&parked, 4);
    for (int i = 0; i < 4; i++)
        lg_go(park);
    lg_waitgroup_wait(&parked);
    place_ten();
}

/* The four that wait count as much as those that have not started, wherever they wait. */
START_TEST(g5_goroutines_that_wait_count)
{
    ck_assert_ptr_null(lg_set_workers(2));
    lg_waitgroup_add(&gate, 1);
    lg_go(park_four);
    wait_for_value(&is_placed, 1);
    ck_assert_uint_eq(goroutines_of[0], 8);
    ck_assert_uint_eq(goroutines_of[1], 8);
    add_one(&may_end);
    lg_waitgroup_done(&gate);
    wait_for_value(&ended, 15);
}
END_TEST

START_TEST(a_thread_of_the_program_spreads_goroutines_too)
{
    for (unsigned workers = 1; workers <= 4; workers++) {
        ck_assert_ptr_null(lg_set_workers(workers));
        ended = 0;
        for (int i = 0; i < 100; i++)
            lg_go_with(spread, end);
        wait_for_value(&ended, 100);
    }
}
END_TEST

/* The workers sleep in between: each time one has to be woken. */
START_TEST(a_sleeping_worker_is_woken)
{
    ck_assert_ptr_null(lg_set_workers(4));
    for (int i = 1; i <= 200; i++) {
        lg_go_with(spread, end);
        wait_for_value(&ended, i);
        usleep(i % 10 == 0 ? 2000 : 1);
    }
}
END_TEST

static void spread_more(int levels)
{
    for (int i = 0; i < 2 && levels > 0; i++)
        lg_go_with(spread, spread_more, levels - 1);
    lg_yield();
    add_one(&ended);
}

START_TEST(spread_while_workers_come_and_go)
{
    lg_go_with(spread, spread_more, 9);
    for (unsigned i = 0; i < 40; i++) {
        ck_assert_ptr_null(lg_set_workers(1 + i * 5 % 8));
        usleep(100);
    }
    wait_for_value(&ended, 1023);
}
END_TEST

RUN_TESTS("spread", g5_goroutines_are_spread_over_the_workers, g5_goroutines_that_wait_count,
          a_thread_of_the_program_spreads_goroutines_too, a_sleeping_worker_is_woken,
          spread_while_workers_come_and_go)
