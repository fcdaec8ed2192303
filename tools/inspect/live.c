/* A process that lives. Its threads are stopped as a debugger does, by ptrace(2), so that what is read fits together. A process
 * that was stopped before stays so. If the thread that has stopped them ends, as it does when this program dies, the kernel
 * lets them go on, also those that it holds itself, which could not be stopped. */
#define _GNU_SOURCE
#include "target.h"

#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <lifoguard/close.h>
#include <lifoguard/defer.h>
#include <lifoguard/time.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A thread that the kernel does not let go, as one that waits for a broken disk or for the child of a vfork, is left out. All
 * threads together get this time, since those that are stopped stand still meanwhile. */
static const lg_duration patience = 2 * LG_SECOND;

/* ---- what /proc says ---- */

static FILE *open_proc(pid_t pid, const char *name)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
    return fopen(path, "re");
}

/* What stands after `label` in the status of a process or a thread; false: there is none. */
enum { STATUS_VALUE = 64 };
static bool read_status(pid_t id, const char *label, char value[STATUS_VALUE])
{
    char line[256];
    size_t length = strlen(label);
    FILE *status = open_proc(id, "status");
    if (!status)
        return false;
    lg_defer(fclose, status);
    while (fgets(line, sizeof(line), status)) {
        if (strncmp(line, label, length) != 0)
            continue;
        snprintf(value, STATUS_VALUE, "%.63s", line + length + strspn(line + length, " \t"));
        return true;
    }
    return false;
}

/* 0: none, as for a process that is gone. */
static pid_t status_number(pid_t id, const char *label)
{
    char value[STATUS_VALUE];
    return read_status(id, label, value) ? (pid_t)strtol(value, NULL, 10) : 0;
}

/* False for a zombie, as a main thread is that has called pthread_exit while others go on. */
static bool is_alive(pid_t id)
{
    char state[STATUS_VALUE];
    return read_status(id, "State:", state) && *state != 'Z' && *state != 'X';
}

/* In another PID namespace, the numbers in /proc would be those of other processes. */
static lg_error *check_number(pid_t pid)
{
    char self[32] = "";
    if (readlink("/proc/self", self, sizeof(self) - 1) < 0 || strtol(self, NULL, 10) != getpid())
        return lg_error_new("/proc has not the processes of this PID namespace: mount it "
                            "(mount -t proc proc /proc), or run this outside");
    pid_t process = status_number(pid, "Tgid:");
    if (process != 0 && process != pid)
        return lg_error_newf("%d is a thread of the process %d: give that number", (int)pid,
                             (int)process);
    return NULL;
}

static lg_error *refused(pid_t pid, int code)
{
    pid_t tracer = status_number(pid, "TracerPid:");
    if (code == ESRCH)
        return lg_error_newf("no process has the number %d", (int)pid);
    if (pid == getpid())
        return lg_error_newf("%d is this program itself", (int)pid);
    if (tracer > 0)
        return lg_error_newf("%d is being traced by %d, perhaps a debugger: end that first",
                             (int)pid, (int)tracer);
    if (code == EPERM && geteuid() == 0)
        return lg_error_newf(
            "%d may not be read, not even by root: the capability CAP_SYS_PTRACE is "
            "missing (for a container: --cap-add SYS_PTRACE)",
            (int)pid);
    if (code == EPERM)
        return lg_error_newf(
            "%d may not be read: run this as root, or as the user of the process. (If "
            "/proc/sys/kernel/yama/ptrace_scope is 1 or more, only root may.)",
            (int)pid);
    return lg_error_new_code(code, "stop %d", (int)pid);
}

static void read_name(pid_t pid, const char *of, char *name, size_t size)
{
    FILE *file = open_proc(pid, of);
    if (!file)
        return;
    lg_defer(fclose, file);
    if (fgets(name, (int)size, file))
        // NOLINTNEXTLINE(clang-analyzer-security.ArrayBound): at most where its NUL stands
        name[strcspn(name, "\n")] = '\0';
}

static void free_line(char **line)
{
    free(*line);
}

/* Its memory and mappings are asked of `thread`: the main thread may have ended, and has none then. */
static lg_error *open_memory(struct target *target, pid_t thread)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/task/%d/mem", (int)target->pid, (int)thread);
    target->memory = open(path, O_RDONLY | O_CLOEXEC);
    return target->memory < 0 ? lg_error_new_errno("read the memory of %d", (int)target->pid)
                              : NULL;
}

static lg_error *read_mappings(struct target *target, pid_t thread)
{
    char *line = NULL;
    size_t capacity = 0;
    lg_func (lg_error *, err) {
        lg_defer(free_line, &line);
        FILE *maps = open_proc(thread, "maps");
        if (!maps)
            lg_return(lg_error_new_errno("open the mappings of %d", (int)target->pid));
        lg_defer(fclose, maps);
        while (getline(&line, &capacity, maps) >= 0) {
            unsigned long start, end, offset;
            int path = 0;
            // NOLINTNEXTLINE(clang-analyzer-security.ArrayBound): at most where its NUL stands
            line[strcspn(line, "\n")] = '\0';
            // NOLINTNEXTLINE(bugprone-unchecked-string-to-number-conversion,cert-err34-c): the kernel's numbers
            if (sscanf(line, "%lx-%lx %*s %lx %*s %*s %n", &start, &end, &offset, &path) >= 3)
                target_add_mapping(target, start, end, offset, path > 0 ? line + path : "");
        }
        lg_return(NULL);
    }
}

/* ---- its threads ---- */

static bool is_known(const struct target *target, pid_t id)
{
    for (size_t i = 0; i < target->thread_count; i++)
        if (target->threads[i].id == id)
            return true;
    return false;
}

/* A thread that has ended is none. Sets *code to the error of the first that could not be seized. */
static void seize(struct target *target, pid_t id, int *code)
{
    char of[64];
    if (ptrace(PTRACE_SEIZE, id, NULL, NULL) < 0) {
        if (*code == 0)
            *code = errno;
        target->refused += is_alive(id);
        return;
    }
    ptrace(PTRACE_INTERRUPT, id, NULL, NULL);
    struct target_thread *thread = target_add_thread(target, id);
    snprintf(of, sizeof(of), "task/%d/comm", (int)id);
    read_name(target->pid, of, thread->name, sizeof(thread->name));
}

/* Seizes those that are not yet; returns how many. */
static size_t seize_others(struct target *target, int *code)
{
    char path[64];
    size_t before = target->thread_count;
    snprintf(path, sizeof(path), "/proc/%d/task", (int)target->pid);
    DIR *tasks = opendir(path);
    if (!tasks) {
        *code = errno == ENOENT ? ESRCH : errno;
        return 0;
    }
    lg_defer(closedir, tasks);
    target->refused = 0;
    for (const struct dirent *task; (task = readdir(tasks)) != NULL;) {
        pid_t id = (pid_t)strtol(task->d_name, NULL, 10);
        if (id > 0 && !is_known(target, id))
            seize(target, id, code);
    }
    return target->thread_count - before;
}

/* The end of a main thread is not told while others live: a zombie is not waited for. False: the thread has ended. */
static bool await_stop(struct target_thread *thread, lg_time until)
{
    int status = 0;
    pid_t got;
    while ((got = waitpid(thread->id, &status, __WALL | WNOHANG)) == 0 && lg_now() < until &&
           is_alive(thread->id))
        nanosleep(&(struct timespec){.tv_nsec = LG_MILLISECOND / 4}, NULL);
    if (got != thread->id || !WIFSTOPPED(status))
        return got == 0 && is_alive(thread->id);
    thread->stopped = true;
    if (status >> 16 != PTRACE_EVENT_STOP)
        thread->signal = WSTOPSIG(status);
    return true;
}

/* Those that have ended meanwhile are threads of the process no more. */
static void await_stops(struct target *target, lg_time until)
{
    size_t kept = 0;
    for (size_t i = 0; i < target->thread_count; i++)
        if (target->threads[i].stopped || await_stop(&target->threads[i], until))
            target->threads[kept++] = target->threads[i];
    target->thread_count = kept;
}

/* (Of a 32-bit process, the kernel writes fewer registers.) */
static void read_registers(struct target_thread *thread)
{
#if defined(__x86_64__)
    struct user_regs_struct registers;
    struct iovec part = {&registers, sizeof(registers)};
    if (ptrace(PTRACE_GETREGSET, thread->id, NT_PRSTATUS, &part) == 0 &&
        part.iov_len == sizeof(registers))
        thread->thread_pointer = registers.fs_base;
#elif defined(__aarch64__)
    uint64_t pointer = 0;
    struct iovec part = {&pointer, sizeof(pointer)};
    if (ptrace(PTRACE_GETREGSET, thread->id, NT_ARM_TLS, &part) == 0)
        thread->thread_pointer = pointer;
#elif defined(__riscv)
    unsigned long registers[32];
    struct iovec part = {registers, sizeof(registers)};
    if (ptrace(PTRACE_GETREGSET, thread->id, NT_PRSTATUS, &part) == 0)
        thread->thread_pointer = registers[4];
#endif
}

/* Threads that are not stopped yet may make others. */
static void stop_threads(struct target *target, int *code)
{
    lg_time until = lg_now() + patience;
    while (seize_others(target, code) > 0)
        await_stops(target, until);
}

lg_error *target_attach(struct target *target, pid_t pid)
{
    int code = 0;
    *target = (struct target){.pid = pid, .memory = -1};
    lg_error *err = check_number(pid);
    if (err)
        return err;
    stop_threads(target, &code);
    if (target->thread_count == 0)
        return refused(pid, code ? code : ESRCH);
    for (size_t i = 0; i < target->thread_count; i++)
        read_registers(&target->threads[i]);
    read_name(pid, "comm", target->name, sizeof(target->name));
    err = open_memory(target, target->threads[0].id);
    return err ? err : read_mappings(target, target->threads[0].id);
}

void target_release(struct target *target)
{
    for (size_t i = 0; !target->is_core && i < target->thread_count; i++) {
        struct target_thread *thread = &target->threads[i];
        if (thread->stopped)
            ptrace(PTRACE_DETACH, thread->id, NULL, (void *)(intptr_t)thread->signal);
        thread->stopped = false;
    }
}
