/* Writing, to every kind of descriptor, on goroutines and threads; each name begins with the rule that the test holds. */
#include "testing/pair.h"

/* ---- writing ---- */

static void *read_slowly(void *argument)
{
    struct pair *pair = argument;
    char buffer[65536];
    size_t total = 0;
    ssize_t count;
    set_flag(pair->ends.from, O_NONBLOCK, false);
    while ((count = read(pair->ends.from, buffer, sizeof(buffer))) > 0) {
        for (ssize_t i = 0; i < count; i++)
            must(buffer[i] == pattern_at(total + (size_t)i));
        total += (size_t)count;
        if (total % 7 == 0)
            pause_ms(1);
    }
    pair->count = total;
    return NULL;
}

static void write_large(void *data)
{
    struct pair *pair = data;
    size_t count = 0;
    errno = 78;
    must_not_fail(lg_write(pair->ends.to, large(), LARGE, lg_until_forever(), &count));
    must(count == LARGE && errno == 78);
    close(pair->ends.to);
}

START_TEST(C9_all_is_written)
{
    large();
    FOR_KINDS(pair)
    {
        pthread_t reader;
        ck_assert_int_eq(pthread_create(&reader, NULL, read_slowly, &pair), 0);
        on(_i, write_large, &pair);
        pthread_join(reader, NULL);
        ck_assert_uint_eq(pair.count, LARGE);
        close(pair.ends.from);
    }
}
END_TEST

static void write_in_vain(void *data)
{
    struct pair *pair = data;
    size_t count = 0;
    must_be(lg_write(pair->ends.to, large(), LARGE, lg_until_timeout(30 * LG_MILLISECOND), &count),
            &lg_error_deadline_exceeded);
    must(count > 0 && count < LARGE);
    pair->error = NULL;
    close(pair->ends.to);
    read_slowly(pair);
    must(pair->count == count);
}

START_TEST(C9_what_was_written_by_the_deadline_is_counted)
{
    large();
    FOR_KINDS(pair)
    {
        on(_i, write_in_vain, &pair);
        close(pair.ends.from);
    }
}
END_TEST

static void write_to_nobody(void *data)
{
    struct pair *pair = data;
    size_t count = 5;
    must_be_errno(lg_write(pair->ends.to, "hello", 5, lg_until_forever(), &count), EPIPE);
    must(count == 0);
}

START_TEST(C9_sockets_raise_no_SIGPIPE)
{
    FOR_KINDS(pair)
    {
        close(pair.ends.from);
        /* On a pipe it is raised, and blocked only on workers. */
        if (is_socket(pair.kind) || _i == ON_GOROUTINE)
            on(_i, write_to_nobody, &pair);
        close(pair.ends.to);
    }
}
END_TEST

static void write_part_to_nobody(void *data)
{
    struct pair *pair = data;
    size_t count = 0;
    lg_error *error = lg_write(pair->ends.to, large(), LARGE, lg_until_forever(), &count);
    must(lg_error_is_errno(error, EPIPE) || lg_error_is_errno(error, ECONNRESET));
    lg_error_free(error);
    must(count > 0 && count < LARGE);
}

static void *read_a_little_and_close(void *data)
{
    const struct pair *pair = data;
    char byte;
    set_flag(pair->ends.from, O_NONBLOCK, false);
    must(read(pair->ends.from, &byte, 1) == 1);
    pause_ms(5);
    close(pair->ends.from);
    return NULL;
}

START_TEST(C9_the_reader_goes_away_in_the_middle)
{
    large();
    FOR_KINDS(pair)
    {
        pthread_t closer;
        if (is_socket(pair.kind) || _i == ON_GOROUTINE) {
            ck_assert_int_eq(pthread_create(&closer, NULL, read_a_little_and_close, &pair), 0);
            on(_i, write_part_to_nobody, &pair);
            pthread_join(closer, NULL);
        } else {
            close(pair.ends.from);
        }
        close(pair.ends.to);
    }
}
END_TEST

/* ---- nothing ---- */

static void write_nothing(void *unused)
{
    (void)unused;
    int datagrams[2], streams[2];
    char buffer[4];
    size_t count = 1;
    must(socketpair(AF_UNIX, SOCK_DGRAM, 0, datagrams) == 0);
    must(socketpair(AF_UNIX, SOCK_STREAM, 0, streams) == 0);
    must_not_fail(lg_write(datagrams[0], "", 0, lg_until_timeout(LG_MINUTE), NULL));
    must_not_fail(
        lg_read(datagrams[1], buffer, sizeof(buffer), lg_until_timeout(LG_MINUTE), &count));
    must(count == 0);
    must_not_fail(lg_write(streams[0], "", 0, lg_until_timeout(LG_MINUTE), NULL));
    must_be(lg_read(streams[1], buffer, sizeof(buffer), lg_until_now(), &count),
            &lg_error_deadline_exceeded);
    for (int i = 0; i < 2; i++) {
        close(datagrams[i]);
        close(streams[i]);
    }
}

START_TEST(C9_an_empty_datagram_is_sent)
{
    on(_i, write_nothing, NULL);
}
END_TEST

static void add_tests(TCase *tests)
{
    const TTest *const all[] = {
        C9_all_is_written,
        C9_what_was_written_by_the_deadline_is_counted,
        C9_sockets_raise_no_SIGPIPE,
        C9_the_reader_goes_away_in_the_middle,
        C9_an_empty_datagram_is_sent,
    };
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        tcase_add_loop_test(tests, all[i], 0, PLACES);
}

RUN_TESTS_OF("write", add_tests)
