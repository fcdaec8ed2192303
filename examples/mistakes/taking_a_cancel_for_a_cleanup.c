/* Mistake 7: cancelling only says that it is time to stop (C6). It closes no file and unlocks nothing; each of these
 * needs a defer of its own. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include <lifoguard/lifoguard.h>

static int open_null(void)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        lg_panic_with_error(lg_error_new_errno("open /dev/null"));
    return fd;
}

static int wrong(lg_mutex *mutex)
{
    lg_context *ctx = lg_context_with_timeout(lg_context_background(), LG_SECOND);
    lg_defer(lg_context_free, ctx); // stops the timer, and that is all
    int fd = open_null();
    lg_mutex_lock(mutex);
    return fd;
}

static int right(lg_mutex *mutex)
{
    lg_context *ctx = lg_context_with_timeout(lg_context_background(), LG_SECOND);
    lg_defer(lg_context_free, ctx);
    int fd = open_null();
    lg_defer(close, fd);
    lg_mutex_lock(mutex);
    lg_defer(lg_mutex_unlock, mutex);
    return fd;
}

static bool show(const char *which, int fd, lg_mutex *mutex)
{
    bool leaked = close(fd) == 0, locked = !lg_mutex_try_lock(mutex);
    printf("%s: the file is %s, the mutex %s\n", which, leaked ? "still open" : "closed",
           locked ? "still locked" : "unlocked");
    lg_mutex_unlock(mutex);
    return !leaked && !locked;
}

int main(void)
{
    lg_mutex mutex = LG_MUTEX_INIT;
    bool wrong_is_clean = show("wrong", wrong(&mutex), &mutex);
    bool right_is_clean = show("right", right(&mutex), &mutex);
    return !wrong_is_clean && right_is_clean ? 0 : 1;
}
