/* A program with the core of the library as two files (dropin.sh). */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "lifoguard.h"

static lg_error *two(void)
{
    return lg_error_new("two");
}

static lg_error *work(void)
{
    lg_func (lg_error *, err) {
        lg_file *file = NULL;
        lg_defer(puts, "deferred");
        lg_try(lg_file_open("/dev/null", O_WRONLY, 0, &file), "open");
        lg_defer(lg_file_close, file, &err);
        lg_scope(all);
        lg_defer_in(&all, free, malloc(1));
        lg_try(two());
    }
}

int main(void)
{
    lg_error *err = work();
    lg_error_print(err, stdout);
    lg_error_free(err);
    lg_panic("the end");
}
