/* Tests of groups that belong to a block: however it is left, no goroutine outlives it. Rules are those of docs/rules.md. */
#include "testing/scope_members.h"

/* ---- G3: every way out ---- */

enum way {
    RUN_OFF,
    BREAK,
    CONTINUE,
    GOTO,
    PLAIN_RETURN,
    LG_RETURN,
    WITH_ERROR, /* not a normal way, nor are those behind */
    PANIC,
    GOEXIT,
    WAYS
};

static lg_error *leave(enum way way)
{
    lg_func_recovers (lg_error *, err) {
        lg_defer_recover(stop);
        for (int pass = 0; pass < 2; pass++) {
            lg_group_scope(group, &err);
            start_some(&group, way >= WITH_ERROR);
            switch (way) {
            case BREAK: break;
            case CONTINUE: continue;
            case GOTO: goto out;
            case PLAIN_RETURN: return NULL;
            case LG_RETURN: lg_return(NULL);
            case WITH_ERROR: lg_return(lg_error_new("failed"));
            case PANIC: lg_panic("stop");
            case GOEXIT: lg_goexit();
            default: break;
            }
            if (way == BREAK)
                break;
        }
        ck_assert_int_eq(alive, 0);
    out:
        ck_assert_int_eq(alive, 0);
    }
}

static void leave_by_goexit(void)
{
    lg_error *err = leave(GOEXIT);
    ck_abort_msg("not reached: %p", (void *)err);
}

static void every_way(void)
{
    for (enum way way = RUN_OFF; way < GOEXIT; way++) {
        lg_error *err = leave(way);
        ck_assert_int_eq(alive, 0);
        if (way == WITH_ERROR) {
            ck_assert_str_eq(lg_error_message(err), "failed");
            lg_error_free(err);
        } else {
            ck_assert_ptr_null(err);
        }
    }
    trace_text[0] = '\0';
    lg_group group = {0};
    lg_group_go(&group, leave_by_goexit);
    lg_group_go_with(&group, ((lg_go_options){.thread = true}), leave_by_goexit);
    ck_assert_ptr_null(lg_group_wait(&group));
    ck_assert_int_eq(alive, 0);
}

START_TEST(g3_no_member_outlives_the_block_however_it_is_left)
{
    everywhere(every_way);
}
END_TEST

/* ---- errors go to the result ---- */

static lg_error *collect(lg_error *own)
{
    lg_func (lg_error *, err) {
        lg_group_scope(group, &err);
        lg_group_go(&group, fail_with, lg_error_new("member"));
        lg_return(own);
    }
}

static void expect_text(lg_error *err, const char *expected)
{
    char text[128];
    lg_error_format(err, text, sizeof(text));
    ck_assert_str_eq(text, expected);
    lg_error_free(err);
}

static lg_error *wait_inside(void)
{
    lg_func (lg_error *, err) {
        lg_group_scope(group, &err);
        lg_group_go(&group, fail_with, lg_error_new("member"));
        lg_return(lg_error_wrap(lg_group_wait(&group), "waited"));
    }
}

static lg_error *dropped_errors(void)
{
    lg_func (lg_error *, err) {
        lg_group_scope(group, NULL);
        lg_group_go(&group, fail_with, lg_error_new("member"));
        lg_return(NULL);
    }
}

static lg_error *recovered(void)
{
    lg_func_recovers (lg_error *, err) {
        lg_defer_recover(stop);
        lg_group_scope(group, &err);
        lg_group_go(&group, fail_with, lg_error_new("member"));
        lg_panic("owner");
    }
}

static lg_error *taken_by_another(void)
{
    lg_func (lg_error *, err) {
        lg_group waiters = {0};
        lg_group_scope(group, &err);
        lg_group_go(&group, fail_with, lg_error_new("member"));
        while (lg_group_count(&group) > 0)
            lg_yield();
        lg_group_go_with(&waiters, ((lg_go_options){.thread = true}), lg_group_wait, &group);
        lg_error *taken = lg_group_wait(&waiters);
        ck_assert_str_eq(lg_error_message(taken), "member");
        lg_error_free(taken);
        lg_return(NULL);
    }
}

static void errors_go_to_the_result(void)
{
    expect_text(collect(NULL), "member");
    expect_text(collect(lg_error_new("own")), "own; member");
    expect_text(wait_inside(), "waited: member");
    expect_text(dropped_errors(), "no error");
    expect_text(recovered(), "member");
    expect_text(taken_by_another(), "a member of the group failed");
    trace_text[0] = '\0';
}

START_TEST(g3_errors_of_members_go_to_the_result)
{
    everywhere(errors_go_to_the_result);
}
END_TEST

/* ---- D13: its place in the reverse order ---- */

static void note_if_alone(const char *word)
{
    note(word);
    note_number(alive);
}

static void member_notes(lg_group *group)
{
    lg_defer(no_longer_alive, &alive);
    lg_error_free(lg_sleep_until(LG_HOUR, lg_until_group(group)));
    note("member");
}

static void in_order(bool panics)
{
    lg_func_recovers_void {
        lg_defer_recover(stop);
        lg_defer(note_if_alone, "before");
        FOREIGN(before, "foreign-before");
        lg_group_scope(group, NULL);
        FOREIGN(after, "foreign-after");
        lg_defer(note_if_alone, "after");
        atomic_fetch_add(&alive, 1);
        lg_group_go(&group, member_notes, &group);
        if (panics)
            lg_panic("now");
        lg_group_cancel(&group, NULL);
        while (alive > 0)
            lg_yield();
        atomic_fetch_add(&alive, 1);
        lg_group_go(&group, member_notes, &group);
    }
}

static void order(void)
{
    trace_text[0] = '\0';
    in_order(true);
    expect_trace("after 1 foreign-after member foreign-before before 0 stopped: now");
    in_order(false);
    char text[128];
    snprintf(text, sizeof(text), "%.*s", (int)sizeof(text) - 1, trace_text);
    trace_text[0] = '\0';
    /* The second member runs before, while or after the deferred calls above it: but before those below. */
    ck_assert_ptr_nonnull(strstr(text, "foreign-before before 0"));
    ck_assert_int_eq(occurrences(text, "member"), 2);
    ck_assert(strstr(strstr(text, "member") + 1, "member") < strstr(text, "foreign-before"));
}

START_TEST(d13_its_place_in_the_one_reverse_order)
{
    everywhere(order);
}
END_TEST

/* ---- the cause comes first ---- */

static lg_error *wait_for_the_failure(lg_error *(*answer)(lg_error *error))
{
    lg_func (lg_error *, err) {
        lg_group_scope(group, &err);
        lg_group_go(&group, fail_with, lg_error_new("the cause"));
        lg_return(answer(lg_sleep_until(LG_HOUR, lg_until_group(&group))));
    }
}

static lg_error *as_it_is(lg_error *error)
{
    return error;
}

static lg_error *wrapped(lg_error *error)
{
    return lg_error_wrap(error, "sleep");
}

static lg_error *otherwise(lg_error *error)
{
    lg_error_free(error);
    return lg_error_new("own");
}

static void owner_answers(void)
{
    expect_text(wait_for_the_failure(as_it_is), "the cause");
    expect_text(wait_for_the_failure(wrapped), "the cause; sleep: cancelled");
    expect_text(wait_for_the_failure(otherwise), "own; the cause");
}

START_TEST(g9_the_cause_comes_first_and_its_echo_is_no_error)
{
    everywhere(owner_answers);
}
END_TEST

static lg_error *wait_cancelled(lg_group *group)
{
    return lg_sleep_until(LG_HOUR, lg_until_group(group));
}

static lg_error *fail_as_owner(void)
{
    lg_func (lg_error *, err) {
        lg_group_scope(group, &err);
        lg_group_go(&group, wait_cancelled, &group);
        lg_group_go_with(&group, ((lg_go_options){.thread = true}), wait_cancelled, &group);
        lg_return(lg_error_new("own"));
    }
}

static void owner_fails_first(void)
{
    expect_text(fail_as_owner(), "own");
}

START_TEST(g9_members_that_the_owners_failure_ends_add_nothing)
{
    everywhere(owner_fails_first);
}
END_TEST

RUN_TESTS("scope", g3_no_member_outlives_the_block_however_it_is_left,
          g3_errors_of_members_go_to_the_result, d13_its_place_in_the_one_reverse_order,
          g9_the_cause_comes_first_and_its_echo_is_no_error,
          g9_members_that_the_owners_failure_ends_add_nothing)
