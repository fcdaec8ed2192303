/* What there is to tell of a panic, for the report that ends a process and for errors that panics became. */
#ifndef LGI_DEFER_TRACE_H
#define LGI_DEFER_TRACE_H

#include "defer/unwinding.h"

/* Where text goes. */
struct lgi_sink {
    void (*put)(struct lgi_sink *sink, const char *text, size_t length);
};

/* Up to 1023 bytes; a longer line is cut. Allocates nothing. */
void lgi_print(struct lgi_sink *sink, const char *format, ...) LGI_PRINTF(2, 3);

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
