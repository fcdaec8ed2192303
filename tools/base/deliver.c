#define _GNU_SOURCE
#include "deliver.h"

#include "message.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

/* May a failed write be repeated? What a non-blocking descriptor does not take now, it takes later. */
static bool may_write_again(int fd)
{
    struct pollfd room = {.fd = fd, .events = POLLOUT};
    if (errno == EAGAIN)
        return poll(&room, 1, -1) > 0 || errno == EINTR;
    return errno == EINTR;
}

bool write_whole(int fd, const char *bytes, size_t count)
{
    while (count > 0) {
        ssize_t written = write(fd, bytes, count);
        if (written < 0 && !may_write_again(fd))
            return false;
        bytes += written > 0 ? written : 0;
        count -= written > 0 ? (size_t)written : 0;
    }
    return true;
}

void delivery_fail(struct delivery *delivery, int number)
{
    bool wanted = number != EPIPE || delivery->readers_stay;
    if (wanted && !delivery->over)
        print_message("%s: %s: what follows is not written", delivery->to, strerror(number));
    delivery->failed |= wanted;
    delivery->over = true;
}

void deliver(struct delivery *delivery, int fd, const char *bytes, size_t count)
{
    if (!delivery->over && !write_whole(fd, bytes, count))
        delivery_fail(delivery, errno);
}
