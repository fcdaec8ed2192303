/* The common format of programs, libraries and core files. */
#ifndef LIFOGUARD_INSPECT_ELF64_H
#define LIFOGUARD_INSPECT_ELF64_H

#include <elf.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static inline bool elf64_begins(const Elf64_Ehdr *elf)
{
    return memcmp(elf->e_ident, ELFMAG, SELFMAG) == 0 && elf->e_ident[EI_CLASS] == ELFCLASS64;
}

/* The room that the owner or the content of a note takes. */
static inline uint64_t elf64_note_room(uint64_t size)
{
    return (size + 3) & ~(uint64_t)3;
}

#endif
