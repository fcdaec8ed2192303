/* The receiver of a run's events and of the output of its lines, besides stderr. */
#ifndef LIFOGUARD_LINES_RECORDER_H
#define LIFOGUARD_LINES_RECORDER_H

#include "event.h"

#include <lifoguard/time.h>
#include <stdbool.h>

struct capture;

enum captured {
    CAPTURE_LINE,
    CAPTURE_BACKGROUND, /* goes on if this process is killed */
    CAPTURE_CLEANUP     /* likewise, and must not wait for a reader then */
};

enum taken {
    TAKEN,
    TAKING, /* will be taken without further ado */
    BLOCKED /* waits for whoever reads our own output */
};

struct recorder {
    bool alone; /* events are told to it only, and not on stderr */
    void (*tell)(const struct event *event);
    /* NAME=VALUE, whose value is masked from here on if it is a secret. */
    void (*hide)(const char *assignment);
    /* Where a command is to print: descriptors for its standard output and error, which the caller closes once the command has them;
     * 0: our own. NULL: both are. */
    struct capture *(*capture)(const char *job, enum captured what, int ends[2]);
    /* The command has ended: what it has printed. NULL: what all have printed. */
    enum taken (*taken)(struct capture *capture);
    /* What the command has left running may print still. */
    void (*leave)(struct capture *capture);
};

#endif
