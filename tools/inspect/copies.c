#include "copies.h"
#include "buffer.h"
#include "elf64.h"

#include <lifoguard/defer.h>
#include <stdlib.h>
#include <string.h>

struct module {
    struct target *target;
    const char *path;
    uint64_t base; /* where its first byte is */
    uint64_t bias; /* what is added to the addresses in its file */
    struct copy found;
    bool has_defer;
    uint32_t unknown; /* the version of a table that is not known; 0: none */
};

/* The members that this reader knows and the process has; the others stay 0. */
static bool read_table(struct module *module, uint64_t at, void *table, size_t size)
{
    uint32_t version = target_number(module->target, at, sizeof(uint32_t));
    uint32_t has = target_number(module->target, at + sizeof(uint32_t), sizeof(uint32_t));
    if (version != LGI_LAYOUT_VERSION) {
        module->unknown = version;
        return false;
    }
    return target_read(module->target, at, table, has < size ? has : size);
}

static void take_note(struct module *module, uint32_t type, uint64_t at)
{
    int32_t distance = (int32_t)target_number(module->target, at, sizeof(uint32_t));
    uint64_t table = at + (uint64_t)(int64_t)distance;
    struct copy *found = &module->found;
    /* A constructor writes where the thread-local words are: a process that has hardly begun has no calls yet. */
    if (type == LGI_LAYOUT_DEFER)
        module->has_defer = read_table(module, table, &found->defer,
                                       sizeof(found->defer)) &&
                            found->defer.top != 0;
    if (type == LGI_LAYOUT_GOROUTINES)
        found->has_goroutines = read_table(module, table, &found->goroutines,
                                           sizeof(found->goroutines)) &&
                                found->goroutines.current != 0;
    if (type == LGI_LAYOUT_SHUTDOWNS)
        found->has_shutdowns = read_table(module, table, &found->shutdowns,
                                          sizeof(found->shutdowns));
}

/* Its notes from `at` to `end`. */
static void take_notes(struct module *module, uint64_t at, uint64_t end)
{
    char owner[sizeof(LGI_LAYOUT_OWNER)];
    Elf64_Nhdr note;
    enum { MOST = 1 << 20 };
    const uint64_t begin = at;
    while (at < end && end - at >= sizeof(note) && at - begin < MOST &&
           target_read(module->target, at, &note, sizeof(note))) {
        uint64_t name = at + sizeof(note), content = name + elf64_note_room(note.n_namesz);
        if (note.n_namesz == sizeof(owner) && note.n_descsz == sizeof(uint32_t) &&
            target_read(module->target, name, owner, sizeof(owner)) &&
            memcmp(owner, LGI_LAYOUT_OWNER, sizeof(owner)) == 0)
            take_note(module, note.n_type, content);
        at = content + elf64_note_room(note.n_descsz);
    }
}

static bool read_segment(const struct module *module, const Elf64_Ehdr *elf, unsigned number,
                         Elf64_Phdr *segment)
{
    return target_read(module->target, module->base + elf->e_phoff + number * sizeof(*segment),
                       segment, sizeof(*segment));
}

static void read_symbols(struct module *module, const Elf64_Ehdr *elf)
{
    Elf64_Phdr segment;
    bool has_bias = false;
    for (unsigned i = 0; i < elf->e_phnum && read_segment(module, elf, i, &segment); i++) {
        if (segment.p_type != PT_LOAD || has_bias)
            continue;
        module->bias = module->base - (segment.p_vaddr - segment.p_offset);
        has_bias = true;
    }
    for (unsigned i = 0; has_bias && i < elf->e_phnum && read_segment(module, elf, i, &segment);
         i++) {
        uint64_t start = module->bias + segment.p_vaddr;
        if (segment.p_type == PT_NOTE)
            take_notes(module, start, start + segment.p_memsz);
    }
}

/* The memory of a device is not touched: to read it may change the device. */
static bool may_be_program(const struct target_mapping *mapping)
{
    static const char devices[] = "/dev/", files[] = "/dev/shm/";
    return mapping->offset == 0 && mapping->path[0] == '/' &&
           (strncmp(mapping->path, devices, sizeof(devices) - 1) != 0 ||
            strncmp(mapping->path, files, sizeof(files) - 1) == 0);
}

static bool is_program(const Elf64_Ehdr *elf)
{
    return elf64_begins(elf) && elf->e_phentsize == sizeof(Elf64_Phdr);
}

static void add(struct copies *copies, const struct copy *found)
{
    copies->copy = need_memory(copies->copy, (copies->count + 1) * sizeof(*copies->copy));
    copies->copy[copies->count++] = *found;
}

lg_error *copies_find(struct target *target, struct copies *copies)
{
    uint32_t unknown = 0;
    *copies = (struct copies){0};
    for (size_t i = 0; i < target->mapping_count; i++) {
        const struct target_mapping *mapping = &target->mappings[i];
        struct module module = {.target = target, .path = mapping->path, .base = mapping->start};
        Elf64_Ehdr elf;
        if (!may_be_program(mapping) || !target_read(target, mapping->start, &elf, sizeof(elf)) ||
            !is_program(&elf))
            continue;
        module.found.path = mapping->path;
        read_symbols(&module, &elf);
        if (module.has_defer)
            add(copies, &module.found);
        if (module.unknown)
            unknown = module.unknown;
    }
    if (copies->count > 0) {
        return NULL;
    }
    if (unknown)
        return lg_error_newf(
            "its Lifoguard is of another version (its tables have version %u): use "
            "the program lifoguard of that version",
            unknown);
    const char *missing = target_missing_file(target, &(size_t){0});
    if (missing)
        return lg_error_newf("%s is not there any more, or was built again: put the file that the "
                             "process had beside the core file",
                             missing);
    if (target->is_cut_off)
        return lg_error_new("the core file is cut off, and no Lifoguard is in what is left of it");
    return lg_error_new(
        "no Lifoguard is in it, or an old version that cannot be read from outside");
}

void copies_free(struct copies *copies)
{
    free(copies->copy);
    *copies = (struct copies){0};
}
