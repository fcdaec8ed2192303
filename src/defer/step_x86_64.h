/* What step.c has to know of the machine. */
#ifndef LGI_DEFER_STEP_X86_64_H
#define LGI_DEFER_STEP_X86_64_H

#include <stdbool.h>
#include <stdint.h>

/* DWARF's numbers of the registers that a call preserves, in lgi_save's order: rbx, rbp, r12 to r15; then the
 * stack pointer and the return address. */
static const unsigned char lgi_dwarf_numbers[] = {3, 6, 12, 13, 14, 15, 7, 16};

/* How a plan keeps where a register is saved: a slot, and how many words below the CFA. Frames keep their registers right below the
 * CFA, and the return address where a call pushes it, which needs no keeping. */
enum { SLOT_BITS = 3, SAVED_BITS = 10, SAVED_WORDS = 1, RETURN_IS_PUSHED = 1 };

/* The return address that a frame has stored. */
static inline void *lgi_return_address(void *stored, const void *cfa, bool is_signed)
{
    (void)cfa;
    (void)is_signed;
    return stored;
}

/* Is the code from `p` to `end` a call, before which at most the argument is put in its register? */
static inline bool lgi_is_mere_call(const unsigned char *p, const unsigned char *end)
{
    enum { REX_W = 0x48, REX_WR = 0x4c, MOV = 0x89, TO_RDI = 0xc7, CALL = 0xe8, ADDR32 = 0x67 };
    if (end - p > 3 && (p[0] == REX_W || p[0] == REX_WR) && p[1] == MOV &&
        (p[2] & TO_RDI) == TO_RDI)
        p += 3;
    return (end - p == 5 && p[0] == CALL) ||
           (end - p == 6 && ((p[0] == 0xff && p[1] == 0x15) || (p[0] == ADDR32 && p[1] == CALL)));
}

#endif
