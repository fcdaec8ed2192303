// A stretch without a mutex as the lone body of if: it would end at once.
// gcc: expected expression
// gcc: not as the lone body of an if or a loop: write { } around it
// clang: expected expression
// clang: not as the lone body of an if or a loop: write { } around it
#include <lifoguard/lifoguard.h>

void f(lg_mutex *mutex, int n)
{
    if (n)
        lg_mutex_scoped_unlock(mutex);
}
