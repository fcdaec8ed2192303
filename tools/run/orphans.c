#define _GNU_SOURCE
#include "orphans.h"

#include "buffer.h"
#include "say.h"
#include "signals.h"

#include <lifoguard/defer.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "time/clock.h"

struct list {
    pid_t *pids;
    size_t count;
};

static struct list from_before;

static void list_free(struct list *list)
{
    free(list->pids);
    *list = (struct list){0};
}

static bool list_has(const struct list *list, pid_t pid)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->pids[i] == pid)
            return true;
    return false;
}

static void list_add(struct list *list, pid_t pid)
{
    list->pids = need_memory(list->pids, (list->count + 1) * sizeof *list->pids);
    list->pids[list->count++] = pid;
}

/* The children of this process. Without /proc, or in a kernel without such a file, none. */
static void list_children(struct list *list)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/self/task/%ld/children", (long)getpid());
    FILE *file = fopen(path, "re");
    if (!file)
        return;
    lg_defer(fclose, file);
    char pid[24];
    while (fscanf(file, "%23s", pid) == 1)
        list_add(list, (pid_t)strtol(pid, NULL, 10));
}

static void name_of(pid_t pid, char *name, size_t size)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%ld/comm", (long)pid);
    snprintf(name, size, "?");
    FILE *file = fopen(path, "re");
    if (!file)
        return;
    lg_defer(fclose, file);
    if (fgets(name, (int)size, file))
        name[strcspn(name, "\n")] = '\0';
}

void orphans_adopt(void)
{
    list_free(&from_before);
    list_children(&from_before);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
}

/* Signals all that are left, those in `told` excepted; returns how many are left. */
static size_t signal_all(int number, struct list *told)
{
    siginfo_t info;
    for (;;) {
        info.si_pid = 0;
        if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG) != 0 || info.si_pid == 0)
            break;
    }
    struct list now = {0};
    lg_defer(list_free, &now);
    list_children(&now);
    size_t left = 0;
    for (size_t i = 0; i < now.count; i++) {
        pid_t pid = now.pids[i];
        if (list_has(&from_before, pid))
            continue;
        left++;
        if (list_has(told, pid))
            continue;
        char name[64];
        name_of(pid, name, sizeof name);
        say("%s to %s (process %ld), which a line left running", signals_name(number), name,
            (long)pid);
        list_add(told, pid);
        kill(pid, number);
        kill(pid, SIGCONT);
    }
    return left;
}

/* True once none is left; false at the deadline. */
static bool end_with(int number, lg_duration limit)
{
    struct list told = {0};
    lg_defer(list_free, &told);
    lg_time deadline = lgi_time_in(limit);
    while (signal_all(number, &told) > 0) {
        if (lg_now() >= deadline)
            return false;
        /* One that is adopted later comes without a signal: so look again now and then. */
        lg_duration next = lgi_time_in(100 * LG_MILLISECOND);
        signals_wait(next < deadline ? next : deadline);
        while (signals_next() == SIGCHLD)
            ;
    }
    return true;
}

void orphans_end(lg_duration grace)
{
    if (!end_with(SIGTERM, grace) && !end_with(SIGKILL, LG_SECOND))
        say("processes are left that outlive SIGKILL");
    list_free(&from_before);
    prctl(PR_SET_CHILD_SUBREAPER, 0);
}
