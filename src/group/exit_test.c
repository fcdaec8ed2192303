/* Tests of lg_exit and groups: what has started is unwound, members before who waits for them; what has not is dropped.
 * Rules are those of docs/rules.md. */
#include "testing/group.h"

#include "sched/runtime.h"
#include "time/clock.h"

static void tell_dropped(const char *word)
{
    tell(word);
}

static void never_called(const char *word)
{
    (void)word;
    tell("called");
}

static atomic_int ready;

static void wait_for_ready(int count)
{
    while (ready < count)
        lg_sleep(50 * LG_MICROSECOND);
    lg_sleep(10 * LG_MILLISECOND); /* now they wait */
}

/* ---- G4: not started ---- */

/* The starter waits at the limit when the process ends. */
static void exit_at_the_limit(lg_group *group)
{
    lg_defer(tell, "starter");
    add_one(&ready);
    lg_group_go_owned(group, never_called, "dropped", tell_dropped);
}

static void exit_while_waiting(void *unused)
{
    (void)unused;
    static lg_group group;
    lg_group_set_limit(&group, 1);
    atomic_int never = 0;
    lg_group_go(&group, wait_until_set, &never);
    lg_go(exit_at_the_limit, &group);
    wait_for_ready(1);
    lg_exit(3);
}

START_TEST(g4_what_waits_at_the_limit_is_dropped)
{
    struct outcome *outcome = in_child(exit_while_waiting, NULL);
    expect_status(outcome, 3);
    expect_out(outcome, "dropped starter ");
}
END_TEST

static lg_group group_of_all;

/* The only worker is this goroutine's, so none of them starts before. */
static void start_and_exit(void)
{
    for (int i = 0; i < 5; i++)
        lg_group_go_owned(&group_of_all, never_called, "dropped", tell_dropped);
    lg_exit(4);
}

static void exit_before_they_start(void *workers)
{
    lg_error_free(lg_set_workers(1));
    lg_go(start_and_exit);
    if (workers)
        lg_sleep(LG_MINUTE);
    lg_error_free(lg_group_wait(&group_of_all));
    lg_sleep(LG_MINUTE);
}

START_TEST(g4_what_has_not_started_is_dropped)
{
    struct outcome *outcome = in_child(exit_before_they_start, NULL);
    expect_status(outcome, 4);
    expect_out(outcome, "dropped dropped dropped dropped dropped ");
    outcome = in_child(exit_before_they_start, &outcome);
    expect_status(outcome, 4);
    expect_out(outcome, "dropped dropped dropped dropped dropped ");
}
END_TEST

/* ---- D10, G2: started ---- */

static void wait_in_member(const char *word)
{
    lg_defer(tell, word);
    add_one(&ready);
    lg_sleep(LG_HOUR);
    tell("woken");
}

static lg_error *own_a_group(int waits)
{
    lg_func (lg_error *, err) {
        lg_defer(tell, "owner");
        lg_group_scope(group, &err);
        lg_group_go(&group, wait_in_member, "member");
        lg_group_go_with(&group, ((lg_go_options){.thread = true}), wait_in_member, "member");
        if (waits)
            lg_return(lg_group_wait(&group));
        lg_return(NULL);
    }
}

static void exit_in_main(void *waits)
{
    static lg_group group; /* main's stack is unwound while the members still run */
    lg_group_go(&group, own_a_group, *(int *)waits);
    wait_for_ready(2);
    lg_exit(5);
}

static void exit_in_sibling(void)
{
    lg_defer(tell, "sibling");
    wait_for_ready(2);
    lg_exit(5);
}

static void main_owns(void *waits)
{
    static lg_group group;
    lg_group_go(&group, exit_in_sibling);
    lg_group_go(&group, own_a_group, *(int *)waits);
    lg_error_free(lg_group_wait(&group));
    tell("main went on");
}

/* (Two may tell at the same time: the spaces then come together.) */
static void expect_words(const struct outcome *outcome, const char *expected)
{
    char words[128] = "", *to = words;
    for (const char *from = outcome->out; *from && to < words + sizeof(words) - 1; from++) {
        if (*from != ' ')
            *to++ = *from;
    }
    ck_assert_str_eq(words, expected);
}

START_TEST(d10_members_are_unwound_before_who_waits_for_them)
{
    for (int i = 0; i < 10; i++) {
        int waits = i % 2;
        struct outcome *outcome = in_child(exit_in_main, &waits);
        expect_status(outcome, 5);
        expect_words(outcome, "membermemberowner");
        outcome = in_child(main_owns, &waits);
        expect_status(outcome, 5);
        expect_words(outcome, "siblingmembermemberowner");
    }
}
END_TEST

/* Many groups in groups, in every state, when a member calls lg_exit: each level ends after the one below. */
static atomic_int alive, leaves, last_leaf;

static void not_alive(int level)
{
    atomic_fetch_sub(&alive, 1);
    (void)level;
}

static lg_error *deep(int levels, unsigned seed)
{
    lg_func (lg_error *, err) {
        atomic_fetch_add(&alive, 1);
        lg_defer(not_alive, levels);
        if (levels == 0 && atomic_fetch_add(&leaves, 1) == last_leaf)
            lg_exit(6);
        lg_group_scope(group, &err);
        lg_group_set_limit(&group, seed % 3);
        for (unsigned i = 0; i < 3 && levels > 0; i++) {
            lg_group_go(&group, deep, levels - 1, seed * 31 + i);
            yield_some(seed + i);
        }
        if (levels == 0)
            lg_return(lg_sleep_until(seed % 5 * LG_MILLISECOND, lg_until_group(&group)));
        lg_return(NULL);
    }
}

static void tell_alive(void)
{
    tell(alive == 0 ? "none" : "some");
}

static void exit_deep(void *seed)
{
    atexit(tell_alive);
    last_leaf = (int)*(unsigned *)seed * 25; /* of 810 */
    static lg_group group;
    for (unsigned i = 0; i < 10; i++)
        lg_group_go(&group, deep, 4, *(unsigned *)seed + i);
    lg_error_free(lg_group_wait(&group));
    tell("returned");
}

START_TEST(d10_trees_of_groups_end_by_lg_exit)
{
    for (unsigned seed = 0; seed < 30; seed++) {
        ck_assert_ptr_null(lg_set_workers(1 + seed % 4));
        struct outcome *outcome = in_child(exit_deep, &seed);
        expect_status(outcome, 6);
        expect_out(outcome, "none ");
    }
}
END_TEST

/* The only worker is busy until the member is there, and then with the exit. */
static void exit_once_one_is_queued(void)
{
    while (lgi_run_queue_count(&lgi_injected) == 0)
        ;
    lg_exit(5);
}

static void start_what_never_starts(void *unused)
{
    static lg_group group;
    (void)unused;
    lg_error_free(lg_set_workers(1));
    atomic_int busy = 0;
    lg_go(add_one, &busy);
    while (busy == 0)
        usleep(100);
    lg_go(exit_once_one_is_queued);
    while (lgi_run_queue_count(&lgi_injected) > 0)
        usleep(100);
    const lg_go_options owned = {.free = LGI_FREE(tell_dropped, "dropped")};
    lg_error_free(lg_group_start_with(&group, owned, never_called, "dropped"));
    tell("went on");
}

START_TEST(g4_g10_what_is_started_until_ready_is_dropped_too)
{
    struct outcome *outcome = in_child(start_what_never_starts, NULL);
    expect_status(outcome, 5);
    expect_out(outcome, "dropped ");
}
END_TEST

/* ---- D10: lg_exit in virtual time ---- */

/* In lg_test_wait, until all others are blocked: no member may go on because others of the bubble have ended. */
static void wait_for_others(void)
{
    lg_test_wait();
    tell("went on");
}

static void sleep_for_long(void)
{
    lg_sleep(LG_HOUR);
    tell("went on");
}

static void exit_at_once(void)
{
    lg_exit(3);
}

/* When all wait, time passes until the last member calls lg_exit. */
static void begin_to_wait(lg_test *t, void *unused)
{
    (void)t;
    (void)unused;
    for (int i = 0; i < 8; i++)
        lg_go(sleep_for_long);
    lg_go(wait_for_others);
    for (int i = 0; i < 20; i++)
        lg_yield();
    add_one(&ready);
}

static void wait_and_exit(lg_test *t, void *unused)
{
    begin_to_wait(t, unused);
    exit_at_once();
}

static void exit_as_a_member(void *workers)
{
    lg_error_free(lg_set_workers((unsigned)(uintptr_t)workers));
    lg_error_free(lg_test_run_virtual("exit", wait_and_exit, NULL));
    lg_sleep(LG_HOUR);
}

/* Busy, so that lg_exit tells the goroutines of this worker last. */
static void wait_and_compute(lg_test *t, void *unused)
{
    begin_to_wait(t, unused);
    while (!lgi_is_exiting())
        ;
    for (lg_duration begun = lgi_real_now(); lgi_real_now() < begun + 20 * LG_MILLISECOND;)
        ;
}

static void run_busy_test(void *unused)
{
    (void)unused;
    lg_error_free(lg_test_run_virtual("exit", wait_and_compute, NULL));
}

static void exit_as_another(void *workers)
{
    lg_error_free(lg_set_workers((unsigned)(uintptr_t)workers));
    lg_go_thread(run_busy_test, NULL);
    while (ready == 0)
        usleep(100);
    lg_exit(3);
}

START_TEST(d10_no_wait_in_virtual_time_ends_because_others_exit)
{
    void (*const programs[])(void *workers) = {exit_as_a_member, exit_as_another};
    for (unsigned i = 0; i < 2; i++) {
        for (uintptr_t workers = 1; workers <= 8; workers *= 2) {
            struct outcome *outcome = in_child(programs[i], (void *)workers);
            expect_status(outcome, 3);
            expect_out(outcome, "");
            ck_assert_str_eq(outcome->err, "");
        }
    }
}
END_TEST

RUN_TESTS("group exit", d10_no_wait_in_virtual_time_ends_because_others_exit,
          g4_g10_what_is_started_until_ready_is_dropped_too, g4_what_waits_at_the_limit_is_dropped,
          g4_what_has_not_started_is_dropped, d10_members_are_unwound_before_who_waits_for_them,
          d10_trees_of_groups_end_by_lg_exit)
