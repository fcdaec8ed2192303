/* systemd's notify protocol: datagrams of NAME=value lines, to a unix socket. */
#define _GNU_SOURCE
#include <lifoguard/service.h>

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "closers/own_fd.h"
#include "error/escape.h"
#include "error/keep_errno.h"

enum { STATUS_SIZE = 1024, MESSAGE_SIZE = STATUS_SIZE + 128 };

struct lg_notify {
    int socket;
    uint32_t deaf; /* the last message had to be given up: the next ones do not wait. Atomic */
    socklen_t length;
    struct sockaddr_un address;
    lg_duration watchdog;
};

/* ---- opening ---- */

static bool parse_address(const char *text, struct sockaddr_un *address, socklen_t *length)
{
    size_t size = strlen(text);
    memset(address, 0, sizeof(*address));
    address->sun_family = AF_UNIX;
    if ((text[0] != '/' && text[0] != '@') || size < 2 || size > sizeof(address->sun_path))
        return false;
    memcpy(address->sun_path, text, size);
    /* An abstract name is all bytes that the length counts: one more would be part of it. */
    *length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size);
    if (text[0] == '@')
        address->sun_path[0] = '\0';
    else if (size < sizeof(address->sun_path))
        *length += 1;
    return true;
}

static bool parse_number(const char *text, uint64_t *number)
{
    char *end;
    if (!text || *text < '0' || *text > '9')
        return false;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    *number = value;
    return errno == 0 && *end == '\0';
}

static lg_duration watchdog_from_environment(void)
{
    const char *pid = getenv("WATCHDOG_PID");
    uint64_t number;
    if (pid && (!parse_number(pid, &number) || number != (uint64_t)getpid()))
        return 0;
    if (!parse_number(getenv("WATCHDOG_USEC"), &number) ||
        number > (uint64_t)(LG_DURATION_MAX / LG_MICROSECOND))
        return 0;
    return (lg_duration)number * LG_MICROSECOND;
}

lg_notify *lg_notify_open_at(const char *address)
{
    struct sockaddr_un parsed;
    socklen_t length;
    if (!address || !parse_address(address, &parsed, &length))
        return NULL;
    LGI_KEEP_ERRNO;
    lg_notify *notify = malloc(sizeof(*notify));
    if (notify) {
        *notify = (lg_notify){.length = length, .address = parsed};
        notify->socket = lgi_own_fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
        if (notify->socket < 0) {
            free(notify);
            notify = NULL;
        } else {
            /* A manager that hangs must not make us hang. */
            const struct timeval second = {.tv_sec = 1};
            setsockopt(notify->socket, SOL_SOCKET, SO_SNDTIMEO, &second, sizeof(second));
        }
    }
    return notify;
}

lg_notify *lg_notify_open(void)
{
    LGI_KEEP_ERRNO;
    lg_notify *notify = lg_notify_open_at(getenv("NOTIFY_SOCKET"));
    if (notify)
        notify->watchdog = watchdog_from_environment();
    return notify;
}

void lg_notify_free(lg_notify *notify)
{
    if (!notify)
        return;
    LGI_KEEP_ERRNO;
    close(notify->socket);
    free(notify);
}

lg_duration lg_notify_watchdog_interval(const lg_notify *notify)
{
    return notify ? notify->watchdog : 0;
}

/* ---- sending ---- */

bool lg_notify_send(lg_notify *notify, const char *assignments)
{
    if (!notify || !assignments || !*assignments)
        return false;
    LGI_KEEP_ERRNO;
    size_t length = strlen(assignments);
    bool deaf = __atomic_load_n(&notify->deaf, __ATOMIC_RELAXED);
    ssize_t sent;
    do {
        sent = sendto(notify->socket, assignments, length, MSG_NOSIGNAL | (deaf ? MSG_DONTWAIT : 0),
                      (const struct sockaddr *)&notify->address, notify->length);
    } while (sent < 0 && errno == EINTR);
    bool given_up = sent < 0 && errno == EAGAIN;
    if (given_up != deaf)
        __atomic_store_n(&notify->deaf, given_up, __ATOMIC_RELAXED);
    return sent == (ssize_t)length;
}

/* The assignments, and the status if there is one. */
static bool send_with(lg_notify *notify, const char *assignments, const char *status)
{
    char message[MESSAGE_SIZE], line[STATUS_SIZE];
    if (!notify)
        return false;
    if (!status)
        return lg_notify_send(notify, assignments);
    lgi_escape(status, line, sizeof(line));
    snprintf(message, sizeof(message), "%s%sSTATUS=%s", assignments, *assignments ? "\n" : "",
             line);
    return lg_notify_send(notify, message);
}

bool lg_notify_ready(lg_notify *notify, const char *status)
{
    return send_with(notify, "READY=1", status);
}

bool lg_notify_status(lg_notify *notify, const char *format, ...)
{
    char status[STATUS_SIZE + 8]; /* longer than is sent, so that a cut is noticed */
    va_list values;
    if (!notify)
        return false;
    LGI_KEEP_ERRNO;
    va_start(values, format);
    vsnprintf(status, sizeof(status), format, values);
    va_end(values);
    return send_with(notify, "", status);
}

bool lg_notify_stopping(lg_notify *notify, const char *status)
{
    return send_with(notify, "STOPPING=1", status);
}

bool lg_notify_reloading(lg_notify *notify, const char *status)
{
    char message[64];
    snprintf(message, sizeof(message), "RELOADING=1\nMONOTONIC_USEC=%ju",
             (uintmax_t)(lg_now() / LG_MICROSECOND));
    return send_with(notify, message, status);
}

bool lg_notify_main_pid(lg_notify *notify, pid_t pid)
{
    char message[32];
    if (pid <= 0)
        return false;
    snprintf(message, sizeof(message), "MAINPID=%jd", (intmax_t)pid);
    return lg_notify_send(notify, message);
}

bool lg_notify_extend(lg_notify *notify, lg_duration by)
{
    char message[64];
    if (by <= 0)
        return false;
    lg_duration usec = by / LG_MICROSECOND + (by % LG_MICROSECOND > 0);
    snprintf(message, sizeof(message), "EXTEND_TIMEOUT_USEC=%jd", (intmax_t)usec);
    return lg_notify_send(notify, message);
}

bool lg_notify_watchdog(lg_notify *notify)
{
    return lg_notify_send(notify, "WATCHDOG=1");
}
