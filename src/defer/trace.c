#include "defer/trace.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "defer/symbol.h"
#include "error/error_internal.h"

void lgi_print(struct lgi_sink *sink, const char *format, ...)
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
        sink->put(sink, line, (size_t)length);
}

void lgi_print_panics(struct lgi_sink *sink, const lg_panic_info *panic)
{
    if (!panic)
        return;
    lgi_print_panics(sink, panic->previous);
    lgi_print(sink, "%spanic: %s%s\n        at %s:%u\n", panic->previous ? "    then " : "",
              panic->message, panic->recovered ? " [recovered]" : "", panic->file, panic->line);
    for (const lg_error *e = panic->abandoned; e; e = lgi_error_linked(e)) {
        char text[512];
        lg_error_format(e, text, sizeof(text));
        lgi_print(sink, "        abandoned by it: %s\n", text);
    }
}

void lgi_print_calls(struct lgi_sink *sink, const lg_panic_info *panic)
{
    if (panic->ran_count == 0)
        return;
    lgi_print(sink, "deferred calls that it ran, first to last:\n");
    unsigned first = panic->ran_count > LGI_RAN ? panic->ran_count - LGI_RAN : 0;
    if (first > 0)
        lgi_print(sink, "    (%u before these)\n", first);
    for (unsigned i = first; i < panic->ran_count; i++) {
        lgi_print(sink, "    ");
        lgi_print_call(sink, panic->ran[i % LGI_RAN]);
    }
}

void lgi_print_call(struct lgi_sink *sink, const struct lgi_site *site)
{
    char text[256];
    lgi_call_text(site, text, sizeof(text));
    lgi_print(sink, "%s  %s:%u in %s\n", text, site->file, site->line, site->caller);
}

/* ---- stacks ---- */

static _Unwind_Reason_Code add_frame(struct _Unwind_Context *context, void *data)
{
    struct lgi_frames *frames = data;
    uintptr_t address = _Unwind_GetIP(context);
    if (!address)
        return _URC_NO_REASON;
    if (frames->count == LGI_FRAMES) {
        frames->cut = true;
        return _URC_END_OF_STACK;
    }
    frames->frame[frames->count++] = address;
    return _URC_NO_REASON;
}

__attribute__((noinline)) void lgi_frames_note(void *data)
{
    struct lgi_frames *frames = data;
    frames->count = 0;
    frames->cut = false;
    _Unwind_Backtrace(add_frame, frames);
    /* Its own. */
    if (frames->count > 0)
        memmove(frames->frame, frames->frame + 1, --frames->count * sizeof(frames->frame[0]));
}

/* Does it make a goroutine's first call? Those below are not the program's either. */
static bool is_outermost(const struct lgi_symbol *symbol)
{
    static const char *const names[] = {"lgi_task_run", "lgi_fiber_run", "lgi_fiber_main",
                                        "lgi_thread_main"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (symbol->function && strcmp(symbol->function, names[i]) == 0)
            return true;
    }
    return false;
}

/* How many frames at the inner end are the library's, below the function that was called. */
static unsigned inner_frames(const struct lgi_symbol *symbols, unsigned count)
{
    enum { MOST = 10, OTHERS = 3 };
    unsigned inner = 0;
    for (unsigned i = 0; i < count && i < MOST && i <= inner + OTHERS; i++) {
        const char *function = symbols[i].function;
        if (!function)
            continue;
        if (is_outermost(&symbols[i]))
            return inner;
        if (strncmp(function, "lg_", 3) == 0)
            return i;
        if (strncmp(function, "lgi_", 4) == 0)
            inner = i + 1;
    }
    return inner;
}

static void say_frames(struct lgi_sink *sink, const uintptr_t *frames,
                       const struct lgi_symbol *symbols, unsigned count)
{
    for (unsigned i = 0; i < count && !is_outermost(&symbols[i]); i++) {
        const struct lgi_symbol *symbol = &symbols[i];
        const char *function = symbol->function ? symbol->function : "?";
        if (symbol->file)
            lgi_print(sink, "    %s  %s:%d\n", function, symbol->file, symbol->line);
        else if (symbol->object)
            lgi_print(sink, "    %s+%#zx  %s\n", function, (size_t)symbol->offset, symbol->object);
        else
            lgi_print(sink, "    %#zx\n", (size_t)frames[i]);
    }
}

void lgi_print_frames(struct lgi_sink *sink, const struct lgi_frames *frames)
{
    struct lgi_symbol symbols[LGI_FRAMES];
    lgi_symbols(frames->frame, symbols, frames->count);
    unsigned inner = inner_frames(symbols, frames->count);
    say_frames(sink, frames->frame + inner, symbols + inner, frames->count - inner);
    if (frames->cut)
        lgi_print(sink, "    (more frames were not kept)\n");
}

void lgi_print_stack(struct lgi_sink *sink, const lg_panic_info *panic)
{
    struct lgi_symbol symbols[LGI_FRAMES];
    unsigned first = 0;
    for (unsigned k = 0; k < panic->frame_count; k++) {
        if (panic->frames[k] == (uintptr_t)panic->origin)
            first = k; /* below are the library's own frames */
    }
    unsigned count = panic->frame_count - first;
    if (count == 0)
        return;
    lgi_print(sink, "stack:\n");
    lgi_symbols(panic->frames + first, symbols, count);
    say_frames(sink, panic->frames + first, symbols, count);
    if (panic->frame_count == LGI_FRAMES)
        lgi_print(sink, "    (more frames were not kept)\n");
}

/* ---- panics as errors ---- */

struct captured {
    lg_panic_info
        *panic; /* with the previous ones; not from the pool, which is for those under way */
    char who[256];
};

static void destroy(void *payload)
{
    struct captured *captured = payload;
    lgi_panic_free(captured->panic);
    free(captured);
}

struct in_file {
    struct lgi_sink sink;
    FILE *file;
    int indent;
    bool in_line;
};

/* Escapes what might drive a terminal. */
static void put_in_file(struct lgi_sink *sink, const char *text, size_t length)
{
    struct in_file *to = (struct in_file *)sink;
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)text[i];
        if (!to->in_line)
            fprintf(to->file, "%*s", to->indent, "");
        to->in_line = byte != '\n';
        if ((byte < ' ' && byte != '\n') || byte == 0x7f)
            fprintf(to->file, "\\x%02x", byte);
        else
            putc(byte, to->file);
    }
}

static void print(const void *payload, FILE *file, int indent)
{
    const struct captured *captured = payload;
    struct in_file to = {.sink = {put_in_file}, .file = file, .indent = indent};
    if (captured->panic->previous || captured->panic->abandoned)
        lgi_print_panics(&to.sink, captured->panic);
    if (captured->who[0])
        lgi_print(&to.sink, "in %s\n", captured->who);
    lgi_print_calls(&to.sink, captured->panic);
    lgi_print_stack(&to.sink, captured->panic);
}

const lg_error_kind lg_panic_kind = {.name = "panic", .destroy = destroy, .print = print};

/* A copy, as far as there is memory, with what the panics own. */
static lg_panic_info *keep(lg_panic_info *panic)
{
    lg_panic_info *first = NULL, **end = &first;
    for (; panic; panic = panic->previous) {
        lg_panic_info *copy = malloc(sizeof(*copy));
        if (!copy)
            break;
        *copy = *panic;
        panic->error = panic->abandoned = NULL;
        copy->previous = NULL;
        *end = copy;
        end = &copy->previous;
    }
    return first;
}

lg_error *lgi_panic_capture(lg_panic_info *panic)
{
    lg_error *cause = panic->error, *error;
    panic->error = NULL;
    struct captured *captured = calloc(1, sizeof(*captured));
    if (captured && !(captured->panic = keep(panic))) {
        free(captured);
        captured = NULL;
    }
    if (captured && lgi_defer_hooks.describe)
        lgi_defer_hooks.describe(captured->who, sizeof(captured->who));
    if (cause)
        error = lgi_error_wrap_kind(panic->file, (int)panic->line, cause, &lg_panic_kind, captured,
                                    "panic");
    else
        error = lgi_error_new_kind(panic->file, (int)panic->line, &lg_panic_kind, captured,
                                   "panic: %s", panic->message);
    lgi_panic_free(panic);
    return error;
}
