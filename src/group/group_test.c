/* Tests of groups: members, errors, cancelling, panics, waiting. Rules are those of docs/rules.md. */
#include "testing/group.h"

#include "group/member.h"
#include "sched/lock.h"

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

static lg_error *fail_later(atomic_int *after, const char *message)
{
    wait_until_set(after);
    return lg_error_new(message);
}

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

/* ---- panics ---- */

static void __attribute__((noinline)) deep_inside(int number)
{
    lg_panic("number %d", number);
}

static lg_error *panic_deep(int number, atomic_int *cleaned)
{
    lg_func (lg_error *, err) {
        lg_defer(add_one, cleaned);
        yield_some((unsigned)number);
        deep_inside(number);
        lg_return(NULL);
    }
}

static char *tree_text(const lg_error *error)
{
    char *text = NULL;
    size_t size;
    FILE *file = open_memstream(&text, &size);
    lg_error_print_tree(error, file);
    fclose(file);
    return text;
}

static void panic_in_member(void)
{
    lg_group group = {0};
    atomic_int cleaned = 0;
    lg_group_go_with(&group, ((lg_go_options){.name = "digger"}), panic_deep, 7, &cleaned);
    lg_error *errors = lg_group_wait(&group);
    ck_assert_int_eq(cleaned, 1);
    ck_assert_ptr_nonnull(errors);
    ck_assert_str_eq(lg_error_message(errors), "panic: number 7");
    ck_assert_ptr_nonnull(lg_error_as(errors, &lg_panic_kind));
    ck_assert_str_eq(strrchr(lg_error_file(errors), '/') + 1, "group_test.c");
    char *text = tree_text(errors);
    ck_assert_ptr_nonnull(strstr(text, "panic: number 7 ("));
    ck_assert_ptr_nonnull(strstr(text, "group_test.c"));
    ck_assert_ptr_nonnull(strstr(text, ", panic)\n    in goroutine "));
    ck_assert_ptr_nonnull(strstr(text, ", digger, started at "));
    ck_assert_ptr_nonnull(strstr(text, "\n    deferred calls that it ran, first to last:\n"
                                       "        add_one(cleaned)  "));
    ck_assert_ptr_nonnull(strstr(text, "\n    stack:\n        "));
    ck_assert_ptr_nonnull(strstr(text, "deep_inside"));
    ck_assert_ptr_nonnull(strstr(text, "panic_deep"));
    free(text);
    lg_error_free(errors);
    lg_group_free(&group);
}

START_TEST(g3_a_panic_becomes_an_error_with_its_trace)
{
    everywhere(panic_in_member);
}
END_TEST

static lg_error *panic_with_error(lg_error *error)
{
    lg_panic_with_error(error);
}

START_TEST(the_error_of_a_panic_is_its_cause)
{
    lg_group group = {0};
    lg_group_go(&group, panic_with_error, &one_error);
    lg_error *errors = lg_group_wait(&group);
    ck_assert(lg_error_is(errors, &one_error));
    char text[64];
    lg_error_format(errors, text, sizeof(text));
    ck_assert_str_eq(text, "panic: one");
    lg_error_free(errors);
    lg_group_free(&group);
}
END_TEST

static lg_error *abandon_and_replace(void)
{
    lg_func (lg_error *, err) {
        lg_defer(panic_with, "second");
        err = lg_error_new("half done");
        lg_panic("first\x1b[2J");
    }
}

START_TEST(p4_the_trace_has_the_whole_chain_and_what_was_abandoned)
{
    lg_group group = {0};
    lg_group_go(&group, abandon_and_replace);
    lg_error *errors = lg_group_wait(&group);
    ck_assert_str_eq(lg_error_message(errors), "panic: second");
    char *text = tree_text(errors);
    ck_assert_ptr_nonnull(strstr(text, "    panic: first\\x1b[2J\n            at "));
    ck_assert_ptr_nonnull(strstr(text, "        then panic: second\n"));
    ck_assert_ptr_nonnull(strstr(text, "abandoned by it: half done\n"));
    free(text);
    lg_error_free(errors);
    lg_group_free(&group);
}
END_TEST

static void many_panics(void)
{
    enum { MANY = 200 };
    lg_group group = {0};
    atomic_int cleaned = 0;
    for (int i = 0; i < MANY; i++)
        lg_group_go(&group, panic_deep, i, &cleaned);
    lg_error *errors = lg_group_wait(&group);
    ck_assert_int_eq(cleaned, MANY);
    bool seen[MANY] = {false};
    int count = 0;
    lg_error_cursor cursor = lg_error_children(errors);
    for (const lg_error *child; (child = lg_error_next(&cursor)) != NULL; count++) {
        long number = strtol(lg_error_message(child) + strlen("panic: number "), NULL, 10);
        ck_assert(number >= 0 && number < MANY);
        ck_assert(!seen[number]);
        seen[number] = true;
    }
    ck_assert_int_eq(count, MANY);
    lg_error_free(errors);
    lg_group_free(&group);
}

START_TEST(g3_panics_in_many_members_at_once)
{
    everywhere(many_panics);
}
END_TEST

static void panic_that_exits(void *thread)
{
    lg_group group = {0};
    lg_group_set_panic_policy(&group, LG_GROUP_PANIC_EXITS);
    lg_group_go_with(&group, ((lg_go_options){.thread = thread != NULL}), panic_with, "too much");
    lg_error *errors = lg_group_wait(&group); /* does not return: the report would be cut off */
    (void)errors;
    tell("returned");
    _exit(0);
}

START_TEST(p8_a_panic_ends_the_process_if_asked)
{
    for (int i = 0; i < 20; i++) {
        struct outcome *outcome = in_child(panic_that_exits, i % 2 ? &i : NULL);
        expect_status(outcome, 2);
        expect_in_err(outcome, "panic: too much");
        expect_in_err(outcome, "panic_with");
        expect_out(outcome, "");
    }
}
END_TEST

/* ---- goexit and exit in a member ---- */

static lg_error *goexit_member(atomic_int *cleaned)
{
    lg_func (lg_error *, err) {
        lg_defer(add_one, cleaned);
        lg_goexit();
        lg_return(&one_error);
    }
}

static void panic_in_goexit(atomic_int *cleaned)
{
    lg_defer(add_one, cleaned);
    lg_defer(panic_with, "while leaving");
    lg_goexit();
}

static void goexits(void)
{
    lg_group group = {0};
    atomic_int cleaned = 0;
    for (int how = 0; how < 4; how++) {
        lg_group_set_panic_policy(&group, how % 2 ? LG_GROUP_PANIC_FAILS : LG_GROUP_PANIC_EXITS);
        lg_group_go_with(&group, ((lg_go_options){.thread = how >= 2}), goexit_member, &cleaned);
        ck_assert_ptr_null(lg_group_wait(&group));
        ck_assert_int_eq(cleaned, how + 1);
    }
    lg_group_go(&group, panic_in_goexit, &cleaned);
    lg_error *errors = lg_group_wait(&group);
    ck_assert_str_eq(lg_error_message(errors), "panic: while leaving");
    lg_error_free(errors);
    lg_group_free(&group);
}

START_TEST(p6_a_member_that_ends_by_goexit_has_not_failed)
{
    everywhere(goexits);
}
END_TEST

static void exit_member(atomic_int *cleaned)
{
    lg_defer(tell, "cleaned");
    (void)cleaned;
    lg_exit(7);
}

static void exit_in_member(void *how)
{
    int number = *(int *)how;
    lg_error *err = NULL;
    lg_group_scope(group, &err);
    if (number % 2)
        lg_group_set_panic_policy(&group, LG_GROUP_PANIC_EXITS);
    lg_group_go_with(&group, ((lg_go_options){.thread = number >= 2}), exit_member,
                     (atomic_int *)NULL);
    if (number % 3 == 0)
        err = lg_group_wait(&group);
    else if (number % 3 == 1)
        err = lg_group_wait_until(&group, lg_until_timeout(LG_HOUR));
    else
        return;
    tell("returned");
    exit(0);
}

START_TEST(d10_lg_exit_in_a_member_unwinds_it_and_exits)
{
    for (int how = 0; how < 12; how++) {
        int number = how % 4;
        struct outcome *outcome = in_child(exit_in_member, &number);
        expect_status(outcome, 7);
        expect_out(outcome, "cleaned ");
    }
}
END_TEST

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
    lgi_lock(&group->lgi_lock);
    size_t count = group->lgi_inside;
    lgi_unlock(&group->lgi_lock);
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
            "panic: a member of a group waits for the group, and so for itself: leave that to "
            "who started it");
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

RUN_TESTS("group", g3_a_group_waits_for_all, g3_errors_are_joined_in_the_order_of_ending,
          g3_the_first_failure_cancels_the_rest, a_wrapped_cancellation_is_kept,
          cancelled_by_hand_the_first_cause_wins, c9_a_select_sees_that_the_group_is_cancelled,
          g3_a_panic_becomes_an_error_with_its_trace, the_error_of_a_panic_is_its_cause,
          p4_the_trace_has_the_whole_chain_and_what_was_abandoned,
          g3_panics_in_many_members_at_once, p8_a_panic_ends_the_process_if_asked,
          p6_a_member_that_ends_by_goexit_has_not_failed,
          d10_lg_exit_in_a_member_unwinds_it_and_exits, c9_waiting_until,
          of_several_who_wait_one_is_given_the_errors,
          a_group_stays_until_who_waits_for_it_has_left, a_destroyed_group_is_touched_by_nobody,
          a_member_starts_others, groups_in_groups, waiting_for_oneself_panics,
          waiting_for_another_group_in_a_member_is_allowed, destroying_cancels_and_waits,
          d9_a_null_function_panics_at_once, ten_thousand_members,
          g3_the_first_errors_are_kept_and_the_others_counted,
          freeing_an_error_that_is_not_kept_may_use_groups,
          g3_a_failure_after_one_that_was_taken_is_not_lost,
          c9_a_members_deadline_is_not_taken_for_the_waits)
