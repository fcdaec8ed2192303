/* Tests of contexts in a forked child: those who wait for one in the parent are not there (G7). */
#include "testing/fork.h"

#include <lifoguard/context.h>
#include <lifoguard/mutex.h>

#include "context/context.h"

static lg_context *parent, *context;

static void *wait_for_context(void *unused)
{
    lg_context_wait(context);
    return unused;
}

/* In a child of a process with goroutines, a wait without a limit is refused. */
static void *wait_with_limit(void *unused)
{
    must(!lg_context_wait_until(context, WITHIN_LIMIT));
    return unused;
}

static void cancel_and_free(void *unused)
{
    begin_child();
    pthread_t thread;
    must(pthread_create(&thread, NULL, wait_with_limit, unused) == 0);
    lg_context_cancel(parent);
    pthread_join(thread, NULL);
    must(lg_context_error(context) == &lg_error_cancelled);
    lg_context_free(context);
    lg_context_free(parent);
    _exit(0);
}

static void make_contexts(void)
{
    parent = lg_context_with_cancel(lg_context_background());
    context = lg_context_with_cancel(parent);
}

static void free_contexts(void)
{
    lg_context_free(context);
    lg_context_free(parent);
}

static void fork_while_a_thread_waits(void)
{
    make_contexts();
    pthread_t waiter = start_thread(wait_for_context, NULL);
    while (!context->done.waiters.first)
        pause_shortly();
    struct outcome outcome = *in_child(cancel_and_free, NULL);
    lg_context_cancel(context);
    pthread_join(waiter, NULL);
    free_contexts();
    expect_status(&outcome, 0);
}

START_TEST(G7_a_context_can_be_cancelled_in_a_child)
{
    before_and_after_goroutines(fork_while_a_thread_waits);
}
END_TEST

/* ---- a thread of the parent is just cancelling ---- */

static void cancel_again(void *unused)
{
    (void)unused;
    alarm(200);
    lg_context_cancel(parent);
    _exit(0);
}

static void ask_for_descendant(void *unused)
{
    (void)unused;
    alarm(200);
    lgi_context_await_ancestors(context);
    _exit(0);
}

START_TEST(G7_a_context_that_is_just_being_cancelled_is_refused_at_once)
{
    void (*const work[])(void *) = {cancel_again, ask_for_descendant};
    if (!can_fork_with_threads())
        return;
    for (int i = 0; i < 2; i++) {
        make_contexts();
        parent->done.error = &lg_error_cancelled;
        parent->done.happened = 1; /* and not settled yet, nor are the descendants done */
        struct outcome outcome = *in_child(work[i], NULL);
        parent->done.happened = 0;
        free_contexts();
        expect_status(&outcome, 2);
        expect_in_err(&outcome, "another thread of the parent was changing an object at the fork");
    }
}
END_TEST

/* ---- functions ---- */

static lg_context_func func;

static struct lgi_g *stopper; /* atomic */

static void *stop_function(void *unused)
{
    __atomic_store_n(&stopper, lgi_self(), __ATOMIC_RELEASE);
    lg_context_func_stop_and_wait(&func);
    return unused;
}

static void fork_and_return(void)
{
    const struct lgi_g *g;
    while (!(g = __atomic_load_n(&stopper, __ATOMIC_ACQUIRE)) ||
           __atomic_load_n(&g->state, __ATOMIC_ACQUIRE) != LGI_G_PARKED)
        pause_shortly();
    pid_t child = fork();
    if (child == 0) {
        begin_child();
        return;
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 99);
}

static void fork_in_function(void *unused)
{
    make_contexts();
    func = lg_context_on_done(context, fork_and_return);
    lg_context_cancel(context);
    pthread_t thread;
    must(pthread_create(&thread, NULL, stop_function, unused) == 0);
    pthread_join(thread, NULL);
}

START_TEST(G7_a_function_of_a_context_that_forks_and_returns_ends_its_child)
{
    if (!can_fork_with_threads())
        return;
    struct outcome *outcome = in_child(fork_in_function, NULL);
    expect_status(outcome, 2);
    expect_in_err(outcome, "the child must call exec or _exit");
}
END_TEST

RUN_TESTS("context fork", G7_a_context_can_be_cancelled_in_a_child,
          G7_a_context_that_is_just_being_cancelled_is_refused_at_once,
          G7_a_function_of_a_context_that_forks_and_returns_ends_its_child)
