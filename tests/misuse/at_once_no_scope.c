// A call that runs at once with others, without its scope.
// gcc: write &scope, declared by lg_at_once
// clang: write &scope, declared by lg_at_once
#include <lifoguard/lifoguard.h>

lg_error *work(void *at);

void f(void *at)
{
    lg_defer_at_once(work, at);
}
