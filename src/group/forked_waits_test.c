/* Tests of a group of the parent in a forked child: neither its members nor those who wait for them are there (G1, G7). */
#include "testing/fork.h"

#include <lifoguard/group.h>

static lg_group group;
static lg_chan(int) until_closed;

static void wait_for_close(void)
{
    (void)lg_chan_recv_value(until_closed);
}

static void be_ready_and_wait(void)
{
    lg_member_ready();
    wait_for_close();
}

static void *wait_for_group(void *unused)
{
    lg_error_free(lg_group_wait(&group));
    return unused;
}

static void *wait_for_place(void *unused)
{
    lg_group_go(&group, wait_for_close);
    return unused;
}

static void cancel_and_wait(void *unused)
{
    (void)unused;
    begin_child();
    lg_group_set_limit(&group, 10);
    lg_group_cancel(&group, NULL);
    must(lg_group_is_cancelled(&group));
    must(lg_group_wait_until(&group, AT_LAST) == &lg_error_deadline_exceeded);
    must(lg_group_count(&group) == 2);
    _exit(0);
}

static void wait_without_limit(void *unused)
{
    (void)unused;
    begin_child();
    lg_error_free(lg_group_wait(&group));
}

/* The members, one on a thread, whoever waits for them and who waits for a place: none of them is in the child. */
START_TEST(G7_a_group_of_the_parent_can_be_cancelled_in_a_child)
{
    if (!can_fork_with_threads())
        return;
    until_closed = lg_chan_make(int, 0);
    lg_group_init(&group);
    lg_group_set_limit(&group, 2);
    for (int i = 0; i < 2; i++)
        ck_assert_ptr_null(
            lg_group_start_with(&group, ((lg_go_options){.thread = i == 0}), be_ready_and_wait));
    pthread_t threads[] = {start_thread(wait_for_group, NULL), start_thread(wait_for_place, NULL)};
    while (!group.lgi_waiters.first || !group.lgi_goers.first)
        pause_shortly();
    struct outcome cancelled = *in_child(cancel_and_wait, NULL),
                   waited = *in_child(wait_without_limit, NULL);
    lg_chan_close(until_closed);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    lg_group_free(&group);
    lg_chan_unref(until_closed);
    expect_status(&cancelled, 0);
    expect_status(&waited, 2);
    expect_in_err(&waited, "in a child after fork");
}
END_TEST

static void fork_before_ready(void)
{
    pid_t child = fork();
    if (child == 0)
        be_ready_and_wait();
    int status;
    must(waitpid(child, &status, 0) == child && WIFEXITED(status));
    _exit(WEXITSTATUS(status));
}

static void start_what_forks(void *unused)
{
    (void)unused;
    lg_group_init(&group);
    lg_error_free(lg_group_start(&group, lg_until_forever(), fork_before_ready));
}

START_TEST(G7_a_member_is_not_ready_in_a_child)
{
    if (!can_fork_with_threads())
        return;
    struct outcome *outcome = in_child(start_what_forks, NULL);
    expect_status(outcome, 2);
    expect_in_err(outcome, "in a child after fork");
}
END_TEST

RUN_TESTS("group waits in a child", G7_a_group_of_the_parent_can_be_cancelled_in_a_child,
          G7_a_member_is_not_ready_in_a_child)
