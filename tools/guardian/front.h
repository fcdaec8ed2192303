/* The messages between runner and guardian. */
#ifndef LIFOGUARD_GUARDIAN_FRONT_H
#define LIFOGUARD_GUARDIAN_FRONT_H

#include <stdbool.h>
#include <stdint.h>

enum front_kind {
    FRONT_SIGNAL, /* to the guardian: signal a has come, b: from the terminal */
    FRONT_STARTED, /* to the runner: the run is recorded, and the command, process a, is about to execute */
    FRONT_ENDED, /* the command has ended: a and b as si_code and si_status */
    FRONT_OUTCOME, /* once the cleanups are done: exit with status a, or, if b is not 0, by signal b */
    FRONT_DONE     /* the cleanups are done: exit so */
};

struct front_message {
    int32_t kind, a, b;
};

void front_send(int fd, enum front_kind kind, int a, int b);

/* False: the other one is gone. */
bool front_receive(int fd, struct front_message *message);

#endif
