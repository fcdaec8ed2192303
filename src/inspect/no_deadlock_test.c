/* What is not taken for a deadlock: whatever waits for something, and what works. */
#include "testing/deadlock.h"

#include <sys/eventfd.h>
#include <sys/syscall.h>

#include "poll/poll.h"
#include "sched/runtime.h"
#include "signals/signals.h"

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

RUN_TESTS("no deadlock", what_waits_for_something_is_left_alone,
          a_thread_of_the_library_that_works_is_left_alone, a_ring_of_waits_is_no_deadlock)
