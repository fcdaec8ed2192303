/* A save/jump pair for landing a recovered panic. Eight words: the registers that a call preserves.
 * No signal mask, no floating-point control word: nothing between the save and the jump changes them
 * that would not have to put them back anyway. */
#ifndef LGI_DEFER_JUMP_H
#define LGI_DEFER_JUMP_H

#include <lifoguard/impl/record.h>

/* int lgi_save(void **context), in record.h: returns 0, and once more, with 1, for each jump to it. */
void lgi_jump(void **context) __attribute__((noreturn));

/* The same for a context of gcc's __builtin_setjmp: frame pointer, landing, stack pointer. */
void lgi_jump_gcc(void **context) __attribute__((noreturn));

/* The functions between these two may be left by a jump. Sanitizers are kept out of them: the code that notes the entry of
 * a function would wait in vain for its return. (gcc's thread sanitizer is not supported.) */
#if defined(__clang__)
#define LGI_UNINSTRUMENTED __attribute__((disable_sanitizer_instrumentation))
#define LGI_JUMPS_BEGIN _Pragma("clang attribute push(LGI_UNINSTRUMENTED, apply_to = function)")
#define LGI_JUMPS_END _Pragma("clang attribute pop")
#else
#define LGI_JUMPS_BEGIN
#define LGI_JUMPS_END
#endif

#endif
