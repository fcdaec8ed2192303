/* Tests of groups that belong to a block: however it is left, no goroutine outlives it. Rules are those of docs/rules.md. */
#include "testing/group.h"

static atomic_int alive;

static void no_longer_alive(atomic_int *count)
{
    atomic_fetch_sub(count, 1);
}

static void live_until_cancelled(lg_group *group)
{
    lg_defer(no_longer_alive, &alive);
    lg_error_free(lg_sleep_until(LG_HOUR, lg_until_group(group)));
    yield_some((unsigned)(uintptr_t)group);
}

static void live_a_while(unsigned seed)
{
    lg_defer(no_longer_alive, &alive);
    yield_some(seed);
    lg_sleep(100 * LG_MICROSECOND);
}

static void start_some(lg_group *group, bool cancelled)
{
    for (unsigned i = 0; i < 8; i++) {
        atomic_fetch_add(&alive, 1);
        const lg_go_options options = {.thread = i == 3};
        if (cancelled)
            lg_group_go_with(group, options, live_until_cancelled, group);
        else
            lg_group_go_with(group, options, live_a_while, i);
    }
}

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
    snprintf(text, sizeof(text), "%s", trace_text);
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

RUN_TESTS("group scope", g3_no_member_outlives_the_block_however_it_is_left,
          g3_errors_of_members_go_to_the_result, d13_its_place_in_the_one_reverse_order,
          p4_owner_and_members_panic_at_once,
          p5_an_uncaught_panic_of_the_owner_waits_and_is_reported,
          d12_it_is_listed_among_what_is_pending, d10_lg_exit_in_the_owner_unwinds_members_first,
          a_plain_member_runs_though_cancelled_before, pthread_exit_and_cancellation_wait_too,
          pthread_exit_in_a_goroutine_is_refused_before_anyone_knows_of_its_end,
          g3_trees_of_groups_left_at_random, g9_the_cause_comes_first_and_its_echo_is_no_error,
          g9_members_that_the_owners_failure_ends_add_nothing)
