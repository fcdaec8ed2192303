/* Mistake 10: a deferred call that sets the result after it was fixed. `return err` takes the value
 * first, then the close fails and lands in a variable that nobody reads any more. The named result of
 * an lg_func is read last (D7). */
#include <errno.h>
#include <stdio.h>

#include <lifoguard/lifoguard.h>

/* *unread gets the error that was missed, only for main to free it. */
static lg_error *wrong(const char *path, lg_error **unread)
{
    lg_error *err = NULL;
    lg_defer_block {
        *unread = err;
    }
    FILE *file = fopen(path, "we");
    if (!file)
        return lg_error_new_errno("open %s", path);
    lg_defer(lg_fclose, file, &err);
    fputs("precious\n", file);
    return err;
}

static lg_error *right(const char *path)
{
    lg_func (lg_error *, err) {
        FILE *file = fopen(path, "we");
        if (!file)
            lg_return(lg_error_new_errno("open %s", path));
        lg_defer(lg_fclose, file, &err);
        fputs("precious\n", file);
        lg_return(err);
    }
}

int main(void)
{
    const char *full_disk = "/dev/full";
    lg_error *unread;
    lg_error *err_wrong = wrong(full_disk, &unread);
    lg_defer(lg_error_free, err_wrong);
    lg_defer(lg_error_free, unread);
    lg_error *err_right = right(full_disk);
    lg_defer(lg_error_free, err_right);

    printf("wrong: ");
    lg_error_print(err_wrong, stdout);
    printf("right: ");
    lg_error_print(err_right, stdout);
    return !err_wrong && lg_error_is_errno(unread, ENOSPC) && lg_error_is_errno(err_right, ENOSPC)
               ? 0
               : 1;
}
