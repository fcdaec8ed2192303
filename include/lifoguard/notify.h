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
#ifndef LIFOGUARD_NOTIFY_H
#define LIFOGUARD_NOTIFY_H

#include <stdbool.h>
#include <sys/types.h>

#include <lifoguard/base.h>
#include <lifoguard/duration.h>

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

#endif
