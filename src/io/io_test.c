/* Reading and waiting, for every kind of descriptor, on goroutines and threads; each name begins with the rule that
 * the test holds. */
#include "testing/pair.h"

/* ---- one reader, one writer ---- */

static void *write_hello_later(void *data)
{
    const struct pair *pair = data;
    pause_ms(20);
    must(write(pair->ends.to, "hello", 5) == 5);
    return NULL;
}

START_TEST(C9_read_waits_for_data)
{
    FOR_KINDS(pair)
    {
        pthread_t writer;
        ck_assert_int_eq(pthread_create(&writer, NULL, write_hello_later, &pair), 0);
        on(_i, read_hello, &pair);
        pthread_join(writer, NULL);
        close_ends(pair.ends);
    }
}
END_TEST

START_TEST(C9_what_is_there_is_read_at_once)
{
    FOR_KINDS(pair)
    {
        ck_assert_int_eq(write(pair.ends.to, "hello", 5), 5);
        on(_i, read_hello, &pair);
        close_ends(pair.ends);
    }
}
END_TEST

static void read_end(void *data)
{
    struct pair *pair = data;
    char byte;
    pair->count = 99;
    must_not_fail(lg_read(pair->ends.from, &byte, 1, lg_until_forever(), &pair->count));
    must(pair->count == 0);
    must_be(lg_read_full(pair->ends.from, &byte, 1, lg_until_forever(), NULL),
            &lg_error_end_of_file);
    must_not_fail(lg_read(pair->ends.from, &byte, 0, lg_until_forever(), &pair->count));
}

static void *close_later(void *data)
{
    pause_ms(10);
    close(((struct pair *)data)->ends.to);
    return NULL;
}

START_TEST(C9_the_end_is_no_error)
{
    FOR_KINDS(pair)
    {
        pthread_t closer;
        ck_assert_int_eq(pthread_create(&closer, NULL, close_later, &pair), 0);
        on(_i, read_end, &pair);
        pthread_join(closer, NULL);
        close(pair.ends.from);
    }
}
END_TEST

/* ---- deadlines and cancellation ---- */

static void read_until(void *data)
{
    struct pair *pair = data;
    char buffer[16];
    lg_until until = pair->until;
    until.lgi_done = pair->done;
    pair->error = lg_read(pair->ends.from, buffer, sizeof(buffer), until, &pair->count);
}

START_TEST(C9_the_deadline_comes_first)
{
    FOR_KINDS(pair)
    {
        lg_time start = lg_now();
        pair.until = lg_until_timeout(15 * LG_MILLISECOND);
        pair.count = 99;
        on(_i, read_until, &pair);
        must_be(pair.error, &lg_error_deadline_exceeded);
        ck_assert_uint_eq(pair.count, 0);
        ck_assert_int_ge(lg_since(start), 15 * LG_MILLISECOND);
        /* Nothing is lost, and what can be done at once is done. */
        ck_assert_int_eq(write(pair.ends.to, "hello", 5), 5);
        on(_i, read_until, &pair);
        must_be(pair.error, NULL);
        ck_assert_uint_eq(pair.count, 5);
        close_ends(pair.ends);
    }
}
END_TEST

static LG_ERROR_DEFINE(given_up, "given up");

static void *cancel_later(void *data)
{
    pause_ms(15);
    lgi_done_set(data, &given_up);
    return NULL;
}

START_TEST(C9_cancelling_comes_first)
{
    FOR_KINDS(pair)
    {
        struct lgi_done done = {0};
        pthread_t canceller;
        pair.until = lg_until_forever();
        pair.done = &done;
        ck_assert_int_eq(pthread_create(&canceller, NULL, cancel_later, &done), 0);
        on(_i, read_until, &pair);
        must_be(pair.error, &given_up);
        pthread_join(canceller, NULL);
        /* Cancelled already. */
        on(_i, read_until, &pair);
        must_be(pair.error, &given_up);
        ck_assert_int_eq(write(pair.ends.to, "hello", 5), 5);
        on(_i, read_until, &pair);
        must_be(pair.error, NULL);
        ck_assert_uint_eq(pair.count, 5);
        close_ends(pair.ends);
    }
}
END_TEST

/* ---- reading all ---- */

static void *write_in_parts(void *data)
{
    const struct pair *pair = data;
    for (int i = 0; i < 10; i++) {
        must(write(pair->ends.to, large() + (size_t)i * 10, 10) == 10);
        pause_ms(1);
    }
    close(pair->ends.to);
    return NULL;
}

static void read_parts(void *data)
{
    struct pair *pair = data;
    char buffer[80];
    size_t count;
    must_not_fail(lg_read_full(pair->ends.from, buffer, 80, lg_until_forever(), &count));
    must(count == 80 && memcmp(buffer, large(), 80) == 0);
    must_be(lg_read_full(pair->ends.from, buffer, 80, lg_until_forever(), &count),
            &lg_error_unexpected_end);
    must(count == 20 && memcmp(buffer, large() + 80, 20) == 0);
    must_be(lg_read_full(pair->ends.from, buffer, 80, lg_until_forever(), &count),
            &lg_error_end_of_file);
    must(count == 0);
    must_not_fail(lg_read_full(pair->ends.from, buffer, 0, lg_until_forever(), &count));
}

START_TEST(C9_read_full_reads_all_or_says_what_was_missing)
{
    large();
    FOR_KINDS(pair)
    {
        pthread_t writer;
        ck_assert_int_eq(pthread_create(&writer, NULL, write_in_parts, &pair), 0);
        on(_i, read_parts, &pair);
        pthread_join(writer, NULL);
        close(pair.ends.from);
    }
}
END_TEST

static void read_part_until(void *data)
{
    struct pair *pair = data;
    char buffer[10];
    size_t count;
    must_be(
        lg_read_full(pair->ends.from, buffer, 10, lg_until_timeout(10 * LG_MILLISECOND), &count),
        &lg_error_deadline_exceeded);
    must(count == 5 && memcmp(buffer, "hello", 5) == 0);
}

START_TEST(C9_what_was_read_by_the_deadline_is_counted)
{
    FOR_KINDS(pair)
    {
        ck_assert_int_eq(write(pair.ends.to, "hello", 5), 5);
        on(_i, read_part_until, &pair);
        close_ends(pair.ends);
    }
}
END_TEST

/* ---- the ends of time ---- */

/* What is beyond the smallest or the largest time does not become the opposite. */
static void read_until_odd_times(void *data)
{
    static const lg_duration past[] = {LG_DURATION_MIN, LG_DURATION_MIN + 1, LG_DURATION_MIN / 2,
                                       -LG_HOUR, -1};
    const struct pair *pair = data;
    char byte;
    size_t count;
    for (size_t i = 0; i < sizeof(past) / sizeof(past[0]); i++) {
        must_be(lg_read(pair->ends.from, &byte, 1, lg_until_timeout(past[i]), &count),
                &lg_error_deadline_exceeded);
        must_be(lg_read(pair->ends.from, &byte, 1, lg_until_deadline(past[i]), &count),
                &lg_error_deadline_exceeded);
        must_be(lg_sleep_until(LG_HOUR, lg_until_timeout(past[i])), &lg_error_deadline_exceeded);
        must_not_fail(lg_sleep_until(past[i], lg_until_forever()));
    }
    must_be(lg_sleep_until(LG_DURATION_MAX, lg_until_timeout(LG_MILLISECOND)),
            &lg_error_deadline_exceeded);
}

static void read_for_very_long(void *data)
{
    static const lg_duration future[] = {LG_DURATION_MAX - 1, LG_DURATION_MAX};
    struct pair *pair = data;
    for (size_t i = 0; i < sizeof(future) / sizeof(future[0]); i++) {
        pthread_t writer;
        char text[8];
        must(pthread_create(&writer, NULL, write_hello_later, pair) == 0);
        must_not_fail(lg_read(pair->ends.from, text, sizeof(text), lg_until_timeout(future[i]),
                              &pair->count));
        must(pair->count == 5);
        pthread_join(writer, NULL);
    }
}

START_TEST(C9_odd_times)
{
    FOR_KINDS(pair)
    {
        on(_i, read_until_odd_times, &pair);
        on(_i, read_for_very_long, &pair);
        close_ends(pair.ends);
    }
}
END_TEST

static void add_tests(TCase *tests)
{
    const TTest *const all[] = {
        C9_read_waits_for_data,
        C9_what_is_there_is_read_at_once,
        C9_the_end_is_no_error,
        C9_the_deadline_comes_first,
        C9_cancelling_comes_first,
        C9_read_full_reads_all_or_says_what_was_missing,
        C9_what_was_read_by_the_deadline_is_counted,
        C9_odd_times,
    };
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        tcase_add_loop_test(tests, all[i], 0, PLACES);
}

RUN_TESTS_OF("io", add_tests)
