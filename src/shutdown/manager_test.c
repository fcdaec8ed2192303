/* S6: an lg_shutdown under a service manager: what it is told, and when. */
#include "testing/shutdown.h"

#include <fcntl.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

static int manager;
static lg_notify *notify;

static void open_manager(void)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    char address[64];
    snprintf(address, sizeof(address), "@lifoguard-manager-%d", getpid());
    memcpy(name.sun_path + 1, address + 1, strlen(address) - 1);
    manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(manager, 0);
    ck_assert_int_eq(bind(manager, (struct sockaddr *)&name,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(address))),
                     0);
    setenv("NOTIFY_SOCKET", address, 1);
    notify = lg_notify_open();
    ck_assert_ptr_nonnull(notify);
}

static void close_manager(void)
{
    lg_notify_free(notify);
    close(manager);
}

/* All messages so far, each in a line, line feeds in them as "|". */
static const char *messages(void)
{
    static char text[32768];
    size_t length = 0;
    ssize_t got;
    while ((got = recv(manager, text + length, sizeof(text) - length - 2, MSG_DONTWAIT)) > 0) {
        for (ssize_t i = 0; i < got; i++) {
            if (text[length + (size_t)i] == '\n')
                text[length + (size_t)i] = '|';
        }
        length += (size_t)got;
        text[length++] = '\n';
    }
    text[length] = '\0';
    return text;
}

START_TEST(S6_the_manager_is_told_all_of_it)
{
    struct act db = {.name = "db"}, http = {.name = "http"};
    lg_readiness readiness = LG_READINESS_INIT(NULL);
    open_manager();
    lg_shutdown *s = new_shutdown((lg_shutdown_options){
        .no_signals = true, .drain_delay = 10 * MS, .readiness = &readiness, .notify = notify});
    add_act(s, &db, 4 * LG_SECOND);
    add_act(s, &http, 3 * LG_SECOND);
    ck_assert_str_eq(messages(), "");
    ok(lg_shutdown_ready(s));
    ck_assert(lg_readiness_is_on(&readiness));
    ck_assert_str_eq(messages(), "READY=1\n");
    lg_shutdown_request(s, "maintenance");
    lg_shutdown_wait(s);
    ck_assert(!lg_readiness_is_on(&readiness));
    ok(lg_shutdown_stop(s));
    ck_assert_str_eq(messages(), "STOPPING=1|STATUS=maintenance\n"
                                 "EXTEND_TIMEOUT_USEC=5010000\n"
                                 "STATUS=draining for 10ms\n"
                                 "EXTEND_TIMEOUT_USEC=8000000\n"
                                 "STATUS=stopping http (1 of 2), at most 3s\n"
                                 "EXTEND_TIMEOUT_USEC=9000000\n"
                                 "STATUS=stopping db (2 of 2), at most 4s\n"
                                 "STATUS=stopped\n");
    lg_shutdown_close(s, NULL);
    close_manager();
}
END_TEST

START_TEST(S6_a_stop_without_a_request_tells_it_too)
{
    struct act db = {.name = "db"};
    open_manager();
    lg_shutdown *s = new_shutdown((lg_shutdown_options){.no_signals = true, .notify = notify});
    add_act(s, &db, LG_SECOND);
    ok(lg_shutdown_stop(s));
    ck_assert_str_eq(messages(), "STOPPING=1|STATUS=the program stops\n"
                                 "EXTEND_TIMEOUT_USEC=6000000\n"
                                 "STATUS=stopping db (1 of 1), at most 1s\n"
                                 "STATUS=stopped\n");
    lg_shutdown_close(s, NULL);
    close_manager();
}
END_TEST

/* The socket takes ten messages that nobody reads: these are not more. */
START_TEST(S6_the_watchdog_is_served_while_stages_stop)
{
    struct act db = {.name = "db", .behaviour = NAPS, .nap = 200 * MS};
    setenv("WATCHDOG_USEC", "100000", 1);
    unsetenv("WATCHDOG_PID");
    open_manager();
    lg_shutdown *s = new_shutdown((lg_shutdown_options){.no_signals = true, .notify = notify});
    add_act(s, &db, SOON);
    ok(lg_shutdown_ready(s));
    nap(50 * MS);
    ck_assert_int_eq(occurrences(messages(), "WATCHDOG=1"), 0); /* that is the main loop's to do */
    ok(lg_shutdown_stop(s));
    ck_assert_int_ge(occurrences(messages(), "WATCHDOG=1\n"), 3);
    lg_shutdown_close(s, NULL);
    close_manager();
}
END_TEST

START_TEST(S6_a_readiness_file_that_cannot_be_removed_is_logged)
{
    char folder[] = "/tmp/readiness-XXXXXX", path[64], text[4096] = "";
    size_t length = 0;
    int ends[2];
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/ready", folder);
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    lg_readiness readiness = LG_READINESS_INIT(path);
    lg_shutdown *s = new_shutdown(
        (lg_shutdown_options){.no_signals = true, .readiness = &readiness, .log = ends[1]});
    ok(lg_shutdown_ready(s));
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(mkdir(path, 0700), 0); /* which unlink does not remove */
    lg_shutdown_request(s, "enough");
    lg_shutdown_wait(s);
    lg_shutdown_close(s, NULL);
    close(ends[1]);
    while (drain(ends[0], text, sizeof(text), &length))
        ;
    close(ends[0]);
    ck_assert_msg(strstr(text, "shutdown: requested: enough\nshutdown: ") && strstr(text, path),
                  "%s", text);
    rmdir(path);
    rmdir(folder);
}
END_TEST

START_TEST(S6_a_readiness_file_that_cannot_be_made_is_an_error)
{
    lg_readiness readiness = LG_READINESS_INIT("/nowhere/at/all");
    open_manager();
    lg_shutdown *s = new_shutdown(
        (lg_shutdown_options){.no_signals = true, .notify = notify, .readiness = &readiness});
    lg_error *err = lg_shutdown_ready(s);
    ck_assert(lg_error_is_errno(err, ENOENT));
    lg_error_free(err);
    ck_assert_str_eq(messages(), "");
    lg_shutdown_close(s, NULL);
    close_manager();
}
END_TEST

START_TEST(S6_a_manager_that_is_gone_keeps_nobody)
{
    struct act db = {.name = "db"};
    open_manager();
    close(manager);
    lg_shutdown *s = new_shutdown((lg_shutdown_options){.no_signals = true, .notify = notify});
    add_act(s, &db, 0);
    ok(lg_shutdown_ready(s));
    ok(lg_shutdown_stop(s));
    expect_acts("db");
    lg_shutdown_close(s, NULL);
    lg_notify_free(notify);
}
END_TEST

RUN_TESTS("manager", S6_the_manager_is_told_all_of_it, S6_a_stop_without_a_request_tells_it_too,
          S6_the_watchdog_is_served_while_stages_stop,
          S6_a_readiness_file_that_cannot_be_removed_is_logged,
          S6_a_readiness_file_that_cannot_be_made_is_an_error,
          S6_a_manager_that_is_gone_keeps_nobody)
