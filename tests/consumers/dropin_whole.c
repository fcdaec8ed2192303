/* A program with the library as two files (dropin.sh). */
#include "lifoguard.h"

static lg_error *worker(int number)
{
    lg_defer(lg_yield);
    return number == 2 ? lg_error_new("two") : NULL;
}

static lg_error *work(void)
{
    lg_func (lg_error *, err) {
        lg_defer(puts, "deferred");
        lg_group_scope(group, &err);
        for (int i = 0; i < 3; i++)
            lg_group_go(&group, worker, i);
        lg_return(NULL);
    }
}

int main(void)
{
    lg_error *err = work();
    lg_error_print(err, stdout);
    lg_error_free(err);
    lg_panic("the end");
}
