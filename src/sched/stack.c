#define _GNU_SOURCE
#include "sched/stack.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "closers/own_fd.h"
#include "sched/instrument.h"

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif
#ifndef SYS_process_madvise
#define SYS_process_madvise 440
#endif
#ifndef PIDFD_SELF
#define PIDFD_SELF (-10000)
#endif

/* A mapping, cut into stacks of one class. Slabs are never unmapped, so one may look at them without a lock. */
struct lgi_slab {
    struct lgi_slab *next;
    struct lgi_slab *next_with_free; /* of its class */
    uintptr_t first;                 /* the low end of its first stack */
    unsigned class_, count;
    unsigned guarded;      /* that many have their guard page */
    _Atomic unsigned used; /* that many have been taken at least once */
    uint32_t free;         /* one more than the number of a stack that was given back; 0: none */
    uint32_t next_free[];  /* likewise, for each that was given back */
};

static _Atomic(struct lgi_slab *) slabs;

static struct {
    pthread_mutex_t lock;
    struct lgi_slab *newest[LGI_STACK_CLASSES];
    struct lgi_slab *with_free[LGI_STACK_CLASSES];
    size_t page;
    enum { NOT_TRIED, BY_MADVISE, BY_MPROTECT } guards;
} stacks = {.lock = PTHREAD_MUTEX_INITIALIZER};

int lgi_stack_class(size_t size)
{
    /* What instruments a program makes its frames larger. */
    unsigned least = size == 0 ? LGI_STACK_DEFAULT + (lgi_large_frames() ? 2 : 0) : LGI_STACK_LEAST;
    while (least <= LGI_STACK_MOST && (size_t)1 << least < size)
        least++;
    return least <= LGI_STACK_MOST ? (int)least - LGI_STACK_LEAST : -1;
}

/* Is it really a guard? Some emulators accept the advice and do nothing. The kernel reads the page for us: EFAULT
 * says that it may not be touched, and nothing faults. */
static bool is_guard(void *page)
{
    int event = lgi_own_fd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (event < 0)
        return false;
    bool refused = write(event, page, sizeof(uint64_t)) < 0 && errno == EFAULT;
    close(event);
    return refused;
}

static bool guard(void *low)
{
    if (stacks.guards == NOT_TRIED) {
        /* A leak checker reads whole mappings, and knows only the kernel's protection. */
        bool works = !lgi_leaks_are_checked() &&
                     madvise(low, stacks.page, MADV_GUARD_INSTALL) == 0 && is_guard(low);
        stacks.guards = works ? BY_MADVISE : BY_MPROTECT;
    }
    if (stacks.guards == BY_MADVISE && madvise(low, stacks.page, MADV_GUARD_INSTALL) == 0)
        return true;
    return mprotect(low, stacks.page, PROT_NONE) == 0;
}

/* Guards the stacks that will be taken next, some in one call where the kernel allows it: that takes half as long. */
static bool guard_next(struct lgi_slab *slab)
{
    enum { AT_ONCE = 64 };
    size_t size = lgi_stack_size(slab->class_);
    char *low = (char *)(slab->first + slab->guarded * size);
    unsigned count = slab->count - slab->guarded;
    struct iovec pages[AT_ONCE];
    if (count > AT_ONCE)
        count = AT_ONCE;
    /* (Valgrind does not know the call, and says so.) */
    if (stacks.guards == BY_MADVISE && count > 1 && !lgi_in_valgrind()) {
        for (unsigned i = 0; i < count; i++)
            pages[i] = (struct iovec){low + i * size, stacks.page};
        if (syscall(SYS_process_madvise, PIDFD_SELF, pages, (unsigned long)count,
                    MADV_GUARD_INSTALL, 0UL) == (long)(count * stacks.page)) {
            slab->guarded += count;
            return true;
        }
    }
    if (!guard(low))
        return false;
    slab->guarded++;
    return true;
}

/* 8 at first, then more: a million stacks must not take a million mappings. */
static struct lgi_slab *new_slab(unsigned class_)
{
    enum { FIRST = 8, LARGEST_LOG2 = 28 }; /* 256 MB of addresses, or one stack */
    size_t size = lgi_stack_size(class_);
    size_t count = stacks.newest[class_] ? (size_t)stacks.newest[class_]->count * 4 : FIRST;
    if (count > ((size_t)1 << LARGEST_LOG2) / size)
        count = ((size_t)1 << LARGEST_LOG2) / size;
    if (count == 0)
        count = 1;
    struct lgi_slab *slab = malloc(sizeof(*slab) + count * sizeof(slab->next_free[0]));
    if (!slab)
        return NULL;
    /* One more, so that they can be aligned. */
    void *at = mmap(NULL, (count + 1) * size, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED) {
        free(slab);
        return NULL;
    }
    uintptr_t from = (uintptr_t)at, to = from + (count + 1) * size;
    uintptr_t first = (from + size - 1) & ~(size - 1), end = first + count * size;
    if (first > from)
        munmap(at, first - from);
    if (to > end)
        munmap((void *)end, to - end);
    /* A huge page would be one stack's whole. */
    madvise((void *)first, end - first, MADV_NOHUGEPAGE);
    lgi_note_memory((void *)first, end - first);
    slab->first = first;
    slab->class_ = class_;
    slab->count = (unsigned)count;
    atomic_init(&slab->used, 0);
    slab->guarded = 0;
    slab->free = 0;
    slab->next = atomic_load_explicit(&slabs, memory_order_relaxed);
    atomic_store_explicit(&slabs, slab, memory_order_release);
    stacks.newest[class_] = slab;
    return slab;
}

static void *take(unsigned class_)
{
    if (stacks.page == 0)
        stacks.page = (size_t)sysconf(_SC_PAGESIZE);
    struct lgi_slab *given = stacks.with_free[class_];
    if (given) {
        uint32_t number = given->free;
        given->free = given->next_free[number - 1];
        if (given->free == 0)
            stacks.with_free[class_] = given->next_with_free;
        void *high = (void *)(given->first + number * lgi_stack_size(class_));
        lgi_stack_end(high)->slab = given;
        return high;
    }
    size_t size = lgi_stack_size(class_);
    struct lgi_slab *slab = stacks.newest[class_];
    if (!slab || atomic_load_explicit(&slab->used, memory_order_relaxed) == slab->count)
        slab = new_slab(class_);
    if (!slab)
        return NULL;
    unsigned used = atomic_load_explicit(&slab->used, memory_order_relaxed);
    char *low = (char *)(slab->first + used * size);
    if (used == slab->guarded && !guard_next(slab))
        return NULL;
    lgi_note_stack(low, low + size);
    lgi_stack_end(low + size)->slab = slab;
    atomic_store_explicit(&slab->used, used + 1, memory_order_release);
    return low + size;
}

void *lgi_stack_take(unsigned class_)
{
    int errno_value = errno;
    pthread_mutex_lock(&stacks.lock);
    void *high = take(class_);
    pthread_mutex_unlock(&stacks.lock);
    errno = errno_value;
    return high;
}

void lgi_stacks_give(void *first)
{
    int errno_value = errno;
    for (void *high = first, *next; high; high = next) {
        struct lgi_slab *slab = lgi_stack_end(high)->slab;
        size_t size = lgi_stack_size(slab->class_);
        next = lgi_stack_end(high)->next;
        madvise((char *)high - size + stacks.page, size - stacks.page, MADV_DONTNEED);
        uint32_t number = (uint32_t)(((uintptr_t)high - slab->first) / size);
        pthread_mutex_lock(&stacks.lock);
        slab->next_free[number - 1] = slab->free;
        if (slab->free == 0) {
            slab->next_with_free = stacks.with_free[slab->class_];
            stacks.with_free[slab->class_] = slab;
        }
        slab->free = number;
        pthread_mutex_unlock(&stacks.lock);
    }
    errno = errno_value;
}

bool lgi_stack_is_there[LGI_STACK_CLASSES];

bool lgi_stack_make(unsigned class_)
{
    void *high = lgi_stack_take(class_);
    if (!high)
        return false;
    lgi_stack_end(high)->next = NULL;
    lgi_stacks_give(high);
    __atomic_store_n(&lgi_stack_is_there[class_], true, __ATOMIC_RELAXED);
    return true;
}

void *lgi_stack_around(uintptr_t address, bool *in_guard)
{
    for (struct lgi_slab *slab = atomic_load_explicit(&slabs, memory_order_acquire); slab;
         slab = slab->next) {
        size_t size = lgi_stack_size(slab->class_);
        if (address < slab->first || address >= slab->first + slab->count * size)
            continue;
        uintptr_t low = address & ~(size - 1);
        *in_guard = address < low + stacks.page;
        return (void *)(low + size);
    }
    return NULL;
}

void lgi_stacks_visit(void (*visit)(void *high, void *data), void *data)
{
    for (struct lgi_slab *slab = atomic_load_explicit(&slabs, memory_order_acquire); slab;
         slab = slab->next) {
        size_t size = lgi_stack_size(slab->class_);
        unsigned used = atomic_load_explicit(&slab->used, memory_order_acquire);
        for (unsigned i = 0; i < used; i++)
            visit((void *)(slab->first + (i + 1) * size), data);
    }
}
