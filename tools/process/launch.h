/* Starting a command, mostly as a process group of its own: the one way in which lines, jobs of graphs and whatever else starts a
 * program and goes on itself do so. */
#ifndef LIFOGUARD_PROCESS_LAUNCH_H
#define LIFOGUARD_PROCESS_LAUNCH_H

#include "child.h"

#include <lifoguard/error.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

struct launch {
    const sigset_t *mask;           /* the signals that it begins with blocked; NULL: as we have */
    sigset_t defaults;              /* those that it has to get the default action of */
    const char *const *environment; /* NULL: ours */
    const char *directory;          /* NULL: ours */
    bool in_our_group;              /* rather than in one of its own */
    bool empty_input;
    int input;     /* becomes its standard input; 0: it has ours */
    int output[2]; /* become its standard output and error; 0: it has ours */
    int value;     /* if not 0: becomes the descriptor launch_value_descriptor() */
    int terminal;  /* it has this one from the start; -1: none */
    /* The words of a program and its arguments, in the order in which they are to be tried: the second ones, if they are there, when the
     * first program cannot be executed, which a shell may know better; each ends in NULL. */
    const char *const *words[2];
};

/* It begins with the signals as this program was started. */
void launch_as_born(struct launch *launch, const struct birth *birth);

/* 0, or an errno value. For want of processes, memory or descriptors it is tried again, for some seconds (R6). */
int launch_start(const struct launch *launch, pid_t *pid);

/* The same, tried once. */
int launch_once(const struct launch *launch, pid_t *pid);

/* Waits for the end of what was launched. */
lg_error *launch_await(pid_t pid, int *status);

/* Launches once, and waits for the end. */
lg_error *launch_and_await(const struct launch *launch, int *status);

/* A descriptor of one digit that nobody uses, since make passes its job server on in descriptors. */
int launch_value_descriptor(void);

#endif
