/* Tests of the closers; each name begins with the rule of docs/rules.md that it holds. */
#include "testing/closers.h"

/* ---- landing ---- */

START_TEST(E6_add_keeps_the_earlier_error_first)
{
    lg_error *err = NULL;
    lg_error_join_into(&err, NULL);
    ck_assert_ptr_null(err);
    lg_error_join_into(&err, &earlier);
    ck_assert_ptr_eq(err, &earlier);
    lg_error_join_into(&err, lg_error_new_code(ENOSPC, "later"));
    ck_assert(lg_error_is(err, &earlier));
    ck_assert(lg_error_is_errno(err, ENOSPC));
    check_text(err, "earlier; later: No space left on device");
    lg_error_join_into(&err, NULL);
    check_text(err, "earlier; later: No space left on device");
    lg_error_free(err);
}
END_TEST

START_TEST(E6_add_to_nothing_frees)
{
    lg_error_join_into(NULL, lg_error_new("dropped on purpose")); /* the leak checkers watch */
    lg_error_join_into(NULL, NULL);
}
END_TEST

/* ---- anything ---- */

static int returns(void *value)
{
    errno = ENOTTY;
    return *(int *)value;
}

static int returns_minus_one_and_no_errno(void *unused)
{
    (void)unused;
    errno = 0;
    return -1;
}

START_TEST(E6_close_with_takes_only_minus_one_for_errno)
{
    static const struct {
        int value, errno_value;
        const char *text;
    } rows[] = {
        {0, 0, "no error"},
        {-1, ENOTTY, "hang_up: Inappropriate ioctl for device"},
        {5, 0, "hang_up returned 5"},
        {-2, 0, "hang_up returned -2"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        lg_error *err = NULL;
        int value = rows[i].value;
        errno = 4711;
        lg_close_with(returns, &value, "hang_up", &err);
        ck_assert_int_eq(errno, 4711);
        check_text(err, rows[i].text);
        ck_assert_int_eq(lg_error_errno(err), rows[i].errno_value);
        lg_error_free(err);
    }
    lg_error *err = NULL;
    lg_close_with(returns_minus_one_and_no_errno, &err, NULL, &err);
    check_text(err, "close returned -1");
    lg_error_free(err);
}
END_TEST

START_TEST(E6_close_with_errno_takes_both_signs)
{
    static const struct {
        int value, errno_value;
        const char *text;
    } rows[] = {
        {0, 0, "no error"},
        {EBUSY, EBUSY, "close: Device or resource busy"},
        {-EBUSY, EBUSY, "close: Device or resource busy"},
        {-1, EPERM, "close: Operation not permitted"},
        {INT_MIN, 0, "close returned -2147483648"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        lg_error *err = NULL;
        int value = rows[i].value;
        lg_close_with_errno(returns, &value, NULL, &err);
        check_text(err, rows[i].text);
        ck_assert_int_eq(lg_error_errno(err), rows[i].errno_value);
        lg_error_free(err);
    }
}
END_TEST

static lg_error *with_any_function(void)
{
    lg_func (lg_error *, err) {
        char directory[] = "/tmp/lifoguard-closers-XXXXXX";
        ck_assert_ptr_nonnull(mkdtemp(directory));
        lg_defer_checked(rmdir, directory, &err);
        lg_defer_checked(rmdir, directory, &err); /* runs first, and leaves nothing to the other */

        pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
        lg_defer_checked_errno(pthread_mutex_destroy, &mutex, &err);
        ck_assert_int_eq(pthread_mutex_lock(&mutex), 0);
        lg_defer_checked_errno(pthread_mutex_unlock, &mutex, &err);

        sem_t semaphore;
        ck_assert_int_eq(sem_init(&semaphore, 0, 0), 0);
        lg_defer_checked(sem_destroy, &semaphore, &err);

        DIR *none = NULL;
        lg_defer_checked(closedir, none, &err);
        DIR *root = opendir("/");
        lg_defer_checked(closedir, root, &err);
        lg_return(&earlier);
    }
}

START_TEST(E6_defer_checked_takes_a_function_of_any_pointer)
{
    lg_error *err = with_any_function();
    ck_assert(lg_error_is(err, &earlier));
    check_text(err, "earlier; rmdir: No such file or directory");
    lg_error_free(err);
}
END_TEST

static lg_error *deferred_as(int (*close)(DIR *directory), DIR *directory)
{
    lg_func (lg_error *, err) {
        lg_defer_checked(close, directory, &err);
        close = NULL;
        directory = NULL;
    }
}

static int closes_and_fails(DIR *directory)
{
    closedir(directory);
    errno = EIO;
    return -1;
}

START_TEST(D2_defer_checked_evaluates_at_the_defer)
{
    DIR *directory = opendir("/");
    ck_assert_ptr_nonnull(directory);
    int fd = dirfd(directory);
    lg_error *err = deferred_as(closes_and_fails, directory);
    ck_assert(!is_open(fd));
    check_text(err, "close: Input/output error");
    lg_error_free(err);
}
END_TEST

/* ---- while panicking ---- */

static int panics(void *message)
{
    lg_panic("%s", (const char *)message);
}

static void take(lg_panic_info *panic, lg_error **result)
{
    if (lg_recover(panic))
        lg_error_join_into(result, lg_panic_take_error(panic));
}

static lg_error *recovers(int fd, FILE *file)
{
    lg_func_recovers (lg_error *, err) {
        lg_defer_recover(take, &err);
        lg_defer(lg_close, fd, &err);
        lg_defer(lg_close, fd, &err);
        lg_defer(lg_fclose, file, &err);
        lg_defer_checked(closedir, opendir("/"), &err);
        lg_panic("panic");
    }
}

START_TEST(P1_closers_run_and_land_while_panicking)
{
    FILE *file = fopen("/dev/full", "w");
    ck_assert_ptr_nonnull(file);
    fputs("text", file);
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    char expected[160];
    snprintf(expected, sizeof(expected),
             "write /dev/full: No space left on device; close descriptor %d: Bad file descriptor; "
             "panic",
             fd);
    lg_error *err = recovers(fd, file);
    check_text(err, expected);
    ck_assert(!is_open(fd));
    lg_error_free(err);
}
END_TEST

static lg_error *closer_panics(void)
{
    lg_func_recovers (lg_error *, err) {
        lg_defer_recover(take, &err);
        errno = 4711;
        lg_close_with(panics, (char[]){"from the closer"}, "panics", &err);
    }
}

START_TEST(D8_a_closer_that_panics_goes_on)
{
    lg_error *err = closer_panics();
    check_text(err, "from the closer");
    ck_assert_int_eq(errno, 4711);
    int state;
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &state);
    ck_assert_int_eq(state, PTHREAD_CANCEL_ENABLE);
    lg_error_free(err);
}
END_TEST

static lg_error *closer_is_null(void)
{
    lg_func_recovers (lg_error *, err) {
        lg_defer_recover(take, &err);
        lg_close_with(NULL, &err, "hang_up", &err);
    }
}

START_TEST(D9_a_null_function_panics_when_run)
{
    lg_error *err = closer_is_null();
    check_text(err, "a NULL function to close with: hang_up");
    lg_error_free(err);
}
END_TEST

/* ---- cancellation ---- */

static int cancelled_fd;
static FILE *cancelled_file;
static int close_count;

static int counts(void *unused)
{
    (void)unused;
    pthread_testcancel();
    close_count++;
    return 0;
}

static void *is_cancelled(void *unused)
{
    pthread_cancel(pthread_self());
    /* The request is pending: any cancellation point would act on it. */
    lg_close(cancelled_fd, NULL);
    lg_fclose(cancelled_file, NULL);
    lg_close_with(counts, &cancelled_fd, NULL, NULL);
    close_count++;
    pthread_testcancel();
    close_count++;
    return unused;
}

START_TEST(D4_a_cancellation_does_not_cut_a_closer_short)
{
    pthread_t thread;
    void *result;
    cancelled_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    cancelled_file = fopen("/dev/null", "w");
    ck_assert_ptr_nonnull(cancelled_file);
    int fd = fileno(cancelled_file);
    fputs("text", cancelled_file);
    ck_assert_int_eq(pthread_create(&thread, NULL, is_cancelled, NULL), 0);
    ck_assert_int_eq(pthread_join(thread, &result), 0);
    ck_assert_ptr_eq(result, PTHREAD_CANCELED);
    ck_assert_int_eq(close_count, 2);
    ck_assert(!is_open(cancelled_fd));
    ck_assert(!is_open(fd));
}
END_TEST

RUN_TESTS("closers", E6_add_keeps_the_earlier_error_first, E6_add_to_nothing_frees,
          E6_close_with_takes_only_minus_one_for_errno, E6_close_with_errno_takes_both_signs,
          E6_defer_checked_takes_a_function_of_any_pointer, D2_defer_checked_evaluates_at_the_defer,
          P1_closers_run_and_land_while_panicking, D8_a_closer_that_panics_goes_on,
          D9_a_null_function_panics_when_run, D4_a_cancellation_does_not_cut_a_closer_short)
