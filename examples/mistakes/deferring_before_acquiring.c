/* Mistake 9: deferring the close before there is anything to close. The argument is taken at the defer
 * (D2): it is still -1, and the file that is opened afterwards stays open. First acquire, then check,
 * then defer: a failed open leaves nothing to release. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include <lifoguard/lifoguard.h>

static lg_error *wrong(const char *path, int *used)
{
    int fd = -1;
    lg_defer(close, fd);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return lg_error_new_errno("open %s", path);
    *used = fd;
    return NULL;
}

static lg_error *right(const char *path, int *used)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return lg_error_new_errno("open %s", path);
    lg_defer(close, fd);
    *used = fd;
    return NULL;
}

static bool leaks(const char *which, lg_error *(*use)(const char *, int *))
{
    int fd = -1;
    lg_error *err = use("/dev/null", &fd);
    if (err)
        lg_panic_with_error(err);
    bool leaked = close(fd) == 0;
    printf("%s: the file was %s\n", which, leaked ? "leaked" : "closed");
    return leaked;
}

int main(void)
{
    bool wrong_leaks = leaks("wrong", wrong);
    bool right_leaks = leaks("right", right);
    return wrong_leaks && !right_leaks ? 0 : 1;
}
