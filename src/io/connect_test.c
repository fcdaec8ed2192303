/* Accepting and connecting, over TCP on this machine and Unix sockets. */
#include "testing/crew.h"

#include <arpa/inet.h>
#include <sys/syscall.h>

/* One test closes what another thread uses, which the thread sanitizer would report. */
int close(int fd)
{
    return (int)syscall(SYS_close, fd);
}

/* ---- listeners ---- */

struct address {
    struct sockaddr_storage storage;
    socklen_t length;
};

static const struct sockaddr *any(const struct address *address)
{
    return (const struct sockaddr *)&address->storage;
}

/* False: this machine has no IPv6. */
static bool listen_on(int family, int backlog, int flags, int *listener, struct address *address)
{
    memset(address, 0, sizeof(*address));
    address->storage.ss_family = (sa_family_t)family;
    if (family == AF_INET) {
        struct sockaddr_in *in = (struct sockaddr_in *)&address->storage;
        in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address->length = sizeof(*in);
    } else if (family == AF_INET6) {
        struct sockaddr_in6 *in = (struct sockaddr_in6 *)&address->storage;
        in->sin6_addr = in6addr_loopback;
        address->length = sizeof(*in);
    } else {
        address->length = sizeof(sa_family_t); /* a name of the kernel's choice */
    }
    *listener = socket(family, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
    if (*listener < 0 ||
        bind(*listener, (struct sockaddr *)&address->storage, address->length) != 0) {
        close(*listener);
        return false;
    }
    address->length = sizeof(address->storage);
    must(getsockname(*listener, (struct sockaddr *)&address->storage, &address->length) == 0);
    must(listen(*listener, backlog) == 0);
    return true;
}

static int new_socket(int family, int flags)
{
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
    must(fd >= 0);
    return fd;
}

static const int families[] = {AF_INET, AF_INET6, AF_UNIX};
static const char *const family_names[] = {"IPv4", "IPv6", "Unix"};
enum { FAMILIES = 3 };

/* How many there may be. */
static bool limit_descriptors(rlim_t count)
{
    struct rlimit limit;
    must(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    limit.rlim_cur = count;
    if (!in_valgrind() && setrlimit(RLIMIT_NOFILE, &limit) == 0)
        return true;
    printf("SKIPPED: the limit of descriptors cannot be set to %ju\n", (uintmax_t)count);
    return false;
}

/* ---- one connection ---- */

struct server {
    int listener;
    struct address address;
    int family;
    int blocking; /* 1: the client's socket */
};

static void serve_one(void *data)
{
    const struct server *server = data;
    char buffer[16];
    size_t count;
    int fd;
    struct address peer = {.length = sizeof(peer.storage)};
    errno = 76;
    must_not_fail(lg_accept(server->listener, (struct sockaddr *)&peer.storage, &peer.length,
                            lg_until_forever(), &fd));
    must(errno == 76);
    must(peer.storage.ss_family == server->family);
    must(fcntl(fd, F_GETFL) & O_NONBLOCK);
    must(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    must_not_fail(lg_read(fd, buffer, sizeof(buffer), lg_until_forever(), &count));
    must_not_fail(lg_write(fd, buffer, count, lg_until_forever(), NULL));
    must_not_fail(lg_read(fd, buffer, sizeof(buffer), lg_until_forever(), &count));
    must(count == 0); /* half-closed: what is written still arrives */
    must_not_fail(lg_write(fd, "bye", 3, lg_until_forever(), NULL));
    close(fd);
}

static void be_client(void *data)
{
    const struct server *server = data;
    char buffer[16];
    size_t count;
    int fd = new_socket(server->family, server->blocking ? 0 : SOCK_NONBLOCK);
    int flags = fcntl(fd, F_GETFL);
    errno = 75;
    must_not_fail(
        lg_connect(fd, any(&server->address), server->address.length, lg_until_timeout(LG_MINUTE)));
    must(errno == 75);
    must(fcntl(fd, F_GETFL) == flags);
    /* (The kernel says once more that it is done.) */
    lg_error_free(
        lg_connect(fd, any(&server->address), server->address.length, lg_until_forever()));
    must_be_errno(lg_connect(fd, any(&server->address), server->address.length, lg_until_forever()),
                  EISCONN);
    must_not_fail(lg_write(fd, "hello", 5, lg_until_forever(), NULL));
    must_not_fail(lg_read_full(fd, buffer, 5, lg_until_forever(), &count));
    must(memcmp(buffer, "hello", 5) == 0);
    shutdown(fd, SHUT_WR);
    must_not_fail(lg_read_full(fd, buffer, 3, lg_until_forever(), &count));
    must_be(lg_read_full(fd, buffer, 3, lg_until_forever(), &count), &lg_error_end_of_file);
    close(fd);
}

START_TEST(C9_accept_and_connect)
{
    for (int family = 0; family < FAMILIES; family++) {
        for (int blocking = 0; blocking < 2; blocking++) {
            struct server server = {.family = families[family], .blocking = blocking};
            if (!listen_on(server.family, 10, blocking ? 0 : SOCK_NONBLOCK, &server.listener,
                           &server.address)) {
                printf("SKIPPED: no %s\n", family_names[family]);
                continue;
            }
            crew_go(serve_one, &server);
            pause_ms(family == 0 ? 20 : 0);
            on(_i, be_client, &server);
            crew_wait();
            crew_go(be_client, &server);
            pause_ms(family == 0 ? 20 : 0);
            on(_i, serve_one, &server);
            crew_wait();
            close(server.listener);
        }
    }
}
END_TEST

/* ---- when there is nobody ---- */

static void accept_in_vain(void *data)
{
    const struct server *server = data;
    int fd = 9;
    must_be(lg_accept(server->listener, NULL, NULL, lg_until_timeout(10 * LG_MILLISECOND), &fd),
            &lg_error_deadline_exceeded);
    must(fd == -1);
    struct lgi_done done = {0};
    lgi_done_set(&done, NULL);
    lg_until until = lg_until_forever();
    until.lgi_done = &done;
    must_be(lg_accept(server->listener, NULL, NULL, until, &fd), &lg_error_cancelled);
    must(fd == -1);
}

START_TEST(C9_accept_with_a_deadline)
{
    struct server server;
    must(listen_on(AF_INET, 10, 0, &server.listener, &server.address));
    on(_i, accept_in_vain, &server);
    set_flag(server.listener, O_NONBLOCK, true);
    on(_i, accept_in_vain, &server);
    close(server.listener);
}
END_TEST

static void be_refused(void *data)
{
    const struct server *server = data;
    int fd = new_socket(server->family, SOCK_NONBLOCK);
    must_be_errno(lg_connect(fd, any(&server->address), server->address.length, lg_until_forever()),
                  ECONNREFUSED);
    close(fd);
}

/* poll(2) would be silent about them for ever. */
static void accept_from_what_does_not_listen(void *unused)
{
    (void)unused;
    int fd, pipe_ends[2], connected[2];
    int datagrams = socket(AF_UNIX, SOCK_DGRAM, 0), unknown = socket(AF_NETLINK, SOCK_RAW, 0);
    must(pipe(pipe_ends) == 0);
    must(socketpair(AF_UNIX, SOCK_STREAM, 0, connected) == 0);
    must_be_errno(lg_accept(pipe_ends[0], NULL, NULL, lg_until_timeout(LG_MINUTE), &fd), ENOTSOCK);
    must_be_errno(lg_accept(connected[0], NULL, NULL, lg_until_timeout(LG_MINUTE), &fd), EINVAL);
    must_be_errno(lg_accept(datagrams, NULL, NULL, lg_until_timeout(LG_MINUTE), &fd), EOPNOTSUPP);
    /* Of the other families SO_ACCEPTCONN means nothing. */
    must_be(lg_accept(unknown, NULL, NULL, lg_until_now(), &fd), &lg_error_deadline_exceeded);
    close(datagrams);
    close(unknown);
    for (int i = 0; i < 2; i++) {
        close(pipe_ends[i]);
        close(connected[i]);
    }
}

START_TEST(C9_accept_fails_where_nothing_listens)
{
    on(_i, accept_from_what_does_not_listen, NULL);
}
END_TEST

START_TEST(C9_connect_is_refused)
{
    for (int family = 0; family < FAMILIES; family++) {
        struct server server = {.family = families[family]};
        if (!listen_on(server.family, 10, 0, &server.listener, &server.address))
            continue;
        close(server.listener);
        on(_i, be_refused, &server);
    }
}
END_TEST

/* Fills the queue of connections that nobody takes, until the next one has to wait. */
static int fill(const struct server *server, int *fds, int most)
{
    for (int i = 0; i < most; i++) {
        fds[i] = new_socket(server->family, SOCK_NONBLOCK);
        lg_error *error = lg_connect(fds[i], any(&server->address), server->address.length,
                                     lg_until_timeout(50 * LG_MILLISECOND));
        if (error) {
            must_be(error, &lg_error_deadline_exceeded);
            close(fds[i]);
            return i;
        }
    }
    return most;
}

static void connect_in_vain(void *data)
{
    const struct server *server = data;
    int fds[16];
    int count = fill(server, fds, 16);
    must(count > 0 && count < 16);
    /* Cancelled meanwhile; a blocking socket blocks again afterwards. */
    struct lgi_done done = {0};
    lgi_done_set(&done, NULL);
    lg_until until = lg_until_forever();
    until.lgi_done = &done;
    int fd = new_socket(server->family, 0);
    must_be(lg_connect(fd, any(&server->address), server->address.length, until),
            &lg_error_cancelled);
    must(!(fcntl(fd, F_GETFL) & O_NONBLOCK));
    /* Once there is room, the same call comes through. */
    for (int i = 0; i < count; i++) {
        int taken;
        must_not_fail(lg_accept(server->listener, NULL, NULL, lg_until_forever(), &taken));
        close(taken);
        close(fds[i]);
    }
    must_not_fail(lg_connect(fd, any(&server->address), server->address.length,
                             lg_until_timeout(30 * LG_SECOND)));
    close(fd);
}

START_TEST(C9_connect_with_a_deadline)
{
    static const int with_queue[] = {AF_INET, AF_UNIX};
    for (int family = 0; family < 2; family++) {
        struct server server = {.family = with_queue[family]};
        must(listen_on(server.family, 0, 0, &server.listener, &server.address));
        on(_i, connect_in_vain, &server);
        close(server.listener);
    }
}
END_TEST

/* ---- the other end resets ---- */

static void be_reset(void *data)
{
    const struct server *server = data;
    struct linger at_once = {1, 0};
    char byte;
    size_t count;
    int taken;
    int fd = new_socket(AF_INET, SOCK_NONBLOCK);
    must_not_fail(
        lg_connect(fd, any(&server->address), server->address.length, lg_until_forever()));
    must_not_fail(lg_accept(server->listener, NULL, NULL, lg_until_forever(), &taken));
    must(setsockopt(taken, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)) == 0);
    close(taken);
    must_be_errno(lg_read(fd, &byte, 1, lg_until_forever(), &count), ECONNRESET);
    must_be_errno(lg_write(fd, "x", 1, lg_until_forever(), &count), EPIPE);
    close(fd);
}

static void wait_to_be_reset(void *data)
{
    char byte;
    size_t count;
    must_be_errno(lg_read(*(int *)data, &byte, 1, lg_until_forever(), &count), ECONNRESET);
}

START_TEST(C9_the_peer_resets)
{
    struct server server;
    struct linger at_once = {1, 0};
    must(listen_on(AF_INET, 10, 0, &server.listener, &server.address));
    on(_i, be_reset, &server);
    /* While it is waited for. */
    int taken, fd = new_socket(AF_INET, 0);
    must_not_fail(lg_connect(fd, any(&server.address), server.address.length, lg_until_forever()));
    must_not_fail(lg_accept(server.listener, NULL, NULL, lg_until_forever(), &taken));
    must(setsockopt(taken, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)) == 0);
    crew_go(wait_to_be_reset, &fd);
    pause_ms(10);
    close(taken);
    crew_wait();
    close(fd);
    close(server.listener);
}
END_TEST

/* ---- an error queue that nobody empties ---- */

static _Atomic unsigned tries;
static _Atomic bool has_given_up;

ssize_t recv(int fd, void *buffer, size_t size, int flags)
{
    tries++;
    return syscall(SYS_recvfrom, fd, buffer, size, flags, NULL, NULL);
}

static void read_in_spite_of(void *data)
{
    char buffer[16];
    size_t count;
    int fd = *(int *)data;
    must_be(lg_read(fd, buffer, sizeof(buffer), lg_until_timeout(100 * LG_MILLISECOND), &count),
            &lg_error_deadline_exceeded);
    must(tries < 50); /* it does not try all the time */
    has_given_up = true;
    must_not_fail(lg_read(fd, buffer, sizeof(buffer), lg_until_timeout(LG_MINUTE), &count));
    must(count == 5);
}

static void *send_later(void *data)
{
    while (!has_given_up)
        pause_ms(1);
    must(send(*(int *)data, "hello", 5, 0) == 5);
    return NULL;
}

START_TEST(C9_an_error_queue_is_not_waited_for_in_a_loop)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(a);
    int fds[2], on_ = 1;
    pthread_t sender;
    for (int i = 0; i < 2; i++) {
        fds[i] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        must(fds[i] >= 0);
        a.sin_port = 0;
        must(bind(fds[i], (struct sockaddr *)&a, sizeof(a)) == 0);
    }
    for (int i = 0; i < 2; i++) {
        must(getsockname(fds[!i], (struct sockaddr *)&a, &length) == 0);
        must(connect(fds[i], (struct sockaddr *)&a, sizeof(a)) == 0);
    }
    /* A message that comes back, with the time when it was sent. */
    must(setsockopt(fds[0], SOL_SOCKET, SO_TIMESTAMPING, &(int){1 << 1 | 1 << 4}, sizeof(int)) ==
         0);
    must(setsockopt(fds[0], IPPROTO_IP, IP_RECVERR, &on_, sizeof(on_)) == 0);
    must(send(fds[0], "time", 4, 0) == 4);
    struct pollfd one = {.fd = fds[0], .events = 0};
    if (poll(&one, 1, 1000) != 1 || !(one.revents & POLLERR)) {
        printf("SKIPPED: no timestamps for what is sent\n");
    } else {
        ck_assert_int_eq(pthread_create(&sender, NULL, send_later, &fds[1]), 0);
        on(_i, read_in_spite_of, &fds[0]);
        pthread_join(sender, NULL);
    }
    close(fds[0]);
    close(fds[1]);
}
END_TEST

/* ---- a thousand connections ---- */

enum { CONNECTIONS = 1000, ECHOS = 20 };

static int echo_listener;
static unsigned echoed; /* atomic */

static void echo(int fd)
{
    char buffer[256];
    lg_defer(lg_close, fd, (lg_error **)NULL);
    for (size_t count;;) {
        must_not_fail(lg_read(fd, buffer, sizeof(buffer), lg_until_timeout(LG_MINUTE), &count));
        if (count == 0)
            return;
        __atomic_fetch_add(&echoed, 1, __ATOMIC_RELAXED); /* before the client goes on */
        must_not_fail(lg_write(fd, buffer, count, lg_until_timeout(LG_MINUTE), NULL));
    }
}

static void echo_server(void *unused)
{
    (void)unused;
    for (int fd;;) {
        lg_error *error = lg_accept(echo_listener, NULL, NULL, lg_until_forever(), &fd);
        if (error == &lg_error_closed)
            return;
        must_not_fail(error);
        lg_go(echo, fd);
    }
}

static void echo_client(void *data)
{
    const struct address *address = data;
    char sent[64], got[64];
    int fd = new_socket(AF_INET, SOCK_NONBLOCK);
    lg_error *error = NULL;
    must_not_fail(lg_connect(fd, any(address), address->length, lg_until_timeout(LG_MINUTE)));
    for (int i = 0; i < ECHOS; i++) {
        memset(sent, fd + i, sizeof(sent));
        must_not_fail(lg_write(fd, sent, sizeof(sent), lg_until_forever(), NULL));
        must_not_fail(lg_read_full(fd, got, sizeof(got), lg_until_timeout(LG_MINUTE), NULL));
        must(memcmp(sent, got, sizeof(got)) == 0);
    }
    lg_close(fd, &error);
    must_not_fail(error);
}

START_TEST(C9_a_thousand_connections)
{
    struct address address;
    must_not_fail(lg_set_workers((unsigned[]){1, 2, 8}[_i]));
    if (!limit_descriptors(2 * CONNECTIONS + 100))
        return;
    must(listen_on(AF_INET, 4096, SOCK_NONBLOCK, &echo_listener, &address));
    crew_go(echo_server, NULL);
    pause_ms(1);
    int before = count_open();
    for (int i = 0; i < CONNECTIONS; i++)
        crew_go(echo_client, &address);
    while (crew_left() > 1)
        pause_ms(2);
    ck_assert_uint_ge(__atomic_load_n(&echoed, __ATOMIC_RELAXED), (uintmax_t)CONNECTIONS * ECHOS);
    /* The servers see the end of theirs. What the workers have opened since stays: two each. */
    for (int i = 0; count_open() > before + 2 * 8; i++) {
        must(i < 3000);
        pause_ms(10);
    }
    lg_close(echo_listener, NULL);
    crew_wait();
}
END_TEST

/* ---- no descriptors left ---- */

static void run_out(void *data)
{
    const struct server *server = data;
    int taken, fd = new_socket(AF_INET, SOCK_NONBLOCK);
    must_not_fail(
        lg_connect(fd, any(&server->address), server->address.length, lg_until_forever()));
    if (!limit_descriptors((rlim_t)fd + 1))
        return;
    must_be_errno(lg_accept(server->listener, NULL, NULL, lg_until_forever(), &taken), EMFILE);
    must(taken == -1);
    must(limit_descriptors(500));
    must_not_fail(lg_accept(server->listener, NULL, NULL, lg_until_timeout(0), &taken));
    close(taken);
    close(fd);
}

START_TEST(C9_the_connection_remains_when_there_are_no_descriptors)
{
    struct server server;
    must(listen_on(AF_INET, 10, 0, &server.listener, &server.address));
    on(_i, run_out, &server);
    close(server.listener);
}
END_TEST

/* Waiting itself needs some, and does without when there are none. */
static _Atomic bool has_waited, has_read;
static _Atomic unsigned polled; /* calls of ppoll, from a wait */

int ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *mask)
{
    struct timespec copy = timeout ? *timeout : (struct timespec){0};
    polled++;
    return (int)syscall(SYS_ppoll, fds, count, timeout ? &copy : NULL, mask, 8);
}

static void read_without(void *data)
{
    struct ends *ends = data;
    char byte;
    size_t count;
    must_be(lg_read(ends->from, &byte, 1, lg_until_timeout(5 * LG_MILLISECOND), &count),
            &lg_error_deadline_exceeded);
    has_waited = true;
    must_not_fail(lg_read(ends->from, &byte, 1, lg_until_forever(), &count));
    must(count == 1);
    has_read = true;
    must_be(lg_read(ends->from, &byte, 1, lg_until_forever(), &count), &lg_error_closed);
}

static void *write_later(void *data)
{
    struct ends *ends = data;
    while (!has_waited)
        pause_ms(1);
    pause_ms(20);
    must(write(ends->to, "x", 1) == 1);
    while (!has_read)
        pause_ms(1);
    for (unsigned before = polled; polled == before;)
        pause_ms(1);
    lg_close(ends->from, NULL);
    return NULL;
}

START_TEST(C9_waiting_without_descriptors)
{
    struct ends ends = make_ends(STREAM);
    pthread_t writer;
    if (!limit_descriptors((rlim_t)ends.from))
        return;
    ck_assert_int_eq(pthread_create(&writer, NULL, write_later, &ends), 0);
    on(_i, read_without, &ends);
    pthread_join(writer, NULL);
    must(limit_descriptors(500));
    close(ends.to);
}
END_TEST

static void add_tests(TCase *tests)
{
    const TTest *const both[] = {
        C9_accept_and_connect,
        C9_accept_with_a_deadline,
        C9_accept_fails_where_nothing_listens,
        C9_connect_is_refused,
        C9_connect_with_a_deadline,
        C9_the_peer_resets,
        C9_an_error_queue_is_not_waited_for_in_a_loop,
        C9_the_connection_remains_when_there_are_no_descriptors,
        C9_waiting_without_descriptors,
    };
    for (size_t i = 0; i < sizeof(both) / sizeof(both[0]); i++)
        tcase_add_loop_test(tests, both[i], 0, PLACES);
    tcase_add_loop_test(tests, C9_a_thousand_connections, 0, 3);
}

RUN_TESTS_OF("connect", add_tests)
