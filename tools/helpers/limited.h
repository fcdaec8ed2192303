/* A command with a time limit, at which it ends with everything that it has started. */
#ifndef LIFOGUARD_HELPERS_LIMITED_H
#define LIFOGUARD_HELPERS_LIMITED_H

#include "child.h"

#include <lifoguard/time.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

struct limited {
    struct birth birth;
    int signals;
    int output; /* becomes the command's standard output and error; -1: they stay */
    pid_t command;
    bool ended;
    int end;   /* as waitpid says it */
    int asked; /* the last signal that has come; 0: none */
};

/* From here on the calling process takes signals and children of the commands for `limited`. */
void limited_open(struct limited *limited);

/* For lg_defer. */
void limited_close(struct limited *limited);

/* 0, or the errno value with which it could not be started. */
int limited_start(struct limited *limited, char **command);

/* Waits for what comes first: an end, a signal, `deadline` (of lg_now). Signals are passed on to the command, but those that the
 * terminal has sent to it as well. */
void limited_step(struct limited *limited, lg_time deadline);

/* Waits for its end, until `deadline`. */
void limited_await(struct limited *limited, lg_time deadline);

/* Ends it and what it has started: SIGTERM, after `grace` SIGKILL. Each process is named, or with `quiet` only what outlives
 * SIGTERM. */
void limited_end(struct limited *limited, lg_duration grace, bool quiet);

/* Ends the calling process as the signal does by default. */
void limited_die(int number);

#endif
