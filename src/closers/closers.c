/* Closers for lg_defer, which land their failure in a result. */
#define _GNU_SOURCE
#include <lifoguard/close.h>
#include <lifoguard/panic.h>

#include <limits.h>
#include <stdbool.h>
#include <stdio_ext.h>
#include <string.h>
#include <unistd.h>

#include "closers/hooks.h"
#include "closers/shield.h"

LG_ERROR_DEFINE(lg_error_closed, "already closed");

const struct lgi_closers_hooks *lgi_closers_hooks;

/* ---- streams ---- */

/* What a stream that is still open reads or writes, as far as /proc knows. */
static const char *path_of(FILE *file, char *buffer, size_t size)
{
    char link[32];
    int fd = fileno(file);
    ssize_t length = -1;
    if (fd >= 0) {
        snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
        length = readlink(link, buffer, size - 1);
    }
    if (length < 0)
        return "a stream";
    buffer[length] = '\0';
    return buffer;
}

void lg_fclose(FILE *file, lg_error **result)
{
    if (!file)
        return;
    struct lgi_shield before = lgi_shield_begin();
    bool had_failed = ferror(file);
    char buffer[512];
    const char *path = "a stream";
    int write_errno = 0, close_errno = 0;

    /* Written here and not by fclose, so that in case of failure the descriptor is still there to
     * ask for the path. */
    if (__fpending(file) > 0 && fflush(file) != 0)
        write_errno = errno;
    if (write_errno || had_failed)
        path = path_of(file, buffer, sizeof(buffer));
    int fd = fileno(file);
    lgi_before_close(fd);
    if (fclose(file) != 0)
        close_errno = errno;
    lgi_after_close(fd);

    if (write_errno)
        lg_error_join_into(result, lg_error_new_code(write_errno, "write %s", path));
    else if (had_failed)
        lg_error_join_into(result, lg_error_newf("an earlier read or write of %s failed", path));
    /* fclose tries again to write, and fails again: one failure, not two. */
    if (close_errno && close_errno != write_errno && close_errno != EINTR)
        lg_error_join_into(result, lg_error_new_code(close_errno, "close %s", path));
    lgi_shield_end(&before);
}

/* ---- descriptors ---- */

void lg_close(int fd, lg_error **result)
{
    if (fd == -1)
        return;
    struct lgi_shield before = lgi_shield_begin();
    lgi_before_close(fd);
    // NOLINTNEXTLINE(clang-analyzer-unix.StdCLibraryFunctions): of another negative number, EBADF is the report
    if (close(fd) != 0 && errno != EINTR)
        lg_error_join_into(result, lg_error_new_errno("close descriptor %d", fd));
    lgi_after_close(fd);
    lgi_shield_end(&before);
}

/* ---- anything ---- */

/* The function may have been declared with another pointer type: lg_defer_checked casts it. That is
 * the same call on every machine this library knows, but the checks of function types do not know
 * that. */
#if defined(__clang__)
#define OF_ANY_POINTER __attribute__((no_sanitize("function", "cfi-icall")))
#else
#define OF_ANY_POINTER
#endif

struct call {
    struct lgi_shield before;
    int value;
    int errno_value;
};

static void put_back(struct call *call)
{
    lgi_shield_end(&call->before);
}

/* False if there is nothing to close. */
OF_ANY_POINTER static bool make(int (*close)(void *object), void *object, const char *name,
                                struct call *call)
{
    if (!object)
        return false;
    if (!close)
        lg_panic("a NULL function to close with%s%s", name ? ": " : "", name ? name : "");
    call->before = lgi_shield_begin();
    lg_defer(put_back, call);
    errno = 0;
    call->value = close(object);
    call->errno_value = errno;
    return true;
}

static const char *or_close(const char *name)
{
    return name ? name : "close";
}

void lg_close_with(int (*close)(void *object), void *object, const char *name, lg_error **result)
{
    struct call call;
    if (!make(close, object, name, &call) || call.value == 0)
        return;
    if (call.value == -1 && call.errno_value)
        lg_error_join_into(result, lg_error_new_code(call.errno_value, "%s", or_close(name)));
    else
        lg_error_join_into(result, lg_error_newf("%s returned %d", or_close(name), call.value));
}

void lg_close_with_errno(int (*close)(void *object), void *object, const char *name,
                         lg_error **result)
{
    struct call call;
    if (!make(close, object, name, &call) || call.value == 0)
        return;
    if (call.value == INT_MIN)
        lg_error_join_into(result, lg_error_newf("%s returned %d", or_close(name), call.value));
    else
        lg_error_join_into(result, lg_error_new_code(call.value < 0 ? -call.value : call.value,
                                                     "%s", or_close(name)));
}
