/* Tests of lg_file; each name begins with the rule of docs/rules.md that it holds. */
#define _GNU_SOURCE
#define FAILING_ALLOCATIONS
#define FAILING_CALLS
#include "testing/failing_calls.h"
#include "testing/file.h"
#include "testing/suite.h"

#include <check.h>
#include <fcntl.h>
#include <lifoguard/close.h>
#include <lifoguard/file.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- using it ---- */

START_TEST(E6_what_is_written_is_read)
{
    lg_file *file;
    char *data;
    size_t size;
    uint64_t length;
    int before = lowest_free();
    ok(lg_file_create(path, 0640, &file));
    ck_assert_str_eq(lg_file_path(file), path);
    ok(lg_file_write(file, "hello, ", 7));
    ok(lg_file_write(file, "world", 5));
    ok(lg_file_write(file, NULL, 0));
    ok(lg_file_sync(file));
    ok(lg_file_size(file, &length));
    ck_assert_uint_eq(length, 12);
    ok(lg_file_close_now(file));
    lg_file_free(file);

    struct stat status;
    ck_assert_int_eq(stat(path, &status), 0);
    ck_assert_int_eq(status.st_mode & 0737, 0600);

    ok(lg_file_open(path, O_RDONLY, 0, &file));
    char some[8] = "";
    ok(lg_file_read(file, some, 5, &size));
    ck_assert_uint_eq(size, 5);
    ck_assert_str_eq(some, "hello");
    ok(lg_file_read_all(file, &data, &size));
    ck_assert_uint_eq(size, 7);
    ck_assert_str_eq(data, ", world");
    free(data);
    ok(lg_file_read_all(file, &data, &size));
    ck_assert_uint_eq(size, 0);
    ck_assert_str_eq(data, "");
    free(data);
    ok(lg_file_read(file, some, 5, &size));
    ck_assert_uint_eq(size, 0);
    lg_file_free(file);
    ck_assert_int_eq(lowest_free(), before);
}
END_TEST

START_TEST(E6_creating_truncates)
{
    lg_file *file = create();
    uint64_t size;
    ok(lg_file_write(file, "old", 3));
    lg_file_free(file);
    ok(lg_file_create(path, 0600, &file));
    ok(lg_file_size(file, &size));
    ck_assert_uint_eq(size, 0);
    lg_file_free(file);
}
END_TEST

START_TEST(E6_descriptors_are_not_inherited)
{
    int fd = lowest_free();
    lg_file *file = create();
    ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
    lg_file_free(file);
}
END_TEST

START_TEST(E6_read_all_reads_what_has_no_size)
{
    int ends[2];
    lg_file *file;
    char *data;
    size_t size;
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    char *sent = malloc(50001);
    for (size_t i = 0; i < 50000; i++)
        sent[i] = (char)('a' + i % 26);
    ck_assert_int_eq(write(ends[1], sent, 50000), 50000);
    close(ends[1]);
    ok(lg_file_adopt(ends[0], "a pipe", &file));
    failing_read.most = 333;
    ok(lg_file_read_all(file, &data, &size));
    ck_assert_uint_eq(size, 50000);
    ck_assert_int_eq(memcmp(data, sent, size), 0);
    ck_assert_int_eq(data[size], 0);
    free(data);
    free(sent);
    lg_file_free(file);

    /* Its size is said to be 0. */
    ok(lg_file_open("/proc/self/status", O_RDONLY, 0, &file));
    ok(lg_file_read_all(file, &data, &size));
    ck_assert_uint_gt(size, 100);
    ck_assert_ptr_nonnull(strstr(data, "Pid:"));
    free(data);
    lg_file_free(file);
}
END_TEST

START_TEST(E6_short_and_interrupted_transfers_go_on)
{
    lg_file *file = create();
    char *data;
    size_t size;
    failing_write = (struct failing_call){.times = 3, .error = EINTR, .most = 2};
    failing_fsync = (struct failing_call){.times = 2, .error = EINTR};
    ok(lg_file_write(file, "123456789", 9));
    ok(lg_file_sync(file));
    ck_assert_int_eq(failing_write.made, 3 + 5);
    ck_assert_int_eq(failing_fsync.made, 3);
    lg_file_free(file);
    ok(lg_file_open(path, O_RDONLY, 0, &file));
    failing_read = (struct failing_call){.times = 3, .error = EINTR, .most = 4};
    ok(lg_file_read_all(file, &data, &size));
    ck_assert_str_eq(data, "123456789");
    ck_assert_int_eq(failing_read.made, 3 + 4);
    free(data);
    lg_file_free(file);
}
END_TEST

START_TEST(E6_failures_name_operation_and_path_and_keep_errno)
{
    lg_file *file = (lg_file *)path;
    lg_error *err = lg_file_open(path, O_RDONLY, 0, &file);
    ck_assert_ptr_null(file);
    ck_assert_int_eq(lg_error_errno(err), ENOENT);
    fails_with(err, "open", "No such file or directory");

    file = create();
    failing_read = (struct failing_call){.times = 2, .error = EIO};
    char *data = path;
    char byte;
    size_t size = 17;
    err = lg_file_read_all(file, &data, &size);
    ck_assert_int_eq(lg_error_errno(err), EIO);
    ck_assert_ptr_null(data);
    ck_assert_uint_eq(size, 0);
    fails_with(err, "read", "Input/output error");
    size = 17;
    fails_with(lg_file_read(file, &byte, 1, &size), "read", "Input/output error");
    ck_assert_uint_eq(size, 0);
    failing_write = (struct failing_call){.times = 1, .error = EDQUOT};
    err = lg_file_write(file, "x", 1);
    ck_assert_int_eq(lg_error_errno(err), EDQUOT);
    fails_with(err, "write", "Disk quota exceeded");
    failing_fsync = (struct failing_call){.times = 1, .error = EIO};
    fails_with(lg_file_sync(file), "sync", "Input/output error");
    failing_close = (struct failing_call){.times = 1, .error = EIO};
    fails_with(lg_file_close_now(file), "close", "Input/output error");
    /* It is closed nevertheless. */
    is_closed(lg_file_close_now(file), "close");
    lg_file_free(file);

    ok(lg_file_open("/dev/full", O_WRONLY, 0, &file));
    err = lg_file_write(file, "x", 1);
    ck_assert_int_eq(lg_error_errno(err), ENOSPC);
    lg_error_free(err);
    lg_file_free(file);
}
END_TEST

/* ---- closing ---- */

START_TEST(E6_a_closed_file_is_an_error_for_every_use)
{
    lg_file *file = create();
    char buffer[4] = "abc", *data = path;
    size_t size = 17;
    uint64_t length = 17;
    ok(lg_file_close_now(file));
    /* Its number becomes another file's, which nothing must touch. */
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    int made = failing_close.made;
    for (int i = 0; i < 3; i++) {
        is_closed(lg_file_close_now(file), "close");
        is_closed(lg_file_read(file, buffer, 3, &size), "read");
        ck_assert_uint_eq(size, 0);
        is_closed(lg_file_read_all(file, &data, &size), "read");
        ck_assert_ptr_null(data);
        is_closed(lg_file_write(file, "x", 1), "write");
        is_closed(lg_file_sync(file), "sync");
        is_closed(lg_file_size(file, &length), "stat");
        ck_assert_uint_eq(length, 0);
    }
    ck_assert_str_eq(buffer, "abc");
    ck_assert_str_eq(lg_file_path(file), path);
    lg_file_free(file);
    ck_assert_int_eq(failing_close.made, made);
    ck_assert_int_ne(fcntl(fd, F_GETFD), -1);
    close(fd);
}
END_TEST

START_TEST(E6_an_interrupted_close_is_done)
{
    lg_file *file = create();
    failing_close = (struct failing_call){.times = 1, .error = EINTR};
    ok(lg_file_close_now(file));
    ck_assert_int_eq(failing_close.made, 1);
    lg_file_free(file);
}
END_TEST

static lg_error *closes_early(void)
{
    lg_func (lg_error *, err) {
        lg_file *file = create();
        lg_defer(lg_file_close, file, &err);
        lg_return(lg_file_close_now(file));
    }
}

static lg_error *fails_twice(void)
{
    lg_func (lg_error *, err) {
        lg_file *file = create();
        lg_defer(lg_file_close, file, &err);
        failing_write = (struct failing_call){.times = 1, .error = ENOSPC};
        failing_close = (struct failing_call){.times = 1, .error = EIO};
        lg_return(lg_file_write(file, "x", 1));
    }
}

START_TEST(E6_finish_lands_the_failure_behind_an_earlier_one)
{
    int before = lowest_free();
    ok(closes_early());
    lg_error *err = fails_twice();
    ck_assert(lg_error_is_errno(err, ENOSPC));
    ck_assert(lg_error_is_errno(err, EIO));
    ck_assert_int_eq(lg_error_errno(err), ENOSPC);
    lg_error_free(err);
    lg_file *file = create();
    failing_close = (struct failing_call){.times = 1, .error = EIO};
    lg_file_close(file, NULL);
    ck_assert_int_eq(lowest_free(), before);
}
END_TEST

START_TEST(D9_nothing_is_closed_and_freed)
{
    lg_error *err = NULL;
    errno = 4711;
    ck_assert_ptr_null(lg_file_close_now(NULL));
    lg_file_close(NULL, &err);
    lg_file_free(NULL);
    ck_assert_ptr_null(err);
    ck_assert_int_eq(errno, 4711);
    ck_assert_int_eq(failing_close.made, 0);
}
END_TEST

/* ---- memory ---- */

START_TEST(E7_open_and_adopt_without_memory_change_nothing)
{
    if (!can_fail_allocations())
        return;
    lg_file *file = (lg_file *)path;
    ok(lg_file_create(path, 0600, &file));
    ok(lg_file_write(file, "kept", 4));
    lg_file_free(file);

    memory_watch(1, true);
    lg_error *err = lg_file_create(path, 0600, &file);
    memory_ignore();
    ck_assert(lg_error_is(err, &lg_error_out_of_memory));
    ck_assert_ptr_null(file);
    ck_assert_int_eq(memory.live, 0);
    struct stat status;
    ck_assert_int_eq(stat(path, &status), 0);
    ck_assert_int_eq(status.st_size, 4);

    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    memory_watch(1, true);
    err = lg_file_adopt(fd, "null", &file);
    memory_ignore();
    ck_assert(lg_error_is(err, &lg_error_out_of_memory));
    ck_assert_ptr_null(file);
    ck_assert_int_ne(fcntl(fd, F_GETFD), -1);
    close(fd);
}
END_TEST

/* What a program does, with failures on the way. */
static lg_error *round_trip(char **data)
{
    lg_func (lg_error *, err) {
        lg_file *file;
        size_t size;
        err = lg_file_open("/proc/self/status", O_RDONLY, 0, &file);
        if (err)
            lg_return(err);
        lg_defer(lg_file_close, file, &err);
        err = lg_file_read_all(file, data, &size);
        if (err)
            lg_return(err);
        lg_return(lg_file_close_now(file));
    }
}

START_TEST(E7_every_allocation_can_fail)
{
    if (!can_fail_allocations())
        return;
    int before = lowest_free();
    for (int forever = 0; forever < 2; forever++) {
        bool was_enough;
        long fails_at = 0;
        do {
            char *data = NULL;
            memory_watch(++fails_at, forever);
            failing_read.most = 300; /* so that the buffer has to grow */
            lg_error *err = round_trip(&data);
            was_enough = memory.made < fails_at;
            bool failed = err != NULL, has_data = data != NULL;
            bool is_told = lg_error_is(err, &lg_error_out_of_memory);
            free(data);
            lg_error_free(err);
            memory_ignore();
            ck_assert_int_eq(failed, !was_enough);
            ck_assert_int_eq(has_data, was_enough);
            ck_assert_int_eq(is_told, failed);
            ck_assert_int_eq(memory.live, 0);
            ck_assert_int_eq(lowest_free(), before);
        } while (!was_enough);
        ck_assert_int_ge(fails_at, 3);
    }
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, make_directory, remove_directory);
    tcase_add_test(tests, E6_what_is_written_is_read);
    tcase_add_test(tests, E6_creating_truncates);
    tcase_add_test(tests, E6_descriptors_are_not_inherited);
    tcase_add_test(tests, E6_read_all_reads_what_has_no_size);
    tcase_add_test(tests, E6_short_and_interrupted_transfers_go_on);
    tcase_add_test(tests, E6_failures_name_operation_and_path_and_keep_errno);
    tcase_add_test(tests, E6_a_closed_file_is_an_error_for_every_use);
    tcase_add_test(tests, E6_an_interrupted_close_is_done);
    tcase_add_test(tests, E6_finish_lands_the_failure_behind_an_earlier_one);
    tcase_add_test(tests, D9_nothing_is_closed_and_freed);
    tcase_add_test(tests, E7_open_and_adopt_without_memory_change_nothing);
    tcase_add_test(tests, E7_every_allocation_can_fail);
}

RUN_TESTS_OF("file", add_tests)
