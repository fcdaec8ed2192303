/* Tests of what lg_go does, and of the threads that goroutines run on. Rules are those of docs/rules.md. */
#include "testing/sched.h"

#include <lifoguard/waitgroup.h>

#include <fenv.h>

/* ---- the forms ---- */

static atomic_int ended;

static void none(void)
{
    add_one(&ended);
}

static int sum_of[5];

static int one(int a)
{
    sum_of[1] = a;
    add_one(&ended);
    return a;
}

static char *two(int a, const char *text)
{
    sum_of[2] = a + (int)strtol(text, NULL, 10);
    add_one(&ended);
    return NULL;
}

static void three(int a, unsigned long b, const int *c)
{
    sum_of[3] = a + (int)b + *c;
    add_one(&ended);
}

static lg_error *four(int a, long long b, size_t c, atomic_int *counter)
{
    sum_of[4] = a + (int)b + (int)c;
    add_one(counter);
    return NULL;
}

START_TEST(forms_with_up_to_four_arguments)
{
    static const int five = 5;
    int value = 1;
    void (*pointer)(void) = none;
    lg_go(none);
    lg_go(pointer);
    lg_go(one, value);
    lg_go_thread(two, 1, "20");
    lg_go_with(((lg_go_options){.name = "three"}), three, 1, 20UL, &five);
    lg_go(four, 1, 20LL, (size_t)300, &ended);
    value = 7; /* D2: arguments are evaluated at once */
    pointer = NULL;
    wait_for_value(&ended, 6);
    ck_assert_int_eq(sum_of[1], 1);
    ck_assert_int_eq(sum_of[2], 21);
    ck_assert_int_eq(sum_of[3], 26);
    ck_assert_int_eq(sum_of[4], 321);
    (void)value;
    (void)pointer;
}
END_TEST

static void drop(atomic_int *counter)
{
    atomic_fetch_sub(counter, 1000);
}

START_TEST(g4_an_owned_argument_is_not_dropped_if_the_goroutine_started)
{
    for (int i = 0; i < 100; i++)
        lg_go_owned(add_one, &ended, drop);
    wait_for_value(&ended, 100);
    usleep(1000);
    ck_assert_int_eq(ended, 100);
}
END_TEST

static atomic_int total;

static void add_two(atomic_int *to, int a)
{
    atomic_fetch_add(to, a);
}

static void add_three(atomic_int *to, int a, const char *b)
{
    atomic_fetch_add(to, a + (int)strlen(b));
}

static void add_four(atomic_int *to, int a, const char *b, long c)
{
    atomic_fetch_add(to, a + (int)strlen(b) + (int)c);
}

START_TEST(g4_an_owned_argument_with_up_to_three_others)
{
    total = ended = 0;
    lg_go_owned(add_one, &total, drop);
    lg_go_owned(add_two, &total, 10, drop);
    lg_go_owned(add_three, &total, 100, "12", drop);
    lg_go_owned(add_four, &total, 1000, "123", 10000L, drop);
    wait_for_value(&total, 11116);
    ck_assert_int_eq(total, 11116);
}
END_TEST

static void never_called(const char *word, int number)
{
    (void)word, (void)number;
    tell("called");
}

static void start_while_exiting(void)
{
    lg_go_owned(never_called, "dropped", 1, tell);
}

static void exit_and_start(void *data)
{
    (void)data;
    lg_go(add_one, &ended); /* so there are workers */
    wait_for_value(&ended, 1);
    atexit(start_while_exiting); /* (in a deferred call, what is started may still run) */
    lg_exit(0);
}

START_TEST(g4_the_first_of_several_arguments_is_dropped)
{
    struct outcome *outcome = in_child(exit_and_start, NULL);
    expect_status(outcome, 0);
    expect_out(outcome, "dropped ");
}
END_TEST

/* ---- G1, G2: defers of its own ---- */

static atomic_int may_end;

static void defers_and_waits(void)
{
    lg_defer(add_one, &ended);
    lg_defer(note, "child's");
    while (may_end == 0)
        lg_sleep(50 * LG_MICROSECOND);
}

static void starts_and_ends(void)
{
    lg_defer(add_one, &ended);
    lg_defer(note, "parent's");
    lg_go(defers_and_waits);
}

START_TEST(g2_defers_run_at_its_own_end)
{
    lg_go(starts_and_ends);
    wait_for_value(&ended, 1);
    expect_trace("parent's");
    may_end = 1;
    wait_for_value(&ended, 2);
    expect_trace("child's");
}
END_TEST

/* Goroutines in turn on one worker, each with defers, a scope, panics that it recovers while others run. */
static void recovers(unsigned number, atomic_int *deferred)
{
    lg_func_recovers_void {
        lg_defer(add_one, &ended);
        lg_defer_recover(stop);
        lg_scope(scope);
        for (unsigned i = 0; i < 20; i++)
            lg_defer_in(&scope, add_one, deferred);
        lg_yield();
        ck_assert_uint_eq(lg_scope_count(&scope), 20);
        lg_defer(lg_yield);
        lg_defer(add_one, deferred);
        lg_yield();
        if (number % 3 == 0)
            lg_panic("p");
        if (number % 3 == 1)
            lg_goexit();
        lg_return_void();
    }
}

START_TEST(g1_each_has_its_own_defers_and_panics)
{
    atomic_int deferred = 0;
    for (unsigned workers = 1; workers <= 8; workers = workers == 1 ? 2 : workers * 4) {
        ck_assert_ptr_null(lg_set_workers(workers));
        ended = deferred = 0;
        for (unsigned i = 0; i < 900; i++)
            lg_go(recovers, i, &deferred);
        wait_for_value(&ended, 900);
        ck_assert_int_eq(deferred, 900L * 21);
        trace_text[0] = '\0';
    }
}
END_TEST

static void panics(void)
{
    lg_defer(tell, "own");
    lg_panic("nobody stops it");
}

static void panic_uncaught(void *thread)
{
    lg_defer(tell, "main's");
    if (thread)
        lg_go_thread(panics);
    else
        lg_go_with(((lg_go_options){.name = "culprit"}), panics);
    lg_sleep(LG_MINUTE);
}

START_TEST(p8_an_uncaught_panic_ends_the_process)
{
    struct outcome *outcome = in_child(panic_uncaught, NULL);
    expect_status(outcome, 2);
    expect_out(outcome, "own ");
    expect_in_err(outcome, "panic: nobody stops it");
    expect_in_err(outcome, "in goroutine 1, culprit, started at ");
    expect_in_err(outcome, "go_test.c:");
    expect_in_err(outcome, " in panic_uncaught");
    expect_in_err(outcome, "panics");
    outcome = in_child(panic_uncaught, &outcome);
    expect_status(outcome, 2);
    expect_out(outcome, "own ");
    expect_in_err(outcome, ", panics, started at ");
}
END_TEST

static void exits_thread(void)
{
    pthread_exit(NULL);
}

static void pthread_exit_in_goroutine(void *unused)
{
    (void)unused;
    lg_go(exits_thread);
    lg_sleep(LG_MINUTE);
}

START_TEST(pthread_exit_in_a_goroutine_is_refused)
{
#ifndef HAS_TSAN /* it ends the process there already */
    struct outcome *outcome = in_child(pthread_exit_in_goroutine, NULL);
    expect_status(outcome, 2);
    expect_in_err(outcome, "pthread_exit in a goroutine");
    expect_in_err(outcome, "lg_goexit");
#else
    (void)pthread_exit_in_goroutine;
#endif
}
END_TEST

/* ---- misuse ---- */

static void go_null(void *drops)
{
    void (*null)(const char *) = NULL;
    if (drops)
        lg_go_owned(null, "dropped", tell);
    else
        lg_go_thread(null, "text");
}

static void go_too_large(void *unused)
{
    (void)unused;
    const lg_go_options options = {.stack_size = ((size_t)1 << 30) + 1,
                                   .free = LGI_FREE(tell, "text")};
    lg_go_with(options, tell, "dropped");
}

START_TEST(d9_misuse_panics_at_once)
{
    struct outcome *outcome = in_child(go_null, NULL);
    expect_status(outcome, 2);
    expect_in_err(outcome, "panic: goroutine of a NULL function");
    outcome = in_child(go_null, &outcome);
    expect_status(outcome, 2);
    expect_out(outcome, "dropped "); /* G4 */
    outcome = in_child(go_too_large, NULL);
    expect_status(outcome, 2);
    expect_in_err(outcome, "panic: a goroutine's stack of more than 1 GB");
    expect_out(outcome, "dropped ");
}
END_TEST

/* ---- names and numbers ---- */

static uint64_t ids[1000];
static char names[4][32];

static void note_id(int i)
{
    ids[i] = lg_goroutine_id();
    lg_yield();
    ck_assert_uint_eq(ids[i], lg_goroutine_id());
    add_one(&ended);
}

static void note_name(int i)
{
    snprintf(names[i], sizeof(names[i]), "%s", lg_goroutine_name());
    add_one(&ended);
}

static int compare_ids(const void *a, const void *b)
{
    uint64_t first = *(const uint64_t *)a, second = *(const uint64_t *)b;
    return first < second ? -1 : first > second;
}

static void name_of_thread(void *unused)
{
    (void)unused;
    ck_assert_str_eq(lg_goroutine_name(), "thread");
    ck_assert_uint_eq(lg_goroutine_id(), 0);
}

START_TEST(names_and_numbers)
{
    ck_assert_ptr_null(lg_set_workers(8));
    ck_assert_str_eq(lg_goroutine_name(), "main");
    ck_assert_uint_eq(lg_goroutine_id(), 0);
    ck_assert(on_thread(name_of_thread, NULL));
    for (int i = 0; i < 1000; i++) {
        if (i % 100 == 0)
            lg_go_thread(note_id, i);
        else
            lg_go(note_id, i);
    }
    wait_for_value(&ended, 1000);
    qsort(ids, 1000, sizeof(ids[0]), compare_ids);
    ck_assert_uint_ge(ids[0], 1);
    for (int i = 1; i < 1000; i++)
        ck_assert_uint_lt(ids[i - 1], ids[i]);

    void (*pointer)(int) = note_name;
    lg_go(note_name, 0);
    lg_go_thread(pointer, 1);
    lg_go_with(((lg_go_options){.name = "given"}), note_name, 2);
    lg_go_with(((lg_go_options){.name = "thread's", .thread = true}), note_name, 3);
    wait_for_value(&ended, 1004);
    ck_assert_str_eq(names[0], "note_name");
    ck_assert_str_eq(names[1], "pointer");
    ck_assert_str_eq(names[2], "given");
    ck_assert_str_eq(names[3], "thread's");
}
END_TEST

/* ---- G5: it stays on its thread ---- */

static __thread atomic_int on_this_thread;

static void stays(int number)
{
    pid_t thread = gettid();
    pthread_t self = pthread_self();
    atomic_int *mine = &on_this_thread;
    atomic_fetch_add(mine, 1);
    for (int i = 0; i < 20; i++) {
        errno = number;
        if (number % 4 == 0)
            lg_sleep(10 * LG_MICROSECOND);
        else
            lg_yield();
        /* errno is the thread's: what others on it do with it may show, so only that it is the same one. */
        ck_assert_int_eq(gettid(), thread);
        ck_assert(pthread_equal(pthread_self(), self));
        ck_assert_ptr_eq(&on_this_thread, mine);
    }
    atomic_fetch_sub(mine, 1);
    add_one(&ended);
}

START_TEST(g5_once_started_it_stays_on_its_thread)
{
    for (unsigned workers = 1; workers <= 8; workers = workers == 1 ? 2 : workers * 4) {
        ck_assert_ptr_null(lg_set_workers(workers));
        ended = 0;
        for (int i = 0; i < 1000; i++)
            lg_go(stays, i);
        wait_for_value(&ended, 1000);
    }
}
END_TEST

static void alone(void)
{
    for (int i = 0; i < 20; i++) {
        errno = 1000 + i;
        lg_sleep(50 * LG_MICROSECOND);
        ck_assert_int_eq(errno, 1000 + i);
        lg_yield();
        ck_assert_int_eq(errno, 1000 + i);
        lg_go(none);
        ck_assert_int_eq(errno, 1000 + i);
    }
    add_one(&may_end);
}

START_TEST(waiting_leaves_errno_as_it_was)
{
    lg_go(alone);
    wait_for_value(&may_end, 1);
    lg_go_thread(alone);
    wait_for_value(&may_end, 2);
    alone();
    wait_for_value(&ended, 60);
}
END_TEST

/* ---- the floating-point mode ---- */

static void rounds(int mode)
{
    volatile double one = 1, three = 3, third;
    ck_assert_int_eq(fegetround(), FE_TONEAREST); /* as a program begins */
    ck_assert_int_eq(fesetround(mode), 0);
    third = one / three;
    for (int i = 0; i < 50; i++) {
        if (i % 10 == 0)
            lg_sleep(LG_MICROSECOND);
        else
            lg_yield();
        ck_assert_int_eq(fegetround(), mode);
        ck_assert_double_eq(one / three, third);
    }
    add_one(&ended);
}

START_TEST(the_floating_point_mode_is_each_goroutines_own)
{
    static const int modes[] = {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
    ck_assert_ptr_null(lg_set_workers(2));
    for (int i = 0; i < 400; i++)
        lg_go(rounds, modes[i % 4]);
    wait_for_value(&ended, 400);
    ck_assert_int_eq(fegetround(), FE_TONEAREST);
}
END_TEST

/* ---- taking turns ---- */

static atomic_int stop_spinning;

static void spin_and_yield(void)
{
    while (stop_spinning == 0)
        lg_yield();
    add_one(&ended);
}

static void sleep_some(void)
{
    for (int i = 0; i < 10; i++)
        lg_sleep(100 * LG_MICROSECOND);
    add_one(&may_end);
}

START_TEST(who_yields_all_the_time_starves_nobody)
{
    ck_assert_ptr_null(lg_set_workers(1));
    for (int i = 0; i < 3; i++)
        lg_go(spin_and_yield);
    for (int i = 0; i < 50; i++)
        lg_go(sleep_some);
    wait_for_value(&may_end, 50);
    stop_spinning = 1;
    wait_for_value(&ended, 3);
}
END_TEST

/* Those that have started go on though new ones keep coming, and the other way round. */
static atomic_int generations;

static void start_next(void)
{
    add_one(&generations);
    if (stop_spinning == 0)
        lg_go(start_next);
    else
        add_one(&ended);
}

START_TEST(those_that_start_and_those_that_go_on_take_turns)
{
    ck_assert_ptr_null(lg_set_workers(1));
    for (int i = 0; i < 3; i++)
        lg_go(start_next);
    for (int i = 0; i < 3; i++)
        lg_go(spin_and_yield);
    for (int i = 0; i < 20; i++)
        lg_go(sleep_some);
    wait_for_value(&may_end, 20);
    int before = generations;
    wait_for_value(&generations, before + 100);
    stop_spinning = 1;
    wait_for_value(&ended, 6);
}
END_TEST

static void yield_in_turn(int number)
{
    note_number(number);
    lg_yield();
    note_number(number);
    add_one(&ended);
}

static void in_order(void)
{
    for (int i = 1; i <= 4; i++)
        lg_go(yield_in_turn, i);
    add_one(&ended);
}

START_TEST(goroutines_of_one_worker_start_in_order)
{
    ck_assert_ptr_null(lg_set_workers(1));
    lg_go(in_order);
    wait_for_value(&ended, 5);
    int first = 0;
    for (const char *at = trace_text; *at; at++) {
        if (*at > '0' + first)
            ck_assert_int_eq(*at, '0' + ++first);
    }
    ck_assert_int_eq(first, 4);
}
END_TEST

/* ---- idle workers take what has not started ---- */

static atomic_int taken_on[8];
static lg_time started_at, first_at;

static void note_taken(int i)
{
    taken_on[i] = gettid();
    add_one(&ended);
}

static void start_and_compute(void)
{
    for (int i = 0; i < 8; i++)
        lg_go(note_taken, i);
    started_at = lg_now();
    while (ended < 8 && lg_now() < started_at + 300 * LG_SECOND)
        ; /* as a computation would, without a wait */
    first_at = lg_now();
    ck_assert_int_eq(ended, 8);
    for (int i = 0; i < 8; i++)
        ck_assert_int_ne(taken_on[i], gettid());
    add_one(&may_end);
}

START_TEST(an_idle_worker_takes_what_the_busy_one_has_started)
{
    const lg_duration soon = (is_plain() ? 20 : 500) * LG_MILLISECOND;
    ck_assert_ptr_null(lg_set_workers(2));
    lg_duration best = LG_DURATION_MAX;
    for (int i = 0; i < 10 || (best >= soon && i < 1000); i++) {
        ended = may_end = 0;
        lg_go(start_and_compute);
        wait_for_value(&may_end, 1);
        if (first_at - started_at < best)
            best = first_at - started_at;
    }
    ck_assert_int_lt(best, soon);
}
END_TEST

/* ---- how many workers ---- */

static pid_t seen_threads[64];
static int seen_count;
static pthread_mutex_t seen_lock = PTHREAD_MUTEX_INITIALIZER;

static void see_thread(void)
{
    pthread_mutex_lock(&seen_lock);
    int i = 0;
    while (i < seen_count && seen_threads[i] != gettid())
        i++;
    if (i == seen_count && seen_count < 64)
        seen_threads[seen_count++] = gettid();
    pthread_mutex_unlock(&seen_lock);
    usleep(100); /* keeps the thread */
    add_one(&ended);
}

/* On how many threads do goroutines run? */
static int threads_seen(void)
{
    seen_count = ended = 0;
    for (int i = 0; i < 500; i++)
        lg_go(see_thread);
    wait_for_value(&ended, 500);
    return seen_count;
}

START_TEST(the_number_of_workers)
{
    lg_error *err = lg_set_workers(0);
    ck_assert_ptr_nonnull(err);
    ck_assert_ptr_nonnull(strstr(lg_error_message(err), "from 1 to 1024, not 0"));
    lg_error_free(err);
    err = lg_set_workers(1025);
    ck_assert_ptr_nonnull(err);
    lg_error_free(err);
    ck_assert_uint_ge(lg_workers(), 1);

    ck_assert_ptr_null(lg_set_workers(1));
    ck_assert_uint_eq(lg_workers(), 1);
    ck_assert_int_eq(threads_seen(), 1);
    ck_assert_ptr_null(lg_set_workers(8));
    ck_assert_uint_eq(lg_workers(), 8);
    int most = 0;
    for (int i = 0; i < 1000 && most < 2; i++)
        most = threads_seen();
    ck_assert_int_ge(most, 2);
    ck_assert_int_le(most, 8);
    /* Fewer again: the others start no new ones, but finish what they have. */
    ck_assert_ptr_null(lg_set_workers(1));
    ck_assert_int_eq(threads_seen(), 1);
    ck_assert_ptr_null(lg_set_workers(3));
    for (int i = 0; i < 20; i++)
        ck_assert_int_le(threads_seen(), 3);
}
END_TEST

static void compute_until_set(const atomic_int *flag)
{
    add_one(&ended);
    while (!*flag)
        ;
}

START_TEST(more_workers_start_what_waits)
{
    enum { MOST = 4 };
    static atomic_int
        started[MOST + 1]; /* one each time: some of those before may just be about to look */
    for (unsigned workers = 1; workers <= MOST; workers++) {
        ended = 0;
        ck_assert_ptr_null(lg_set_workers(workers));
        for (unsigned i = 0; i < workers; i++)
            lg_go(compute_until_set, &started[workers]);
        wait_for_value(&ended, (int)workers);
        lg_go(add_one, &started[workers]);
        ck_assert_ptr_null(lg_set_workers(workers + 1));
        wait_for_value(&started[workers], 1);
    }
}
END_TEST

static void sleep_and_start(int times)
{
    if (times > 0)
        lg_go(sleep_and_start, times - 1);
    lg_sleep(500 * LG_MICROSECOND);
    if (times > 0)
        lg_go(sleep_and_start, times - 1);
    lg_yield();
    add_one(&ended);
}

START_TEST(workers_come_and_go_while_goroutines_run)
{
    for (int i = 0; i < 20; i++)
        lg_go(sleep_and_start, 7);
    for (unsigned i = 0; i < 40; i++) {
        ck_assert_ptr_null(lg_set_workers(1 + i * 5 % 8));
        usleep(300);
    }
    wait_for_value(&ended, 20 * 255);
}
END_TEST

static void print_workers(void *environment)
{
    setenv("LIFOGUARD_WORKERS", environment, 1);
    printf("%u", lg_workers());
    lg_go(none);
    wait_for_value(&ended, 1);
    printf(" %u", lg_workers());
}

START_TEST(lifoguard_workers_in_the_environment)
{
    static char three[] = "3", garbage[] = "3x", zero[] = "0", many[] = "99999999999999999999",
                empty[] = "";
    expect_out(in_child(print_workers, three), "3 3");
    char *const unusable[] = {garbage, zero, many, empty};
    char usual[32];
    cpu_set_t set;
    ck_assert_int_eq(sched_getaffinity(0, sizeof(set), &set), 0);
    snprintf(usual, sizeof(usual), "%d %d", CPU_COUNT(&set), CPU_COUNT(&set));
    for (int i = 0; i < 4; i++)
        expect_out(in_child(print_workers, unusable[i]), usual);
}
END_TEST

/* ---- wherever it is called ---- */

/* Runs in this program's child, before main. */
__attribute__((constructor)) static void in_constructor(void)
{
    if (!getenv("GO_TEST_CONSTRUCTOR"))
        return;
    for (int i = 0; i < 100; i++)
        lg_go(none);
    lg_go_thread(none);
    lg_sleep(LG_MILLISECOND);
    wait_for_value(&ended, 101);
    tell("constructed");
    exit(0);
}

static void run_constructor(void *unused)
{
    (void)unused;
    setenv("GO_TEST_CONSTRUCTOR", "1", 1);
    execl("/proc/self/exe", "go_test", (char *)NULL);
}

static void at_exit(void)
{
    lg_go(none);
    lg_go_thread(none);
    lg_sleep(LG_MILLISECOND);
    wait_for_value(&ended, 2);
    tell("exited");
}

static void register_at_exit(void *after_goroutines)
{
    atexit(at_exit);
    if (after_goroutines) {
        lg_go(add_one, &may_end);
        wait_for_value(&may_end, 1);
    }
}

static void go_from_thread(void *unused)
{
    (void)unused;
    for (int i = 0; i < 100; i++)
        lg_go(none);
    lg_yield();
}

START_TEST(from_constructors_exit_handlers_and_threads)
{
    struct outcome *outcome;
    if (!lgi_in_valgrind()) {
        outcome = in_child(run_constructor, NULL);
        expect_status(outcome, 0);
        expect_out(outcome, "constructed ");
    }
    outcome = in_child(register_at_exit, NULL);
    expect_status(outcome, 0);
    expect_out(outcome, "exited ");
    outcome = in_child(register_at_exit, &outcome);
    expect_status(outcome, 0);
    expect_out(outcome, "exited ");
    for (int i = 0; i < 10; i++)
        ck_assert(on_thread(go_from_thread, NULL));
    wait_for_value(&ended, 1000);
}
END_TEST

static void exit_with_goroutines(void *unused)
{
    (void)unused;
    for (int i = 0; i < 1000; i++)
        lg_go(sleep_some);
    lg_go_thread(sleep_some);
    lg_sleep(100 * LG_MICROSECOND);
}

START_TEST(mains_return_ends_them_where_they_are)
{
    for (int i = 0; i < 20; i++) {
        struct outcome *outcome = in_child(exit_with_goroutines, NULL);
        expect_status(outcome, 0);
        ck_assert_str_eq(outcome->err, "");
    }
}
END_TEST

static void outlives_main(void)
{
    lg_sleep(5 * LG_MILLISECOND);
    tell("goroutine");
    lg_exit(4);
}

static void main_goexits(void *unused)
{
    (void)unused;
    lg_defer(tell, "main's");
    lg_go(outlives_main);
    lg_goexit();
}

START_TEST(p14_goroutines_go_on_after_mains_goexit)
{
    for (int i = 0; i < 10; i++) {
        struct outcome *outcome = in_child(main_goexits, NULL);
        expect_status(outcome, 4);
        expect_out(outcome, "main's goroutine ");
    }
}
END_TEST

/* ---- lg_exit while what is deferred lets main return ---- */

static lg_waitgroup released;

static void exits_and_releases(void)
{
    lg_defer(tell, "last");
    lg_defer(lg_waitgroup_done, &released);
    lg_exit(3);
}

static void *thread_exits(void *unused)
{
    exits_and_releases();
    return unused;
}

static void main_returns(void *how)
{
    pthread_t thread;
    lg_waitgroup_add(&released, 1);
    switch (*(int *)how) {
    case 0: lg_go(exits_and_releases); break;
    case 1: lg_go_thread(exits_and_releases); break;
    default: ck_assert_int_eq(pthread_create(&thread, NULL, thread_exits, NULL), 0); break;
    }
    lg_waitgroup_wait(&released);
}

START_TEST(d10_main_cannot_return_before_lg_exit)
{
    for (int i = 0; i < 60; i++) {
        int how = i % 3;
        struct outcome *outcome = in_child(main_returns, &how);
        expect_status(outcome, 3);
        expect_out(outcome, "last ");
    }
}
END_TEST

static void go_after_fork(void *unused)
{
    (void)unused;
    lg_go(none);
    wait_for_value(&ended, 1);
    pid_t child = fork();
    if (child == 0) {
        lg_go(none);
        _exit(0);
    }
    int status;
    waitpid(child, &status, 0);
    _exit(WIFEXITED(status) ? 100 + WEXITSTATUS(status) : 99);
}

START_TEST(after_fork_it_is_refused)
{
    struct outcome *outcome = in_child(go_after_fork, NULL);
    expect_status(outcome, 102);
    expect_in_err(outcome, "in a child after fork");
}
END_TEST

/* ---- many ---- */

static struct lgi_done all_may_end;
static atomic_int parked;

static void park_until_all_may_end(void)
{
    add_one(&parked);
    struct lgi_g *g = lgi_self();
    lgi_wait_begin(g, "test");
    const lg_until until = {LG_DURATION_MAX, &all_may_end};
    ck_assert_uint_eq(lgi_park(g, until), LGI_IS_DONE);
    ck_assert_ptr_eq(lgi_wait_failed(LGI_IS_DONE, until), &lg_error_cancelled);
    add_one(&ended);
}

START_TEST(a_hundred_thousand_parked_at_once)
{
    ck_assert_ptr_null(lg_set_workers(2));
    for (int i = 0; i < many(); i++)
        lg_go(park_until_all_may_end);
    wait_for_value(&parked, many());
    ck_assert_int_eq(ended, 0);
    ck_assert(lgi_done_set(&all_may_end, NULL));
    wait_for_value(&ended, many());
}
END_TEST

RUN_TESTS("go", forms_with_up_to_four_arguments,
          g4_an_owned_argument_is_not_dropped_if_the_goroutine_started,
          g4_an_owned_argument_with_up_to_three_others,
          g4_the_first_of_several_arguments_is_dropped, g2_defers_run_at_its_own_end,
          g1_each_has_its_own_defers_and_panics, p8_an_uncaught_panic_ends_the_process,
          pthread_exit_in_a_goroutine_is_refused, d9_misuse_panics_at_once, names_and_numbers,
          g5_once_started_it_stays_on_its_thread, waiting_leaves_errno_as_it_was,
          the_floating_point_mode_is_each_goroutines_own, who_yields_all_the_time_starves_nobody,
          those_that_start_and_those_that_go_on_take_turns, goroutines_of_one_worker_start_in_order,
          an_idle_worker_takes_what_the_busy_one_has_started, the_number_of_workers,
          more_workers_start_what_waits, workers_come_and_go_while_goroutines_run,
          lifoguard_workers_in_the_environment, from_constructors_exit_handlers_and_threads,
          mains_return_ends_them_where_they_are, p14_goroutines_go_on_after_mains_goexit,
          d10_main_cannot_return_before_lg_exit, after_fork_it_is_refused,
          a_hundred_thousand_parked_at_once)
