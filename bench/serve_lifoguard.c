/* Servers with a goroutine for each connection: `serve_lifoguard echo` and `serve_lifoguard http`. They print their port. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <lifoguard/lifoguard.h>

static void echo(int connection)
{
    char buffer[4096];
    lg_defer(lg_close, connection, NULL);
    for (size_t count;;) {
        lg_error *err = lg_read(connection, buffer, sizeof(buffer), lg_until_forever(), &count);
        if (!err && count > 0)
            err = lg_write(connection, buffer, count, lg_until_forever(), NULL);
        lg_error_free(err);
        if (err || count == 0)
            return;
    }
}

/* ---- HTTP: the header of a request is only searched for its end ---- */

struct request {
    char text[4096];
    size_t count;
};

/* Removes a request from the text once it is there as a whole. */
static bool take_request(struct request *request)
{
    char *end = memmem(request->text, request->count, "\r\n\r\n", 4);
    if (!end)
        return false;
    end += 4;
    request->count -= (size_t)(end - request->text);
    memmove(request->text, end, request->count);
    return true;
}

/* False: the client has closed the connection, or its request is too long. */
static bool read_request(int connection, struct request *request)
{
    while (!take_request(request)) {
        size_t count, room = sizeof(request->text) - request->count;
        if (room == 0)
            return false;
        lg_error *err = lg_read(connection, request->text + request->count, room,
                                lg_until_forever(), &count);
        lg_error_free(err);
        if (err || count == 0)
            return false;
        request->count += count;
    }
    return true;
}

static void http(int connection)
{
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
                                 "Content-Length: 6\r\n\r\nhello\n";
    struct request request = {.count = 0};
    lg_defer(lg_close, connection, NULL);
    while (read_request(connection, &request)) {
        lg_error *err = lg_write(connection, answer, strlen(answer), lg_until_forever(), NULL);
        lg_error_free(err);
        if (err)
            return;
    }
}

/* ---- the listener ---- */

static lg_error *listen_here(int *listener)
{
    lg_func (lg_error *, err) {
        struct sockaddr_in address = {.sin_family = AF_INET,
                                      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t length = sizeof(address);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0)
            lg_return(lg_error_new_errno("socket"));
        lg_defer_on_error(lg_close, fd, NULL);
        if (bind(fd, (struct sockaddr *)&address, length) != 0 || listen(fd, 1024) != 0 ||
            getsockname(fd, (struct sockaddr *)&address, &length) != 0)
            lg_return(lg_error_new_errno("listen"));
        printf("%d\n", ntohs(address.sin_port));
        fflush(stdout);
        *listener = fd;
        lg_return(NULL);
    }
}

static lg_error *accept_all(void (*serve)(int connection))
{
    int listener = -1, connection;
    lg_error *err = listen_here(&listener);
    while (!err) {
        err = lg_accept(listener, NULL, NULL, lg_until_forever(), &connection);
        if (!err)
            lg_go(serve, connection);
    }
    return err;
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    lg_error *err = accept_all(strcmp(argv[1], "http") == 0 ? http : echo);
    lg_error_print(err, stderr);
    lg_error_free(err);
    return 1;
}
