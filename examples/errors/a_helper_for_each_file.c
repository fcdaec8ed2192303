/* Each call of show() closes its own file before the next one is opened, whatever becomes of it: the
 * way to process a list of things without holding them all. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <lifoguard/lifoguard.h>

static lg_error *show(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return lg_error_new_errno("open");
    lg_defer(close, fd);

    struct stat status;
    if (fstat(fd, &status) < 0)
        return lg_error_new_errno("stat");
    printf("%-20s %jd bytes\n", path, (intmax_t)status.st_size);
    return NULL;
}

int main(void)
{
    static const char *const paths[] = {"/bin/sh", "/proc/self/exe"};
    int failures = 0;
    for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
        lg_error *err = show(paths[i]);
        lg_defer(lg_error_free, err);
        if (err) {
            failures++;
            fprintf(stderr, "%s: ", paths[i]);
            lg_error_print(err, stderr);
        }
    }
    return failures > 0;
}
