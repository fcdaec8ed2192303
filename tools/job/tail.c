#define _GNU_SOURCE
#include "tail.h"

#include "buffer.h"
#include "failed.h"
#include "scratch.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

struct tail {
    struct streams *streams;
    struct tail *next; /* of `streams` */
    struct stream_taker taker;
    int file;
    off_t taken;
    lg_context *ended;     /* the cleanup has */
    lg_chan(char) drained; /* closed when all of it was taken */
    bool is_followed;      /* somebody has begun to */
    bool is_drained;
    int users; /* whoever has opened it, and the goroutine that follows the file */
};

static void unuse(struct tail *tail)
{
    if (--tail->users > 0)
        return;
    struct tail **place = &tail->streams->tails;
    while (*place != tail)
        place = &(*place)->next;
    *place = tail->next;
    lg_context_free(tail->ended);
    lg_chan_unref(tail->drained);
    free(tail);
}

static void take_all(struct tail *tail)
{
    char bytes[16 * 1024];
    ssize_t count;
    while ((count = pread(tail->file, bytes, sizeof(bytes), tail->taken)) > 0) {
        tail->taker.take(tail->taker.data, bytes, (size_t)count);
        tail->taken += count;
    }
}

/* However that is left, whoever waits goes on. */
static void end_following(struct tail *tail)
{
    close(tail->file);
    tail->is_drained = true;
    lg_chan_close(tail->drained);
}

static void follow_to_end(struct tail *tail)
{
    tail->is_followed = true;
    lg_defer(end_following, tail);
    for (bool ended = false; !ended;) {
        ended = lg_context_error(tail->ended) != NULL;
        take_all(tail);
        if (!ended)
            lg_error_free(lg_sleep_until(20 * LG_MILLISECOND, lg_until_context(tail->ended)));
    }
    tail->taker.end(tail->taker.data);
}

static void follow(struct tail *tail)
{
    lg_defer(lg_waitgroup_done, &tail->streams->readers);
    lg_defer(unuse, tail);
    if (!tail->is_followed)
        follow_to_end(tail);
}

FAILED_STARTS(follow, struct tail *)

/* The caller ends the taker. */
static void undo(struct tail *tail, int *input)
{
    close(*input);
    *input = 0;
    close(tail->file);
    tail->users = 1;
    unuse(tail);
}

struct tail *tail_open(struct streams *streams, const struct stream_taker *taker, int *input)
{
    int file = scratch_open("output");
    *input = file < 0 ? -1 : fcntl(file, F_DUPFD_CLOEXEC, 3);
    if (*input < 0) {
        *input = 0;
        if (file >= 0)
            close(file);
        return NULL;
    }
    struct tail *tail = need_memory(NULL, sizeof(*tail));
    *tail = (struct tail){.streams = streams,
                          .next = streams->tails,
                          .taker = *taker,
                          .file = file,
                          .ended = lg_context_with_cancel(lg_context_background()),
                          .drained = lg_chan_make(char, 0),
                          .users = 2};
    streams->tails = tail;
    lg_waitgroup_add(&streams->readers, 1);
    lg_error *err = follow_start(tail);
    if (!err)
        return tail;
    lg_error_free(err);
    lg_waitgroup_done(&streams->readers);
    undo(tail, input);
    return NULL;
}

void tail_end(struct tail *tail)
{
    lg_context_cancel(tail->ended);
    if (tail->is_followed)
        return;
    tail->users++;
    lg_defer(unuse, tail);
    follow_to_end(tail); /* perhaps there is no memory for the goroutine's stack */
}

static struct tail *first_lasting(const struct streams *streams)
{
    struct tail *tail = streams->tails;
    while (tail && lg_context_error(tail->ended))
        tail = tail->next;
    return tail;
}

void tails_end(struct streams *streams)
{
    for (struct tail *tail; (tail = first_lasting(streams)) != NULL;)
        tail_end(tail);
}

bool tail_is_drained(const struct tail *tail)
{
    return tail->is_drained;
}

void tail_await(struct tail *tail)
{
    tail_end(tail);
    lg_chan_recv(tail->drained, NULL);
}

void tail_leave(struct tail *tail)
{
    tail_end(tail);
    unuse(tail);
}
