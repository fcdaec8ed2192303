#include "defer/trace.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "defer/symbol.h"
#include "error/error_internal.h"
#include "error/escape.h"

/* ---- printing ---- */

/* What is on its way to a sink, so that a line takes one call. */
struct line {
    struct lgi_sink *sink;
    size_t length;
    char text[1024];
};

static void flush(struct line *line)
{
    if (line->length > 0)
        line->sink->put(line->sink, line->text, line->length);
    line->length = 0;
}

static void add(struct line *line, const char *text, size_t length)
{
    if (line->length + length > sizeof(line->text))
        flush(line);
    memcpy(line->text + line->length, text, length);
    line->length += length;
}

static void add_text(struct line *line, const char *text, int most)
{
    const char *start = text;
    while ((most < 0 || text - start < most) && *text) {
        char escaped[LGI_ESCAPED];
        size_t length = lgi_escape_next(&text, escaped);
        add(line, escaped, length);
    }
}

static void add_number(struct line *line, uintmax_t number, bool hexadecimal)
{
    char digits[24];
    size_t at = sizeof(digits);
    unsigned base = hexadecimal ? 16 : 10;
    do
        digits[--at] = "0123456789abcdef"[number % base];
    while ((number /= base) > 0);
    if (hexadecimal && (digits[at] != '0'))
        add(line, "0x", 2);
    add(line, digits + at, sizeof(digits) - at);
}

static void add_signed(struct line *line, int number)
{
    if (number < 0)
        add(line, "-", 1);
    add_number(line, number < 0 ? -(uintmax_t)number : (uintmax_t)number, false);
}

static bool skips(const char **format, const char *prefix)
{
    size_t length = strlen(prefix);
    bool begins = strncmp(*format, prefix, length) == 0;
    if (begins)
        *format += length;
    return begins;
}

void lgi_print(struct lgi_sink *sink, const char *format, ...)
{
    struct line line = {.sink = sink, .length = 0};
    va_list values;
    va_start(values, format);
    while (*format) {
        if (skips(&format, "%s")) {
            add_text(&line, va_arg(values, const char *), -1);
        } else if (skips(&format, "%.*s")) {
            int most = va_arg(values, int);
            add_text(&line, va_arg(values, const char *), most);
        } else if (skips(&format, "%u")) {
            add_number(&line, va_arg(values, unsigned), false);
        } else if (skips(&format, "%d")) {
            add_signed(&line, va_arg(values, int));
        } else if (skips(&format, "%zu")) {
            add_number(&line, va_arg(values, size_t), false);
        } else if (skips(&format, "%#zx")) {
            add_number(&line, va_arg(values, size_t), true);
        } else {
            add(&line, format++, 1);
        }
    }
    va_end(values);
    flush(&line);
}

void lgi_print_calls(struct lgi_sink *sink, const lg_panic_info *panic)
{
    unsigned first = panic->ran_count > LGI_RAN ? panic->ran_count - LGI_RAN : 0;
    bool begun = false;
    for (unsigned i = first; i < panic->ran_count; i++) {
        const struct lgi_site *site = panic->ran[i % LGI_RAN];
        if (lgi_is_own_source(site->file))
            continue;
        if (!begun)
            lgi_print(sink, "deferred calls that it ran, first to last:\n");
        if (!begun && first > 0)
            lgi_print(sink, "    (%u before these)\n", first);
        begun = true;
        lgi_print(sink, "    ");
        lgi_print_call(sink, site);
    }
}

void lgi_print_call(struct lgi_sink *sink, const struct lgi_site *site)
{
    char text[256];
    lgi_call_text(site, text, sizeof(text));
    lgi_print(sink, "%s  %s:%u in %s\n", text, site->file, site->line, site->caller);
}

static void put_in_stream(struct lgi_sink *sink, const char *text, size_t length)
{
    struct lgi_stream *to = (struct lgi_stream *)sink;
    for (size_t i = 0; i < length; i++) {
        if (!to->in_line)
            fprintf(to->file, "%*s", to->indent, "");
        to->in_line = text[i] != '\n';
        putc(text[i], to->file);
    }
}

struct lgi_stream lgi_stream(FILE *file, int indent)
{
    return (struct lgi_stream){.sink = {put_in_stream}, .file = file, .indent = indent};
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

static bool begins(const char *name, const char *prefix)
{
    return name && strncmp(name, prefix, strlen(prefix)) == 0;
}

/* Is it a function of the library's, as far as names and debug information tell? */
static bool is_own(const struct lgi_symbol *symbol)
{
    return lgi_is_own_source(symbol->file) || begins(symbol->function, "lg_") ||
           begins(symbol->function, "lgi_");
}

/* Does the place stand in the library's headers, a function of which the compiler has put into the program's? */
static bool is_in_header(const struct lgi_symbol *symbol)
{
    return symbol->file && strstr(symbol->file, "/include/lifoguard/");
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
        if (begins(function, "lg_"))
            return i;
        if (begins(function, "lgi_"))
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
        if (is_own(symbol)) {
            if (begins(function, "lg_"))
                lgi_print(sink, "    %s\n", function);
        } else if (is_in_header(symbol)) {
            lgi_print(sink, "    %s\n", function);
        } else if (symbol->file) {
            lgi_print(sink, "    %s  %s:%d\n", function, symbol->file, symbol->line);
        } else if (symbol->object) {
            lgi_print(sink, "    %s+%#zx  %s\n", function, (size_t)symbol->offset, symbol->object);
        } else {
            lgi_print(sink, "    %#zx\n", (size_t)frames[i]);
        }
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

/* ---- panics ---- */

/* The frames of the program and of the library in which a panic began, innermost first, and how many. */
static unsigned frames_of(const lg_panic_info *panic, const uintptr_t **frames)
{
    unsigned first = 0;
    for (unsigned k = 0; k < panic->frame_count; k++) {
        if (panic->frames[k] == (uintptr_t)panic->origin)
            first = k; /* below are those of panicking itself */
    }
    *frames = panic->frames + first;
    return panic->frame_count - first;
}

/* Of a panic that began in the library: where the program called it. */
static void print_caller(struct lgi_sink *sink, const lg_panic_info *panic)
{
    struct lgi_symbol symbols[LGI_FRAMES];
    const uintptr_t *frames;
    unsigned count = frames_of(panic, &frames), i = 0;
    lgi_symbols(frames, symbols, count);
    while (i < count && is_own(&symbols[i]))
        i++;
    if (i == count)
        return;
    if (symbols[i].file && !is_in_header(&symbols[i]))
        lgi_print(sink, "        at %s:%d\n", symbols[i].file, symbols[i].line);
    else if (symbols[i].function)
        lgi_print(sink, "        in %s\n", symbols[i].function);
}

static void print_place(struct lgi_sink *sink, const lg_panic_info *panic)
{
    if (lgi_is_own_source(panic->file))
        print_caller(sink, panic);
    else
        lgi_print(sink, "        at %s:%u\n", panic->file, panic->line);
}

/* Each further line of it is marked, so that none can pass for a line of the report. */
static void print_message(struct lgi_sink *sink, const char *message)
{
    for (;;) {
        size_t length = strcspn(message, "\n");
        lgi_print(sink, "%.*s", (int)length, message);
        if (!message[length] || !message[length + 1])
            return;
        message += length + 1;
        lgi_print(sink, "\n        | ");
    }
}

void lgi_print_panics(struct lgi_sink *sink, const lg_panic_info *panic)
{
    if (!panic)
        return;
    lgi_print_panics(sink, panic->previous);
    lgi_print(sink, "%spanic: ", panic->previous ? "    then " : "");
    print_message(sink, panic->message);
    lgi_print(sink, "%s\n", panic->recovered ? " [recovered]" : "");
    print_place(sink, panic);
    for (const lg_error *e = panic->abandoned; e; e = lgi_error_linked(e)) {
        char text[512];
        lg_error_format(e, text, sizeof(text));
        lgi_print(sink, "        abandoned by it: %s\n", text);
    }
}

void lgi_print_stack(struct lgi_sink *sink, const lg_panic_info *panic)
{
    struct lgi_symbol symbols[LGI_FRAMES];
    const uintptr_t *frames;
    unsigned count = frames_of(panic, &frames);
    if (count == 0)
        return;
    lgi_print(sink, "stack:\n");
    lgi_symbols(frames, symbols, count);
    say_frames(sink, frames, symbols, count);
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

static void print(const void *payload, FILE *file, int indent)
{
    const struct captured *captured = payload;
    struct lgi_stream to = lgi_stream(file, indent);
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
