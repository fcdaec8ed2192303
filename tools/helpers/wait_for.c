#define _GNU_SOURCE
#include "address.h"
#include "buffer.h"
#include "command.h"
#include "duration.h"
#include "helpers.h"
#include "limited.h"
#include "message.h"
#include "options.h"
#include "process.h"
#include "scratch.h"
#include "signals.h"
#include "spec.h"
#include "status.h"

#include <errno.h>
#include <fcntl.h>
#include <lifoguard/defer.h>
#include <lifoguard/go.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char help[] =
    "usage: lifoguard wait-for [OPTIONS] --tcp HOST:PORT\n"
    "       lifoguard wait-for [OPTIONS] --file PATH\n"
    "       lifoguard wait-for [OPTIONS] --http http://HOST[:PORT][/PATH]\n"
    "       lifoguard wait-for [OPTIONS] -- COMMAND [ARG…]\n"
    "\n"
    "Waits until a server accepts connections at HOST:PORT, until PATH exists, until the URL answers with a\n"
    "status below 400, or until COMMAND succeeds. Looks at once, then after 10 ms, and then in pauses that\n"
    "grow to a second.\n"
    "\n"
    "  --timeout DURATION   how long to wait at most (1m; 0s: no limit); also for a single connection\n"
    "                       or COMMAND\n"
    "  --pid PID            gives up at once when that process has ended (the server that is waited for)\n"
    "\n"
    "COMMAND's output is shown only if the wait fails. For https: -- curl -fsS https://…\n"
    "\n"
    "Exit status: 0; 124 the time was over; 1 the process has ended; 125 wrong usage.\n";

struct target {
    const char *tcp, *file, *http;
    char **command;
    struct address address; /* of tcp and http */
    struct limited limited; /* of a command */
    lg_time deadline;
    char why[256]; /* it is not ready */
    int output[2]; /* of the command's tries: the last one, and the last one that ended */
};

static int milliseconds_left(const struct target *target)
{
    lg_duration left = (target->deadline - lg_now()) / LG_MILLISECOND;
    return left < 1 ? 1 : left > 5000 ? 5000 : (int)left;
}

static void set_why(struct target *target, int number)
{
    snprintf(target->why, sizeof(target->why), "%s", strerror(number));
}

/* Whether the limit has ended a try, and an earlier try knows more. */
static bool is_cut_short(const struct target *target)
{
    return target->why[0] != '\0' && target->deadline - lg_now() < 2 * LG_MILLISECOND;
}

/* ---- connections ---- */

static bool finish_connecting(struct target *target, int fd)
{
    struct pollfd poll_fd = {.fd = fd, .events = POLLOUT};
    int failed = ETIMEDOUT;
    socklen_t size = sizeof(failed);
    bool known = poll(&poll_fd, 1, milliseconds_left(target)) > 0;
    if (known && getsockopt(fd, SOL_SOCKET, SO_ERROR, &failed, &size) != 0)
        failed = errno;
    if (failed && (known || !is_cut_short(target)))
        set_why(target, failed);
    return failed == 0;
}

static int connect_to(struct target *target, const struct addrinfo *address)
{
    int fd = socket(address->ai_family, address->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        set_why(target, errno);
        return -1;
    }
    bool there = connect(fd, address->ai_addr, address->ai_addrlen) == 0;
    if (!there && errno != EINPROGRESS)
        set_why(target, errno);
    else if (!there)
        there = finish_connecting(target, fd);
    if (!there)
        close(fd);
    return there ? fd : -1;
}

static int connect_any(struct target *target)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int failed = getaddrinfo(target->address.host, target->address.port, &hints, &found);
    if (failed) {
        snprintf(target->why, sizeof(target->why), "%s", gai_strerror(failed));
        return -1;
    }
    lg_defer(freeaddrinfo, found);
    int fd = -1;
    for (const struct addrinfo *one = found; one && fd < 0; one = one->ai_next)
        fd = connect_to(target, one);
    return fd;
}

static bool try_tcp(struct target *target)
{
    int fd = connect_any(target);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

/* ---- HTTP ---- */

static bool send_request(const struct target *target, int fd)
{
    struct buffer request = {0};
    lg_defer(buffer_free, &request);
    buffer_format(&request,
                  "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: lifoguard\r\nAccept: */*\r\n"
                  "Connection: close\r\n\r\n",
                  target->address.path, target->address.authority);
    return send(fd, request.text, request.length, MSG_NOSIGNAL) == (ssize_t)request.length;
}

static bool read_status(struct target *target, int fd)
{
    char answer[64] = "";
    size_t length = 0;
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
    while (length < sizeof("HTTP/1.1 200") - 1) {
        if (poll(&poll_fd, 1, milliseconds_left(target)) <= 0) {
            if (!is_cut_short(target))
                snprintf(target->why, sizeof(target->why), "no answer");
            return false;
        }
        ssize_t got = recv(fd, answer + length, sizeof(answer) - 1 - length, 0);
        if (got <= 0)
            break;
        length += (size_t)got;
    }
    const char *number = strchr(answer, ' ');
    int status = number ? (int)strtol(number, NULL, 10) : 0;
    if (strncmp(answer, "HTTP/", strlen("HTTP/")) != 0 || status == 0)
        snprintf(target->why, sizeof(target->why), "not an HTTP answer");
    else
        snprintf(target->why, sizeof(target->why), "status %d", status);
    return strncmp(answer, "HTTP/", strlen("HTTP/")) == 0 && status >= 200 && status < 400;
}

static bool try_http(struct target *target)
{
    int fd = connect_any(target);
    if (fd < 0)
        return false;
    lg_defer(close, fd);
    return send_request(target, fd) && read_status(target, fd);
}

/* ---- files and commands ---- */

static bool try_file(struct target *target)
{
    if (access(target->file, F_OK) == 0)
        return true;
    set_why(target, errno);
    return false;
}

/* False: it could not be started. */
static bool start(struct target *target)
{
    struct limited *limited = &target->limited;
    limited->output = target->output[0];
    int failed = ftruncate(limited->output, 0) != 0 || lseek(limited->output, 0, SEEK_SET) != 0
                     ? errno
                     : limited_start(limited, target->command);
    if (failed)
        snprintf(target->why, sizeof(target->why), "%s: %s", target->command[0], strerror(failed));
    return failed == 0;
}

/* The output of one that has ended is kept for the report, also while the next one runs. */
static void keep_output(struct target *target)
{
    int ended = target->output[0];
    target->output[0] = target->output[1];
    target->output[1] = ended;
}

static const lg_duration command_grace = LG_SECOND;

static bool try_command(struct target *target)
{
    struct limited *limited = &target->limited;
    if (!start(target))
        return false;
    while (!limited->ended && !limited->asked && lg_now() < target->deadline)
        limited_step(limited, target->deadline);
    if (!limited->ended || limited->asked) {
        limited_end(limited, command_grace, true);
        if (!target->why[0])
            snprintf(target->why, sizeof(target->why), "not done in time");
        return false;
    }
    keep_output(target);
    bool exited = WIFEXITED(limited->end);
    if (exited)
        snprintf(target->why, sizeof(target->why), "exit status %d", WEXITSTATUS(limited->end));
    else
        snprintf(target->why, sizeof(target->why), "killed by %s",
                 signals_name(WTERMSIG(limited->end)));
    return exited && WEXITSTATUS(limited->end) == 0;
}

static void show_output(const struct target *target)
{
    char bytes[4096];
    off_t at = 0;
    for (ssize_t got; (got = pread(target->output[1], bytes, sizeof(bytes), at)) > 0; at += got) {
        ssize_t written = write(STDERR_FILENO, bytes, (size_t)got);
        (void)written;
    }
}

/* ---- */

static bool try_once(struct target *target)
{
    return target->tcp    ? try_tcp(target)
           : target->file ? try_file(target)
           : target->http ? try_http(target)
                          : try_command(target);
}

static void put_name(const struct target *target, struct buffer *name)
{
    union {
        char **mine;
        const char *const *text;
    } command = {.mine = target->command};
    if (target->command)
        spec_describe(name, command.text);
    else
        buffer_add_text(name, target->tcp    ? target->tcp
                              : target->file ? target->file
                                             : target->http);
}

/* Also one that its parent has not waited for. */
static bool has_ended(int64_t pid)
{
    struct process process;
    if (pid <= 0)
        return false;
    bool there = kill((pid_t)pid, 0) == 0 || errno != ESRCH;
    return !there || (process_read((pid_t)pid, &process) && process.state == 'Z');
}

/* Signals are taken where there is a command to end with this process. */
static void pause_for(struct target *target, lg_duration pause)
{
    lg_time deadline = lg_now() + pause;
    while (target->command && !target->limited.asked && lg_now() < deadline)
        limited_step(&target->limited, deadline);
    if (!target->command)
        lg_sleep(pause);
}

static int wait_for(struct target *target, lg_duration timeout, int64_t pid)
{
    target->deadline = duration_deadline(timeout);
    char text[DURATION_SHORT_SIZE];
    struct buffer name = {0};
    lg_defer(buffer_free, &name);
    put_name(target, &name);
    for (lg_duration pause = 10 * LG_MILLISECOND;; pause = pause * 3 / 2) {
        bool ended = has_ended(pid);
        if (!target->limited.asked && try_once(target))
            return 0;
        if (target->limited.asked)
            limited_die(target->limited.asked);
        if (ended) {
            print_message("wait-for: process %lld has ended before %s was ready", (long long)pid,
                          name.text);
            return 1;
        }
        lg_duration left = target->deadline - lg_now();
        if (left <= 0)
            break;
        pause = pause > LG_SECOND ? LG_SECOND : pause;
        pause_for(target, pause < left ? pause : left);
    }
    print_message("wait-for: %s is not ready after %s: %s", name.text,
                  duration_short(timeout, text), target->why);
    if (target->command)
        show_output(target);
    return EXIT_TIMEOUT;
}

static lg_error *check(struct target *target, char **arguments)
{
    int count = (target->tcp != NULL) + (target->file != NULL) + (target->http != NULL) +
                (*arguments != NULL);
    if (count != 1)
        return lg_error_new("wait for what? One of --tcp, --file, --http, -- COMMAND");
    target->command = *arguments ? arguments : NULL;
    if (target->tcp)
        return address_of_tcp(&target->address, target->tcp);
    if (target->http)
        return address_of_http(&target->address, target->http);
    if (target->file)
        return NULL;
    lg_error *err = command_check(arguments);
    if (err)
        return err;
    limited_open(&target->limited);
    for (int i = 0; i < 2; i++)
        if ((target->output[i] = scratch_open("output")) < 0)
            return lg_error_new_errno("no file for the output of the command");
    return NULL;
}

int wait_for_command(char **arguments)
{
    struct target target = {.output = {-1, -1}};
    bool show_help = false;
    int64_t pid = 0;
    lg_duration timeout = LG_MINUTE;
    const struct option table[] = {{"tcp", OPTION_TEXT, &target.tcp},
                                   {"file", OPTION_TEXT, &target.file},
                                   {"http", OPTION_TEXT, &target.http},
                                   {"timeout", OPTION_DURATION, &timeout},
                                   {"pid", OPTION_NUMBER, &pid},
                                   {"help", OPTION_FLAG, &show_help},
                                   {0}};
    lg_error *err = options_take(table, &arguments);
    if (!err && show_help)
        return print_text(help);
    if (!err)
        err = check(&target, arguments);
    lg_defer(address_free, &target.address);
    if (err)
        return wrong_usage("wait-for", err);
    int status = wait_for(&target, timeout, pid);
    if (target.command)
        limited_close(&target.limited);
    return status;
}
