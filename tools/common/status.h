/* The exit statuses of this program's commands. */
#ifndef LIFOGUARD_COMMON_STATUS_H
#define LIFOGUARD_COMMON_STATUS_H

/* As timeout(1), env(1) and shells have them. */
enum {
    EXIT_TIMEOUT = 124,
    EXIT_OURS = 125, /* lifoguard itself has failed */
    EXIT_NOT_EXECUTABLE = 126,
    EXIT_NOT_FOUND = 127,
    EXIT_SIGNAL = 128 /* + its number */
};

/* Of `lifoguard run`. */
enum {
    RUN_OK = 0,
    RUN_FAILED = 1,
    RUN_BAD_FILE = 2,
    RUN_LOST = EXIT_OURS,
    RUN_SIGNAL = EXIT_SIGNAL
};

#endif
