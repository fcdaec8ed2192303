#include "report/frames.h"

#include <string.h>
#include <unwind.h>

#include "error/escape.h"
#include "report/symbol.h"

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
    /* The first is the frame of this function. */
    if (frames->count > 0)
        memmove(frames->frame, frames->frame + 1, --frames->count * sizeof(frames->frame[0]));
}

/* Does the function make a goroutine's first call? The frames further out are not the program's either. */
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

/* Is it a function of the library, as far as names and debug information tell? */
static bool is_own(const struct lgi_symbol *symbol)
{
    return symbol->is_own || lgi_is_own_source(symbol->file) || begins(symbol->function, "lg_") ||
           begins(symbol->function, "lgi_");
}

/* Is it an inline function of the library's headers, compiled into the program? */
static bool is_in_header(const struct lgi_symbol *symbol)
{
    return symbol->file && strstr(symbol->file, "/include/lifoguard/");
}

/* How many frames at the inner end are the library's, inside the function that was called. */
static unsigned inner_frames(const struct lgi_symbol *symbols, unsigned count)
{
    enum { MOST = 10, OTHERS = 3 };
    unsigned inner = 0;
    for (unsigned i = 0; i < count && i < MOST && i <= inner + OTHERS; i++) {
        const char *function = symbols[i].function;
        if (!function && symbols[i].is_own && inner == i)
            inner = i + 1;
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

static void print_symbols(struct lgi_sink *sink, const uintptr_t *frames,
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

/* What is behind the frames. */
static void print_notes(struct lgi_sink *sink, bool is_cut)
{
    if (is_cut)
        lgi_print(sink, "    (more frames were not kept)\n");
    if (lgi_symbols_lack_libdw())
        lgi_print(sink,
                  "    (the library libdw would add functions and lines here; Debian: libdw1)\n");
}

void lgi_print_frames(struct lgi_sink *sink, const struct lgi_frames *frames)
{
    struct lgi_symbol symbols[LGI_FRAMES];
    lgi_symbols(frames->frame, symbols, frames->count);
    unsigned inner = inner_frames(symbols, frames->count);
    print_symbols(sink, frames->frame + inner, symbols + inner, frames->count - inner);
    print_notes(sink, frames->cut);
}

void lgi_print_addresses(struct lgi_sink *sink, const uintptr_t *frames, unsigned count, bool cut)
{
    struct lgi_symbol symbols[LGI_FRAMES];
    lgi_symbols(frames, symbols, count);
    print_symbols(sink, frames, symbols, count);
    print_notes(sink, cut);
}

void lgi_print_innermost(struct lgi_sink *sink, const uintptr_t *frames, unsigned count)
{
    struct lgi_symbol symbols[LGI_FRAMES];
    unsigned i = 0;
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
