/* Tests of waiting for a group. Rules are those of docs/rules.md. */
#include "testing/members.h"

/* ---- waiting ---- */

static void waits_until(void)
{
    lg_group group = {0};
    lg_group_go(&group, wait_silently, &group);
    lg_time start = lg_now();
    ck_assert_ptr_eq(lg_group_wait_until(&group, lg_until_timeout(2 * LG_MILLISECOND)),
                     &lg_error_deadline_exceeded);
    ck_assert_int_ge(lg_now() - start, 2 * LG_MILLISECOND);
    ck_assert_ptr_eq(lg_group_wait_until(&group, lg_until_timeout(-1)),
                     &lg_error_deadline_exceeded);

    /* Another group's cancellation ends it too. */
    lg_group other = {0};
    lg_group_cancel(&other, NULL);
    ck_assert_ptr_eq(lg_group_wait_until(&group, lg_until_group(&other)), &lg_error_cancelled);

    lg_group_cancel(&group, &one_error);
    ck_assert_ptr_eq(lg_group_wait_until(&group, lg_until_timeout(LG_MINUTE)), &one_error);
    /* What can be done at once is done, whatever the time. */
    ck_assert_ptr_eq(lg_group_wait_until(&group, lg_until_timeout(-1)), &lg_error_group_failed);
    ck_assert_ptr_eq(lg_group_wait_until(&group, lg_until_forever()), &lg_error_group_failed);
    lg_group_free(&group);
    lg_group_free(&other);
}

START_TEST(c9_waiting_until)
{
    everywhere(waits_until);
}
END_TEST

static atomic_int told_the_errors, told_of_a_failure;

static void wait_for(lg_group *group)
{
    lg_error *err = lg_group_wait(group);
    if (err == &lg_error_group_failed)
        add_one(&told_of_a_failure);
    else if (strcmp(lg_error_message(err), "failed") == 0)
        add_one(&told_the_errors);
    lg_error_free(err);
}

static void several_wait(void)
{
    enum { WAITERS = 10 };
    lg_group group = {0}, waiters = {0};
    atomic_int go_on = 0;
    told_the_errors = told_of_a_failure = 0;
    lg_group_go(&group, fail_later, &go_on, "failed");
    for (int i = 0; i < WAITERS; i++)
        lg_group_go_with(&waiters, ((lg_go_options){.thread = i % 5 == 0}), wait_for, &group);
    lg_yield();
    go_on = 1;
    ck_assert_ptr_null(lg_group_wait(&waiters));
    ck_assert_int_eq(told_the_errors, 1);
    ck_assert_int_eq(told_of_a_failure, WAITERS - 1);
    lg_group_free(&waiters);
    lg_group_free(&group);
}

START_TEST(of_several_who_wait_one_is_given_the_errors)
{
    everywhere(several_wait);
}
END_TEST

static lg_error *leave_with_waiters(lg_group *waiters, lg_group **where)
{
    lg_func (lg_error *, err) {
        lg_group_scope(group, &err);
        *where = &group;
        lg_group_go(&group, yield_some, 5U);
        for (int i = 0; i < 5; i++)
            lg_group_go(waiters, wait_for, &group);
        /* They wait, or are told at once; both before the group is gone. */
        while (lg_group_count(waiters) > 0)
            lg_yield();
        lg_return(NULL);
    }
}

START_TEST(a_group_stays_until_who_waits_for_it_has_left)
{
    for (int i = 0; i < 200; i++) {
        lg_group waiters = {0}, *where;
        ck_assert_ptr_null(leave_with_waiters(&waiters, &where));
        ck_assert_ptr_null(lg_group_wait(&waiters));
    }
}
END_TEST

static size_t count_inside(lg_group *group)
{
    lgi_group_lock(group);
    size_t count = group->lgi_inside;
    lgi_group_unlock(group);
    return count;
}

/* Nobody who waited touches the group once its destruction has returned. */
START_TEST(a_destroyed_group_is_touched_by_nobody)
{
    enum { WAITERS = 8 };
    for (int i = 0; i < 500; i++) {
        lg_group waiters = {0}, group = {0};
        atomic_int go_on = 0;
        lg_group_go(&group, wait_until_set, &go_on);
        for (int n = 0; n < WAITERS; n++)
            lg_group_go_with(&waiters, ((lg_go_options){.thread = n == 0}), wait_for, &group);
        while (count_inside(&group) < WAITERS)
            lg_yield();
        go_on = 1;
        lg_group_free(&group);
        memset(&group, 0xff, sizeof(group));
        ck_assert_ptr_null(lg_group_wait(&waiters));
        lg_group_free(&waiters);
    }
}
END_TEST

RUN_TESTS("wait", c9_waiting_until, of_several_who_wait_one_is_given_the_errors,
          a_group_stays_until_who_waits_for_it_has_left, a_destroyed_group_is_touched_by_nobody)
