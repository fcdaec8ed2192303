/* Tests of goroutines' stacks: sizes, guard pages, memory given back. */
#include "sched/stack.h"
#include "testing/sched.h"
#include <alloca.h>
#include <limits.h>
#include <malloc.h>
#include <sys/mman.h>

static atomic_int ended;

START_TEST(sizes_are_powers_of_two)
{
    const struct {
        size_t asked, given;
    } cases[] = {
        {1, 16 << 10},
        {16 << 10, 16 << 10},
        {(16 << 10) + 1, 32 << 10},
        {100000, 128 << 10},
        {1 << 20, 1 << 20},
        {((size_t)1 << 30) - 1, (size_t)1 << 30},
        {(size_t)1 << 30, (size_t)1 << 30},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int class_ = lgi_stack_class(cases[i].asked);
        ck_assert_int_ge(class_, 0);
        ck_assert_uint_eq(lgi_stack_size((unsigned)class_), cases[i].given);
    }
    ck_assert_int_eq(lgi_stack_class(((size_t)1 << 30) + 1), -1);
    ck_assert_int_eq(lgi_stack_class(SIZE_MAX), -1);
#ifndef HAS_SANITIZER
    ck_assert_uint_eq(lgi_stack_size((unsigned)lgi_stack_class(0)), 128 << 10);
#else
    ck_assert_uint_eq(lgi_stack_size((unsigned)lgi_stack_class(0)), 512 << 10);
#endif
}
END_TEST

/* ---- what a goroutine finds ---- */

static size_t page(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

/* Writes to all of the stack that is left, but for what the calls here need, and reads it after others have run. */
static void __attribute__((noinline)) use_all_of_it(unsigned value)
{
    enum { FOR_CALLS = 6000 };
    uintptr_t low = lgi_self()->bounds.low;
    size_t room = (uintptr_t)__builtin_frame_address(0) - low - FOR_CALLS;
    volatile unsigned char *all = alloca(room);
    for (size_t i = 0; i < room; i += 512)
        all[i] = (unsigned char)(value + i / 512);
    lg_yield();
    for (size_t i = 0; i < room; i += 512) {
        if (all[i] != (unsigned char)(value + i / 512))
            ck_abort_msg("byte %zu of %zu", i, room);
    }
}

static void check_stack(size_t size, unsigned value)
{
    const struct lgi_g *g = lgi_self();
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    bool in_guard;
    ck_assert_uint_eq(g->bounds.high - g->bounds.low, size);
    ck_assert_uint_eq(g->bounds.low % page(), 0);
    ck_assert_uint_gt(here, g->bounds.low);
    ck_assert_uint_lt(here, g->bounds.high);
    ck_assert_ptr_eq(lgi_stack_around(here, &in_guard), (void *)g->bounds.high);
    ck_assert(!in_guard);
    ck_assert_uint_eq(lgi_stack_guard(g->bounds.low), LGI_STACK_GUARD);
    for (uintptr_t below = 1; below <= LGI_STACK_GUARD; below += LGI_STACK_GUARD - 1) {
        ck_assert_ptr_eq(lgi_stack_around(g->bounds.low - below, &in_guard),
                         (void *)g->bounds.high);
        ck_assert(in_guard);
    }
    ck_assert_ptr_eq(lgi_stack_around(g->bounds.low, &in_guard), (void *)g->bounds.high);
    ck_assert(!in_guard);
    use_all_of_it(value);
    add_one(&ended);
}

#ifdef HAS_SANITIZER
enum { LEAST = 64 << 10 }; /* Check's assertions alone take more than 16 KB there */
#else
enum { LEAST = 16 << 10 };
#endif

START_TEST(stacks_from_16_kb_to_64_mb)
{
    int started = 0;
    /* Valgrind takes frames of more than 2 MB for other stacks. */
    const size_t most = (size_t)(lgi_in_valgrind() ? 1 : 64) << 20;
    for (size_t size = LEAST; size <= most; size *= 2) {
        lg_go_with(((lg_go_options){.stack_size = size}), check_stack, size, 7U);
        lg_go_with(((lg_go_options){.stack_size = size - 1}), check_stack, size, 8U);
        started += 2;
    }
    wait_for_value(&ended, started);
    bool in_guard;
    ck_assert_ptr_null(lgi_stack_around((uintptr_t)&in_guard, &in_guard));
    ck_assert_ptr_null(lgi_stack_around(0, &in_guard));
}
END_TEST

/* Many at once, of all sizes: none shares memory with another. */
START_TEST(stacks_do_not_overlap)
{
    enum { COUNT = 600 };
    ck_assert_ptr_null(lg_set_workers(4));
    for (unsigned i = 0; i < COUNT; i++) {
        size_t size = (size_t)LEAST << i % 5;
        lg_go_with(((lg_go_options){.stack_size = size}), check_stack, size, i);
    }
    wait_for_value(&ended, COUNT);
}
END_TEST

START_TEST(the_default_size)
{
    lg_error *err = lg_set_stack_size(((size_t)1 << 30) + 1);
    ck_assert_ptr_nonnull(strstr(lg_error_message(err), "1 GB is the most"));
    lg_error_free(err);
    ck_assert_ptr_null(lg_set_stack_size(300000));
    lg_go(check_stack, (size_t)512 << 10, 1U);
    lg_go_with(((lg_go_options){.stack_size = 1 << 20}), check_stack, (size_t)1 << 20, 1U);
    wait_for_value(&ended, 2);
    ck_assert_ptr_null(lg_set_stack_size(0));
    lg_go(check_stack, lgi_stack_size((unsigned)lgi_stack_class(0)), 1U);
    wait_for_value(&ended, 3);
}
END_TEST

static void check_thread_stack(size_t size)
{
    pthread_attr_t attributes;
    void *low;
    size_t has;
    ck_assert_int_eq(pthread_getattr_np(pthread_self(), &attributes), 0);
    ck_assert_int_eq(pthread_attr_getstack(&attributes, &low, &has), 0);
    pthread_attr_destroy(&attributes);
    ck_assert_uint_ge(has, size);
    if (size > 0)
        ck_assert_uint_lt(has, 2 * size);
    add_one(&ended);
}

START_TEST(stacks_of_threads)
{
    lg_go_thread(check_thread_stack, (size_t)0);
    lg_go_with(((lg_go_options){.stack_size = 1 << 20, .thread = true}), check_thread_stack,
               (size_t)1 << 20);
    lg_go_with(((lg_go_options){.stack_size = 64 << 20, .thread = true}), check_thread_stack,
               (size_t)64 << 20);
    wait_for_value(&ended, 3);
}
END_TEST

/* ---- the guard ---- */

static void __attribute__((no_sanitize("address"))) touch_guard(uintptr_t below)
{
    volatile char *low = (volatile char *)lgi_self()->bounds.low;
    low[0] = 1; /* this is the stack */
    tell("above");
    *(low - below) = 1;
    tell("survived");
    _exit(0);
}

static void go_touch_its_near_end(void *size)
{
    lg_go_with(((lg_go_options){.stack_size = *(size_t *)size}), touch_guard, (uintptr_t)1);
    lg_sleep(LG_MINUTE);
}

static void go_touch_its_far_end(void *size)
{
    lg_go_with(((lg_go_options){.stack_size = *(size_t *)size}), touch_guard,
               (uintptr_t)LGI_STACK_GUARD);
    lg_sleep(LG_MINUTE);
}

/* Deep enough that it cannot go on; each frame is small, so that the guard is not jumped over. */
static int __attribute__((noinline)) recurse(int depth)
{
    volatile char frame[64];
    frame[0] = (char)depth;
    return depth == INT_MAX ? 0 : recurse(depth + 1) + frame[0];
}

static void overflow(void)
{
    recurse(0);
    tell("survived");
    _exit(0);
}

static void go_overflow(void *unused)
{
    (void)unused;
    lg_go(overflow);
    lg_sleep(LG_MINUTE);
}

static bool died(const struct outcome *outcome)
{
#ifdef HAS_SANITIZER
    return outcome->status != 0; /* it makes its own report */
#else
    if (lgi_in_valgrind()) /* as well */
        return outcome->status != 0;
    return outcome->status == -SIGSEGV || outcome->status == 2;
#endif
}

START_TEST(G8_the_guard_cannot_be_touched)
{
    for (size_t size = LEAST; size <= 8 << 20; size *= 8) {
        struct outcome *outcome = in_child(go_touch_its_near_end, &size);
        expect_out(outcome, "above ");
        ck_assert_msg(died(outcome), "status %d", outcome->status);
        outcome = in_child(go_touch_its_far_end, &size);
        expect_out(outcome, "above ");
        ck_assert_msg(died(outcome), "status %d", outcome->status);
    }
    struct outcome *outcome = in_child(go_overflow, NULL);
    expect_out(outcome, "");
    ck_assert_msg(died(outcome), "status %d", outcome->status);
}
END_TEST

/* The kernel reads it for us: nothing faults here. */
static bool may_be_read(int to, uintptr_t at)
{
    bool read = write(to, (const void *)at, 1) == 1;
    if (!read)
        ck_assert_int_eq(errno, EFAULT);
    return read;
}

/* Is the guard as large as said, and all of it a guard? */
static bool is_guarded(uintptr_t high, size_t size, int to)
{
    uintptr_t low = high - size;
    size_t guard = lgi_stack_guard(low);
    bool all = may_be_read(to, low);
    for (uintptr_t below = page(); below <= guard; below += page())
        all &= !may_be_read(to, low - below);
    return all;
}

/* A stack that nobody had before. */
static uintptr_t take_first(struct lgi_stack_reserve *reserve)
{
    void *high = lgi_stack_take(0, reserve);
    ck_assert_ptr_nonnull(high);
    ck_assert_ptr_null(lgi_stack_end(high)->next);
    lgi_stack_end(high)->next = high;
    return (uintptr_t)high;
}

/* Guards become smaller as there are more stacks, since each page of a guard takes time and memory. Two workers and one who is
 * none take stacks in turn. */
static void take_very_many(void *unused)
{
    (void)unused;
    unsigned last = LGI_STACKS_MANY + 4096, step = 512; /* slabs have up to 1,820 */
    size_t guard = SIZE_MAX, size = lgi_stack_size(0);
    struct lgi_stack_reserve reserves[2] = {0};
    int to[2];
    char taken[64];
    ck_assert_int_eq(pipe(to), 0);
    for (unsigned i = 1; i <= last; i++) {
        uintptr_t high = take_first(i % 3 < 2 ? &reserves[i % 3] : NULL);
        if (i % step != 0)
            continue;
        ck_assert(is_guarded(high, size, to[1]));
        ck_assert_int_eq(read(to[0], taken, sizeof(taken)), 1);
        ck_assert_uint_le(lgi_stack_guard(high - size), guard);
        guard = lgi_stack_guard(high - size);
    }
    ck_assert_uint_eq(guard, LGI_STACK_LEAST_GUARD);
    tell("guarded");
}

START_TEST(G8_the_guards_of_very_many)
{
    if (!is_plain()) /* sixty million bytes, and their shadow */
        return;
    struct outcome *outcome = in_child(take_very_many, NULL);
    expect_out(outcome, "guarded ");
}
END_TEST

RUN_TESTS("stack", sizes_are_powers_of_two, stacks_from_16_kb_to_64_mb, stacks_do_not_overlap,
          the_default_size, stacks_of_threads, G8_the_guard_cannot_be_touched,
          G8_the_guards_of_very_many)
