/* Tests of members that own their argument. Rules are those of docs/rules.md. */
#include "testing/group.h"
#include <lifoguard/chan.h>

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

RUN_TESTS("owned", g4_an_owned_argument_may_be_the_first_of_four,
          g4_an_owned_argument_is_used_or_dropped,
          g4_what_waits_at_the_limit_is_dropped_when_cancelled,
          g4_cancelled_at_random_each_is_used_or_dropped_once)
