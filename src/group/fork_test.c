/* Tests of children that goroutines fork: what cannot go on in the child is refused aloud, never lost (G1). Rules are those of
 * docs/rules.md. */
#include "testing/group.h"

#include <sys/wait.h>

#include <lifoguard/go.h>
#include <lifoguard/io.h>
#include <lifoguard/panic.h>

enum { GOES_ON = 7, REFUSED = 2 };

/* ThreadSanitizer ends a child of several threads that would start one. */
#if defined(HAS_TSAN)
enum { CAN_FORK = false };
#else
enum { CAN_FORK = true };
#endif

/* ---- what the child does ---- */

static void returns(void) {}

static void goes_exit(void)
{
    lg_goexit();
}

static void panics(void)
{
    lg_panic("in the child");
}

static void starts_a_goroutine(void)
{
    lg_go(returns);
}

static void waits_for_ever(void)
{
    static lg_chan(int) never = NULL;
    lg_chan_send(never, 1);
}

static void waits_for_a_descriptor(void)
{
    int ends[2];
    if (pipe(ends) == 0)
        lg_error_free(lg_poll(ends[0], POLLIN, lg_until_forever(), NULL));
}

static void contains_a_panic(void)
{
    lg_error *err = lg_call_contained(panics);
    bool contained = lg_error_as(err, &lg_panic_kind) != NULL;
    lg_error_free(err);
    if (contained)
        _exit(GOES_ON);
}

static void unlocks(void)
{
    lg_mutex mutex = LG_MUTEX_INIT;
    lg_mutex_lock(&mutex);
    lg_mutex_unlock(&mutex);
    _exit(GOES_ON);
}

static void exits(void)
{
    exit(GOES_ON);
}

static void sleeps(void)
{
    lg_sleep(LG_MILLISECOND);
    if (lg_sleep_until(LG_HOUR, lg_until_timeout(LG_MILLISECOND)) == &lg_error_deadline_exceeded)
        _exit(GOES_ON);
}

/* ---- where it is forked ---- */

static void (*work)(void);

static void fork_and_work(void)
{
    pid_t child = fork();
    if (child == 0) {
        work();
        return;
    }
    int status = 0;
    waitpid(child, &status, 0);
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 99);
}

static void in_goroutine(void *unused)
{
    (void)unused;
    lg_go(fork_and_work);
    for (;;)
        pause();
}

static void in_thread(void *unused)
{
    (void)unused;
    lg_go_thread(fork_and_work);
    for (;;)
        pause();
}

static void in_member(void *unused)
{
    (void)unused;
    lg_group_scope(group, NULL);
    lg_group_go(&group, fork_and_work);
}

static void in_member_thread(void *unused)
{
    (void)unused;
    lg_group_scope(group, NULL);
    lg_group_go_with(&group, ((lg_go_options){.thread = true}), fork_and_work);
}

static void block(void)
{
    lg_blocking(fork_and_work);
}

static void in_blocking(void *unused)
{
    (void)unused;
    lg_go(block);
    for (;;)
        pause();
}

static void (*const places[])(void *) = {in_goroutine, in_thread, in_member, in_member_thread,
                                         in_blocking};
enum { PLACES = sizeof(places) / sizeof(places[0]), ON_WORKERS = 1 << 0 | 1 << 2 };

static void expect(void (*what)(void), const char *name, int status)
{
    for (int i = 0; CAN_FORK && i < PLACES; i++) {
        work = what;
        struct outcome *outcome = in_child(places[i], NULL);
        ck_assert_msg(outcome->status == status, "%s, place %d: %d\n%s", name, i, outcome->status,
                      outcome->err);
        if (status == REFUSED)
            ck_assert_msg(strstr(outcome->err, "the child must call exec or _exit") ||
                              strstr(outcome->err, "panic: in the child"),
                          "%s, place %d:\n%s", name, i, outcome->err);
    }
}

#define EXPECT(what, status) expect(what, #what, status)

START_TEST(g1_what_cannot_go_on_in_a_child_is_refused)
{
    EXPECT(returns, REFUSED);
    EXPECT(goes_exit, REFUSED);
    EXPECT(panics, REFUSED);
    EXPECT(starts_a_goroutine, REFUSED);
    EXPECT(waits_for_ever, REFUSED);
    EXPECT(waits_for_a_descriptor, REFUSED);
}
END_TEST

START_TEST(g1_what_can_go_on_in_a_child_does)
{
    EXPECT(contains_a_panic, GOES_ON);
    EXPECT(unlocks, GOES_ON);
    EXPECT(exits, GOES_ON);
}
END_TEST

/* A goroutine needs its worker to wake it, a thread does not. */
START_TEST(g1_a_thread_of_a_child_can_wait_with_a_limit)
{
    for (int i = 0; CAN_FORK && i < PLACES; i++) {
        work = sleeps;
        struct outcome *outcome = in_child(places[i], NULL);
        expect_status(outcome, ON_WORKERS >> i & 1 ? REFUSED : GOES_ON);
    }
}
END_TEST

/* ---- main ---- */

static void main_forks(void *unused)
{
    (void)unused;
    atomic_int ran = 0;
    lg_go(add_one, &ran);
    while (ran == 0)
        lg_yield();
    fork_and_work();
}

START_TEST(g1_main_of_a_child_can_wait_with_a_limit)
{
    if (!CAN_FORK)
        return;
    work = sleeps;
    expect_status(in_child(main_forks, NULL), GOES_ON);
    work = waits_for_ever;
    struct outcome *outcome = in_child(main_forks, NULL);
    expect_status(outcome, REFUSED);
    expect_in_err(outcome, "in a child after fork");
}
END_TEST

/* ---- a call that stops panics ---- */

static lg_error *fork_and_panic(void)
{
    work = panics;
    fork_and_work();
    return NULL;
}

static void contained_forks(void *unused)
{
    (void)unused;
    lg_error_free(lg_call_contained(fork_and_panic));
    tell("the parent's code");
}

START_TEST(g1_a_panic_of_a_child_does_not_go_on_with_the_parents_code)
{
    if (!CAN_FORK)
        return;
    struct outcome *outcome = in_child(contained_forks, NULL);
    expect_status(outcome, REFUSED);
    expect_out(outcome, "");
    expect_in_err(outcome, "the child must call exec or _exit");
}
END_TEST

RUN_TESTS("group fork", g1_what_cannot_go_on_in_a_child_is_refused,
          g1_what_can_go_on_in_a_child_does, g1_a_thread_of_a_child_can_wait_with_a_limit,
          g1_main_of_a_child_can_wait_with_a_limit,
          g1_a_panic_of_a_child_does_not_go_on_with_the_parents_code)
