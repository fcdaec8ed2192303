/* Tables by which another process reads this one. `lifoguard inspect` reads the pending calls and the goroutines of a process,
 * or of a core file, from outside: nothing is called in the process. The reader does not know the library's structs, because
 * the process may have another version of the library, or several copies in plugins. So each copy describes itself: a
 * table says where its data are, and how far from a struct's begin each member stands.
 *
 * An ELF note leads to the table. A note is in memory wherever the library's code is: in the shared library, and in a program or
 * a plugin that is linked with the static library, stripped or not. Its owner is "Lifoguard", its type says which table, and
 * its content is the distance, four bytes, from the content to the table.
 *
 * Members are added at the end only, and `size` tells a reader how many there are. A change that a reader of an older table
 * would misread takes a new version; a reader refuses a version that it does not know. */
#ifndef LGI_DEFER_LAYOUT_H
#define LGI_DEFER_LAYOUT_H

#include <stdint.h>

#define LGI_LAYOUT_OWNER "Lifoguard"
#define LGI_LAYOUT_DEFER 1
#define LGI_LAYOUT_GOROUTINES 2
#define LGI_LAYOUT_SHUTDOWNS 3

enum { LGI_LAYOUT_VERSION = 1 };

/* Thread-local words are given by their distance from the thread pointer, which is the same in all threads. */
struct lgi_defer_layout {
    uint32_t version, size;
    int64_t top;      /* thread-local: the newest record, or 0 */
    const char *mark; /* part of the name of each of the library's own sources */
    uint64_t tags;    /* the bits of a record's address that belong to no address */
    uint16_t record_previous, record_site, record_words; /* the words follow the record */
    uint16_t site_text, site_file, site_caller, site_line, site_kind, site_count;
    uint16_t kind_named, kind_scope, kind_head; /* records of other kinds are calls */
    uint16_t named_call;                        /* of a record of kind_named */
    uint16_t call_site, call_words, call_size;  /* a call in a scope; its site is 0: none */
    uint16_t scope_kinds, scope_grown; /* the bit of `kinds` that says that there may be chunks */
    uint16_t scope_chunk, scope_next, scope_first, scope_first_used;
    uint16_t chunk_below, chunk_used, chunk_calls;
};

struct lgi_goroutine_layout {
    uint32_t version, size;
    int64_t
        current; /* thread-local: the goroutine that the thread runs, or the thread as such; 0: none yet */
    int64_t worker;       /* thread-local: the worker whose thread it is; 0: none */
    const void *slabs;    /* the first slab's address stands here */
    const void *injected; /* a run queue */
    uint64_t below_high;  /* how far below the high end of its stack a goroutine stands */
    uint16_t slab_next, slab_first, slab_slot,
        slab_used; /* `used` stacks, each `slot` bytes from the last */
    uint16_t g_state, g_is_main, g_has_deadline, g_waits_for, g_start, g_top, g_sp, g_worker;
    uint16_t state_none, state_ready, state_running, state_waiting;
    uint16_t task_next, task_site, task_name, task_id, task_starter;
    uint16_t queue_first;
    uint16_t worker_number, worker_starts,
        worker_native;  /* the last: the thread's own, where it idles */
    const void *forked; /* a bool: true in a forked child, where the goroutines are the parent's */
    uint64_t
        identity_flags; /* the bits of an identity, where a lock keeps that of its owner, that are the lock's */
    uint16_t g_identity, g_held; /* `held`: where a lock keeps that; 0: it waits for no lock */
};

struct lgi_shutdown_layout {
    uint32_t version, size;
    const void *all; /* the address of a link in the first shutdown stands here */
    uint16_t
        link; /* of a shutdown: where that link is; at it stands the address of the next one's */
    uint16_t nodes, count; /* of a shutdown: the stages, in the order in which they were added */
    uint16_t node_size, node_stage, node_name;
    uint16_t stage_outcome; /* these three have 4 bytes */
    uint16_t outcome_waiting, outcome_stopping;
};

/* Hidden, so that their addresses are constants also in position-independent code. */
extern __attribute__((visibility("hidden"))) struct lgi_defer_layout lgi_defer_layout;
extern __attribute__((visibility("hidden"))) struct lgi_goroutine_layout lgi_goroutine_layout;
extern __attribute__((visibility("hidden"))) struct lgi_shutdown_layout lgi_shutdown_layout;

/* The distance of a thread-local word from the thread pointer. */
static inline int64_t lgi_layout_thread_local(const void *word)
{
    uintptr_t pointer;
#if defined(__x86_64__)
    __asm__("movq %%fs:0, %0" : "=r"(pointer));
#elif defined(__aarch64__)
    __asm__("mrs %0, tpidr_el0" : "=r"(pointer));
#elif defined(__riscv)
    __asm__("mv %0, tp" : "=r"(pointer));
#endif
    return (int64_t)((uintptr_t)word - pointer);
}

/* How an assembler statement takes the address of a hidden symbol, also in position-independent code: the constraint of the operand, and how
 * operand 1 is written without the sign of a constant. */
#if defined(__x86_64__)
#define LGI_LAYOUT_ADDRESS "i"
#define LGI_LAYOUT_OPERAND_1 "%c1"
#else
#define LGI_LAYOUT_ADDRESS "S"
#define LGI_LAYOUT_OPERAND_1 "%1"
#endif

/* Stands in the file of what the table describes, so that a program that has the one has the other. It is in a function, which nobody
 * calls, since the compiler sees what an assembler statement uses only there: link-time optimisation would lose the table. */
#define LGI_LAYOUT_NOTE(type, table)                                                               \
    __attribute__((used, noinline, cold)) static void note_of_##table(void)                        \
    {                                                                                              \
        __asm__ volatile(".pushsection .note.lifoguard, \"a\", %%note\n"                           \
                         ".balign 4\n"                                                             \
                         ".long 10, 4, %c0\n"                                                      \
                         ".asciz \"" LGI_LAYOUT_OWNER "\"\n"                                       \
                         ".balign 4\n"                                                             \
                         ".long " LGI_LAYOUT_OPERAND_1 " - .\n.popsection\n"                       \
                         :                                                                         \
                         : "i"(type), LGI_LAYOUT_ADDRESS(&(table)));                               \
    }                                                                                              \
    _Static_assert(true, "a semicolon follows")

#endif
