/* One attempt at a cleanup, in a process that outlives the owner of the run.
 *
 * The attempt is a process of its own, in a session of its own. The attempt starts the command, enforces the time limit, ends the
 * processes that the command left running, and writes the result into a file of the run's directory. So if the owner of the
 * run is killed meanwhile, the next owner finds either the running attempt or its result in the file, and does not run the
 * command a second time. */
#ifndef LIFOGUARD_GUARDIAN_ATTEMPT_H
#define LIFOGUARD_GUARDIAN_ATTEMPT_H

#include "child.h"
#include "identity.h"
#include "process.h"
#include "tries.h"

#include <lifoguard/error.h>
#include <lifoguard/time.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

enum attempt_end {
    ATTEMPT_LOST,        /* it was killed itself: nobody knows */
    ATTEMPT_EXITED,      /* number: the command's exit status */
    ATTEMPT_SIGNALLED,   /* number: the signal that ended the command */
    ATTEMPT_TIMEOUT,     /* its time was over */
    ATTEMPT_ENDED,       /* it was told to end (SIGTERM to the attempt) */
    ATTEMPT_NOT_STARTED, /* number: the errno value */
    ATTEMPT_NO_DIRECTORY /* the same: its directory could not be entered */
};

struct attempt_result {
    int32_t end; /* an attempt_end */
    int32_t number;
    int32_t command; /* its process number */
};

struct attempt {
    const char *run_directory; /* NULL: the result reaches who has made the attempt only */
    int64_t sequence, number;
    const char *const *arguments;
    const char *const *environment;
    const char *directory;
    struct identity identity; /* of the directory, at the registration */
    bool strict;         /* not started if its directory is not there: it may not be there yet */
    const char *instead; /* where it is started if its directory is not there; NULL */
    mode_t umask;
    const struct birth *birth;
    lg_duration timeout; /* 0: none */
    lg_duration grace;
    int output[2];    /* become its standard output and error; 0: it has ours */
    bool empty_input; /* also if the input is a terminal */

    bool in_file; /* whether there is such a file; else the disk has no room for it */
    struct process process;
    int go;     /* what the process waits for before it starts the command */
    int report; /* how it tells its result, besides the file */
    pid_t command;
};

/* Makes the process, which waits for attempt_go: so that its number can be recorded first. */
lg_error *attempt_prepare(struct attempt *attempt) __attribute__((__warn_unused_result__));

/* Lets it start the command; or, with false, end without having done anything. */
void attempt_go(struct attempt *attempt, bool go);

/* The command's process number, if it is known yet; or 0. */
pid_t attempt_command(struct attempt *attempt);

/* Whether the attempt's process has ended, and what might say more as well. */
bool attempt_is_over(const struct attempt *attempt);

/* How long a command that was forked may take to say which process it is. If it is not known by then, the cleanup might run twice, and a
 * machine may be busy: only what is stopped takes longer. */
#define ATTEMPT_PATIENCE LG_MINUTE

/* Waits until it is known. 0: it could not be started, or the attempt was killed. */
pid_t attempt_await_command(struct attempt *attempt);

/* Once the process has ended: how. For who has made it, and for who finds it in a record. */
struct attempt_result attempt_finish(struct attempt *attempt);
struct attempt_result attempt_result(const char *run_directory, int64_t sequence, int64_t number);
/* The attempt was killed, and its command has become our child and has ended: notes how, in the attempt's place. For whoever
 * is about to take the command off the process table, and may be killed before it has recorded what it knows. */
void attempt_note_end(const char *run_directory, int64_t sequence, int64_t number,
                      const siginfo_t *end);
void attempt_forget(const char *run_directory, int64_t sequence, int64_t number);

bool attempt_is_good(const struct attempt_result *result);

/* What that means for another attempt. */
enum tried attempt_tried(const struct attempt_result *result);

enum { ATTEMPT_TEXT_SIZE = 320 };

/* "exit status 3", "killed by SIGKILL", "not done within 10s" */
const char *attempt_describe(const struct attempt_result *result, lg_duration timeout,
                             const char *directory, char text[ATTEMPT_TEXT_SIZE]);

#endif
