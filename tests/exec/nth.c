/* nth CLASS NUMBER ACTION REPORT COMMAND…: runs COMMAND, which is `lifoguard exec …` or `lifoguard run …`, and lets ACTION happen at the system call
 * with that number of the processes of CLASS:
 *
 *     CLASS   runner, guardian, engine (of run: what carries the file out), helper (every other fork of the two, before it executes another program), client (defer, acquire)
 *     ACTION  fail: the call fails, with an errno value that is usual for it
 *             kill: the process is killed before the call
 *             kill-both: runner and guardian are
 *             no-memory: from then on the processes of CLASS get no more memory from the kernel; NUMBER counts only the calls that ask for some
 *             no-processes: as long as the file REPORT exists, no process of any class can fork; NUMBER says nothing
 *
 * Which call it was is written to the file REPORT when it happens. Ends when all processes have, with COMMAND's exit status; with
 * 99 if they are not done within a minute.
 *
 * A seccomp filter, which every process inherits, asks this process before each system call (SECCOMP_RET_USER_NOTIF). Calls that
 * cannot fail are neither counted nor made to fail. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

enum { TRANSFER = 200, PIDS = 1 << 22, TIMED_OUT = 99, SKIPPED = 77 };

enum class { UNKNOWN, RUNNER, GUARDIAN, ENGINE, HELPER, CLIENT, OTHER };
static const char *const class_names[] = {"",       "runner", "guardian", "engine",
                                          "helper", "client", "other"};

static const struct call {
    int number, error;
} calls[] = {
#define CALL(name, error) {SYS_##name, error}
    CALL(openat, EMFILE),
    CALL(read, EIO),
    CALL(write, ENOSPC),
    CALL(pread64, EIO),
    CALL(pwrite64, ENOSPC),
    CALL(fsync, EIO),
    CALL(fdatasync, EIO),
    CALL(ftruncate, ENOSPC),
    CALL(fallocate, ENOSPC),
    CALL(mmap, ENOMEM),
    CALL(clone, EAGAIN),
    CALL(pipe2, EMFILE),
    CALL(socket, EMFILE),
    CALL(socketpair, EMFILE),
    CALL(bind, EACCES),
    CALL(listen, EADDRINUSE),
    CALL(connect, ECONNREFUSED),
    CALL(accept4, EMFILE),
    CALL(sendto, EPIPE),
    CALL(recvfrom, EIO),
    CALL(getsockopt, ENOBUFS),
    CALL(getdents64, EIO),
    CALL(waitid, EINTR),
    CALL(wait4, EINTR),
    CALL(execve, ENOMEM),
    CALL(chdir, EACCES),
    CALL(kill, EPERM),
    CALL(pidfd_open, EMFILE),
    CALL(pidfd_send_signal, EPERM),
    CALL(setsid, EPERM),
    CALL(getrandom, EIO),
    CALL(signalfd4, EMFILE),
    CALL(statfs, EIO),
    CALL(setpgid, EPERM),
    CALL(fstat, EIO),
    CALL(newfstatat, EIO),
    CALL(ppoll, ENOMEM),
    CALL(fchmodat, EIO),
    CALL(mkdirat, ENOSPC),
    CALL(unlinkat, EIO),
    CALL(linkat, ENOSPC),
    CALL(readlinkat, EIO),
    CALL(fchmod, EIO),
    CALL(prctl, EINVAL),
    CALL(getcwd, ENOENT),
#ifdef SYS_open
    CALL(open, EMFILE),
    CALL(poll, ENOMEM),
    CALL(chmod, EIO),
    CALL(mkdir, ENOSPC),
    CALL(unlink, EIO),
    CALL(rmdir, EIO),
    CALL(link, ENOSPC),
    CALL(readlink, EIO),
    CALL(stat, EIO),
    CALL(lstat, EIO),
    CALL(vfork, EAGAIN),
    CALL(fork, EAGAIN),
#endif
};

static unsigned char classes[PIDS];
static pid_t runner;
static pid_t guardian, engine;
static enum class wanted;
static long number;
static const char *action;
static bool no_processes, no_memory;
static const char *report;
static long seen;

static _Noreturn void die(const char *what)
{
    perror(what);
    exit(SKIPPED);
}

/* ---- the filter ---- */

static int make_filter(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_sendmsg, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, TRANSFER, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
    };
    struct sock_fprog program = {sizeof(code) / sizeof(code[0]), code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return -1;
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                        SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
                        &program);
}

union control {
    char bytes[CMSG_SPACE(sizeof(int))];
    struct cmsghdr align;
};

static struct msghdr message(struct iovec *data, union control *control)
{
    return (struct msghdr){.msg_iov = data,
                           .msg_iovlen = 1,
                           .msg_control = control,
                           .msg_controllen = sizeof(*control)};
}

/* Only this call is let through before somebody listens. */
static void send_listener(int listener)
{
    char byte = 0;
    struct iovec data = {&byte, 1};
    union control control = {0};
    struct msghdr sent = message(&data, &control);
    struct cmsghdr *head = CMSG_FIRSTHDR(&sent);
    *head = (struct cmsghdr){
        .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
    memcpy(CMSG_DATA(head), &listener, sizeof(listener));
    syscall(SYS_sendmsg, TRANSFER, &sent, 0);
}

static int receive_listener(int socket)
{
    char byte;
    struct iovec data = {&byte, 1};
    union control control;
    struct msghdr got = message(&data, &control);
    if (recvmsg(socket, &got, MSG_CMSG_CLOEXEC) != 1 || !CMSG_FIRSTHDR(&got))
        die("no filter");
    int listener;
    memcpy(&listener, CMSG_DATA(CMSG_FIRSTHDR(&got)), sizeof(listener));
    return listener;
}

static int start(char **command)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        die("socketpair");
    runner = fork();
    if (runner == 0) {
        dup3(ends[1], TRANSFER, O_CLOEXEC);
        close(ends[0]);
        close(ends[1]);
        int listener = make_filter();
        if (listener < 0)
            _exit(SKIPPED);
        send_listener(listener);
        fcntl(listener, F_SETFD, FD_CLOEXEC);
        execvp(command[0], command);
        _exit(127);
    }
    close(ends[1]);
    int listener = receive_listener(ends[0]);
    close(ends[0]);
    return listener;
}

/* ---- who calls ---- */

static size_t read_file(pid_t pid, const char *name, char *text, size_t size)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%ld/%s", (long)pid, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? 0 : read(fd, text, size - 1);
    if (fd >= 0)
        close(fd);
    text[got > 0 ? got : 0] = '\0';
    return got > 0 ? (size_t)got : 0;
}

static enum class classify(pid_t pid)
{
    char text[256] = "";
    if (pid == runner)
        return RUNNER;
    size_t size = read_file(pid, "cmdline", text, sizeof(text));
    const char *word = text + strlen(text) + 1;
    size_t length = strlen(text);
    if (size < length + 2 || length < 9 || strcmp(text + length - 9, "lifoguard") != 0)
        return OTHER;
    bool run = strcmp(word, "run") == 0;
    if (strcmp(word, "exec") != 0 && !run)
        return CLIENT;
    if (!guardian || guardian == pid) {
        guardian = pid;
        return GUARDIAN;
    }
    if (!run || (engine && engine != pid))
        return HELPER;
    engine = pid;
    return ENGINE;
}

/* A thread is of its process. */
static pid_t process_of(pid_t thread)
{
    char text[512];
    read_file(thread, "status", text, sizeof(text));
    const char *group = strstr(text, "\nTgid:");
    return group ? (pid_t)strtol(group + 6, NULL, 10) : thread;
}

static enum class class_of(pid_t pid)
{
    if (classes[pid % PIDS] == UNKNOWN)
        classes[pid % PIDS] = (unsigned char)classify(pid);
    return (enum class)classes[pid % PIDS];
}

/* ---- what happens ---- */

static const struct call *find_call(int nr)
{
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
        if (calls[i].number == nr)
            return &calls[i];
    return NULL;
}

static void tell(const char *what, int nr)
{
    char path[4096];
    snprintf(path, sizeof(path), "%s.new", report);
    FILE *file = fopen(path, "we");
    if (!file)
        die(path);
    fprintf(file, "%s %d\n", what, nr);
    fclose(file);
    rename(path, report);
}

static void happen(const struct seccomp_notif *asked, struct seccomp_notif_resp *answer,
                   const struct call *call)
{
    if (strcmp(action, "fail") == 0) {
        answer->flags = 0;
        answer->error = -call->error;
    } else {
        kill((pid_t)asked->pid, SIGKILL);
    }
    if (strcmp(action, "kill-both") == 0) {
        kill(runner, SIGKILL);
        if (guardian)
            kill(guardian, SIGKILL);
    }
    tell(action, call->number);
}

static bool forks(int nr)
{
    const struct call *call = find_call(nr);
    return nr == SYS_clone3 || (call && call->error == EAGAIN);
}

static bool asks_for_memory(int nr)
{
#ifdef SYS_brk
    if (nr == SYS_brk)
        return true;
#endif
    return nr == SYS_mmap || nr == SYS_mremap;
}

/* The C library then asks in another way, until malloc and what makes threads and stacks fail. */
static void handle_memory(const struct seccomp_notif *asked, struct seccomp_notif_resp *answer)
{
    if (++seen < number)
        return;
    answer->flags = 0;
    answer->error = -ENOMEM;
    if (seen == number)
        tell(action, asked->data.nr);
}

/* To wake a thread, eight bytes are written to a counter of the kernel's, which cannot fail. */
static bool wakes(const struct seccomp_data *data)
{
    return data->nr == SYS_write && data->args[2] == 8;
}

static void handle(const struct seccomp_notif *asked, struct seccomp_notif_resp *answer)
{
    pid_t pid = process_of((pid_t)asked->pid);
    const struct call *call = wakes(&asked->data) ? NULL : find_call(asked->data.nr);
    if (no_processes && forks(asked->data.nr) && class_of(pid) != OTHER &&
        access(report, F_OK) == 0) {
        answer->flags = 0;
        answer->error = -EAGAIN;
        return;
    }
    if (no_memory && asks_for_memory(asked->data.nr) && class_of(pid) == wanted)
        handle_memory(asked, answer);
    if (!no_memory && class_of(pid) == wanted && call && ++seen == number)
        happen(asked, answer, call);
    /* From the next call on, it may be another program, or another process. */
    if (asked->data.nr == SYS_execve || asked->data.nr == SYS_exit_group)
        classes[pid % PIDS] = UNKNOWN;
    if (asked->data.nr == SYS_execve)
        guardian = pid == guardian ? 0 : guardian; /* a shell that only reads the file */
}

static void serve(int listener)
{
    struct seccomp_notif asked;
    struct seccomp_notif_resp answer;
    time_t end = time(NULL) + 60;
    while (time(NULL) < end) {
        struct pollfd fd = {.fd = listener, .events = POLLIN};
        if (poll(&fd, 1, 1000) <= 0)
            continue;
        if (fd.revents & POLLHUP)
            return;
        memset(&asked, 0, sizeof(asked));
        if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &asked) != 0)
            continue;
        answer = (struct seccomp_notif_resp){.id = asked.id,
                                             .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
        handle(&asked, &answer);
        ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
    }
    tell("hung", 0);
    exit(TIMED_OUT);
}

int main(int argc, char **argv)
{
    if (argc < 6)
        return 2;
    while (wanted < OTHER && strcmp(class_names[wanted], argv[1]) != 0)
        wanted++;
    number = strtol(argv[2], NULL, 10);
    action = argv[3];
    no_processes = strcmp(action, "no-processes") == 0;
    no_memory = strcmp(action, "no-memory") == 0;
    report = argv[4];
    int listener = start(argv + 5);
    serve(listener);
    if (seen < number && !no_processes)
        tell("not reached", (int)seen);
    int status = 0;
    waitpid(runner, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
