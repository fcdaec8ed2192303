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

/* ---- G4: members that own their argument ---- */

struct thing {
    atomic_int *called, *dropped;
};

static struct thing *new_thing(atomic_int *called, atomic_int *dropped)
{
    struct thing *thing = malloc(sizeof(*thing));
    ck_assert_ptr_nonnull(thing);
    *thing = (struct thing){called, dropped};
    return thing;
}

static void call_thing(struct thing *thing)
{
    add_one(thing->called);
    free(thing);
}

static lg_error *fail_thing(struct thing *thing)
{
    call_thing(thing);
    return &one_error;
}

static void drop_thing(struct thing *thing)
{
    add_one(thing->dropped);
    free(thing);
}

static void owned(void)
{
    lg_group group = {0};
    atomic_int called = 0, dropped = 0;
    for (int i = 0; i < 10; i++)
        lg_group_go_owned(&group, call_thing, new_thing(&called, &dropped), drop_thing);
    ck_assert_ptr_null(lg_group_wait(&group));
    ck_assert_int_eq(called, 10);
    ck_assert_int_eq(dropped, 0);

    /* The first that runs fails; those that have not been called by then are dropped. */
    for (int i = 0; i < 1000; i++)
        lg_group_go_owned(&group, fail_thing, new_thing(&called, &dropped), drop_thing);
    lg_error_free(lg_group_wait(&group));
    ck_assert_int_eq(called + dropped, 1010);
    ck_assert_int_ge(called, 11);

    /* Once it is cancelled, none is called. */
    int before = called;
    lg_group_go_owned(&group, call_thing, new_thing(&called, &dropped), drop_thing);
    const lg_go_options options = {.free = LGI_FREE(drop_thing, (struct thing *)NULL)};
    ck_assert(!lg_group_go_with(&group, bounded(options, lg_until_now()), call_thing,
                                new_thing(&called, &dropped)));
    ck_assert_ptr_null(lg_group_go_with(&group, bounded(options, lg_until_timeout(LG_SECOND)),
                                        call_thing, new_thing(&called, &dropped)));
    lg_error_free(lg_group_wait(&group));
    ck_assert_int_eq(called, before);
    ck_assert_int_eq(called + dropped, 1013);
    lg_group_free(&group);
}

START_TEST(g4_an_owned_argument_is_used_or_dropped)
{
    everywhere(owned);
}
END_TEST

static void start_owned(lg_group *group, atomic_int *called, atomic_int *dropped)
{
    lg_group_go_owned(group, call_thing, new_thing(called, dropped), drop_thing);
}

static void dropped_at_the_limit(void)
{
    lg_group group = {0}, starters = {0};
    atomic_int called = 0, dropped = 0;
    lg_group_set_limit(&group, 1);
    lg_group_go(&group, wait_silently, &group);
    for (int i = 0; i < 10; i++)
        lg_group_go_with(&starters, ((lg_go_options){.thread = i == 5}), start_owned, &group,
                         &called, &dropped);
    lg_sleep(100 * LG_MICROSECOND);
    ck_assert_int_eq(dropped, 0);
    lg_group_cancel(&group, NULL);
    ck_assert_ptr_null(lg_group_wait(&starters));
    ck_assert_ptr_null(lg_group_wait(&group));
    ck_assert_int_eq(called, 0);
    ck_assert_int_eq(dropped, 10);
}

static void use_first_of_four(struct thing *thing, int a, long b, const char *c)
{
    ck_assert(a == 1 && b == 2 && !strcmp(c, "3"));
    call_thing(thing);
}

static void owned_with_others(void)
{
    lg_group group = {0};
    atomic_int called = 0, dropped = 0;
    lg_group_go_owned(&group, use_first_of_four, new_thing(&called, &dropped), 1, 2L, "3",
                      drop_thing);
    ck_assert_ptr_null(lg_group_wait(&group));
    lg_group_cancel(&group, NULL);
    lg_group_go_owned(&group, use_first_of_four, new_thing(&called, &dropped), 1, 2L, "3",
                      drop_thing);
    ck_assert_ptr_null(lg_group_wait(&group));
    ck_assert_int_eq(called, 1);
    ck_assert_int_eq(dropped, 1);
}

START_TEST(g4_an_owned_argument_may_be_the_first_of_four)
{
    everywhere(owned_with_others);
}
END_TEST

START_TEST(g4_what_waits_at_the_limit_is_dropped_when_cancelled)
{
    everywhere(dropped_at_the_limit);
}
END_TEST

static void cancel_at_random(void)
{
    for (unsigned round = 0; round < 30; round++) {
        lg_group group = {0}, starters = {0};
        atomic_int called = 0, dropped = 0;
        lg_group_set_limit(&group, round % 4);
        for (int i = 0; i < 20; i++)
            lg_group_go(&starters, start_owned, &group, &called, &dropped);
        yield_some(round);
        lg_group_cancel(&group, NULL);
        ck_assert_ptr_null(lg_group_wait(&starters));
        ck_assert_ptr_null(lg_group_wait(&group));
        ck_assert_int_eq(called + dropped, 20);
    }
}

START_TEST(g4_cancelled_at_random_each_is_used_or_dropped_once)
{
    everywhere(cancel_at_random);
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

RUN_TESTS("group limit", g4_an_owned_argument_may_be_the_first_of_four,
          g3_no_more_than_the_limit_at_once, g3_many_start_members_of_a_limited_group,
          c9_what_is_over_the_limit_waits_or_not, raising_the_limit_lets_others_in,
          who_waits_at_the_limit_is_waited_for, g4_an_owned_argument_is_used_or_dropped,
          g4_what_waits_at_the_limit_is_dropped_when_cancelled,
          g4_cancelled_at_random_each_is_used_or_dropped_once, a_limited_group_as_a_pool)
