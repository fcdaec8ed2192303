#define _GNU_SOURCE
#include "stream.h"

#include "buffer.h"
#include "closers/own_fd.h"
#include "failed.h"
#include "tail.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

struct stream {
    struct stream *next;
    struct streams *all;
    struct stream_taker taker;
    int fd;
    int users;    /* whoever has opened it, and the reader */
    bool taking;  /* what was read is being taken */
    bool is_read; /* its reader has begun */
};

static void unuse(struct stream *stream)
{
    if (--stream->users > 0)
        return;
    struct stream **place = &stream->all->first;
    while (*place != stream)
        place = &(*place)->next;
    *place = stream->next;
    if (stream->fd >= 0)
        close(stream->fd);
    stream->taker.end(stream->taker.data);
    free(stream);
}

static bool take(struct stream *stream, const char *bytes, size_t count)
{
    stream->taking = true;
    bool wanted = stream->taker.take(stream->taker.data, bytes, count);
    stream->taking = false;
    return wanted;
}

static void close_fd(struct stream *stream)
{
    int fd = stream->fd;
    stream->fd = -1;
    if (fd >= 0)
        lg_close(fd, NULL);
}

/* False: at its end, or broken. */
static bool read_some(struct stream *stream, char *bytes, size_t size, size_t *count)
{
    for (;;) {
        lg_error *err = lg_read(stream->fd, bytes, size, lg_until_forever(), count);
        bool again = err == &lg_error_out_of_memory && stream->fd >= 0;
        bool good = !err && *count > 0;
        lg_error_free(err);
        if (!again)
            return good;
        lg_sleep(20 * LG_MILLISECOND);
    }
}

static void read_stream(struct stream *stream)
{
    struct streams *all = stream->all;
    lg_defer(lg_waitgroup_done, &all->readers);
    lg_defer(unuse, stream);
    stream->is_read = true;
    char bytes[16 * 1024];
    size_t count;
    while (stream->fd >= 0 && read_some(stream, bytes, sizeof(bytes), &count))
        if (!take(stream, bytes, count))
            break;
    close_fd(stream);
}

FAILED_STARTS(read_stream, struct stream *)

/* Another description of the pipe, which both reads and writes. */
static void make_lasting(int *input)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/self/fd/%d", *input);
    int both = open(path, O_RDWR | O_CLOEXEC);
    if (both < 0)
        return;
    fcntl(both, F_SETPIPE_SZ, 1 << 20); /* more room for what nobody reads, if it is to be had */
    close(*input);
    *input = both;
}

/* Without a reader there is no stream, and the caller ends the taker. */
static lg_error *start_reader(struct stream *stream, int input)
{
    lg_waitgroup_add(&stream->all->readers, 1);
    lg_error *err = read_stream_start(stream);
    if (!err)
        return NULL;
    lg_waitgroup_done(&stream->all->readers);
    close(input);
    stream->all->first = stream->next;
    close(stream->fd);
    free(stream);
    return err;
}

lg_error *stream_open(struct streams *streams, const struct stream_taker *taker, bool lasting,
                      struct stream **stream, int *input)
{
    int ends[2];
    struct stream *made = need_memory(NULL, sizeof(*made));
    if (lgi_own_pipe(ends, 0) != 0) {
        free(made);
        return lg_error_new_errno("pipe");
    }
    lg_error_free(lg_set_nonblocking(ends[0]));
    *stream = made;
    *made = (struct stream){
        .next = streams->first, .all = streams, .taker = *taker, .fd = ends[0], .users = 2};
    streams->first = made;
    if (lasting)
        make_lasting(&ends[1]);
    *input = ends[1];
    return start_reader(made, ends[1]);
}

static void take_all(struct stream *stream)
{
    char bytes[16 * 1024];
    ssize_t count;
    while (stream->fd >= 0 && (count = read(stream->fd, bytes, sizeof(bytes))) > 0)
        take(stream, bytes, (size_t)count);
}

void stream_help(struct stream *stream)
{
    if (stream && !stream->is_read)
        take_all(stream);
}

void stream_drain(struct stream *stream)
{
    take_all(stream);
    take(stream, NULL, 0);
}

bool stream_is_drained(const struct stream *stream)
{
    int left = 0;
    return !stream->taking &&
           (stream->fd < 0 || ioctl(stream->fd, FIONREAD, &left) != 0 || left == 0);
}

bool streams_are_drained(const struct streams *streams)
{
    for (const struct stream *stream = streams->first; stream; stream = stream->next)
        if (!stream_is_drained(stream))
            return false;
    return true;
}

void stream_leave(struct stream *stream)
{
    unuse(stream);
}

static struct stream *first_open(const struct streams *streams)
{
    struct stream *stream = streams->first;
    while (stream && stream->fd < 0)
        stream = stream->next;
    return stream;
}

void streams_close(struct streams *streams)
{
    for (struct stream *stream; (stream = first_open(streams)) != NULL;)
        close_fd(stream);
    tails_end(streams);
    lg_waitgroup_wait(&streams->readers);
}
