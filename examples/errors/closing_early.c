/* A file that is to be closed before the function ends, and in any case once. The deferred close gets a
 * name, by which it is run early; every return before that point still closes, and none after it does
 * so again (D11). No flag has to be kept right. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include <lifoguard/lifoguard.h>

static lg_error *process(const char *path)
{
    lg_func (lg_error *, err) {
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            lg_return(lg_error_new_errno("open %s", path));
        lg_defer_as(closing, lg_close, fd, &err);

        struct stat status;
        if (fstat(fd, &status) < 0)
            lg_return(lg_error_new_errno("stat %s", path));

        lg_deferred_run(closing);
        if (err)
            lg_return(err);
        // … more work, which does not need the file …
    }
}

int main(void)
{
    lg_error *err = process("/proc/sys/kernel/hostname");
    if (err) {
        lg_error_print(err, stderr);
        lg_error_free(err);
        return 1;
    }
    return 0;
}
