/* Tests of the threads that goroutines run on: which thread a goroutine has, whose turn it is, how many workers there are. Rules
 * are those of docs/rules.md. */
#include "testing/sched.h"

#include <lifoguard/waitgroup.h>

static atomic_int ended, may_end;

static void none(void)
{
    add_one(&ended);
}

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

RUN_TESTS("workers", g5_once_started_it_stays_on_its_thread, waiting_leaves_errno_as_it_was,
          who_yields_all_the_time_starves_nobody, those_that_start_and_those_that_go_on_take_turns,
          goroutines_of_one_worker_start_in_order,
          an_idle_worker_takes_what_the_busy_one_has_started, the_number_of_workers,
          more_workers_start_what_waits, workers_come_and_go_while_goroutines_run,
          lifoguard_workers_in_the_environment)
