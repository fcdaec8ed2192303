#define _GNU_SOURCE
#include "done.h"

#include "buffer.h"

#include <errno.h>
#include <fcntl.h>
#include <lifoguard/defer.h>
#include <sys/stat.h>
#include <unistd.h>

/* For the first 32,768 cleanups of a run. */
enum { SIZE = 4096 };

/* The file gets its space now: later the disk may be full. Zeroes are written, since sandboxes and file systems refuse
 * fallocate(2); they are appended, so that they overwrite nothing of another owner, who may just have opened the file too. */
static bool reserve(int fd)
{
    static const char zeroes[SIZE];
    struct stat file;
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_APPEND) != 0)
        return false;
    bool good;
    while ((good = fstat(fd, &file) == 0) && file.st_size < SIZE)
        if (write(fd, zeroes, (size_t)(SIZE - file.st_size)) < 0 && errno != EINTR)
            return false;
    return good && fcntl(fd, F_SETFL, flags) == 0;
}

lg_error *done_open(const char *run_directory, int *fd)
{
    struct buffer path = {0};
    lg_defer(buffer_free, &path);
    buffer_format(&path, "%s/done", run_directory);
    *fd = open(path.text, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (*fd < 0)
        return lg_error_new_errno("%s", path.text);
    return reserve(*fd) ? NULL : lg_error_new_errno("%s", path.text);
}

void done_set(int fd, int64_t sequence)
{
    unsigned char byte = 0;
    if (fd < 0 || sequence < 0 || sequence / 8 >= SIZE || pread(fd, &byte, 1, sequence / 8) != 1)
        return;
    byte = (unsigned char)(byte | 1U << sequence % 8);
    ssize_t written = pwrite(fd, &byte, 1, sequence / 8);
    (void)written;
}

bool done_has(int fd, int64_t sequence)
{
    unsigned char byte = 0;
    return fd >= 0 && sequence >= 0 && sequence / 8 < SIZE &&
           pread(fd, &byte, 1, sequence / 8) == 1 && (byte >> sequence % 8 & 1);
}
