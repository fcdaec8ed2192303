/* Mistake 1: a close that is deferred in a loop, but to the end of the function. Opening one file more
 * than the process may have open fails half-way; with the close deferred in the loop's body, a list
 * of any length is processed with one descriptor. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include <lifoguard/lifoguard.h>

enum { LIMIT = 50, FILES = 2 * LIMIT };

static lg_error *open_null(int *fd)
{
    *fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    return *fd < 0 ? lg_error_new_errno("open /dev/null") : NULL;
}

static lg_error *wrong(int *processed)
{
    lg_scope(whole_function);
    for (*processed = 0; *processed < FILES; ++*processed) {
        int fd;
        lg_error *err = open_null(&fd);
        if (err)
            return err;
        lg_defer_in(&whole_function, close, fd);
    }
    return NULL;
}

static lg_error *right(int *processed)
{
    for (*processed = 0; *processed < FILES; ++*processed) {
        int fd;
        lg_error *err = open_null(&fd);
        if (err)
            return err;
        lg_defer(close, fd);
    }
    return NULL;
}

int main(void)
{
    struct rlimit limit;
    int failed = getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = LIMIT;
    if (failed || setrlimit(RLIMIT_NOFILE, &limit) < 0) {
        perror("limit the descriptors");
        return 1;
    }

    int processed_wrong, processed_right;
    lg_error *err_wrong = wrong(&processed_wrong);
    lg_defer(lg_error_free, err_wrong);
    lg_error *err_right = right(&processed_right);
    lg_defer(lg_error_free, err_right);

    printf("wrong: %s of %d files, then: ", processed_wrong < FILES ? "not all" : "all", FILES);
    lg_error_print(err_wrong, stdout);
    printf("right: %d of %d files, then: ", processed_right, FILES);
    lg_error_print(err_right, stdout);

    return lg_error_is_errno(err_wrong, EMFILE) && processed_right == FILES && !err_right ? 0 : 1;
}
