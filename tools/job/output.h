/* The output of a command as events, one for each line. */
#ifndef LIFOGUARD_JOB_OUTPUT_H
#define LIFOGUARD_JOB_OUTPUT_H

#include "buffer.h"
#include "event.h"

struct output {
    const char *job;
    void (*tell)(void *data, struct event event);
    void *data;
    struct buffer line; /* what has no end yet */
};

/* The next bytes. */
void output_take(struct output *output, const char *bytes, size_t count);

/* Tells what has no end yet. */
void output_rest(struct output *output);

/* There are no more: tells what is left, and frees it. */
void output_end(struct output *output);

#endif
