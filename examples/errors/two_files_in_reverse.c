/* Two files, each with its close deferred right after it was opened: `out` is closed first, then `in`. A
 * close that fails lands in the result, which has a name for that (E6). */
#include <errno.h>
#include <stdio.h>

#include <lifoguard/lifoguard.h>

static lg_error *open_both(void)
{
    lg_func (lg_error *, err) {
        FILE *in = fopen("/proc/sys/kernel/hostname", "re");
        if (!in)
            lg_return(lg_error_new_errno("open /proc/sys/kernel/hostname"));
        lg_defer(lg_fclose, in, &err);

        FILE *out = tmpfile();
        if (!out)
            lg_return(lg_error_new_errno("create a temporary file"));
        lg_defer(lg_fclose, out, &err);

        puts("both open");
    }
}

int main(void)
{
    lg_error *err = open_both();
    if (err) {
        lg_error_print(err, stderr);
        lg_error_free(err);
        return 1;
    }
    return 0;
}
