/* Tests of the timer wheel with workers. Rules are those of docs/rules.md. */
#include "testing/wheel.h"

/* ---- with workers ---- */

struct real {
    struct lgi_timer timer;
    lg_time due;
    atomic_int fired, early;
    int started, stopped;
};

static void count_fire(struct lgi_timer *timer, lg_time now)
{
    struct real *real = (struct real *)timer;
    if (now < real->due || lg_now() < real->due)
        atomic_fetch_add(&real->early, 1);
    atomic_fetch_add(&real->fired, 1);
}

/* One that is started by a thread that is no worker is not missed by a worker that is about to sleep. (A second's work; where each
 * round waits for a processor that is busy with other work, ten seconds of it are enough.) */
START_TEST(a_sleeping_worker_is_woken_for_a_sooner_timer)
{
    static struct real far, near;
    far.timer.fire = near.timer.fire = count_fire;
    ck_assert(lgi_timer_start(&far.timer, far.due = lg_now() + LG_HOUR));
    lg_time enough = lg_now() + 10 * LG_SECOND;
    for (int i = 0; i < 20000 && (i < 20 || lg_now() < enough); i++) {
        near.due = lg_now() + (i % 100 == 0 ? 200 : 20) * LG_MICROSECOND;
        ck_assert(lgi_timer_start(&near.timer, near.due));
        lg_time limit = lg_now() + 300 * LG_SECOND;
        while (atomic_load(&near.fired) == i && lg_now() < limit)
            lgi_pause();
        ck_assert_int_eq(atomic_load(&near.fired), i + 1);
    }
    ck_assert(lgi_timer_stop(&far.timer));
    ck_assert_int_eq(atomic_load(&near.early), 0);
    ck_assert_int_eq(atomic_load(&far.fired), 0);
}
END_TEST

/* Each was either stopped or has fired, and `fire` is over when stop returns. */
static void start_and_stop(void *data)
{
    enum { MINE = 64 };
    uint64_t random = *(uint64_t *)data * 0x9E3779B97F4A7C15U + 1;
    struct real *mine = calloc(MINE, sizeof(*mine));
    ck_assert_ptr_nonnull(mine);
    lg_defer(free, mine);
    for (int i = 0; i < 60000; i++) {
        random = random * 6364136223846793005U + 1442695040888963407U;
        struct real *one = &mine[random >> 32 & (MINE - 1)];
        if (lgi_timer_stop(&one->timer))
            one->stopped++;
        hold(one->stopped + atomic_load(&one->fired) == one->started);
        one->timer = (struct lgi_timer){.fire = count_fire, .set = one->timer.set};
        one->due = lg_now() + (lg_duration)(random >> 40 & 0x3ffff);
        one->started++;
        hold(lgi_timer_start(&one->timer, one->due));
        if (i % 97 == 0)
            lg_yield();
    }
    for (int i = 0; i < MINE; i++) {
        if (lgi_timer_stop(&mine[i].timer))
            mine[i].stopped++;
        hold(mine[i].stopped + atomic_load(&mine[i].fired) == mine[i].started);
        hold(atomic_load(&mine[i].early) == 0);
    }
}

static atomic_int working;

static void start_and_stop_in_goroutine(uint64_t *seed)
{
    start_and_stop(seed);
    atomic_fetch_sub(&working, 1);
}

static void start_and_stop_on_workers(unsigned count)
{
    static uint64_t seeds[7] = {1, 2, 3, 4, 5, 6, 7};
    ck_assert_ptr_null(lg_set_workers(count));
    atomic_store(&working, 6);
    for (int i = 0; i < 6; i++)
        lg_go(start_and_stop_in_goroutine, &seeds[i]);
    ck_assert(on_thread(start_and_stop, &seeds[6]));
    while (atomic_load(&working) > 0)
        lg_sleep(LG_MILLISECOND);
}

START_TEST(timers_of_one_worker_fire_once_or_are_stopped)
{
    start_and_stop_on_workers(1);
}
END_TEST

START_TEST(timers_of_two_workers_fire_once_or_are_stopped)
{
    start_and_stop_on_workers(2);
}
END_TEST

START_TEST(timers_of_eight_workers_fire_once_or_are_stopped)
{
    start_and_stop_on_workers(8);
}
END_TEST

/* A goroutine that computes does not keep the timers of its worker from firing: another one sees to them. */
static void start_and_compute(struct real *real)
{
    real->timer.fire = count_fire;
    real->due = lg_now() + 2 * LG_MILLISECOND;
    hold(lgi_timer_start(&real->timer, real->due));
    lg_time limit = lg_now() + 300 * LG_SECOND;
    while (atomic_load(&real->fired) == 0 && lg_now() < limit)
        lgi_pause();
    atomic_fetch_sub(&working, 1);
}

START_TEST(a_busy_workers_timers_are_seen_to)
{
    static struct real real;
    ck_assert_ptr_null(lg_set_workers(2));
    atomic_store(&working, 1);
    lg_go(start_and_compute, &real);
    while (atomic_load(&working) > 0)
        lg_sleep(LG_MILLISECOND);
    ck_assert_int_eq(atomic_load(&real.fired), 1);
}
END_TEST

RUN_TESTS("wheel_workers", a_sleeping_worker_is_woken_for_a_sooner_timer,
          a_busy_workers_timers_are_seen_to, timers_of_one_worker_fire_once_or_are_stopped,
          timers_of_two_workers_fire_once_or_are_stopped,
          timers_of_eight_workers_fire_once_or_are_stopped)
