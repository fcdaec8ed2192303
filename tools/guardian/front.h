/* What runner and guardian tell each other. */
#ifndef LIFOGUARD_GUARDIAN_FRONT_H
#define LIFOGUARD_GUARDIAN_FRONT_H

#include <stdbool.h>
#include <stdint.h>

enum front_kind {
    FRONT_SIGNAL,  /* to the guardian: signal a has come, b: from the terminal */
    FRONT_STARTED, /* to the runner: the command is process a */
    FRONT_ENDED,   /* it has ended: a and b as si_code and si_status */
    FRONT_DONE     /* all is done: exit with status a, or, if b is not 0, by signal b */
};

struct front_message {
    int32_t kind, a, b;
};

void front_send(int fd, enum front_kind kind, int a, int b);

/* False: the other one is gone. */
bool front_receive(int fd, struct front_message *message);

#endif
