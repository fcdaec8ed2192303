/* A flag, and a file that mirrors it. */
#define _GNU_SOURCE
#include <lifoguard/service.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "closers/own_fd.h"
#include "error/keep_errno.h"
#include "error/ordering.h"

#define RESPONSE(status, text)                                                                     \
    "HTTP/1.1 " status "\r\nContent-Type: text/plain\r\nCache-Control: no-store\r\n"               \
    "Connection: close\r\n" text

static lg_error *remove_file(const char *path)
{
    if (!path || unlink(path) == 0 || errno == ENOENT)
        return NULL;
    return lg_error_new_errno("remove %s", path);
}

static lg_error *make_file(const char *path)
{
    int fd;
    if (!path)
        return NULL;
    do {
        fd = lgi_own_fd(open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644));
    } while (fd < 0 && errno == EINTR);
    if (fd < 0)
        return lg_error_new_errno("create %s", path);
    close(fd);
    return NULL;
}

static void set(lg_readiness *readiness, uint32_t on)
{
    lgi_releases(&readiness->lgi_on);
    __atomic_store_n(&readiness->lgi_on, on, __ATOMIC_RELEASE);
}

void lg_readiness_init(lg_readiness *readiness, const char *path)
{
    LGI_KEEP_ERRNO;
    *readiness = (lg_readiness)LG_READINESS_INIT(path);
    lg_error_free(remove_file(path));
}

lg_error *lg_readiness_on(lg_readiness *readiness)
{
    if (!readiness)
        return NULL;
    LGI_KEEP_ERRNO;
    lg_error *error = make_file(readiness->lgi_path);
    if (!error)
        set(readiness, 1);
    return error;
}

lg_error *lg_readiness_off(lg_readiness *readiness)
{
    if (!readiness)
        return NULL;
    LGI_KEEP_ERRNO;
    set(readiness, 0);
    lg_error *error = remove_file(readiness->lgi_path);
    return error;
}

bool lg_readiness_is_on(const lg_readiness *readiness)
{
    if (!readiness || __atomic_load_n(&readiness->lgi_on, __ATOMIC_ACQUIRE) == 0)
        return false;
    lgi_acquired(&readiness->lgi_on);
    return true;
}

const char *lg_readiness_response(const lg_readiness *readiness)
{
    return lg_readiness_is_on(readiness)
               ? RESPONSE("200 OK", "Content-Length: 6\r\n\r\nready\n")
               : RESPONSE("503 Service Unavailable", "Content-Length: 10\r\n\r\nnot ready\n");
}
