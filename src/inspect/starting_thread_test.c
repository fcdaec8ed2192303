/* A goroutine with a thread of its own counts from the call that starts it on, not only from its thread's beginning. */
#include "testing/test.h"

static pthread_barrier_t may_begin;

/* In the place of the C library's: what the thread calls first. */
int pthread_setname_np(pthread_t thread, const char *name)
{
    (void)thread;
    if (strcmp(name, "lg-thread") == 0)
        pthread_barrier_wait(&may_begin);
    return 0;
}

static void nothing(void) {}

static bool see(const lg_goroutine_info *info, void *seen)
{
    ck_assert_int_eq(info->state, LG_GOROUTINE_NOT_STARTED);
    ck_assert(info->thread);
    ++*(int *)seen;
    return true;
}

static void expect_in_list(void)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    lg_goroutine_print(stream);
    fclose(stream);
    ck_assert_ptr_nonnull(strstr(text, "whose thread has not begun"));
    free(text);
}

START_TEST(one_whose_thread_has_not_begun_is_listed_and_a_leak)
{
    int seen = 0;
    pthread_barrier_init(&may_begin, NULL, 2);
    lg_go_thread(nothing);
    ck_assert_uint_eq(lg_goroutine_count(), 1);
    ck_assert_ptr_null(lg_goroutine_visit(see, &seen));
    ck_assert_int_eq(seen, 1);
    expect_in_list();
    lg_error *leaked = lg_goroutine_check_leaks(0);
    ck_assert_ptr_nonnull(leaked);
    lg_error_free(leaked);

    pthread_barrier_wait(&may_begin);
    ck_assert_ptr_null(lg_goroutine_check_leaks(LG_HOUR));
    ck_assert_uint_eq(lg_goroutine_count(), 0);
}
END_TEST

RUN_TESTS("starting_thread", one_whose_thread_has_not_begun_is_listed_and_a_leak)
