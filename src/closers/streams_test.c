/* Tests of the closers of streams and descriptors. Rules are those of docs/rules.md. */
#include "testing/closers.h"

/* ---- streams ---- */

START_TEST(E6_close_file_reports_what_cannot_be_written)
{
    lg_error *err = NULL;
    FILE *file = fopen("/dev/full", "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs("text", file), 0);
    int fd = fileno(file);
    errno = 4711;
    lg_fclose(file, &err);
    ck_assert_int_eq(errno, 4711);
    ck_assert(!is_open(fd));
    check_text(err, "write /dev/full: No space left on device");
    ck_assert_int_eq(lg_error_errno(err), ENOSPC);
    lg_error_free(err);
}
END_TEST

START_TEST(E6_close_file_reports_an_earlier_failure)
{
    lg_error *err = NULL;
    FILE *file = fopen("/dev/full", "w");
    ck_assert_ptr_nonnull(file);
    setvbuf(file, NULL, _IONBF, 0);
    ck_assert_int_eq(fputs("text", file), EOF);
    lg_fclose(file, &err);
    check_text(err, "an earlier read or write of /dev/full failed");
    ck_assert_int_eq(lg_error_errno(err), 0);
    lg_error_free(err);

    err = NULL;
    file = fopen("/proc", "r"); /* a directory: can be opened, not read */
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fgetc(file), EOF);
    lg_fclose(file, &err);
    check_text(err, "an earlier read or write of /proc failed");
    lg_error_free(err);
}
END_TEST

START_TEST(E6_close_file_reports_a_failed_close)
{
    lg_error *err = NULL;
    FILE *file = fopen("/dev/null", "r");
    ck_assert_ptr_nonnull(file);
    int fd = fileno(file);
    close(fd);
    lg_fclose(file, &err);
    check_text(err, "close a stream: Bad file descriptor");
    lg_error_free(err);
}
END_TEST

START_TEST(E6_close_file_reports_a_closed_descriptor_under_a_full_buffer_once)
{
    lg_error *err = &earlier;
    FILE *file = fopen("/dev/null", "w");
    ck_assert_ptr_nonnull(file);
    fputs("text", file);
    close(fileno(file));
    lg_fclose(file, &err);
    check_text(err, "earlier; write a stream: Bad file descriptor");
    ck_assert(lg_error_is(err, &earlier));
    lg_error_free(err);
}
END_TEST

START_TEST(E6_close_file_is_silent_when_all_is_well)
{
    char *text = NULL;
    size_t size = 0;
    lg_error *err = NULL;
    FILE *file = open_memstream(&text, &size); /* has no descriptor */
    ck_assert_ptr_nonnull(file);
    fputs("in memory", file);
    lg_fclose(file, &err);
    ck_assert_ptr_null(err);
    ck_assert_str_eq(text, "in memory");
    free(text);

    file = tmpfile();
    ck_assert_ptr_nonnull(file);
    fputs("on disk", file);
    ck_assert_int_eq(fseek(file, 0, SEEK_SET), 0);
    ck_assert_int_eq(fgetc(file), 'o');
    lg_fclose(file, &err);
    ck_assert_ptr_null(err);
    lg_fclose(fopen("/dev/full", "w"), NULL);
}
END_TEST

START_TEST(E6_a_failure_can_be_dropped)
{
    FILE *file = fopen("/dev/full", "w");
    ck_assert_ptr_nonnull(file);
    fputs("text", file);
    int fd = fileno(file);
    lg_fclose(file, NULL);
    ck_assert(!is_open(fd));
    lg_close(fd, NULL);
}
END_TEST

START_TEST(D9_closers_do_nothing_for_nothing)
{
    lg_error *err = NULL;
    errno = 4711;
    lg_fclose(NULL, &err);
    lg_close(-1, &err);
    lg_close_with(NULL, NULL, "never called", &err);
    lg_close_with_errno(NULL, NULL, NULL, &err);
    ck_assert_int_eq(errno, 4711);
    ck_assert_ptr_null(err);
    ck_assert_int_eq(failing_close.made, 0);
}
END_TEST

/* ---- descriptors ---- */

START_TEST(E6_close_fd_reports)
{
    lg_error *err = &earlier;
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    lg_close(fd, &err);
    ck_assert_ptr_eq(err, &earlier);
    ck_assert(!is_open(fd));
    errno = 4711;
    lg_close(fd, &err);
    ck_assert_int_eq(errno, 4711);
    ck_assert(lg_error_is(err, &earlier));
    ck_assert(lg_error_is_errno(err, EBADF));
    char expected[80];
    snprintf(expected, sizeof(expected), "earlier; close descriptor %d: Bad file descriptor", fd);
    check_text(err, expected);
    lg_error_free(err);

    err = NULL;
    lg_close(-2, &err); /* only -1 is nothing */
    ck_assert(lg_error_is_errno(err, EBADF));
    lg_error_free(err);
}
END_TEST

START_TEST(E6_close_fd_reports_what_the_device_says)
{
    lg_error *err = NULL;
    failing_close = (struct failing_call){.times = 1, .error = EIO};
    lg_close(open("/dev/null", O_RDONLY | O_CLOEXEC), &err);
    ck_assert_int_eq(lg_error_errno(err), EIO);
    ck_assert_int_eq(failing_close.made, 1);
    lg_error_free(err);
}
END_TEST

START_TEST(E6_an_interrupted_close_is_done_and_not_tried_again)
{
    lg_error *err = NULL;
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    failing_close = (struct failing_call){.times = 1, .error = EINTR};
    lg_close(fd, &err);
    ck_assert_ptr_null(err);
    ck_assert_int_eq(failing_close.made, 1);
    ck_assert(!is_open(fd));
}
END_TEST

RUN_TESTS("streams", E6_close_file_reports_what_cannot_be_written,
          E6_close_file_reports_an_earlier_failure, E6_close_file_reports_a_failed_close,
          E6_close_file_reports_a_closed_descriptor_under_a_full_buffer_once,
          E6_close_file_is_silent_when_all_is_well, E6_a_failure_can_be_dropped,
          D9_closers_do_nothing_for_nothing, E6_close_fd_reports,
          E6_close_fd_reports_what_the_device_says,
          E6_an_interrupted_close_is_done_and_not_tried_again)
