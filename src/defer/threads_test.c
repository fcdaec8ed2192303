/* Threads: G1, and what ends them: pthread_cancel and pthread_exit run deferred calls too (D4, D13). */
#include "testing/test.h"

/* ---- G1 ---- */

enum { THREADS = 50, ROUNDS = 200 };

struct worker {
    int number;
    int recovered;
    int deferred;
    int wrong;
};

static void stops(lg_panic_info *panic, struct worker *worker)
{
    char expected[32];
    snprintf(expected, sizeof(expected), "thread %d", worker->number);
    if (lg_recover(panic)) {
        worker->recovered++;
        if (strcmp(lg_panic_message(panic), expected) != 0)
            worker->wrong++;
    }
}

static void counts(int *counter)
{
    ++*counter;
}

static void panics_somewhere(struct worker *worker, int depth)
{
    lg_defer(counts, &worker->deferred);
    if (depth == 0)
        lg_panic("thread %d", worker->number);
    panics_somewhere(worker, depth - 1);
}

static int one_round(struct worker *worker, int depth)
{
    lg_func_recovers (int, result) {
        lg_defer_recover(stops, worker);
        lg_scope(s);
        for (int i = 0; i < 12; i++)
            lg_defer_in(&s, counts, &worker->deferred);
        result = depth;
        panics_somewhere(worker, depth);
    }
}

static void *works(void *data)
{
    struct worker *worker = data;
    lg_defer(counts, &worker->deferred);
    for (int i = 0; i < ROUNDS; i++)
        if (one_round(worker, i % 5) != i % 5)
            worker->wrong++;
    return NULL;
}

START_TEST(G1_fifty_threads_panic_and_recover_at_once)
{
    pthread_t threads[THREADS];
    static struct worker workers[THREADS];
    for (int i = 0; i < THREADS; i++) {
        workers[i].number = i;
        ck_assert_int_eq(pthread_create(&threads[i], NULL, works, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        ck_assert_int_eq(workers[i].recovered, ROUNDS);
        ck_assert_int_eq(workers[i].wrong, 0);
        ck_assert_int_eq(workers[i].deferred, ROUNDS * 12 + ROUNDS / 5 * (1 + 2 + 3 + 4 + 5) + 1);
    }
}
END_TEST

static pthread_barrier_t barrier;

static void *deferring(void *data)
{
    lg_defer(counts, data);
    pthread_barrier_wait(&barrier); /* all have one pending */
    pthread_barrier_wait(&barrier);
    return NULL;
}

START_TEST(G1_each_thread_has_a_stack_of_its_own)
{
    int counters[4] = {0};
    pthread_t threads[4];
    pthread_barrier_init(&barrier, NULL, 5);
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, deferring, &counters[i]), 0);
    pthread_barrier_wait(&barrier);
    {
        lg_defer(note, "main");
    }
    expect_trace("main");
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(counters[i], 0);
    pthread_barrier_wait(&barrier);
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        ck_assert_int_eq(counters[i], 1);
    }
}
END_TEST

static bool parent_has_returned; /* atomic */

static void *child_thread(void *data)
{
    lg_defer(note, data);
    while (!__atomic_load_n(&parent_has_returned, __ATOMIC_SEQ_CST))
        usleep(1000);
    return NULL;
}

static char in_child_thread[] = "child";

static pthread_t starts_a_thread(void)
{
    pthread_t thread;
    lg_defer(note, "parent");
    ck_assert_int_eq(pthread_create(&thread, NULL, child_thread, in_child_thread), 0);
    return thread;
}

START_TEST(G2_a_threads_defers_run_when_it_exits_not_when_its_parent_returns)
{
    pthread_t thread = starts_a_thread();
    note("returned");
    __atomic_store_n(&parent_has_returned, true, __ATOMIC_SEQ_CST);
    pthread_join(thread, NULL);
    expect_trace("parent returned child");
}
END_TEST

/* ---- pthread_exit, pthread_cancel ---- */

static char pushed[] = "pushed";

static void old_cleanup(void *word)
{
    note(word);
}

static void ends_thread(void (*ending)(void))
{
    lg_defer(note, "call");
    FOREIGN(foreign, "foreign");
    lg_defer_block {
        note("block");
    }
    pthread_cleanup_push(old_cleanup, pushed);
    lg_scope(s);
    lg_defer_in(&s, note, "scope1");
    lg_defer_in(&s, note, "scope2");
    lg_defer_as(named, note, "named");
    lg_defer_as(dismissed, note, "dismissed");
    lg_deferred_dismiss(dismissed);
    ending();
    pthread_cleanup_pop(0);
}

static void log_panic(lg_panic_info *panic, const char *who)
{
    note(who);
    note(panic ? lg_panic_message(panic) : "nothing");
    lg_recover(panic);
}

static void in_recovering_function(void (*ending)(void))
{
    lg_func_recovers_void {
        lg_defer_recover(log_panic, "recovering:");
        ends_thread(ending);
    }
}

static void *ends_by(void *data)
{
    void (*ending)(void);
    memcpy(&ending, data, sizeof(ending));
    lg_defer(note, "outermost");
    in_recovering_function(ending);
    return NULL;
}

static void exits_thread(void)
{
    static int value;
    pthread_exit(&value);
}

static void cancels_itself(void)
{
    pthread_cancel(pthread_self());
    pthread_testcancel();
}

#define ENDED "named scope2 scope1 pushed block foreign call recovering: nothing outermost"

static void *end_thread(void (*ending)(void))
{
    pthread_t thread;
    void *result;
    ck_assert_int_eq(pthread_create(&thread, NULL, ends_by, &ending), 0);
    ck_assert_int_eq(pthread_join(thread, &result), 0);
    return result;
}

START_TEST(D4_D13_pthread_exit_runs_defers_in_order)
{
    ck_assert_ptr_nonnull(end_thread(exits_thread));
    expect_trace(ENDED);
}
END_TEST

START_TEST(D4_D13_pthread_cancel_runs_defers_in_order)
{
    ck_assert_ptr_eq(end_thread(cancels_itself), PTHREAD_CANCELED);
    expect_trace(ENDED);
}
END_TEST

static void panics_and_recovers(void)
{
    lg_func_recovers_void {
        lg_defer_recover(stop);
        lg_defer(note, "inside");
        lg_panic("p");
    }
}

static void with_recovery_inside(void)
{
    lg_defer(panics_and_recovers);
    cancels_itself();
}

START_TEST(D8_a_deferred_call_may_panic_and_recover_while_the_thread_is_cancelled)
{
    ck_assert_ptr_eq(end_thread(with_recovery_inside), PTHREAD_CANCELED);
    expect_trace("inside stopped: p " ENDED);
}
END_TEST

static void panic_in_cancel(void)
{
    lg_defer(panic_with, "while being cancelled");
    cancels_itself();
}

static void *plain(void *data)
{
    lg_defer(tell, data);
    panic_in_cancel();
    return NULL;
}

static char word_a[] = "a";

static void cancelled_and_panics(void *data)
{
    (void)data;
    pthread_t thread;
    pthread_create(&thread, NULL, plain, word_a);
    pthread_join(thread, NULL);
    tell("not reached");
}

START_TEST(P5_a_panic_in_a_deferred_call_of_a_cancelled_thread_ends_the_process)
{
    struct outcome *outcome = in_child(cancelled_and_panics, NULL);
    expect_status(outcome, 2);
    expect_in_err(outcome, "panic: while being cancelled\n");
}
END_TEST

static void *recovering_around(void *data)
{
    lg_func_recovers (void *, result) {
        lg_defer_recover(tell_stop);
        panic_in_cancel();
        lg_return(data);
    }
}

static void cancelled_panics_and_is_recovered(void *data)
{
    (void)data;
    pthread_t thread;
    pthread_create(&thread, NULL, recovering_around, NULL);
    pthread_join(thread, NULL);
    tell("not reached");
}

/* A cancelled thread must not live on. clang's code marks a cleanup that is run by an unwinding, so the process
 * ends and says why; gcc's does not, and nothing can be noticed. */
START_TEST(P5_even_if_a_function_around_would_recover_it)
{
    struct outcome *outcome = in_child(cancelled_panics_and_is_recovered, NULL);
#if defined(__clang__)
    expect_status(outcome, 2);
    expect_in_err(outcome, "while being cancelled");
#else
    expect_status(outcome, 0);
    expect_out(outcome, "while being cancelled not reached ");
#endif
}
END_TEST

static void *cancelled_anywhere(void *data)
{
    struct worker *worker = data;
    for (;;) {
        lg_scope(s);
        lg_defer_in(&s, counts, &worker->deferred);
        worker->number++;
        pthread_testcancel();
    }
    return NULL;
}

START_TEST(D4_cancelled_threads_lose_nothing)
{
    for (int i = 0; i < 50; i++) {
        struct worker worker = {0};
        pthread_t thread;
        ck_assert_int_eq(pthread_create(&thread, NULL, cancelled_anywhere, &worker), 0);
        usleep(500);
        pthread_cancel(thread);
        pthread_join(thread, NULL);
        ck_assert_int_eq(worker.deferred, worker.number);
    }
}
END_TEST

static void panics_on_tiny_stack(void)
{
    struct worker worker = {.number = 3};
    one_round(&worker, 3);
    ck_assert_int_eq(worker.recovered, 1);
}

static void *tiny(void *data)
{
    panics_on_tiny_stack();
    return data;
}

START_TEST(G1_a_small_stack_is_enough)
{
    pthread_attr_t attributes;
    pthread_t thread;
    void *result = &thread;
    pthread_attr_init(&attributes);
    ck_assert_int_eq(pthread_attr_setstacksize(
                         &attributes, PTHREAD_STACK_MIN > 65536 ? PTHREAD_STACK_MIN : 65536),
                     0);
    ck_assert_int_eq(pthread_create(&thread, &attributes, tiny, NULL), 0);
    ck_assert_int_eq(pthread_join(thread, &result), 0);
    ck_assert_ptr_null(result);
}
END_TEST

RUN_TESTS("threads", G1_fifty_threads_panic_and_recover_at_once,
          G1_each_thread_has_a_stack_of_its_own,
          G2_a_threads_defers_run_when_it_exits_not_when_its_parent_returns,
          D4_D13_pthread_exit_runs_defers_in_order, D4_D13_pthread_cancel_runs_defers_in_order,
          D8_a_deferred_call_may_panic_and_recover_while_the_thread_is_cancelled,
          P5_a_panic_in_a_deferred_call_of_a_cancelled_thread_ends_the_process,
          P5_even_if_a_function_around_would_recover_it, D4_cancelled_threads_lose_nothing,
          G1_a_small_stack_is_enough)
