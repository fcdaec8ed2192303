/* Reading, writing and waiting, for every kind of descriptor, on goroutines and threads; each name begins with the rule that
 * the test holds. */
#include "testing/crew.h"

/* ---- one reader, one writer ---- */

struct pair {
    struct ends ends;
    int kind;
    lg_until until;
    struct lgi_done *done;
    size_t count;
    lg_error *error;
};

static void read_hello(void *data)
{
    struct pair *pair = data;
    char buffer[16] = "";
    errno = 77;
    must_not_fail(
        lg_read(pair->ends.from, buffer, sizeof(buffer), lg_until_forever(), &pair->count));
    must(errno == 77);
    must(pair->count == 5 && memcmp(buffer, "hello", 5) == 0);
}

static void *write_hello_later(void *data)
{
    const struct pair *pair = data;
    pause_ms(20);
    must(write(pair->ends.to, "hello", 5) == 5);
    return NULL;
}

/* For all kinds and places. */
#define FOR_KINDS(pair)                                                                            \
    for (struct pair pair = {.kind = 0}; pair.kind < KINDS; pair.kind++)                           \
        if ((pair.ends = make_ends(pair.kind)).from >= 0)

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

/* ---- writing ---- */

enum { LARGE = 1 << 20 };

static char pattern_at(size_t at)
{
    return (char)(at * 31 + at / 251);
}

static char *large(void)
{
    static char *data;
    if (!data) {
        data = malloc(LARGE);
        for (size_t i = 0; i < LARGE; i++)
            data[i] = pattern_at(i);
    }
    return data;
}

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

/* ---- what is no channel ---- */

static void use_files(void *unused)
{
    char path[] = "/tmp/lifoguard-io-XXXXXX", buffer[64];
    size_t count;
    short revents;
    (void)unused;
    int fd = mkostemp(path, O_CLOEXEC);
    must(fd >= 0);
    unlink(path);
    must_not_fail(lg_write(fd, "hello", 5, lg_until_timeout(0), &count));
    must(count == 5 && lseek(fd, 0, SEEK_SET) == 0);
    must_not_fail(lg_read(fd, buffer, sizeof(buffer), lg_until_timeout(0), &count));
    must(count == 5 && memcmp(buffer, "hello", 5) == 0);
    must_not_fail(lg_read(fd, buffer, sizeof(buffer), lg_until_forever(), &count));
    must(count == 0);
    must_not_fail(lg_poll(fd, POLLIN | POLLOUT, lg_until_timeout(0), &revents));
    must(revents == (POLLIN | POLLOUT));
    close(fd);

    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    must_not_fail(lg_write(null, large(), LARGE, lg_until_timeout(0), &count));
    must(count == LARGE);
    must_not_fail(lg_read(null, buffer, sizeof(buffer), lg_until_timeout(0), &count));
    must(count == 0);
    must_not_fail(lg_poll(null, POLLIN, lg_until_timeout(0), NULL));
    close(null);

    int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    must_not_fail(lg_read_full(zero, buffer, sizeof(buffer), lg_until_timeout(0), &count));
    must(count == sizeof(buffer));
    close(zero);

    int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    must_be_errno(lg_write(full, "hello", 5, lg_until_timeout(0), &count), ENOSPC);
    close(full);

    int directory = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    must_be_errno(lg_read(directory, buffer, sizeof(buffer), lg_until_timeout(0), &count), EISDIR);
    close(directory);
}

START_TEST(C9_files_are_always_ready)
{
    large();
    on(_i, use_files, NULL);
}
END_TEST

static void use_closed(void *unused)
{
    char byte = 0;
    size_t count = 9;
    short revents = 9;
    (void)unused;
    /* So high that no worker makes its descriptors there meanwhile. */
    struct ends ends = make_ends(PIPE);
    int high = fcntl(ends.from, F_DUPFD_CLOEXEC, 600);
    must(high >= 600 && close(high) == 0);
    close_ends(ends);
    const int closed[] = {-1, INT32_MIN, INT32_MAX, high};
    for (size_t i = 0; i < sizeof(closed) / sizeof(closed[0]); i++) {
        int fd = closed[i], accepted = 9;
        must_be_errno(lg_read(fd, &byte, 1, lg_until_forever(), &count), EBADF);
        must(count == 0);
        must_be_errno(lg_read_full(fd, &byte, 1, lg_until_forever(), NULL), EBADF);
        must_be_errno(lg_write(fd, &byte, 1, lg_until_forever(), &count), EBADF);
        must_be_errno(lg_poll(fd, POLLIN, lg_until_forever(), &revents), EBADF);
        must(revents == 0);
        must_be_errno(lg_accept(fd, NULL, NULL, lg_until_forever(), &accepted), EBADF);
        must(accepted == -1);
        struct sockaddr address = {.sa_family = AF_UNIX};
        must_be_errno(lg_connect(fd, &address, sizeof(address), lg_until_forever()), EBADF);
        must_be_errno(lg_set_nonblocking(fd), EBADF);
    }
    /* The wrong end. */
    ends = make_ends(PIPE);
    must_be_errno(lg_read(ends.to, &byte, 1, lg_until_forever(), &count), EBADF);
    must_be_errno(lg_write(ends.from, &byte, 1, lg_until_forever(), &count), EBADF);
    close_ends(ends);
}

START_TEST(C9_what_is_not_open_is_an_error)
{
    on(_i, use_closed, NULL);
}
END_TEST

/* ---- poll ---- */

static void poll_them(void *unused)
{
    short revents = 9;
    struct ends ends = make_ends(STREAM);
    (void)unused;
    errno = 79;
    must_not_fail(lg_poll(ends.from, POLLIN | POLLOUT, lg_until_forever(), &revents));
    must(revents == POLLOUT);
    must_be(lg_poll(ends.from, POLLIN, lg_until_timeout(0), &revents), &lg_error_deadline_exceeded);
    must(revents == 0);
    must_be(lg_poll(ends.from, 0, lg_until_timeout(5 * LG_MILLISECOND), NULL),
            &lg_error_deadline_exceeded);
    must(write(ends.to, "x", 1) == 1);
    /* Ready already: neither time nor cancelling matters. */
    struct lgi_done done = {0};
    lgi_done_set(&done, NULL);
    lg_until until = lg_until_timeout(0);
    until.lgi_done = &done;
    must_not_fail(lg_poll(ends.from, POLLIN, until, &revents));
    must(revents == POLLIN);
    must_be(lg_poll(ends.from, POLLPRI, until, &revents), &lg_error_cancelled);
    shutdown(ends.to, SHUT_WR);
    must_not_fail(lg_poll(ends.from, POLLIN | POLLRDHUP, lg_until_forever(), &revents));
    must(revents == (POLLIN | POLLRDHUP));
    close(ends.to);
    must_not_fail(lg_poll(ends.from, 0, lg_until_forever(), &revents));
    must(revents == POLLHUP);
    must(errno == 79);
    close(ends.from);
    ends = make_ends(PIPE);
    close(ends.from);
    must_not_fail(lg_poll(ends.to, POLLOUT, lg_until_forever(), &revents));
    must(revents == (POLLOUT | POLLERR));
    close(ends.to);
}

START_TEST(C9_poll_says_what_it_is_ready_for)
{
    on(_i, poll_them, NULL);
}
END_TEST

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

/* ---- main ---- */

int main(void)
{
    const TTest *const both[] = {
        C9_read_waits_for_data,
        C9_what_is_there_is_read_at_once,
        C9_the_end_is_no_error,
        C9_the_deadline_comes_first,
        C9_cancelling_comes_first,
        C9_all_is_written,
        C9_what_was_written_by_the_deadline_is_counted,
        C9_sockets_raise_no_SIGPIPE,
        C9_the_reader_goes_away_in_the_middle,
        C9_read_full_reads_all_or_says_what_was_missing,
        C9_what_was_read_by_the_deadline_is_counted,
        C9_files_are_always_ready,
        C9_what_is_not_open_is_an_error,
        C9_poll_says_what_it_is_ready_for,
        C9_odd_times,
    };
    Suite *suite = suite_create("io");
    TCase *tests = tcase_create("io");
    tcase_set_timeout(tests, 600);
    for (size_t i = 0; i < sizeof(both) / sizeof(both[0]); i++)
        tcase_add_loop_test(tests, both[i], 0, PLACES);
    tcase_add_test(tests, C9_several_readers_of_one_descriptor);
    tcase_add_test(tests, C9_reading_and_writing_one_descriptor_at_once);
    tcase_add_test(tests, C9_no_worker_blocks);
    tcase_add_test(tests, C9_others_have_their_turn);
    tcase_add_loop_test(tests, C9_ping_pong, 0, 3);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
