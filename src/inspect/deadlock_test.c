/* Deadlocks: noticed exactly when nothing can go on, whoever sleeps last; and named in full. */
#include "testing/test.h"

#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "poll/poll.h"
#include "sched/runtime.h"
#include "signals/signals.h"
#include "testing/emulated.h"

#define FOR_EVER LG_DURATION_MAX

static void set_workers(unsigned count)
{
    lg_error *error = lg_set_workers(count);
    ck_assert_ptr_null(error);
}

static void close_it(int fd)
{
    (void)fd;
}

/* A variable, so that link-time optimisation does not make the library's function a part of the callers. */
static void (*volatile sleep_named)(lg_duration duration) = lg_sleep;

__attribute__((noinline)) static void sleeps_for_ever(int fd)
{
    lg_defer(close_it, fd);
    sleep_named(FOR_EVER);
    tell("woken");
}

/* ---- it is noticed ---- */

static void main_and_goroutines(void *data)
{
    set_workers((unsigned)(uintptr_t)data);
    printf("printed before");
    for (int i = 0; i < 3; i++)
        lg_go(sleeps_for_ever, i);
    lg_defer(tell, "of main");
    sleep_named(FOR_EVER);
}

START_TEST(a_deadlock_is_reported_with_all_that_wait)
{
    for (uintptr_t workers = 1; workers <= 8; workers *= 2) {
        struct outcome *outcome = in_child(main_and_goroutines, (void *)workers);
        expect_status(outcome, 2);
        expect_out(outcome, "printed before");
        expect_in_err(outcome, "all goroutines are asleep - deadlock!\n");
        expect_in_err(outcome, "\nmain, waits for sleep:\n");
        expect_in_err(outcome, "deferred: tell(\"of main\")  ");
        ck_assert_int_eq(occurrences(outcome->err, ", sleeps_for_ever, waits for sleep:\n"), 3);
        ck_assert_int_eq(occurrences(outcome->err, "deferred: close_it(fd)  "), 3);
        ck_assert_int_eq(occurrences(outcome->err, "    started at "), 3);
        expect_in_err(outcome, "deadlock_test.c:");
        expect_in_err(outcome, "in main_and_goroutines\n");
        expect_not_in_err(outcome, "woken");
    }
}
END_TEST

START_TEST(its_stacks_have_the_names_of_functions)
{
    if (!dlopen("libdw.so.1", RTLD_NOW))
        return;
    struct outcome *outcome = in_child(main_and_goroutines, (void *)2);
    ck_assert_int_eq(occurrences(outcome->err, "    lg_sleep\n"), 4);
    ck_assert_int_eq(occurrences(outcome->err, "    sleeps_for_ever  "), 3);
    /* The library's own frames are left out, below and above. */
    expect_not_in_err(outcome, "lgi_");
}
END_TEST

static void main_alone(void *data)
{
    (void)data;
    lg_sleep(FOR_EVER);
}

START_TEST(main_alone_is_a_deadlock)
{
    struct outcome *outcome = in_child(main_alone, NULL);
    expect_status(outcome, 2);
    expect_in_err(outcome, "all goroutines are asleep - deadlock!\n");
    expect_in_err(outcome, "main, waits for sleep:\n");
}
END_TEST

static void ends_at(lg_duration duration)
{
    lg_sleep(duration);
}

/* The last one to do anything is a goroutine, which ends. */
static void goroutine_ends_last(void *data)
{
    set_workers((unsigned)(uintptr_t)data);
    lg_go(ends_at, 20 * LG_MILLISECOND);
    lg_sleep(FOR_EVER);
}

static void thread_ends_last(void *data)
{
    set_workers((unsigned)(uintptr_t)data);
    lg_go(sleeps_for_ever, 1);
    lg_go_thread(usleep, 20000U);
    lg_sleep(FOR_EVER);
}

static void thread_sleeps_last(void *data)
{
    set_workers((unsigned)(uintptr_t)data);
    lg_go(sleeps_for_ever, 1);
    lg_go_thread(sleeps_for_ever, 2);
    lg_sleep(FOR_EVER);
}

static void sleeps_after(int ms)
{
    usleep((unsigned)ms * 1000);
    lg_sleep(FOR_EVER);
}

static void thread_sleeps_late(void *data)
{
    set_workers((unsigned)(uintptr_t)data);
    lg_go(sleeps_for_ever, 1);
    lg_go_thread(sleeps_after, 30);
    lg_sleep(FOR_EVER);
}

static void main_sleeps_late(void *data)
{
    set_workers((unsigned)(uintptr_t)data);
    lg_go(sleeps_for_ever, 1);
    usleep(30000);
    lg_sleep(FOR_EVER);
}

static void *just_ends(void *ms)
{
    usleep((unsigned)(uintptr_t)ms * 1000);
    return NULL;
}

/* A thread of the program's own could still do something, until it ends. */
static void foreign_thread_ends(void *data)
{
    pthread_t thread;
    set_workers((unsigned)(uintptr_t)data);
    lg_go(sleeps_for_ever, 1);
    pthread_create(&thread, NULL, just_ends, (void *)50);
    pthread_detach(thread);
    lg_sleep(FOR_EVER);
}

static void *waits_and_ends(void *ms)
{
    lg_sleep((lg_duration)(uintptr_t)ms * LG_MILLISECOND);
    return NULL;
}

static void known_thread_ends(void *data)
{
    pthread_t thread;
    set_workers((unsigned)(uintptr_t)data);
    lg_go(sleeps_for_ever, 1);
    pthread_create(&thread, NULL, waits_and_ends, (void *)50);
    pthread_detach(thread);
    lg_sleep(FOR_EVER);
}

/* A timer that was stopped is none. */
static void timer_stopped(void *data)
{
    struct lgi_timer timer = {.fire = NULL};
    set_workers((unsigned)(uintptr_t)data);
    lg_go(sleeps_for_ever, 1);
    ck_assert(lgi_timer_start(&timer, lg_now() + LG_HOUR));
    usleep(1000);
    ck_assert(lgi_timer_stop(&timer));
    lg_sleep(FOR_EVER);
}

START_TEST(whoever_sleeps_or_ends_last_it_is_noticed)
{
    void (*const programs[])(void *) = {goroutine_ends_last, thread_ends_last, thread_sleeps_last,
                                        thread_sleeps_late,  main_sleeps_late, foreign_thread_ends,
                                        known_thread_ends,   timer_stopped};
    for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
        for (uintptr_t workers = 1; workers <= 8; workers *= 2) {
            struct outcome *outcome = in_child(programs[i], (void *)workers);
            expect_status(outcome, 2);
            expect_in_err(outcome, "all goroutines are asleep - deadlock!\n");
        }
    }
}
END_TEST

/* P14: main has ended by lg_goexit, and the others went on. */
static void main_has_gone(void *data)
{
    set_workers((unsigned)(uintptr_t)data);
    lg_go(sleeps_for_ever, 1);
    lg_goexit();
}

static void only_main_was_there(void *data)
{
    set_workers((unsigned)(uintptr_t)data);
    lg_go(ends_at, LG_MILLISECOND);
    lg_goexit();
}

static void main_has_ended_by_pthread_exit(void *data)
{
    set_workers((unsigned)(uintptr_t)data);
    lg_go(sleeps_for_ever, 1);
    lg_sleep(LG_MILLISECOND);
    pthread_exit(NULL);
}

START_TEST(P14_main_gone_and_the_rest_asleep)
{
    for (uintptr_t workers = 1; workers <= 8; workers *= 2) {
        struct outcome *outcome = in_child(main_has_gone, (void *)workers);
        expect_status(outcome, 2);
        expect_in_err(outcome, "all goroutines are asleep - deadlock!\n");
        outcome = in_child(main_has_ended_by_pthread_exit, (void *)workers);
        expect_status(outcome, 2);
        expect_in_err(outcome, "all goroutines are asleep - deadlock!\n");
        /* As Go: "no goroutines (main called runtime.Goexit) - deadlock!" */
        outcome = in_child(only_main_was_there, (void *)workers);
        expect_status(outcome, 2);
        expect_in_err(outcome, "no goroutines, and main has ended - deadlock!\n");
    }
}
END_TEST

static void many(void *data)
{
    (void)data;
    for (int i = 0; i < 5000; i++)
        lg_go(sleeps_for_ever, i);
    lg_sleep(FOR_EVER);
}

START_TEST(of_very_many_some_are_shown)
{
    struct outcome *outcome = in_child(many, NULL);
    expect_status(outcome, 2);
    expect_in_err(outcome, "and 4900 more\n");
}
END_TEST

/* The stack of the main thread grows as it is used, which takes addresses. */
__attribute__((noinline)) static void use_stack(void)
{
    volatile char room[256 << 10];
    for (size_t i = 0; i < sizeof(room); i += 1024)
        room[i] = 1;
}

/* Neither memory nor a descriptor is left when the last one goes to sleep. */
static void nothing_is_left(void *data)
{
    use_stack();
    set_workers((unsigned)(uintptr_t)data);
    lg_go(sleeps_for_ever, 1);
    lg_sleep(LG_MILLISECOND);
    setrlimit(RLIMIT_NOFILE, &(struct rlimit){0, 0});
    setrlimit(RLIMIT_AS, &(struct rlimit){1, 1});
    static void *volatile kept; /* compilers take a malloc without a user for one that succeeds */
    while ((kept = malloc(1 << 10)))
        ;
    lg_sleep(FOR_EVER);
}

/* Likewise, and main has gone. */
static void nothing_is_left_without_main(void *data)
{
    set_workers((unsigned)(uintptr_t)data);
    lg_go(sleeps_for_ever, 1);
    lg_sleep(LG_MILLISECOND);
    setrlimit(RLIMIT_NOFILE, &(struct rlimit){0, 0});
    pthread_exit(NULL);
}

START_TEST(a_deadlock_is_noticed_without_memory_and_descriptors)
{
    uintptr_t most = 2;
#ifdef HAS_SANITIZER /* which needs memory of its own */
    most = 0;
#endif
    for (uintptr_t workers = 1; workers <= most; workers++) {
        struct outcome *outcome = in_child(nothing_is_left, (void *)workers);
        expect_status(outcome, 2);
        expect_in_err(outcome, "all goroutines are asleep - deadlock!\n");
        outcome = in_child(nothing_is_left_without_main, (void *)workers);
        expect_status(outcome, 2);
        expect_in_err(outcome, "all goroutines are asleep - deadlock!\n");
    }
}
END_TEST

/* ---- nothing else is taken for one ---- */

static void alive(void *data)
{
    void (*work)(void) = *(void (**)(void))data;
    work();
    tell("alive");
}

static void expect_alive(void (*work)(void))
{
    struct outcome *outcome = in_child(alive, &work);
    expect_status(outcome, 0);
    expect_out(outcome, "alive ");
    ck_assert_str_eq(outcome->err, "");
}

static void long_sleep_of_main(void)
{
    lg_go(sleeps_for_ever, 1);
    lg_sleep(300 * LG_MILLISECOND);
}

static struct lgi_done done;

static void wait_for_done(void)
{
    struct lgi_g *g = lgi_self();
    lgi_wait_begin(g, "test");
    uint32_t claim = lgi_park(g, (lg_until){LG_DURATION_MAX, &done});
    ck_assert_uint_eq(claim, LGI_IS_DONE);
}

static void set_after(int ms)
{
    lg_sleep(ms * LG_MILLISECOND);
    lgi_done_set(&done, NULL);
}

static void goroutine_with_a_timer(void)
{
    lg_go(set_after, 300);
    wait_for_done();
}

static void blocks(int ms)
{
    usleep((unsigned)ms * 1000);
    lgi_done_set(&done, NULL);
}

static void thread_that_blocks(void)
{
    lg_go_thread(blocks, 300);
    wait_for_done();
}

static void *foreign_main(void *data)
{
    blocks(300);
    return data;
}

static void thread_of_the_program(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, foreign_main, NULL);
    wait_for_done();
    pthread_join(thread, NULL);
}

static int event;

static void reads_event(void)
{
    short revents;
    lg_error *error = lgi_wait_fd(event, POLLIN, lg_until_forever(), &revents);
    ck_assert_ptr_null(error);
    lgi_done_set(&done, NULL);
}

static void on_alarm(int signal_number)
{
    uint64_t one = 1;
    (void)signal_number;
    (void)!write(event, &one, sizeof(one));
}

static void alarm_soon(void)
{
    event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    signal(SIGALRM, on_alarm);
    ualarm(300000, 0);
}

static void goroutine_waits_for_a_descriptor(void)
{
    alarm_soon();
    lg_go(reads_event);
    wait_for_done();
}

static void thread_waits_for_a_descriptor(void)
{
    alarm_soon();
    lg_go_thread(reads_event);
    wait_for_done();
}

static void main_waits_for_a_descriptor(void)
{
    alarm_soon();
    lg_go(sleeps_for_ever, 1);
    reads_event();
}

static void fires(struct lgi_timer *timer, lg_time now)
{
    (void)timer;
    (void)now;
}

static void timer_of_no_goroutine(void)
{
    struct lgi_timer timer = {.fire = fires};
    pthread_t thread;
    lg_go(sleeps_for_ever, 1);
    ck_assert(lgi_timer_start(&timer, lg_now() + 300 * LG_MILLISECOND));
    (void)thread;
    usleep(200000);
    lgi_timer_stop(&timer);
}

static void something_outside(void)
{
    lg_go(sleeps_for_ever, 1);
    __atomic_fetch_add(&lgi_outside, 1, __ATOMIC_SEQ_CST);
    lg_error *error = lg_sleep_until(LG_HOUR, lg_until_timeout(300 * LG_MILLISECOND));
    ck_assert(error == &lg_error_deadline_exceeded);
}

static void main_computes(void)
{
    lg_go(sleeps_for_ever, 1);
    for (lg_time end = lg_now() + 300 * LG_MILLISECOND; lg_now() < end;)
        ;
}

/* ---- threads of the library that have something to do ---- */

static int at_work; /* atomic */

static bool is_at_work(void)
{
    return __atomic_load_n(&at_work, __ATOMIC_ACQUIRE) != 0;
}

/* Long enough for a deadlock to be reported, if the caller passes for a thread that waits. */
static void work_for_long(void)
{
    __atomic_store_n(&at_work, 1, __ATOMIC_RELEASE);
    while (!lgi_all_asleep())
        usleep(100);
    usleep(200000);
}

static void wait_for_one_at_work(void)
{
    while (!is_at_work())
        usleep(100);
    wait_for_done();
}

static void works_on_timer(struct lgi_timer *timer)
{
    (void)timer;
    work_for_long();
    lgi_done_set(&done, NULL);
}

/* The timer is late, so the timekeeper runs it. */
static void computes(struct lgi_timer *timer)
{
    ck_assert(lgi_timer_start(timer, lg_now() + LG_MILLISECOND));
    while (!is_at_work())
        ;
}

static void timekeeper_works(void)
{
    static struct lgi_timer timer = {.fire = fires, .later = works_on_timer};
    set_workers(1);
    lg_go(computes, &timer);
    wait_for_one_at_work();
}

static void works_on_signal(struct lgi_signal_watch *watch, int number)
{
    (void)watch;
    (void)number;
    work_for_long();
    lgi_done_set(&done, NULL);
}

static void thread_of_signals_works(void)
{
    static struct lgi_signal_watch watch = {.signals = UINT64_C(1) << (SIGUSR1 - 1),
                                            .later = works_on_signal};
    lg_go(sleeps_for_ever, 1);
    ck_assert_ptr_null(lgi_signals_watch(&watch));
    raise(SIGUSR1);
    wait_for_one_at_work();
}

/* What a thread calls when its goroutine has ended; in the place of the C library's. */
static bool slow_waitid;

int waitid(idtype_t type, id_t id, siginfo_t *info, int options)
{
    if (slow_waitid)
        work_for_long();
    return (int)syscall(SYS_waitid, type, id, info, options, NULL);
}

static void tell_alive(void)
{
    tell("alive");
}

static void exits(void)
{
    lg_exit(0);
}

static void thread_ends_the_process(void)
{
    slow_waitid = true;
    atexit(tell_alive);
    lg_go(sleeps_for_ever, 1);
    lg_go_thread(exits);
    wait_for_done();
}

START_TEST(a_thread_of_the_library_that_works_is_left_alone)
{
    expect_alive(timekeeper_works);
    expect_alive(thread_of_signals_works);
    expect_alive(thread_ends_the_process);
}
END_TEST

START_TEST(what_waits_for_something_is_left_alone)
{
    expect_alive(long_sleep_of_main);
    expect_alive(goroutine_with_a_timer);
    expect_alive(thread_that_blocks);
    expect_alive(thread_of_the_program);
    expect_alive(goroutine_waits_for_a_descriptor);
    expect_alive(thread_waits_for_a_descriptor);
    expect_alive(main_waits_for_a_descriptor);
    expect_alive(timer_of_no_goroutine);
    expect_alive(something_outside);
    expect_alive(main_computes);
}
END_TEST

/* ---- healthy programs that are often almost asleep ---- */

/* A word that goes round: at each moment all but one of those that take part wait. */
struct ring {
    struct lgi_done *turns;
    int rounds, members;
    int ended;
};

static void pass_on(struct ring *ring, int member)
{
    for (int round = 0; round < ring->rounds; round++) {
        struct lgi_g *g = lgi_self();
        lgi_wait_begin(g, "turn");
        lgi_park(g, (lg_until){LG_DURATION_MAX, &ring->turns[round * ring->members + member]});
        unsigned seed = (unsigned)(round * 31 + member);
        if (rand_r(&seed) % 64 == 0)
            lg_sleep(rand_r(&seed) % 200 * LG_MICROSECOND);
        else if (rand_r(&seed) % 16 == 0)
            lg_yield();
        int next = round * ring->members + member + 1;
        if (next < ring->rounds * ring->members)
            lgi_done_set(&ring->turns[next], NULL);
    }
    __atomic_fetch_add(&ring->ended, 1, __ATOMIC_SEQ_CST);
}

static void run_ring(void *data)
{
    unsigned workers = (unsigned)(uintptr_t)data;
    enum { MEMBERS = 6, ROUNDS = 1500 };
    struct ring *ring = calloc(1, sizeof(*ring));
    *ring = (struct ring){calloc((size_t)MEMBERS * ROUNDS, sizeof(struct lgi_done)), ROUNDS,
                          MEMBERS, 0};
    set_workers(workers);
    for (int i = 1; i < MEMBERS - 1; i++)
        lg_go(pass_on, ring, i);
    lg_go_thread(pass_on, ring, MEMBERS - 1);
    lgi_done_set(&ring->turns[0], NULL);
    pass_on(ring, 0); /* main takes part */
    while (__atomic_load_n(&ring->ended, __ATOMIC_SEQ_CST) < MEMBERS)
        usleep(100);
    free(ring->turns);
    free(ring);
    tell("through");
}

START_TEST(a_ring_of_waits_is_no_deadlock)
{
    for (int i = 0; i < 3; i++) {
        for (uintptr_t workers = 1; workers <= 8; workers *= 2) {
            struct outcome *outcome = in_child(run_ring, (void *)workers);
            expect_status(outcome, 0);
            expect_out(outcome, "through ");
            ck_assert_str_eq(outcome->err, "");
        }
    }
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, what_waits_for_something_is_left_alone);
    tcase_add_test(tests, a_thread_of_the_library_that_works_is_left_alone);
    tcase_add_test(tests, a_ring_of_waits_is_no_deadlock);
    if (!deadlocks_are_found())
        return;
    tcase_add_test(tests, a_deadlock_is_reported_with_all_that_wait);
    tcase_add_test(tests, its_stacks_have_the_names_of_functions);
    tcase_add_test(tests, main_alone_is_a_deadlock);
    tcase_add_test(tests, whoever_sleeps_or_ends_last_it_is_noticed);
    tcase_add_test(tests, P14_main_gone_and_the_rest_asleep);
    tcase_add_test(tests, of_very_many_some_are_shown);
    tcase_add_test(tests, a_deadlock_is_noticed_without_memory_and_descriptors);
}

RUN_TESTS_OF("deadlock", add_tests)
