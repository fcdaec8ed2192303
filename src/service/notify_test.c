/* S6: systemd's notify protocol, beside a real socket of both kinds. */
#include "testing/test.h"

#include <lifoguard/service.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "testing/failing_malloc.h"

static char directory[] = "/tmp/lifoguard-notify-XXXXXX";
static char address[128];
static int manager = -1;

/* The service manager's end. */
static void listen_at(bool abstract)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    socklen_t length;
    if (abstract) {
        snprintf(address, sizeof(address), "@lifoguard-notify-%d", getpid());
        memcpy(name.sun_path + 1, address + 1, strlen(address) - 1);
        length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(address));
    } else {
        ck_assert_ptr_nonnull(mkdtemp(directory));
        snprintf(address, sizeof(address), "%s/socket", directory);
        strcpy(name.sun_path, address);
        length = sizeof(name);
    }
    manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(manager, 0);
    ck_assert_int_eq(bind(manager, (struct sockaddr *)&name, length), 0);
    setenv("NOTIFY_SOCKET", address, 1);
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
}

static void stop_listening(void)
{
    close(manager);
    if (address[0] == '/') {
        unlink(address);
        rmdir(directory);
    }
}

static const char *received(void)
{
    static char text[4096];
    ssize_t got = recv(manager, text, sizeof(text) - 1, MSG_DONTWAIT);
    text[got > 0 ? got : 0] = '\0';
    return got < 0 ? "nothing" : text;
}

#define expect_message(expected) ck_assert_str_eq(received(), expected)

static void says_it_all(bool abstract)
{
    listen_at(abstract);
    lg_notify *notify = lg_notify_open();
    ck_assert_ptr_nonnull(notify);
    errno = 77;
    ck_assert(lg_notify_ready(notify, NULL));
    expect_message("READY=1");
    ck_assert(lg_notify_ready(notify, "serving"));
    expect_message("READY=1\nSTATUS=serving");
    ck_assert(lg_notify_status(notify, "%d of %d", 1, 2));
    expect_message("STATUS=1 of 2");
    ck_assert(lg_notify_stopping(notify, "SIGTERM"));
    expect_message("STOPPING=1\nSTATUS=SIGTERM");
    ck_assert(lg_notify_main_pid(notify, 42));
    expect_message("MAINPID=42");
    ck_assert(lg_notify_extend(notify, 1500 * LG_MILLISECOND));
    expect_message("EXTEND_TIMEOUT_USEC=1500000");
    ck_assert(lg_notify_extend(notify, 1));
    expect_message("EXTEND_TIMEOUT_USEC=1");
    ck_assert(lg_notify_watchdog(notify));
    expect_message("WATCHDOG=1");
    ck_assert(lg_notify_send(notify, "ERRNO=5\nX_MINE=1"));
    expect_message("ERRNO=5\nX_MINE=1");
    ck_assert(lg_notify_reloading(notify, "rereading"));
    ck_assert_int_eq(errno, 77);
    const char *text = received(), *first = "RELOADING=1\nMONOTONIC_USEC=";
    ck_assert_int_eq(strncmp(text, first, strlen(first)), 0);
    char *end;
    long long before = lg_now() / LG_MICROSECOND, at = strtoll(text + strlen(first), &end, 10);
    ck_assert_str_eq(end, "\nSTATUS=rereading");
    ck_assert(at <= before && at > before - 60 * 1000000LL);
    lg_notify_free(notify);
    stop_listening();
}

START_TEST(S6_every_message_to_a_path)
{
    says_it_all(false);
}
END_TEST

START_TEST(S6_every_message_to_an_abstract_address)
{
    says_it_all(true);
}
END_TEST

START_TEST(S6_without_a_manager_nothing_happens)
{
    unsetenv("NOTIFY_SOCKET");
    ck_assert_ptr_null(lg_notify_open());
    ck_assert(!lg_notify_ready(NULL, "x"));
    ck_assert(!lg_notify_status(NULL, "%s", "x"));
    ck_assert(!lg_notify_stopping(NULL, NULL));
    ck_assert(!lg_notify_reloading(NULL, NULL));
    ck_assert(!lg_notify_main_pid(NULL, 1));
    ck_assert(!lg_notify_extend(NULL, 1));
    ck_assert(!lg_notify_watchdog(NULL));
    ck_assert(!lg_notify_send(NULL, "A=1"));
    ck_assert_int_eq(lg_notify_watchdog_interval(NULL), 0);
    lg_notify_free(NULL);
}
END_TEST

START_TEST(S6_an_address_that_is_none_is_no_manager)
{
    static const char *const bad[] = {"", "/", "@", "relative", "vsock:2:1234", NULL};
    char longer[256];
    for (size_t i = 0; bad[i]; i++) {
        setenv("NOTIFY_SOCKET", bad[i], 1);
        ck_assert_ptr_null(lg_notify_open());
    }
    memset(longer, 'x', sizeof(longer));
    longer[0] = '/';
    longer[sizeof(((struct sockaddr_un *)NULL)->sun_path) + 1] = '\0';
    ck_assert_ptr_null(lg_notify_open_at(longer));
    longer[sizeof(((struct sockaddr_un *)NULL)->sun_path)] = '\0'; /* fills it, without a NUL */
    lg_notify *notify = lg_notify_open_at(longer);
    ck_assert_ptr_nonnull(notify);
    ck_assert(!lg_notify_ready(notify, NULL)); /* nobody is there */
    lg_notify_free(notify);
    ck_assert_ptr_null(lg_notify_open_at(NULL));
}
END_TEST

START_TEST(S6_a_status_cannot_pass_for_another_message)
{
    listen_at(true);
    lg_notify *notify = lg_notify_open();
    ck_assert(lg_notify_status(notify, "%s",
                               "a\nMAINPID=1\r\x7f"
                               "b"));
    expect_message("STATUS=a\\nMAINPID=1\\x0d\\x7fb");
    ck_assert(lg_notify_ready(notify, "x\ny"));
    expect_message("READY=1\nSTATUS=x\\ny");
    lg_notify_free(notify);
    stop_listening();
}
END_TEST

START_TEST(S6_a_long_status_is_cut_at_a_character)
{
    char text[3000];
    listen_at(true);
    lg_notify *notify = lg_notify_open();
    for (size_t shift = 0; shift < 4; shift++) {
        memset(text, 'a', sizeof(text));
        for (size_t i = shift; i + 3 < sizeof(text); i += 3)
            memcpy(text + i, "\xe2\x82\xac", 3); /* € */
        text[sizeof(text) - 1] = '\0';
        ck_assert(lg_notify_status(notify, "%s", text));
        const char *status = received() + strlen("STATUS=");
        size_t length = strlen(status);
        ck_assert_uint_gt(length, 1000);
        ck_assert_uint_lt(length, 1024);
        ck_assert_int_eq(strncmp(status, text, length), 0);
        ck_assert_uint_eq((length - shift) % 3, 0);
    }
    lg_notify_free(notify);
    stop_listening();
}
END_TEST

static lg_duration watchdog(const char *usec, const char *pid)
{
    if (usec)
        setenv("WATCHDOG_USEC", usec, 1);
    else
        unsetenv("WATCHDOG_USEC");
    if (pid)
        setenv("WATCHDOG_PID", pid, 1);
    else
        unsetenv("WATCHDOG_PID");
    lg_notify *notify = lg_notify_open();
    lg_duration interval = lg_notify_watchdog_interval(notify);
    lg_notify_free(notify);
    return interval;
}

START_TEST(S6_the_watchdog_is_ours_only_if_it_says_so)
{
    char own[24], other[24];
    listen_at(true);
    snprintf(own, sizeof(own), "%d", getpid());
    snprintf(other, sizeof(other), "%d", getppid());
    ck_assert_int_eq(watchdog(NULL, NULL), 0);
    ck_assert_int_eq(watchdog("3000000", NULL), 3 * LG_SECOND);
    ck_assert_int_eq(watchdog("3000000", own), 3 * LG_SECOND);
    ck_assert_int_eq(watchdog("3000000", other), 0);
    ck_assert_int_eq(watchdog("3000000", ""), 0);
    ck_assert_int_eq(watchdog("3000000", "1x"), 0);
    ck_assert_int_eq(watchdog("", own), 0);
    ck_assert_int_eq(watchdog("-3", own), 0);
    ck_assert_int_eq(watchdog("0", own), 0);
    ck_assert_int_eq(watchdog("99999999999999999999", own), 0);
    ck_assert_int_eq(watchdog("9223372036854775807", own), 0);
    stop_listening();
}
END_TEST

START_TEST(S6_what_is_no_message_is_not_sent)
{
    listen_at(true);
    lg_notify *notify = lg_notify_open();
    ck_assert(!lg_notify_send(notify, ""));
    ck_assert(!lg_notify_send(notify, NULL));
    ck_assert(!lg_notify_extend(notify, 0));
    ck_assert(!lg_notify_extend(notify, -1));
    ck_assert(!lg_notify_main_pid(notify, 0));
    ck_assert(lg_notify_status(notify, "%s", ""));
    expect_message("STATUS=");
    lg_notify_free(notify);
    stop_listening();
}
END_TEST

START_TEST(S6_a_manager_that_is_gone_or_deaf_fails_nothing)
{
    listen_at(false);
    lg_notify *notify = lg_notify_open();
    /* It does not read: the socket fills, and then each message waits a second at the most. */
    char big[100000];
    memset(big, 'x', sizeof(big) - 1);
    big[sizeof(big) - 1] = '\0';
    lg_duration took = 0;
    bool sent = true;
    for (int i = 0; i < 1000 && sent; i++) {
        lg_time start = lg_now();
        sent = lg_notify_send(notify, big);
        took = lg_since(start);
    }
    ck_assert(!sent);
    ck_assert_int_ge(took, LG_SECOND / 2);
    /* From then on nothing waits, until there is room again. */
    lg_time start = lg_now();
    for (int i = 0; i < 1000; i++)
        ck_assert(!lg_notify_send(notify, big));
    ck_assert_int_lt(lg_since(start), 1000 * (LG_SECOND / 2));
    while (strcmp(received(), "nothing") != 0)
        ;
    ck_assert(lg_notify_ready(notify, NULL));
    stop_listening();
    errno = 77;
    ck_assert(!lg_notify_ready(notify, NULL));
    ck_assert_int_eq(errno, 77);
    lg_notify_free(notify);
}
END_TEST

START_TEST(S6_without_descriptors_there_is_no_manager)
{
    struct rlimit limit, before;
    listen_at(true);
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    limit = before;
    limit.rlim_cur = 0;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    errno = 77;
    lg_notify *notify = lg_notify_open();
    int errno_value = errno;
    setrlimit(RLIMIT_NOFILE, &before);
    ck_assert_ptr_null(notify);
    ck_assert_int_eq(errno_value, 77);
    stop_listening();
}
END_TEST

START_TEST(S6_without_memory_there_is_no_manager)
{
    listen_at(true);
    if (can_fail_allocations()) {
        memory_watch(1, true);
        lg_notify *notify = lg_notify_open();
        memory_ignore();
        ck_assert_ptr_null(notify);
        /* Sending needs none. */
        notify = lg_notify_open();
        memory_watch(1, true);
        bool sent = lg_notify_status(notify, "%d", 1) && lg_notify_ready(notify, "x");
        memory_ignore();
        ck_assert(sent);
        ck_assert_int_eq(memory.made, 0);
        lg_notify_free(notify);
    }
    stop_listening();
}
END_TEST

static void sends_many(void *data)
{
    for (int i = 0; i < 50; i++)
        ck_assert(lg_notify_status(data, "%d", i));
}

START_TEST(S6_many_threads_at_once)
{
    listen_at(true);
    lg_notify *notify = lg_notify_open();
    pthread_t threads[4];
    struct thread_work work = {sends_many, notify};
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, thread_main, &work), 0);
    int got = 0;
    while (got < 200) {
        struct pollfd readable = {.fd = manager, .events = POLLIN};
        ck_assert_int_eq(poll(&readable, 1, 10000), 1);
        ck_assert_int_eq(strncmp(received(), "STATUS=", 7), 0);
        got++;
    }
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    lg_notify_free(notify);
    stop_listening();
}
END_TEST

RUN_TESTS("notify", S6_every_message_to_a_path, S6_every_message_to_an_abstract_address,
          S6_without_a_manager_nothing_happens, S6_an_address_that_is_none_is_no_manager,
          S6_a_status_cannot_pass_for_another_message, S6_a_long_status_is_cut_at_a_character,
          S6_the_watchdog_is_ours_only_if_it_says_so, S6_what_is_no_message_is_not_sent,
          S6_a_manager_that_is_gone_or_deaf_fails_nothing,
          S6_without_descriptors_there_is_no_manager, S6_without_memory_there_is_no_manager,
          S6_many_threads_at_once)
