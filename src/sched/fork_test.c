/* Forks while other threads of the parent are in the midst of something that a child needs as well: the child never waits for
 * them (G7). */
#include "testing/sched.h"

#include <time.h>

#include <lifoguard/group.h>
#include <lifoguard/inspect.h>
#include <lifoguard/limit.h>
#include <lifoguard/semaphore.h>

#include "sched/runtime.h"
#include "sched/stack.h"

/* ---- a thread of the parent holds a lock ---- */

static atomic_int holds, may_let_go;

struct held {
    void (*take)(void), (*let_go)(void);
};

/* The fork waits for the lock, so it cannot say when the lock may be let go of. */
static void *hold(void *lock)
{
    const struct held *held = lock;
    held->take();
    add_one(&holds);
    wait_for_value(&may_let_go, 1);
    nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    held->let_go();
    return NULL;
}

static void set_true(atomic_int *done)
{
    atomic_store(done, 1);
}

static void wait_and_go(void *unused)
{
    static atomic_int done;
    (void)unused;
    alarm(100);
    lg_sleep(LG_MILLISECOND);
    lg_go(set_true, &done);
    while (atomic_load(&done) == 0)
        lg_sleep(LG_MILLISECOND);
    _exit(0);
}

/* Without a goroutine in the parent, so that the child may have some. */
START_TEST(G7_a_fork_waits_for_what_the_child_needs_whole)
{
    static const struct held locks[] = {{lgi_stacks_lock, lgi_stacks_unlock},
                                        {lgi_records_lock, lgi_records_unlock}};
    pthread_t thread;
    if (!can_fork_with_threads())
        return;
    for (size_t i = 0; i < sizeof(locks) / sizeof(locks[0]); i++) {
        holds = may_let_go = 0;
        ck_assert_int_eq(pthread_create(&thread, NULL, hold, (void *)(uintptr_t)&locks[i]), 0);
        wait_for_value(&holds, 1);
        add_one(&may_let_go);
        expect_status(in_child(wait_and_go, NULL), 0);
        pthread_join(thread, NULL);
    }
}
END_TEST

/* ---- threads of the parent do this and that ---- */

static atomic_int rounds, enough;

static void panics(int depth)
{
    lg_defer(add_one, &rounds);
    if (depth > 0)
        panics(depth - 1);
    lg_panic("contained");
}

static void fails(void)
{
    lg_error_free(lg_call_contained(panics, 3));
}

static lg_error *end_with_error(void)
{
    return lg_error_new("failed");
}

static void *keep_panicking(void *unused)
{
    while (atomic_load(&enough) == 0)
        fails();
    return unused;
}

static void *keep_failing(void *unused)
{
    while (atomic_load(&enough) == 0) {
        lg_group group;
        lg_group_init(&group);
        lg_group_cancel(&group, end_with_error());
        lg_error_free(lg_group_wait(&group));
    }
    return unused;
}

/* Other threads come and go, and wait. */
static void *sleep_once(void *unused)
{
    lg_sleep(1);
    return unused;
}

static void *keep_beginning(void *unused)
{
    pthread_t thread;
    while (atomic_load(&enough) == 0)
        if (pthread_create(&thread, NULL, sleep_once, NULL) == 0)
            pthread_join(thread, NULL);
    return unused;
}

/* Which finds the lines of the goroutine that waits. */
static void *keep_printing(void *unused)
{
    FILE *nowhere = fopen("/dev/null", "w");
    while (nowhere && atomic_load(&enough) == 0)
        lg_goroutine_print(nowhere);
    if (nowhere)
        fclose(nowhere);
    return unused;
}

static void do_likewise(void *unused)
{
    pthread_t thread;
    alarm(100);
    fails();
    lg_group group;
    lg_group_init(&group);
    lg_group_cancel(&group, end_with_error());
    lg_error_free(lg_group_wait(&group));
    if (pthread_create(&thread, NULL, sleep_once, unused) != 0 || pthread_join(thread, NULL) != 0)
        _exit(3);
    lg_sleep(1);
    lg_panic("in the child");
}

static void fork_beside_threads(void)
{
    enum { CHILDREN = 40 };
    void *(*const work[])(void *) = {keep_panicking, keep_failing, keep_beginning, keep_printing};
    enum { THREADS = sizeof(work) / sizeof(work[0]) };
    pthread_t threads[THREADS];
    rounds = enough = 0;
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, work[i], NULL), 0);
    for (int i = 0; i < CHILDREN; i++) {
        int seen = atomic_load(&rounds);
        while (atomic_load(&rounds) == seen)
            sched_yield();
        struct outcome *outcome = in_child(do_likewise, NULL);
        expect_status(outcome, 2);
        expect_in_err(outcome, "panic: in the child");
    }
    atomic_store(&enough, 1);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

static lg_semaphore end;

static void wait_for_end(void)
{
    lg_semaphore_acquire(&end, 1);
}

START_TEST(G7_a_child_does_not_wait_for_threads_of_its_parent)
{
    if (!can_fork_with_threads())
        return;
    fork_beside_threads();
    lg_go(wait_for_end);
    fork_beside_threads();
    lg_semaphore_release(&end, 1);
}
END_TEST

RUN_TESTS("fork", G7_a_fork_waits_for_what_the_child_needs_whole,
          G7_a_child_does_not_wait_for_threads_of_its_parent)
