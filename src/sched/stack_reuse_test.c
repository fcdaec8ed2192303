/* Tests of stacks that are used again, and of stacks without memory. Rules are those of docs/rules.md. */
#include "sched/stack.h"
#include "testing/sched.h"
#include <alloca.h>
#include <limits.h>
#include <malloc.h>
#include <sys/mman.h>

static atomic_int ended;

/* ---- used again, and given back ---- */

static uintptr_t seen[4096];
static int seen_count;

static void see_stack(void)
{
    uintptr_t high = lgi_self()->bounds.high;
    int i = 0;
    while (i < seen_count && seen[i] != high)
        i++;
    if (i == seen_count)
        seen[seen_count++] = high;
    lg_yield();
    add_one(&ended);
}

START_TEST(stacks_are_used_again)
{
    ck_assert_ptr_null(lg_set_workers(1));
    for (int i = 1; i <= 2000; i++) {
        lg_go(see_stack);
        wait_for_value(&ended, i);
    }
    ck_assert_int_le(seen_count, 4);
}
END_TEST

static struct lgi_done may_end;
static atomic_int parked;

static void park(void)
{
    add_one(&parked);
    const lg_until until = {LG_DURATION_MAX, &may_end};
    ck_assert_ptr_eq(lg_sleep_until(LG_HOUR, until), &lg_error_cancelled);
    add_one(&ended);
}

static void touch_and_park(void)
{
    char touched[10000];
    memset(touched, 1, sizeof(touched));
    __asm__ volatile("" ::"r"(touched) : "memory");
    park();
}

START_TEST(memory_goes_back_after_a_hundred_thousand)
{
    ck_assert_ptr_null(lg_set_workers(2));
    lg_go(add_one, &parked);
    wait_for_value(&parked, 1);
    size_t before = memory_use().resident, during = 0;
    for (int round = 0; round < 3; round++) {
        parked = ended = 0;
        memset(&may_end, 0, sizeof(may_end));
        for (int i = 0; i < many(); i++)
            lg_go(touch_and_park);
        wait_for_value(&parked, many());
        during = memory_use().resident;
        lgi_done_set(&may_end, NULL);
        wait_for_value(&ended, many());
    }
    if (!is_plain())
        return;
    ck_assert_uint_ge(during, before + (size_t)many() * 12);
    /* Some is kept for the next ones. */
    size_t after = 0;
    for (int i = 0; i < 30000 && (after = memory_use().resident) > before + (during - before) / 20;
         i++)
        usleep(10000);
    ck_assert_uint_le(after, before + (during - before) / 20);
}
END_TEST

static void touch_much_and_park(void)
{
    enum { MUCH = 1 << 20 };
    char touched[MUCH];
    memset(touched, 1, sizeof(touched));
    __asm__ volatile("" ::"r"(touched) : "memory");
    park();
}

START_TEST(memory_of_large_stacks_goes_back)
{
    enum { LARGE = 100 };
    if (!is_plain())
        return;
    ck_assert_ptr_null(lg_set_workers(1));
    lg_go(add_one, &parked);
    wait_for_value(&parked, 1);
    size_t before = memory_use().resident;
    for (int i = 0; i < LARGE; i++)
        lg_go_with(((lg_go_options){.stack_size = 1 << 22}), touch_much_and_park);
    wait_for_value(&parked, LARGE + 1);
    size_t during = memory_use().resident, after = during;
    ck_assert_uint_ge(during, before + (size_t)LARGE * 1000);
    lgi_done_set(&may_end, NULL);
    wait_for_value(&ended, LARGE);
    for (int i = 0; i < 30000 && after > before + (during - before) / 4; i++) {
        usleep(10000);
        after = memory_use().resident;
    }
    ck_assert_uint_le(after, before + (during - before) / 4);
}
END_TEST

/* ---- no memory for stacks: who has none waits ---- */

static void hold_stack(void)
{
    lg_sleep(2 * LG_MILLISECOND);
    add_one(&ended);
}

static void short_of_addresses(void *unused)
{
    (void)unused;
    ended = 0;
    lg_go(add_one, &ended); /* workers, before there is too little for their stacks */
    wait_for_value(&ended, 1);
    const rlim_t limit = memory_use().mapped * 1024 + ((rlim_t)4 << 30);
    setrlimit(RLIMIT_AS, &(struct rlimit){limit, limit});
    for (int i = 0; i < 30; i++)
        lg_go_with(((lg_go_options){.stack_size = (size_t)1 << 30}), hold_stack);
    wait_for_value(&ended, 31);
    tell("all");
}

START_TEST(without_memory_for_its_stack_a_goroutine_waits)
{
    if (!is_plain()) /* they have much mapped of their own */
        return;
    struct outcome *outcome = in_child(short_of_addresses, NULL);
    expect_status(outcome, 0);
    expect_out(outcome, "all ");
}
END_TEST

static void wait_for_the_other(lg_waitgroup *both)
{
    lg_waitgroup_done(both);
    lg_waitgroup_wait(both);
}

/* Sees to it that there are two workers. */
static void keep_both_busy(void)
{
    lg_waitgroup both = {0};
    lg_waitgroup_add(&both, 2);
    for (int i = 0; i < 2; i++)
        lg_go_with(((lg_go_options){.spread = true}), wait_for_the_other, &both);
    lg_waitgroup_wait(&both);
}

static void use_stack_briefly(lg_waitgroup *group)
{
    lg_waitgroup_done(group);
}

/* There is one such stack, which two workers need by turns. */
static void pass_one_stack(void *unused)
{
    enum { ROUNDS = 500 };
    const lg_go_options options = {.stack_size = (size_t)1 << 30, .spread = true};
    (void)unused;
    ck_assert_ptr_null(lg_set_workers(2));
    keep_both_busy();
    const rlim_t limit = memory_use().mapped * 1024 + ((rlim_t)3 << 29);
    setrlimit(RLIMIT_AS, &(struct rlimit){limit, limit});
    for (int i = 0; i < ROUNDS; i++) {
        lg_waitgroup group = {0};
        lg_waitgroup_add(&group, 2);
        lg_go_with(options, use_stack_briefly, &group);
        lg_go_with(options, use_stack_briefly, &group);
        lg_waitgroup_wait(&group);
    }
    tell("all");
}

START_TEST(a_stack_that_a_worker_keeps_is_no_deadlock)
{
    if (!is_plain())
        return;
    struct outcome *outcome = in_child(pass_one_stack, NULL);
    expect_status(outcome, 0);
    expect_out(outcome, "all ");
}
END_TEST

static void limit_addresses(size_t more)
{
    const rlim_t limit = memory_use().mapped * 1024 + more;
    setrlimit(RLIMIT_AS, &(struct rlimit){limit, limit});
}

/* Those that wait for a stack are some hundred bytes each. malloc has what they need before addresses run out: otherwise it
 * depends on how fast stacks are taken whether lg_go panics for want of memory. */
static void have_memory_for_starts(void)
{
    enum { BYTES = 16 << 20 };
    mallopt(M_TRIM_THRESHOLD, 2 * BYTES);
    mallopt(M_TOP_PAD, BYTES);
    free(malloc(64 << 10));
}

/* A barrier opens when all have come to it. */
static lg_chan(int) barrier;
enum { AT_BARRIER = 3000 };

static void come_to_barrier(lg_waitgroup *group)
{
    lg_defer(lg_waitgroup_done, group);
    if (atomic_fetch_add(&ended, 1) + 1 == AT_BARRIER)
        lg_chan_close(barrier);
    lg_chan_recv(barrier, NULL);
}

static void meet(void *more)
{
    lg_waitgroup group = {0};
    ended = 0;
    lg_error_free(lg_set_workers(2));
    lg_waitgroup_go(&group, lg_yield);
    lg_waitgroup_wait(&group);
    barrier = lg_chan_make(int, 0);
    have_memory_for_starts();
    limit_addresses(*(size_t *)more);
    for (int i = 0; i < AT_BARRIER; i++) {
        lg_waitgroup_add(&group, 1);
        lg_go(come_to_barrier, &group);
    }
    lg_waitgroup_wait(&group);
    tell("all");
}

START_TEST(those_without_a_stack_are_part_of_a_deadlock)
{
    if (!is_plain())
        return;
    struct outcome *outcome = in_child(meet, &(size_t){200 << 20});
    expect_status(outcome, 2);
    expect_in_err(outcome, "all goroutines are asleep - deadlock!\n");
    expect_in_err(outcome, "lifoguard: out of memory: ");
    expect_in_err(outcome, "goroutines could not start, for want of a stack\n");
}
END_TEST

static void note_size(size_t *size)
{
    pthread_attr_t attributes;
    pthread_getattr_np(pthread_self(), &attributes);
    pthread_attr_getstacksize(&attributes, size);
    pthread_attr_destroy(&attributes);
    add_one(&ended);
}

/* For threads that begin from now on. */
static void set_default_stack(size_t size)
{
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, size);
    pthread_setattr_default_np(&attributes);
    pthread_attr_destroy(&attributes);
}

static bool has_room(size_t size)
{
    void *room = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return room != MAP_FAILED && munmap(room, size) == 0;
}

/* Less than the stack of a thread usually takes, and more than the least that the library asks for. The C library keeps the
 * stack of a thread that has ended for the next one: what the library's own threads leave is too small for that. */
static void start_thread_without_addresses(void *unused)
{
    (void)unused;
    size_t size = 0;
    ended = 0;
    set_default_stack(512 << 10);
    lg_go(add_one, &ended);
    wait_for_value(&ended, 1);
    set_default_stack(8 << 20);
    do /* again, if another thread gave addresses back after they were counted */
        limit_addresses(3 << 20);
    while (has_room(8 << 20));
    lg_go_thread(note_size, &size);
    wait_for_value(&ended, 2);
    if (size < (3 << 20))
        tell("smaller");
    lg_go_with(((lg_go_options){.thread = true, .stack_size = 8 << 20}), add_one, &ended);
}

START_TEST(where_addresses_are_scarce_a_thread_gets_a_smaller_stack)
{
    if (!is_plain())
        return;
    struct outcome *outcome = in_child(start_thread_without_addresses, NULL);
    expect_status(outcome, 2);
    expect_out(outcome, "smaller ");
    expect_in_err(outcome, "panic: out of memory or threads for a goroutine\n");
}
END_TEST

START_TEST(where_addresses_are_scarce_stacks_take_fewer)
{
    if (!is_plain())
        return;
    struct outcome *outcome = in_child(meet, &(size_t){600 << 20});
    expect_status(outcome, 0);
    expect_out(outcome, "all ");
}
END_TEST

static void nap(void)
{
    while (ended < 2)
        lg_sleep(LG_MILLISECOND);
    lg_sleep(300 * LG_MILLISECOND);
    add_one(&ended);
}

static lg_duration cpu_time(void)
{
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return time.tv_sec * LG_SECOND + time.tv_nsec;
}

/* One of 1 GB has to wait for another to end, which waits for the end of one that needs less: that must not wait. */
static void wait_without_spinning(void *unused)
{
    (void)unused;
    ended = 0;
    lg_go(add_one, &ended);
    wait_for_value(&ended, 1);
    limit_addresses(((size_t)3 << 30) / 2);
    lg_time began = lg_now(), cpu = cpu_time();
    for (int i = 0; i < 2; i++)
        lg_go_with(((lg_go_options){.stack_size = (size_t)1 << 30}), nap);
    lg_go(add_one, &ended);
    while (ended < 4)
        lg_sleep(10 * LG_MILLISECOND);
    tell((cpu_time() - cpu) * 2 < lg_since(began) ? "asleep" : "spinning");
}

START_TEST(who_has_no_stack_waits_asleep_and_keeps_nobody_else)
{
    if (!is_plain())
        return;
    struct outcome *outcome = in_child(wait_without_spinning, NULL);
    expect_status(outcome, 0);
    expect_out(outcome, "asleep ");
}
END_TEST

/* ---- all that were ever taken can be visited ---- */

static void count_call(void *high, void *count)
{
    ck_assert_ptr_nonnull(high);
    ++*(int *)count;
}

START_TEST(stacks_can_be_visited)
{
    int before = 0, after = 0;
    lgi_stacks_visit(count_call, &before);
    void *stacks[20];
    for (int i = 0; i < 20; i++) {
        stacks[i] = lgi_stack_take((unsigned)i % 3, NULL);
        ck_assert_ptr_nonnull(stacks[i]);
    }
    lgi_stacks_visit(count_call, &after);
    ck_assert_int_ge(after, before + 20);
    void *list = NULL;
    for (int i = 0; i < 20; i++) {
        memset((char *)stacks[i] - 8192, 0xaa, 8192 - sizeof(struct lgi_stack_end));
        lgi_stack_end(stacks[i])->next = list;
        list = stacks[i];
    }
    lgi_stacks_give(list);
    for (int i = 0; i < 20; i++) { /* their memory is gone */
        char *again = lgi_stack_take((unsigned)i % 3, NULL);
        ck_assert_ptr_nonnull(again);
        ck_assert_int_eq(again[-4096], 0);
    }
}
END_TEST

RUN_TESTS("stack_reuse", stacks_are_used_again, memory_goes_back_after_a_hundred_thousand,
          memory_of_large_stacks_goes_back, without_memory_for_its_stack_a_goroutine_waits,
          stacks_can_be_visited, those_without_a_stack_are_part_of_a_deadlock,
          where_addresses_are_scarce_stacks_take_fewer,
          where_addresses_are_scarce_a_thread_gets_a_smaller_stack,
          who_has_no_stack_waits_asleep_and_keeps_nobody_else,
          a_stack_that_a_worker_keeps_is_no_deadlock)
