/* A process to be read: one that lives, and stands still meanwhile, or one that a core file has kept. */
#ifndef LIFOGUARD_INSPECT_TARGET_H
#define LIFOGUARD_INSPECT_TARGET_H

#include "buffer.h"

#include <lifoguard/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct target_thread {
    pid_t id;
    char name[16];
    uint64_t thread_pointer;
    int signal; /* of a process that lives: came while the thread was being stopped, and is given back; 0: none */
    bool stopped;
};

/* A descriptor, or one of these. FILE_MISSING: a program or library that is not there any more, or was built again since. */
enum { FILE_NOT_OPENED = -1, FILE_MISSING = -2, FILE_MISSING_DATA = -3 };

struct target_mapping {
    uint64_t start, end, offset;
    char *path; /* "": no file */
    int file;   /* of a core: opened when it is first needed */
};

/* A part of memory that a core file has. */
struct target_segment {
    uint64_t start, size, offset;
};

enum { TARGET_PAGE = 4096, TARGET_PAGES = 1024 };

/* Pages are read once: what is read next often stands beside what was read last. */
struct target_cache {
    uint64_t page[TARGET_PAGES]; /* its number and 1; 0: none */
    unsigned char data[TARGET_PAGES][TARGET_PAGE];
};

struct target {
    pid_t pid;
    char name[64];
    bool is_core;
    int memory;   /* /proc/PID/mem, or the core file */
    char *folder; /* of the core file */
    struct target_thread *threads;
    size_t thread_count;
    size_t refused; /* threads that live and could not be seized */
    struct target_mapping *mappings;
    size_t mapping_count;
    struct target_segment *segments;
    size_t segment_count;
    struct target_cache *cache;
    bool is_cut_off; /* a core file whose end is missing */
};

/* Stops all threads of the process. target_release lets them go on; target_close does so too, and frees what was read.
 * After an error, the target still has to be closed. All three are called by one thread, which then ends: only so are threads
 * let go that the kernel has held, and that stop later. */
lg_error *target_attach(struct target *target, pid_t pid) __attribute__((__warn_unused_result__));
lg_error *target_open_core(struct target *target, const char *path)
    __attribute__((__warn_unused_result__));
void target_release(struct target *target);
void target_close(struct target *target);

/* False: there is no such memory, or not all of it is known. */
bool target_read(struct target *target, uint64_t at, void *to, size_t size);

/* Numbers of 8, 4, 2 and 1 bytes; 0 where nothing can be read. */
uint64_t target_word(struct target *target, uint64_t at);
uint32_t target_number(struct target *target, uint64_t at, size_t size);

/* The next file that was needed and is FILE_MISSING; `*next` is 0 at first. NULL: there is no other. */
const char *target_missing_file(const struct target *target, size_t *next);

/* A string of at most TARGET_TEXT bytes, for the caller to free; NULL: there is none. */
enum { TARGET_TEXT = 4096 };
char *target_text(struct target *target, uint64_t at);

/* The array, with room for one more element than `count`: there is room for a power of two. */
static inline void *grow_array(void *array, size_t count, size_t size)
{
    return (count & (count - 1)) != 0 ? array : need_memory(array, (count ? 2 * count : 1) * size);
}

/* ---- for the two kinds of targets ---- */

struct target_thread *target_add_thread(struct target *target, pid_t id);
void target_add_mapping(struct target *target, uint64_t start, uint64_t end, uint64_t offset,
                        const char *path);
/* How many of `size` bytes could be read. */
size_t target_read_core(struct target *target, uint64_t at, void *to, size_t size);

#endif
