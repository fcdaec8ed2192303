#define _GNU_SOURCE
#include "process.h"

#include "buffer.h"
#include "error/keep_errno.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <lifoguard/defer.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* For want of descriptors or memory nothing is known of a process, which is not to be taken for its end: so /proc is asked
 * for some seconds. */
static bool may_try_again(int *tries)
{
    if (errno == ENOENT || errno == ESRCH || errno == EACCES || errno == EPERM || ++*tries > 300)
        return false;
    nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    return true;
}

static ssize_t read_once(const char *path, char *text, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    ssize_t length = read(fd, text, size - 1);
    {
        LGI_KEEP_ERRNO;
        close(fd);
    }
    if (length >= 0)
        text[length] = '\0';
    return length;
}

/* Reads the beginning of a file of /proc. The length, or -1. */
static ssize_t read_file(const char *path, char *text, size_t size)
{
    int tries = 0;
    ssize_t length;
    do
        length = read_once(path, text, size);
    while (length < 0 && may_try_again(&tries));
    return length;
}

/* The kernel's PF_EXITING and PF_KTHREAD, in the flags that /proc/PID/stat shows. */
enum { EXITING = 0x4, KERNEL_THREAD = 0x200000 };

/* What follows the name in /proc/PID/stat: the state, numbers, and as the 20th field the start. */
static bool take_fields(struct process *process, char *text)
{
    int field = 0;
    char *rest = NULL;
    for (char *word = strtok_r(text, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        uint64_t number = strtoull(word, NULL, 10);
        switch (++field) {
        case 1: process->state = *word; break;
        case 2: process->parent = (pid_t)number; break;
        case 3: process->group = (pid_t)number; break;
        case 4: process->session = (pid_t)number; break;
        case 7:
            process->exiting = (number & EXITING) != 0;
            process->of_kernel = (number & KERNEL_THREAD) != 0;
            break;
        case 20: process->started = number; return true;
        default: break;
        }
    }
    return false;
}

bool process_read(pid_t pid, struct process *process)
{
    char path[64];
    char text[1024];
    snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
    *process = (struct process){.pid = pid};
    if (pid <= 0 || read_file(path, text, sizeof(text)) <= 0)
        return false;
    /* The name stands in parentheses, and may hold any. */
    char *open = strchr(text, '(');
    char *close = strrchr(text, ')');
    if (!open || !close)
        return false;
    *close = '\0';
    snprintf(process->name, sizeof(process->name), "%s", open + 1);
    return take_fields(process, close + 1);
}

static bool has_ended(const struct process *process)
{
    return process->state == 'Z' || process->state == 'X';
}

bool process_is_alive(pid_t pid, uint64_t started)
{
    struct process process;
    return process_read(pid, &process) && process.started == started && !has_ended(&process);
}

bool process_can_act(pid_t pid, uint64_t started)
{
    struct process process;
    return process_read(pid, &process) && process.started == started && !has_ended(&process) &&
           !process.exiting;
}

/* From parent to parent. -1: one of them ended on the way, and what was below it has another parent by now. */
static int walk_to(pid_t root, struct process process)
{
    enum { DEEPEST = 10000 }; /* since parents may change while we walk */
    for (int depth = 0; depth < DEEPEST && process.parent > 0; depth++) {
        if (process.parent == root)
            return 1;
        if (!process_read(process.parent, &process))
            return -1;
    }
    return 0;
}

bool process_is_below(pid_t pid, pid_t root)
{
    enum { MOST_WALKS = 10 };
    struct process process;
    int found = -1;
    for (int walks = 0; walks < MOST_WALKS && found < 0 && process_read(pid, &process); walks++)
        found = walk_to(root, process);
    return found > 0;
}

void process_signal(const struct process *process, int number)
{
    int fd = (int)syscall(SYS_pidfd_open, process->pid, 0);
    if (fd < 0 && errno == ESRCH)
        return;
    /* From here on the descriptor means one process only: is it the right one? */
    if (process_is_alive(process->pid, process->started)) {
        if (fd < 0 || syscall(SYS_pidfd_send_signal, fd, number, NULL, 0) != 0)
            kill(process->pid, number);
        if (number != SIGKILL)
            kill(process->pid, SIGCONT);
    }
    if (fd >= 0)
        close(fd);
}

struct process process_self(void)
{
    struct process self;
    process_read(getpid(), &self);
    return self;
}

char *process_variable(pid_t pid, const char *name)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%ld/environ", (long)pid);
    FILE *file = fopen(path, "re");
    if (!file)
        return NULL;
    lg_defer(fclose, file);
    char *one = NULL;
    size_t room = 0;
    size_t length = strlen(name);
    while (getdelim(&one, &room, '\0', file) > 0) {
        if (strncmp(one, name, length) != 0 || one[length] != '=')
            continue;
        memmove(one, one + length + 1, strlen(one + length + 1) + 1);
        return one;
    }
    free(one);
    return NULL;
}

bool process_has(pid_t pid, const char *assignment)
{
    const char *value = strchrnul(assignment, '=');
    char *name = need_copy(assignment, (size_t)(value - assignment));
    lg_defer(free, name);
    char *found = process_variable(pid, name);
    lg_defer(free, found);
    return found && *value && strcmp(found, value + 1) == 0;
}

void process_list_free(struct process_list *list)
{
    free(list->all);
    *list = (struct process_list){0};
}

void process_list_add(struct process_list *list, const struct process *process)
{
    list->all = need_memory(list->all, (list->count + 1) * sizeof(*list->all));
    list->all[list->count++] = *process;
}

bool process_list_has(const struct process_list *list, const struct process *process)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->all[i].pid == process->pid && list->all[i].started == process->started)
            return true;
    return false;
}

static bool has_pid(const struct process_list *list, pid_t pid)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->all[i].pid == pid)
            return true;
    return false;
}

static bool has_new_parent(struct process *process)
{
    struct process now;
    if (!process_read(process->pid, &now) || now.started != process->started ||
        now.parent == process->parent)
        return false;
    process->parent = now.parent;
    return true;
}

/* A parent that ended while the list was made is not in the list: its children have another one by now. */
static void ask_for_new_parents(struct process_list *list)
{
    enum { MOST_ROUNDS = 10 };
    bool more = true;
    for (int rounds = 0; more && rounds < MOST_ROUNDS; rounds++) {
        more = false;
        for (size_t i = 0; i < list->count; i++)
            if (list->all[i].parent > 0 && !has_pid(list, list->all[i].parent))
                more |= has_new_parent(&list->all[i]);
    }
}

static void list_all(struct process_list *list)
{
    int tries = 0;
    DIR *directory;
    do
        directory = opendir("/proc");
    while (!directory && may_try_again(&tries));
    if (!directory)
        return;
    lg_defer(closedir, directory);
    size_t room = 0;
    for (const struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        struct process process;
        if (!isdigit((unsigned char)entry->d_name[0]) ||
            !process_read((pid_t)strtol(entry->d_name, NULL, 10), &process) ||
            has_ended(&process) || process.of_kernel)
            continue;
        if (list->count == room) {
            room = 2 * room + 64;
            list->all = need_memory(list->all, room * sizeof(*list->all));
        }
        list->all[list->count++] = process;
    }
}

void process_list_all(struct process_list *list)
{
    *list = (struct process_list){0};
    list_all(list);
    ask_for_new_parents(list);
}

static bool parent_is_marked(const struct process_list *list, const bool *marks, pid_t parent)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->all[i].pid == parent)
            return marks[i];
    return false;
}

void process_list_mark_below(const struct process_list *list, pid_t root, bool *marks)
{
    for (bool more = true; more;) {
        more = false;
        for (size_t i = 0; i < list->count; i++) {
            pid_t parent = list->all[i].parent;
            if (marks[i] || (parent != root && !parent_is_marked(list, marks, parent)))
                continue;
            marks[i] = true;
            more = true;
        }
    }
}

struct moment moment_now(void)
{
    struct moment moment = {.last_pid = -1};
    char text[128];
    if (read_file("/proc/loadavg", text, sizeof(text)) > 0) {
        const char *last = strrchr(text, ' ');
        if (last)
            moment.last_pid = strtol(last + 1, NULL, 10);
    }
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    long ticks = sysconf(_SC_CLK_TCK);
    moment.tick = (uint64_t)now.tv_sec * (uint64_t)ticks +
                  (uint64_t)now.tv_nsec / (1000000000U / (uint64_t)ticks);
    return moment;
}

bool process_started_after(const struct process *process, const struct moment *moment)
{
    if (process->started != moment->tick)
        return process->started > moment->tick;
    return moment->last_pid >= 0 && process->pid > moment->last_pid;
}

const char *boot_id(void)
{
    static char id[BOOT_ID_SIZE];
    if (!id[0]) {
        if (read_file("/proc/sys/kernel/random/boot_id", id, sizeof(id)) <= 0)
            snprintf(id, sizeof(id), "unknown");
        id[strcspn(id, "\n")] = '\0';
    }
    return id;
}
