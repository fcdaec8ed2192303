#define _GNU_SOURCE
#include "scratch.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "closers/own_fd.h"

/* For kernels and containers without memfd_create. */
static int open_on_disk(void)
{
    char path[] = "/tmp/lifoguard-XXXXXX";
    int fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0)
        unlink(path);
    return fd;
}

int scratch_open(const char *name)
{
    int fd = memfd_create(name, MFD_CLOEXEC);
    if (fd < 0 && lgi_is_refused(errno))
        fd = open_on_disk();
    return lgi_own_fd(fd);
}
