/* Running as a service: systemd notifications, readiness, process 1 of a container.
 *
 * Notifications (lg_notify_…) send messages to the service manager by systemd's notify protocol (sd_notify(3)), without
 * libsystemd:
 *
 *     lg_notify *manager = lg_notify_open();     // NULL without a manager: then all calls below do nothing
 *     lg_defer(lg_notify_free, manager);
 *     …
 *     lg_notify_ready(manager, "serving on port 8080");
 *     while (running) {
 *         lg_notify_watchdog(manager);           // at least twice in each lg_notify_watchdog_interval
 *         …
 *     }
 *     lg_notify_stopping(manager, "draining");
 *
 * An lg_shutdown (shutdown.h) that is given an lg_notify sends READY, STOPPING, STATUS and EXTEND_TIMEOUT_USEC itself. No
 * notification can make a program fail: every call accepts NULL, and the result of a call says whether the message was
 * handed to the manager; the caller may ignore the result. If the manager's socket is full, a call waits for at most a
 * second; until the socket has room again, later calls do not wait and drop their messages. errno is preserved. Any thread
 * may send at any time, but not a signal handler. lg_notify_open reads the environment, so call lg_notify_open before other
 * threads change the environment. The environment is not changed: child processes inherit NOTIFY_SOCKET unless the program
 * unsets the variable (unsetenv), and systemd accepts the messages of children if the unit has NotifyAccess=all.
 *
 * Readiness (lg_readiness_…) records whether the program wants new work, for a health handler or a probe of a load balancer:
 *
 *     static lg_readiness readiness = LG_READINESS_INIT("/run/app/ready");   // or LG_READINESS_INIT(NULL): no file
 *
 *     err = lg_readiness_on(&readiness);          // after the start
 *     …
 *     if (strcmp(path, "/ready") == 0)
 *         send_all(client, lg_readiness_response(&readiness));
 *
 * An lg_shutdown that is given an lg_readiness turns the readiness on in lg_shutdown_ready. When the end of the program is
 * requested, the lg_shutdown first turns the readiness off: requests under way are completed, and new requests go to other
 * servers. Any thread may read and set a readiness. Reading takes no lock.
 *
 * Process 1 (lg_pid1_guard) reaps orphans and forwards signals in a container:
 *
 *     int main(void)
 *     {
 *         lg_error *err = lg_pid1_guard(NULL);   // before anything else
 *         …
 *
 * Process 1 of a PID namespace has two duties that other processes do not have. First, process 1 becomes the parent of all
 * orphans, and an orphan that has ended stays a zombie until process 1 waits for the orphan. Second, process 1 must handle
 * signals such as SIGTERM, because the kernel does not deliver a signal to process 1 that process 1 does not handle.
 * lg_pid1_guard frees the program from both duties. lg_pid1_guard forks, and the child continues as the program. The parent
 * stays as an init process that reaps orphans, forwards signals to the child, and exits with the child's status. In a
 * process with another number lg_pid1_guard does nothing, so the same program runs under systemd or in a shell.
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

/* Opens the socket that NOTIFY_SOCKET names: a path, or "@name" for an abstract socket. Returns NULL if NOTIFY_SOCKET is not
 * set, names another kind of address (vsock:…), or the socket cannot be opened. The caller owns the result and frees it by
 * lg_notify_free. */
LG_API lg_notify *lg_notify_open(void);

/* Like lg_notify_open, for an address in the syntax of NOTIFY_SOCKET, and without a watchdog. */
LG_API lg_notify *lg_notify_open_at(const char *address);

/* Closes the socket, and frees `notify`: the caller's last use. Sends nothing. Does nothing for NULL. */
LG_API void lg_notify_free(lg_notify *notify);

/* Sends READY=1: the start or the reload is complete. In lg_notify_ready and the following functions `status` may be NULL;
 * the manager then keeps the last status. A status is one line: control characters are replaced by blanks, so that a status
 * cannot contain another message. */
LG_API bool lg_notify_ready(lg_notify *notify, const char *status);

/* Sends STATUS=…, a line for people, which `systemctl status` shows. printf-style; cut after 1 KB. */
LG_API bool lg_notify_status(lg_notify *notify, const char *format, ...) LGI_PRINTF(2, 3);

/* Sends STOPPING=1: the program is stopping. */
LG_API bool lg_notify_stopping(lg_notify *notify, const char *status);

/* Sends RELOADING=1 with the timestamp that Type=notify-reload requires. lg_notify_ready ends the reload. */
LG_API bool lg_notify_reloading(lg_notify *notify, const char *status);

/* Sends MAINPID=…: from now on the process `pid` is the main process of the service. */
LG_API bool lg_notify_main_pid(lg_notify *notify, pid_t pid);

/* Sends EXTEND_TIMEOUT_USEC=…: the current start, stop or run may take `by` longer, counted from now. Never shortens a
 * timeout. Sends nothing if `by` is 0 or less. */
LG_API bool lg_notify_extend(lg_notify *notify, lg_duration by);

/* Sends WATCHDOG=1: the program is alive. Call lg_notify_watchdog from the code that must not hang, such as the main loop; a
 * call from a separate thread would not show that the main loop still runs. */
LG_API bool lg_notify_watchdog(lg_notify *notify);

/* The time without a watchdog message after which the manager considers the program dead (WATCHDOG_USEC). 0 if the manager
 * watches no process, or watches another process (WATCHDOG_PID). Call lg_notify_watchdog at least twice in this time. */
LG_API lg_duration lg_notify_watchdog_interval(const lg_notify *notify);

/* Sends assignments unchanged, such as "ERRNO=5" or "WATCHDOG=trigger". Line feeds separate several assignments. */
LG_API bool lg_notify_send(lg_notify *notify, const char *assignments);

LG_END_DECLS

/* ---- readiness -------------------------------------------------------------------------------------- */

LG_BEGIN_DECLS

typedef struct lg_readiness {
    const char *lgi_path;
    uint32_t lgi_on;
} lg_readiness;

/* Initialises a readiness that is off. `path` must outlive the readiness, and names a file that exists while the program is
 * ready (for Kubernetes' exec probes: `test -e path`); NULL: no file. The file stays empty. A symbolic link at `path` is not
 * followed. */
#define LG_READINESS_INIT(path) {(path), 0}

/* Initialises a readiness at run time. Removes a file that a killed process has left at `path`; if the removal fails,
 * lg_readiness_off reports the error. */
LG_API void lg_readiness_init(lg_readiness *readiness, const char *path);

/* Turns the readiness on. If the file cannot be made, returns an error and the readiness stays off. Does nothing for NULL. */
LG_API lg_error *lg_readiness_on(lg_readiness *readiness) __attribute__((__warn_unused_result__));

/* Turns the readiness off in every case. Returns an error if the file exists and cannot be removed. Does nothing for NULL. */
LG_API lg_error *lg_readiness_off(lg_readiness *readiness) __attribute__((__warn_unused_result__));

/* Whether the readiness is on. False for NULL. */
LG_API bool lg_readiness_is_on(const lg_readiness *readiness);

/* A complete HTTP/1.1 response with status 200 or 503, as static text. */
LG_API const char *lg_readiness_response(const lg_readiness *readiness);

LG_END_DECLS

/* ---- process 1 -------------------------------------------------------------------------------------- */

LG_BEGIN_DECLS

typedef struct lg_pid1_options {
    /* Give the child a process group of its own, in the foreground of the terminal if there is a terminal, and forward
     * signals to the whole group: also to processes that a shell script as the main program has started. */
    bool group;
    /* Guard even if this process is not number 1: the parent becomes a subreaper (prctl(2)) and adopts orphans. */
    bool always;
    /* How long the remaining processes may run after the main child has ended. If the parent is process 1, the remaining
     * processes are sent SIGTERM, and the kernel kills the remaining processes after this time. 0: they are killed at once. */
    lg_duration grace;
} lg_pid1_options;

/* Call lg_pid1_guard before the program makes threads or handles signals. NULL options mean all zero.
 *
 * Returns NULL in the child, or in a process that needs no guard. Returns an error if fork fails; then the process is
 * unchanged. The call never returns in the parent: the parent ends by _exit with the status of the child, or with 128 + the
 * number of the signal that ended the child. The parent forwards every signal that the parent receives, except SIGCHLD,
 * fault signals, the stop signals of job control, and (without `group`) signals from a terminal, which the child receives
 * from the terminal directly. The child has the signal mask and dispositions from before the call. */
LG_API lg_error *lg_pid1_guard(const lg_pid1_options *options)
    __attribute__((__warn_unused_result__));

LG_END_DECLS

#endif
