/* The echo server with a goroutine for each connection; prints its port. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <lifoguard/lifoguard.h>

static void serve(int connection)
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

static lg_error *accept_all(void)
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

int main(void)
{
    lg_error *err = accept_all();
    lg_error_print(err, stderr);
    lg_error_free(err);
    return 1;
}
