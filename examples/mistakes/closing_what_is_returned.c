/* Mistake 5: deferring the close of what is returned, so that the caller is given a closed file. Who
 * hands something on does not close it, unless something fails before it is handed on: that is what
 * lg_defer_on_error is for (D11). */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <lifoguard/lifoguard.h>

static lg_error *check_folder(int fd)
{
    struct stat status;
    if (fstat(fd, &status) < 0)
        return lg_error_new_errno("stat");
    return S_ISDIR(status.st_mode) ? NULL : lg_error_new("not a folder");
}

static lg_error *wrong(const char *path, int *fd)
{
    lg_func (lg_error *, err) {
        *fd = open(path, O_RDONLY | O_CLOEXEC);
        if (*fd < 0)
            lg_return(lg_error_new_errno("open"));
        lg_defer(close, *fd);
        lg_return(check_folder(*fd));
    }
}

static lg_error *right(const char *path, int *fd)
{
    lg_func (lg_error *, err) {
        *fd = open(path, O_RDONLY | O_CLOEXEC);
        if (*fd < 0)
            lg_return(lg_error_new_errno("open"));
        lg_defer_on_error(close, *fd);
        lg_return(check_folder(*fd));
    }
}

/* Whether the descriptor is open when the caller has it. */
static bool try(const char *which, lg_error *(*open_folder)(const char *, int *), const char *path)
{
    int fd;
    lg_error *err = open_folder(path, &fd);
    lg_defer(lg_error_free, err);
    bool is_open = close(fd) == 0;
    printf("%s: %s: %s, and the descriptor is %s\n", which, path,
           err ? lg_error_message(err) : "opened", is_open ? "open" : "closed");
    return is_open;
}

int main(void)
{
    bool wrong_is_open = try("wrong", wrong, "/");
    bool right_is_open = try("right", right, "/");
    bool failed_is_open = try("right", right, "/dev/null");
    return !wrong_is_open && right_is_open && !failed_is_open ? 0 : 1;
}
