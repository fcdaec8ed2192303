/* A file that appears whole or not at all.
 *
 * The content is written to a file without a name. To replace a path, this file needs a temporary name for a moment, since link(2)
 * does not replace a file and rename(2) needs a name. A process that is killed in this moment leaves the temporary name behind. A writer
 * holds a lock on its file from before the file has a name until the name is gone, so a temporary file without a lock is a
 * leftover, and the next writer removes it. A new temporary file that has no lock yet may be removed by mistake: so its writer
 * checks afterwards whether the name still belongs to its own file. */
#define _GNU_SOURCE
#include <lifoguard/close.h>
#include <lifoguard/defer.h>
#include <lifoguard/file.h>
#include <lifoguard/try.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "closers/own_fd.h"
#include "closers/shield.h"
#include "error/keep_errno.h"
#include "error/libc.h"
#include "error/refused.h"

enum { LEFTOVERS = 8, MOST_NAMES = 1000, ALL_MODES = 07777, LARGEST = 1 << 30 };

struct lg_whole_file {
    int folder, fd;
    mode_t mode; /* to make the new file with */
    bool keeps, named, committed;
    int failed; /* the errno of the first write that failed */
    FILE *stream;
    char temporary[NAME_MAX + 1];
    const char *name; /* in `path` */
    char path[];
};

/* ---- the handle ---- */

static lg_whole_file *new_handle(const char *path)
{
    size_t size = strlen(path) + 1;
    lg_whole_file *file = calloc(1, sizeof(*file) + size);
    if (!file)
        return NULL;
    file->folder = file->fd = -1;
    memcpy(file->path, path, size);
    const char *slash = strrchr(file->path, '/');
    file->name = slash ? slash + 1 : file->path;
    return file;
}

/* Not a cancellation point: nobody else would close it. */
static void close_quietly(int fd)
{
    if (fd < 0)
        return;
    struct lgi_shield before = lgi_shield_begin();
    close(fd);
    lgi_shield_end(&before);
}

static void remove_temporary(lg_whole_file *file, lg_error **result)
{
    if (file->named && unlinkat(file->folder, file->temporary, 0) != 0)
        lg_error_join_into(result,
                           lg_error_new_errno("remove %s beside %s", file->temporary, file->path));
}

/* (Linux has closed a descriptor whose close was interrupted.) */
static lg_error *close_file(lg_whole_file *file)
{
    int failed = file->stream ? fclose(file->stream) : file->fd >= 0 ? close(file->fd) : 0;
    return failed && errno != EINTR ? lg_error_new_errno("close %s", file->path) : NULL;
}

void lg_whole_file_close(lg_whole_file *file, lg_error **result)
{
    if (!file)
        return;
    struct lgi_shield before = lgi_shield_begin();
    remove_temporary(file, result);
    lg_error *err = close_file(file);
    if (file->committed)
        lg_error_join_into(result, err);
    else /* what was written is thrown away */
        lg_error_free(err);
    close_quietly(file->folder);
    free(file);
    lgi_shield_end(&before);
}

/* ---- what is replaced ---- */

/* False: there is nothing under the name. */
static lg_error *check_target(const lg_whole_file *file, bool *exists)
{
    struct stat status;
    *exists = fstatat(file->folder, file->name, &status, AT_SYMLINK_NOFOLLOW) == 0;
    if (!*exists)
        return errno == ENOENT ? NULL : lg_error_new_errno("replace %s", file->path);
    if (S_ISREG(status.st_mode))
        return NULL;
    return lg_error_new_code(S_ISDIR(status.st_mode)   ? EISDIR
                             : S_ISLNK(status.st_mode) ? ELOOP
                                                       : EINVAL,
                             "replace %s, which is not a regular file", file->path);
}

static bool is_unsupported(int code)
{
    return code == EOPNOTSUPP || code == ENOSYS;
}

static lg_error *copy_attribute(const lg_whole_file *file, int old, const char *name)
{
    ssize_t size = fgetxattr(old, name, NULL, 0);
    if (size < 0)
        return errno == ENODATA || is_unsupported(errno)
                   ? NULL
                   : lg_error_new_errno("read %s of %s", name, file->path);
    char *value = malloc((size_t)size + 1);
    if (!value)
        return &lg_error_out_of_memory;
    lg_defer(free, value);
    size = fgetxattr(old, name, value, (size_t)size);
    if (size < 0 || fsetxattr(file->fd, name, value, (size_t)size, 0) != 0)
        return lg_error_new_errno("keep %s of %s", name, file->path);
    return NULL;
}

static lg_error *copy_attributes(const lg_whole_file *file, int old)
{
    lg_func (lg_error *, err) {
        ssize_t size = flistxattr(old, NULL, 0);
        if (size <= 0)
            lg_return(size == 0 || is_unsupported(errno)
                          ? NULL
                          : lg_error_new_errno("list the attributes of %s", file->path));
        char *names = malloc((size_t)size);
        if (!names)
            lg_return(&lg_error_out_of_memory);
        lg_defer(free, names);
        size = flistxattr(old, names, (size_t)size);
        if (size < 0)
            lg_return(lg_error_new_errno("list the attributes of %s", file->path));
        for (const char *name = names; name < names + size; name += strlen(name) + 1)
            lg_try(copy_attribute(file, old, name));
    }
}

static lg_error *copy_owner(const lg_whole_file *file, int old)
{
    struct stat from, to;
    if (fstat(old, &from) != 0 || fstat(file->fd, &to) != 0)
        return lg_error_new_errno("look at %s", file->path);
    if ((from.st_uid != to.st_uid || from.st_gid != to.st_gid) &&
        fchown(file->fd, from.st_uid, from.st_gid) != 0)
        return lg_error_new_errno("keep the owner of %s", file->path);
    /* after the owner, whose change takes the set-id bits away */
    if (fchmod(file->fd, from.st_mode & ALL_MODES) != 0)
        return lg_error_new_errno("keep the mode of %s", file->path);
    return NULL;
}

/* Writing takes some away again, so this is done before the first byte and after the last one. */
static lg_error *keep(const lg_whole_file *file)
{
    lg_func (lg_error *, err) {
        int old = openat(file->folder, file->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        if (old < 0)
            lg_return(errno == ENOENT ? NULL : lg_error_new_errno("open %s", file->path));
        lg_defer(close_quietly, old);
        lg_try(copy_owner(file, old));
        fremovexattr(
            file->fd,
            "system.posix_acl_access"); /* the folder's, which the old file need not have */
        lg_try(copy_attributes(file, old));
    }
}

/* ---- temporaries ---- */

/* False: the name is too long for that. */
static bool name_temporary(const lg_whole_file *file, int number, char name[NAME_MAX + 1])
{
    return snprintf(name, NAME_MAX + 1, ".%.*s.lg-%d~", NAME_MAX - 16, file->name, number) <=
           NAME_MAX;
}

static bool is_still_called(const lg_whole_file *file, int fd, const char *name)
{
    struct stat opened, called;
    return fstat(fd, &opened) == 0 &&
           fstatat(file->folder, name, &called, AT_SYMLINK_NOFOLLOW) == 0 &&
           opened.st_dev == called.st_dev && opened.st_ino == called.st_ino;
}

/* Who was killed has left it, if nobody holds its lock. */
static bool remove_leftover(const lg_whole_file *file, const char *name)
{
    int fd = openat(file->folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool removed = flock(fd, LOCK_EX | LOCK_NB) == 0 && is_still_called(file, fd, name) &&
                   unlinkat(file->folder, name, 0) == 0;
    close_quietly(fd);
    return removed;
}

static void remove_leftovers(const lg_whole_file *file)
{
    char name[NAME_MAX + 1];
    for (int i = 0; i < LEFTOVERS; i++) {
        if (name_temporary(file, i, name))
            remove_leftover(file, name);
    }
}

/* Calls give(file), which makes a file under the name or fails with EEXIST, until a name is free. */
static lg_error *give_name(lg_whole_file *file, bool (*give)(lg_whole_file *file))
{
    for (int i = 0; i < MOST_NAMES && name_temporary(file, i, file->temporary); i++) {
        file->named = give(file);
        if (file->named)
            return NULL;
        if (errno != EEXIST)
            return lg_error_new_errno("make %s beside %s", file->temporary, file->path);
        if (remove_leftover(file, file->temporary))
            i--;
    }
    return lg_error_newf("make a temporary beside %s: no name is free", file->path);
}

/* Not before it has its lock. */
static bool create(lg_whole_file *file)
{
    for (;;) {
        int fd = openat(file->folder, file->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                        file->mode);
        file->fd = lgi_own_fd(fd);
        if (file->fd < 0)
            return false;
        flock(file->fd, LOCK_EX | LOCK_NB);
        if (is_still_called(file, file->fd, file->temporary))
            return true;
        close_quietly(file->fd);
        file->fd = -1;
    }
}

static bool link_nameless(lg_whole_file *file)
{
    char self[32];
    snprintf(self, sizeof(self), "/proc/self/fd/%d", file->fd);
    return linkat(AT_FDCWD, self, file->folder, file->temporary, AT_SYMLINK_FOLLOW) == 0;
}

/* ---- where no link is allowed ---- */

static lg_error *copy_content(const lg_whole_file *file, int from)
{
    char part[1 << 14];
    for (;;) {
        ssize_t length = read(from, part, sizeof(part));
        if (length == 0)
            return NULL;
        if (length < 0 && errno != EINTR)
            return lg_error_new_errno("read what was written to %s", file->path);
        for (ssize_t done = 0; done < length;) {
            ssize_t written = write(file->fd, part + done, (size_t)(length - done));
            if (written < 0 && errno != EINTR)
                return lg_error_new_errno("write %s", file->path);
            done += written > 0 ? written : 0;
        }
    }
}

static lg_error *copy_to_named(lg_whole_file *file, int nameless)
{
    lg_func (lg_error *, err) {
        char self[32];
        snprintf(self, sizeof(self), "/proc/self/fd/%d", nameless);
        int from = lgi_own_fd(open(self, O_RDONLY | O_CLOEXEC));
        if (from < 0)
            lg_return(lg_error_new_errno("read what was written to %s", file->path));
        lg_defer(close_quietly, from);
        lg_try(give_name(file, create));
        lg_defer(close_quietly, file->fd);
        lg_try(copy_content(file, from));
        if (file->keeps)
            lg_try(keep(file));
        if (fsync(file->fd) != 0 || dup3(file->fd, nameless, O_CLOEXEC) < 0)
            lg_return(lg_error_new_errno("write %s", file->path));
    }
}

/* Some sandboxes refuse hard links, and only a link can give a name to a file without one. The content is then copied to a
 * file that has a name from the start, which takes over the descriptor. */
static lg_error *give_name_otherwise(lg_whole_file *file)
{
    const int nameless = file->fd;
    lg_error *err = copy_to_named(file, nameless);
    file->fd = nameless;
    return err;
}

static lg_error *name_it(lg_whole_file *file)
{
    lg_error *err = give_name(file, link_nameless);
    if (!err || !lgi_is_refused(lg_error_errno(err)))
        return err;
    lg_error_free(err);
    return give_name_otherwise(file);
}

/* False: there is no such thing here, or no /proc to link it by. */
static bool open_nameless(lg_whole_file *file)
{
    char self[32];
#ifdef O_TMPFILE
    file->fd = lgi_own_fd(openat(file->folder, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, file->mode));
#endif
    if (file->fd < 0)
        return false;
    snprintf(self, sizeof(self), "/proc/self/fd/%d", file->fd);
    if (access(self, F_OK) == 0) {
        flock(file->fd, LOCK_EX | LOCK_NB);
        return true;
    }
    close_quietly(file->fd);
    file->fd = -1;
    return false;
}

/* ---- for users ---- */

static lg_error *begin(lg_whole_file *file, mode_t mode, unsigned flags)
{
    lg_func (lg_error *, err) {
        bool exists;
        int length = (int)(file->name - file->path);
        char *folder = length > 0 ? strndup(file->path, (size_t)length) : strdup(".");
        if (!folder)
            lg_return(&lg_error_out_of_memory);
        lg_defer(free, folder);
        file->folder = lgi_own_fd(open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (file->folder < 0)
            lg_return(lg_error_new_errno("open the folder of %s", file->path));
        lg_try(check_target(file, &exists));
        remove_leftovers(file);
        file->keeps = exists && (flags & LG_WHOLE_FILE_KEEP);
        file->mode = file->keeps ? 0600 : mode;
        if (!open_nameless(file))
            lg_try(give_name(file, create));
        if (file->keeps)
            lg_try(keep(file));
    }
}

lg_error *lg_whole_file_open(const char *path, mode_t mode, unsigned flags, lg_whole_file **file)
{
    LGI_KEEP_ERRNO;
    lg_func (lg_error *, err) {
        *file = NULL;
        if (!path || !path[0]) /* as open(2) says */
            lg_return(lg_error_new_code(ENOENT, "replace a file without a name"));
        lg_whole_file *made = new_handle(path);
        if (!made)
            lg_return(&lg_error_out_of_memory);
        lg_defer_on_error(lg_whole_file_close, made, &err);
        if (!made->name[0] || strcmp(made->name, ".") == 0 || strcmp(made->name, "..") == 0)
            lg_return(lg_error_new_code(EISDIR, "replace %s", path));
        lg_try(begin(made, mode, flags));
        *file = made;
        lg_return(NULL);
    }
}

static lg_error *fail(lg_whole_file *file)
{
    if (!file->failed)
        file->failed = errno ? errno : EIO;
    return lg_error_new_code(file->failed, "write %s", file->path);
}

static bool flush(lg_whole_file *file)
{
    return !file->stream || (fflush(file->stream) == 0 && !ferror(file->stream));
}

lg_error *lg_whole_file_write(lg_whole_file *file, const void *bytes, size_t size)
{
    LGI_KEEP_ERRNO;
    const char *next = bytes;
    if (!flush(file))
        return fail(file);
    while (size > 0) {
        ssize_t written = write(file->fd, next, size < LARGEST ? size : LARGEST);
        if (written < 0 && errno != EINTR)
            return fail(file);
        if (written > 0) {
            next += written;
            size -= (size_t)written;
        }
    }
    return NULL;
}

FILE *lg_whole_file_stream(lg_whole_file *file)
{
    if (!file->stream)
        file->stream = fdopen(file->fd, "w");
    return file->stream;
}

int lg_whole_file_fd(const lg_whole_file *file)
{
    return file->fd;
}

/* A name that was free stays so until the new file has it. */
static lg_error *put_in_place(lg_whole_file *file)
{
    bool exists;
    lg_error *err = check_target(file, &exists);
    if (err)
        return err;
    int result = -1;
    errno = EINVAL;
    if (!exists)
        result = renameat2(file->folder, file->temporary, file->folder, file->name,
                           RENAME_NOREPLACE);
    if (!exists && result != 0 && errno == EEXIST)
        return put_in_place(file);
    if (exists || (result != 0 && lgi_is_refused(errno)))
        result = renameat(file->folder, file->temporary, file->folder, file->name);
    if (result != 0)
        return lg_error_new_errno("rename %s to %s", file->temporary, file->path);
    file->named = false;
    return NULL;
}

static lg_error *sync_folder(const lg_whole_file *file)
{
    if (fsync(file->folder) == 0 || errno == EINVAL || is_unsupported(errno))
        return NULL;
    return lg_error_new_errno("%s is in place, but its folder could not be synchronised",
                              file->path);
}

lg_error *lg_whole_file_commit(lg_whole_file *file)
{
    LGI_KEEP_ERRNO;
    lg_func (lg_error *, err) {
        if (file->committed)
            lg_return(lg_error_newf("%s was committed before", file->path));
        if (file->failed || !flush(file))
            lg_return(fail(file));
        if (file->keeps)
            lg_try(keep(file));
        if (fsync(file->fd) != 0)
            lg_return(fail(file));
        if (!file->named)
            lg_try(name_it(file));
        lg_try(put_in_place(file));
        file->committed = true;
        lg_return(sync_folder(file));
    }
}

lg_error *lg_whole_file_save(const char *path, mode_t mode, const void *bytes, size_t size)
{
    LGI_KEEP_ERRNO;
    lg_func (lg_error *, err) {
        lg_whole_file *file;
        lg_try(lg_whole_file_open(path, mode, 0, &file));
        lg_defer(lg_whole_file_close, file, &err);
        lg_try(lg_whole_file_write(file, bytes, size));
        lg_return(lg_whole_file_commit(file));
    }
}
