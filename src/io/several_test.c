/* Several goroutines at one descriptor, and at many; each name begins with the rule that the test holds. */
#include "testing/pair.h"

/* ---- several at once ---- */

enum { READERS = 8, MESSAGES = 200 };

static int shared_fd;
static unsigned received; /* atomic */

static void read_messages(void *unused)
{
    char byte;
    (void)unused;
    for (size_t count;;) {
        must_not_fail(lg_read(shared_fd, &byte, 1, lg_until_forever(), &count));
        if (count == 0)
            return;
        __atomic_fetch_add(&received, 1, __ATOMIC_RELAXED);
    }
}

static void *read_on_thread(void *data)
{
    read_messages(data);
    return NULL;
}

START_TEST(C9_several_readers_of_one_descriptor)
{
    for (int kind = 0; kind < KINDS; kind++) {
        struct ends ends = make_ends(kind);
        pthread_t threads[2];
        shared_fd = ends.from;
        received = 0;
        for (int i = 0; i < READERS; i++)
            crew_go(read_messages, NULL);
        for (int i = 0; i < 2; i++)
            ck_assert_int_eq(pthread_create(&threads[i], NULL, read_on_thread, NULL), 0);
        for (int i = 0; i < MESSAGES; i++) {
            ck_assert_int_eq(write(ends.to, "x", 1), 1);
            if (i % 3 == 0)
                pause_ms(1);
        }
        /* Each is read once, and all ends are seen. */
        close(ends.to);
        crew_wait();
        for (int i = 0; i < 2; i++)
            pthread_join(threads[i], NULL);
        ck_assert_msg(received == MESSAGES, "%s: %u", kind_names[kind], received);
        close(ends.from);
    }
}
END_TEST

static void write_much(void *data)
{
    const struct pair *pair = data;
    must_not_fail(lg_write(pair->ends.to, large(), LARGE, lg_until_forever(), NULL));
}

static void read_much(void *data)
{
    const struct pair *pair = data;
    char *buffer = malloc(LARGE);
    must_not_fail(lg_read_full(pair->ends.to, buffer, LARGE, lg_until_forever(), NULL));
    must(memcmp(buffer, large(), LARGE) == 0);
    free(buffer);
}

START_TEST(C9_reading_and_writing_one_descriptor_at_once)
{
    large();
    for (int kind = STREAM; kind <= STREAM_NONBLOCKING; kind++) {
        struct ends ends = make_ends(kind);
        struct pair one = {.ends = {ends.to, ends.from}}, other = {.ends = ends};
        crew_go(write_much, &one);
        crew_go(write_much, &other);
        crew_go(read_much, &one);
        crew_go(read_much, &other);
        crew_wait();
        close_ends(ends);
    }
}
END_TEST

/* A blocking pipe, whose other reader has taken what there was. */
START_TEST(C9_no_worker_blocks)
{
    struct ends ends = make_ends(STREAM);
    struct pair other = {.ends = make_ends(PIPE)};
    must_not_fail(lg_set_workers(1));
    shared_fd = ends.from;
    received = 0;
    for (int i = 0; i < READERS; i++)
        crew_go(read_messages, NULL);
    for (int i = 0; i < MESSAGES; i++)
        ck_assert_int_eq(write(ends.to, "x", 1), 1);
    /* They all wait now, and another goroutine of the same worker runs. */
    pause_ms(20);
    ck_assert_int_eq(write(other.ends.to, "hello", 5), 5);
    crew_go(read_hello, &other);
    while (crew_left() > READERS)
        pause_ms(1);
    ck_assert_uint_eq(other.count, 5);
    close(ends.to);
    crew_wait();
    close(ends.from);
    close_ends(other.ends);
}
END_TEST

/* One that never has to wait. */
static void talk_to_itself(void *data)
{
    const struct pair *pair = data;
    char buffer[5];
    size_t count;
    for (int i = 0; i < 2000; i++) {
        must_not_fail(lg_write(pair->ends.to, "hello", 5, lg_until_forever(), NULL));
        must_not_fail(lg_read(pair->ends.from, buffer, 5, lg_until_forever(), &count));
    }
    received = 1;
}

static void be_patient(void *data)
{
    struct pair *pair = data;
    while (!received) {
        pair->count++;
        lg_yield();
    }
}

START_TEST(C9_others_have_their_turn)
{
    must_not_fail(lg_set_workers(1));
    FOR_KINDS(pair)
    {
        received = 0;
        crew_go(talk_to_itself, &pair);
        crew_go(be_patient, &pair);
        crew_wait();
        ck_assert_uint_ge(pair.count, 20);
        close_ends(pair.ends);
    }
}
END_TEST

/* ---- stress ---- */

enum { PAIRS = 64, ROUNDS = 300 };

static uint32_t random_of(uint32_t *state)
{
    *state = *state * 1664525 + 1013904223;
    return *state >> 8;
}

static void ping(void *data)
{
    const struct pair *pair = data;
    uint32_t random = (uint32_t)pair->ends.from * 7919;
    uint64_t sent = 0, got;
    for (int i = 0; i < ROUNDS; i++) {
        sent = random_of(&random);
        must_not_fail(lg_write(pair->ends.from, &sent, sizeof(sent), lg_until_forever(), NULL));
        if (random_of(&random) % 4 == 0)
            lg_yield();
        lg_error *error;
        size_t done = 0, some;
        do { /* by short waits */
            lg_time time = random_of(&random) % 200 * LG_MICROSECOND;
            error = lg_read_full(pair->ends.from, (char *)&got + done, sizeof(got) - done,
                                 lg_until_timeout(time), &some);
            done += some;
        } while (error == &lg_error_deadline_exceeded);
        must(!error && done == sizeof(got) && got == sent + 1);
    }
    shutdown(pair->ends.from, SHUT_WR);
}

static void pong(void *data)
{
    const struct pair *pair = data;
    uint32_t random = (uint32_t)pair->ends.to * 104729;
    for (uint64_t got;;) {
        lg_error *error = lg_read_full(pair->ends.to, &got, sizeof(got), lg_until_forever(), NULL);
        if (error == &lg_error_end_of_file)
            return;
        must(!error);
        if (random_of(&random) % 4 == 0)
            lg_yield();
        got++;
        must_not_fail(lg_write(pair->ends.to, &got, sizeof(got), lg_until_forever(), NULL));
    }
}

START_TEST(C9_ping_pong)
{
    static const unsigned workers[] = {1, 2, 8};
    static struct pair pairs[PAIRS];
    must_not_fail(lg_set_workers(workers[_i]));
    for (int i = 0; i < PAIRS; i++) {
        pairs[i].ends = make_ends(i % 2 ? STREAM : STREAM_NONBLOCKING);
        crew_go(ping, &pairs[i]);
        crew_go(pong, &pairs[i]);
    }
    crew_wait();
    for (int i = 0; i < PAIRS; i++)
        close_ends(pairs[i].ends);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, C9_several_readers_of_one_descriptor);
    tcase_add_test(tests, C9_reading_and_writing_one_descriptor_at_once);
    tcase_add_test(tests, C9_no_worker_blocks);
    tcase_add_test(tests, C9_others_have_their_turn);
    tcase_add_loop_test(tests, C9_ping_pong, 0, 3);
}

RUN_TESTS_OF("several", add_tests)
