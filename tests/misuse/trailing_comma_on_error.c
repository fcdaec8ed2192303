// A comma behind the last argument.
// gcc: the function or an argument is missing: write the name of the function
// clang: the function or an argument is missing: write the name of the function
#include <lifoguard/lifoguard.h>

void work(void *at);

lg_error *f(void *at)
{
    lg_func (lg_error *, err) {
        lg_defer_on_error(work, at,);
        lg_return(NULL);
    }
}
