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

#endif
