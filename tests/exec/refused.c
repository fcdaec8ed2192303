/* refused CALL[,CALL…] ERRNO COMMAND…: runs COMMAND, where these system calls are refused as by the seccomp profile of a
 * container. */
#define _GNU_SOURCE
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SKIPPED = 77, USAGE = 2 };

static const struct {
    const char *name;
    long number;
} calls[] = {
    {"accept4", SYS_accept4},
    {"clone3", SYS_clone3},
    {"close_range", SYS_close_range},
    {"dup3", SYS_dup3},
    {"epoll_create1", SYS_epoll_create1},
    {"epoll_pwait2", SYS_epoll_pwait2},
    {"eventfd2", SYS_eventfd2},
    {"faccessat2", SYS_faccessat2},
    {"fallocate", SYS_fallocate},
    {"futex_waitv", SYS_futex_waitv},
    {"getrandom", SYS_getrandom},
    {"inotify_init1", SYS_inotify_init1},
    {"kcmp", SYS_kcmp},
    {"madvise", SYS_madvise},
    {"membarrier", SYS_membarrier},
    {"memfd_create", SYS_memfd_create},
    {"openat2", SYS_openat2},
    {"pidfd_open", SYS_pidfd_open},
    {"pidfd_send_signal", SYS_pidfd_send_signal},
    {"pipe2", SYS_pipe2},
    {"prctl", SYS_prctl},
    {"preadv2", SYS_preadv2},
    {"process_madvise", SYS_process_madvise},
    {"renameat2", SYS_renameat2},
    {"rseq", SYS_rseq},
    {"setsid", SYS_setsid},
    {"signalfd4", SYS_signalfd4},
    {"statx", SYS_statx},
    {"timerfd_create", SYS_timerfd_create},
    {"waitid", SYS_waitid},
};

static long number_of(const char *name)
{
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
        if (strcmp(calls[i].name, name) == 0)
            return calls[i].number;
    _exit(USAGE);
}

static void refuse(long number, unsigned error)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)number, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof(code) / sizeof(code[0]), code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
        _exit(SKIPPED);
}

int main(int argc, char **argv)
{
    if (argc < 4)
        return USAGE;
    unsigned error = (unsigned)strtoul(argv[2], NULL, 10);
    long numbers[sizeof(calls) / sizeof(calls[0])];
    size_t count = 0;
    for (char *name = strtok(argv[1], ","); name && count < sizeof(calls) / sizeof(calls[0]);
         name = strtok(NULL, ","))
        numbers[count++] = number_of(name);
    /* prctl last: it sets the filters. */
    for (size_t i = 0; i < count; i++)
        if (numbers[i] != SYS_prctl)
            refuse(numbers[i], error);
    for (size_t i = 0; i < count; i++)
        if (numbers[i] == SYS_prctl)
            refuse(numbers[i], error);
    execvp(argv[3], argv + 3);
    return USAGE;
}
