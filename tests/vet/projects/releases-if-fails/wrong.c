#include "listen.h"

int serve(int backlog)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0)
        return -1;
    if (start_listening(fd, backlog) < 0) {
        close(fd); // want: double-release
        return -1;
    }
    return fd;
}
