/* Preloaded into a program: takes the place of the C library's allocator, for the program and all of its
 * libraries. From the beginning of main on, allocations are counted and one of them fails (or it and all
 * later ones). No block is used again, so that every wrong free is noticed; what is in a block before
 * it was written, or after it was freed, is rubbish. */
#define _GNU_SOURCE
#include "observed.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <lifoguard/defer.h>

/* NOLINTBEGIN(bugprone-reserved-identifier,misc-use-internal-linkage): glibc's names. */
void *__libc_malloc(size_t size);
void *__libc_memalign(size_t alignment, size_t size);
typedef int main_function(int argc, char **argv, char **environment);
int __libc_start_main(main_function *main, int argc, char **argv, void (*init)(void),
                      void (*fini)(void), void (*rtld_fini)(void), void *stack_end);
/* NOLINTEND(bugprone-reserved-identifier,misc-use-internal-linkage) */

/* Not there if the program has the library in itself. */
#pragma weak lg_pending_visit

enum { BLOCKS = 1 << 16, DESCRIPTORS = 256, NEW_BYTE = 0xA5, FREED_BYTE = 0xDD };

static struct block {
    char *start; /* NULL: the entry is unused */
    size_t size;
    const void *site;
    bool counted, old, freed;
} blocks[BLOCKS];

static struct observed before_main, *observed = &before_main;
static bool counting;
static long fails_at, and_all_after;
static bool was_open[DESCRIPTORS];
static atomic_flag locked = ATOMIC_FLAG_INIT;

/* The thread is in a call that may allocate, but cannot lose anything: if the process ends meanwhile, that is no leak. (Found
 * without a call of the linker, whose lock a thread that allocates may hold.) */
static _Thread_local bool passing __attribute__((tls_model("initial-exec")));

/* While it is held, the linker must not be asked for anything: dlopen allocates under the linker's own lock. */
static void lock(void)
{
    while (atomic_flag_test_and_set(&locked))
        ;
}

static void unlock(void)
{
    atomic_flag_clear(&locked);
}

static void name_site(const void *site, char *name, size_t size)
{
    Dl_info info;
    if (!dladdr(site, &info) || !info.dli_fname) {
        snprintf(name, size, "?");
        return;
    }
    const char *slash = strrchr(info.dli_fname, '/');
    snprintf(name, size, "%s+%#zx%s%s", slash ? slash + 1 : info.dli_fname,
             (size_t)((uintptr_t)site - (uintptr_t)info.dli_fbase), info.dli_sname ? " " : "",
             info.dli_sname ? info.dli_sname : "");
}

/* ---- the allocator ---- */

/* The block's entry, or the unused one where it belongs. */
static struct block *find(const void *start)
{
    size_t i = ((uintptr_t)start >> 4) * 2654435761U % BLOCKS;
    for (size_t tried = 0; blocks[i].start && blocks[i].start != start; tried++) {
        if (tried == BLOCKS)
            abort(); /* the table is full: make it larger */
        i = (i + 1) % BLOCKS;
    }
    return &blocks[i];
}

/* `first` is set to whether it is the first that fails. */
static bool must_fail(bool *first)
{
    if (!counting)
        return false;
    long number = ++observed->made;
    bool fails = fails_at && (and_all_after ? number >= fails_at : number == fails_at);
    *first = fails && observed->failed++ == 0;
    return fails;
}

static void *allocate(size_t alignment, size_t size, int byte, const void *site)
{
    bool first = false;
    lock();
    void *start = NULL;
    if (!must_fail(&first))
        start = alignment ? __libc_memalign(alignment, size) : __libc_malloc(size);
    if (start) {
        memset(start, byte, size);
        *find(start) =
            (struct block){start, size, site, counting && !passing, observed->failed == 0, false};
    }
    unlock();
    if (first)
        name_site(site, observed->failed_at, sizeof(observed->failed_at));
    if (!start)
        errno = ENOMEM;
    return start;
}

/* A live block's entry, or NULL: then the program went wrong, and note_bad says where. */
static struct block *find_live(const void *start)
{
    struct block *block = find(start);
    if (block->start && !block->freed)
        return block;
    if (block->freed)
        observed->twice++;
    else
        observed->unknown++;
    return NULL;
}

static void note_bad(const void *site)
{
    name_site(site, observed->bad_at, sizeof(observed->bad_at));
}

static void release(void *start, const void *site)
{
    if (!start)
        return;
    lock();
    struct block *block = find_live(start);
    if (block) {
        memset(block->start, FREED_BYTE, block->size);
        block->freed = true;
    }
    unlock();
    if (!block)
        note_bad(site);
}

#define SITE __builtin_return_address(0)

void *malloc(size_t size)
{
    return allocate(0, size, NEW_BYTE, SITE);
}

void *calloc(size_t count, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(count, size, &total))
        total = SIZE_MAX;
    return allocate(0, total, 0, SITE);
}

/* Moves always. */
void *realloc(void *old, size_t size)
{
    void *moved = allocate(0, size, NEW_BYTE, SITE);
    if (moved && old) {
        lock();
        const struct block *block = find_live(old);
        size_t kept = block ? block->size : 0;
        unlock();
        if (!block)
            note_bad(SITE);
        memcpy(moved, old, kept < size ? kept : size);
        release(old, SITE);
    }
    return moved;
}

void *memalign(size_t alignment, size_t size)
{
    return allocate(alignment, size, NEW_BYTE, SITE);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return allocate(alignment, size, NEW_BYTE, SITE);
}

int posix_memalign(void **result, size_t alignment, size_t size)
{
    int saved = errno;
    void *start = allocate(alignment, size, NEW_BYTE, SITE);
    errno = saved;
    if (!start)
        return ENOMEM;
    *result = start;
    return 0;
}

void free(void *start)
{
    release(start, SITE);
}

/* A worker that begins asks where its stack is. */
int pthread_getattr_np(pthread_t thread, pthread_attr_t *attributes)
{
    /* NOLINTNEXTLINE(readability-redundant-parentheses): __typeof__ needs them */
    __typeof__(pthread_getattr_np) *real;
    *(void **)&real = dlsym(RTLD_NEXT, "pthread_getattr_np");
    passing = true;
    int failed = real(thread, attributes);
    passing = false;
    return failed;
}

/* ---- the beginning and the end ---- */

static bool is_open(int fd)
{
    return fcntl(fd, F_GETFD) != -1;
}

/* Another thread is looking at the process: whether it is deadlocked, say. */
static bool somebody_looks(void)
{
    for (int i = 0; i < DESCRIPTORS; i++) {
        char entry[32], target[16];
        snprintf(entry, sizeof(entry), "/proc/self/fd/%d", i);
        if (!was_open[i] && readlink(entry, target, sizeof(target)) > 6 &&
            memcmp(target, "/proc/", 6) == 0)
            return true;
    }
    return false;
}

static void read_name(const char *thread, char name[32])
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/self/task/%.20s/comm", thread);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd >= 0 ? read(fd, name, 31) : 0;
    name[length > 0 ? length : 0] = '\0';
    if (fd >= 0)
        close(fd);
}

/* A thread that calls the stops of a shutdown is detached, and holds the shutdown a moment longer than lg_shutdown_close.
 * Before the thread has named itself, it has the name of the thread that has made it: main, or the shutdown's own. */
static bool is_ending(const char *thread)
{
    char mine[32], main[16], mains[32];
    snprintf(main, sizeof(main), "%d", getpid());
    read_name(thread, mine);
    read_name(main, mains);
    return strcmp(thread, main) != 0 &&
           (strcmp(mine, "lg-stop\n") == 0 || strcmp(mine, "lg-shutdown\n") == 0 ||
            strcmp(mine, mains) == 0);
}

static bool somebody_ends(void)
{
    DIR *list = opendir("/proc/self/task");
    bool found = false;
    for (const struct dirent *entry; list && !found && (entry = readdir(list)) != NULL;)
        found = entry->d_name[0] != '.' && is_ending(entry->d_name);
    if (list)
        closedir(list);
    return found;
}

static void begin(void)
{
    char *at = getenv(OBSERVED_VARIABLE);
    if (!at)
        return;
    int fd = (int)strtol(at, &at, 10);
    fails_at = strtol(at, &at, 10);
    and_all_after = strtol(at, &at, 10);
    void *shared = mmap(NULL, sizeof(*observed), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (shared == MAP_FAILED)
        return; /* the test sees that nothing was started */
    close(fd);
    /* The program's children are not meant. */
    unsetenv(OBSERVED_VARIABLE);
    unsetenv("LD_PRELOAD");
    for (int i = 0; i < DESCRIPTORS; i++)
        was_open[i] = is_open(i);
    observed = shared;
    observed->started = true;
    counting = true;
}

static void note_live(const struct block *block)
{
    char name[sizeof(observed->site[0].name)];
    name_site(block->site, name, sizeof(name));
    int i = 0;
    while (i < observed->sites && strcmp(observed->site[i].name, name) != 0)
        i++;
    if (i == SITES)
        abort();
    if (i == observed->sites)
        strcpy(observed->site[observed->sites++].name, name);
    observed->site[i].blocks++;
    observed->site[i].old_blocks += block->old;
}

static void end(void)
{
    static _Atomic pid_t
        by; /* the thread that came first: another one must not end the process before it is done */
    pid_t nobody = 0, me = gettid();
    if (!observed->started)
        return;
    if (!atomic_compare_exchange_strong(&by, &nobody, me)) {
        while (nobody != me && !observed->ended)
            usleep(100);
        return;
    }
    counting = false;
    for (int tries = 0; (somebody_looks() || somebody_ends()) && tries < 10000; tries++)
        usleep(1000); /* what it has in use for that is not left */
    struct stat tasks;
    observed->threads = stat("/proc/self/task", &tasks) == 0 && tasks.st_nlink > 2 + 1;
    for (size_t i = 0; i < BLOCKS; i++) {
        if (blocks[i].start && blocks[i].counted && !blocks[i].freed)
            note_live(&blocks[i]);
    }
    for (int i = 0; i < DESCRIPTORS; i++) {
        struct stat status;
        bool opened = is_open(i) && !was_open[i];
        observed->descriptors += is_open(i) - was_open[i];
        observed->regular_files += opened && fstat(i, &status) == 0 && S_ISREG(status.st_mode);
    }
    observed->ended = true;
}

__attribute__((destructor)) static void end_with_exit(void)
{
    end();
}

/* So ends the report of a panic that nobody recovers. */
void(_exit)(int status) /* not the macro that it is when coverage is measured */
{
    end();
    for (;;)
        syscall(SYS_exit_group, status);
}

static bool count_call(const lg_pending_call *call, void *count)
{
    (void)call;
    ++*(int *)count;
    return true;
}

static main_function *programs_main;

static int counted_main(int argc, char **argv, char **environment)
{
    begin();
    int status = programs_main(argc, argv, environment);
    bool was_counting = counting;
    counting = false; /* glibc allocates to find the stack's bounds */
    if (lg_pending_visit)
        lg_pending_visit(count_call, &observed->pending);
    counting = was_counting;
    return status;
}

int __libc_start_main(main_function *main, int argc, char **argv, void (*init)(void),
                      void (*fini)(void), void (*rtld_fini)(void), void *stack_end)
{
    /* NOLINTNEXTLINE(readability-redundant-parentheses): __typeof__ needs them */
    __typeof__(__libc_start_main) *start;
    *(void **)&start = dlsym(RTLD_NEXT, "__libc_start_main");
    programs_main = main;
    return start(counted_main, argc, argv, init, fini, rtld_fini, stack_end);
}
