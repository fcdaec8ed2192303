/* The output of a cleanup: a file, which a goroutine follows, so that the cleanup never waits for a reader, be there one or not. All of
 * it is to run on one worker thread. */
#ifndef LIFOGUARD_JOB_TAIL_H
#define LIFOGUARD_JOB_TAIL_H

#include "stream.h"

struct tail;

/* `*input` is for the cleanup, and to be closed once no further attempt begins. NULL: there is no file, and no output is taken. */
struct tail *tail_open(struct streams *streams, const struct stream_taker *taker, int *input);

/* The cleanup has ended: what it has printed will be taken, and then nothing more. */
void tail_end(struct tail *tail);

/* All of `streams`, at the very end: also one that nobody has left, since a panic came between. */
void tails_end(struct streams *streams);

/* Whether all of it was taken, once it has ended. */
bool tail_is_drained(const struct tail *tail);

/* Likewise: waits for that. */
void tail_await(struct tail *tail);

/* Ends it if it was not ended; nothing more is asked of it. */
void tail_leave(struct tail *tail);

#endif
