// A call that may recover, without its scope.
// gcc: what holds the calls is given by its address
// clang: what holds the calls is given by its address
#include <lifoguard/lifoguard.h>

void work(lg_panic_info *panic, void *at);

void f(void *at)
{
    lg_defer_recover_in(work, at);
}
