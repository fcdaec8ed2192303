/* Switching between stacks: what a call preserves is pushed on the one that is left, and popped from the other.
 * The floating-point control words are among it, so fesetround in one goroutine does not reach another. (On x86-64
 * the x87 word alone, changed without mxcsr, does.)
 *
 * Both routines carry CFI: a debugger unwinds a stack that is being left or entered, and every unwinder ends at
 * lgi_fiber_start, whose return address is marked undefined. */
#ifndef LGI_SCHED_SWITCH_H
#define LGI_SCHED_SWITCH_H

#include <stdint.h>

/* Saves the calling stack's pointer in *from and goes on with the stack that was left as `to`. Returns when something
 * switches back. */
void lgi_switch(void **from, void *to);

/* The same to a stack that lgi_stack_prepare has made. */
void lgi_switch_first(void **from, void *to);

/* The same, from a stack that is never switched back to. */
void lgi_switch_last(void *to);

/* Lays the first frame of a stack that ends at `top` (aligned to 16): the first switch to what is returned calls
 * entry(argument), which must not return, with floating-point control words as a program finds them. */
void *lgi_stack_prepare(void *top, void (*entry)(void *), void *argument);

/* Calls function(data) on the caller's stack, but so that an unwinder in `function` goes on with the stack that was left as
 * `sp`: for a backtrace of a stack on which nothing runs. */
void lgi_on_stack_of(void *sp, void (*function)(void *data), void *data);

/* Sets the floating-point control words as a program finds them, if they are not so. */
void lgi_float_at_start(void);

#endif
