/* The echo server with libuv, which has one loop on one thread; prints its port. As in libuv's guide, the buffer of a
 * connection is made for each read and lives until the answer is written. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

struct answer {
    uv_write_t request;
    uv_buf_t buffer;
};

static void make_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    enum { SIZE = 4096 };
    (void)handle, (void)suggested;
    *buffer = uv_buf_init(malloc(SIZE), SIZE);
}

static void free_connection(uv_handle_t *handle)
{
    free(handle);
}

static void written(uv_write_t *request, int status)
{
    struct answer *answer = (struct answer *)request;
    (void)status;
    free(answer->buffer.base);
    free(answer);
}

static void answer(uv_stream_t *connection, ssize_t count, const uv_buf_t *buffer)
{
    struct answer *answer = count > 0 ? malloc(sizeof(*answer)) : NULL;
    if (!answer) {
        free(buffer->base);
        if (count < 0)
            uv_close((uv_handle_t *)connection, free_connection);
        return;
    }
    answer->buffer = uv_buf_init(buffer->base, (unsigned)count);
    uv_write(&answer->request, connection, &answer->buffer, 1, written);
}

static void accept_one(uv_stream_t *listener, int status)
{
    uv_tcp_t *connection = malloc(sizeof(*connection));
    if (status != 0 || !connection || uv_tcp_init(listener->loop, connection) != 0 ||
        uv_accept(listener, (uv_stream_t *)connection) != 0 ||
        uv_read_start((uv_stream_t *)connection, make_buffer, answer) != 0)
        abort();
}

int main(void)
{
    struct sockaddr_in address;
    int length = sizeof(address);
    uv_tcp_t listener;
    if (uv_tcp_init(uv_default_loop(), &listener) != 0 ||
        uv_ip4_addr("127.0.0.1", 0, &address) != 0 ||
        uv_tcp_bind(&listener, (const struct sockaddr *)&address, 0) != 0 ||
        uv_listen((uv_stream_t *)&listener, 1024, accept_one) != 0 ||
        uv_tcp_getsockname(&listener, (struct sockaddr *)&address, &length) != 0)
        return 1;
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}
