/* What steps 3 to 7 share: a listener, its connections, and the request's name. Nothing here is about cleanup but for one
 * line. */
#ifndef TUTORIAL_NET_H
#define TUTORIAL_NET_H

#include <errno.h>
#include <lifoguard/lifoguard.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { NAME_SIZE = 64, REQUEST_SIZE = 1024, BUFFER_SIZE = 16 * 1024 };

/* Listens on a port of 127.0.0.1. The caller owns *listener. */
static inline lg_error *listen_on(const char *port, int *listener)
{
    lg_func (lg_error *, err) {
        struct sockaddr_in address = {.sin_family = AF_INET,
                                      .sin_port = htons((uint16_t)strtoul(port, NULL, 10)),
                                      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        *listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (*listener < 0)
            lg_return(lg_error_new_errno("a socket"));
        lg_defer_on_error(lg_close, *listener, NULL); // who gets an error gets no socket
        setsockopt(*listener, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
        if (bind(*listener, (struct sockaddr *)&address, sizeof(address)) != 0 ||
            listen(*listener, 64) != 0)
            lg_return(lg_error_new_errno("listen on port %s", port));
        lg_return(NULL);
    }
}

/* Whether the error will pass when other connections have ended: no descriptors or memory are left for this one. */
static inline bool will_pass(const lg_error *err)
{
    const int code = lg_error_errno(err);
    return code == EMFILE || code == ENFILE || code == ENOBUFS || code == ENOMEM;
}

/* Takes the next connection, which the caller owns. While there are no descriptors, the connection stays in the queue. */
static inline lg_error *accept_next(int listener, lg_until until, int *connection)
{
    for (;;) {
        lg_error *err = lg_accept(listener, NULL, NULL, until, connection);
        if (!will_pass(err))
            return err;
        lg_error_free(err);
        // at once, lg_accept would only fail again
        err = lg_sleep_until(20 * LG_MILLISECOND, until);
        if (err)
            return err;
    }
}

/* Reads a request, "GET /name HTTP/1.0", to the empty line at its end. */
static inline lg_error *read_name(int from, char *name, lg_until until)
{
    char request[REQUEST_SIZE + 1];
    for (size_t have = 0, count;; have += count) {
        if (have == REQUEST_SIZE)
            return lg_error_new("the request is too long");
        lg_error *err = lg_read(from, request + have, REQUEST_SIZE - have, until, &count);
        if (err || count == 0)
            return err ? err : lg_error_new("the client hung up");
        request[have + count] = '\0';
        if (strstr(request, "\r\n\r\n"))
            break;
    }
    if (sscanf(request, "GET /%63[a-z0-9._] HTTP/", name) != 1 || name[0] == '.')
        return lg_error_new("the request is not for a file");
    return NULL;
}

#endif
