/* secret_file FILE: writes the secret that comes on the standard input to FILE.
 *
 * Nobody but the owner can read it, from before its first byte; FILE is what it was before or the whole secret, after
 * a failure of any system call and after kill -9 at any moment; and a failure, of close too, is told.
 *
 * The new file is made beside FILE with mode 0600 (not changed to it afterwards), written, brought to the disk, closed,
 * and only then renamed over FILE; the folder is brought to the disk too, since the name stands there. Each step's undoing
 * is deferred in the line after it.
 *
 *     secret_file --chmod-deferred FILE      WRONG: the mode is set by a deferred call
 *     secret_file --in-place FILE            WRONG: FILE itself is truncated and written */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <lifoguard/lifoguard.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void free_text(char **text)
{
    free(*text);
}

/* Nor does the secret stay in memory that was freed. */
static void wipe(char *secret, size_t size)
{
    explicit_bzero(secret, size);
    free(secret);
}

static lg_error *join_path(const char *folder, const char *name, char **path)
{
    size_t size = strlen(folder) + strlen(name) + 2;
    *path = malloc(size);
    if (!*path)
        return &lg_error_out_of_memory;
    snprintf(*path, size, "%s/%s", folder, name);
    return NULL;
}

static lg_error *sync_folder(const char *path)
{
    lg_func (lg_error *, err) {
        lg_file *folder;
        err = lg_file_open(path, O_RDONLY | O_DIRECTORY, 0, &folder);
        if (err)
            lg_return(err);
        lg_defer(lg_file_close, folder, &err);
        lg_return(lg_file_sync(folder));
    }
}

static void remove_new(const char *path, lg_error **result)
{
    if (unlink(path) != 0)
        lg_error_join_into(result, lg_error_new_errno("remove %s", path));
}

/* What an earlier run left that was killed. */
static lg_error *remove_old(const char *path)
{
    if (unlink(path) == 0 || errno == ENOENT)
        return NULL;
    return lg_error_new_errno("remove %s", path);
}

static lg_error *write_new(const char *temporary, const char *path, const char *secret, size_t size)
{
    lg_func (lg_error *, err) {
        lg_file *file;
        err = remove_old(temporary);
        if (!err)
            err = lg_file_open(temporary, O_WRONLY | O_CREAT | O_EXCL, 0600, &file);
        if (err)
            lg_return(err);
        lg_defer_on_error(remove_new, temporary, &err);
        lg_defer(lg_file_close, file, &err);

        err = lg_file_write(file, secret, size);
        if (!err)
            err = lg_file_sync(file);
        if (!err)
            err = lg_file_close_now(file);
        if (!err && rename(temporary, path) != 0)
            err = lg_error_new_errno("rename %s to %s", temporary, path);
        lg_return(err);
    }
}

static lg_error *write_secret(const char *path, const char *secret, size_t size)
{
    lg_func (lg_error *, err) {
        char *copy = NULL, *temporary = NULL;
        lg_defer(free_text, &copy);
        lg_defer(free_text, &temporary);
        copy = strdup(path);
        if (!copy)
            lg_return(&lg_error_out_of_memory);
        const char *folder = dirname(copy);
        const char *slash = strrchr(path, '/');
        err = join_path(folder, slash ? slash + 1 : path, &temporary);
        if (err)
            lg_return(err);
        char *with_suffix = realloc(temporary, strlen(temporary) + sizeof(".new"));
        if (!with_suffix)
            lg_return(&lg_error_out_of_memory);
        temporary = with_suffix;
        strcat(temporary, ".new");

        err = write_new(temporary, path, secret, size);
        if (!err)
            err = sync_folder(folder);
        lg_return(err);
    }
}

/* ---- the wrong ways ---- */

static void protect(const char *path)
{
    chmod(path, 0600);
}

/* WRONG: from the first byte until this function is left, everybody can read what is there. */
static lg_error *write_chmod_deferred(const char *path)
{
    lg_func (lg_error *, err) {
        FILE *file = fopen(path, "w");
        if (!file)
            lg_return(lg_error_new_errno("open %s", path));
        lg_defer(lg_fclose, file, &err);
        lg_defer(protect, path);
        for (int byte; (byte = getchar()) != EOF;) {
            putc(byte, file);
            fflush(file);
        }
        lg_return(NULL);
    }
}

/* WRONG: the old secret is gone before the new one is there. */
static lg_error *write_in_place(const char *path)
{
    lg_func (lg_error *, err) {
        int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        if (fd < 0)
            lg_return(lg_error_new_errno("open %s", path));
        lg_defer(lg_close, fd, &err);
        for (int byte; (byte = getchar()) != EOF;) {
            const char one = (char)byte;
            if (write(fd, &one, 1) != 1)
                lg_return(lg_error_new_errno("write %s", path));
        }
        lg_return(NULL);
    }
}

/* ---- all together ---- */

static lg_error *read_secret(char **secret, size_t *size)
{
    lg_func (lg_error *, err) {
        lg_file *input;
        int fd = dup(STDIN_FILENO);
        if (fd < 0)
            lg_return(lg_error_new_errno("standard input"));
        err = lg_file_adopt(fd, "standard input", &input);
        if (err) {
            close(fd);
            lg_return(err);
        }
        lg_defer(lg_file_free, input);
        lg_return(lg_file_read_all(input, secret, size));
    }
}

static lg_error *store(const char *path)
{
    lg_func (lg_error *, err) {
        char *secret;
        size_t size;
        err = read_secret(&secret, &size);
        if (err)
            lg_return(err);
        lg_defer(wipe, secret, size);
        lg_return(write_secret(path, secret, size));
    }
}

int main(int argc, char **argv)
{
    lg_error *err;
    if (argc == 2) {
        err = store(argv[1]);
    } else if (argc == 3 && strcmp(argv[1], "--chmod-deferred") == 0) {
        err = write_chmod_deferred(argv[2]);
    } else if (argc == 3 && strcmp(argv[1], "--in-place") == 0) {
        err = write_in_place(argv[2]);
    } else {
        fprintf(stderr, "usage: secret_file FILE <SECRET\n");
        return 2;
    }
    if (!err)
        return 0;
    lg_error_print(err, stderr);
    lg_error_free(err);
    return 1;
}
