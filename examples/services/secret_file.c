/* secret_file FILE: writes the secret that comes on the standard input to FILE.
 *
 * Nobody but the owner can read it, from before its first byte; FILE is what it was before or the whole secret, after
 * a failure of any system call and after kill -9 at any moment; and a failure is told. All of that is what lg_whole_file_save
 * does (F1 to F4).
 *
 *     secret_file --chmod-deferred FILE      WRONG: the mode is set by a deferred call
 *     secret_file --in-place FILE            WRONG: FILE itself is truncated and written */
#include <errno.h>
#include <fcntl.h>
#include <lifoguard/lifoguard.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The secret does not stay in memory that was freed. */
static void wipe(char *secret, size_t size)
{
    explicit_bzero(secret, size);
    free(secret);
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
        lg_return(lg_whole_file_save(path, 0600, secret, size));
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
