/* A core file. It has what the process had changed; the rest, as code and constants, is read from the files that were mapped,
 * if they are still there and still the same. A core file can come from anywhere: nothing in it is believed. */
#define _GNU_SOURCE
#include "buffer.h"
#include "target.h"

#include <elf.h>
#include <fcntl.h>
#include <lifoguard/defer.h>
#include <stdlib.h>
#include <string.h>
#include <sys/procfs.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- its memory ---- */

static size_t read_some(int file, void *to, size_t size, uint64_t offset)
{
    ssize_t got = pread(file, to, size, (off_t)offset);
    return got < 0 ? 0 : (size_t)got;
}

/* What the core file itself has, at most to the end of a segment. */
static size_t read_segments(const struct target *target, uint64_t at, void *to, size_t size)
{
    for (size_t i = 0; i < target->segment_count; i++) {
        const struct target_segment *segment = &target->segments[i];
        if (at >= segment->start && at - segment->start < segment->size) {
            uint64_t left = segment->size - (at - segment->start);
            return read_some(target->memory, to, size < left ? size : left,
                             segment->offset + (at - segment->start));
        }
    }
    return 0;
}

/* Only a regular file: a device may be set in motion by being opened. */
static int open_regular(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode)
               ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
               : -1;
}

static const struct target_mapping *first_mapping(const struct target *target, const char *path)
{
    for (size_t i = 0; i < target->mapping_count; i++)
        if (target->mappings[i].offset == 0 && strcmp(target->mappings[i].path, path) == 0)
            return &target->mappings[i];
    return NULL;
}

/* The kernel writes the first page of each program and library into a core file: its headers, and with them its build ID. */
static bool has_changed(const struct target *target, const char *path, int file)
{
    unsigned char before[TARGET_PAGE], now[TARGET_PAGE] = {0};
    const struct target_mapping *first = first_mapping(target, path);
    size_t size = first ? read_segments(target, first->start, before, sizeof before) : 0;
    if (size < SELFMAG || memcmp(before, ELFMAG, SELFMAG) != 0)
        return false;
    read_some(file, now, size, 0);
    return memcmp(before, now, size) != 0;
}

/* -1: it is not there any more, or it is another one. */
static int open_same(const struct target *target, const char *path)
{
    int file = open_regular(path);
    if (file < 0 || !has_changed(target, path, file))
        return file;
    close(file);
    return -1;
}

static bool open_mapped(struct target *target, struct target_mapping *mapping)
{
    if (mapping->file == -1) {
        mapping->file = open_same(target, mapping->path);
        if (mapping->file < 0)
            mapping->file = -2;
    }
    if (mapping->file < 0)
        target->lacks = mapping->path;
    return mapping->file >= 0;
}

/* What a file lacks of its last page is 0. */
static size_t read_mapped(struct target *target, uint64_t at, void *to, size_t size)
{
    for (size_t i = 0; i < target->mapping_count; i++) {
        struct target_mapping *mapping = &target->mappings[i];
        if (at < mapping->start || at >= mapping->end || !open_mapped(target, mapping))
            continue;
        size_t got = read_some(mapping->file, to, size, mapping->offset + (at - mapping->start));
        memset((char *)to + got, 0, size - got);
        return got > 0 ? size : 0;
    }
    return 0;
}

size_t target_read_core(struct target *target, uint64_t at, void *to, size_t size)
{
    size_t got = read_segments(target, at, to, size);
    return got > 0 ? got : read_mapped(target, at, to, size);
}

/* ---- its notes ---- */

struct notes {
    struct target *target;
    const unsigned char *data;
    size_t size;
};

static void take_status(struct target *target, const unsigned char *data, size_t size)
{
    struct elf_prstatus status;
    if (size < sizeof status)
        return;
    memcpy(&status, data, sizeof status);
    struct target_thread *thread = target_add_thread(target, status.pr_pid);
#if defined(__x86_64__)
    struct user_regs_struct registers;
    memcpy(&registers, &status.pr_reg, sizeof registers);
    thread->thread_pointer = registers.fs_base;
#elif defined(__riscv)
    thread->thread_pointer = status.pr_reg[4];
#endif
    (void)thread; /* on aarch64, a note of its own has the thread pointer */
}

static void take_info(struct target *target, const unsigned char *data, size_t size)
{
    struct elf_prpsinfo info;
    if (size < sizeof info)
        return;
    memcpy(&info, data, sizeof info);
    target->pid = info.pr_pid;
    memcpy(target->name, info.pr_fname, sizeof info.pr_fname);
}

/* How many files, the size of a page; for each its addresses and its page; and then the names. */
static void take_files(struct target *target, const unsigned char *data, size_t size)
{
    uint64_t head[2], file[3];
    if (size < sizeof head)
        return;
    memcpy(head, data, sizeof head);
    if (head[0] > (size - sizeof head) / sizeof file)
        return;
    const char *name = (const char *)data + sizeof head + head[0] * sizeof file;
    const char *end = (const char *)data + size;
    for (uint64_t i = 0; i < head[0] && name < end; i++) {
        size_t length = strnlen(name, (size_t)(end - name));
        if (name + length == end)
            return;
        memcpy(file, data + sizeof head + i * sizeof file, sizeof file);
        target_add_mapping(target, file[0], file[1], file[2] * head[1], name);
        name += length + 1;
    }
}

static void take_note(struct target *target, unsigned type, const unsigned char *data, size_t size)
{
    switch (type) {
    case NT_PRSTATUS: take_status(target, data, size); break;
    case NT_PRPSINFO: take_info(target, data, size); break;
    case NT_FILE: take_files(target, data, size); break;
    case NT_ARM_TLS:
        if (size >= sizeof(uint64_t) && target->thread_count > 0)
            memcpy(&target->threads[target->thread_count - 1].thread_pointer, data,
                   sizeof(uint64_t));
        break;
    default: break;
    }
}

static size_t padded(size_t size)
{
    return (size + 3) & ~(size_t)3;
}

static void take_notes(struct target *target, const unsigned char *data, size_t size)
{
    Elf64_Nhdr note;
    while (size >= sizeof note) {
        memcpy(&note, data, sizeof note);
        size_t name = padded(note.n_namesz), content = padded(note.n_descsz);
        if (name > size - sizeof note || content > size - sizeof note - name)
            return;
        take_note(target, note.n_type, data + sizeof note + name, note.n_descsz);
        data += sizeof note + name + content;
        size -= sizeof note + name + content;
    }
}

/* ---- the file ---- */

enum { NOTES_MOST = 256 << 20 };

static lg_error *read_notes(struct target *target, const Elf64_Phdr *header, const char *path)
{
    lg_func (lg_error *, err) {
        if (header->p_filesz > NOTES_MOST)
            lg_return(lg_error_newf("%s: its notes are too large", path));
        unsigned char *data = need_memory(NULL, header->p_filesz + 1);
        lg_defer(free, data);
        take_notes(target, data,
                   read_some(target->memory, data, header->p_filesz, header->p_offset));
        lg_return(NULL);
    }
}

/* A file system that was full, or a limit (ulimit -c), leaves a core file without its end. */
static bool is_cut_off(const struct target *target, const Elf64_Phdr *header)
{
    struct stat status;
    return fstat(target->memory, &status) == 0 &&
           (header->p_offset > (uint64_t)status.st_size ||
            header->p_filesz > (uint64_t)status.st_size - header->p_offset);
}

static void add_segment(struct target *target, const Elf64_Phdr *header)
{
    target->is_cut_off |= is_cut_off(target, header);
    target->segments = need_memory(target->segments,
                                   (target->segment_count + 1) * sizeof *target->segments);
    target->segments[target->segment_count++] = (struct target_segment){
        .start = header->p_vaddr, .size = header->p_filesz, .offset = header->p_offset};
}

/* With more than 65,534 segments, the first section's header has their number. */
static uint64_t count_of_segments(struct target *target, const Elf64_Ehdr *elf)
{
    Elf64_Shdr section = {0};
    if (elf->e_phnum == PN_XNUM)
        read_some(target->memory, &section, sizeof section, elf->e_shoff);
    return elf->e_phnum == PN_XNUM ? section.sh_info : elf->e_phnum;
}

static bool is_core_of_this_machine(const Elf64_Ehdr *elf)
{
#if defined(__x86_64__)
    const unsigned machine = EM_X86_64;
#elif defined(__aarch64__)
    const unsigned machine = EM_AARCH64;
#else
    const unsigned machine = EM_RISCV;
#endif
    return memcmp(elf->e_ident, ELFMAG, SELFMAG) == 0 && elf->e_ident[EI_CLASS] == ELFCLASS64 &&
           elf->e_type == ET_CORE && elf->e_machine == machine;
}

lg_error *target_open_core(struct target *target, const char *path)
{
    Elf64_Ehdr elf;
    *target = (struct target){.is_core = true};
    target->memory = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (target->memory < 0)
        return lg_error_new_errno("open %s", path);
    if (read_some(target->memory, &elf, sizeof elf, 0) != sizeof elf ||
        !is_core_of_this_machine(&elf))
        return lg_error_newf("%s: neither the number of a process nor a core file of this machine",
                             path);
    uint64_t count = count_of_segments(target, &elf);
    for (uint64_t i = 0; i < count; i++) {
        Elf64_Phdr header;
        if (read_some(target->memory, &header, sizeof header, elf.e_phoff + i * sizeof header) !=
            sizeof header)
            return lg_error_newf("%s: the core file is cut off", path);
        if (header.p_type == PT_LOAD && header.p_filesz > 0)
            add_segment(target, &header);
        lg_error *err = header.p_type == PT_NOTE ? read_notes(target, &header, path) : NULL;
        if (err)
            return err;
    }
    return NULL;
}
