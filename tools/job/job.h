/* A command as a process group of its own: what is known of it, and the steps of its end. */
#ifndef LIFOGUARD_JOB_JOB_H
#define LIFOGUARD_JOB_JOB_H

#include <lifoguard/error.h>
#include <lifoguard/time.h>
#include <stdbool.h>
#include <sys/types.h>

/* How far its ending was driven. */
enum job_step {
    JOB_RUNS,
    JOB_MAY_FINISH, /* it is to end, and has until the deadline to do so by itself */
    JOB_ASKED,      /* was sent a signal; at the deadline comes SIGKILL */
    JOB_KILLED,
    JOB_GIVEN_UP /* it outlives SIGKILL: stuck in the kernel */
};

struct job {
    pid_t pid; /* and process group; 0: not started */
    bool background;
    bool ended;
    bool collected;  /* its process is gone from the process table */
    bool group_gone; /* so are all others of its group */
    bool had_terminal;
    bool timed_out; /* it was made to end at its limit */
    lg_duration limit, grace;
    int code, status; /* of the end, as in siginfo_t */
    lg_duration started, took;
    enum job_step step;
    int asked;        /* the signal of JOB_ASKED */
    lg_time deadline; /* of the step; 0: none */
};

struct launch;

struct job_options {
    bool background;   /* not the command in the foreground: it never has the terminal */
    bool terminal;     /* has the terminal from the start, if there is one to give */
    lg_duration limit; /* how long it may run; 0: as it likes */
    lg_duration grace; /* how long it has to end by itself when it is to end */
};

/* Starts a command as the leader of a new process group. launch->words[1] must be set: errors name it. */
lg_error *job_start(struct job *job, struct launch *launch, const struct job_options *options)
    __attribute__((__warn_unused_result__));

/* Notices what has happened to it. One that has ended is removed from the process table at once, so that
 * `kill -0` and `tail --pid` of other lines see its end. */
void job_update(struct job *job);

/* Whether processes of its group are left; call it when it has been collected. */
bool job_group_left(struct job *job);

/* Sends a signal to the group, and to the groups below it, and SIGCONT, in case it is stopped and is to end. */
void job_signal(struct job *job, int number);

/* Begins a step that lasts until `limit` from now at most. JOB_ASKED sends `number`, JOB_KILLED SIGKILL. */
void job_begin(struct job *job, enum job_step step, int number, lg_duration limit);

/* The next step for a command that is to end: `number`, SIGTERM, SIGKILL, and then it is given up. */
void job_press(struct job *job, int number);

/* Whether it has ended; if it was made to, so has the rest of its group. Drives its ending on where that is due. */
bool job_is_over(struct job *job);

/* For lg_defer: kills it if it still runs, which is so only in a panic. */
void job_abandon(struct job *job);

bool job_succeeded(const struct job *job);

/* Makes it end, if it runs and its limit has come. */
bool job_times_out(struct job *job);

/* Ended by SIGINT, SIGTERM or SIGHUP, or with the exit status that shells make of that. */
bool job_was_asked_to_end(const struct job *job);

/* The signal of Ctrl-C, Ctrl-\ or a hangup that it ended by, or made its exit status of; or 0. */
int job_ended_by_terminal(const struct job *job);

/* The exit status by which a shell would know how it ended, or timeout(1). */
int job_exit_status(const struct job *job);

enum { JOB_TEXT_SIZE = 128 };

/* "exit status 3", "killed by SIGTERM" */
const char *job_result(const struct job *job, char text[JOB_TEXT_SIZE]);

#endif
