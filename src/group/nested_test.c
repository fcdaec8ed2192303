/* Tests of members that start members, and of groups in groups. Rules are those of docs/rules.md. */
#include "testing/group.h"

#include "group/member.h"
#include "sched/lock.h"

static lg_error *wait_for(lg_group *group)
{
    return lg_group_wait(group);
}

/* ---- members that start members, groups in groups ---- */

static void start_more(lg_group *group, int levels, atomic_int *count)
{
    atomic_fetch_add(count, 1);
    if (levels == 0)
        return;
    lg_group_go(group, start_more, group, levels - 1, count);
    lg_group_go(group, start_more, group, levels - 1, count);
}

static void members_start_members(void)
{
    lg_group group = {0};
    atomic_int count = 0;
    lg_group_go(&group, start_more, &group, 7, &count);
    ck_assert_ptr_null(lg_group_wait(&group));
    ck_assert_int_eq(count, 255);
    lg_group_free(&group);
}

START_TEST(a_member_starts_others)
{
    everywhere(members_start_members);
}
END_TEST

static lg_error *nest(int levels, atomic_int *count)
{
    lg_func (lg_error *, err) {
        lg_group_scope(group, &err);
        add_one(count);
        if (levels > 0) {
            lg_group_go(&group, nest, levels - 1, count);
            lg_group_go(&group, nest, levels - 1, count);
        } else {
            lg_return(lg_error_newf("leaf"));
        }
        lg_return(NULL);
    }
}

static void nested(void)
{
    atomic_int count = 0;
    lg_error *errors = nest(5, &count);
    ck_assert_int_eq(count, 63);
    int leaves = 0;
    lg_error_cursor cursor = lg_error_children(errors);
    while (lg_error_next(&cursor))
        leaves++;
    ck_assert_int_eq(leaves, 32);
    lg_error_free(errors);
}

START_TEST(groups_in_groups)
{
    everywhere(nested);
}
END_TEST

static void destroy(lg_group *group)
{
    lg_group_free(group);
}

static void wait_within(lg_group *group)
{
    lg_error_free(lg_group_wait_until(group, lg_until_timeout(LG_MINUTE)));
}

static lg_error *wait_in_inner(lg_group *outer)
{
    lg_func (lg_error *, err) {
        lg_group_scope(inner, &err);
        lg_group_go(&inner, wait_for, outer);
        lg_return(NULL);
    }
}

static lg_error *wait_in_thread(lg_group *outer)
{
    lg_func (lg_error *, err) {
        lg_group_scope(inner, &err);
        lg_group_go_with(&inner, ((lg_go_options){.thread = true}), wait_for, outer);
        lg_return(NULL);
    }
}

static void wait_for_self(void)
{
    lg_group group;
    for (int how = 0; how < 5; how++) {
        lg_group_init(&group);
        switch (how) {
        case 0: lg_group_go(&group, wait_for, &group); break;
        case 1: lg_group_go(&group, wait_within, &group); break;
        case 2: lg_group_go(&group, destroy, &group); break;
        case 3: lg_group_go(&group, wait_in_inner, &group); break;
        default: lg_group_go(&group, wait_in_thread, &group); break;
        }
        lg_error *errors = lg_group_wait(&group);
        ck_assert_str_eq(
            lg_error_message(errors),
            "panic: a member of a group waits for the group, and so for itself: wait where the "
            "group was made");
        lg_error_free(errors);
        lg_group_free(&group);
    }
}

START_TEST(waiting_for_oneself_panics)
{
    everywhere(wait_for_self);
}
END_TEST

static lg_error *inner_of_other(lg_group *group)
{
    lg_func (lg_error *, err) {
        lg_group_scope(inner, &err);
        lg_group_go(&inner, wait_for, group);
        lg_return(NULL);
    }
}

START_TEST(waiting_for_another_group_in_a_member_is_allowed)
{
    lg_group group = {0}, other = {0};
    atomic_int go_on = 0;
    lg_group_go(&other, wait_until_set, &go_on);
    lg_group_go(&group, wait_for, &other);
    lg_group_go(&group, inner_of_other, &other);
    go_on = 1;
    ck_assert_ptr_null(lg_group_wait(&group));
    lg_group_free(&group);
    lg_group_free(&other);
}
END_TEST

RUN_TESTS("nested", a_member_starts_others, groups_in_groups, waiting_for_oneself_panics,
          waiting_for_another_group_in_a_member_is_allowed)
