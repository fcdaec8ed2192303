#include "listen.h"

int start_listening(int fd, int backlog)
{
    if (listen(fd, backlog) < 0) {
        close(fd);
        return -1;
    }
    return 0;
}
