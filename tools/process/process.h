/* Processes as /proc shows them. A process is named by its number *and* the time at which it started: a number alone may
 * by now belong to another. */
#ifndef LIFOGUARD_PROCESS_PROCESS_H
#define LIFOGUARD_PROCESS_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct process {
    pid_t pid, parent, group, session;
    uint64_t started; /* in clock ticks since the boot */
    bool exiting;     /* the kernel is taking it apart */
    bool of_kernel;   /* a thread of the kernel's own */
    char state;       /* as in /proc/PID/stat; 'Z': ended, not yet waited for */
    char name[32];
};

/* False: there is no such process (a zombie still is one). */
bool process_read(pid_t pid, struct process *process);

/* Runs still: not ended, and not another process with the same number. */
bool process_is_alive(pid_t pid, uint64_t started);

/* The same, but a process that the kernel is just taking apart counts as ended: it still has its number, and perhaps
 * descriptors and memory, but executes nothing of its program any more. */
bool process_can_act(pid_t pid, uint64_t started);

/* Whether `pid` is a descendant of `root`: walks from parent to parent. */
bool process_is_below(pid_t pid, pid_t root);

/* Sends a signal to exactly this process, and SIGCONT, in case it is stopped. */
void process_signal(const struct process *process, int number);

/* The calling process. */
struct process process_self(void);

/* The value of a variable in the environment with which a process was started, for the caller to free; NULL: it had none. */
char *process_variable(pid_t pid, const char *name);

/* Whether the environment with which a process was started holds this assignment ("NAME=VALUE"). */
bool process_has(pid_t pid, const char *assignment);

struct process_list {
    struct process *all;
    size_t count;
};

/* For lg_defer. */
void process_list_free(struct process_list *list);

void process_list_add(struct process_list *list, const struct process *process);

/* Whether the list has this very process, not only one of that number. */
bool process_list_has(const struct process_list *list, const struct process *process);

/* All that run: zombies and kernel threads are left out. Without /proc: none. */
void process_list_all(struct process_list *list);

/* Marks the descendants of `root` in `marks`, which has a place for each process of the list. Marks that are set on entry
 * stay, and have their descendants marked too. */
void process_list_mark_below(const struct process_list *list, pid_t root, bool *marks);

/* A moment, to tell what started before from what started after. The kernel's times are ticks of 10 ms, so within a
 * tick the last process number that was given away by then decides. */
struct moment {
    uint64_t tick;
    int64_t last_pid;
};

struct moment moment_now(void);
bool process_started_after(const struct process *process, const struct moment *moment);

enum { BOOT_ID_SIZE = 40 };

/* What the kernel calls this boot. Process numbers of another boot mean nothing. */
const char *boot_id(void);

#endif
