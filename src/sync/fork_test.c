/* Tests of calls made once, and of wait groups, in a forked child: those who wait in the parent are not there, and the child
 * does not touch what they have left on their stacks (G7). */
#include "testing/fork.h"

#include <lifoguard/once.h>
#include <lifoguard/waitgroup.h>

#include "sched/lock.h"

/* ---- calls made once ---- */

static lg_once once;
static atomic_int is_inside, may_leave;

static void stay(void)
{
    add_one(&is_inside);
    wait_for_value(&may_leave, 1);
}

static void nothing(void) {}

static void *make_call(void *unused)
{
    lg_once_do(&once, stay);
    return unused;
}

static void *wait_for_call(void *unused)
{
    lg_once_do(&once, nothing);
    return unused;
}

static void find_call_under_way(void *unused)
{
    (void)unused;
    begin_child();
    must(lg_once_do_until(&once, AT_LAST, nothing) == &lg_error_deadline_exceeded);
    must(lg_once_do_until(&once, AT_LAST, nothing) == &lg_error_deadline_exceeded);
    _exit(0);
}

static pthread_t begin_to_wait_for_call(void)
{
    pthread_t thread = start_thread(wait_for_call, NULL);
    while (!once.lgi_waiters.first)
        pause_shortly();
    return thread;
}

static void fork_during_a_call(void)
{
    once = (lg_once)LG_ONCE_INIT;
    is_inside = may_leave = 0;
    pthread_t maker = start_thread(make_call, NULL);
    wait_for_value(&is_inside, 1);
    pthread_t waiter = begin_to_wait_for_call();
    struct outcome free_list = *in_child(find_call_under_way, NULL);
    (void)lgi_lock_lists(&once.lgi_lock);
    struct outcome locked_list = *in_child(find_call_under_way, NULL);
    lgi_unlock_lists(&once.lgi_lock);
    add_one(&may_leave);
    pthread_join(maker, NULL);
    pthread_join(waiter, NULL);
    expect_status(&free_list, 0);
    expect_status(&locked_list, 0);
}

START_TEST(G7_a_call_that_a_thread_of_the_parent_makes_is_never_made_in_the_child)
{
    before_and_after_goroutines(fork_during_a_call);
}
END_TEST

static pid_t child;

static void fork_inside(void)
{
    pthread_t waiter = begin_to_wait_for_call();
    child = fork();
    if (child == 0)
        begin_child();
    else
        pthread_detach(waiter);
}

START_TEST(G7_a_call_goes_on_in_the_child_of_the_thread_that_makes_it)
{
    if (!can_fork_with_threads())
        return;
    once = (lg_once)LG_ONCE_INIT;
    lg_once_do(&once, fork_inside);
    if (child == 0) {
        must(lg_once_is_done(&once));
        lg_once_do(&once, abort);
        _exit(0);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
}
END_TEST

/* ---- wait groups ---- */

static lg_waitgroup group;

static void *wait_for_group(void *unused)
{
    lg_waitgroup_wait(&group);
    return unused;
}

static void *end_task(void *unused)
{
    lg_waitgroup_done(&group);
    return unused;
}

/* One task is of the parent. */
static void use_group(void *unused)
{
    begin_child();
    must(lg_waitgroup_wait_until(&group, AT_LAST) == &lg_error_deadline_exceeded);
    lg_waitgroup_add(&group, 1);
    lg_waitgroup_done(&group);
    lg_waitgroup_done(&group);
    must(!lg_waitgroup_wait_until(&group, AT_LAST));
    for (int i = 0; i < 10; i++) {
        lg_waitgroup_add(&group, 1);
        pthread_t thread;
        must(pthread_create(&thread, NULL, end_task, unused) == 0);
        must(!lg_waitgroup_wait_until(&group, WITHIN_LIMIT));
        pthread_join(thread, NULL);
    }
    _exit(0);
}

static void fork_while_a_thread_waits(void)
{
    enum { LOCKED = 2 };
    group = (lg_waitgroup)LG_WAITGROUP_INIT;
    lg_waitgroup_add(&group, 1);
    pthread_t waiter = start_thread(wait_for_group, NULL);
    while (!group.lgi_waiters.first || group.lgi_state & LOCKED)
        pause_shortly();
    struct outcome free_list = *in_child(use_group, NULL);
    group.lgi_state |= LOCKED; /* as by a thread that is about to change the list */
    struct outcome locked_list = *in_child(use_group, NULL);
    group.lgi_state &= ~LOCKED;
    lg_waitgroup_done(&group);
    pthread_join(waiter, NULL);
    expect_status(&free_list, 0);
    expect_status(&locked_list, 0);
}

START_TEST(G7_a_wait_group_can_be_used_in_a_child)
{
    before_and_after_goroutines(fork_while_a_thread_waits);
}
END_TEST

RUN_TESTS("fork", G7_a_call_that_a_thread_of_the_parent_makes_is_never_made_in_the_child,
          G7_a_call_goes_on_in_the_child_of_the_thread_that_makes_it,
          G7_a_wait_group_can_be_used_in_a_child)
