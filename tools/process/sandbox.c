#define _GNU_SOURCE
#include "sandbox.h"

#include "message.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_clone3
#define SYS_clone3 435
#endif

/* The C library falls back to clone(2) when clone3(2) says ENOSYS, and only then: older container runtimes say EPERM, and no
 * program starts a thread. A kernel that has clone3 says E2BIG to arguments larger than a page. */
static bool refuses_clone3(void)
{
    long pid = syscall(SYS_clone3, NULL, (size_t)1 << 20);
    return pid < 0 && errno != E2BIG && errno != ENOSYS;
}

/* Of several filters that refuse a call, the errno value of the last one counts: so one of ours says ENOSYS. */
static bool refuse_as_missing(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof(code) / sizeof(code[0]), code};
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/* Without privileges, a filter needs a promise that set-user-ID programs give none. For root they give none anyway. */
static bool promise_no_new_privileges(void)
{
    if (geteuid() != 0)
        print_message(
            "this sandbox refuses clone3(2), and so threads: to mend that, commands of this run get no new "
            "privileges (sudo will refuse to work)");
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

void sandbox_allow_threads(void)
{
    if (!refuses_clone3() || refuse_as_missing())
        return;
    if (!promise_no_new_privileges() || !refuse_as_missing())
        print_message(
            "this sandbox refuses clone3(2), which threads need; a newer container runtime does not");
}

static lg_error *check_waiting(void)
{
    siginfo_t info;
    int failed;
    do
        failed = waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT);
    while (failed && errno == EINTR);
    if (!failed || errno == ECHILD)
        return NULL;
    return lg_error_new_errno("this sandbox refuses waitid(2), without which the end of a command "
                              "is not seen: nothing was started");
}

/* With a /proc of another name space, each number would mean another process. */
static lg_error *check_proc(void)
{
    char self[32];
    ssize_t length = readlink("/proc/self", self, sizeof(self) - 1);
    if (length < 0)
        return lg_error_new_errno(
            "/proc is not there (mount -t proc proc /proc), without which the processes "
            "of a command are not found: nothing was started");
    self[length] = '\0';
    if (strtol(self, NULL, 10) == (long)getpid())
        return NULL;
    return lg_error_new(
        "/proc shows the processes of another name space (mount -t proc proc /proc): "
        "nothing was started");
}

lg_error *sandbox_check(void)
{
    lg_error *err = check_waiting();
    return err ? err : check_proc();
}
