#define _GNU_SOURCE
#include "child.h"

#include "buffer.h"
#include "signal_fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <lifoguard/defer.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

/* Blocked, and read from a descriptor. Those that were ignored when we began (nohup) stay so. */
static const int taken[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGCHLD};

/* SIGXFSZ and SIGXCPU come of limits that are meant for the command. */
static const int survived[] = {SIGPIPE, SIGTTOU, SIGTTIN, SIGXFSZ, SIGXCPU};

enum {
    TAKEN = sizeof(taken) / sizeof(taken[0]),
    SURVIVED = sizeof(survived) / sizeof(survived[0])
};

static void set_handler(int number, void (*handler)(int))
{
    struct sigaction action = {.sa_flags = 0};
    action.sa_handler = handler;
    sigemptyset(&action.sa_mask);
    sigaction(number, &action, NULL);
}

static void note_ignored(struct birth *birth, int number)
{
    struct sigaction action;
    birth->ignored[number] = sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

int child_open_empty(int flags)
{
    int fd = open("/dev/null", flags);
    int ends[2];
    if (fd >= 0 || errno == EMFILE || errno == ENFILE || pipe2(ends, flags & O_CLOEXEC) != 0)
        return fd;
    close(ends[1]);
    return ends[0]; /* the lower one */
}

void child_fill_descriptors(bool closed[3])
{
    for (int fd = 0; fd < 3; fd++) {
        closed[fd] = fcntl(fd, F_GETFD) < 0;
        /* The lowest free one is taken: this one. */
        if (closed[fd] && child_open_empty(O_RDWR) < 0)
            abort();
    }
}

static sigset_t taken_set(const struct birth *birth)
{
    sigset_t set;
    sigemptyset(&set);
    for (int i = 0; i < TAKEN; i++)
        if (!birth->ignored[taken[i]] || taken[i] == SIGCHLD)
            sigaddset(&set, taken[i]);
    return set;
}

static void note_inherited(struct birth *birth)
{
    DIR *directory = opendir("/proc/self/fd");
    if (!directory)
        return;
    lg_defer(closedir, directory);
    for (const struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        int fd = (int)strtol(entry->d_name, NULL, 10);
        if (fd < 3 || fd == dirfd(directory))
            continue;
        birth->inherited = need_memory(birth->inherited,
                                       (birth->inherited_count + 1) * sizeof(*birth->inherited));
        birth->inherited[birth->inherited_count++] = fd;
    }
}

void birth_close_inherited(const struct birth *birth)
{
    for (size_t i = 0; i < birth->inherited_count; i++)
        close(birth->inherited[i]);
}

/* For sandboxes that refuse close_range(2). */
static void close_each(unsigned first, unsigned last)
{
    DIR *directory = opendir("/proc/self/fd");
    if (!directory)
        return;
    lg_defer(closedir, directory);
    for (const struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        char *end;
        unsigned long fd = strtoul(entry->d_name, &end, 10);
        bool number = end != entry->d_name;
        if (number && fd >= first && fd <= last && fd != (unsigned long)dirfd(directory))
            close((int)fd);
    }
}

static void close_all(unsigned first, unsigned last)
{
    if (close_range(first, last, 0) != 0)
        close_each(first, last);
}

static void close_between(int from, int to)
{
    if (from < to)
        close_all((unsigned)from, (unsigned)to - 1);
}

static int compare_descriptors(const void *a, const void *b)
{
    return *(const int *)a < *(const int *)b ? -1 : *(const int *)a > *(const int *)b;
}

void birth_close_others(const struct birth *birth)
{
    if (birth->inherited_count)
        qsort(birth->inherited, birth->inherited_count, sizeof(int), compare_descriptors);
    int from = 3;
    for (size_t i = 0; i < birth->inherited_count; i++) {
        close_between(from, birth->inherited[i]);
        from = birth->inherited[i] + 1;
    }
    close_all((unsigned)from, UINT_MAX);
}

static bool ends_were_ignored;

void child_keep_ends(void)
{
    struct birth birth = {0};
    note_ignored(&birth, SIGCHLD);
    ends_were_ignored |= birth.ignored[SIGCHLD];
    set_handler(SIGCHLD, SIG_DFL);
}

void birth_take(struct birth *birth)
{
    *birth = (struct birth){0};
    note_inherited(birth);
    child_fill_descriptors(birth->closed);
    for (int i = 0; i < TAKEN; i++)
        note_ignored(birth, taken[i]);
    for (int i = 0; i < SURVIVED; i++) {
        note_ignored(birth, survived[i]);
        set_handler(survived[i], SIG_IGN);
    }
    child_keep_ends();
    birth->ignored[SIGCHLD] = ends_were_ignored;
    sigset_t set = taken_set(birth);
    sigprocmask(SIG_BLOCK, &set, &birth->mask);
}

void birth_free(struct birth *birth)
{
    free(birth->inherited);
}

void birth_give(const struct birth *birth, bool descriptors)
{
    for (int i = 0; i < SURVIVED; i++)
        set_handler(survived[i], birth->ignored[survived[i]] ? SIG_IGN : SIG_DFL);
    set_handler(SIGCHLD, birth->ignored[SIGCHLD] ? SIG_IGN : SIG_DFL);
    sigprocmask(SIG_SETMASK, &birth->mask, NULL);
    for (int fd = 0; descriptors && fd < 3; fd++)
        if (birth->closed[fd])
            close(fd);
}

void birth_defaults(const struct birth *birth, sigset_t *set)
{
    sigemptyset(set);
    for (int i = 0; i < SURVIVED; i++)
        if (!birth->ignored[survived[i]])
            sigaddset(set, survived[i]);
}

void birth_taken(const struct birth *birth, sigset_t *set)
{
    *set = taken_set(birth);
}

int birth_signals(const struct birth *birth)
{
    sigset_t set = taken_set(birth);
    return signal_fd_open(&set);
}

void child_close_all_but(int one, int other)
{
    int low = one < other ? one : other;
    int high = one < other ? other : one;
    low = low < 2 ? 2 : low;
    high = high < 2 ? 2 : high;
    close_between(3, low);
    close_between(low + 1, high);
    close_all((unsigned)high + 1, UINT_MAX);
}
