/* A core file. It has what the process had changed; the rest, as code and constants, is read from the files that were mapped.
 * Such a file may have been moved beside the core file. A file that was built again since is not read: its constants stand
 * elsewhere. A core file can come from anywhere: nothing in it is believed. */
#define _GNU_SOURCE
#include "buffer.h"
#include "elf64.h"
#include "target.h"

#include <fcntl.h>
#include <lifoguard/defer.h>
#include <stdlib.h>
#include <string.h>
#include <sys/procfs.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- notes, of a core file or of a program ---- */

struct bytes {
    const unsigned char *data;
    size_t size;
};

struct note {
    unsigned type;
    struct bytes owner, content;
};

/* Takes the first of the notes from them. */
static bool next_note(struct bytes *notes, struct note *note)
{
    Elf64_Nhdr header;
    if (notes->size < sizeof(header))
        return false;
    memcpy(&header, notes->data, sizeof(header));
    size_t rest = notes->size - sizeof(header);
    size_t name = elf64_note_room(header.n_namesz), content = elf64_note_room(header.n_descsz);
    if (name > rest || content > rest - name)
        return false;
    *note = (struct note){header.n_type,
                          {notes->data + sizeof(header), header.n_namesz},
                          {notes->data + sizeof(header) + name, header.n_descsz}};
    notes->data += sizeof(header) + name + content;
    notes->size -= sizeof(header) + name + content;
    return true;
}

/* Nothing, if the bytes do not reach so far. */
static struct bytes part(struct bytes bytes, uint64_t from, uint64_t size)
{
    if (from > bytes.size || size > bytes.size - from)
        return (struct bytes){0};
    return (struct bytes){bytes.data + from, size};
}

static struct bytes build_id_in(struct bytes notes)
{
    struct note note;
    while (next_note(&notes, &note))
        if (note.type == NT_GNU_BUILD_ID && note.owner.size == sizeof("GNU") &&
            memcmp(note.owner.data, "GNU", sizeof("GNU")) == 0)
            return note.content;
    return (struct bytes){0};
}

/* Of a program or library, of which the beginning is given. Nothing: it has none. */
static struct bytes build_id(struct bytes beginning)
{
    Elf64_Ehdr elf;
    Elf64_Phdr segment;
    struct bytes id = {0};
    if (beginning.size < sizeof(elf))
        return id;
    memcpy(&elf, beginning.data, sizeof(elf));
    for (unsigned i = 0; i < elf.e_phnum && id.size == 0; i++) {
        struct bytes header = part(beginning, elf.e_phoff + i * sizeof(segment), sizeof(segment));
        if (header.size == 0)
            break;
        memcpy(&segment, header.data, sizeof(segment));
        if (segment.p_type == PT_NOTE)
            id = build_id_in(part(beginning, segment.p_offset, segment.p_filesz));
    }
    return id;
}

/* ---- its memory ---- */

static size_t read_some(int file, void *to, size_t size, uint64_t offset)
{
    ssize_t got = pread(file, to, size, (off_t)offset);
    return got < 0 ? 0 : (size_t)got;
}

/* At most to the end of the segment. */
static size_t read_segment(const struct target *target, const struct target_segment *segment,
                           uint64_t at, void *to, size_t size)
{
    uint64_t left = segment->size - (at - segment->start);
    return read_some(target->memory, to, size < left ? size : left,
                     segment->offset + (at - segment->start));
}

static const struct target_segment *segment_at(const struct target *target, uint64_t at)
{
    for (size_t i = 0; i < target->segment_count; i++) {
        const struct target_segment *segment = &target->segments[i];
        if (at >= segment->start && at - segment->start < segment->size)
            return segment;
    }
    return NULL;
}

/* Linux keeps the first page of each program and library in the core file. The build ID stands in it. */
static const struct target_segment *first_page_of(const struct target *target, const char *path)
{
    for (size_t i = 0; i < target->mapping_count; i++) {
        const struct target_mapping *mapping = &target->mappings[i];
        if (mapping->offset == 0 && strcmp(mapping->path, path) == 0)
            return segment_at(target, mapping->start);
    }
    return NULL;
}

/* A file without a build ID is taken for the same. So is one of which the core file does not have the first page. */
static bool is_same_file(const struct target *target, const char *path, int file)
{
    unsigned char then[TARGET_PAGE], now[TARGET_PAGE];
    const struct target_segment *page = first_page_of(target, path);
    if (!page)
        return true;
    size_t size = page->size < sizeof(then) ? page->size : sizeof(then);
    struct bytes old =
        build_id((struct bytes){then, read_some(target->memory, then, size, page->offset)});
    struct bytes new = build_id((struct bytes){now, read_some(file, now, sizeof(now), 0)});
    return old.size == 0 || (old.size == new.size && memcmp(old.data, new.data, old.size) == 0);
}

/* Only a regular file: a device may be set in motion by being opened. */
static int open_regular(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode)
               ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
               : -1;
}

/* FILE_MISSING: it cannot be opened, or is another file. */
static int open_same(const struct target *target, const char *mapped, const char *path)
{
    int file = open_regular(path);
    if (file < 0)
        return FILE_MISSING;
    if (is_same_file(target, mapped, file))
        return file;
    close(file);
    return FILE_MISSING;
}

static int open_beside_core(const struct target *target, const char *mapped)
{
    struct buffer path = {0};
    const char *name = strrchr(mapped, '/');
    if (!name)
        return FILE_MISSING;
    buffer_format(&path, "%s%s", target->folder, name);
    int file = open_same(target, mapped, path.text);
    buffer_free(&path);
    return file;
}

static int open_mapped(struct target *target, struct target_mapping *mapping)
{
    if (mapping->file != FILE_NOT_OPENED)
        return mapping->file;
    mapping->file = open_same(target, mapping->path, mapping->path);
    if (mapping->file < 0)
        mapping->file = open_beside_core(target, mapping->path);
    if (mapping->file < 0 && !first_page_of(target, mapping->path))
        mapping->file = FILE_MISSING_DATA;
    return mapping->file;
}

/* What a file lacks of its last page is 0. */
static size_t read_mapped(struct target *target, uint64_t at, void *to, size_t size)
{
    for (size_t i = 0; i < target->mapping_count; i++) {
        struct target_mapping *mapping = &target->mappings[i];
        if (at < mapping->start || at >= mapping->end || open_mapped(target, mapping) < 0)
            continue;
        size_t got = read_some(mapping->file, to, size, mapping->offset + (at - mapping->start));
        memset((char *)to + got, 0, size - got);
        return got > 0 ? size : 0;
    }
    return 0;
}

size_t target_read_core(struct target *target, uint64_t at, void *to, size_t size)
{
    const struct target_segment *segment = segment_at(target, at);
    size_t got = segment ? read_segment(target, segment, at, to, size) : 0;
    return got > 0 ? got : read_mapped(target, at, to, size);
}

/* ---- its notes ---- */

static void take_status(struct target *target, const unsigned char *data, size_t size)
{
    struct elf_prstatus status;
    if (size < sizeof(status))
        return;
    memcpy(&status, data, sizeof(status));
    struct target_thread *thread = target_add_thread(target, status.pr_pid);
#if defined(__x86_64__)
    struct user_regs_struct registers;
    memcpy(&registers, &status.pr_reg, sizeof(registers));
    thread->thread_pointer = registers.fs_base;
#elif defined(__riscv)
    thread->thread_pointer = status.pr_reg[4];
#endif
    (void)thread; /* on aarch64, a note of its own has the thread pointer */
}

static void take_info(struct target *target, const unsigned char *data, size_t size)
{
    struct elf_prpsinfo info;
    if (size < sizeof(info))
        return;
    memcpy(&info, data, sizeof(info));
    target->pid = info.pr_pid;
    memcpy(target->name, info.pr_fname, sizeof(info.pr_fname));
}

/* How many files, the size of a page; for each its addresses and its page; and then the names. */
static void take_files(struct target *target, const unsigned char *data, size_t size)
{
    uint64_t head[2], file[3];
    if (size < sizeof(head))
        return;
    memcpy(head, data, sizeof(head));
    if (head[0] > (size - sizeof(head)) / sizeof(file))
        return;
    const char *name = (const char *)data + sizeof(head) + head[0] * sizeof(file);
    const char *end = (const char *)data + size;
    for (uint64_t i = 0; i < head[0] && name < end; i++) {
        size_t length = strnlen(name, (size_t)(end - name));
        if (name + length == end)
            return;
        memcpy(file, data + sizeof(head) + i * sizeof(file), sizeof(file));
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

static void take_notes(struct target *target, struct bytes notes)
{
    struct note note;
    while (next_note(&notes, &note))
        take_note(target, note.type, note.content.data, note.content.size);
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
        take_notes(target, (struct bytes){data, read_some(target->memory, data, header->p_filesz,
                                                          header->p_offset)});
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
                                   (target->segment_count + 1) * sizeof(*target->segments));
    target->segments[target->segment_count++] = (struct target_segment){
        .start = header->p_vaddr, .size = header->p_filesz, .offset = header->p_offset};
}

/* With more than 65,534 segments, the first section's header has their number. */
static uint64_t count_of_segments(struct target *target, const Elf64_Ehdr *elf)
{
    Elf64_Shdr section = {0};
    if (elf->e_phnum == PN_XNUM)
        read_some(target->memory, &section, sizeof(section), elf->e_shoff);
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
    return elf64_begins(elf) && elf->e_type == ET_CORE && elf->e_machine == machine;
}

static void set_folder(struct target *target, const char *path)
{
    const char *end = strrchr(path, '/');
    target->folder = end ? need_copy(path, (size_t)(end - path)) : need_copy(".", 1);
}

lg_error *target_open_core(struct target *target, const char *path)
{
    Elf64_Ehdr elf;
    *target = (struct target){.is_core = true};
    target->memory = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (target->memory < 0)
        return errno == ENOENT
                   ? lg_error_newf("there is no core file %s (to inspect a process that "
                                   "runs, give its number: pidof NAME)",
                                   path)
                   : lg_error_new_errno("open %s", path);
    set_folder(target, path);
    if (read_some(target->memory, &elf, sizeof(elf), 0) != sizeof(elf) ||
        !is_core_of_this_machine(&elf))
        return lg_error_newf("%s: neither the number of a process nor a core file of this machine",
                             path);
    uint64_t count = count_of_segments(target, &elf);
    for (uint64_t i = 0; i < count; i++) {
        Elf64_Phdr header;
        if (read_some(target->memory, &header, sizeof(header), elf.e_phoff + i * sizeof(header)) !=
            sizeof(header))
            return lg_error_newf("%s: the core file is cut off", path);
        if (header.p_type == PT_LOAD && header.p_filesz > 0)
            add_segment(target, &header);
        lg_error *err = header.p_type == PT_NOTE ? read_notes(target, &header, path) : NULL;
        if (err)
            return err;
    }
    return NULL;
}
