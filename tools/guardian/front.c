#define _GNU_SOURCE
#include "front.h"

#include <errno.h>
#include <sys/socket.h>

void front_send(int fd, enum front_kind kind, int a, int b)
{
    struct front_message message = {kind, a, b};
    if (fd >= 0)
        send(fd, &message, sizeof(message), MSG_NOSIGNAL);
}

bool front_receive(int fd, struct front_message *message)
{
    ssize_t got;
    do
        got = recv(fd, message, sizeof(*message), 0);
    while (got < 0 && errno == EINTR);
    return got == sizeof(*message);
}
