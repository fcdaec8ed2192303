/* Tests of lg_file; each name begins with the rule of docs/rules.md that it holds. */
#define _GNU_SOURCE
#define FAILING_ALLOCATIONS
#define FAILING_CALLS
#include "testing/failing_calls.h"
#include "testing/suite.h"

#include <check.h>
#include <fcntl.h>
#include <lifoguard/close.h>
#include <lifoguard/file.h>
#include <lifoguard/time.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

static char directory[] = "/tmp/lifoguard-file-XXXXXX";
static char path[sizeof(directory) + 16];

static void make_directory(void)
{
    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(path, sizeof(path), "%s/file", directory);
}

static void remove_directory(void)
{
    unlink(path);
    rmdir(directory);
}

/* Succeeded, or the test fails with what the error says. */
static void ok(lg_error *err)
{
    if (err) {
        char *text = lg_error_text(err);
        ck_abort_msg("%s", text);
    }
}

static void fails_with(lg_error *err, const char *operation, const char *reason)
{
    char expected[256];
    snprintf(expected, sizeof(expected), "%s %s: %s", operation, path, reason);
    char *text = lg_error_text(err);
    ck_assert_str_eq(text, expected);
    free(text);
    lg_error_free(err);
}

static void is_closed(lg_error *err, const char *operation)
{
    ck_assert(lg_error_is(err, &lg_error_closed));
    fails_with(err, operation, "already closed");
}

/* The lowest free descriptor: the same as before if nothing leaked. */
static int lowest_free(void)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    close(fd);
    return fd;
}

static lg_file *create(void)
{
    lg_file *file;
    ok(lg_file_open(path, O_RDWR | O_CREAT | O_TRUNC, 0600, &file));
    return file;
}

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

/* ---- threads ---- */

static lg_file *shared;
static atomic_int started, finished, failures_not_closed;

static void *uses(void *unused)
{
    char buffer[16];
    size_t size;
    atomic_fetch_add(&started, 1);
    for (;;) {
        lg_error *err = lg_file_write(shared, "x", 1);
        if (!err)
            err = lg_file_read(shared, buffer, sizeof(buffer), &size);
        if (!err)
            continue;
        if (!lg_error_is(err, &lg_error_closed))
            atomic_fetch_add(&failures_not_closed, 1);
        lg_error_free(err);
        return unused;
    }
}

static void *closes(void *closed)
{
    lg_error *err = lg_file_close_now(shared);
    if (!err)
        atomic_fetch_add((atomic_int *)closed, 1);
    else if (!lg_error_is(err, &lg_error_closed))
        atomic_fetch_add(&failures_not_closed, 1);
    lg_error_free(err);
    return NULL;
}

START_TEST(E6_threads_that_use_a_file_while_it_is_closed_are_told)
{
    for (int round = 0; round < 20; round++) {
        pthread_t users[4], closers[3];
        atomic_int closed = 0;
        atomic_store(&started, 0);
        ok(lg_file_open("/dev/null", O_RDWR, 0, &shared));
        for (int i = 0; i < 4; i++)
            ck_assert_int_eq(pthread_create(&users[i], NULL, uses, NULL), 0);
        while (atomic_load(&started) < 4)
            sched_yield();
        for (int i = 0; i < 3; i++)
            ck_assert_int_eq(pthread_create(&closers[i], NULL, closes, &closed), 0);
        for (int i = 0; i < 3; i++)
            pthread_join(closers[i], NULL);
        for (int i = 0; i < 4; i++)
            pthread_join(users[i], NULL);
        ck_assert_int_eq(atomic_load(&closed), 1);
        ck_assert_int_eq(atomic_load(&failures_not_closed), 0);
        lg_file_free(shared);
    }
}
END_TEST

static void pause_for(lg_duration duration)
{
    struct timespec pause = {.tv_nsec = (long)duration};
    nanosleep(&pause, NULL);
}

static void *reads_a_byte(void *unused)
{
    char byte;
    size_t size;
    atomic_fetch_add(&started, 1);
    lg_error *err = lg_file_read(shared, &byte, 1, &size);
    atomic_fetch_add(&finished, err == NULL && size == 1);
    lg_error_free(err);
    return unused;
}

static void *closes_and_finishes(void *unused)
{
    lg_error *err = lg_file_close_now(shared);
    atomic_fetch_add(&finished, err ? 100 : 10);
    lg_error_free(err);
    return unused;
}

START_TEST(E6_close_waits_for_a_read_under_way)
{
    int ends[2];
    pthread_t reader, closer;
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    ok(lg_file_adopt(ends[0], "pipe", &shared));
    ck_assert_int_eq(pthread_create(&reader, NULL, reads_a_byte, NULL), 0);
    while (failing_read.made == 0)
        pause_for(LG_MILLISECOND);
    ck_assert_int_eq(pthread_create(&closer, NULL, closes_and_finishes, NULL), 0);
    /* From when it begins, others are refused, though it has not ended. */
    lg_error *err = NULL;
    do {
        lg_error_free(err);
        pause_for(LG_MILLISECOND);
        err = lg_file_sync(shared); /* which a pipe does not know */
    } while (!lg_error_is(err, &lg_error_closed));
    lg_error_free(err);
    pause_for(20 * LG_MILLISECOND);
    ck_assert_int_eq(atomic_load(&finished), 0);
    ck_assert_int_ne(fcntl(ends[0], F_GETFD), -1);
    ck_assert_int_eq(write(ends[1], "x", 1), 1);
    pthread_join(reader, NULL);
    pthread_join(closer, NULL);
    ck_assert_int_eq(atomic_load(&finished), 11);
    ck_assert_int_eq(fcntl(ends[0], F_GETFD), -1);
    lg_file_free(shared);
    close(ends[1]);
}
END_TEST

static void *waits_for_ever(void *data)
{
    size_t size;
    lg_error *err = lg_file_read_all(shared, data, &size);
    ck_abort_msg("read %zu bytes, %s", size, lg_error_message(err));
    return NULL;
}

START_TEST(D4_a_cancelled_read_leaves_a_file_that_can_be_closed)
{
    int ends[2];
    pthread_t reader;
    void *result;
    char *data = path;
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    ok(lg_file_adopt(ends[0], "pipe", &shared));
    ck_assert_int_eq(pthread_create(&reader, NULL, waits_for_ever, &data), 0);
    pause_for(20 * LG_MILLISECOND);
    pthread_cancel(reader);
    pthread_join(reader, &result);
    ck_assert_ptr_eq(result, PTHREAD_CANCELED);
    ck_assert_ptr_null(data); /* the buffer was freed */
    ok(lg_file_close_now(shared));
    lg_file_free(shared);
    close(ends[1]);
}
END_TEST

/* ---- in a forked child ---- */

/* Neither the read that is under way in the parent is waited for here, nor the parent's close. */
static int close_here(void)
{
    alarm(60);
    lg_error *err = lg_file_sync(shared);
    bool was_closed = lg_error_is(err, &lg_error_closed);
    lg_error_free(err);
    err = lg_file_close_now(shared);
    bool closes_now = err == NULL;
    lg_error_free(err);
    lg_file_free(shared);
    return was_closed == closes_now ? 1 : was_closed ? 2 : 3;
}

static int in_forked_child(int (*work)(void))
{
    int status;
    fflush(NULL);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0)
        _exit(work());
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

START_TEST(G7_a_child_can_close_a_file_that_its_parent_reads)
{
    int ends[2];
    pthread_t reader, closer;
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    ok(lg_file_adopt(ends[0], "pipe", &shared));
    ck_assert_int_eq(pthread_create(&reader, NULL, reads_a_byte, NULL), 0);
    while (failing_read.made == 0)
        pause_for(LG_MILLISECOND);
    ck_assert_int_eq(in_forked_child(close_here), 3);
    ck_assert_int_eq(pthread_create(&closer, NULL, closes_and_finishes, NULL), 0);
    int ended;
    do
        ended = in_forked_child(close_here);
    while (ended == 3); /* the closer has not begun yet */
    ck_assert_int_eq(ended, 2);
    ck_assert_int_eq(write(ends[1], "x", 1), 1);
    pthread_join(reader, NULL);
    pthread_join(closer, NULL);
    lg_file_free(shared);
    close(ends[1]);
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
    tcase_add_test(tests, E6_threads_that_use_a_file_while_it_is_closed_are_told);
    tcase_add_test(tests, E6_close_waits_for_a_read_under_way);
    tcase_add_test(tests, G7_a_child_can_close_a_file_that_its_parent_reads);
    tcase_add_test(tests, D4_a_cancelled_read_leaves_a_file_that_can_be_closed);
}

RUN_TESTS_OF("file", add_tests)
