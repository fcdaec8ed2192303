/* The report of a panic that nothing stopped (P5). It is written to descriptor 2 directly: the program's
 * stderr may be locked or closed. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "defer/symbol.h"
#include "defer/unwinding.h"
#include "error/error_internal.h"

enum { STATUS = 2, STDOUT_TRIES = 100, WAIT_MS = 1000 };

static void put(const char *text, size_t length)
{
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

static void say(const char *format, ...) LGI_PRINTF(1, 2);
static void say(const char *format, ...)
{
    char line[1024];
    va_list values;
    va_start(values, format);
    int length = vsnprintf(line, sizeof(line), format, values);
    va_end(values);
    if (length >= (int)sizeof(line)) {
        length = sizeof(line) - 1;
        line[length - 1] = '\n';
    }
    if (length > 0)
        put(line, (size_t)length);
}

/* One report at a time; who comes second waits for the end of the process. */
static void be_the_only_one(void)
{
    static atomic_flag begun = ATOMIC_FLAG_INIT;
    static __thread bool mine;
    if (mine)
        _exit(STATUS); /* the report itself failed */
    if (atomic_flag_test_and_set(&begun))
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

static void say_chain(const lg_panic_info *panic)
{
    if (!panic)
        return;
    say_chain(panic->previous); /* oldest first */
    say("%spanic: %s%s\n        at %s:%u\n", panic->previous ? "    then " : "", panic->message,
        panic->recovered ? " [recovered]" : "", panic->file, panic->line);
    for (const lg_error *e = panic->abandoned; e; e = lgi_error_linked(e)) {
        char text[512];
        lg_error_format(e, text, sizeof(text));
        say("        abandoned by it: %s\n", text);
    }
}

static void say_calls(const lg_panic_info *panic)
{
    if (panic->ran_count == 0)
        return;
    say("deferred calls that it ran, first to last:\n");
    unsigned first = panic->ran_count > LGI_RAN ? panic->ran_count - LGI_RAN : 0;
    if (first > 0)
        say("    (%u before these)\n", first);
    for (unsigned i = first; i < panic->ran_count; i++) {
        const struct lgi_site *site = panic->ran[i % LGI_RAN];
        char text[256];
        lgi_call_text(site, text, sizeof(text));
        say("    %s  %s:%u in %s\n", text, site->file, site->line, site->caller);
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

static void say_stack(const lg_panic_info *panic)
{
    unsigned i = 0;
    for (unsigned k = 0; k < panic->frame_count; k++) {
        if (panic->frames[k] == (uintptr_t)panic->origin)
            i = k; /* below are the library's own frames */
    }
    if (panic->frame_count > 0)
        say("stack:\n");
    for (; i < panic->frame_count; i++) {
        struct lgi_symbol symbol;
        lgi_symbol(panic->frames[i], &symbol);
        if (symbol.file)
            say("    %s  %s:%d\n", symbol.function ? symbol.function : "?", symbol.file,
                symbol.line);
        else if (symbol.object)
            say("    %s+%#zx  %s\n", symbol.function ? symbol.function : "?", (size_t)symbol.offset,
                symbol.object);
        else
            say("    %#zx\n", (size_t)panic->frames[i]);
    }
    if (panic->frame_count == LGI_FRAMES)
        say("    (more frames were not kept)\n");
}

static bool say_unreached(const lg_pending_call *call, void *data)
{
    if (!*(bool *)data)
        say("deferred calls that could not be reached (a frame compiled without -fexceptions or without "
            "unwind tables is in between):\n");
    *(bool *)data = true;
    say("    %s  %s:%u in %s\n", call->call, call->file, call->line, call->function);
    return true;
}

static void report(const struct lgi_unwinding *u)
{
    be_the_only_one();
    flush_stdout();
    const lg_panic_info *panic = u ? u->panic : NULL;
    if (panic) {
        say_chain(panic);
        if (lgi_above.describe) {
            char who[512];
            lgi_above.describe(who, sizeof(who));
            say("in %s\n", who);
        }
        say_calls(panic);
        say_stack(panic);
    }
    if (lgi_thread.skipped > 0)
        say("%zu deferred calls were skipped by a longjmp\n", lgi_thread.skipped);
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
    say("LIFOGUARD_PANIC=core: aborting before anything is unwound\n");
    abort();
}

void lgi_fatal(const struct lgi_unwinding *u, const char *why)
{
    if (u && u->panic)
        note_stack(u->panic);
    report(u);
    say("lifoguard: %s\n", why);
    _exit(STATUS);
}
