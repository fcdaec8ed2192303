/* Stepping from frame to frame without the platform's unwinder, where its tables are simple enough.
 *
 * libgcc evaluates a frame's tables three times for each cleanup that it runs, and keeps every register. A
 * panic needs only what a call preserves. So on x86-64 the library reads the same tables itself; whatever it
 * does not understand (a C++ frame, a signal frame, an expression) it leaves to libgcc, which goes on from
 * where it stands. LIFOGUARD_UNWIND=platform leaves everything to libgcc. */
#ifndef LGI_DEFER_STEP_H
#define LGI_DEFER_STEP_H

#include <stdbool.h>
#include <stdint.h>
#include <unwind.h>

#include "defer/jump.h"

/* What a frame holds at a call that it has made: the words of lgi_save. */
struct lgi_frame_state {
    void *register_[LGI_CONTEXT];
};

/* What the tables say of a frame. */
struct lgi_frame_info {
    uintptr_t landing;       /* of the cleanup for this call; 0: none */
    bool terminate;          /* a cleanup of C code that no second unwinding may leave */
    uintptr_t argument_size; /* of stack arguments, to be dropped when landing */
};

#if defined(__x86_64__)
#define LGI_STEPS 1
enum { LGI_AT_SP = 6, LGI_AT_IP = 7 };

/* Changes when an object is unloaded: what was read of its tables is void then. Frames that are on the stack
 * cannot be unloaded, so an unwinding asks once. */
uint64_t lgi_epoch(void);

/* What the tables say of the frame, and its caller; false: not for this unwinder. */
bool lgi_frame_find(uint64_t epoch, const struct lgi_frame_state *state,
                    struct lgi_frame_info *info, struct lgi_frame_state *caller);

/* The frame that the platform's unwinder stands at. */
void lgi_frame_of(struct _Unwind_Context *context, struct lgi_frame_state *state);

/* Goes to the frame's cleanup, with the exception that it passes to _Unwind_Resume. */
void lgi_land(const struct lgi_frame_state *state, void *exception) __attribute__((noreturn));
#else
#define LGI_STEPS 0
#endif

#endif
