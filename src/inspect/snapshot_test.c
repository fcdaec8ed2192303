/* Lists of goroutines, counts, and the check for leaks. */
#include "testing/test.h"

#include "inspect/snapshot.h"
#include "sched/park.h"
#include "sched/runtime.h"
#include "sched/visit.h"

static void set_workers(unsigned count)
{
    lg_error *error = lg_set_workers(count);
    ck_assert_ptr_null(error);
}

static int quit; /* atomic */
static int entered, left;

static void wait_to_quit(const char *what)
{
    __atomic_fetch_add(&entered, 1, __ATOMIC_SEQ_CST);
    while (!__atomic_load_n(&quit, __ATOMIC_SEQ_CST)) {
        if (strcmp(what, "sleep") == 0)
            lg_sleep(2 * LG_MILLISECOND);
        else if (strcmp(what, "yield") == 0)
            lg_yield();
    }
    __atomic_fetch_add(&left, 1, __ATOMIC_SEQ_CST);
}

static void until_entered(int count)
{
    while (__atomic_load_n(&entered, __ATOMIC_SEQ_CST) < count)
        usleep(100);
}

static void expect_no_leaks(void)
{
    lg_error *error = lg_goroutine_check_leaks(5 * LG_SECOND);
    char text[512];
    lg_error_format(error, text, sizeof(text));
    ck_assert_msg(!error, "%s", text);
}

static void let_them_end(void)
{
    __atomic_store_n(&quit, 1, __ATOMIC_SEQ_CST);
    expect_no_leaks();
    ck_assert_uint_eq(lg_goroutine_count(), 0);
}

/* While others look or start, it is only roughly right. */
static void expect_count(size_t count)
{
    for (int i = 0; i < 300000 && lg_goroutine_count() != count; i++)
        usleep(1000);
    ck_assert_uint_eq(lg_goroutine_count(), count);
}

struct seen {
    int count, waiting, threads, named, ready, running, unstarted;
    uint64_t last;
    bool stop_at_once;
};

static bool see(const lg_goroutine_info *info, void *data)
{
    struct seen *seen = data;
    ck_assert_uint_gt(info->id, seen->last);
    seen->last = info->id;
    seen->count++;
    seen->waiting += info->state == LG_GOROUTINE_WAITING;
    seen->running += info->state == LG_GOROUTINE_RUNNING;
    seen->ready += info->state == LG_GOROUTINE_READY;
    seen->unstarted += info->state == LG_GOROUTINE_NOT_STARTED;
    seen->threads += info->thread;
    seen->named += strcmp(info->name, "a name") == 0;
    ck_assert_ptr_nonnull(strstr(info->file, "snapshot_test.c"));
    ck_assert_uint_gt(info->line, 0);
    if (info->state == LG_GOROUTINE_WAITING) {
        ck_assert_str_eq(info->waits_for, "sleep");
        ck_assert(info->has_deadline || info->thread); /* a thread may just be beginning to wait */
    }
    return !seen->stop_at_once;
}

static struct seen see_all(void)
{
    struct seen seen = {0};
    lg_error *error = lg_goroutine_visit(see, &seen);
    ck_assert_ptr_null(error);
    return seen;
}

START_TEST(they_are_listed_and_counted)
{
    ck_assert_uint_eq(lg_goroutine_count(), 0);
    ck_assert_int_eq(see_all().count, 0);
    for (unsigned workers = 1; workers <= 8; workers *= 2) {
        quit = entered = 0;
        set_workers(workers);
        for (int i = 0; i < 100; i++)
            lg_go(wait_to_quit, "sleep");
        lg_go_with(((lg_go_options){.name = "a name"}), wait_to_quit, "sleep");
        lg_go_thread(wait_to_quit, "sleep");
        until_entered(102);
        expect_count(102);
        struct seen seen = see_all();
        ck_assert_int_eq(seen.count, 102);
        ck_assert_int_eq(seen.threads, 1);
        ck_assert_int_eq(seen.named, 1);
        ck_assert_int_eq(seen.unstarted, 0);
        while (seen.waiting == 0) /* all may have woken at once */
            seen = see_all();
        seen = (struct seen){.stop_at_once = true};
        lg_error *error = lg_goroutine_visit(see, &seen);
        ck_assert_ptr_null(error);
        ck_assert_int_eq(seen.count, 1);
        let_them_end();
    }
}
END_TEST

static void lists_itself(int *count)
{
    struct seen seen = see_all();
    ck_assert_int_eq(seen.running, 1);
    *count = seen.count;
}

START_TEST(the_caller_is_listed_too)
{
    int count = 0;
    set_workers(1);
    lg_go(lists_itself, &count);
    expect_no_leaks();
    ck_assert_int_eq(count, 1);
}
END_TEST

static void does_nothing(void) {}

static void makes_many(int *unstarted)
{
    for (int i = 0; i < 1000; i++)
        lg_go(does_nothing);
    expect_count(1001);
    struct seen seen = see_all();
    ck_assert_int_eq(seen.count, 1001);
    *unstarted = seen.unstarted;
}

START_TEST(those_that_have_not_started_count)
{
    int unstarted = 0;
    set_workers(1);
    lg_go(makes_many, &unstarted);
    expect_no_leaks();
    ck_assert_int_eq(unstarted, 1000);
}
END_TEST

/* One that keeps its worker busy hides the stacks of the others there, but not that they exist. */
START_TEST(a_busy_worker_hides_none)
{
    set_workers(1);
    lg_go(wait_to_quit, "sleep");
    lg_go(wait_to_quit, "sleep");
    until_entered(2);
    lg_go_with(((lg_go_options){.name = "a name"}), wait_to_quit, "nothing");
    until_entered(3);
    struct seen seen = see_all();
    ck_assert_int_eq(seen.count, 3);
    ck_assert_int_eq(seen.named, 1);
    ck_assert_int_eq(seen.running, 1);
    let_them_end();
}
END_TEST

/* ---- leaks ---- */

START_TEST(leaks_are_named)
{
    lg_error *error = lg_goroutine_check_leaks(0);
    ck_assert_ptr_null(error);
    lg_go(wait_to_quit, "sleep");
    lg_go_thread(wait_to_quit, "sleep");
    until_entered(2);
    lg_time begun = lg_now();
    error = lg_goroutine_check_leaks(50 * LG_MILLISECOND);
    ck_assert_ptr_nonnull(error);
    ck_assert_int_ge(lg_now() - begun, 50 * LG_MILLISECOND);
    char text[2048];
    lg_error_format(error, text, sizeof(text));
    ck_assert_int_eq(occurrences(text, "wait_to_quit, started at "), 2);
    ck_assert_int_eq(occurrences(text, "snapshot_test.c:"), 2);
    ck_assert_int_eq(occurrences(text, "in leaks_are_named"), 2);
    lg_error_free(error);
    let_them_end();
}
END_TEST

static void checks(lg_error **error)
{
    *error = lg_goroutine_check_leaks(0);
}

START_TEST(the_caller_is_no_leak)
{
    lg_error *error = &lg_error_cancelled;
    lg_go(checks, &error);
    expect_no_leaks();
    ck_assert_ptr_null(error);
}
END_TEST

static void checks_while_others_do(int *failures)
{
    lg_error *error = lg_goroutine_check_leaks(0);
    __atomic_fetch_add(failures, error == NULL, __ATOMIC_SEQ_CST);
    lg_error_free(error);
}

START_TEST(many_may_look_at_once)
{
    for (unsigned workers = 1; workers <= 8; workers *= 2) {
        int failures = 0;
        set_workers(workers);
        quit = entered = 0;
        lg_go(wait_to_quit, "yield"); /* always there */
        for (int i = 0; i < 40; i++) {
            if (i % 8 == 0)
                lg_go_thread(checks_while_others_do, &failures);
            else
                lg_go(checks_while_others_do, &failures);
        }
        checks_while_others_do(&failures);
        for (int i = 0; i < 300000 && lg_goroutine_count() > 1; i++)
            usleep(1000);
        ck_assert_uint_eq(lg_goroutine_count(), 1);
        ck_assert_int_eq(__atomic_load_n(&failures, __ATOMIC_SEQ_CST), 0);
        let_them_end();
    }
}
END_TEST

/* ---- printing ---- */

static void helper(int number)
{
    (void)number;
}

__attribute__((noinline)) static void waits_with_a_defer(int number)
{
    lg_defer(helper, number);
    __atomic_fetch_add(&entered, 1, __ATOMIC_SEQ_CST);
    lg_sleep(LG_HOUR);
}

static bool count_waiting(const lg_goroutine_info *info, void *count)
{
    *(int *)count += info->state == LG_GOROUTINE_WAITING;
    return true;
}

static void until_waiting(int wanted)
{
    int count = 0;
    while (count < wanted) {
        count = 0;
        ck_assert_ptr_null(lg_goroutine_visit(count_waiting, &count));
        usleep(100);
    }
}

static void prints(void *data)
{
    set_workers((unsigned)(uintptr_t)data);
    lg_go(waits_with_a_defer, 1);
    lg_go_with(((lg_go_options){.stack_size = 16384}), waits_with_a_defer, 2);
    lg_go_thread(waits_with_a_defer, 3);
    until_waiting(3);
    lg_defer(helper, 4);
    lg_yield(); /* main is listed once it has waited */
    lg_goroutine_print(stdout);
    fflush(stdout);
}

START_TEST(they_are_printed_with_stack_and_defers)
{
    for (uintptr_t workers = 1; workers <= 8; workers *= 2) {
        struct outcome *outcome = in_child(prints, (void *)workers);
        expect_status(outcome, 0);
        ck_assert_str_eq(outcome->err, "");
        ck_assert_int_eq(occurrences(outcome->out, ", waits_with_a_defer, waits for sleep:\n"), 3);
        ck_assert_int_eq(occurrences(outcome->out, "    deferred: helper(number)  "), 3);
        ck_assert_int_eq(occurrences(outcome->out, "    deferred: helper(4)  "), 1);
        ck_assert_int_eq(occurrences(outcome->out, "    started at "), 3);
        ck_assert_int_eq(occurrences(outcome->out, ", running:\n"), 1);
        if (dlopen("libdw.so.1", RTLD_NOW))
            ck_assert_int_eq(occurrences(outcome->out, "    waits_with_a_defer  "), 3);
    }
}
END_TEST

static void print_here(void)
{
    lg_goroutine_print(stdout);
    fflush(stdout);
    __atomic_store_n(&quit, 1, __ATOMIC_SEQ_CST);
}

static void prints_from_a_small_stack(void *data)
{
    (void)data;
    set_workers(2);
    lg_go(waits_with_a_defer, 1);
    until_waiting(1);
    lg_go_with(((lg_go_options){.stack_size = 16384}), print_here);
    while (!__atomic_load_n(&quit, __ATOMIC_SEQ_CST))
        usleep(1000);
}

/* What names a frame takes more stack than that; it has room elsewhere. */
START_TEST(a_goroutine_with_a_small_stack_can_print)
{
    struct outcome *outcome = in_child(prints_from_a_small_stack, NULL);
    expect_status(outcome, 0);
    ck_assert_int_eq(occurrences(outcome->out, ", waits_with_a_defer, waits for sleep:\n"), 1);
    ck_assert_int_eq(occurrences(outcome->out, ", print_here, running:\n"), 1);
    if (dlopen("libdw.so.1", RTLD_NOW))
        ck_assert_int_eq(occurrences(outcome->out, "    print_here  "), 1);
}
END_TEST

/* While others come and go, nothing is printed twice, and nothing breaks. */
static void comes_and_goes(int depth)
{
    lg_defer(helper, depth);
    unsigned seed = (unsigned)depth;
    for (int i = 0; i < 50; i++) {
        if (rand_r(&seed) % 4 == 0)
            lg_sleep(rand_r(&seed) % 100 * LG_MICROSECOND);
        else
            lg_yield();
    }
    if (depth > 0)
        lg_go(comes_and_goes, depth - 1);
}

START_TEST(printing_while_much_goes_on)
{
    FILE *nowhere = fopen("/dev/null", "w");
    for (unsigned workers = 1; workers <= 8; workers *= 2) {
        set_workers(workers);
        for (int i = 0; i < 200; i++)
            lg_go(comes_and_goes, 10);
        for (int i = 0; i < 5; i++) {
            lg_goroutine_print(nowhere);
            (void)see_all();
        }
        lg_error *error = lg_goroutine_check_leaks(30 * LG_SECOND);
        ck_assert_ptr_null(error);
    }
    fclose(nowhere);
}
END_TEST

static void *print_when_cancelled(void *begun)
{
    FILE *nowhere = fopen("/dev/null", "w");
    int before;
    ck_assert_ptr_nonnull(nowhere);
    setvbuf(nowhere, NULL, _IONBF, 0);
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
    pthread_barrier_wait(begun);
    pthread_barrier_wait(begun);
    pthread_setcancelstate(before, NULL);
    lg_goroutine_print(nowhere);
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
    fclose(nowhere);
    return begun;
}

START_TEST(printing_is_not_cancelled_half_way)
{
    pthread_t thread;
    pthread_barrier_t begun;
    void *end;
    lg_go_thread(wait_to_quit, "waits");
    pthread_barrier_init(&begun, NULL, 2);
    pthread_create(&thread, NULL, print_when_cancelled, &begun);
    pthread_barrier_wait(&begun);
    pthread_cancel(thread);
    pthread_barrier_wait(&begun);
    pthread_join(thread, &end);
    ck_assert_ptr_eq(end, &begun);
    (void)see_all(); /* no lock is held */
    let_them_end();
}
END_TEST

/* ---- a worker that is awake, but gets no processor ---- */

/* The kernel's answers are the test's: so nothing depends on which threads get a processor in the test. */
static int looks; /* atomic: how often the printing thread has asked for the worker's times */
enum { FEW_LOOKS = 4 };

static struct lgi_thread_stat awake_without_a_processor(pid_t thread)
{
    ck_assert_int_ne(thread, gettid());
    __atomic_fetch_add(&looks, 1, __ATOMIC_SEQ_CST);
    return (struct lgi_thread_stat){.state = 'R', .ticks = 7};
}

static struct lgi_thread_stat awake_with_a_processor(pid_t thread)
{
    ck_assert_int_ne(thread, gettid());
    int ticks = __atomic_add_fetch(&looks, 2, __ATOMIC_SEQ_CST);
    return (struct lgi_thread_stat){.state = 'R', .ticks = (unsigned long)ticks};
}

/* It answers nobody until it has been looked at for longer than any worker is waited for that has a processor. */
static void gets_a_processor_late(void)
{
    __atomic_fetch_add(&entered, 1, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(&looks, __ATOMIC_SEQ_CST) < FEW_LOOKS &&
           !__atomic_load_n(&quit, __ATOMIC_SEQ_CST))
        ;
    wait_to_quit("yield");
}

static void print_while(struct lgi_thread_stat (*stat)(pid_t thread), void (*run)(void))
{
    lgi_visit_thread_stat = stat;
    set_workers(1);
    lg_go(run);
    until_entered(1);
    lg_goroutine_print(stdout);
    let_them_end();
}

static void print_with_a_late_worker(void *unused)
{
    (void)unused;
    print_while(awake_without_a_processor, gets_a_processor_late);
}

START_TEST(a_worker_without_a_processor_is_not_busy)
{
    struct outcome *outcome = in_child(print_with_a_late_worker, NULL);
    expect_status(outcome, 0);
    ck_assert_int_eq(occurrences(outcome->out, "keeps worker"), 0);
    ck_assert_int_eq(occurrences(outcome->out, ", may go on:\n"), 1);
}
END_TEST

static void computes(void)
{
    wait_to_quit("nothing");
}

static void print_with_a_busy_worker(void *unused)
{
    (void)unused;
    print_while(awake_with_a_processor, computes);
}

START_TEST(a_worker_that_runs_on_a_processor_is_busy)
{
    struct outcome *outcome = in_child(print_with_a_busy_worker, NULL);
    expect_status(outcome, 0);
    ck_assert_int_eq(occurrences(outcome->out, "keeps worker 0 busy"), 1);
}
END_TEST

static void lists_in_a_forked_child(void *unused)
{
    (void)unused;
    set_workers(2);
    for (int i = 0; i < 3; i++)
        lg_go(wait_to_quit, "sleep");
    until_entered(3);
    pid_t child = fork();
    if (child == 0) {
        lg_error *leaks = lg_goroutine_check_leaks(0);
        printf("%zu goroutines, leaks: %d\n", lg_goroutine_count(), leaks != NULL);
        lg_goroutine_print(stdout);
        fflush(stdout);
        _exit(0);
    }
    waitpid(child, NULL, 0);
    let_them_end();
}

START_TEST(a_forked_child_has_no_goroutines_of_its_parent)
{
    struct outcome *outcome = in_child(lists_in_a_forked_child, NULL);
    expect_status(outcome, 0);
    ck_assert_int_eq(occurrences(outcome->out, "0 goroutines, leaks: 0\n"), 1);
    ck_assert_int_eq(occurrences(outcome->out, ", running:\n"), 1);
    ck_assert_int_eq(occurrences(outcome->out, "wait_to_quit"), 0);
}
END_TEST

RUN_TESTS("snapshot", a_forked_child_has_no_goroutines_of_its_parent,
          a_worker_without_a_processor_is_not_busy, a_worker_that_runs_on_a_processor_is_busy,
          they_are_listed_and_counted, the_caller_is_listed_too, those_that_have_not_started_count,
          a_busy_worker_hides_none, leaks_are_named, the_caller_is_no_leak, many_may_look_at_once,
          they_are_printed_with_stack_and_defers, a_goroutine_with_a_small_stack_can_print,
          printing_while_much_goes_on, printing_is_not_cancelled_half_way)
