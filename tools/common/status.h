/* The exit statuses of `lifoguard run`. */
#ifndef LIFOGUARD_COMMON_STATUS_H
#define LIFOGUARD_COMMON_STATUS_H

enum {
    RUN_OK = 0,
    RUN_FAILED = 1,
    RUN_BAD_FILE = 2,
    RUN_LOST = 125,
    RUN_SIGNAL = 128 /* + its number */
};

#endif
