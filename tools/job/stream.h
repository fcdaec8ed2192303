/* The output of commands: a pipe each, read by a goroutine. All of it is to run on one worker thread. */
#ifndef LIFOGUARD_JOB_STREAM_H
#define LIFOGUARD_JOB_STREAM_H

#include <lifoguard/lifoguard.h>
#include <stdbool.h>
#include <stddef.h>

struct stream;

/* Those of a run; zeroed at first. */
struct streams {
    struct stream *first;
    struct tail *tails;
    lg_waitgroup readers;
};

/* Who is given what is read. */
struct stream_taker {
    /* Of 0 bytes: that was all by now. False: nobody wants more; whoever still writes is to see that (SIGPIPE). */
    bool (*take)(void *data, const char *bytes, size_t count);
    /* No more will come. */
    void (*end)(void *data);
    void *data;
};

/* Makes a pipe; `*input` is for the command, and to be closed then. With `lasting`, the command itself keeps the pipe open for
 * reading: so it does not die of SIGPIPE if this process is killed, and may be needed by a cleanup that another process runs. */
lg_error *stream_open(struct streams *streams, const struct stream_taker *taker, bool lasting,
                      struct stream **stream, int *input) __attribute__((__warn_unused_result__));

/* Takes what is there as long as its reader has not begun, for want of memory for the reader's stack: or the command would wait for
 * ever until its output is taken. NULL: nothing. */
void stream_help(struct stream *stream);

/* Takes all that is there by now, without waiting. */
void stream_drain(struct stream *stream);

/* Whether nothing is there that was not taken yet. */
bool stream_is_drained(const struct stream *stream);
bool streams_are_drained(const struct streams *streams);

/* Leaves the stream to whatever may still write to it. */
void stream_leave(struct stream *stream);

/* Closes those that are still open, at the very end. */
void streams_close(struct streams *streams);

#endif
