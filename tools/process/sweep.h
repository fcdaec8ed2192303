/* A sweep ends what a run has left running: SIGTERM, and after the grace period SIGKILL; each process is named on stderr. A process gets
 * SIGTERM once; and none gets it that the trap of such a process has started, a `rm` say, while that process lives.
 *
 * It finds processes in /proc, wherever they stand below this process. What is adopted while this process runs commands and goes on
 * is found sooner by ending.h. */
#ifndef LIFOGUARD_PROCESS_SWEEP_H
#define LIFOGUARD_PROCESS_SWEEP_H

#include "process.h"

#include <lifoguard/time.h>
#include <stdbool.h>

struct sweep {
    lg_duration grace;
    const struct moment *after; /* only what started after it; NULL: all */
    /* Spared, with all below them, and with the sessions that they lead: an attempt may be killed, and its cleanup run on. */
    const struct process *spared;
    size_t spared_count;
    /* The members of this process group that were there at that moment have had SIGTERM; 0: none. */
    pid_t told_group;
    struct moment told_at;
    /* Besides the descendants of the calling process: those whose environment holds this assignment, the calling process
     * and its ancestors excepted. NULL: none. */
    const char *mark;
    /* Waits for at most that long, and reaps children. */
    void (*wait)(void *data, lg_time deadline);
    void *data;
    const char *whose; /* for people: "the command" */
    bool quiet;
    struct process_list *family; /* NULL: all below this process */
};

/* Adds those whose environment holds `mark`; NULL: none. */
void sweep_mark(const struct process_list *list, const char *mark, bool *found);

/* With a family: ends only the processes in that list, those with the mark, and what is below them, or was before its parent ended.
 * The list then has all of these, also those that were spared. */
void sweep_run(const struct sweep *sweep);

/* For poll: milliseconds until `deadline`, of lg_now (0: none), but a second at most: a call that failed may have cost us the word
 * that something has ended, so whoever waits looks around every now and then. */
int sweep_poll_timeout(lg_time deadline);

#endif
