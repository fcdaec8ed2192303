#define _GNU_SOURCE
#include "sweep.h"

#include "buffer.h"
#include "message.h"
#include "signals.h"

#include <errno.h>
#include <lifoguard/defer.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int sweep_poll_timeout(lg_time deadline)
{
    if (deadline == 0)
        return 1000;
    lg_duration left = (deadline - lg_now() + LG_MILLISECOND - 1) / LG_MILLISECOND;
    return left <= 0 ? 0 : left > 1000 ? 1000 : (int)left;
}

/* Itself, or of the session that it leads or, if it was killed, has led. */
static bool belongs_to(const struct process *process, const struct process *spared)
{
    if (process->pid == spared->pid)
        return process->started == spared->started;
    return process->session == spared->pid && process->started >= spared->started;
}

static void mark_spared(const struct sweep *sweep, const struct process_list *list, bool *marks)
{
    for (size_t i = 0; i < list->count; i++)
        for (size_t k = 0; k < sweep->spared_count; k++)
            if (belongs_to(&list->all[i], &sweep->spared[k]))
                marks[i] = true;
    process_list_mark_below(list, -1, marks);
}

static void mark_self_and_ancestors(const struct process_list *list, bool *marks)
{
    for (pid_t pid = getpid(); pid > 1;) {
        size_t i = 0;
        while (i < list->count && list->all[i].pid != pid)
            i++;
        if (i == list->count)
            return;
        marks[i] = true;
        pid = list->all[i].parent;
    }
}

static bool *new_marks(const struct process_list *list)
{
    bool *marks = need_memory(NULL, list->count);
    memset(marks, 0, list->count);
    return marks;
}

/* Those that have been found once are in the family for good. */
static void find_family(const struct sweep *sweep, const struct process_list *list, bool *found)
{
    struct process_list *family = sweep->family;
    for (size_t i = 0; i < list->count; i++)
        found[i] = process_list_has(family, &list->all[i]);
    sweep_mark(list, sweep->mark, found);
    process_list_mark_below(list, -1, found);
    for (size_t i = 0; i < list->count; i++)
        if (found[i] && !process_list_has(family, &list->all[i]))
            process_list_add(family, &list->all[i]);
}

static void find(const struct sweep *sweep, const struct process_list *list, bool *found)
{
    if (sweep->family) {
        find_family(sweep, list, found);
        return;
    }
    process_list_mark_below(list, getpid(), found);
    sweep_mark(list, sweep->mark, found);
}

void sweep_mark(const struct process_list *list, const char *mark, bool *found)
{
    if (!mark)
        return;
    bool *ours = new_marks(list);
    lg_defer(free, ours);
    mark_self_and_ancestors(list, ours);
    for (size_t i = 0; i < list->count; i++)
        found[i] |= !ours[i] && process_has(list->all[i].pid, mark);
}

/* What is to end now, of all there are. */
static void select_processes(const struct sweep *sweep, const struct process_list *list,
                             struct process_list *selected)
{
    bool *found = new_marks(list);
    lg_defer(free, found);
    bool *spared = new_marks(list);
    lg_defer(free, spared);
    find(sweep, list, found);
    mark_spared(sweep, list, spared);
    *selected = (struct process_list){.all = need_memory(NULL, list->count * sizeof(*list->all))};
    for (size_t i = 0; i < list->count; i++)
        if (found[i] && !spared[i] &&
            (!sweep->after || process_started_after(&list->all[i], sweep->after)))
            selected->all[selected->count++] = list->all[i];
}

static bool was_told(const struct sweep *sweep, const struct process *process)
{
    return process->group == sweep->told_group && !process_started_after(process, &sweep->told_at);
}

/* Also those whose turn has not come: in their traps they start programs as well. Not the runner, which may be in that group. */
static void add_told_group(const struct sweep *sweep, const struct process_list *all,
                           struct process_list *told)
{
    if (!sweep->told_group)
        return;
    bool *ours = new_marks(all);
    lg_defer(free, ours);
    find(sweep, all, ours);
    for (size_t i = 0; i < all->count; i++)
        if (ours[i] && was_told(sweep, &all->all[i]) && !process_list_has(told, &all->all[i]))
            process_list_add(told, &all->all[i]);
}

static bool has_living_parent(const struct process_list *told, const struct process_list *all,
                              const struct process *process)
{
    for (size_t i = 0; i < told->count; i++)
        if (told->all[i].pid == process->parent)
            return process_list_has(all, &told->all[i]);
    return false;
}

/* What those that have been told have started since, and what that has: as if told. */
static void add_helpers(const struct process_list *all, struct process_list *told)
{
    for (bool more = told->count > 0; more;) {
        more = false;
        for (size_t i = 0; i < all->count; i++) {
            if (process_list_has(told, &all->all[i]) || !has_living_parent(told, all, &all->all[i]))
                continue;
            process_list_add(told, &all->all[i]);
            more = true;
        }
    }
}

/* Signals all that were not yet told; returns how many are left. */
static size_t signal_all(const struct sweep *sweep, int number, struct process_list *told)
{
    struct process_list all;
    lg_defer(process_list_free, &all);
    process_list_all(&all);
    struct process_list now;
    lg_defer(process_list_free, &now);
    select_processes(sweep, &all, &now);
    if (number == SIGTERM) {
        add_told_group(sweep, &all, told);
        add_helpers(&all, told);
    }
    for (size_t i = 0; i < now.count; i++) {
        if (process_list_has(told, &now.all[i]))
            continue;
        process_list_add(told, &now.all[i]);
        if (!sweep->quiet || number == SIGKILL)
            print_message("%s to %s (process %ld), which %s left running", signals_name(number),
                          now.all[i].name, (long)now.all[i].pid, sweep->whose);
        process_signal(&now.all[i], number);
    }
    return now.count;
}

static bool has_children(void)
{
    siginfo_t info;
    return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 || errno != ECHILD;
}

/* A list of /proc lacks who got a number that was listed already, from a parent that ended before its own was. */
static bool one_was_missed(const struct sweep *sweep, int number, struct process_list *told)
{
    return (sweep->mark || has_children()) && signal_all(sweep, number, told) > 0;
}

/* True once none is left; false at the deadline. One that is started late comes without a signal, so they are looked for
 * again and again; first soon, since most end at once. */
static bool end_with(const struct sweep *sweep, int number, lg_duration limit)
{
    struct process_list told = {0};
    lg_defer(process_list_free, &told);
    lg_time deadline = lg_now() + limit;
    lg_duration pause = 2 * LG_MILLISECOND;
    while (signal_all(sweep, number, &told) > 0 || one_was_missed(sweep, number, &told)) {
        if (lg_now() >= deadline)
            return false;
        lg_time next = lg_now() + pause;
        sweep->wait(sweep->data, next < deadline ? next : deadline);
        pause = pause >= 50 * LG_MILLISECOND ? 100 * LG_MILLISECOND : 2 * pause;
    }
    return true;
}

static void end_all(const struct sweep *sweep)
{
    if (!end_with(sweep, SIGTERM, sweep->grace) && !end_with(sweep, SIGKILL, SIGNALS_KILL_TAKES))
        print_message("processes are left that outlive SIGKILL");
}

void sweep_run(const struct sweep *sweep)
{
    /* The usual case, without a look at /proc: no children, so no descendants. */
    if (!sweep->family && !sweep->mark && !has_children())
        return;
    end_all(sweep);
}
