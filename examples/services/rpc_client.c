/* rpc_client [wrong-order]: three levels of handles, closed from the inside out.
 *
 * A stream belongs to a channel, which belongs to credentials:
 *     credentials     a token; the channel signs what it sends with it, its goodbye too
 *     channel         one connection, with a goroutine that hands out what comes in
 *     streams         many on one channel; each is ended by telling the server, who confirms it
 * So the streams are ended first, then the channel, then the credentials: the reverse of how they were made. In the wrong
 * order the channel is gone when the streams are to be ended, and the token when the channel says goodbye.
 *
 * The server is a part of this program, and prints what it saw. */
#include <errno.h>
#include <lifoguard/lifoguard.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* What goes over the wire, both ways. */
enum kind { OPEN, DATA, END, GOODBYE };
struct frame {
    uint32_t kind, stream;
    char token[16], text[32];
};

static lg_error *send_frame(int fd, const struct frame *frame)
{
    return lg_write(fd, frame, sizeof(*frame), lg_until_timeout(5 * LG_SECOND), NULL);
}

/* ---- credentials ---- */

struct credentials {
    char token[16];
};

static void credentials_free(struct credentials *credentials)
{
    explicit_bzero(credentials->token, sizeof(credentials->token));
    puts("client: credentials wiped");
}

/* ---- the channel ---- */

enum { STREAMS = 8 };

struct channel {
    int fd;
    const struct credentials *credentials;
    bool closed;
    lg_mutex sending;
    lg_group reader;
    lg_chan(struct frame) incoming[STREAMS];
};

/* Hands each frame to its stream, until there are no more; then the streams are told. */
static void channel_read(struct channel *channel)
{
    struct frame frame;
    lg_error *err;
    while (!(err = lg_read_full(channel->fd, &frame, sizeof(frame), lg_until_forever(), NULL))) {
        if (frame.stream < STREAMS)
            lg_chan_send(channel->incoming[frame.stream], frame);
    }
    lg_error_free(err);
    for (size_t i = 0; i < STREAMS; i++)
        lg_chan_close(channel->incoming[i]);
}

static lg_error *channel_send(struct channel *channel, enum kind kind, uint32_t stream,
                              const char *text)
{
    struct frame frame = {.kind = kind, .stream = stream};
    lg_mutex_lock(&channel->sending);
    lg_defer(lg_mutex_unlock, &channel->sending);
    if (channel->closed)
        return lg_error_new("the channel is closed");
    memcpy(frame.token, channel->credentials->token, sizeof(frame.token));
    snprintf(frame.text, sizeof(frame.text), "%s", text);
    return send_frame(channel->fd, &frame);
}

static void channel_open(struct channel *channel, int fd, const struct credentials *credentials)
{
    *channel = (struct channel){.fd = fd, .credentials = credentials};
    for (size_t i = 0; i < STREAMS; i++)
        channel->incoming[i] = lg_chan_make(struct frame, 16);
    lg_group_go(&channel->reader, channel_read, channel);
}

/* Says goodbye, and waits until the server has hung up. */
static void channel_close(struct channel *channel, lg_error **result)
{
    lg_error_join_into(result, channel_send(channel, GOODBYE, 0, ""));
    lg_mutex_lock(&channel->sending);
    channel->closed = true;
    lg_mutex_unlock(&channel->sending);
    lg_error_join_into(result, lg_group_wait(&channel->reader));
    lg_close(channel->fd, result);
    puts("client: channel closed");
}

static void channel_free(struct channel *channel)
{
    for (size_t i = 0; i < STREAMS; i++)
        lg_chan_unref(channel->incoming[i]);
}

/* ---- streams ---- */

struct stream {
    struct channel *channel;
    uint32_t number;
};

static lg_error *stream_open(struct stream *stream, struct channel *channel, uint32_t number)
{
    *stream = (struct stream){channel, number};
    return channel_send(channel, OPEN, number, "");
}

static lg_error *stream_call(struct stream *stream, const char *text)
{
    struct frame reply;
    lg_error *err = channel_send(stream->channel, DATA, stream->number, text);
    if (err)
        return err;
    if (!lg_chan_recv(stream->channel->incoming[stream->number], &reply))
        return lg_error_newf("stream %u: cut off", stream->number);
    printf("client: stream %u: %s\n", stream->number, reply.text);
    return NULL;
}

/* Tells the server, and waits for its word. */
static void stream_end(struct stream *stream, lg_error **result)
{
    struct frame reply;
    lg_error *err = channel_send(stream->channel, END, stream->number, "");
    if (!err && !lg_chan_recv(stream->channel->incoming[stream->number], &reply))
        err = lg_error_new("cut off");
    if (!err)
        printf("client: stream %u ended\n", stream->number);
    lg_error_join_into(result, lg_error_wrap(err, "stream %u", stream->number));
}

/* ---- the client, in both orders ---- */

static lg_error *work(struct stream *first, struct stream *second)
{
    lg_error *err = stream_call(first, "one");
    if (!err)
        err = stream_call(second, "two");
    return err;
}

static lg_error *client(int fd)
{
    lg_func (lg_error *, err) {
        struct credentials credentials = {"token"};
        lg_defer(credentials_free, &credentials);

        struct channel channel;
        channel_open(&channel, fd, &credentials);
        lg_defer(channel_free, &channel);
        lg_defer(channel_close, &channel, &err);

        struct stream first, second;
        err = stream_open(&first, &channel, 1);
        if (err)
            lg_return(err);
        lg_defer(stream_end, &first, &err);
        err = stream_open(&second, &channel, 2);
        if (err)
            lg_return(err);
        lg_defer(stream_end, &second, &err);

        lg_return(work(&first, &second));
    }
}

/* WRONG: the credentials go first, then the channel, then the streams. */
static lg_error *client_in_the_wrong_order(int fd)
{
    lg_func (lg_error *, err) {
        struct credentials credentials = {"token"};
        struct channel channel;
        struct stream first, second;
        channel_open(&channel, fd, &credentials);
        lg_defer(channel_free, &channel);
        err = stream_open(&first, &channel, 1);
        lg_defer(stream_end, &first, &err);
        if (!err)
            err = stream_open(&second, &channel, 2);
        lg_defer(stream_end, &second, &err);
        lg_defer(channel_close, &channel, &err);
        lg_defer(credentials_free, &credentials);
        if (!err)
            err = work(&first, &second);
        lg_return(err);
    }
}

/* ---- the server ---- */

struct server {
    int fd;
    lg_error *failure;
};

static lg_error *answer(int fd, const struct frame *frame, unsigned *open)
{
    struct frame reply = *frame;
    *open += frame->kind == OPEN;
    *open -= frame->kind == END;
    if (frame->kind == OPEN)
        return NULL;
    return send_frame(fd, &reply);
}

static lg_error *serve(struct server *server)
{
    lg_func (lg_error *, err) {
        struct frame frame;
        unsigned open = 0;
        lg_defer(lg_close, server->fd, &err);
        for (;;) {
            err = lg_read_full(server->fd, &frame, sizeof(frame), lg_until_forever(), NULL);
            if (err) {
                printf("server: cut off, with %u streams open\n", open);
                lg_return(err);
            }
            bool known = strncmp(frame.token, "token", sizeof(frame.token)) == 0;
            if (frame.kind == GOODBYE) {
                printf("server: goodbye %s, with %u streams open\n",
                       known ? "from a friend" : "from a stranger", open);
                lg_return(NULL);
            }
            if (!known)
                lg_return(lg_error_new("from a stranger"));
            err = answer(server->fd, &frame, &open);
            if (err)
                lg_return(err);
        }
    }
}

/* ---- all together ---- */

static lg_error *run(bool wrong_order)
{
    lg_func (lg_error *, err) {
        int fds[2];
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) != 0)
            lg_return(lg_error_new_errno("socketpair"));
        struct server server = {.fd = fds[0]};
        lg_group_scope(group, &err);
        lg_group_go(&group, serve, &server);
        lg_return(wrong_order ? client_in_the_wrong_order(fds[1]) : client(fds[1]));
    }
}

int main(int argc, char **argv)
{
    lg_error *err = run(argc > 1 && strcmp(argv[1], "wrong-order") == 0);
    if (!err)
        return 0;
    char text[512];
    lg_error_format(err, text, sizeof(text));
    printf("error: %s\n", text);
    lg_error_free(err);
    return 1;
}
