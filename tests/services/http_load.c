/* http_load PORT CLIENTS: clients that add rows as fast as they can, each request on a connection of its own, until the
 * server is gone. Prints how many were answered with 200, with something else, and not at all. */
#include <arpa/inet.h>
#include <errno.h>
#include <lifoguard/lifoguard.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

static unsigned long answered, refused_by_status, cut;

static lg_error *request(int fd, int port, char *reply, size_t size)
{
    static const char text[] = "POST /add HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                               "Content-Length: 0\r\n\r\n";
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons((uint16_t)port),
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    size_t length = 0, count = 1;
    lg_until until = lg_until_timeout(20 * LG_SECOND);
    lg_error *err = lg_connect(fd, (const struct sockaddr *)&address, sizeof(address), until);
    reply[0] = '\0';
    if (!err)
        err = lg_write(fd, text, sizeof(text) - 1, until, NULL);
    while (!err && count > 0 && length + 1 < size) {
        err = lg_read(fd, reply + length, size - 1 - length, until, &count);
        length += count;
        reply[length] = '\0';
    }
    return err;
}

static void client(int port)
{
    for (;;) {
        char reply[1024];
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0)
            return;
        lg_defer(lg_close, fd, NULL);
        lg_error *err = request(fd, port, reply, sizeof(reply));
        bool gone = lg_error_is_errno(err, ECONNREFUSED);
        lg_error_free(err);
        if (gone)
            return;
        if (strncmp(reply, "HTTP/1.1 200", 12) == 0)
            __atomic_fetch_add(&answered, 1, __ATOMIC_RELAXED);
        else
            __atomic_fetch_add(reply[0] ? &refused_by_status : &cut, 1, __ATOMIC_RELAXED);
    }
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    {
        lg_group_scope(clients, NULL);
        for (long i = strtol(argv[2], NULL, 10); i > 0; i--)
            lg_group_go(&clients, client, (int)strtol(argv[1], NULL, 10));
    }
    printf("%lu %lu %lu\n", answered, refused_by_status, cut);
    return 0;
}
