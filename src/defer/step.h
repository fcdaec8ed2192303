/* Stepping from frame to frame without the platform's unwinder, where its tables are simple enough.
 *
 * libgcc evaluates a frame's tables three times for each cleanup that it runs, and keeps every register. A
 * panic needs only what a call preserves. So on x86-64 and aarch64 the library reads the same tables itself; whatever it
 * does not understand (a C++ frame, a signal frame, an expression) it leaves to libgcc, which goes on from
 * where it stands. LIFOGUARD_UNWIND=platform leaves everything to libgcc. */
#ifndef LGI_DEFER_STEP_H
#define LGI_DEFER_STEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <unwind.h>

#include "defer/jump.h"

/* What a frame holds at a call that it has made: the words of lgi_save. */
struct lgi_frame_state {
    void *register_[LGI_CONTEXT];
};

/* Changes when an object is unloaded: what was read of its tables is void then. Frames that are on the stack cannot be
 * unloaded, so an unwinding asks at most once. 0: not asked yet. */
struct lgi_epoch {
    uint64_t value;
};

#if defined(__x86_64__) || defined(__aarch64__)
#define LGI_STEPS 1
#if defined(__x86_64__)
enum { LGI_AT_SP = 6, LGI_AT_IP = 7 };
#else
enum { LGI_AT_SP = LGI_CONTEXT_SP, LGI_AT_IP = 11 };
#endif

/* What the tables say of a frame, packed: most of it is seldom asked for. */
struct lgi_frame_info {
    uintptr_t landing; /* of the cleanup for this call; 0: none */
    uint64_t rest;     /* bits 0 to 31: for step.c; 48 to 55 too; the others: see below */
};

/* The size of stack arguments, to be dropped when landing. */
static inline uintptr_t lgi_argument_size(const struct lgi_frame_info *info)
{
    return info->rest >> 32 & 0xffff;
}

/* Is it a cleanup of C code that no second unwinding may leave? */
static inline bool lgi_terminates(const struct lgi_frame_info *info)
{
    return info->rest >> 56 & 1;
}

/* How far behind this call the call to _Unwind_Resume returns to, if that is known to be all that the cleanup still does,
 * and to have no cleanup of its own; else 0. */
static inline uintptr_t lgi_resumes(const struct lgi_frame_info *info)
{
    return info->rest >> 57;
}

/* Word by word. A compiler would copy two words at once, and a load of two words that were just stored one by one waits until
 * both are in the cache: of a panic through ten frames, that took a tenth of the time. (Atomic loads are never joined.) */
static inline __attribute__((always_inline)) void lgi_copy_words(void *to, const void *from,
                                                                 size_t size)
{
    typedef uintptr_t word __attribute__((may_alias));
#pragma GCC unroll 8
    for (size_t i = 0; i < size / sizeof(word); i++)
        ((word *)to)[i] = __atomic_load_n((const word *)from + i, __ATOMIC_RELAXED);
}

/* What the tables say of the frame, and its caller; false: not for this unwinder. */
bool lgi_frame_find(struct lgi_epoch *epoch, const struct lgi_frame_state *state,
                    struct lgi_frame_info *info, struct lgi_frame_state *caller);

/* A cleanup went on at `left`, and now it has called _Unwind_Resume, which would return to `ip`. If nothing else came
 * between, that is kept for lgi_frame_find. */
void lgi_learn_resume(struct lgi_epoch *epoch, uintptr_t left, uintptr_t ip);

/* Calls then(record, here): `here` is the frame that the caller of lgi_with_frame returns to, if the caller ends with this
 * call and so has given up its own frame; else the caller's. It saves the walk through the library's frames. */
void lgi_with_frame(void *record, void (*then)(void *record, const struct lgi_frame_state *here));

/* The frame that the platform's unwinder stands at. */
void lgi_frame_of(struct _Unwind_Context *context, struct lgi_frame_state *state);

/* Goes to the frame's cleanup, with the exception that it passes to _Unwind_Resume. */
void lgi_land(const struct lgi_frame_state *state, void *exception) __attribute__((noreturn));
#else
#define LGI_STEPS 0

static inline void lgi_with_frame(void *record,
                                  void (*then)(void *record, const struct lgi_frame_state *here))
{
    then(record, NULL);
}
#endif

/* As lgi_leave, for a cleanup that knows the frame. */
int lgi_leave_from(struct lgi_record *record, const struct lgi_frame_state *here);

#endif
