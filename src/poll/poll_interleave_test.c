/* A thread that waits for a descriptor, in all interleavings with lg_close, with the end of its limit, with what makes the descriptor
 * ready, and with lg_exit. poll(2) and the thread's event are models. */
#include "testing/interleave.h"

#include "closers/own_fd.h"
#include "defer/hooks.h"
#include "error/keep_errno.h"
#include "error/libc.h"
#include "error/ordering.h"
#include "poll/descriptor.h"
#include "poll/poll.h"
#include "sched/bubble.h"
#include "sched/futex.h"
#include "sched/hooks.h"
#include "sched/identity.h"
#include "sched/runtime.h"
#include "time/clock.h"

/* ---- the kernel ---- */

enum { DEADLINE = 10, DESCRIPTOR = 5, EVENT = 7 };

static bool time_has_come, is_ready; /* the descriptor */
static uint64_t event_count;
static struct il_view
    event_view;          /* a read of the event sees what was done before it was written to */
static uint32_t changes; /* of the two; who polls sleeps on it */

static lg_time model_now(void)
{
    if (!time_has_come)
        time_has_come = il_decide(2) == 1;
    return time_has_come ? DEADLINE : 0;
}

static void model_futex_wait(const void *word, uint32_t value, lg_time until)
{
    il_futex_wait(word, value, until != LG_DURATION_MAX);
    time_has_come |= until != LG_DURATION_MAX;
}

/* Wakes without handing anything over. */
static void change(void)
{
    changes++;
    il.changes++;
    for (unsigned i = 0; i < il.threads; i++)
        if (il.thread[i].sleeps_on == &changes)
            il.thread[i].sleeps_on = NULL;
}

static void add_to_event(uint64_t value)
{
    il_step();
    event_count += value;
    il_join(&event_view, &il.thread[il.now].view);
    change();
}

static ssize_t model_read(void *value)
{
    il_step();
    if (event_count == 0)
        return -1;
    memcpy(value, &event_count, sizeof(event_count));
    event_count = 0;
    il_join(&il.thread[il.now].view, &event_view);
    return sizeof(event_count);
}

static int look(struct pollfd *fds, nfds_t count)
{
    int ready = 0;
    for (nfds_t i = 0; i < count; i++) {
        bool readable = fds[i].fd == EVENT ? event_count > 0 : is_ready;
        fds[i].revents = readable ? POLLIN : 0;
        ready += readable;
    }
    return ready;
}

static int model_poll(struct pollfd *fds, nfds_t count, lg_time until)
{
    bool limited = until != LG_DURATION_MAX;
    for (;;) {
        il_step();
        int ready = look(fds, count);
        if (ready > 0 || until == 0 || (limited && time_has_come))
            return ready;
        uint32_t before = changes;
        il_futex_wait(&changes, before, limited);
        time_has_come |= limited && changes == before;
    }
}

/* ---- the code under test ---- */

static uint32_t ended_as; /* the wait */

#define lgi_pause il_spin
#define sched_yield() il_spin()
#define lgi_nap(duration) il_spin()
#define lgi_futex_wait model_futex_wait
#define lgi_futex_wake(word, count) il_futex_wake(word)
#define lgi_may_spin() false
#define lgi_all_asleep() false
#define lgi_real_now model_now
#define lg_now model_now
#define lgi_event_signal(event) add_to_event(1)
#define syscall(number, event, value, size) (add_to_event(*(value)), (long)(size))
#define read(event, value, size) ((void)(event), model_read(value))
#define ppoll(fds, count, time, mask) ((void)(time), model_poll(fds, count, until))
// NOLINTBEGIN(bugprone-suspicious-include): they are under test
#include "../sched/done.c"
#include "../sched/lock.c"
#include "../sched/park.c"
#define in_child descriptor_in_child
#define begin descriptor_begin
#include "descriptor.c"
#undef begin
#undef in_child
#define lgi_fd_wait_result(wait, claim, until, revents)                                            \
    (ended_as = (claim), *(revents) = (wait)->revents, (void)(until), (lg_error *)NULL)
#include "poll_thread.c"
// NOLINTEND(bugprone-suspicious-include)

/* ---- a wait, and what ends it ---- */

static struct lgi_g waiting_thread;
static struct lgi_done cancelled;
static lg_until limit;
static uint32_t generation;
static short events;

static void begin_wait(void)
{
    memset(&waiting_thread, 0, sizeof(waiting_thread));
    waiting_thread.claim = LGI_READY;
    memset(&cancelled, 0, sizeof(cancelled));
    memset(&event_view, 0, sizeof(event_view));
    is_ready = time_has_come = false;
    event_count = changes = 0;
    thread_event[0] = thread_event[1] = EVENT;
    struct lgi_fd *entry = lgi_fd_get(DESCRIPTOR);
    *entry = (struct lgi_fd){.lock = LGI_LOCK_FREE};
    generation = 0;
    ended_as = LGI_WAITING;
    events = 0;
}

static void wait_once(void)
{
    (void)lgi_wait_fd_on_thread(&waiting_thread, DESCRIPTOR, generation, POLLIN, limit, &events);
}

/* As a read does: what was ended without an event is tried again. */
static void wait_until_ready(void)
{
    do
        wait_once();
    while (ended_as == LGI_READY && events == 0);
}

static void make_ready(void)
{
    il_step();
    is_ready = true;
    change();
}

static void close_it(void)
{
    before_close(DESCRIPTOR);
    after_close(DESCRIPTOR);
}

static void cancel(void)
{
    lgi_done_set(&cancelled, &lg_error_cancelled);
}

/* As tell_thread does. */
static void tell_to_stop(void)
{
    __atomic_store_n(&waiting_thread.stop, true, __ATOMIC_SEQ_CST);
    lgi_thread_recheck(&waiting_thread);
    lgi_poll_recheck(&waiting_thread);
}

/* What is left in the event must not end the thread's next wait. */
static void expect_clean(void)
{
    ck_assert_ptr_null(lgi_fd_get(DESCRIPTOR)->waiters.first);
    ck_assert_ptr_null(cancelled.waiters.first);
    ck_assert_uint_eq(event_count % CHECK, 0);
    ck_assert_uint_ne(ended_as, LGI_WAITING);
}

static void expect_ready(void)
{
    expect_clean();
    ck_assert_uint_eq(ended_as, LGI_READY);
    ck_assert_int_eq(events, POLLIN);
}

static void expect_closed(void)
{
    expect_clean();
    ck_assert_uint_eq(ended_as, LGI_FD_CLOSED);
}

static void run_wait(lg_time deadline, void (*one)(void), void (*other)(void), void (*check)(void))
{
    limit = (lg_until){deadline, &cancelled};
    il_run_all(&(struct il_plan){begin_wait, {wait_until_ready, one, other}, check, NULL, 2, 1});
}

START_TEST(C9_D10_no_wait_of_a_thread_for_a_descriptor_is_lost)
{
    run_wait(LG_TIME_MAX, make_ready, NULL, expect_ready);
    run_wait(LG_TIME_MAX, close_it, NULL, expect_closed);
    run_wait(LG_TIME_MAX, cancel, NULL, expect_clean);
    run_wait(LG_TIME_MAX, tell_to_stop, NULL, expect_clean);
    run_wait(DEADLINE, NULL, NULL, expect_clean);
}
END_TEST

START_TEST(C9_D10_whatever_ends_a_wait_for_a_descriptor_first_leaves_nothing_of_the_other)
{
    void (*const ends[])(void) = {make_ready, close_it, cancel, tell_to_stop};
    for (size_t i = 0; i < 4; i++) {
        run_wait(DEADLINE, ends[i], NULL, expect_clean);
        for (size_t k = 0; k < i; k++)
            run_wait(LG_TIME_MAX, ends[i], ends[k], expect_clean);
    }
}
END_TEST

RUN_TESTS("poll interleave", C9_D10_no_wait_of_a_thread_for_a_descriptor_is_lost,
          C9_D10_whatever_ends_a_wait_for_a_descriptor_first_leaves_nothing_of_the_other)
