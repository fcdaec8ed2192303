/* Tests of lg_group_scope when its owner panics, exits, or is ended from outside. Rules are those of docs/rules.md. */
#include "testing/scope_members.h"

/* ---- panics of the owner, of members, of deferred calls around ---- */

static void panic_when_cancelled(lg_group *group)
{
    lg_error_free(lg_sleep_until(LG_HOUR, lg_until_group(group)));
    lg_panic("member");
}

static lg_error *both_panic(void)
{
    lg_func_recovers (lg_error *, err) {
        lg_defer_recover(stop);
        lg_group_scope(group, &err);
        for (int i = 0; i < 10; i++)
            lg_group_go(&group, panic_when_cancelled, &group);
        lg_defer(panic_with, "second");
        lg_panic("first");
    }
}

static void both(void)
{
    lg_error *err = both_panic();
    expect_trace("stopped: second");
    int count = 0;
    lg_error_cursor cursor = lg_error_children(err);
    for (const lg_error *child; (child = lg_error_next(&cursor)) != NULL; count++)
        ck_assert_str_eq(lg_error_message(child), "panic: member");
    ck_assert_int_eq(count, 10);
    lg_error_free(err);
}

START_TEST(p4_owner_and_members_panic_at_once)
{
    everywhere(both);
}
END_TEST

static void uncaught_owner(void *unused)
{
    (void)unused;
    lg_error *err = NULL;
    lg_group_scope(group, &err);
    lg_group_go(&group, live_until_cancelled, &group);
    atomic_fetch_add(&alive, 1);
    lg_panic("owner");
}

START_TEST(p5_an_uncaught_panic_of_the_owner_waits_and_is_reported)
{
    struct outcome *outcome = in_child(uncaught_owner, NULL);
    expect_status(outcome, 2);
    expect_in_err(outcome, "panic: owner");
    expect_in_err(outcome, "lg_group_scope(group)");
}
END_TEST

static void pending_text(char *text)
{
    lg_error *err = NULL;
    lg_group_scope(group, &err);
    FILE *file = fmemopen(text, 256, "w");
    lg_pending_print(file);
    fclose(file);
}

START_TEST(d12_it_is_listed_among_what_is_pending)
{
    char text[256] = "";
    pending_text(text);
    ck_assert_ptr_nonnull(strstr(text, "lg_group_scope(group)"));
}
END_TEST

/* ---- lg_exit in the owner ---- */

static atomic_int has_begun;

static void tell_when_cancelled(lg_group *group)
{
    lg_defer(tell, "member");
    has_begun = 1;
    lg_error_free(lg_sleep_until(LG_HOUR, lg_until_group(group)));
}

static void exit_in_owner(void *status)
{
    lg_defer(tell, "owner");
    lg_group_scope(group, NULL);
    lg_group_go(&group, tell_when_cancelled, &group);
    wait_until_set(&has_begun);
    lg_exit(*(int *)status);
}

START_TEST(d10_lg_exit_in_the_owner_unwinds_members_first)
{
    int status = 5;
    struct outcome *outcome = in_child(exit_in_owner, &status);
    expect_status(outcome, 5);
    expect_out(outcome, "member owner ");
}
END_TEST

/* ---- not started yet: runs all the same ---- */

static lg_error *fails_at_once(atomic_int *count)
{
    lg_func (lg_error *, err) {
        lg_group_scope(group, &err);
        for (unsigned i = 0; i < 50; i++)
            lg_group_go(&group, add_one, count);
        lg_return(lg_error_new("failed"));
    }
}

static void not_started(void)
{
    atomic_int count = 0;
    lg_error_free(fails_at_once(&count));
    ck_assert_int_eq(count, 50);
}

START_TEST(a_plain_member_runs_though_cancelled_before)
{
    everywhere(not_started);
}
END_TEST

/* ---- foreign ends ---- */

static void *exits_as_thread(void *unused)
{
    (void)unused;
    lg_group_scope(group, NULL);
    start_some(&group, false);
    pthread_exit(NULL);
}

static void *is_cancelled(void *unused)
{
    (void)unused;
    lg_group_scope(group, NULL);
    start_some(&group, false);
    pthread_cancel(pthread_self());
    pthread_testcancel();
    return NULL;
}

START_TEST(pthread_exit_and_cancellation_wait_too)
{
    for (int i = 0; i < 20; i++) {
        pthread_t thread;
        ck_assert_int_eq(
            pthread_create(&thread, NULL, i % 2 ? exits_as_thread : is_cancelled, NULL), 0);
        ck_assert_int_eq(pthread_join(thread, NULL), 0);
        ck_assert_int_eq(alive, 0);
    }
}
END_TEST

/* Whoever waits for the goroutine is not told of its end: the process ends with the report. */
static void ends_its_thread(void)
{
    pthread_exit(NULL);
}

static void waits_for_member(void)
{
    lg_group_scope(group, NULL);
    lg_group_go(&group, ends_its_thread);
}

static void waits_in_group(void)
{
    lg_waitgroup group = LG_WAITGROUP_INIT;
    lg_waitgroup_go(&group, ends_its_thread);
    lg_waitgroup_wait(&group);
}

static void waits_for_function_of_context(void)
{
    lg_context *ctx = lg_context_with_cancel(lg_context_background());
    lg_context_func func = lg_context_on_done(ctx, ends_its_thread);
    lg_context_free(ctx);
    lg_context_func_stop_and_wait(&func);
}

static void (*const waits[])(void) = {waits_for_member, waits_in_group,
                                      waits_for_function_of_context};

static void waits_and_exits(void *which)
{
    waits[*(int *)which]();
    _exit(0);
}

START_TEST(pthread_exit_in_a_goroutine_is_refused_before_anyone_knows_of_its_end)
{
#ifndef HAS_TSAN /* it ends the process there already */
    for (int i = 0; i < 30; i++) {
        int which = i % 3;
        struct outcome *outcome = in_child(waits_and_exits, &which);
        expect_status(outcome, 2);
        expect_in_err(outcome, "pthread_exit in a goroutine");
    }
#else
    (void)waits_and_exits;
#endif
}
END_TEST

/* ---- many, left at random ---- */

static lg_error *tree(unsigned seed, int levels, atomic_int *count)
{
    lg_func (lg_error *, err) {
        atomic_fetch_add(count, 1);
        lg_defer(no_longer_alive, count);
        lg_group_scope(group, &err);
        for (unsigned i = 0; i < 4 && levels > 0; i++) {
            lg_group_go(&group, tree, seed * 31 + i + 1, levels - 1, count);
            yield_some(seed + i);
        }
        switch (seed * 2654435761U >> 27) {
        case 0: lg_panic("%u", seed);
        case 1: lg_goexit();
        case 2: lg_return(lg_error_newf("%u", seed));
        case 3: lg_return(lg_group_wait(&group));
        case 4: lg_group_cancel(&group, NULL); break;
        default: lg_sleep(LG_NANOSECOND * (seed % 1000)); break;
        }
        lg_return(NULL);
    }
}

static void forest(void)
{
    atomic_int count = 0;
    lg_group group = {0};
    for (unsigned seed = 0; seed < 10; seed++)
        lg_group_go(&group, tree, seed * 7919, 4, &count);
    lg_error_free(lg_group_wait(&group));
    ck_assert_int_eq(count, 0);
    lg_group_free(&group);
}

START_TEST(g3_trees_of_groups_left_at_random)
{
    everywhere(forest);
}
END_TEST

RUN_TESTS("scope_exit", p4_owner_and_members_panic_at_once,
          p5_an_uncaught_panic_of_the_owner_waits_and_is_reported,
          d12_it_is_listed_among_what_is_pending, d10_lg_exit_in_the_owner_unwinds_members_first,
          a_plain_member_runs_though_cancelled_before, pthread_exit_and_cancellation_wait_too,
          pthread_exit_in_a_goroutine_is_refused_before_anyone_knows_of_its_end,
          g3_trees_of_groups_left_at_random)
