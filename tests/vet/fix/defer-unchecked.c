#include <lifoguard/lifoguard.h>

int count(const char *name)
{
    FILE *f = fopen(name, "re");
    lg_defer(fclose, f);
    if (!f)
        return -1;
    return count_lines(f);
}

int ask(const struct sockaddr *address, socklen_t length)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    lg_defer(close, fd);
    if (fd == -1 || connect(fd, address, length) < 0)
        return -1;
    return talk(fd);
}
