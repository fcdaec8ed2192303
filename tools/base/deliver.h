/* Writing into a descriptor what the user has asked for: a text that cannot be written is never lost without a word. */
#ifndef LIFOGUARD_BASE_DELIVER_H
#define LIFOGUARD_BASE_DELIVER_H

#include <stdbool.h>
#include <stddef.h>

/* Writes all bytes, with as many calls as that takes. A descriptor that another program has made non-blocking is waited for.
 * False, with errno: some bytes could not be written. */
bool write_whole(int fd, const char *bytes, size_t count);

/* A place to which texts go, one after the other. */
struct delivery {
    const char *to; /* for messages: "standard output", a path */
    bool
        readers_stay; /* a pipe whose reader is gone is a failure, too; else texts are then no longer wanted by anybody */
    bool over;   /* nothing more is written: a text behind a gap could not be understood */
    bool failed; /* the failure was said */
};

/* Writes a text, unless the delivery is over. The first failure ends the delivery, and is said. */
void deliver(struct delivery *delivery, int fd, const char *bytes, size_t count);

/* Says that the delivery cannot be made, with the reason `number` (an errno value), and ends it. */
void delivery_fail(struct delivery *delivery, int number);

#endif
