/* Tens of thousands of goroutines that do everything at once, at random, on 1, 2 and 8 workers: locks, channels,
 * selects, semaphores, conditions, groups, contexts, timers, panics, goexits, and allocations that fail. Every goroutine
 * holds something, and defers its release: at the end all is released, all that was sent has been received or dropped,
 * what the locks guard adds up, and neither descriptors nor memory have grown.
 *
 * LG_MIX_SECONDS: how long for each number of workers (default 2). */
#define _GNU_SOURCE
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <lifoguard/lifoguard.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#if defined __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HAS_SANITIZER 1
#endif
#endif
#if defined __GLIBC__ && !defined HAS_SANITIZER
#define CAN_FAIL_ALLOCATIONS 1
#endif

/* ---- allocations that fail at random, on every thread ---- */

#ifdef CAN_FAIL_ALLOCATIONS
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);

static _Atomic unsigned fail_one_of; /* 0: none */
static _Atomic unsigned allocations, failed_allocations;

static bool fails_now(void)
{
    unsigned one_of = atomic_load_explicit(&fail_one_of, memory_order_relaxed);
    if (one_of == 0 || atomic_fetch_add(&allocations, 1) % one_of != 0)
        return false;
    atomic_fetch_add(&failed_allocations, 1);
    errno = ENOMEM;
    return true;
}

__attribute__((noinline)) void *malloc(size_t size)
{
    return fails_now() ? NULL : __libc_malloc(size);
}

__attribute__((noinline)) void *calloc(size_t count, size_t size)
{
    return fails_now() ? NULL : __libc_calloc(count, size);
}
#endif

/* (Check's own assertions allocate.) */
#define expect(condition)                                                                          \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

static void fail_allocations(unsigned one_of)
{
#ifdef CAN_FAIL_ALLOCATIONS
    atomic_store(&fail_one_of, one_of);
#else
    (void)one_of;
#endif
}

/* ---- what is shared, and what is counted ---- */

#ifdef HAS_SANITIZER
/* A sanitizer maps memory of its own for each stack, and a process may have 65,530 mappings. */
enum { AT_ONCE = 5000 };
#else
enum { AT_ONCE = 20000 };
#endif
enum { LOCKS = 8, CHANNELS = 6 };

static struct locked {
    lg_mutex mutex;
    long value, twice;
} locked[LOCKS];

static struct read {
    lg_rwmutex mutex;
    long value, twice;
} read_mostly[LOCKS];

static lg_chan(long) channels[CHANNELS];
static lg_semaphore units = LG_SEMAPHORE_INIT(100);
static struct {
    lg_mutex mutex;
    lg_cond changed;
    long waiting, turn;
} bell;

static _Atomic long held, acquired, released, sent, received, locks_taken, writes, panics, goexits,
    refused, ended, children;
static lg_context *everything;

static void release(long *what)
{
    expect(*what == 1);
    *what = 0;
    atomic_fetch_add(&released, 1);
    atomic_fetch_sub(&held, 1);
}

/* ---- random numbers, each goroutine its own ---- */

struct dice {
    uint64_t state;
};

static unsigned roll(struct dice *dice, unsigned sides)
{
    dice->state ^= dice->state << 13;
    dice->state ^= dice->state >> 7;
    dice->state ^= dice->state << 17;
    return (unsigned)(dice->state >> 33) % sides;
}

static void perhaps_yield(struct dice *dice)
{
    if (roll(dice, 3) == 0)
        lg_yield();
}

static lg_until soon(struct dice *dice)
{
    return lg_until_timeout((lg_duration)roll(dice, 3000) * LG_MICROSECOND);
}

/* An error of a wait is nothing more than that. */
static bool done(lg_error *err)
{
    if (err)
        atomic_fetch_add(&refused, 1);
    bool is_done = !err;
    lg_error_free(err);
    return is_done;
}

/* ---- what they do ---- */

static void use_a_lock(struct dice *dice)
{
    struct locked *l = &locked[roll(dice, LOCKS)];
    if (roll(dice, 4) == 0) {
        if (!done(lg_mutex_lock_until(&l->mutex, soon(dice))))
            return;
    } else {
        lg_mutex_lock(&l->mutex);
    }
    lg_defer(lg_mutex_unlock, &l->mutex);
    expect(l->twice == 2 * l->value);
    atomic_fetch_add(&locks_taken, 1);
    l->value++;
    perhaps_yield(dice);
    l->twice += 2;
    if (roll(dice, 200) == 0)
        lg_panic("with a lock");
}

static void use_a_read_lock(struct dice *dice)
{
    struct read *r = &read_mostly[roll(dice, LOCKS)];
    if (roll(dice, 8) > 0) {
        lg_rwmutex_rlock(&r->mutex);
        lg_defer(lg_rwmutex_runlock, &r->mutex);
        perhaps_yield(dice);
        expect(r->twice == 2 * r->value);
        return;
    }
    lg_rwmutex_lock(&r->mutex);
    lg_defer(lg_rwmutex_unlock, &r->mutex);
    r->value++;
    atomic_fetch_add(&writes, 1);
    perhaps_yield(dice);
    r->twice += 2;
}

static void use_channels(struct dice *dice)
{
    lg_chan(long) a = channels[roll(dice, CHANNELS)];
    lg_chan(long) b = channels[roll(dice, CHANNELS)];
    long from_a = 0, from_b = 0;
    bool ok_b = false;
    switch (roll(dice, 4)) {
    case 0:
        if (done(lg_chan_send_until(a, 1, soon(dice))))
            atomic_fetch_add(&sent, 1);
        break;
    case 1:
        if (done(lg_chan_recv_until(a, &from_a, soon(dice))))
            atomic_fetch_add(&received, from_a);
        break;
    default:
        switch (lg_select(lg_case_send(a, 1), lg_case_recv(b, &from_b, &ok_b),
                          lg_case_context(everything), lg_case_until(soon(dice)))) {
        case 0: atomic_fetch_add(&sent, 1); break;
        case 1: atomic_fetch_add(&received, ok_b ? from_b : 0); break;
        default: atomic_fetch_add(&refused, 1); break;
        }
    }
}

static void use_units(struct dice *dice)
{
    size_t some = 1 + roll(dice, 5);
    if (!done(lg_semaphore_acquire_until(&units, some, soon(dice))))
        return;
    lg_defer(lg_semaphore_release, &units, some);
    perhaps_yield(dice);
}

static void wait_for_the_bell(struct dice *dice)
{
    lg_mutex_lock(&bell.mutex);
    lg_defer(lg_mutex_unlock, &bell.mutex);
    if (roll(dice, 2) == 0) {
        bell.turn++;
        lg_cond_broadcast(&bell.changed);
        return;
    }
    bell.waiting++;
    done(lg_cond_wait_until(&bell.changed, &bell.mutex, soon(dice)));
    bell.waiting--;
}

static void hold(struct dice *dice, int depth);

static void child(uint64_t seed, int depth)
{
    struct dice dice = {seed};
    atomic_fetch_add(&children, 1);
    hold(&dice, depth);
}

static void have_children(struct dice *dice, int depth)
{
    lg_error *err = NULL;
    {
        lg_context *ctx = lg_context_with_timeout(everything,
                                                  (lg_duration)roll(dice, 5) * LG_MILLISECOND);
        lg_defer(lg_context_free, ctx);
        lg_group_scope(group, &err);
        for (unsigned i = 1 + roll(dice, 3); i > 0; i--)
            lg_group_go(&group, child, dice->state * 2 + i, depth + 1);
        if (roll(dice, 2) == 0)
            done(lg_context_wait_until(ctx, soon(dice)));
    }
    lg_error_free(err);
}

static void use_a_timer(struct dice *dice)
{
    lg_timer *timer = lg_timer_new((lg_duration)roll(dice, 2000) * LG_MICROSECOND);
    lg_defer(lg_timer_free, timer);
    if (roll(dice, 2) == 0)
        lg_timer_stop(timer);
    else
        lg_chan_recv(lg_timer_channel(timer), NULL);
}

/* Something is held meanwhile, however this ends. */
static void hold(struct dice *dice, int depth)
{
    long what = 1;
    atomic_fetch_add(&held, 1);
    atomic_fetch_add(&acquired, 1);
    lg_defer(release, &what);
    for (unsigned steps = 1 + roll(dice, 8); steps > 0; steps--) {
        perhaps_yield(dice);
        switch (roll(dice, 12)) {
        case 0:
        case 1: use_a_lock(dice); break;
        case 2: use_a_read_lock(dice); break;
        case 3:
        case 4:
        case 5: use_channels(dice); break;
        case 6: use_units(dice); break;
        case 7: wait_for_the_bell(dice); break;
        case 8:
            if (depth < 2)
                have_children(dice, depth);
            break;
        case 9: use_a_timer(dice); break;
        case 10: lg_sleep((lg_duration)roll(dice, 4000) * LG_MICROSECOND); break;
        default:
            if (roll(dice, 30) == 0) {
                atomic_fetch_add(&panics, 1);
                lg_panic("at random");
            }
            if (roll(dice, 30) == 0) {
                atomic_fetch_add(&goexits, 1);
                lg_goexit();
            }
        }
    }
}

static void count_end(void)
{
    atomic_fetch_add(&ended, 1);
}

static void one(uint64_t seed)
{
    struct dice dice = {seed};
    lg_defer(count_end);
    hold(&dice, 0);
}

/* ---- all of them ---- */

static long started;

static void start_many(lg_duration how_long, lg_error **err)
{
    lg_time end = lg_now() + how_long;
    lg_group_scope(group, err);
    while (lg_now() < end) {
        if (started - atomic_load(&ended) >= AT_ONCE) {
            lg_sleep(LG_MILLISECOND);
            continue;
        }
        for (int i = 0; i < 100; i++)
            lg_group_go(&group, one, (uint64_t)(++started) * 0x9e3779b97f4a7c15U | 1);
    }
}

static size_t descriptors(void)
{
    size_t count = 0;
    DIR *folder = opendir("/proc/self/fd");
    while (folder && readdir(folder))
        count++;
    if (folder)
        closedir(folder);
    return count;
}

/* Who starts may be out of memory too: then the group's scope waits for those that are there. */
static void start_until(lg_duration how_long, lg_waitgroup *finished)
{
    lg_error *err = NULL;
    lg_defer(lg_waitgroup_done, finished);
    start_many(how_long, &err);
    lg_error_free(err);
}

static void guarded(lg_panic_info *panic)
{
    lg_recover(panic);
}

static void start_all(lg_duration how_long, lg_waitgroup *finished)
{
    lg_func_recovers_void {
        lg_defer_recover(guarded);
        start_until(how_long, finished);
    }
}

static void run(unsigned workers, lg_duration how_long, unsigned failing)
{
    lg_waitgroup finished = {0};
    ck_assert_ptr_null(lg_set_workers(workers));
    lg_waitgroup_add(&finished, 1);
    lg_go(start_all, how_long, &finished);
    fail_allocations(failing);
    lg_waitgroup_wait(&finished);
    fail_allocations(0);
    for (long before = started; atomic_load(&held) > 0 && before == started;)
        lg_sleep(LG_MILLISECOND);
    lg_error *leaked = lg_goroutine_check_leaks(LG_MINUTE);
    if (leaked)
        lg_error_print_tree(leaked, stderr);
    ck_assert_ptr_null(leaked);
}

static void check_sums(void)
{
    long values = 0, written = 0, left = 0;
    for (int i = 0; i < LOCKS; i++) {
        /* A panic with the lock comes between two steps that are both done, so they still agree. */
        ck_assert_int_eq(locked[i].twice, 2 * locked[i].value);
        values += locked[i].value;
        written += read_mostly[i].value;
    }
    for (int i = 0; i < CHANNELS; i++)
        left += (long)lg_chan_len(channels[i]);
    ck_assert_int_eq(values, locks_taken);
    ck_assert_int_eq(written, writes);
    ck_assert_int_eq(sent, received + left);
    ck_assert_int_eq(acquired, released);
    ck_assert_int_eq(bell.waiting, 0);
    ck_assert(lg_semaphore_try_acquire(&units, 100));
    lg_semaphore_release(&units, 100);
}

static lg_duration how_long(void)
{
    const char *seconds = getenv("LG_MIX_SECONDS");
    return seconds ? (lg_duration)strtol(seconds, NULL, 10) * LG_SECOND : 2 * LG_SECOND;
}

/* G1 to G4, P1, D4, D13, C2, C9, C10 under load. */
START_TEST(nothing_is_lost)
{
    static const unsigned workers[] = {1, 2, 8};
    everything = lg_context_with_cancel(lg_context_background());
    for (int i = 0; i < CHANNELS; i++)
        channels[i] = lg_chan_make(long, (size_t)i);
    run(2, LG_SECOND / 4, 0);
    size_t open_before = descriptors();
    for (size_t i = 0; i < 3; i++) {
        run(workers[i], how_long(), 0);
        check_sums();
#ifdef CAN_FAIL_ALLOCATIONS
        run(workers[i], how_long() / 4, 200);
        check_sums();
        ck_assert_uint_gt(failed_allocations, 0);
#endif
    }
    /* Each worker that came since has two of its own, once it has waited for a descriptor. */
    ck_assert_uint_le(descriptors(), open_before + 16);
    printf(
        "%ld goroutines and %ld of their children, %ld panics, %ld goexits, %ld sent, %ld waits that ended "
        "early\n",
        started, (long)children, (long)panics, (long)goexits, (long)sent, (long)refused);
    ck_assert_int_gt(panics, 0);
    ck_assert_int_gt(sent, 0);
    for (int i = 0; i < CHANNELS; i++)
        lg_chan_unref(channels[i]);
    lg_context_free(everything);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mix");
    TCase *tcase = tcase_create("mix");
    tcase_set_timeout(tcase, 600);
    tcase_add_test(tcase, nothing_is_lost);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
