/* Tests of groups with many errors. Rules are those of docs/rules.md. */
#include "testing/group.h"

#include "group/member.h"
#include "sched/lock.h"

/* ---- many errors ---- */

static void expect_text(lg_error *err, const char *expected)
{
    char text[128];
    lg_error_format(err, text, sizeof(text));
    ck_assert_str_eq(text, expected);
    lg_error_free(err);
}

static lg_error *fail_by_number(int number)
{
    return lg_error_newf("number %d", number);
}

static void fail_for_long(void)
{
    enum { MANY = 1000 };
    lg_group group = {0};
    for (int i = 0; i < MANY; i++)
        lg_group_go(&group, fail_by_number, i);
    lg_error *errors = lg_group_wait(&group);
    const char *last = NULL;
    size_t count = 0;
    lg_error_cursor cursor = lg_error_children(errors);
    for (const lg_error *child; (child = lg_error_next(&cursor)) != NULL; count++)
        last = lg_error_message(child);
    ck_assert_uint_eq(count, LGI_GROUP_KEPT + 1);
    char expected[64];
    snprintf(expected, sizeof(expected), "and %d more errors", MANY - LGI_GROUP_KEPT);
    ck_assert_str_eq(last, expected);
    lg_error_free(errors);
    lg_group_free(&group);
}

START_TEST(g3_the_first_errors_are_kept_and_the_others_counted)
{
    everywhere(fail_for_long);
}
END_TEST

static lg_group other_group;

static void fail_the_other(void *payload)
{
    (void)payload;
    lg_group_cancel(&other_group, lg_error_new("freed"));
}

static lg_error *fail_with_payload(void)
{
    static const lg_error_kind kind = {.name = "test", .free = fail_the_other};
    return lg_error_new_kind(&kind, &other_group, "with a payload");
}

START_TEST(freeing_an_error_that_is_not_kept_may_use_groups)
{
    lg_group group = {0};
    for (int i = 0; i < LGI_GROUP_KEPT + 1; i++)
        lg_group_go(&group, fail_with_payload);
    lg_error_free(lg_group_wait(&group));
    expect_text(lg_group_wait(&other_group), "freed");
    lg_group_free(&group);
    lg_group_free(&other_group);
}
END_TEST

static void fail_once_more(void)
{
    lg_group group = {0};
    lg_group_go(&group, fail_by_number, 1);
    expect_text(lg_group_wait(&group), "number 1");
    lg_group_go(&group, fail_by_number, 2);
    expect_text(lg_group_wait(&group), "number 2");
    lg_group_go(&group, fail_by_number, 3);
    expect_text(lg_group_wait_until(&group, lg_until_timeout(LG_MINUTE)), "number 3");
    lg_group_free(&group);
}

START_TEST(g3_a_failure_after_one_that_was_taken_is_not_lost)
{
    everywhere(fail_once_more);
}
END_TEST

static lg_error *fail_late(void)
{
    return &lg_error_deadline_exceeded;
}

START_TEST(c9_a_members_deadline_is_not_taken_for_the_waits)
{
    lg_group group = {0};
    lg_group_go(&group, fail_late);
    lg_error *err = lg_group_wait_until(&group, lg_until_timeout(LG_MINUTE));
    ck_assert_ptr_ne(err, &lg_error_deadline_exceeded);
    ck_assert(lg_error_is(err, &lg_error_deadline_exceeded));
    lg_error_free(err);
    lg_group_free(&group);
}
END_TEST

RUN_TESTS("errors", g3_the_first_errors_are_kept_and_the_others_counted,
          freeing_an_error_that_is_not_kept_may_use_groups,
          g3_a_failure_after_one_that_was_taken_is_not_lost,
          c9_a_members_deadline_is_not_taken_for_the_waits)
