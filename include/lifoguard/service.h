/* Telling the service manager: systemd's notify protocol (sd_notify(3)), spoken directly.
 *
 *     lg_notify *manager = lg_notify_open();     // NULL when nobody listens: all that follows does nothing then
 *     lg_defer(lg_notify_free, manager);
 *     …
 *     lg_notify_ready(manager, "serving on port 8080");
 *     while (running) {
 *         lg_notify_watchdog(manager);           // at least each half of lg_notify_watchdog_interval
 *         …
 *     }
 *     lg_notify_stopping(manager, "draining");
 *
 * An lg_shutdown (shutdown.h) that is given one sends READY, STOPPING, STATUS and EXTEND_TIMEOUT_USEC by itself.
 *
 * Nothing here can make a program fail: every call takes NULL, and returns whether the message was handed over, which
 * may be ignored. A message waits for room at the manager for a second at the most, and those after it not at all until
 * there is room again. errno is preserved.
 *
 * Threads: any may send, at once. The environment is read in lg_notify_open, so call that before threads that change it
 * start. It is left as it is: children inherit NOTIFY_SOCKET unless it is unset (unsetenv), and what they send counts if
 * the unit has NotifyAccess=all. Not from signal handlers.
 */
#ifndef LIFOGUARD_SERVICE_H
#define LIFOGUARD_SERVICE_H

#include <stdbool.h>
#include <sys/types.h>

#include <lifoguard/base.h>
#include <lifoguard/error.h>
#include <lifoguard/time.h>
#include <stdint.h>

LG_BEGIN_DECLS

typedef struct lg_notify lg_notify;

/* Opens the socket that NOTIFY_SOCKET names: a path, or "@name" for an abstract one. NULL if it is not set, names
 * something else (vsock:…), or could not be opened. The caller owns it. */
LG_API lg_notify *lg_notify_open(void);

/* The same for an address given here, as NOTIFY_SOCKET has it, without a watchdog. */
LG_API lg_notify *lg_notify_open_at(const char *address);

LG_API void lg_notify_free(lg_notify *notify);

/* READY=1: the start, or a reload, is done. Each `status` below may be NULL: the manager keeps the last one. It is one line:
 * control characters in it become blanks, so that nothing in it can pass for another message. */
LG_API bool lg_notify_ready(lg_notify *notify, const char *status);

/* STATUS=…: one line for people, shown by `systemctl status`. Cut after 1 KB. */
LG_API bool lg_notify_status(lg_notify *notify, const char *format, ...) LGI_PRINTF(2, 3);

/* STOPPING=1. */
LG_API bool lg_notify_stopping(lg_notify *notify, const char *status);

/* RELOADING=1, with the time that Type=notify-reload wants. lg_notify_ready ends it. */
LG_API bool lg_notify_reloading(lg_notify *notify, const char *status);

/* MAINPID=…: another process is the service from now on. */
LG_API bool lg_notify_main_pid(lg_notify *notify, pid_t pid);

/* EXTEND_TIMEOUT_USEC=…: starting, stopping or running may take that much longer, counted from now. It never makes a
 * time-out come earlier. 0 or less sends nothing. */
LG_API bool lg_notify_extend(lg_notify *notify, lg_duration by);

/* WATCHDOG=1: still alive. To be called by what must not hang, such as the main loop: a helper thread that calls it
 * would prove nothing. */
LG_API bool lg_notify_watchdog(lg_notify *notify);

/* After how long without a sign of life the manager takes the program for dead (WATCHDOG_USEC); 0 if it does
 * not look, or looks after another process (WATCHDOG_PID). Call lg_notify_watchdog twice in that time. */
LG_API lg_duration lg_notify_watchdog_interval(const lg_notify *notify);

/* Any other assignments, "NAME=value" or several separated by line feeds, as they are: "ERRNO=5",
 * "WATCHDOG=trigger". */
LG_API bool lg_notify_send(lg_notify *notify, const char *assignments);

LG_END_DECLS

/* Whether the program wants to be given work, for whoever asks: a health handler, a load balancer's probe.
 *
 *     static lg_readiness readiness = LG_READINESS_INIT("/run/app/ready");   // or LG_READINESS_INIT(NULL): no file
 *
 *     err = lg_readiness_on(&readiness);          // after the start
 *     …
 *     if (strcmp(path, "/ready") == 0)
 *         send_all(client, lg_readiness_response(&readiness));
 *
 * An lg_shutdown (shutdown.h) that is given one turns it on in lg_shutdown_ready, and off as the first thing when the
 * program is asked to end: the work that is under way, or still being sent, is done; new work goes elsewhere.
 *
 * Threads: any may ask and set. Asking takes no lock.
 */

LG_BEGIN_DECLS

typedef struct lg_readiness {
    const char *lgi_path;
    uint32_t lgi_on;
} lg_readiness;

/* An initialiser: not ready. `path`, which must last as long, names a file that exists while the program is ready (for
 * Kubernetes' exec probes: `test -e path`); NULL: none. Nothing is written into it, and a link there is not followed. */
#define LG_READINESS_INIT(path) {(path), 0}

/* The same for one that is not initialised where it is declared. A file that was left by a process that was killed
 * is removed; whether that worked is told by lg_readiness_off. */
LG_API void lg_readiness_init(lg_readiness *readiness, const char *path);

/* Ready from now on. If the file cannot be made: an error, and it is not ready. NULL readiness: nothing happens. */
LG_API lg_error *lg_readiness_on(lg_readiness *readiness) __attribute__((__warn_unused_result__));

/* Not ready from now on, in any case. An error if the file is there and cannot be removed. */
LG_API lg_error *lg_readiness_off(lg_readiness *readiness) __attribute__((__warn_unused_result__));

/* False for NULL. */
LG_API bool lg_readiness_is_on(const lg_readiness *readiness);

/* A whole HTTP/1.1 response, 200 or 503, static text. */
LG_API const char *lg_readiness_response(const lg_readiness *readiness);

LG_END_DECLS

/* As the first process of a container: reaping orphans, and passing signals on.
 *
 *     int main(void)
 *     {
 *         lg_error *err = lg_pid1_guard(NULL);   // first of all
 *         …
 *
 * A process that is number 1 of its PID namespace is given all orphans of it, which stay as zombies until it waits for
 * them; and the kernel withholds from it the signals that it does not handle, SIGTERM too. A server should neither be
 * concerned with other people's children nor be deaf. So the guard forks: the child returns, and is the program as it
 * would be anywhere else; the parent stays behind as an init that reaps whatever ends, passes signals on to the child,
 * and ends as the child does. Where the process is not number 1, it does nothing: the same program runs under systemd
 * or in a shell.
 */

LG_BEGIN_DECLS

typedef struct lg_pid1_options {
    /* The child gets a process group of its own, in the foreground of the terminal if there is one, and signals go to all
     * of it: also to those that a shell script as the main program has started. */
    bool group;
    /* Guard even if this is not number 1: orphans come here as to a subreaper (prctl(2)). */
    bool always;
    /* What remains when the main child has ended is sent SIGTERM, if this is number 1, and has this long to end; then
     * the kernel kills it. 0: it is killed at once. */
    lg_duration grace;
} lg_pid1_options;

/* To be called before threads are made, and before signals are handled. NULL options: all zero.
 *
 * Returns in the child, or without having done anything: NULL. An error if fork fails: the process is alone, and as it
 * was. The parent does not return: it ends by _exit, with the child's status, or 128 + the number of the signal that
 * ended it. It passes on every signal that it gets, but SIGCHLD, those of faults, those with which job control stops
 * processes, and (without `group`) those that a terminal sends, which the child gets itself. The child has the signal
 * mask and dispositions from before the call. */
LG_API lg_error *lg_pid1_guard(const lg_pid1_options *options)
    __attribute__((__warn_unused_result__));

LG_END_DECLS

#endif
