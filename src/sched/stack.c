#define _GNU_SOURCE
#include "sched/stack.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "closers/own_fd.h"
#include "error/keep_errno.h"
#include "sched/identity.h"
#include "sched/instrument.h"
#include "sched/slab.h"

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif
#ifndef SYS_process_madvise
#define SYS_process_madvise 440
#endif
#ifndef PIDFD_SELF
#define PIDFD_SELF (-10000)
#endif

_Atomic(struct lgi_slab *) lgi_slabs;

static struct {
    pthread_mutex_t lock;
    struct lgi_slab *newest[LGI_STACK_CLASSES];
    struct lgi_slab *with_free[LGI_STACK_CLASSES];
    size_t apart[LGI_STACK_CLASSES]; /* how many there are, or may be */
    size_t count[LGI_STACK_CLASSES]; /* of all */
    size_t page;
    uint32_t places;
    enum lgi_guarding { NOT_TRIED, BY_MADVISE, BY_MPROTECT } guards; /* atomic */
} stacks = {.lock = PTHREAD_MUTEX_INITIALIZER};

void lgi_stacks_lock(void)
{
    pthread_mutex_lock(&stacks.lock);
}

void lgi_stacks_unlock(void)
{
    pthread_mutex_unlock(&stacks.lock);
}

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
    int event[2];
    if (lgi_own_event(event) != 0)
        return false;
    bool refused = write(event[1], page, sizeof(uint64_t)) < 0 && errno == EFAULT;
    lgi_close_event(event);
    return refused;
}

static size_t guard_size(const struct lgi_slab *slab)
{
    return slab->slot - lgi_stack_size(slab->class_);
}

/* How guards are made here; the first caller finds out by making one at `low`. */
static enum lgi_guarding way_of_guarding(void *low, size_t size)
{
    enum lgi_guarding way = __atomic_load_n(&stacks.guards, __ATOMIC_RELAXED);
    if (way != NOT_TRIED)
        return way;
    /* A leak checker reads whole mappings, and knows only the kernel's protection. */
    bool works = !lgi_leaks_are_checked() && madvise(low, size, MADV_GUARD_INSTALL) == 0 &&
                 is_guard(low);
    way = works ? BY_MADVISE : BY_MPROTECT;
    __atomic_store_n(&stacks.guards, way, __ATOMIC_RELAXED);
    return way;
}

static bool guard(void *low, size_t size)
{
    if (way_of_guarding(low, size) == BY_MADVISE && madvise(low, size, MADV_GUARD_INSTALL) == 0)
        return true;
    return mprotect(low, size, PROT_NONE) == 0;
}

enum { RESERVED_AT_ONCE = 64 };

/* Guards all stacks of the reserve in one call, where the kernel allows it: that takes half as long. */
static bool guard_all(struct lgi_stack_reserve *reserve)
{
    const struct lgi_slab *slab = reserve->slab;
    struct iovec guards[RESERVED_AT_ONCE];
    unsigned count = reserve->end - reserve->guarded;
    size_t size = guard_size(slab);
    /* (Valgrind does not know the call, and says so.) */
    if (__atomic_load_n(&stacks.guards, __ATOMIC_RELAXED) != BY_MADVISE || count == 1 ||
        lgi_in_valgrind())
        return false;
    for (unsigned i = 0; i < count; i++) {
        char *low = (char *)(slab->first + (reserve->guarded + i) * slab->slot);
        guards[i] = (struct iovec){low, size};
    }
    if (syscall(SYS_process_madvise, PIDFD_SELF, guards, (unsigned long)count, MADV_GUARD_INSTALL,
                0UL) != (long)(count * size))
        return false;
    reserve->guarded = reserve->end;
    return true;
}

/* Guards the next stack of the reserve, at least. */
static bool guard_next(struct lgi_stack_reserve *reserve)
{
    const struct lgi_slab *slab = reserve->slab;
    if (guard_all(reserve))
        return true;
    if (!guard((char *)(slab->first + reserve->guarded * slab->slot), guard_size(slab)))
        return false;
    reserve->guarded++;
    return true;
}

static struct lgi_slab *map_slab(unsigned class_, size_t count, size_t guard, bool apart)
{
    size_t slot = lgi_stack_size(class_) + guard;
    if (count > LGI_PLACES_OF_THREADS - stacks.places)
        return NULL;
    size_t links = (sizeof(struct lgi_slab) + count * sizeof(uint32_t) + 7) & ~(size_t)7;
    struct lgi_slab *slab = malloc(links + count * sizeof(uint64_t));
    if (!slab)
        return NULL;
    void *at = mmap(NULL, count * slot, apart ? PROT_NONE : PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED) {
        free(slab);
        return NULL;
    }
    /* A huge page would be one stack's whole. */
    madvise(at, count * slot, MADV_NOHUGEPAGE);
    lgi_note_memory(at, count * slot);
    *slab = (struct lgi_slab){.first = (uintptr_t)at,
                              .class_ = class_,
                              .count = (unsigned)count,
                              .slot = slot,
                              .apart = apart,
                              .place = stacks.places,
                              .identity = (uint64_t *)((uintptr_t)slab + links)};
    stacks.places += (uint32_t)count;
    stacks.count[class_] += count;
    slab->next = atomic_load_explicit(&lgi_slabs, memory_order_relaxed);
    atomic_store_explicit(&lgi_slabs, slab, memory_order_release);
    stacks.newest[class_] = slab;
    return slab;
}

/* `count` stacks, or fewer if there are no addresses for so many. */
static struct lgi_slab *map_some(unsigned class_, size_t count, size_t guard, bool apart)
{
    enum { LARGEST_LOG2 = 28 }; /* 256 MB of addresses, or one stack */
    size_t most = ((size_t)1 << LARGEST_LOG2) / (lgi_stack_size(class_) + guard);
    struct lgi_slab *slab = NULL;
    if (count > most)
        count = most > 0 ? most : 1;
    for (; !slab && count > 0; count /= 2)
        slab = map_slab(class_, count, guard, apart);
    return slab;
}

/* Of addresses; SIZE_MAX: none. */
static size_t address_limit(void)
{
    struct rlimit limit;
    return getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur < SIZE_MAX ? limit.rlim_cur
                                                                          : SIZE_MAX;
}

/* Some of those that may still lie apart. Of a limit, they take a small part. */
static struct lgi_slab *map_apart(unsigned class_, size_t count, size_t limit)
{
    enum { MOST = 4096, PART = 16 };
    size_t most = limit / PART / (lgi_stack_size(class_) + LGI_STACK_GUARD);
    if (most > MOST)
        most = MOST;
    if (stacks.apart[class_] >= most)
        return NULL;
    most -= stacks.apart[class_];
    struct lgi_slab *slab = map_some(class_, count < most ? count : most, LGI_STACK_GUARD, true);
    if (slab)
        stacks.apart[class_] += slab->count;
    return slab;
}

/* For the next stacks, of those that do not lie apart. */
static size_t marked_guard(unsigned class_)
{
    return stacks.count[class_] < LGI_STACKS_MANY ? LGI_STACK_NEAR_GUARD : LGI_STACK_LEAST_GUARD;
}

/* 8 at first, then more: a million stacks must not take a million mappings. Where addresses are scarce (RLIMIT_AS) fewer
 * at a time, and with the least guard. */
static struct lgi_slab *new_slab(unsigned class_, bool apart)
{
    enum { FIRST = 8 };
    const struct lgi_slab *before = stacks.newest[class_];
    size_t count = before ? (size_t)before->count * 4 : FIRST, limit = address_limit();
    struct lgi_slab *slab = apart ? map_apart(class_, count, limit) : NULL;
    if (!slab && limit == SIZE_MAX)
        slab = map_some(class_, count, marked_guard(class_), false);
    return slab ? slab : map_some(class_, count, stacks.page, false);
}

/* Makes the slab's next stack accessible, if the slab's stacks lie apart. */
static bool open_next(struct lgi_slab *slab)
{
    if (!slab->apart)
        return true;
    unsigned used = atomic_load_explicit(&slab->used, memory_order_relaxed);
    size_t size = lgi_stack_size(slab->class_);
    char *high = (char *)(slab->first + (used + 1) * slab->slot);
    return mprotect(high - size, size, PROT_READ | PROT_WRITE) == 0;
}

static bool is_full(const struct lgi_slab *slab)
{
    return atomic_load_explicit(&slab->used, memory_order_relaxed) == slab->count;
}

/* The slab from which the next new stack is to come; NULL: out of memory. */
static struct lgi_slab *slab_with_next(unsigned class_)
{
    struct lgi_slab *slab = stacks.newest[class_];
    if (!slab || is_full(slab))
        slab = new_slab(class_, true);
    if (slab && !open_next(slab)) {
        /* Too many mappings, perhaps. Without them, then. */
        slab = new_slab(class_, false);
    }
    return slab;
}

/* A stack that was just taken. */
struct taken {
    char *high; /* NULL: out of memory */
    struct lgi_slab *slab;
    uint64_t identity;
};

static struct taken take_given(struct lgi_slab *slab)
{
    uint32_t number = slab->free;
    slab->free = slab->next_free[number - 1];
    if (slab->free == 0)
        stacks.with_free[slab->class_] = slab->next_with_free;
    return (struct taken){(char *)(slab->first + number * slab->slot), slab,
                          slab->identity[number - 1]};
}

/* The stack with that number, from 0, for the first time. */
static struct taken first_use(struct lgi_slab *slab, unsigned number)
{
    char *high = (char *)(slab->first + (number + 1) * slab->slot);
    lgi_note_stack(high - lgi_stack_size(slab->class_), high);
    return (struct taken){high, slab, lgi_identity_none(slab->place + number)};
}

/* Some of the slab's next stacks, but only a small part of a small slab: there may be no addresses for another slab, and
 * other workers need stacks too. */
static void reserve_some(struct lgi_stack_reserve *reserve, struct lgi_slab *slab, unsigned most)
{
    enum { PART = 16 };
    unsigned used = atomic_load_explicit(&slab->used, memory_order_relaxed);
    unsigned count = slab->apart ? 1 : slab->count / PART;
    if (count > most)
        count = most;
    if (count > slab->count - used)
        count = slab->count - used;
    if (count == 0)
        count = 1;
    *reserve = (struct lgi_stack_reserve){slab, used, used, used + count};
    if (slab->apart)
        reserve->guarded = reserve->end;
    atomic_store_explicit(&slab->used, used + count, memory_order_release);
}

/* Under the lock: a stack that was given back, or one for the reserve, which is empty. */
static struct taken take(unsigned class_, struct lgi_stack_reserve *reserve, unsigned most)
{
    if (stacks.page == 0)
        stacks.page = (size_t)sysconf(_SC_PAGESIZE);
    if (stacks.with_free[class_])
        return take_given(stacks.with_free[class_]);
    struct lgi_slab *slab = slab_with_next(class_);
    if (slab)
        reserve_some(reserve, slab, most);
    return (struct taken){0};
}

static bool is_empty(const struct lgi_stack_reserve *reserve)
{
    return reserve->next == reserve->end;
}

static struct taken take_reserved(struct lgi_stack_reserve *reserve)
{
    if (is_empty(reserve) || (reserve->next == reserve->guarded && !guard_next(reserve)))
        return (struct taken){0};
    return first_use(reserve->slab, reserve->next++);
}

/* For a reserve that is left with stacks without a guard: the kernel has no mappings for guards, perhaps. */
static struct taken take_given_back(unsigned class_)
{
    struct taken taken = {0};
    pthread_mutex_lock(&stacks.lock);
    if (stacks.with_free[class_])
        taken = take_given(stacks.with_free[class_]);
    pthread_mutex_unlock(&stacks.lock);
    return taken;
}

static struct taken take_from(unsigned class_, struct lgi_stack_reserve *reserve, unsigned most)
{
    struct taken taken = {0};
    if (is_empty(reserve)) {
        pthread_mutex_lock(&stacks.lock);
        taken = take(class_, reserve, most);
        pthread_mutex_unlock(&stacks.lock);
    }
    if (!taken.high)
        taken = take_reserved(reserve);
    return taken.high ? taken : take_given_back(class_);
}

/* For a single stack. One that gets no guard stays with its slab. */
static struct taken take_single(unsigned class_)
{
    struct lgi_stack_reserve single = {0};
    struct taken taken = take_from(class_, &single, 1);
    if (is_empty(&single))
        return taken;
    pthread_mutex_lock(&stacks.lock);
    if (atomic_load_explicit(&single.slab->used, memory_order_relaxed) == single.end)
        atomic_store_explicit(&single.slab->used, single.next, memory_order_relaxed);
    pthread_mutex_unlock(&stacks.lock);
    return taken;
}

/* Without the lock, guards are made, and the stack is written to: the kernel finds memory for that, which takes longer than all
 * that is done here. (Until then the stack reads as one whose goroutine has ended.) */
void *lgi_stack_take(unsigned class_, struct lgi_stack_reserve *reserve)
{
    LGI_KEEP_ERRNO;
    struct taken taken = reserve ? take_from(class_, reserve, RESERVED_AT_ONCE)
                                 : take_single(class_);
    if (taken.high) {
        lgi_stack_end(taken.high)->slab = taken.slab;
        lgi_stack_end(taken.high)->identity = taken.identity;
    }
    return taken.high;
}

/* ---- giving back ---- */

enum { GIVEN_AT_ONCE = 32 };

struct given {
    struct lgi_slab *slab;
    uint32_t number; /* from 1 */
};

/* Gives the memory of stacks back, in one call where the kernel allows it: then the other processors are told once. */
static void give_memory(const struct iovec *memory, unsigned count)
{
    size_t size = 0;
    for (unsigned i = 0; i < count; i++)
        size += memory[i].iov_len;
    if (count > 1 && !lgi_in_valgrind() &&
        syscall(SYS_process_madvise, PIDFD_SELF, memory, (unsigned long)count, MADV_DONTNEED,
                0UL) == (long)size)
        return;
    for (unsigned i = 0; i < count; i++)
        madvise(memory[i].iov_base, memory[i].iov_len, MADV_DONTNEED);
}

static void put_free(const struct given *given)
{
    struct lgi_slab *slab = given->slab;
    slab->next_free[given->number - 1] = slab->free;
    if (slab->free == 0) {
        slab->next_with_free = stacks.with_free[slab->class_];
        stacks.with_free[slab->class_] = slab;
    }
    slab->free = given->number;
}

/* Takes what has to outlast the stack's memory. */
static struct given remember(void *high)
{
    struct lgi_slab *slab = lgi_stack_end(high)->slab;
    uint32_t number = (uint32_t)(((uintptr_t)high - slab->first) / slab->slot);
    slab->identity[number - 1] = lgi_stack_end(high)->identity;
    return (struct given){slab, number};
}

void lgi_stacks_give(void *first)
{
    LGI_KEEP_ERRNO;
    struct given given[GIVEN_AT_ONCE];
    struct iovec memory[GIVEN_AT_ONCE];
    while (first) {
        unsigned count = 0;
        for (; first && count < GIVEN_AT_ONCE; count++) {
            char *high = first;
            given[count] = remember(high);
            size_t size = lgi_stack_size(given[count].slab->class_);
            memory[count] = (struct iovec){high - size, size};
            first = lgi_stack_end(high)->next;
        }
        give_memory(memory, count);
        pthread_mutex_lock(&stacks.lock);
        for (unsigned i = 0; i < count; i++)
            put_free(&given[i]);
        pthread_mutex_unlock(&stacks.lock);
    }
}

bool lgi_stack_is_there[LGI_STACK_CLASSES];

bool lgi_stack_make(unsigned class_)
{
    void *high = lgi_stack_take(class_, NULL);
    if (!high)
        return false;
    lgi_stack_end(high)->next = NULL;
    lgi_stacks_give(high);
    __atomic_store_n(&lgi_stack_is_there[class_], true, __ATOMIC_RELAXED);
    return true;
}

/* NULL if the address is in none. */
static const struct lgi_slab *slab_around(uintptr_t address)
{
    const struct lgi_slab *slab = atomic_load_explicit(&lgi_slabs, memory_order_acquire);
    while (slab && (address < slab->first || address >= slab->first + slab->count * slab->slot))
        slab = slab->next;
    return slab;
}

void *lgi_stack_around(uintptr_t address, bool *in_guard)
{
    const struct lgi_slab *slab = slab_around(address);
    if (!slab)
        return NULL;
    uintptr_t low = address - (address - slab->first) % slab->slot;
    *in_guard = address < low + guard_size(slab);
    return (void *)(low + slab->slot);
}

size_t lgi_stack_guard(uintptr_t low)
{
    const struct lgi_slab *slab = slab_around(low);
    return slab ? guard_size(slab) : 0;
}

void *lgi_stack_in_place(uint32_t place)
{
    const struct lgi_slab *slab = atomic_load_explicit(&lgi_slabs, memory_order_acquire);
    while (slab && (place < slab->place || place - slab->place >= slab->count))
        slab = slab->next;
    if (!slab || place - slab->place >= atomic_load_explicit(&slab->used, memory_order_acquire))
        return NULL;
    return (void *)(slab->first + (place - slab->place + 1) * slab->slot);
}

void lgi_stacks_visit(void (*visit)(void *high, void *data), void *data)
{
    for (struct lgi_slab *slab = atomic_load_explicit(&lgi_slabs, memory_order_acquire); slab;
         slab = slab->next) {
        unsigned used = atomic_load_explicit(&slab->used, memory_order_acquire);
        for (unsigned i = 0; i < used; i++)
            visit((void *)(slab->first + (i + 1) * slab->slot), data);
    }
}
