#define _GNU_SOURCE
#include "random.h"

#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

static lg_error *read_device(void *bytes, size_t size)
{
    int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, bytes, size);
    lg_error *err = got == (ssize_t)size ? NULL : lg_error_new_errno("/dev/urandom");
    if (fd >= 0)
        close(fd);
    return err;
}

lg_error *random_fill(void *bytes, size_t size)
{
    return getrandom(bytes, size, 0) == (ssize_t)size ? NULL : read_device(bytes, size);
}
