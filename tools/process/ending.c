#define _GNU_SOURCE
#include "ending.h"

#include "buffer.h"
#include "message.h"
#include "process.h"
#include "signals.h"

#include <errno.h>
#include <lifoguard/defer.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static struct pids from_before, owned, settled;

/* ---- lists of processes ---------------------------------------------------------------------------- */

static void pids_free(struct pids *pids)
{
    free(pids->pids);
    *pids = (struct pids){0};
}

static bool pids_has(const struct pids *pids, pid_t pid)
{
    for (size_t i = 0; i < pids->count; i++)
        if (pids->pids[i] == pid)
            return true;
    return false;
}

static void pids_reserve(struct pids *pids)
{
    if (pids->count < pids->room)
        return;
    size_t room = 2 * pids->room + 8;
    pids->pids = need_memory(pids->pids, room * sizeof(*pids->pids));
    pids->room = room;
}

static void pids_add(struct pids *pids, pid_t pid)
{
    pids_reserve(pids);
    pids->pids[pids->count++] = pid;
}

static void pids_remove(struct pids *pids, pid_t pid)
{
    for (size_t i = 0; i < pids->count; i++)
        if (pids->pids[i] == pid)
            pids->pids[i--] = pids->pids[--pids->count];
}

/* The children of a process's first thread. Without /proc, or in a kernel without such a file, none. */
static void list_children_of(pid_t parent, struct pids *pids)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%ld/task/%ld/children", (long)parent, (long)parent);
    FILE *file = fopen(path, "re");
    if (!file)
        return;
    lg_defer(fclose, file);
    char pid[24];
    while (fscanf(file, "%23s", pid) == 1)
        pids_add(pids, (pid_t)strtol(pid, NULL, 10));
}

static void list_children(struct pids *pids)
{
    list_children_of(getpid(), pids);
}

/* ---- what is known of a process -------------------------------------------------------------------- */

static bool ignores(pid_t pid, int number)
{
    char path[64], line[128];
    snprintf(path, sizeof(path), "/proc/%ld/status", (long)pid);
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    lg_defer(fclose, file);
    while (fgets(line, sizeof(line), file))
        if (strncmp(line, "SigIgn:", 7) == 0)
            return (strtoull(line + 7, NULL, 16) >> (number - 1)) & 1;
    return false;
}

/* Whether its parent is in another process group, of the same session: a daemon is left alone. */
static bool begins_group(pid_t pid)
{
    struct process process;
    return process_read(pid, &process) && process.session == getsid(process.parent) &&
           process.group != getpgid(process.parent);
}

/* ---- owning ---------------------------------------------------------------------------------------- */

void ending_adopt(void)
{
    ending_release();
    list_children(&from_before);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
}

void ending_release(void)
{
    pids_free(&from_before);
    pids_free(&owned);
    pids_free(&settled);
    prctl(PR_SET_CHILD_SUBREAPER, 0);
}

void ending_reserve(void)
{
    pids_reserve(&owned);
}

void ending_own(pid_t pid)
{
    pids_add(&owned, pid);
}

void ending_disown(pid_t pid)
{
    pids_remove(&owned, pid);
}

/* An owned child that has ended is its owner's to collect; the ones behind it have their turn then. */
bool ending_reap(void)
{
    for (;;) {
        siginfo_t info = {0};
        if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0)
            return errno != ECHILD;
        if (info.si_pid == 0 || pids_has(&owned, info.si_pid))
            return true;
        pids_remove(&settled, info.si_pid);
        pids_remove(&from_before, info.si_pid);
        waitid(P_PID, (id_t)info.si_pid, &info, WEXITED | WNOHANG);
    }
}

void ending_settle(void)
{
    ending_reap();
    pids_free(&settled);
    list_children(&settled);
}

/* ---- groups ---------------------------------------------------------------------------------------- */

static void signal_process(pid_t pid, int number)
{
    kill(pid, number);
    if (number != SIGKILL && number != SIGWINCH)
        kill(pid, SIGCONT);
}

void ending_signal_group(pid_t leader, int number)
{
    /* Found before the signal, after which parents may be gone. */
    struct pids below = {0};
    lg_defer(pids_free, &below);
    list_children_of(leader, &below);
    for (size_t i = 0; i < below.count; i++)
        list_children_of(below.pids[i], &below);
    struct pids elsewhere = {0};
    lg_defer(pids_free, &elsewhere);
    for (size_t i = 0; i < below.count; i++)
        if (begins_group(below.pids[i]))
            pids_add(&elsewhere, below.pids[i]);
    signal_process(-leader, number);
    for (size_t i = 0; i < elsewhere.count; i++)
        signal_process(elsewhere.pids[i], number);
}

bool ending_group_ignores(pid_t group, int number)
{
    struct pids children = {0};
    lg_defer(pids_free, &children);
    list_children(&children);
    bool any = false;
    for (size_t i = 0; i < children.count; i++) {
        if (getpgid(children.pids[i]) != group)
            continue;
        if (!ignores(children.pids[i], number))
            return false;
        any = true;
    }
    return any;
}

/* ---- ending ---------------------------------------------------------------------------------------- */

void ending_step(struct ending *ending, int number, lg_duration limit)
{
    if (ending->number != 0)
        ending->group = 0; /* which had the signal before this one */
    pids_free(&ending->told);
    ending->number = number;
    ending->until = lg_now() + limit;
}

static void tell(struct ending *ending, pid_t pid)
{
    pids_add(&ending->told, pid);
    int number = ending->number;
    if (number != SIGKILL && number != SIGTERM && ignores(pid, number))
        number = SIGTERM;
    else if (ending->group != 0 && getpgid(pid) == ending->group)
        return;
    struct process process;
    bool there = process_read(pid, &process);
    print_message("%s to %s (process %ld), which %s left running", signals_name(number),
                  there ? process.name : "?", (long)pid, ending->whose);
    signal_process(pid, number);
}

size_t ending_continue(struct ending *ending)
{
    if (!ending_reap())
        return 0;
    struct pids now = {0};
    lg_defer(pids_free, &now);
    list_children(&now);
    size_t left = 0;
    for (size_t i = 0; i < now.count; i++) {
        pid_t pid = now.pids[i];
        if (pids_has(&from_before, pid) || pids_has(&owned, pid) ||
            (!ending->everything && pids_has(&settled, pid)) ||
            (ending->chooses && !ending->chooses(pid, ending->data)))
            continue;
        left++;
        if (!pids_has(&ending->told, pid))
            tell(ending, pid);
    }
    return left;
}

bool ending_press(struct ending *ending, lg_duration grace)
{
    if (ending->number == SIGKILL)
        return false;
    if (ending->number == SIGTERM)
        ending_step(ending, SIGKILL, SIGNALS_KILL_TAKES);
    else
        ending_step(ending, SIGTERM, grace);
    return true;
}

void ending_free(struct ending *ending)
{
    pids_free(&ending->told);
}
