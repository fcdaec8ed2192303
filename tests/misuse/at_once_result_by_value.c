// The result, and not its address.
// gcc: write lg_at_once(name, &err)
// clang: write lg_at_once(name, &err)
#include <lifoguard/lifoguard.h>

lg_error *work(void *at);
lg_error *f(void *at)
{
    lg_error *err = NULL;
    {
        lg_at_once(calls, err);
        lg_defer_at_once(&calls, work, at);
    }
    return err;
}
