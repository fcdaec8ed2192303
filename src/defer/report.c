/* The report of a panic that nothing stopped (P5). It is written to descriptor 2 directly: the program's
 * stderr may be locked or closed. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "defer/trace.h"

enum { STATUS = 2, STDOUT_TRIES = 100, WAIT_MS = 1000 };

static void put(struct lgi_sink *sink, const char *text, size_t length)
{
    (void)sink;
    while (length > 0) {
        ssize_t written = write(STDERR_FILENO, text, length);
        if (written < 0 && errno == EAGAIN) {
            struct pollfd ready = {.fd = STDERR_FILENO, .events = POLLOUT};
            if (poll(&ready, 1, WAIT_MS) <= 0)
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

static struct lgi_sink to_stderr = {put};

/* One report at a time; who comes second waits for the end of the process. */
static atomic_bool begun;

bool lgi_report_has_begun(void)
{
    return atomic_load(&begun);
}

static void be_the_only_one(void)
{
    static __thread bool mine;
    if (mine)
        _exit(STATUS); /* the report itself failed */
    if (atomic_exchange(&begun, true))
        for (;;)
            pause();
    mine = true;
}

/* What the program has printed comes out, unless another thread keeps stdout locked. */
static void flush_stdout(void)
{
    for (int i = 0; i < STDOUT_TRIES; i++) {
        if (ftrylockfile(stdout) == 0) {
            fflush(stdout);
            funlockfile(stdout);
            return;
        }
        usleep(1000);
    }
}

static _Unwind_Reason_Code note_frame(struct _Unwind_Context *context, void *data)
{
    lg_panic_info *panic = data;
    if (_Unwind_GetIP(context) && panic->frame_count < LGI_FRAMES)
        panic->frames[panic->frame_count++] = _Unwind_GetIP(context);
    return _URC_NO_REASON;
}

/* For a panic that ends before it has been through the whole stack. */
static void note_stack(lg_panic_info *panic)
{
    panic->frame_count = 0;
    _Unwind_Backtrace(note_frame, panic);
}

static bool say_unreached(const lg_pending_call *call, void *data)
{
    if (!*(bool *)data)
        lgi_say(
            &to_stderr,
            "deferred calls that could not be reached (a frame compiled without -fexceptions or without "
            "unwind tables is in between):\n");
    *(bool *)data = true;
    lgi_say(&to_stderr, "    %s  %s:%u in %s\n", call->call, call->file, call->line,
            call->function);
    return true;
}

static void report(const struct lgi_unwinding *u)
{
    be_the_only_one();
    flush_stdout();
    const lg_panic_info *panic = u ? u->panic : NULL;
    if (panic) {
        lgi_say_panics(&to_stderr, panic);
        if (lgi_above.describe) {
            char who[512];
            lgi_above.describe(who, sizeof(who));
            lgi_say(&to_stderr, "in %s\n", who);
        }
        lgi_say_calls(&to_stderr, panic);
        lgi_say_stack(&to_stderr, panic);
    }
    if (lgi_thread.skipped > 0)
        lgi_say(&to_stderr, "%zu deferred calls were skipped by a longjmp\n", lgi_thread.skipped);
}

void lgi_report_and_exit(const struct lgi_unwinding *u)
{
    report(u);
    bool any = false;
    lg_pending(say_unreached, &any);
    if (lgi_settings() & LGI_CORE) /* a deferred call might have stopped it, and did not */
        abort();
    _exit(STATUS);
}

void lgi_report_and_abort(const struct lgi_unwinding *u)
{
    note_stack(u->panic);
    report(u);
    lgi_say(&to_stderr, "LIFOGUARD_PANIC=core: aborting before anything is unwound\n");
    abort();
}

void lgi_fatal(const struct lgi_unwinding *u, const char *why)
{
    if (u && u->panic)
        note_stack(u->panic);
    report(u);
    lgi_say(&to_stderr, "lifoguard: %s\n", why);
    _exit(STATUS);
}
