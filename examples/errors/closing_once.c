/* What must not be closed twice, and is closed from two places: the first close is made, the second one
 * does nothing. Both would report the first one's failure. */
#include <stdio.h>

#include <lifoguard/lifoguard.h>

static lg_error *real_close(void *object)
{
    puts(object);
    return NULL;
}

static lg_error *use(void)
{
    lg_func (lg_error *, err) {
        char message[] = "real close";
        lg_close_once once = LG_CLOSE_ONCE_INIT(real_close, message);
        lg_defer(lg_close_once_close, &once, &err);
        lg_defer(lg_close_once_into, &once, &err);
    }
}

int main(void)
{
    lg_error *err = use();
    if (err) {
        lg_error_print(err, stderr);
        lg_error_free(err);
        return 1;
    }
    return 0;
}
