/* The report of a panic that nothing stopped (P5), and what other reports share with it. */
#define _GNU_SOURCE
#include "report/report.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "defer/thread.h"
#include "report/frames.h"
#include "report/hooks.h"
#include "report/trace.h"

enum { STDOUT_TRIES = 100, WAIT_MS = 1000 };

/* As poll(2). 0: the descriptor takes nothing for so long that nobody seems to read. No signal interrupts the wait: a timer's
 * would come again and again. */
static int wait_to_write(int fd)
{
    struct pollfd ready = {.fd = fd, .events = POLLOUT};
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int count = poll(&ready, 1, WAIT_MS);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return count;
}

static void put(struct lgi_sink *sink, const char *text, size_t length)
{
    (void)sink;
    while (length > 0) {
        ssize_t written = write(STDERR_FILENO, text, length);
        if (written < 0 && errno == EAGAIN) {
            if (wait_to_write(STDERR_FILENO) <= 0)
                return;
        } else if (written < 0 && errno != EINTR) {
            return;
        }
        if (written > 0) {
            text += written;
            length -= (size_t)written;
        }
    }
}

struct lgi_sink lgi_to_stderr = {put};
struct lgi_report_hooks lgi_report_hooks;

static atomic_bool begun;

bool lgi_report_has_begun(void)
{
    return atomic_load(&begun);
}

void lgi_report_begin(void)
{
    static __thread bool mine __attribute__((tls_model("initial-exec")));
    if (mine)
        _exit(LGI_REPORT_STATUS); /* the report itself failed */
    if (atomic_exchange(&begun, true))
        for (;;)
            pause();
    mine = true;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL); /* all others wait for the report */
    /* The process ends with the status of the report, also if nobody reads the report. */
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, NULL);
}

/* Does stdout take what it holds at once? A pipe with room takes PIPE_BUF bytes. */
static bool stdout_is_ready(void)
{
    int fd = fileno(stdout);
    return fd < 0 || __fpending(stdout) == 0 || wait_to_write(fd) != 0;
}

/* If nobody reads stdout, what it holds is lost, and the report is not. */
void lgi_report_flush(void)
{
    for (int i = 0; i < STDOUT_TRIES; i++) {
        if (ftrylockfile(stdout) == 0) { /* (musl's fileno would wait for the lock) */
            if (stdout_is_ready())
                fflush(stdout);
            funlockfile(stdout);
            return;
        }
        usleep(1000);
    }
}

/* For a panic that ends before it has been through the whole stack. */
static void note_stack(lg_panic_info *panic)
{
    struct lgi_frames frames;
    lgi_frames_note(&frames);
    panic->frame_count = frames.count;
    memcpy(panic->frames, frames.frame, frames.count * sizeof(frames.frame[0]));
}

static void begin_unreached(bool *any)
{
    if (!*any)
        lgi_print(
            &lgi_to_stderr,
            "deferred calls that could not be reached (a frame compiled without -fexceptions or without "
            "unwind tables is in between):\n");
    *any = true;
}

static bool print_unreached(const lg_pending_call *call, void *data)
{
    begin_unreached(data);
    lgi_print(&lgi_to_stderr, "    %s  %s:%u in %s\n", call->call, call->file, call->line,
              call->caller);
    return true;
}

static void print_who(void)
{
    if (lgi_report_hooks.describe) {
        char who[512];
        lgi_report_hooks.describe(who, sizeof(who));
        lgi_print(&lgi_to_stderr, "in %s\n", who);
    }
}

static void report(const struct lgi_unwinding *u)
{
    lgi_report_begin();
    lgi_report_flush();
    const lg_panic_info *panic = u ? u->panic : NULL;
    if (panic) {
        lgi_print_panics(&lgi_to_stderr, panic);
        print_who();
        lgi_print_calls(&lgi_to_stderr, panic);
        lgi_print_overruns(&lgi_to_stderr, panic);
        lgi_print_stack(&lgi_to_stderr, panic);
        char began[512];
        if (lgi_report_hooks.began && lgi_report_hooks.began(began, sizeof(began)) > 0)
            lgi_print(&lgi_to_stderr, "    %s\n", began);
    }
    if (lgi_thread.skipped > 0)
        lgi_print(&lgi_to_stderr, "%zu deferred calls were skipped by a longjmp\n",
                  lgi_thread.skipped);
}

void lgi_report_and_exit(const struct lgi_unwinding *u)
{
    report(u);
    bool any = false;
    if (u->panic->unreached_count > 0) {
        begin_unreached(&any);
        lgi_print_unreached(&lgi_to_stderr, u->panic);
    }
    lg_pending_visit(print_unreached, &any);
    if (lgi_settings() & LGI_CORE) /* a deferred call could have stopped the panic, but did not */
        abort();
    lgi_panic_free(
        u->panic); /* with the errors that it abandoned: their payloads are the program's */
    _exit(LGI_REPORT_STATUS);
}

void lgi_report_and_abort(const struct lgi_unwinding *u)
{
    note_stack(u->panic);
    report(u);
    lgi_print(&lgi_to_stderr, "LIFOGUARD_PANIC=core: aborting before anything is unwound\n");
    abort();
}

void lgi_report_fatal(const struct lgi_unwinding *u, const char *why)
{
    if (u && u->panic)
        note_stack(u->panic);
    report(u);
    lgi_print(&lgi_to_stderr, "lifoguard: %s\n", why);
    if (!u || !u->panic)
        print_who();
    _exit(LGI_REPORT_STATUS);
}
