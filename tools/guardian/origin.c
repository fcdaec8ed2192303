#define _GNU_SOURCE
#include "origin.h"

#include "buffer.h"
#include "identity.h"

#include <fcntl.h>
#include <lifoguard/defer.h>
#include <unistd.h>

static int open_origin(const char *run_directory, int flags)
{
    struct buffer path = {0};
    lg_defer(buffer_free, &path);
    buffer_format(&path, "%s/origin", run_directory);
    return open(path.text, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
}

/* Who takes a run over makes it one of this place: when it is killed in turn, the run is recovered unasked. */
void origin_note(const char *run_directory)
{
    struct identity here = identity_at(run_directory);
    int fd = open_origin(run_directory, O_WRONLY | O_CREAT);
    if (fd < 0)
        return;
    ssize_t written = write(fd, &here, sizeof(here));
    (void)written;
    close(fd);
}

/* Without a time of birth, an inode number alone is no proof: layers of containers number their directories anew. */
bool origin_is_elsewhere(const char *run_directory)
{
    struct identity origin;
    struct identity here = identity_at(run_directory);
    int fd = open_origin(run_directory, O_RDONLY);
    if (fd < 0)
        return false;
    lg_defer(close, fd);
    return read(fd, &origin, sizeof(origin)) == sizeof(origin) && origin.born && here.born &&
           identity_differs(&origin, &here, true);
}
