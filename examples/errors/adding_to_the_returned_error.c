/* The result of an lg_func has a name, so that a deferred call can change it after lg_return has set
 * it: here it says what failed, whichever return was taken (D7). A plain `return` could not be changed
 * any more. */
#include <stdio.h>

#include <lifoguard/lifoguard.h>

static void say_what_failed(lg_error **err)
{
    *err = lg_error_wrap(*err, "work failed"); // NULL stays NULL
}

static lg_error *work(void)
{
    lg_func (lg_error *, err) {
        lg_defer(say_what_failed, &err);
        lg_return(lg_error_new("disk full"));
    }
}

int main(void)
{
    lg_error *err = work();
    lg_defer(lg_error_free, err);
    lg_error_print(err, stdout);
    return 0;
}
