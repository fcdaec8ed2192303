/* What step.c has to know of the machine. */
#ifndef LGI_DEFER_STEP_AARCH64_H
#define LGI_DEFER_STEP_AARCH64_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* DWARF's numbers of the registers that a call preserves, in lgi_save's order: x19 to x29; the return address, which a frame keeps as its
 * caller's x30; the stack pointer; d8 to d15. */
static const unsigned char lgi_dwarf_numbers[] = {19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29,
                                                  30, 31, 72, 73, 74, 75, 76, 77, 78, 79};

/* How a plan keeps where a register is saved: a slot, and how many words below the CFA. Frames keep their registers at the lower end,
 * below all variables. */
enum { SLOT_BITS = 5, SAVED_BITS = 16, SAVED_WORDS = 5, RETURN_IS_PUSHED = 0 };

/* The return address that a frame has stored, perhaps signed (by key A, with the CFA as the modifier). One whose signature is wrong
 * becomes an address that no table knows. */
static inline void *lgi_return_address(void *stored, const void *cfa, bool is_signed)
{
    register void *address __asm__("x17") = stored;
    register const void *modifier __asm__("x16") = cfa;
    if (is_signed)
        __asm__("hint #12" : "+r"(address) : "r"(modifier)); /* autia1716 */
    return address;
}

/* Is the code from `p` to `end` a call, before which at most the argument is put in its register? */
static inline bool lgi_is_mere_call(const unsigned char *p, const unsigned char *end)
{
    const uint32_t mov_to_x0 = 0xaa0003e0, from = 0x1f << 16, bl = 0x94000000, target = 0x03ffffff;
    uint32_t instruction[2];
    if (end - p != 4 && end - p != 8)
        return false;
    memcpy(instruction, end - 4, sizeof(*instruction));
    memcpy(instruction + 1, p, sizeof(*instruction));
    return (instruction[0] & ~target) == bl &&
           (end - p == 4 || (instruction[1] & ~from) == mov_to_x0);
}

#endif
