/* A file handle whose misuse is an error. The handle counts the calls that use its descriptor. A close lets no further call
 * begin, waits until the running calls have ended, and only then gives the descriptor back to the kernel. So no call reads or
 * writes a descriptor number that the kernel has meanwhile given to another file. */
#define _GNU_SOURCE
#include <lifoguard/close.h>
#include <lifoguard/file.h>

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "closers/hooks.h"
#include "closers/shield.h"
#include "defer/fork.h"
#include "error/keep_errno.h"

struct lg_file {
    pthread_mutex_t lock;
    pthread_cond_t unused;
    unsigned uses;
    bool closed;
    uint32_t forks; /* the value of lgi_forks in the process that the three above are of. Atomic */
    int fd;
    char path[];
};

/* The kernel takes some bytes less than 2 GiB at a time anyway; with this, no size is too large. */
enum { LARGEST_TRANSFER = 1 << 30 };

/* ---- a handle's life ---- */

static lg_file *new_handle(const char *path)
{
    size_t size = strlen(path) + 1;
    lg_file *file = malloc(sizeof(*file) + size);
    if (!file)
        return NULL;
    *file = (lg_file){.fd = -1, .forks = lgi_forks};
    pthread_mutex_init(&file->lock, NULL);
    pthread_cond_init(&file->unused, NULL);
    memcpy(file->path, path, size);
    return file;
}

/* ---- its lock ---- */

static pthread_mutex_t forgetting = PTHREAD_MUTEX_INITIALIZER;

__attribute__((constructor)) static void register_lock(void)
{
    static struct lgi_free_in_child entry = {.mutex = &forgetting};
    lgi_register_free_in_child(&entry);
}

/* In a child: the calls that were using the file at the fork have stayed in the parent, like the thread that held the lock. */
static void forget_parents(lg_file *file)
{
    pthread_mutex_lock(&forgetting);
    if (__atomic_load_n(&file->forks, __ATOMIC_RELAXED) != lgi_forks) {
        pthread_mutex_init(&file->lock, NULL);
        pthread_cond_init(&file->unused, NULL);
        file->uses = 0;
        __atomic_store_n(&file->forks, lgi_forks, __ATOMIC_RELEASE);
    }
    pthread_mutex_unlock(&forgetting);
}

/* From here on, what the lock guards is of this process. */
static void own(lg_file *file)
{
    if (__builtin_expect(__atomic_load_n(&file->forks, __ATOMIC_ACQUIRE) != lgi_forks, 0))
        forget_parents(file);
}

static void lock(lg_file *file)
{
    own(file);
    pthread_mutex_lock(&file->lock);
}

static void unlock(lg_file *file)
{
    pthread_mutex_unlock(&file->lock);
}

/* ---- opening and closing ---- */

static void free_handle(lg_file *file)
{
    if (file) {
        own(file); /* else pthread_cond_destroy would wait for threads of the parent */
        pthread_cond_destroy(&file->unused);
        pthread_mutex_destroy(&file->lock);
        free(file);
    }
}

lg_error *lg_file_open(const char *path, int flags, mode_t mode, lg_file **file)
{
    LGI_KEEP_ERRNO;
    lg_func (lg_error *, err) {
        *file = NULL;
        lg_file *made = new_handle(path);
        if (!made)
            lg_return(&lg_error_out_of_memory);
        lg_defer_on_error(free_handle, made);
        do
            made->fd = open(path, flags | O_CLOEXEC, mode);
        while (made->fd == -1 && errno == EINTR);
        if (made->fd == -1)
            lg_return(lg_error_new_errno("open %s", path));
        *file = made;
        lg_return(NULL);
    }
}

lg_error *lg_file_create(const char *path, mode_t mode, lg_file **file)
{
    LGI_KEEP_ERRNO;
    return lg_file_open(path, O_WRONLY | O_CREAT | O_TRUNC, mode, file);
}

lg_error *lg_file_adopt(int fd, const char *name, lg_file **file)
{
    LGI_KEEP_ERRNO;
    *file = new_handle(name);
    if (!*file)
        return &lg_error_out_of_memory;
    (*file)->fd = fd;
    return NULL;
}

lg_error *lg_file_close_now(lg_file *file)
{
    LGI_KEEP_ERRNO;
    if (!file)
        return NULL;
    lg_error *err = NULL;
    struct lgi_shield before = lgi_shield_begin();
    lock(file);
    bool was_closed = file->closed;
    file->closed = true;
    while (!was_closed && file->uses > 0)
        pthread_cond_wait(&file->unused, &file->lock);
    unlock(file);
    if (was_closed) {
        err = lg_error_wrap(&lg_error_closed, "close %s", file->path);
    } else {
        lgi_before_close(file->fd);
        if (close(file->fd) != 0 && errno != EINTR) /* see lg_close */
            err = lg_error_new_errno("close %s", file->path);
        lgi_after_close(file->fd);
    }
    lgi_shield_end(&before);
    return err;
}

void lg_file_close(lg_file *file, lg_error **result)
{
    LGI_KEEP_ERRNO;
    if (file && !file->closed)
        lg_error_join_into(result, lg_file_close_now(file));
    free_handle(file);
}

void lg_file_free(lg_file *file)
{
    LGI_KEEP_ERRNO;
    lg_file_close(file, NULL);
}

const char *lg_file_path(const lg_file *file)
{
    return file->path;
}

/* ---- using it ---- */

/* If it succeeds, end_use must follow: by lg_defer, as the thread may be cancelled in between. */
static lg_error *begin_use(lg_file *file, const char *operation)
{
    lock(file);
    bool closed = file->closed;
    if (!closed)
        file->uses++;
    unlock(file);
    return closed ? lg_error_wrap(&lg_error_closed, "%s %s", operation, file->path) : NULL;
}

static void end_use(lg_file *file)
{
    lock(file);
    bool counted = file->uses > 0; /* not if the caller was in a signal's handler that has forked */
    if (counted)
        file->uses--;
    if (counted && file->uses == 0 && file->closed)
        pthread_cond_signal(&file->unused);
    unlock(file);
}

static lg_error *read_some(lg_file *file, void *buffer, size_t size, size_t *count)
{
    ssize_t got;
    do
        got = read(file->fd, buffer, size < LARGEST_TRANSFER ? size : LARGEST_TRANSFER);
    while (got == -1 && errno == EINTR);
    *count = got < 0 ? 0 : (size_t)got;
    return got < 0 ? lg_error_new_errno("read %s", file->path) : NULL;
}

lg_error *lg_file_read(lg_file *file, void *buffer, size_t size, size_t *count)
{
    LGI_KEEP_ERRNO;
    lg_func (lg_error *, err) {
        *count = 0;
        err = begin_use(file, "read");
        if (err)
            lg_return(err);
        lg_defer(end_use, file);
        lg_return(read_some(file, buffer, size, count));
    }
}

static void free_text(char **text)
{
    free(*text);
}

static lg_error *out_of_memory(const lg_file *file)
{
    return lg_error_wrap(&lg_error_out_of_memory, "read %s", file->path);
}

lg_error *lg_file_read_all(lg_file *file, char **data, size_t *size)
{
    LGI_KEEP_ERRNO;
    lg_func (lg_error *, err) {
        *data = NULL;
        *size = 0;
        err = begin_use(file, "read");
        if (err)
            lg_return(err);
        lg_defer(end_use, file);

        /* Room for all of a regular file, and a byte more, so that its end is seen without growing.
         * It is a guess: the file may be of another sort, or change. */
        struct stat status;
        size_t capacity = 4096;
        if (fstat(file->fd, &status) == 0 && S_ISREG(status.st_mode) &&
            (uintmax_t)status.st_size < SIZE_MAX / 2)
            capacity = (size_t)status.st_size + 2;
        char *text = malloc(capacity);
        if (!text)
            lg_return(out_of_memory(file));
        lg_defer_on_error(free_text, &text);

        size_t length = 0, count;
        for (;;) {
            if (capacity - length < 2) {
                char *more = capacity <= SIZE_MAX / 2 ? realloc(text, capacity * 2) : NULL;
                if (!more)
                    lg_return(out_of_memory(file));
                text = more;
                capacity *= 2;
            }
            err = read_some(file, text + length, capacity - length - 1, &count);
            if (err)
                lg_return(err);
            if (count == 0)
                break;
            length += count;
        }
        text[length] = '\0';
        *data = text;
        *size = length;
        lg_return(NULL);
    }
}

lg_error *lg_file_write(lg_file *file, const void *data, size_t size)
{
    LGI_KEEP_ERRNO;
    lg_func (lg_error *, err) {
        err = begin_use(file, "write");
        if (err)
            lg_return(err);
        lg_defer(end_use, file);
        const char *at = data;
        while (size > 0) {
            ssize_t done = write(file->fd, at, size < LARGEST_TRANSFER ? size : LARGEST_TRANSFER);
            if (done == -1 && errno == EINTR)
                continue;
            /* Of a device that takes nothing, and says nothing: not to be asked for ever. */
            if (done <= 0)
                lg_return(lg_error_new_code(done < 0 ? errno : EIO, "write %s", file->path));
            at += done;
            size -= (size_t)done;
        }
        lg_return(NULL);
    }
}

lg_error *lg_file_sync(lg_file *file)
{
    LGI_KEEP_ERRNO;
    lg_func (lg_error *, err) {
        err = begin_use(file, "sync");
        if (err)
            lg_return(err);
        lg_defer(end_use, file);
        int done;
        do
            done = fsync(file->fd);
        while (done == -1 && errno == EINTR);
        if (done == -1)
            lg_return(lg_error_new_errno("sync %s", file->path));
        lg_return(NULL);
    }
}

lg_error *lg_file_size(lg_file *file, uint64_t *size)
{
    LGI_KEEP_ERRNO;
    lg_func (lg_error *, err) {
        *size = 0;
        err = begin_use(file, "stat");
        if (err)
            lg_return(err);
        lg_defer(end_use, file);
        struct stat status;
        if (fstat(file->fd, &status) != 0)
            lg_return(lg_error_new_errno("stat %s", file->path));
        *size = (uint64_t)status.st_size;
        lg_return(NULL);
    }
}
