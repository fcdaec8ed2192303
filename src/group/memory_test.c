/* Groups where each allocation, and each thread, fails in turn: nothing is lost, and who waits is not left waiting. */
#include "testing/failing_malloc.h"

#include "testing/group.h"

#include "sched/instrument.h"
#include "testing/memory_use.h"

/* ---- threads that cannot be created ---- */

static _Thread_local bool no_threads;

#ifdef CAN_FAIL_ALLOCATIONS
int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*function)(void *),
                   void *argument)
{
    if (no_threads)
        return EAGAIN;
    typedef int create(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    static create *real;
    if (!real) {
        void *symbol = dlsym(RTLD_NEXT, "pthread_create");
        memcpy(&real, &symbol, sizeof(real));
    }
    return real(thread, attributes, function, argument);
}
#endif

/* ---- */

static atomic_int called, dropped;

static void count_called(void *argument)
{
    (void)argument;
    add_one(&called);
}

static void count_dropped(void *argument)
{
    (void)argument;
    add_one(&dropped);
}

static bool caught;

static void catch_panic(lg_panic_info *panic)
{
    memory_ignore();
    no_threads = false;
    caught = panic != NULL;
    if (panic)
        ck_assert_str_eq(lg_panic_message(panic), "out of memory or threads for a goroutine");
    lg_recover(panic);
}

/* Starts one member, the n-th allocation failing (0: the thread).  */
static void start_failing(lg_group *group, const lg_go_options *options, long failing)
{
    lg_func_recovers_void {
        lg_defer_recover(catch_panic);
        no_threads = failing == 0;
        memory_watch(failing, true);
        lg_group_go_with(group, *options, count_called, NULL);
        lg_return_void();
    }
}

/* (lg_func_recovers_void returns nothing.) */
static bool panics(lg_group *group, const lg_go_options *options, long failing)
{
    start_failing(group, options, failing);
    return caught;
}

static void start_without_memory(void)
{
    const lg_go_options plain = {0}, owned = {.free = count_dropped},
                        thread = {.free = count_dropped, .thread = true};
    lg_group group = {0};
    lg_group_set_limit(&group, 2);
    for (int i = 0; i < 10; i++) { /* G4; and the place is free again */
        ck_assert(panics(&group, &plain, 1));
        ck_assert(panics(&group, &owned, 1));
        ck_assert(panics(&group, &thread, 1));
        ck_assert(panics(&group, &thread, 0));
        ck_assert_uint_eq(lg_group_count(&group), 0);
    }
    ck_assert_int_eq(called, 0);
    ck_assert_int_eq(dropped, 30);
    ck_assert(!lg_group_is_cancelled(&group));
    ck_assert(!panics(&group, &thread, 1000));
    ck_assert(!panics(&group, &owned, 1000));
    ck_assert_ptr_null(lg_group_wait(&group));
    ck_assert_int_eq(called, 2);

    /* C9: an error, and the argument is still the caller's. */
    memory_watch(1, true);
    lg_error *err = lg_group_go_with(&group, bounded(owned, lg_until_timeout(LG_SECOND)),
                                     count_called, NULL);
    memory_ignore();
    ck_assert_ptr_eq(err, &lg_error_out_of_memory);
    ck_assert_int_eq(dropped, 30);
    ck_assert_ptr_null(lg_group_wait(&group));
    called = dropped = 0;
}

START_TEST(g4_no_memory_for_a_member)
{
    if (!can_fail_allocations())
        return;
    start_without_memory();
    ck_assert(on_thread((void (*)(void *))(void (*)(void))start_without_memory, NULL));
}
END_TEST

/* ---- a start whose limit comes ---- */

static atomic_int computing, enough;

static void compute(void)
{
    add_one(&computing);
    while (!atomic_load(&enough))
        ;
}

static void start_while_all_compute(void *unused)
{
    (void)unused;
    lg_group group = {0};
    alarm(200);
    ck_assert_ptr_null(lg_set_workers(1));
    lg_go(compute);
    while (!atomic_load(&computing))
        sched_yield();
    no_threads = true;
    lg_error *err = lg_group_start_with(
        &group, bounded((lg_go_options){.free = count_dropped}, lg_until_timeout(LG_MILLISECOND)),
        count_called, NULL);
    no_threads = false;
    tell(lg_error_is(err, &lg_error_deadline_exceeded) ? "late" : "-");
    tell(lg_error_is(err, &lg_error_out_of_memory) ? "memory" : "-");
    tell(lg_group_count(&group) == 0 && called == 0 && dropped == 1 ? "dropped" : "-");
    lg_error_free(err);
    atomic_store(&enough, 1);
    lg_error_free(lg_group_wait(&group));
    _exit(0);
}

/* Neither a worker nor a thread begins the member. */
START_TEST(S8_G10_a_start_does_not_wait_for_a_member_that_cannot_begin)
{
    if (!can_fail_allocations())
        return;
    struct outcome *outcome = in_child(start_while_all_compute, NULL);
    expect_status(outcome, 0);
    expect_out(outcome, "late memory dropped ");
}
END_TEST

/* ---- failing and panicking without memory ---- */

/* That allocation fails, and those after it; or only that one, if it is negative. */
static void watch(long failing)
{
    memory_watch(failing < 0 ? -failing : failing, failing > 0);
}

static lg_error *fail_without_memory(long failing)
{
    watch(failing);
    return lg_error_new("failed");
}

static lg_error *static_without_memory(long failing)
{
    watch(failing);
    return &one_error;
}

static void panic_without_memory(long failing)
{
    watch(failing);
    lg_panic("panicked");
}

static void panic_with_error_without_memory(long failing)
{
    watch(failing);
    lg_panic_with_error(&one_error);
}

/* A worker goes on to other goroutines with what a test has set for its thread. */
static void end_watching(void)
{
    memory_ignore();
}

START_TEST(e7_members_that_fail_without_memory)
{
    if (!can_fail_allocations())
        return;
    ck_assert_ptr_null(lg_set_workers(1));
    for (long failing = -6; failing <= 6; failing++) {
        lg_group group = {0};
        lg_group_go(&group, fail_without_memory, failing);
        lg_group_go(&group, end_watching);
        lg_error *errors = lg_group_wait(&group);
        ck_assert(errors == &lg_error_out_of_memory ||
                  strcmp(lg_error_message(errors), "failed") == 0);
        lg_error_free(errors);

        lg_group_init(&group);
        for (int i = 0; i < 3; i++) {
            lg_group_go(&group, static_without_memory, failing);
            lg_group_go(&group, end_watching);
        }
        errors = lg_group_wait(&group);
        ck_assert(lg_error_is(errors, &one_error)); /* the first is never masked */
        lg_error_free(errors);

        lg_group_init(&group);
        lg_group_go(&group, panic_without_memory, failing);
        lg_group_go(&group, end_watching);
        errors = lg_group_wait(&group);
        ck_assert(errors == &lg_error_out_of_memory ||
                  strcmp(lg_error_message(errors), "panic: panicked") == 0);
        char *text = NULL;
        size_t size;
        FILE *file = open_memstream(&text, &size);
        lg_error_print_tree(errors, file);
        fclose(file);
        ck_assert_ptr_nonnull(
            strstr(text, errors == &lg_error_out_of_memory ? "memory" : "panicked"));
        free(text);
        lg_error_free(errors);

        lg_group_init(&group);
        lg_group_go(&group, panic_with_error_without_memory, failing);
        lg_group_go(&group, end_watching);
        errors = lg_group_wait(&group);
        ck_assert(lg_error_is(errors, &one_error));
        lg_error_free(errors);
    }
}
END_TEST

/* ---- at random, in trees of groups: every argument is used or dropped, once ---- */

static atomic_int made;

struct token {
    unsigned seed;
    int levels;
};

static struct token *new_token(unsigned seed, int levels)
{
    struct token *token = malloc(sizeof(*token)); /* may fail too */
    if (!token)
        return NULL;
    *token = (struct token){seed, levels};
    add_one(&made);
    return token;
}

static void drop_token(struct token *token)
{
    add_one(&dropped);
    free(token);
}

/* It sets what the worker's thread has from now on, for whoever runs on it. */
static void disturb(unsigned seed)
{
    if (seed % 3 == 0)
        memory_ignore();
    else
        memory_watch(1 + seed % 4, seed % 5 == 0);
}

static lg_error *use_token(struct token *token)
{
    lg_func (lg_error *, err) {
        unsigned seed = token->seed;
        int levels = token->levels;
        add_one(&called);
        free(token);
        lg_group_scope(group, &err);
        lg_group_set_limit(&group, seed % 4);
        for (unsigned i = 0; i < 4 && levels > 0; i++) {
            struct token *child = new_token(seed * 31 + i + 1, levels - 1);
            disturb(seed + i);
            if (child)
                lg_group_go_owned(&group, use_token, child, drop_token);
            yield_some(seed + i);
        }
        lg_return(seed % 7 == 0 ? lg_error_newf("%u", seed) : NULL);
    }
}

START_TEST(g4_allocations_that_fail_at_random)
{
    int all_called = 0, all_dropped = 0;
    if (!can_fail_allocations())
        return;
    for (unsigned workers = 1; workers <= 8; workers = workers == 1 ? 2 : workers * 4) {
        ck_assert_ptr_null(lg_set_workers(workers));
        for (unsigned round = 0; round < 200; round++) {
            lg_group group = {0};
            made = called = dropped = 0;
            for (unsigned i = 0; i < 4; i++)
                lg_group_go_owned(&group, use_token, new_token(round * 7919 + i, 3), drop_token);
            lg_error_free(lg_group_wait(&group));
            ck_assert_int_eq(made, called + dropped);
            all_called += called;
            all_dropped += dropped;
            lg_group_free(&group);
        }
    }
    ck_assert_int_gt(all_called, 5000);
    ck_assert_int_gt(all_dropped, 500);
}
END_TEST

/* ---- a soak ---- */

static lg_error *soak_member(unsigned i)
{
    switch (i % 5) {
    case 0: return lg_error_newf("%u", i);
    case 1: lg_panic("%u", i);
    case 2: lg_goexit();
    default: lg_yield(); return NULL;
    }
}

static lg_error *soak_once(unsigned members)
{
    lg_func (lg_error *, err) {
        lg_group_scope(group, &err);
        lg_group_set_limit(&group, members / 2);
        for (unsigned i = 0; i < members; i++)
            lg_group_go(&group, soak_member, i);
        lg_return(NULL);
    }
}

START_TEST(groups_do_not_grow)
{
#ifndef HAS_SANITIZER /* those keep what was freed, and so does Valgrind */
    bool keeps = lgi_in_valgrind();
#else
    bool keeps = true;
#endif
    /* How much is in use at once is the scheduler's; what grows grows with every five hundred. */
    size_t before, after = 0;
    int tries = 20;
    do {
        before = after;
        for (int i = 0; i < 500; i++)
            lg_error_free(soak_once(50));
        after = memory_use().resident;
    } while (!keeps && after > before + 100 && --tries > 0);
    ck_assert_int_gt(tries, 0);
}
END_TEST

RUN_TESTS("group memory", S8_G10_a_start_does_not_wait_for_a_member_that_cannot_begin,
          g4_no_memory_for_a_member, e7_members_that_fail_without_memory,
          g4_allocations_that_fail_at_random, groups_do_not_grow)
