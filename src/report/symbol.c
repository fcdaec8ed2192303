#define _GNU_SOURCE
#include "report/symbol.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "defer/pending.h"
#include "defer/pin.h"
#include "error/libc.h"

/* libdw's types and functions, as far as they are used: it is loaded at run time only if it is there, so its
 * headers must not be needed to build. */
typedef struct Dwfl Dwfl;
typedef struct Dwfl_Module Dwfl_Module;
typedef struct Dwfl_Line Dwfl_Line;
typedef struct Dwarf_Die Dwarf_Die;
typedef struct Dwarf_Line Dwarf_Line;
typedef struct {
    void *find_elf;
    void *find_debuginfo;
    void *section_address;
    char **debuginfo_path;
} Dwfl_Callbacks;

static struct {
    Dwfl *dwfl;
    Dwfl_Module *(*addrmodule)(Dwfl *, uint64_t);
    const char *(*addrname)(Dwfl_Module *, uint64_t);
    Dwfl_Line *(*getsrc)(Dwfl_Module *, uint64_t);
    const char *(*lineinfo)(Dwfl_Line *, uint64_t *, int *, int *, uint64_t *, uint64_t *);
    Dwarf_Die *(*nextcu)(Dwfl_Module *, Dwarf_Die *, uint64_t *);
    int (*haspc)(Dwarf_Die *, uint64_t);
    Dwarf_Line *(*getsrc_die)(Dwarf_Die *, uint64_t);
    const char *(*linesrc)(Dwarf_Line *, uint64_t *, uint64_t *);
    int (*lineno)(Dwarf_Line *, int *);
} dw;

/* The debug information of the object itself only: looking for it elsewhere can end on the network. */
static int no_separate_debuginfo(void)
{
    return -1;
}

/* Finds the file of an object. libdw keeps the descriptor: it shall not be inherited by children, nor take the place of a
 * standard stream that is closed. */
static int (*libdw_find_elf)(Dwfl_Module *, void **, const char *, uint64_t, char **, void **);

static int find_elf(Dwfl_Module *module, void **data, const char *name, uint64_t base,
                    char **file_name, void **elf)
{
    int fd = libdw_find_elf(module, data, name, base, file_name, elf);
    if (fd < 0)
        return fd;
    int moved = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (moved < 0)
        return fd;
    close(fd);
    return moved;
}

static bool find(void *library, const char *name, void *function)
{
    void *symbol = dlsym(library, name);
    memcpy(function, &symbol, sizeof(symbol));
    return symbol != NULL;
}

static atomic_bool lacks_libdw;

bool lgi_symbols_lack_libdw(void)
{
    return atomic_exchange(&lacks_libdw, false);
}

static void load(void)
{
    static bool tried;
    static Dwfl_Callbacks callbacks;
    Dwfl *(*begin)(const Dwfl_Callbacks *);
    int (*proc_report)(Dwfl *, pid_t);
    int (*report_end)(Dwfl *, void *, void *);
    int (*find_debuginfo)(void) = no_separate_debuginfo;
    int (*own_find_elf)(Dwfl_Module *, void **, const char *, uint64_t, char **,
                        void **) = find_elf;

    if (tried)
        return;
    tried = true;
    if (!lgi_has_loader())
        return;
    void *library = dlopen("libdw.so.1", RTLD_NOW | RTLD_LOCAL);
    atomic_store(&lacks_libdw, !library);
    if (!library)
        return;
    if (!find(library, "dwfl_begin", &begin) ||
        !find(library, "dwfl_linux_proc_report", &proc_report) ||
        !find(library, "dwfl_report_end", &report_end) ||
        !find(library, "dwfl_linux_proc_find_elf", &libdw_find_elf) ||
        !find(library, "dwfl_addrmodule", &dw.addrmodule) ||
        !find(library, "dwfl_module_addrname", &dw.addrname) ||
        !find(library, "dwfl_module_getsrc", &dw.getsrc) ||
        !find(library, "dwfl_lineinfo", &dw.lineinfo) ||
        !find(library, "dwfl_module_nextcu", &dw.nextcu) ||
        !find(library, "dwarf_haspc", &dw.haspc) ||
        !find(library, "dwarf_getsrc_die", &dw.getsrc_die) ||
        !find(library, "dwarf_linesrc", &dw.linesrc) || !find(library, "dwarf_lineno", &dw.lineno))
        return;
    memcpy(&callbacks.find_elf, &own_find_elf, sizeof(own_find_elf));
    memcpy(&callbacks.find_debuginfo, &find_debuginfo, sizeof(find_debuginfo));
    Dwfl *dwfl = begin(&callbacks);
    if (dwfl && proc_report(dwfl, gettid()) /* main may have ended */ == 0 &&
        report_end(dwfl, NULL, NULL) == 0)
        dw.dwfl = dwfl;
}

static void find_line(Dwfl_Module *module, uint64_t call, struct lgi_symbol *symbol)
{
    Dwfl_Line *line = dw.getsrc(module, call);
    if (line) {
        symbol->file = dw.lineinfo(line, NULL, &symbol->line, NULL, NULL, NULL);
        return;
    }
    /* clang writes no table from addresses to compilation units: look through them all. */
    uint64_t bias;
    for (Dwarf_Die *cu = NULL; (cu = dw.nextcu(module, cu, &bias));) {
        Dwarf_Line *found = dw.haspc(cu, call - bias) > 0 ? dw.getsrc_die(cu, call - bias) : NULL;
        if (found && dw.lineno(found, &symbol->line) == 0) {
            symbol->file = dw.linesrc(found, NULL, NULL);
            return;
        }
    }
}

/* A distribution strips the shared library: only names that it exports are left. */
static bool is_library_file(const char *object)
{
    static const char name[] = "liblifoguard.so";
    const char *slash = object ? strrchr(object, '/') : NULL;
    const char *base = slash ? slash + 1 : object;
    return base && strncmp(base, name, sizeof(name) - 1) == 0;
}

static void resolve(uintptr_t address, struct lgi_symbol *symbol, bool with_lines)
{
    uintptr_t call = address - 1; /* in the call, not behind it */
    Dl_info info;

    memset(symbol, 0, sizeof(*symbol));
    if (dladdr((void *)call, &info)) {
        symbol->object = info.dli_fname;
        symbol->is_own = is_library_file(info.dli_fname);
        symbol->function = info.dli_sname;
        symbol->offset = address - (uintptr_t)(info.dli_sname ? info.dli_saddr : info.dli_fbase);
    }
    if (!with_lines)
        return;
    load();
    if (!dw.dwfl)
        return;
    Dwfl_Module *module = dw.addrmodule(dw.dwfl, call);
    if (!module)
        return;
    const char *name = dw.addrname(module, call); /* knows static functions too */
    if (name) {
        if (!symbol->function || strcmp(symbol->function, name) != 0)
            symbol->offset = 0;
        symbol->function = name;
    }
    find_line(module, call, symbol);
}

struct work {
    const uintptr_t *addresses;
    struct lgi_symbol *symbols;
    size_t count;
};

static void *resolve_all(void *data)
{
    const struct work *work = data;
    for (size_t i = 0; i < work->count; i++)
        resolve(work->addresses[i], &work->symbols[i], true);
    return NULL;
}

/* libdw wants some 200 KB of stack: more than a goroutine has, or a thread where RLIMIT_STACK is low, or code that brought
 * its own stack. */
enum { ENOUGH_STACK = 512 * 1024, OWN_STACK = 1024 * 1024 };

static bool resolve_elsewhere(struct work *work)
{
    pthread_t thread;
    pthread_attr_t attributes;
    size_t usual;
    sigset_t all, before;
    if (pthread_attr_init(&attributes) != 0)
        return false;
    /* (The program's thread-local variables lie there too.) */
    if (pthread_attr_getstacksize(&attributes, &usual) != 0 || usual < OWN_STACK)
        pthread_attr_setstacksize(&attributes, OWN_STACK);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool created = pthread_create(&thread, &attributes, resolve_all, work) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return created && pthread_join(thread, NULL) == 0;
}

/* libdw ends the process where it gets no memory. (Memory that can be written counts for RLIMIT_DATA too.) */
static bool has_memory(void)
{
    enum { ENOUGH_MEMORY = 64 << 20 };
    void *memory = mmap(NULL, ENOUGH_MEMORY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                        -1, 0);
    return memory != MAP_FAILED && munmap(memory, ENOUGH_MEMORY) == 0;
}

static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
static bool
    interrupted; /* what finds lines is as a thread of the parent left it in the midst of its work */

static void in_child(void)
{
    if (pthread_mutex_trylock(&one_at_a_time) == 0) {
        pthread_mutex_unlock(&one_at_a_time);
        return;
    }
    pthread_mutex_init(&one_at_a_time, NULL);
    interrupted = true;
}

__attribute__((constructor)) static void watch_forks(void)
{
    pthread_atfork(NULL, NULL, in_child);
}

void lgi_symbols(const uintptr_t *addresses, struct lgi_symbol *symbols, size_t count)
{
    struct work work = {addresses, symbols, count};
    int cancel_state;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state); /* it reads files */
    pthread_mutex_lock(&one_at_a_time);
    bool with_lines = !interrupted && has_memory();
    if (with_lines && lgi_stack_left() >= ENOUGH_STACK) {
        resolve_all(&work);
    } else if (!with_lines || !resolve_elsewhere(&work)) {
        for (size_t i = 0; i < count; i++)
            resolve(addresses[i], &symbols[i], false);
    }
    pthread_mutex_unlock(&one_at_a_time);
    pthread_setcancelstate(cancel_state, NULL);
}
