/* What is deferred on one path only. In C an `if` is a block, and an lg_defer in it would close the file
 * at its end; lg_defer_in registers with a scope outside, which runs what it was given, or nothing, when
 * the function is left (D5). */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include <lifoguard/lifoguard.h>

static lg_error *work(bool needs_file)
{
    lg_scope(cleanups);
    if (needs_file) {
        int fd = open("/proc/sys/kernel/hostname", O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            return lg_error_new_errno("open /etc/hostname");
        lg_defer_in(&cleanups, close, fd);
        puts("file opened");
    }
    puts("doing work");
    return NULL;
}

int main(void)
{
    lg_func (int, status) {
        lg_error *err = work(true);
        err = lg_error_join(err, work(false));
        lg_defer(lg_error_free, err);
        if (err) {
            lg_error_print(err, stderr);
            lg_return(1);
        }
    }
}
