/* Tests of limits, and of members that own their argument. Rules are those of docs/rules.md. */
#include "testing/group.h"
#include <lifoguard/chan.h>

/* ---- at most so many at once ---- */

struct busy {
    atomic_int now, most, ended;
};

static void be_busy(unsigned seed, struct busy *busy)
{
    int now = atomic_fetch_add(&busy->now, 1) + 1, most = busy->most;
    while (now > most && !atomic_compare_exchange_weak(&busy->most, &most, now))
        ;
    yield_some(seed);
    if (seed % 16 == 0)
        lg_sleep(20 * LG_MICROSECOND);
    atomic_fetch_sub(&busy->now, 1);
    atomic_fetch_add(&busy->ended, 1);
}

static void limited(void)
{
    for (size_t limit = 1; limit <= 16; limit *= 4) {
        lg_group group = {0};
        struct busy busy = {0};
        lg_group_set_limit(&group, limit);
        for (unsigned i = 0; i < 300; i++) {
            const lg_go_options options = {.thread = i % 100 == 0};
            lg_group_go_with(&group, options, be_busy, i, &busy);
            ck_assert_uint_le(lg_group_count(&group), limit);
        }
        ck_assert_ptr_null(lg_group_wait(&group));
        ck_assert_int_eq(busy.ended, 300);
        ck_assert_int_le(busy.most, (int)limit);
        ck_assert_int_ge(busy.most, 1);
        lg_group_free(&group);
    }
}

START_TEST(g3_no_more_than_the_limit_at_once)
{
    everywhere(limited);
}
END_TEST

/* Many start members of one group at once, some until a time. */
static void start_busy(lg_group *group, unsigned seed, struct busy *busy, atomic_int *started)
{
    for (unsigned i = 0; i < 20; i++) {
        seed = seed * 1103515245 + 12345;
        bool here;
        if (seed >> 16 & 1) {
            lg_group_go(group, be_busy, seed >> 17, busy);
            here = true;
        } else if (seed >> 17 & 1) {
            lg_error *err = lg_group_go_with(
                group,
                ((lg_go_options){
                    .until = (const lg_until[]){lg_until_timeout(10 * LG_MICROSECOND)}}),
                be_busy, seed >> 17, busy);
            ck_assert(!err || err == &lg_error_deadline_exceeded);
            here = err == NULL;
        } else {
            here = !lg_group_go_with(group,
                                     ((lg_go_options){.until = (const lg_until[]){lg_until_now()}}),
                                     be_busy, seed >> 17, busy);
        }
        atomic_fetch_add(started, here);
    }
}

static void many_starters(void)
{
    lg_group group = {0}, starters = {0};
    struct busy busy = {0};
    atomic_int started = 0;
    lg_group_set_limit(&group, 3);
    for (unsigned i = 0; i < 50; i++) {
        const lg_go_options options = {.thread = i % 25 == 0};
        lg_group_go_with(&starters, options, start_busy, &group, i, &busy, &started);
    }
    ck_assert_ptr_null(lg_group_wait(&starters));
    ck_assert_ptr_null(lg_group_wait(&group));
    ck_assert_int_eq(busy.ended, started);
    ck_assert_int_ge(started, 400);
    ck_assert_int_le(busy.most, 3);
    lg_group_free(&group);
}

START_TEST(g3_many_start_members_of_a_limited_group)
{
    everywhere(many_starters);
}
END_TEST

static void at_the_limit(void)
{
    lg_group group = {0};
    atomic_int go_on = 0, count = 0;
    lg_group_set_limit(&group, 2);
    ck_assert(!lg_group_go_with(&group,
                                ((lg_go_options){.until = (const lg_until[]){lg_until_now()}}),
                                wait_until_set, &go_on));
    ck_assert(!lg_group_go_with(
        &group, ((lg_go_options){.thread = true, .until = (const lg_until[]){lg_until_now()}}),
        wait_until_set, &go_on));
    ck_assert(lg_group_go_with(
        &group, ((lg_go_options){.until = (const lg_until[]){lg_until_now()}}), add_one, &count));

    /* C9 */
    lg_time start = lg_now();
    ck_assert_ptr_eq(
        lg_group_go_with(
            &group,
            ((lg_go_options){.until = (const lg_until[]){lg_until_timeout(LG_MILLISECOND)}}),
            add_one, &count),
        &lg_error_deadline_exceeded);
    ck_assert_int_ge(lg_now() - start, LG_MILLISECOND);
    ck_assert_ptr_eq(
        lg_group_go_with(&group,
                         ((lg_go_options){.until = (const lg_until[]){lg_until_deadline(0)}}),
                         add_one, &count),
        &lg_error_deadline_exceeded);
    lg_group other = {0};
    lg_group_cancel(&other, NULL);
    ck_assert_ptr_eq(
        lg_group_go_with(
            &group,
            ((lg_go_options){.name = "late", .until = (const lg_until[]){lg_until_group(&other)}}),
            add_one, &count),
        &lg_error_cancelled);
    ck_assert_int_eq(count, 0);

    /* Raised, others are let in; lowered, those that are in stay. */
    lg_group_set_limit(&group, 3);
    ck_assert_ptr_null(lg_group_go_with(
        &group, ((lg_go_options){.until = (const lg_until[]){lg_until_deadline(0)}}),
        wait_until_set, &go_on));
    lg_group_set_limit(&group, 1);
    ck_assert(lg_group_go_with(
        &group, ((lg_go_options){.until = (const lg_until[]){lg_until_now()}}), add_one, &count));
    go_on = 1;
    lg_group_go(&group, add_one, &count);
    ck_assert_ptr_null(lg_group_wait(&group));
    ck_assert_int_eq(count, 1);
    lg_group_set_limit(&group, 0);
    lg_group_free(&group);
}

START_TEST(c9_what_is_over_the_limit_waits_or_not)
{
    everywhere(at_the_limit);
}
END_TEST

static void start_another(lg_group *group, atomic_int *count)
{
    lg_group_go(group, add_one, count);
}

static void raised(void)
{
    lg_group group = {0}, starters = {0};
    atomic_int go_on = 0, count = 0;
    lg_group_set_limit(&group, 1);
    lg_group_go(&group, wait_until_set, &go_on);
    for (int i = 0; i < 10; i++)
        lg_group_go_with(&starters, ((lg_go_options){.thread = i == 5}), start_another, &group,
                         &count);
    lg_sleep(100 * LG_MICROSECOND);
    ck_assert_int_eq(count, 0);
    lg_group_set_limit(&group, 6);
    ck_assert_ptr_null(lg_group_wait(&starters));
    go_on = 1;
    ck_assert_ptr_null(lg_group_wait(&group));
    ck_assert_int_eq(count, 10);
}

START_TEST(raising_the_limit_lets_others_in)
{
    everywhere(raised);
}
END_TEST

/* A wait that begins while others wait to start members lasts until those have been called too. */
static void waited_meanwhile(void)
{
    lg_group group = {0}, starters = {0};
    atomic_int count = 0;
    lg_group_set_limit(&group, 1);
    lg_group_go(&group, yield_some, 3U);
    for (int i = 0; i < 10; i++)
        lg_group_go(&starters, start_another, &group, &count);
    ck_assert_ptr_null(lg_group_wait(&starters));
    ck_assert_ptr_null(lg_group_wait(&group));
    ck_assert_int_eq(count, 10);
}

START_TEST(who_waits_at_the_limit_is_waited_for)
{
    everywhere(waited_meanwhile);
}
END_TEST

/* ---- pipelines: a limited group as a pool ---- */

static lg_error *square(int number, lg_chan(long) results)
{
    lg_chan_send(results, (long)number * number);
    return NULL;
}

static void pool(void)
{
    enum { JOBS = 500 };
    lg_chan(long) results = lg_chan_make(long, 10);
    lg_defer(lg_chan_unref, results);
    lg_group group = {0};
    lg_group_set_limit(&group, 5);
    long sum = 0, got = 0, result;
    for (int i = 0; i < JOBS; i++) {
        while (lg_group_go_with(&group,
                                ((lg_go_options){.until = (const lg_until[]){lg_until_now()}}),
                                square, i, results)) {
            if (got == i) { /* those that are left have only to end */
                lg_yield();
                continue;
            }
            ck_assert(lg_chan_recv(results, &result));
            sum += result;
            got++;
        }
    }
    for (; got < JOBS; got++) {
        ck_assert(lg_chan_recv(results, &result));
        sum += result;
    }
    ck_assert_ptr_null(lg_group_wait(&group));
    ck_assert_int_eq(sum, (long)(JOBS - 1) * JOBS * (2 * JOBS - 1) / 6);
    lg_group_free(&group);
}

START_TEST(a_limited_group_as_a_pool)
{
    everywhere(pool);
}
END_TEST

RUN_TESTS("limit", g3_no_more_than_the_limit_at_once, g3_many_start_members_of_a_limited_group,
          c9_what_is_over_the_limit_waits_or_not, raising_the_limit_lets_others_in,
          who_waits_at_the_limit_is_waited_for, a_limited_group_as_a_pool)
