/* Tests of the watcher: a goroutine that a worker has started does not wait for that worker while another worker has
 * nothing to do, or could be made (G5). Each test would hang otherwise. */
#include "testing/sched.h"

enum { ROUNDS = 20, MOST = 3 };

static atomic_int inside, begun, left, may_leave;

static void reset(void)
{
    inside = begun = left = may_leave = 0;
}

static void begin(void)
{
    add_one(&begun);
}

/* Keeps its worker busy. */
static void hold(void)
{
    add_one(&inside);
    wait_for_value(&may_leave, 1);
    add_one(&left);
}

/* Keeps its worker busy until a goroutine that it has started begins. */
static void start_and_hold(void)
{
    lg_go(begin);
    wait_for_value(&begun, 1);
    add_one(&left);
}

static void wait_until_all_sleep(void)
{
    while (!lgi_all_asleep())
        usleep(50);
}

/* Main has waited, and is busy now: no worker that sleeps checks for a deadlock, which would wake it by chance. */
static void main_is_known(void)
{
    lg_sleep(LG_MILLISECOND);
}

static struct lgi_worker *third;

static void begin_on_the_third(void)
{
    third = lgi_worker;
    begin();
}

/* Two workers are busy, and the third one watches, until it sleeps like the other two. */
static void let_the_third_watch(void)
{
    enum { LONGER_THAN_A_WATCHER_NAPS_US = 25000 };
    reset();
    lg_go(hold);
    lg_go(hold);
    wait_for_value(&inside, 2);
    lg_go(begin_on_the_third);
    wait_for_value(&begun, 1);
    while (atomic_load(&third->naps) % 2 == 0)
        usleep(50);
    may_leave = 1;
    wait_for_value(&left, 2);
    wait_until_all_sleep();
    usleep(LONGER_THAN_A_WATCHER_NAPS_US);
}

START_TEST(g5_the_watcher_that_fell_asleep_last_is_not_waited_for)
{
    ck_assert_ptr_null(lg_set_workers(3));
    main_is_known();
    for (int i = 0; i < ROUNDS / 4; i++) {
        let_the_third_watch();
        reset();
        lg_go(start_and_hold);
        wait_for_value(&left, 1);
    }
}
END_TEST

/* ---- goroutines that wait, each on a worker of its own ---- */

static struct lgi_done called[MOST];
static atomic_int which, parked;
static int callee; /* whom the first one calls */

static void wait_until_called(int i)
{
    add_one(&parked);
    const lg_until until = {LG_DURATION_MAX, &called[i]};
    struct lgi_g *g = lgi_self();
    lgi_wait_begin(g, "test");
    (void)lgi_park(g, until);
}

/* The one that is called first starts a goroutine, and calls another one; both keep their workers busy then. */
static void take_part(void)
{
    int me = atomic_fetch_add(&which, 1), first = 0;
    add_one(&inside);
    wait_for_value(&inside, may_leave);
    wait_until_called(me);
    if (atomic_compare_exchange_strong(&left, &first, 1)) {
        lg_go(begin);
        lgi_done_set(&called[callee], NULL);
    }
    wait_for_value(&begun, 1);
    add_one(&left);
}

/* As many goroutines as workers, so each is on a worker of its own. */
static void park_on_each(int workers)
{
    reset();
    memset(called, 0, sizeof(called));
    which = parked = 0;
    may_leave = workers;
    for (int i = 0; i < workers; i++)
        lg_go(take_part);
    wait_for_value(&parked, workers);
    wait_until_all_sleep();
}

static void call_and_see_it_begin(int workers, int caller, int other)
{
    callee = other;
    lgi_done_set(&called[caller], NULL);
    wait_for_value(&begun, 1);
    for (int i = 0; i < workers; i++)
        lgi_done_set(&called[i], NULL);
    wait_for_value(&left, workers + 1);
    wait_until_all_sleep();
}

START_TEST(g5_a_worker_that_is_woken_to_watch_and_turns_busy_has_another_watch)
{
    ck_assert_ptr_null(lg_set_workers(3));
    main_is_known();
    for (int i = 0; i < ROUNDS; i++) {
        park_on_each(3);
        call_and_see_it_begin(3, i % 3, (i + 1 + i / 3 % 2) % 3);
    }
}
END_TEST

START_TEST(g5_a_watcher_that_turns_busy_has_a_worker_made)
{
    ck_assert_ptr_null(lg_set_workers(2));
    main_is_known();
    park_on_each(2);
    ck_assert_ptr_null(lg_set_workers(3));
    ck_assert_uint_eq(lgi_worker_count(), 2);
    call_and_see_it_begin(2, 0, 1);
}
END_TEST

/* The worker that is woken for what a thread has started finds a goroutine that goes on, too, and runs that one first. */
START_TEST(g5_what_a_thread_has_started_is_not_left_behind_a_busy_goroutine)
{
    ck_assert_ptr_null(lg_set_workers(3));
    main_is_known();
    for (int i = 0; i < ROUNDS; i++) {
        park_on_each(3);
        left = 1; /* nobody calls another one */
        lg_go(begin);
        call_and_see_it_begin(3, i % 3, 0);
    }
}
END_TEST

RUN_TESTS("watch", g5_the_watcher_that_fell_asleep_last_is_not_waited_for,
          g5_a_worker_that_is_woken_to_watch_and_turns_busy_has_another_watch,
          g5_a_watcher_that_turns_busy_has_a_worker_made,
          g5_what_a_thread_has_started_is_not_left_behind_a_busy_goroutine)
