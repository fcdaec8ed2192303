/* Reading the numbers of the compilers' unwind tables. */
#ifndef LGI_DEFER_TABLE_H
#define LGI_DEFER_TABLE_H

#include <stdint.h>
#include <string.h>

enum {
    DW_EH_PE_absptr = 0x00,
    DW_EH_PE_uleb128 = 0x01,
    DW_EH_PE_udata2 = 0x02,
    DW_EH_PE_udata4 = 0x03,
    DW_EH_PE_udata8 = 0x04,
    DW_EH_PE_sleb128 = 0x09,
    DW_EH_PE_sdata2 = 0x0a,
    DW_EH_PE_sdata4 = 0x0b,
    DW_EH_PE_sdata8 = 0x0c,
    DW_EH_PE_pcrel = 0x10,
    DW_EH_PE_indirect = 0x80,
    DW_EH_PE_omit = 0xff
};

/* Each returns what follows the number. */

static inline const unsigned char *lgi_read_uleb(const unsigned char *p, uintptr_t *value)
{
    uintptr_t result = *p & 0x7f;
    for (unsigned shift = 7; *p++ & 0x80; shift += 7)
        result |= shift < 64 ? (uintptr_t)(*p & 0x7f) << shift : 0;
    *value = result;
    return p;
}

static inline const unsigned char *lgi_read_sleb(const unsigned char *p, intptr_t *value)
{
    uintptr_t result = 0;
    unsigned shift = 0;
    unsigned char byte;
    do {
        byte = *p++;
        result |= shift < 64 ? (uintptr_t)(byte & 0x7f) << shift : 0;
        shift += 7;
    } while (byte & 0x80);
    if (shift < 64 && (byte & 0x40))
        result |= -((uintptr_t)1 << shift);
    *value = (intptr_t)result;
    return p;
}

/* The number as it stands; what it is relative to is the caller's. NULL, and the number 0, for a format not known. */
static inline const unsigned char *lgi_read_encoded(unsigned char encoding, const unsigned char *p,
                                                    uintptr_t *value)
{
    uint16_t two;
    uint32_t four;
    uint64_t eight;
    intptr_t number;
    switch (encoding & 0x0f) {
    case DW_EH_PE_uleb128: return lgi_read_uleb(p, value);
    case DW_EH_PE_sleb128:
        p = lgi_read_sleb(p, &number);
        *value = (uintptr_t)number;
        return p;
    case DW_EH_PE_udata2:
    case DW_EH_PE_sdata2:
        memcpy(&two, p, sizeof(two));
        *value = (encoding & 8) ? (uintptr_t)(intptr_t)(int16_t)two : two;
        return p + sizeof(two);
    case DW_EH_PE_udata4:
    case DW_EH_PE_sdata4:
        memcpy(&four, p, sizeof(four));
        *value = (encoding & 8) ? (uintptr_t)(intptr_t)(int32_t)four : four;
        return p + sizeof(four);
    case DW_EH_PE_absptr:
    case DW_EH_PE_udata8:
    case DW_EH_PE_sdata8:
        memcpy(&eight, p, sizeof(eight));
        *value = (uintptr_t)eight;
        return p + sizeof(eight);
    default: *value = 0; return NULL;
    }
}

/* A pointer that may be relative to its own place, or kept in a word that is pointed to. */
static inline const unsigned char *lgi_read_pointer(unsigned char encoding, const unsigned char *p,
                                                    uintptr_t *value)
{
    const unsigned char *at = p;
    unsigned char base = encoding & 0x70;
    if (base != 0 && base != DW_EH_PE_pcrel)
        return NULL;
    p = lgi_read_encoded(encoding, p, value);
    if (p && *value != 0) {
        if (base == DW_EH_PE_pcrel)
            *value += (uintptr_t)at;
        if (encoding & DW_EH_PE_indirect)
            memcpy(value, (const void *)*value, sizeof(*value));
    }
    return p;
}

#endif
