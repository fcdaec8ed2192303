/* The guardian: the process between the runner and the command, and what takes its place if it is killed.
 *
 *     runner ─── guardian ─── command ─── …
 *
 * The guardian is in a session of its own, so that nothing a terminal sends reaches it; the command is in the runner's.
 * Both runner and guardian are subreapers (prctl): whatever loses its parent below the guardian becomes the guardian's
 * child, and the runner's if the guardian is killed. So no process of the run gets lost as long as one of the two lives. */
#ifndef LIFOGUARD_GUARDIAN_GUARDIAN_H
#define LIFOGUARD_GUARDIAN_GUARDIAN_H

#include "owner.h"

struct guardian_start {
    const char *place;
    char id[RUN_ID_SIZE];
    const char *const *arguments;
    /* If it is there, the command is this function, in a process of its own with the signals as the guardian has them, and
     * `arguments` is how people are told of it. Returns the exit status. */
    int (*call)(const struct birth *birth, void *data);
    void *data;
    bool own_group;
    struct owner_options options;
    const struct birth *birth;
    /* The runner, and when it began: set before the guardian is made, since the runner may be dead by the time the guardian
     * looks at its parent. */
    struct process runner;
    lg_time began;
};

/* The guardian's life, in a child of the runner. `front` is the socket to the runner. */
_Noreturn void guardian_be(const struct guardian_start *start, int front);

/* How the run ended, for the exit status: b is a signal, or a an exit status. */
struct run_end {
    int a, b;
};

/* What the runner knows when the guardian has been killed. */
struct guardian_legacy {
    struct process command; /* process number 0: it was not started */
    bool ended;             /* the command has, as command_end says */
    siginfo_t command_end;
    bool has_end; /* the run's exit status is known */
    struct run_end end;
    int passed; /* the last signal to end the command that was passed on; 0: none */
    bool from_terminal;
};

/* In the runner, when the guardian has been killed: goes on in its place, to the end. */
struct run_end guardian_replace(const struct guardian_start *start,
                                const struct guardian_legacy *legacy);

#endif
