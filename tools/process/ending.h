/*
 * Ends the processes that commands left behind, daemons included.
 *
 * This process becomes a child subreaper: a process that loses its parent becomes our child. So the
 * children of this process are (1) those that the caller started and waits for itself, which it
 * announces with ending_own; (2) children from before ending_adopt, which are never touched; (3) all
 * others: processes that some command left behind. The functions below are about the third kind.
 * They know nothing of job files, and can be used for any command that was started as a child.
 */
#ifndef LIFOGUARD_PROCESS_ENDING_H
#define LIFOGUARD_PROCESS_ENDING_H

#include <lifoguard/time.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct pids {
    pid_t *pids;
    size_t count, room;
};

/* Makes this process a subreaper. Call it before the first command is started. */
void ending_adopt(void);

/* The opposite. */
void ending_release(void);

/* The caller waits for this child itself, until it calls ending_disown. ending_reserve, before the child is
 * started, sees to it that ending_own cannot fail for want of memory. */
void ending_reserve(void);
void ending_own(pid_t pid);
void ending_disown(pid_t pid);

/* Removes ended processes of the third kind from the process table. False: this process has no children at all. */
bool ending_reap(void);

/* The processes that are there now are left running on purpose: only an ending of `everything` ends them. */
void ending_settle(void);

/* Sends a signal to the process group of `leader`, a child of ours, and to the groups that were made below
 * it, as timeout(1) makes one: there to the processes whose parents are in another group, since these
 * pass it on. */
void ending_signal_group(pid_t leader, int number);

/* Whether all children of ours in a process group ignore the signal. */
bool ending_group_ignores(pid_t group, int number);

/* One ending: zeroed at first; ending_free at last. */
struct ending {
    const char *whose; /* for people: "a line" */
    bool everything;   /* also what was left running on purpose */
    /* Only those that this finds; NULL: all. */
    bool (*chooses)(pid_t pid, const void *data);
    const void *data;
    pid_t group;      /* its members have had `number` already; 0: none */
    int number;       /* of the signal that is sent at present */
    struct pids told; /* who has had it */
    lg_time until;    /* the deadline of this step; set by ending_step */
};

/* Begins a step: each process gets `number` once, also one that is adopted later; it lasts until `limit`
 * from now. A process that ignores SIGINT or SIGHUP gets SIGTERM in its place. */
void ending_step(struct ending *ending, int number, lg_duration limit);

/* Reaps what has ended, sends the step's signal to those that have not had it, names each on standard
 * error, and returns how many are left. */
size_t ending_continue(struct ending *ending);

/* After its deadline: on to the next step (SIGTERM after SIGINT or SIGHUP, then SIGKILL). False: SIGKILL
 * was the last one. */
bool ending_press(struct ending *ending, lg_duration grace);

void ending_free(struct ending *ending);

#endif
