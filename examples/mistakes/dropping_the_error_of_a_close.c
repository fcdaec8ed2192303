/* Mistake 2: a deferred fclose whose result nobody sees. A stream keeps what is written in a buffer; if
 * the disk is full, it is fclose that finds out, and data is lost without a word. lg_fclose lands
 * the failure in the function's result (E6). */
#include <errno.h>
#include <stdio.h>

#include <lifoguard/lifoguard.h>

static lg_error *wrong(const char *path)
{
    lg_func (lg_error *, err) {
        FILE *file = fopen(path, "we");
        if (!file)
            lg_return(lg_error_new_errno("open %s", path));
        lg_defer(fclose, file);
        if (fputs("precious\n", file) < 0)
            lg_return(lg_error_new_errno("write %s", path));
    }
}

static lg_error *right(const char *path)
{
    lg_func (lg_error *, err) {
        FILE *file = fopen(path, "we");
        if (!file)
            lg_return(lg_error_new_errno("open %s", path));
        lg_defer(lg_fclose, file, &err);
        if (fputs("precious\n", file) < 0)
            lg_return(lg_error_new_errno("write %s", path));
    }
}

int main(void)
{
    const char *full_disk = "/dev/full";
    lg_error *err_wrong = wrong(full_disk);
    lg_defer(lg_error_free, err_wrong);
    lg_error *err_right = right(full_disk);
    lg_defer(lg_error_free, err_right);

    printf("wrong: ");
    lg_error_print(err_wrong, stdout);
    printf("right: ");
    lg_error_print(err_right, stdout);
    return !err_wrong && lg_error_is_errno(err_right, ENOSPC) ? 0 : 1;
}
