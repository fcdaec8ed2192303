/* Frames of a stack: noting and printing them. */
#ifndef LGI_REPORT_FRAMES_H
#define LGI_REPORT_FRAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "defer/panic.h"
#include "report/print.h"

/* Frames of a stack, innermost first, as return addresses. */
struct lgi_frames {
    unsigned count;
    bool cut; /* there were more */
    uintptr_t frame[LGI_FRAMES];
};

/* Notes the frames of the caller in a struct lgi_frames. */
void lgi_frames_note(void *frames);

/* Prints a line for each frame. Leaves out the frames of the library inside the function that was called, and those that
 * make a goroutine's first call. Allocates (symbol.h). */
void lgi_print_frames(struct lgi_sink *sink, const struct lgi_frames *frames);

/* The same for the frames of a panic, which have no more of the library than the function that panicked. */
void lgi_print_addresses(struct lgi_sink *sink, const uintptr_t *frames, unsigned count, bool cut);

/* Prints where the innermost frame stands that is not the library's: "        at main.c:12". */
void lgi_print_innermost(struct lgi_sink *sink, const uintptr_t *frames, unsigned count);

#endif
