/* Tests of groups: members, errors, cancelling, panics, waiting. Rules are those of docs/rules.md. */
#include "testing/members.h"

/* ---- G3: it waits for all, and joins errors ---- */

static void waits(void)
{
    lg_group group = {0};
    atomic_int count = 0;
    for (unsigned i = 0; i < 100; i++)
        lg_group_go(&group, yield_and_add, i, &count);
    ck_assert_ptr_null(lg_group_wait(&group));
    ck_assert_int_eq(count, 100);
    ck_assert_uint_eq(lg_group_count(&group), 0);

    /* One that has not failed can be used again. */
    lg_group_go_with(&group, ((lg_go_options){.thread = true}), add_one, &count);
    ck_assert_ptr_null(lg_group_wait(&group));
    ck_assert_int_eq(count, 101);
    ck_assert_ptr_null(lg_group_wait(&group));
    lg_group_free(&group);
}

START_TEST(g3_a_group_waits_for_all)
{
    everywhere(waits);
}
END_TEST

static void joins(void)
{
    lg_group group;
    lg_group_init(&group);
    atomic_int first = 0, second = 0;
    lg_group_go(&group, fail_later, &second, "late");
    lg_group_go(&group, fail_later, &first, "early");
    lg_group_go(&group, fail_with, (lg_error *)NULL);
    first = 1;
    while (lg_group_count(&group) > 1)
        lg_sleep(10 * LG_MICROSECOND);
    second = 1;
    lg_error *errors = lg_group_wait(&group);
    char text[64];
    lg_error_format(errors, text, sizeof(text));
    ck_assert_str_eq(text, "early; late");
    lg_error_free(errors);
    lg_group_free(&group);
}

START_TEST(g3_errors_are_joined_in_the_order_of_ending)
{
    everywhere(joins);
}
END_TEST

/* ---- G3: the first failure cancels the rest ---- */

static void cancels_rest(void)
{
    lg_group group = {0};
    for (int i = 0; i < 20; i++) {
        lg_group_go(&group, wait_for_cancel, &group);
        lg_group_go(&group, wait_silently, &group);
    }
    ck_assert(!lg_group_is_cancelled(&group));
    lg_group_go(&group, fail_with, lg_error_new("disk full"));
    lg_error *errors = lg_group_wait(&group);
    ck_assert(lg_group_is_cancelled(&group));

    /* What the others pass on says nothing new. */
    char text[64];
    lg_error_format(errors, text, sizeof(text));
    ck_assert_str_eq(text, "disk full");
    lg_error_free(errors);

    /* It stays failed and cancelled. */
    lg_error *again = lg_group_wait(&group);
    ck_assert_ptr_eq(again, &lg_error_group_failed);
    ck_assert_ptr_eq(lg_sleep_until(LG_HOUR, lg_until_group(&group)), &lg_error_cancelled);
    lg_group_free(&group);
}

START_TEST(g3_the_first_failure_cancels_the_rest)
{
    everywhere(cancels_rest);
}
END_TEST

static lg_error *wrap_cancel(lg_group *group)
{
    return lg_error_wrap(wait_for_cancel(group), "member");
}

START_TEST(a_wrapped_cancellation_is_kept)
{
    lg_group group = {0};
    lg_group_go(&group, wrap_cancel, &group);
    lg_group_go(&group, fail_with, &one_error);
    lg_error *errors = lg_group_wait(&group);
    char text[64];
    lg_error_format(errors, text, sizeof(text));
    ck_assert_str_eq(text, "one; member: cancelled");
    lg_error_free(errors);
    lg_group_free(&group);
}
END_TEST

static void cancelled_by_hand(void)
{
    lg_group group = {0};
    lg_group_go(&group, wait_silently, &group);
    lg_group_cancel(&group, NULL);
    lg_group_cancel(&group, lg_error_new("too late"));
    ck_assert_ptr_null(lg_group_wait(&group));
    lg_group_free(&group);

    /* A member that says so makes it an error, once. */
    lg_group_init(&group);
    lg_group_go(&group, wait_for_cancel, &group);
    lg_group_go(&group, wait_for_cancel, &group);
    lg_group_cancel(&group, NULL);
    lg_error *errors = lg_group_wait(&group);
    ck_assert_ptr_eq(errors, &lg_error_cancelled);
    lg_group_free(&group);

    /* The first cause wins. */
    lg_group_init(&group);
    lg_group_go(&group, wait_for_cancel, &group);
    lg_group_cancel(&group, lg_error_new("enough"));
    lg_group_cancel(&group, lg_error_new("too late"));
    errors = lg_group_wait(&group);
    ck_assert_str_eq(lg_error_message(errors), "enough");
    lg_error_free(errors);
    lg_group_free(&group);
}

START_TEST(cancelled_by_hand_the_first_cause_wins)
{
    everywhere(cancelled_by_hand);
}
END_TEST

static lg_error *select_until_cancelled(lg_group *group, lg_chan(int) numbers, atomic_int *sum)
{
    int number;
    bool ok;
    for (;;) {
        switch (lg_select(lg_case_recv(numbers, &number, &ok), lg_case_group(group))) {
        case 0: atomic_fetch_add(sum, number); break;
        default: return NULL;
        }
    }
}

static void selects(void)
{
    lg_chan(int) numbers = lg_chan_make(int, 0);
    lg_defer(lg_chan_unref, numbers);
    lg_group group = {0};
    atomic_int sum = 0;
    for (int i = 0; i < 4; i++)
        lg_group_go_with(&group, ((lg_go_options){.thread = i == 0}), select_until_cancelled,
                         &group, numbers, &sum);
    for (int i = 1; i <= 100; i++)
        lg_chan_send(numbers, i);
    lg_group_cancel(&group, NULL);
    ck_assert_ptr_null(lg_group_wait(&group));
    ck_assert_int_eq(sum, 5050);
    lg_group_free(&group);
}

START_TEST(c9_a_select_sees_that_the_group_is_cancelled)
{
    everywhere(selects);
}
END_TEST

/* ---- destroying ---- */

struct server {
    lg_group handlers;
    atomic_int handled;
};

static void handle(struct server *server)
{
    lg_error_free(wait_for_cancel(&server->handlers));
    add_one(&server->handled);
}

static void destroys(void)
{
    struct server *server = calloc(1, sizeof(*server));
    for (int i = 0; i < 10; i++)
        lg_group_go(&server->handlers, handle, server);
    lg_group_cancel(&server->handlers, lg_error_new("nobody will take it"));
    lg_group_free(&server->handlers);
    ck_assert_int_eq(server->handled, 10);

    lg_group_init(&server->handlers);
    lg_group_go(&server->handlers, handle, server);
    lg_group_free(&server->handlers);
    ck_assert_int_eq(server->handled, 11);
    free(server);
    lg_group_free(NULL);
}

START_TEST(destroying_cancels_and_waits)
{
    everywhere(destroys);
}
END_TEST

/* ---- misuse ---- */

static void null_function(void *how)
{
    lg_group group = {0};
    void (*none)(void) = NULL;
    void (*owned)(const char *) = NULL;
    if (how)
        lg_group_go_owned(&group, owned, "dropped", tell);
    else
        lg_group_go(&group, none);
}

START_TEST(d9_a_null_function_panics_at_once)
{
    struct outcome *outcome = in_child(null_function, NULL);
    expect_status(outcome, 2);
    expect_in_err(outcome, "panic: goroutine of a NULL function");
    outcome = in_child(null_function, &outcome); /* G4 */
    expect_status(outcome, 2);
    expect_out(outcome, "dropped ");
}
END_TEST

/* ---- many ---- */

static lg_error *fail_sometimes(unsigned i, atomic_int *count)
{
    yield_and_add(i, count);
    if (i % 1000 == 0)
        return lg_error_newf("%u", i);
    if (i % 1000 == 1)
        lg_panic("%u", i);
    if (i % 1000 == 2)
        lg_goexit();
    return NULL;
}

static void ten_thousand(void)
{
    lg_group group = {0};
    atomic_int count = 0;
    for (unsigned i = 0; i < 10000; i++)
        lg_group_go(&group, fail_sometimes, i, &count);
    lg_error *errors = lg_group_wait(&group);
    ck_assert_int_eq(count, 10000);
    int failed = 0;
    lg_error_cursor cursor = lg_error_children(errors);
    while (lg_error_next(&cursor))
        failed++;
    ck_assert_int_eq(failed, 20);
    lg_error_free(errors);
    lg_group_free(&group);
}

START_TEST(ten_thousand_members)
{
    for (unsigned workers = 1; workers <= 8; workers = workers == 1 ? 2 : workers * 4) {
        ck_assert_ptr_null(lg_set_workers(workers));
        ten_thousand();
        lg_group group = {0};
        lg_group_go(&group, call_directly, ten_thousand);
        ck_assert_ptr_null(lg_group_wait(&group));
    }
}
END_TEST

RUN_TESTS("group", g3_a_group_waits_for_all, g3_errors_are_joined_in_the_order_of_ending,
          g3_the_first_failure_cancels_the_rest, a_wrapped_cancellation_is_kept,
          cancelled_by_hand_the_first_cause_wins, c9_a_select_sees_that_the_group_is_cancelled,
          destroying_cancels_and_waits, d9_a_null_function_panics_at_once, ten_thousand_members)
