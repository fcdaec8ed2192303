/* What there is to tell of a panic, for the report that ends a process and for errors that panics became. */
#ifndef LGI_DEFER_TRACE_H
#define LGI_DEFER_TRACE_H

#include <stdio.h>

#include "defer/unwinding.h"

/* Where text goes. */
struct lgi_sink {
    void (*put)(struct lgi_sink *sink, const char *text, size_t length);
};

/* As printf, with %s, %.*s, %u, %d, %zu and %#zx. The texts are escaped (error/escape.h), so every line of a report is one
 * that stands in a format. Up to 1024 bytes are written at once. Allowed in signal handlers. */
void lgi_print(struct lgi_sink *sink, const char *format, ...) LGI_PRINTF(2, 3);

/* A sink that writes to a stream, each line behind `indent` spaces. */
struct lgi_stream {
    struct lgi_sink sink;
    FILE *file;
    int indent;
    bool in_line;
};

struct lgi_stream lgi_stream(FILE *file, int indent);

/* The panic with those that it replaced, oldest first, and the errors that they abandoned. */
void lgi_print_panics(struct lgi_sink *sink, const lg_panic_info *panic);

/* The deferred calls that it ran. */
void lgi_print_calls(struct lgi_sink *sink, const lg_panic_info *panic);

/* Where it began. Allocates (symbol.h). */
void lgi_print_stack(struct lgi_sink *sink, const lg_panic_info *panic);

/* "fclose(file)  main.c:12 in read_all", and a line feed. */
void lgi_print_call(struct lgi_sink *sink, const struct lgi_site *site);

/* Frames of a stack, innermost first, as return addresses. */
struct lgi_frames {
    unsigned count;
    bool cut; /* there were more */
    uintptr_t frame[LGI_FRAMES];
};

/* Those of the caller, into a struct lgi_frames. */
void lgi_frames_note(void *frames);

/* A line for each. Left out is what the library does within the function that was called, and to make a goroutine's first
 * call. */
void lgi_print_frames(struct lgi_sink *sink, const struct lgi_frames *frames);

/* Makes an error of a panic that was stopped, with all there is to tell of it. Takes the panic. */
lg_error *lgi_panic_capture(lg_panic_info *panic);

#endif
