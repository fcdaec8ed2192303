/* A shell command as a process group of its own. */
#ifndef LIFOGUARD_RUN_JOB_H
#define LIFOGUARD_RUN_JOB_H

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

/* For all commands: which shell (NULL: /bin/sh), whether with -x, and $1 and on. */
void job_use_shell(const char *shell, bool trace, char *const *arguments);

/* The words of the program that runs a command, whose $0 is `name`: a list for the caller to free, whose words are this room's. */
const char **job_words(const char *command, const char *name);

/* $1 and on, by their numbers; `@` and `*`: the first. NULL if it is not set. */
const char *job_argument(const char *name, size_t length);

struct job_options {
    const char *name;  /* $0 of its shell */
    bool background;   /* no standard input */
    bool terminal;     /* has the terminal from the start, if there is one to give */
    lg_duration limit; /* how long it may run; 0: as it likes */
    lg_duration grace; /* how long it has to end by itself when it is to end */
    int value;         /* if not 0: becomes the command's descriptor launch_value_descriptor() */
    int output[2];     /* become its standard output and error; 0: it has ours */
};

/* Starts `sh -c COMMAND`. */
lg_error *job_start(struct job *job, const char *command, struct job_options options);

/* The same for a process that the caller has started as the leader of a new group. */
void job_begun(struct job *job, pid_t pid, struct job_options options);

/* Notices what has happened to it. One that has ended is removed from the process table at once, so that
 * `kill -0` and `tail --pid` of other lines see its end. */
void job_look(struct job *job);

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

enum { JOB_TEXT_SIZE = 128 };

/* "exit status 3", "killed by SIGTERM" */
const char *job_result(const struct job *job, char text[JOB_TEXT_SIZE]);

/* Whether a command is a program and plain words: it is started without a shell where that can be, and any shell can read it. */
bool job_needs_no_shell(const char *command);

/* Whether the shell can read a script of any length. */
bool job_can_read(const char *script, size_t length);

/* Whether the shell can read a command: NULL, or an error with the shell's words. */
lg_error *job_check_syntax(const char *command);

#endif
